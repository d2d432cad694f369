package phone

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/internal/simnet"
)

var (
	aliceAt = netip.MustParseAddrPort("192.0.2.10:5060")
	trunkAt = netip.MustParseAddrPort("203.0.113.5:5060")
)

// street is a phone that is wired to a PSTN without a gateway between.
type street struct {
	phone   *Phone
	pstn    *PSTN
	reports []CallReport
	trace   []string
}

// inStreet plays a story and closes everything behind it.
func inStreet(t *testing.T, loss float64, story func(context.Context, *street)) {
	synctest.Test(t, func(t *testing.T) {
		net := simnet.New(1)
		net.SetDefault(simnet.Link{Delay: 5 * time.Millisecond, Loss: loss})
		listen := func(at netip.AddrPort) (PacketConn, error) { return net.ListenUDP(at) }
		s := &street{}
		pump := NewPump()
		pstn, err := NewPSTN(Place{Pump: pump, Listen: listen, Local: trunkAt, Gateway: aliceAt})
		if err != nil {
			t.Fatal(err)
		}
		s.pstn = pstn
		s.pstn.Listens = 800
		s.pstn.Ended = func(r CallReport) { s.reports = append(s.reports, r) }
		at := Place{Pump: pump, Listen: listen, Local: aliceAt, Gateway: trunkAt}
		at.Trace = func(_ time.Time, _, _ netip.AddrPort, m *Message) { s.trace = append(s.trace, m.Name()) }
		if s.phone, err = NewPhone(at, Credentials{"alice", "secret"}, "example.test"); err != nil {
			t.Fatal(err)
		}
		s.phone.Audio.Pitch = 800
		story(t.Context(), s)
		pump.Close()
		if open := net.Open(); len(open) > 0 {
			t.Errorf("still open: %v", open)
		}
	})
}

func TestCallWithEarlyMedia(t *testing.T) {
	for _, loss := range []float64{0, 0.1} {
		inStreet(t, loss, func(ctx context.Context, s *street) {
			s.phone.Dial("sip:+14255550100@203.0.113.5")
			got, err := s.phone.Ringing(ctx, time.Second)
			if err != nil || got.Status != 183 {
				t.Fatalf("%v %v", got.Message, err)
			}
			if _, err := s.phone.Hears(ctx, RingbackPitch, 200*time.Millisecond, time.Second); err != nil {
				t.Error(err)
			}
			if _, err := s.phone.Answered(ctx, 10*time.Second); err != nil {
				t.Fatal(err)
			}
			if err := s.phone.Talk(); err != nil {
				t.Fatal(err)
			}
			if _, err := s.phone.Hears(ctx, AnswerPitch, 400*time.Millisecond, time.Second); err != nil {
				t.Error(err)
			}
			s.phone.Run(ctx, time.Second)
			if _, err := s.phone.Hears(ctx, RingbackPitch, 200*time.Millisecond, 100*time.Millisecond); err == nil {
				t.Error("it still rings after the answer")
			}
			if err := s.phone.Hangup(ctx); err != nil {
				t.Fatal(err)
			}
			if len(s.reports) != 1 || s.reports[0].Level < Audible || s.reports[0].Number != "+14255550100" || s.reports[0].Err != nil {
				t.Errorf("%+v", s.reports)
			}
		})
	}
}

func TestRefusedCalls(t *testing.T) {
	for number, status := range map[string]int{"0101": 486, "0103": 404} {
		inStreet(t, 0, func(ctx context.Context, s *street) {
			s.phone.Dial("sip:+1425555" + number + "@203.0.113.5")
			var refused *Refused
			if _, err := s.phone.Answered(ctx, time.Second); !errors.As(err, &refused) || refused.Response.Status != status {
				t.Errorf("%s: %v", number, err)
			}
			s.phone.Run(ctx, time.Second)
			if last := s.trace[len(s.trace)-1]; last != "ACK" {
				t.Errorf("%s: %v", number, s.trace)
			}
		})
	}
}

func TestNoAnswer(t *testing.T) {
	inStreet(t, 0, func(ctx context.Context, s *street) {
		s.phone.Dial("sip:+14255550102@203.0.113.5")
		if got, err := s.phone.Ringing(ctx, time.Second); err != nil || got.Status != 180 {
			t.Fatalf("%v %v", got.Message, err)
		}
		if _, err := s.phone.Answered(ctx, time.Minute); !errors.Is(err, ErrTimeout) {
			t.Errorf("%v", err)
		}
		s.phone.Agent.Send(time.Now(), s.phone.Agent.Cancel(s.phone.invite))
		var refused *Refused
		if _, err := s.phone.Answered(ctx, time.Second); !errors.As(err, &refused) || refused.Response.Status != 487 {
			t.Errorf("%v", err)
		}
	})
}

func TestCalleeHangsUp(t *testing.T) {
	inStreet(t, 0, func(ctx context.Context, s *street) {
		s.phone.Dial("sip:+14255550104@203.0.113.5")
		if _, err := s.phone.Answered(ctx, 3*time.Second); err != nil {
			t.Fatal(err)
		}
		s.phone.Run(ctx, 4*time.Second)
		if s.phone.HungUp() {
			t.Error("hung up too early")
		}
		s.phone.Run(ctx, 2*time.Second)
		if !s.phone.HungUp() || s.phone.Audio.Sending() {
			t.Errorf("not hung up: %v", s.trace)
		}
	})
}

// A PSTN is no registrar, so it serves as one that never answers well.
func TestRegisterIsRefused(t *testing.T) {
	inStreet(t, 0, func(ctx context.Context, s *street) {
		var refused *Refused
		if err := s.phone.Register(ctx, 60); !errors.As(err, &refused) || !strings.Contains(err.Error(), "481") {
			t.Errorf("%v", err)
		}
		if err := s.phone.Hangup(ctx); err == nil {
			t.Error("hung up without a call")
		}
	})
}

func TestPlans(t *testing.T) {
	if PlanOf("+14255550101").Status != 486 || PlanOf("7").Status != 200 || PlanOf("").Status != 200 {
		t.Error("plans are not told apart by their last four digits")
	}
}
