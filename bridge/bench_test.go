package bridge

import (
	"log/slog"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/sdp"
)

// phoneOffer is what a desk phone offers.
const phoneOffer = `v=0
o=- 3724394400 3724394400 IN IP4 192.0.2.1
s=call
c=IN IP4 192.0.2.1
t=0 0
m=audio 4002 RTP/AVP 9 0 8 18 3 111 101
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:18 G729/8000
a=fmtp:18 annexb=no
a=rtpmap:3 GSM/8000
a=rtpmap:111 opus/48000/2
a=fmtp:111 maxplaybackrate=16000;useinbandfec=1
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=sendrecv
`

// carrierAnswer is what a carrier takes of it.
const carrierAnswer = `v=0
o=carrier 81 1 IN IP4 192.0.2.2
s=-
c=IN IP4 192.0.2.2
t=0 0
m=audio 4004 RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
`

func parsed(tb testing.TB, text string) *sdp.Description {
	tb.Helper()
	s, err := sdp.Parse([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// setUp plays a machine through the main job, up to the answer.
func setUp(m *Machine, offer, answer *sdp.Description, d dialplan.Decision) (actions int) {
	actions += len(m.Step(begun, Arrived{Caller: alice(offer), Decision: d}))
	actions += len(m.Step(begun, Located{Attempt: 1, Targets: []Target{{Name: "carrier", URI: "sip:carrier", Media: ourMedia(2)}}}))
	actions += len(m.Step(begun, Reported{Participant: 2, Report: Ringing{Status: 180}}))
	actions += len(m.Step(begun, Reported{Participant: 2, Report: Answered{SDP: answer}}))
	return actions
}

// tearDown plays its end.
func tearDown(m *Machine) (actions int) {
	actions += len(m.Step(begun, Reported{Participant: 1, Report: HungUp{Cause: event.Cause{Status: 200, Q850: 16}}}))
	actions += len(m.Step(begun, Reported{Participant: 1, Report: Released{}}))
	actions += len(m.Step(begun, Reported{Participant: 2, Report: Released{}}))
	return actions
}

// BenchmarkCallSetup is a whole call through the machine: begin, ring, answer, hang
// up, released.
func BenchmarkCallSetup(b *testing.B) {
	offer, answer, d := parsed(b, phoneOffer), parsed(b, carrierAnswer), plan("trunk carrier, trunk backup")
	b.ReportAllocs()
	for b.Loop() {
		m := NewMachine("0123456789abcdef", &Limits{Silence: 2 * time.Minute})
		if setUp(m, offer, answer, d)+tearDown(m) != 27 {
			b.Fatal("the call was another one")
		}
	}
}

// BenchmarkHold is a hold and its end through the machine.
func BenchmarkHold(b *testing.B) {
	m := NewMachine("0123456789abcdef", &Limits{})
	setUp(m, parsed(b, phoneOffer), parsed(b, carrierAnswer), plan("trunk carrier"))
	answer := parsed(b, carrierAnswer)
	offers := [2]*sdp.Description{
		describe(1, []string{"v2", "PCMU", "te", "sendonly"}), describe(1, []string{"v3", "PCMU", "te"}),
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Step(begun, Reported{Participant: 1, Report: Offered{SDP: offers[i%2]}})
		if got := len(m.Step(begun, Reported{Participant: 2, Report: OfferAnswered{SDP: answer}})); got < 4 {
			b.Fatalf("%d actions", got)
		}
	}
}

// TestCallSetupAllocations bounds what a call costs the collector.
func TestCallSetupAllocations(t *testing.T) {
	offer, answer, d := parsed(t, phoneOffer), parsed(t, carrierAnswer), plan("trunk carrier, trunk backup")
	const most = 100
	n := allocsPerRun(100, func() {
		m := NewMachine("0123456789abcdef", &Limits{Silence: 2 * time.Minute})
		setUp(m, offer, answer, d)
		tearDown(m)
	})
	if n > most {
		t.Errorf("a call set-up makes %v allocations, more than %d", n, most)
	}
}

// quietNetwork has sockets to which nothing comes, and no goroutines for them.
type quietNetwork struct{}

type quietSocket struct{ at netip.AddrPort }

func (quietNetwork) Open(at netip.AddrPort, _ rtp.Receive) (rtp.Socket, error) {
	return quietSocket{at}, nil
}

func (quietSocket) Send([]byte, netip.AddrPort) error { return nil }
func (s quietSocket) Local() netip.AddrPort           { return s.at }
func (quietSocket) Close() error                      { return nil }

// idleLeg is a leg that weighs nothing.
type idleLeg struct{}

func (idleLeg) Do(time.Time, Command)       {}
func (idleLeg) Deadline() (time.Time, bool) { return time.Time{}, false }
func (idleLeg) Tick(time.Time)              {}
func (idleLeg) Is(DialogID) bool            { return false }
func (idleLeg) Move(*Call, int)             {}

// crowd is a dialer whose callees answer at once.
type crowd struct{ answer string }

func (crowd) Locate(time.Time, *Call, Locate) ([]Target, event.Cause, bool) {
	return []Target{{Name: "desk", URI: "sip:desk"}, {Name: "mobile", URI: "sip:mobile"}}, event.Cause{}, true
}

func (crowd) Find(string) *Call       { return nil }
func (crowd) Moved(*Call, int, *Call) {}

func (d crowd) Dial(_ time.Time, c *Call, dial Dial) Leg {
	if dial.Participant == 2 {
		answer, _ := sdp.Parse([]byte(d.answer))
		c.Report(2, Answered{SDP: answer})
	} else {
		c.Report(dial.Participant, Released{})
	}
	return idleLeg{}
}

// TestIdleCallIsSmall weighs answered calls in which nothing happens: machine, loop,
// inbox, timer, the descriptions of both sides and what the media sessions need
// without their sockets. A second phone has rung and has gone.
func TestIdleCallIsSmall(t *testing.T) {
	const calls, most = 500, 12 << 10
	ports, err := rtp.New(rtp.Config{
		Network: quietNetwork{}, Address: gatewayHost, First: 10000, Last: 20000,
	})
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	env := Env{
		Dialer: crowd{strings.ReplaceAll(carrierAnswer, "\n", "\r\n")}, Ports: ports,
		Limits: Limits{Silence: 2 * time.Minute}, Log: slog.New(slog.DiscardHandler),
		Publish: func(event.Event) {}, Forget: func(*Call) { running.Done() },
	}
	list := make([]*Call, calls)
	heap, stacks := weight()
	for i := range list {
		list[i] = New("0123456789abcdef", &env)
		running.Add(1)
		go list[i].Run()
		var ready sync.WaitGroup
		ready.Add(1)
		list[i].Post(work(func(c *Call, now time.Time) {
			caller := alice(parsed(t, phoneOffer))
			c.Arrive(now, idleLeg{}, caller, plan("user bob, trunk voicemail"))
		}))
		list[i].Post(work(func(c *Call, _ time.Time) {
			if c.machine.State() != event.CallConnected {
				t.Errorf("the call is %v", c.machine.State())
			}
			if p := c.machine.participants[2]; p.local.sent != nil || p.local.origin.Body != "" {
				t.Error("the phone that has gone still has its descriptions")
			}
			ready.Done()
		}))
		ready.Wait()
	}
	heapWith, stacksWith := weight()
	each := (heapWith - heap) / calls
	t.Logf("an idle call weighs %d bytes, and %d of stack", each, (stacksWith-stacks)/calls)
	if each > most {
		t.Errorf("an idle call weighs %d bytes, more than %d", each, most)
	}
	for _, c := range list {
		c.Stop(event.Cause{Status: 200, By: event.PartyGateway})
		c.Post(work(func(c *Call, _ time.Time) {
			for id := range len(c.legs) {
				c.Report(id+1, Released{})
			}
		}))
	}
	running.Wait()
	if ports.InUse() != 0 {
		t.Errorf("%d ports are not back", ports.InUse())
	}
}

// weight is what the process holds. Each collection halves the stacks that have
// become too large.
func weight() (heap, stacks int) {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc), int(m.StackInuse)
}
