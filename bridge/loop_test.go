package bridge

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/internal/simnet"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/sdp"
)

// stage is a call on its own goroutine, with legs that a test writes and media over
// a network in memory. It is used inside a synctest bubble, which minds that no
// goroutine is left.
type stage struct {
	// others are the calls that Find knows, recalled is what Recall decides.
	others   map[string]*Call
	recalled dialplan.Decision
	t        *testing.T
	begun    time.Time
	net      *simnet.Net
	ports    *rtp.Engine
	call     *Call
	legs     map[int]*stageLeg
	events   []string
	times    []time.Duration // of the events, since the stage was set
	forgot   int
	// found is where the attempts lead, by the trunk's or user's name.
	found map[string][]Target
	// looksUp is how long that takes to be found out; 0 when it is known.
	looksUp time.Duration
	// forwarded is where a forwarded call goes.
	forwarded dialplan.Decision
	// onDial is what a leg does that has just been dialled.
	onDial func(l *stageLeg)
	panics string // the name of the place that shall panic
	audit  *audit // of the events alone
}

// stageLeg is one leg: it writes down what it is told, releases itself when it is
// told to go, and says what its script says when the time has come.
type stageLeg struct {
	dialog string // its Call-ID
	moved  *Call  // the call that it has gone over to
	stage  *stage
	id     int
	told   []string
	script []line
}

// line is something that a leg says at a time.
type line struct {
	at     time.Time
	report Report
}

// gatewayHost is where our media is, and partyHost where a participant's is.
var gatewayHost = netip.AddrFrom4([4]byte{10, 0, 0, 1})

func newStage(t *testing.T, lastPort uint16, limits Limits) *stage {
	s := &stage{t: t, net: simnet.New(1), legs: map[int]*stageLeg{}, begun: time.Now(), audit: newAudit()}
	s.audit.party(callerID).state, s.audit.call = event.ParticipantConnecting, event.CallIncoming
	s.found = map[string][]Target{
		"carrier": {{Name: "carrier", URI: "sip:carrier"}},
		"backup":  {{Name: "backup", URI: "sip:backup"}},
		"bob":     {{Name: "desk", URI: "sip:desk"}, {Name: "mobile", URI: "sip:mobile"}, {Name: "soft", URI: "sip:soft"}},
	}
	s.onDial = func(*stageLeg) {}
	ports, err := rtp.New(rtp.Config{
		Network: rtp.FromListen(s.net.ListenUDP), Address: gatewayHost, First: 20000, Last: lastPort,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.ports = ports
	s.call = New("call", &Env{
		Dialer: s, Plan: s, Ports: ports, Limits: limits, Log: slog.New(slog.DiscardHandler),
		Publish: s.publish, Forget: func(*Call) { s.forgot++ },
	})
	return s
}

func (s *stage) publish(e event.Event) {
	line := ""
	if m, ok := e.(event.MediaEnded); ok {
		line = fmt.Sprintf("media %d: %d in, %d out", m.Participant, m.Stream.Packets, m.Stream.Relayed)
	} else {
		line = strings.TrimSpace(eventLine(e))
	}
	s.audit.emit(e)
	s.events, s.times = append(s.events, line), append(s.times, time.Since(s.begun))
	s.trip("publish " + line)
}

// trip panics in the place that the test has named.
func (s *stage) trip(place string) {
	if s.panics != "" && strings.HasPrefix(place, s.panics) {
		s.panics = ""
		panic("as the test wants it: " + place)
	}
}

func (s *stage) Locate(_ time.Time, c *Call, a Locate) ([]Target, event.Cause, bool) {
	s.trip("locate")
	found, failed := s.found[a.Plan.To.Name], event.Cause{}
	if len(found) == 0 {
		failed = event.Cause{Status: 480, By: event.PartyGateway, Text: "not there"}
	}
	if s.looksUp > 0 {
		time.AfterFunc(s.looksUp, func() { c.Located(a.Attempt, found, failed) })
	}
	return found, failed, s.looksUp == 0
}

func (s *stage) Dial(_ time.Time, _ *Call, d Dial) Leg {
	l := s.leg(d.Participant)
	l.told = append(l.told, fmt.Sprintf("INVITE %s with %s", d.Target.URI, described(d.Offer)))
	s.trip("dial")
	s.onDial(l)
	return l
}

func (s *stage) Forward(_ dialplan.Request, f dialplan.Forwarding) dialplan.Decision {
	s.trip("forward")
	d := s.forwarded
	d.Diversion = dialplan.Diversion{By: f.By}
	return d
}

func (s *stage) Transfer(dialplan.Transfer) dialplan.Decision { return s.forwarded }

func (s *stage) Recall(dialplan.Party, string, dialplan.Request) dialplan.Decision { return s.recalled }

func (s *stage) Find(call string) *Call { return s.others[call] }

func (s *stage) Moved(*Call, int, *Call) {}

func (s *stage) leg(id int) *stageLeg {
	if s.legs[id] == nil {
		s.legs[id] = &stageLeg{stage: s, id: id}
	}
	return s.legs[id]
}

func (l *stageLeg) Do(now time.Time, c Command) {
	l.told = append(l.told, commandWords(c))
	l.stage.trip(fmt.Sprintf("leg %d %s", l.id, commandWords(c)))
	switch c.(type) {
	case Answer:
		l.stage.audit.answered = true
	case Refuse, Hangup:
		l.script = []line{{now.Add(100 * time.Millisecond), Released{}}}
	}
}

func (l *stageLeg) Deadline() (time.Time, bool) {
	if len(l.script) == 0 {
		return time.Time{}, false
	}
	return l.script[0].at, true
}

func (l *stageLeg) Is(d DialogID) bool { return d.CallID == l.dialog }

func (l *stageLeg) Move(to *Call, participant int) { l.moved, l.id = to, participant }

// call is the call that the leg is in.
func (l *stageLeg) call() *Call {
	if l.moved != nil {
		return l.moved
	}
	return l.stage.call
}

func (l *stageLeg) Tick(now time.Time) {
	l.stage.trip(fmt.Sprintf("tick %d", l.id))
	for len(l.script) > 0 && !now.Before(l.script[0].at) {
		l.call().Report(l.id, l.script[0].report)
		l.script = l.script[1:]
	}
}

// says adds to a leg's script.
func (l *stageLeg) says(after time.Duration, reports ...Report) *stageLeg {
	for _, r := range reports {
		l.script = append(l.script, line{time.Now().Add(after), r})
	}
	return l
}

// work is Work made of a function.
type work func(c *Call, now time.Time)

func (w work) Do(c *Call, now time.Time) { w(c, now) }

// arrive posts the arrival of alice and starts the call.
func (s *stage) arrive(d dialplan.Decision) {
	s.call.Post(work(func(c *Call, now time.Time) {
		caller := alice(describe(callerID, []string{"PCMU", "te"}))
		caller.Media = netip.AddrPort{} // the call opens it
		c.Arrive(now, s.leg(callerID), caller, d)
	}))
	go s.call.Run()
}

// report posts what a leg has to say.
func (s *stage) report(id int, reports ...Report) {
	s.call.Post(work(func(c *Call, _ time.Time) {
		for _, r := range reports {
			c.Report(id, r)
		}
	}))
}

// over waits for the goroutine's end and looks at what it has left.
func (s *stage) over() {
	s.t.Helper()
	synctest.Wait()
	if s.forgot != 1 {
		s.t.Errorf("forgotten %d times; events:\n%s", s.forgot, strings.Join(s.events, "\n"))
	}
	if n := s.ports.InUse(); n != 0 {
		s.t.Errorf("%d ports are not back", n)
	}
	if open := s.net.Open(); len(open) != 0 {
		s.t.Errorf("sockets are open: %v", open)
	}
	if s.call.Post(work(func(*Call, time.Time) { s.t.Error("work is done after the end") })) {
		s.t.Error("a call that is over takes work")
	}
	if err := s.net.Close(); err != nil {
		s.t.Error(err)
	}
	synctest.Wait()
}

func (s *stage) expect(what string, got []string, want ...string) {
	s.t.Helper()
	if !slices.Equal(got, want) {
		s.t.Errorf("%s:\n\t%s\nand not\n\t%s", what, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// pass lets time go by: within a bubble this is a step of its clock.
func pass(d time.Duration) { <-time.After(d) }

// speak sends RTP from a participant's address to where its media was opened, one
// packet every 20 ms, and counts what comes back meanwhile.
func (s *stage) speak(id int, to netip.AddrPort, packets int) (heard int) {
	s.t.Helper()
	socket, err := s.net.ListenUDP(describe(id, nil).Media[0].AddrPort())
	if err != nil {
		s.t.Error(err)
		return 0
	}
	done := make(chan struct{})
	go func() { // ends when its socket is closed
		defer close(done)
		buffer := make([]byte, 2048)
		for {
			if _, _, err := socket.ReadFromUDPAddrPort(buffer); err != nil {
				return
			}
			heard++
		}
	}()
	packet := make([]byte, 12+160)
	packet[0], packet[11] = 0x80, byte(id)
	for i := range packets {
		packet[3], packet[6], packet[7] = byte(i), byte(i*160>>8), byte(i*160)
		if _, err := socket.WriteToUDPAddrPort(packet, to); err != nil {
			s.t.Error(err)
		}
		pass(20 * time.Millisecond)
	}
	if err := socket.Close(); err != nil {
		s.t.Error(err)
	}
	<-done
	return heard
}

// mediaOf is the port that was opened for a participant, read on the goroutine of
// the call.
func (s *stage) mediaOf(id int) (at netip.AddrPort) {
	s.look(func(c *Call) { at = c.media[id].LocalRTP() })
	return at
}

// look looks at a call on its own goroutine.
func (s *stage) look(at func(c *Call)) {
	s.call.Post(work(func(c *Call, _ time.Time) { at(c) }))
	synctest.Wait()
}

// TestCallOnItsGoroutine is a call with real media: it is answered, both speak and
// hear each other, the caller hangs up, and nothing is left.
func TestCallOnItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.onDial = func(l *stageLeg) {
			l.says(time.Second, Trying{}, Ringing{Status: 180})
			l.says(3*time.Second, Answered{SDP: describe(2, []string{"PCMU", "te"})})
		}
		s.arrive(plan("trunk carrier"))
		pass(4 * time.Second)
		to1, to2 := s.mediaOf(1), s.mediaOf(2)
		both := make(chan int)
		go func() { both <- s.speak(1, to1, 50) }()
		pass(10 * time.Millisecond) // let alice listen before the first packet comes
		heard2 := s.speak(2, to2, 40)
		heard1 := <-both
		// The carrier stops listening while alice still speaks.
		if heard1 != 40 || heard2 != 40 {
			t.Errorf("alice hears %d of 40 packets, the carrier %d of 40", heard1, heard2)
		}
		s.report(1, HungUp{Cause: event.Cause{Status: 200, Q850: 16}}, Released{})
		pass(time.Second)
		s.over()
		s.expect("the caller", s.legs[1].told, "Ring 180", "Answer v1 PCMU te")
		s.expect("the callee", s.legs[2].told, "INVITE sip:carrier with v1 PCMU te", "Hangup 200/16 caller")
		s.expectEvents([]string{
			"call received from alice to (425) 555-0100",
			"call routed us to +14255550100 as +14255550101",
			"call incoming->connecting",
			"attempt 1 to carrier at sip:carrier as +14255550101",
			"party 2 idle->connecting",
			"party 2 connecting->ringing",
			"call connecting->ringing",
			"attempt 1 ended 200/16 callee",
			"party 2 ringing->connected",
			"party 1 connecting->connected",
			"call ringing->connected",
			"call connected->disconnecting 200/16 caller",
			"party 1 connected->disconnected 200/16 caller",
			"media 1: 50 in, 40 out",
			"party 2 connected->disconnected 200/16 caller",
			"media 2: 40 in, 50 out",
			"call disconnecting->disconnected 200/16 caller",
			"ended 200/16 caller, answered",
		})
	})
}

// TestHeldMediaOnItsGoroutine: what the one who holds sends is heard, what the held
// one sends is not (RFC 3264 s8.4).
func TestHeldMediaOnItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.onDial = func(l *stageLeg) { l.says(0, Answered{SDP: describe(2, []string{"PCMU", "te"})}) }
		s.arrive(plan("trunk carrier"))
		pass(time.Second)
		s.report(1, Offered{SDP: describe(1, []string{"v2", "PCMU", "te", "sendonly"})})
		s.report(2, OfferAnswered{SDP: describe(2, []string{"v2", "PCMU", "te", "recvonly"})})
		to1, to2 := s.mediaOf(1), s.mediaOf(2)
		both := make(chan int)
		go func() { both <- s.speak(2, to2, 50) }()
		pass(10 * time.Millisecond)
		heard1 := s.speak(1, to1, 40)
		if heard2 := <-both; heard1 != 0 || heard2 != 40 {
			t.Errorf("alice, who holds, hears %d packets, the carrier %d of 40", heard1, heard2)
		}
		s.call.Stop(event.Cause{Status: 200, Q850: 16, By: event.PartyGateway})
		pass(time.Second)
		s.over()
	})
}

// expectEvents compares what was published; the end's line up to the time.
func (s *stage) expectEvents(want []string) {
	s.t.Helper()
	got := slices.Clone(s.events)
	for i := range got {
		got[i], _, _ = strings.Cut(got[i], " at 2")
		got[i], _, _ = strings.Cut(got[i], " at -")
	}
	s.expect("the events", got, want...)
}

// TestOrderOfWork: what is posted is done in that order, also when it comes before
// the goroutine runs, and each piece with all that follows from it before the next.
func TestOrderOfWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.onDial = func(l *stageLeg) { // a leg may report while it is made
			l.stage.call.Report(l.id, Ringing{Status: 180})
		}
		var order []int
		s.arrive(plan("trunk carrier"))
		s.call.Post(work(func(*Call, time.Time) {
			if got := s.legs[callerID].told; !slices.Equal(got, []string{"Ring 180"}) {
				t.Errorf("the caller has been told %q before the next work", got)
			}
		}))
		for i := range 1000 {
			if !s.call.Post(work(func(*Call, time.Time) { order = append(order, i) })) {
				t.Fatal("the call takes no work")
			}
		}
		synctest.Wait()
		if len(order) != 1000 || !slices.IsSorted(order) {
			t.Errorf("%d pieces done, in order: %v", len(order), slices.IsSorted(order))
		}
		s.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
		pass(time.Second)
		s.over()
	})
}

// TestPostNeverBlocks: a call that is busy holds nobody up.
func TestPostNeverBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.arrive(plan("trunk carrier"))
		busy := make(chan struct{})
		s.call.Post(work(func(*Call, time.Time) { <-busy }))
		synctest.Wait()
		done := 0
		for range 10000 {
			s.call.Post(work(func(*Call, time.Time) { done++ }))
		}
		s.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
		close(busy)
		pass(time.Second)
		if done != 10000 {
			t.Errorf("%d of 10000 pieces of work are done", done)
		}
		s.over()
	})
}

// TestManyPost: Post is for any goroutine; run with the race detector.
func TestManyPost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.arrive(plan("trunk carrier"))
		done := 0
		for range 8 {
			go func() {
				for range 100 {
					s.call.Post(work(func(*Call, time.Time) { done++ }))
				}
			}()
		}
		synctest.Wait()
		if done != 800 {
			t.Errorf("%d of 800 pieces of work are done", done)
		}
		s.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
		pass(time.Second)
		s.over()
	})
}

// TestTimersOfLegsAndCall: each on its own time, though there is one timer.
func TestTimersOfLegsAndCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.onDial = func(l *stageLeg) { l.says(7*time.Second, Ringing{Status: 180}) }
		d := plan("trunk carrier, trunk backup")
		d.AttemptTimeout, d.RingingTimeout = 4*time.Second, 20*time.Second
		s.arrive(d)
		pass(time.Minute)
		s.over()
		var times []string
		for i, e := range s.events {
			if strings.Contains(e, "ended 4") || strings.HasPrefix(e, "call ") {
				times = append(times, fmt.Sprintf("%v: %s", s.times[i], e))
			}
		}
		s.expect("the times", times,
			"0s: call received from alice to (425) 555-0100",
			"0s: call routed us to +14255550100 as +14255550101",
			"0s: call incoming->connecting",
			"4s: attempt 1 ended 408/102 gateway",
			"11s: call connecting->ringing",
			"24s: attempt 2 ended 480/19 gateway",
			"24s: call ringing->disconnecting 480/19 gateway",
			"24.1s: call disconnecting->disconnected 480/19 gateway",
			"24.1s: ended 480/19 gateway, never answered")
	})
}

// TestSilenceOfRealMedia: rtp.timeout counts from the last packet of either side.
func TestSilenceOfRealMedia(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{Silence: 30 * time.Second})
		s.onDial = func(l *stageLeg) { l.says(0, Answered{SDP: describe(2, []string{"PCMU"})}) }
		s.arrive(plan("trunk carrier"))
		pass(20 * time.Second)
		s.speak(2, s.mediaOf(2), 100) // until 22 s
		pass(29 * time.Second)        // 51 s
		if !s.call.Post(work(func(*Call, time.Time) {})) {
			t.Fatal("the call has ended before its time")
		}
		pass(2 * time.Second)
		s.over()
		s.expect("the caller", s.legs[1].told, "Answer v1 PCMU", "Hangup 408/102 gateway")
	})
}

// TestNoPorts: 503 for the caller, or for the callee's side, and never a call whose
// media is missing.
func TestNoPorts(t *testing.T) {
	tests := []struct {
		name     string
		last     uint16 // port; each participant takes two
		attempts string
		want     []string
		dialled  int
	}{
		{"for the caller", 20001, "trunk carrier", []string{"Refuse 503/34 gateway"}, 0},
		{"for the trunk", 20003, "trunk carrier", []string{"Refuse 503/34 gateway"}, 0},
		{"for one of three phones", 20007, "user bob", []string{"Answer v1 PCMU", "Hangup 200/16 callee"}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, tt.last, Limits{})
				s.onDial = func(l *stageLeg) {
					if l.id == 2 {
						l.says(time.Second, Answered{SDP: describe(2, []string{"PCMU"})})
						l.says(2*time.Second, HungUp{Cause: event.Cause{Status: 200, Q850: 16}}, Released{})
					}
				}
				taken, err := s.ports.Open(netip.Addr{})
				if err != nil {
					t.Fatal(err)
				}
				s.arrive(plan(tt.attempts))
				pass(5 * time.Second)
				if err := taken.Close(); err != nil {
					t.Fatal(err)
				}
				s.over()
				s.expect("the caller", s.legs[1].told, tt.want...)
				if n := len(s.legs) - 1; n != tt.dialled {
					t.Errorf("%d were dialled, not %d", n, tt.dialled)
				}
			})
		})
	}
}

// TestLocatedTooLate: one piece of work fails the trunk and ends the caller. The
// media that was opened for the next attempt in between goes too.
func TestLocatedTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.arrive(plan("trunk carrier, trunk backup"))
		synctest.Wait()
		s.call.Post(work(func(c *Call, _ time.Time) {
			c.Report(2, Refused{Cause: event.Cause{Status: 503}})
			c.Report(2, Released{})
			c.Report(1, HungUp{Cause: event.Cause{Status: 487}})
			c.Report(1, Released{})
		}))
		s.over()
		if len(s.legs) != 2 {
			t.Errorf("%d legs were made", len(s.legs))
		}
	})
}

// TestRandomCallsLeaveNothing: whatever legs say on a real goroutine with real
// media, ports, sockets and goroutines come back, and the events are those of a call.
func TestRandomCallsLeaveNothing(t *testing.T) {
	for seed := range uint64(100) {
		synctest.Test(t, func(t *testing.T) {
			chance := rand.New(rand.NewPCG(seed, 0))
			s := newStage(t, 20009, Limits{Silence: 30 * time.Second}) // ports for five
			s.onDial = func(l *stageLeg) { l.improvise(chance) }
			d := plan([]string{"trunk carrier, trunk backup", "user bob, trunk backup", "user bob"}[chance.IntN(3)])
			d.AttemptTimeout = 4 * time.Second
			s.leg(callerID).improvise(chance)
			s.arrive(d)
			pass(5 * time.Minute)
			s.over()
			s.audit.report(t)
			if t.Failed() {
				t.Fatalf("seed %d: %s", seed, strings.Join(s.events, "\n"))
			}
		})
	}
}

// improvise writes a leg a script by chance; it ends with the leg's end.
func (l *stageLeg) improvise(chance *rand.Rand) {
	description := func() *sdp.Description {
		codecs := []string{"PCMU", "PCMU", "PCMU", "G722"}[chance.IntN(4)]
		direction := []string{"sendrecv", "sendrecv", "sendonly", "inactive"}[chance.IntN(4)]
		return describe(l.id, []string{fmt.Sprintf("v%d", chance.IntN(9)), codecs, direction})
	}
	after := time.Duration(0)
	say := func(r Report) {
		after += time.Duration(chance.IntN(5000)) * time.Millisecond
		l.says(after, r)
	}
	if l.id != callerID {
		for range chance.IntN(3) {
			say([]Report{Trying{}, Ringing{Status: 180}, Ringing{Status: 183, SDP: description()}}[chance.IntN(3)])
		}
		if chance.IntN(3) == 0 {
			say(Refused{Cause: event.Cause{Status: []int{486, 503, 603}[chance.IntN(3)]}})
			say(Released{})
			return
		}
		say(Answered{SDP: description()})
	}
	for range chance.IntN(6) {
		say([]Report{
			Offered{SDP: description()}, OfferAnswered{SDP: description()},
			OfferRefused{Cause: event.Cause{Status: 488}}, OfferWithdrawn{}, Offered{},
		}[chance.IntN(5)])
	}
	say(HungUp{Cause: event.Cause{Status: 200, Q850: 16}})
	say(Released{})
}

// TestNobodyRegistered: what Locate says is what the caller is told.
func TestNobodyRegistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.found = nil
		s.arrive(plan("user bob"))
		pass(time.Second)
		s.over()
		s.expect("the caller", s.legs[1].told, "Refuse 480/18 gateway")
	})
}

// TestLegs: whoever brings a message finds the leg it is for.
func TestLegs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.arrive(plan("trunk carrier"))
		s.call.Post(work(func(c *Call, _ time.Time) {
			if c.Leg(1) != Leg(s.legs[1]) || c.Leg(2) != Leg(s.legs[2]) || c.Leg(0) != nil || c.Leg(3) != nil || c.ID() != "call" {
				t.Errorf("legs %v %v %v %v of %q", c.Leg(0), c.Leg(1), c.Leg(2), c.Leg(3), c.ID())
			}
		}))
		s.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
		pass(time.Second)
		s.over()
	})
}

// TestPanicInside: a call that fails takes nothing with it but itself. Its legs are
// told, its media is shut, its record is written.
func TestPanicInside(t *testing.T) {
	tests := map[string]struct {
		caller, callee []string // the last that each is told
		last           string
	}{
		"publish call ringing->connected": {
			[]string{"Refuse 500/41 gateway", "Hangup 500/41 gateway"},
			[]string{"INVITE sip:carrier with v1 PCMU te", "Hangup 500/41 gateway"}, "ended 500/41 gateway, answered",
		},
		"leg 1 Answer": {
			[]string{"Refuse 500/41 gateway", "Hangup 500/41 gateway"},
			[]string{"INVITE sip:carrier with v1 PCMU te", "Hangup 500/41 gateway"}, "ended 500/41 gateway, answered",
		},
		"tick 2": {
			[]string{"Refuse 500/41 gateway", "Hangup 500/41 gateway"},
			[]string{"INVITE sip:carrier with v1 PCMU te", "Hangup 500/41 gateway"}, "ended 500/41 gateway, never answered",
		},
		"dial": { // the leg is not there yet
			[]string{"Refuse 500/41 gateway", "Hangup 500/41 gateway"}, []string{"INVITE sip:carrier with v1 PCMU te"},
			"ended 500/41 gateway, never answered",
		},
		"locate": {
			[]string{"Refuse 500/41 gateway", "Hangup 500/41 gateway"}, nil, "ended 500/41 gateway, never answered",
		},
		"publish call received": {
			[]string{"Refuse 500/41 gateway", "Hangup 500/41 gateway"}, nil, "ended 500/41 gateway, never answered",
		},
	}
	for place, tt := range tests {
		t.Run(place, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, 20099, Limits{})
				s.panics = place
				s.onDial = func(l *stageLeg) {
					l.says(time.Second, Ringing{Status: 180})
					l.says(2*time.Second, Answered{SDP: describe(2, []string{"PCMU"})})
				}
				s.arrive(plan("trunk carrier"))
				pass(5 * time.Second)
				s.over()
				s.expect("the caller at last", lastOf(s.leg(1).told, len(tt.caller)), tt.caller...)
				s.expect("the callee at last", lastOf(s.leg(2).told, len(tt.callee)), tt.callee...)
				if last := s.events[len(s.events)-1]; !strings.HasPrefix(last, tt.last) {
					t.Errorf("the last event is %q", last)
				}
				all := strings.Join(s.events, "\n")
				if n := strings.Count(all, "ended 500"); n != 1 {
					t.Errorf("the call ends %d times:\n%s", n, all)
				}
				if strings.HasSuffix(tt.last, ", answered") && !strings.Contains(all, "media 1: 0 in") {
					t.Errorf("the caller's media is not counted:\n%s", all)
				}
			})
		})
	}
}

func lastOf(list []string, n int) []string { return list[max(0, len(list)-n):] }

// TestPanicOfALeg: a leg that panics even when it is told to go does not keep the
// others from hearing of it.
func TestPanicOfALeg(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.arrive(plan("trunk carrier"))
		s.call.Post(work(func(*Call, time.Time) {
			s.panics = "leg 1 Refuse"
			panic("as the test wants it")
		}))
		s.over()
		s.expect("the callee at last", lastOf(s.legs[2].told, 1), "Hangup 500/41 gateway")
	})
}

// TestPanicWhileDialling: media that was opened for phones which are not dialled any
// more goes too.
func TestPanicWhileDialling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.panics = "dial"
		s.arrive(plan("user bob"))
		s.over()
	})
}

// TestPanicBeforeTheCall: what has not begun for anybody has no record.
func TestPanicBeforeTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.call.Post(work(func(*Call, time.Time) { panic("as the test wants it") }))
		go s.call.Run()
		s.over()
		s.expect("the events", s.events)
	})
}
