package dialog

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// pair is a caller's usage and a callee's with a network between them, in a time
// of its own. It is the smallest world in which a dialog can be seen whole.
type pair struct {
	t        *testing.T
	now      time.Time
	caller   *side
	callee   *side
	wire     []packet
	delay    time.Duration
	lost     func(from *side, b []byte) bool
	ladder   []string
	sequence int
}

// side is one usage with what it has reported.
type side struct {
	name    string
	usage   *Usage
	flow    transport.Flow
	reports []Report
}

type packet struct {
	at    time.Time
	order int
	from  *side
	bytes []byte
}

var (
	callerAt = netip.MustParseAddrPort("192.0.2.1:5060")
	calleeAt = netip.MustParseAddrPort("192.0.2.2:5060")
)

func newPair(t *testing.T) *pair {
	p := &pair{t: t, now: time.Unix(0, 0).UTC(), delay: 10 * time.Millisecond}
	p.caller = &side{name: "caller", flow: transport.Flow{Protocol: transport.UDP, Local: callerAt, Remote: calleeAt}}
	p.callee = &side{name: "callee", flow: transport.Flow{Protocol: transport.UDP, Local: calleeAt, Remote: callerAt}}
	p.caller.usage = NewUAC(config("caller", callerAt))
	return p
}

func config(name string, at netip.AddrPort) Config {
	return Config{
		Timing: transaction.DefaultTiming(), Via: "SIP/2.0/UDP " + at.String(),
		Branch: transaction.Cookie + name, Tag: name, Contact: "<sip:" + name + "@" + at.String() + ">",
	}
}

func description1(addr string, port uint16, dir sdp.Direction) *sdp.Description {
	s, err := sdp.NewOffer(sdp.Local{
		Origin: sdp.Origin{ID: 1, Version: uint64(port)}, Address: netip.MustParseAddr(addr), Port: port,
		Codecs: []sdp.Codec{sdp.Static(0)}, Direction: dir,
	})
	if err != nil {
		panic(err)
	}
	return s
}

func offer() *sdp.Description  { return description1("192.0.2.1", 10000, sdp.SendRecv) }
func answer() *sdp.Description { return description1("192.0.2.2", 20000, sdp.SendRecv) }

// invite sends the caller's INVITE.
func (p *pair) invite() {
	p.caller.usage.Invite(p.now, Invitation{
		RequestURI: "sip:callee@192.0.2.2:5060", From: "<sip:caller@192.0.2.1>", To: "<sip:callee@192.0.2.2>",
		CallID: "pair", MaxForwards: 70, Offer: offer(),
	})
	p.collect(p.caller)
}

// do lets a side act.
func (p *pair) do(s *side, act func(u *Usage)) {
	act(s.usage)
	p.collect(s)
}

// collect takes what a usage wants and puts it on the wire.
func (p *pair) collect(s *side) {
	for {
		actions := s.usage.Take()
		if len(actions) == 0 {
			return
		}
		for _, a := range actions {
			if a.Report != nil {
				s.reports = append(s.reports, a.Report)
				p.ladder = append(p.ladder, fmt.Sprintf("%7.3f %s reports %T%+v", p.seconds(), s.name, a.Report, a.Report))
				continue
			}
			lost := p.lost != nil && p.lost(s, a.Send)
			p.ladder = append(p.ladder, fmt.Sprintf("%7.3f %s -> %s lost=%v", p.seconds(), s.name, firstLine(a.Send), lost))
			if !lost {
				p.sequence++
				p.wire = append(p.wire, packet{p.now.Add(p.delay), p.sequence, s, a.Send})
			}
		}
	}
}

func (p *pair) seconds() float64 { return p.now.Sub(time.Unix(0, 0)).Seconds() }

func firstLine(b []byte) string {
	line, rest, _ := strings.Cut(string(b), "\r\n")
	_, cseq, _ := strings.Cut(rest, "CSeq: ")
	cseq, _, _ = strings.Cut(cseq, "\r\n")
	return line + " (" + cseq + ")"
}

// run lets time go by.
func (p *pair) run(d time.Duration) {
	end := p.now.Add(d)
	for {
		next, what := p.next(end)
		if what == nil {
			p.now = end
			return
		}
		p.now = next
		what()
	}
}

// next is the next thing that happens before the end.
func (p *pair) next(end time.Time) (at time.Time, what func()) {
	sort.SliceStable(p.wire, func(i, j int) bool { return p.wire[i].at.Before(p.wire[j].at) })
	if len(p.wire) > 0 && !p.wire[0].at.After(end) {
		at, what = p.wire[0].at, p.deliver
	}
	for _, s := range []*side{p.caller, p.callee} {
		if s.usage == nil {
			continue
		}
		if t, ok := s.usage.Deadline(); ok && !t.After(end) && (what == nil || t.Before(at)) {
			at, what = t, func() { p.do(s, func(u *Usage) { u.Tick(p.now) }) }
		}
	}
	if what != nil && at.Before(p.now) {
		at = p.now
	}
	return at, what
}

// deliver hands the next packet to the other side, which is made by an INVITE.
func (p *pair) deliver() {
	pk := p.wire[0]
	p.wire = p.wire[1:]
	to := p.callee
	if pk.from == p.callee {
		to = p.caller
	}
	msg, fault := wire.Parse(pk.bytes)
	if fault != nil {
		p.t.Fatalf("a usage wrote what cannot be read: %v\n%s", fault, pk.bytes)
	}
	if to.usage == nil {
		req, ok := msg.(*sip.Request)
		if !ok || req.Method != sip.INVITE {
			return
		}
		offer, status := Description(req)
		if status != 0 {
			p.t.Fatalf("the offer is refused with %d", status)
		}
		to.usage = NewUAS(p.now, config("callee", calleeAt), req, offer, to.flow)
	} else {
		to.usage.Receive(p.now, msg, to.flow)
	}
	p.collect(to)
}

// answered brings a call about and waits until it stands.
func answered(t *testing.T) *pair {
	p := newPair(t)
	p.invite()
	p.run(time.Second)
	p.do(p.callee, func(u *Usage) { u.Provisional(p.now, 180, nil) })
	p.run(time.Second)
	p.do(p.callee, func(u *Usage) { u.Answer(p.now, answer()) })
	p.run(time.Second)
	p.expectState(Confirmed, Confirmed)
	return p
}

func (p *pair) expectState(caller, callee State) {
	p.t.Helper()
	if c := p.caller.usage.State(); c != caller {
		p.fail("the caller is %v, want %v", c, caller)
	}
	if c := p.callee.usage.State(); c != callee {
		p.fail("the callee is %v, want %v", c, callee)
	}
}

// expectReports compares the kinds of what a side has reported.
func (p *pair) expectReports(s *side, want ...Report) {
	p.t.Helper()
	if len(s.reports) != len(want) {
		p.fail("%s reported %T, want %T", s.name, s.reports, want)
	}
	for i := range want {
		if fmt.Sprintf("%T", s.reports[i]) != fmt.Sprintf("%T", want[i]) {
			p.fail("report %d of %s is %T, want %T", i, s.name, s.reports[i], want[i])
		}
	}
}

func (p *pair) fail(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf(format+"\n%s", append(args, strings.Join(p.ladder, "\n"))...)
}

// sent counts the messages of a side whose first line begins so.
func (p *pair) sent(s *side, start string) (n int) {
	for _, l := range p.ladder {
		if strings.Contains(l, " "+s.name+" -> "+start) {
			n++
		}
	}
	return n
}

// loss drops a share of the packets, the same ones for the same seed.
func loss(seed uint64, share float64) func(*side, []byte) bool {
	r := rand.New(rand.NewPCG(seed, 1))
	return func(*side, []byte) bool { return r.Float64() < share }
}
