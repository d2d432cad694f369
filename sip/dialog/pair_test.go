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

// failer is what a test and a rapid check have in common.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// pair is a caller's usage and a callee's with a network between them, in a time
// of its own. It is the smallest world in which a dialog can be seen whole.
type pair struct {
	t      failer
	now    time.Time
	caller *side
	callee *side
	wire   []packet
	delay  time.Duration
	// lost says which messages do not arrive; late, if there, how much later than
	// others one does, twice when it says so.
	lost func(from *side, b []byte) bool
	late func() (by time.Duration, twice bool)
	// headers are what the INVITE says besides; timer is the callee's session timer.
	headers  []Header
	timer    time.Duration
	ladder   []string
	sequence int
	seen     census
}

// side is one usage with what it has sent and reported.
type side struct {
	name    string
	usage   *Usage
	flow    transport.Flow
	reports []Report
	sent    []sip.Message
	clerk   clerk
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

func newPair(t failer) *pair { return newPairOver(t, transport.UDP) }

func newPairOver(t failer, p transport.Protocol) *pair {
	return &pair{
		t: t, now: time.Unix(0, 0).UTC(), delay: 10 * time.Millisecond,
		caller: &side{
			name: "caller", flow: transport.Flow{Protocol: p, Local: callerAt, Remote: calleeAt},
			usage: NewUAC(configOver("caller", callerAt, p)),
		},
		callee: &side{name: "callee", flow: transport.Flow{Protocol: p, Local: calleeAt, Remote: callerAt}},
	}
}

func config(name string, at netip.AddrPort) Config { return configOver(name, at, transport.UDP) }

func configOver(name string, at netip.AddrPort, p transport.Protocol) Config {
	c := Config{
		Timing: transaction.DefaultTiming(), Via: "SIP/2.0/" + p.String() + " " + at.String(),
		Branch: transaction.Cookie + name, Tag: name, Contact: "<sip:" + name + "@" + at.String() + ">",
	}
	if p.Reliable() {
		c.Transport = transaction.Reliable
	}
	return c
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

// invite sends the caller's INVITE, with an offer.
func (p *pair) invite() { p.inviteWith(offer()) }

func (p *pair) inviteWith(offer *sdp.Description) {
	p.do(p.caller, func(u *Usage) {
		u.Invite(p.now, Invitation{
			RequestURI: "sip:callee@192.0.2.2:5060", From: "<sip:caller@192.0.2.1>", To: "<sip:callee@192.0.2.2>",
			CallID: "pair", MaxForwards: 70, Offer: offer, Headers: p.headers,
		})
	})
}

// do lets a side act.
func (p *pair) do(s *side, act func(u *Usage)) {
	act(s.usage)
	p.collect(s)
}

// collect takes what a usage wants, checks it and puts it on the wire.
func (p *pair) collect(s *side) {
	for {
		actions := s.usage.Take()
		if len(actions) == 0 {
			p.seen.note(s.usage)
			return
		}
		for _, a := range actions {
			if a.Report != nil {
				p.note("%s reports %s", s.name, brief(a.Report))
				s.reports = append(s.reports, a.Report)
				s.clerk.report(p, s, a.Report)
			} else {
				p.send(s, a)
			}
		}
	}
}

func (p *pair) send(s *side, a Action) {
	lost := p.lost != nil && p.lost(s, a.Send)
	p.note("%s -> %s lost=%v", s.name, firstLine(a.Send), lost)
	s.sent = append(s.sent, s.clerk.message(p, s, a))
	if lost {
		return
	}
	copies, by, twice := 1, time.Duration(0), false
	if p.late != nil {
		if by, twice = p.late(); twice {
			copies = 2
		}
	}
	for i := range copies {
		p.sequence++
		at := p.now.Add(p.delay).Add(by * time.Duration(i+1))
		p.wire = append(p.wire, packet{at, p.sequence, s, a.Send})
	}
}

func (p *pair) note(format string, args ...any) {
	seconds := p.now.Sub(time.Unix(0, 0)).Seconds()
	p.ladder = append(p.ladder, fmt.Sprintf("%7.3f "+format, append([]any{seconds}, args...)...))
}

// brief is a report on one line.
func brief(r Report) string {
	text := strings.TrimPrefix(fmt.Sprintf("%T", r), "dialog.")
	switch r := r.(type) {
	case Progressed:
		return fmt.Sprint(text, " ", r.Status, " sdp=", r.SDP != nil)
	case Accepted:
		return fmt.Sprint(text, " sdp=", r.SDP != nil)
	case Failed:
		return fmt.Sprint(text, " ", r.Status)
	case OfferFailed:
		return fmt.Sprint(text, " ", r.Status)
	case Left:
		return fmt.Sprint(text, " ", r.Status)
	}
	return text
}

func firstLine(b []byte) string {
	line, rest, _ := strings.Cut(string(b), "\r\n")
	_, cseq, _ := strings.Cut(rest, "CSeq: ")
	cseq, _, _ = strings.Cut(cseq, "\r\n")
	return line + " (" + cseq + ")"
}

// run lets time go by.
func (p *pair) run(d time.Duration) {
	end := p.now.Add(d)
	for steps := 0; ; steps++ {
		next, what := p.next(end)
		if what == nil {
			p.now = end
			return
		}
		if steps > 10000 {
			p.fail("time stands still")
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
		p.fail("a usage wrote what cannot be read: %v\n%s", fault, pk.bytes)
	}
	if to.usage == nil {
		req, ok := msg.(*sip.Request)
		if !ok || req.Method != sip.INVITE {
			return
		}
		offer, status, _ := ReadInvite(req)
		if status != 0 {
			p.fail("the INVITE is refused with %d", status)
		}
		c := configOver("callee", calleeAt, to.flow.Protocol)
		c.SessionExpires = p.timer
		to.usage = NewUAS(p.now, c, req, offer, to.flow)
	} else {
		to.usage.Receive(p.now, msg, to.flow)
	}
	p.collect(to)
}

// other is the side that a side talks with.
func (p *pair) other(s *side) *side {
	if s == p.caller {
		return p.callee
	}
	return p.caller
}

// ringing brings about a call that rings.
func ringing(t failer, protocol transport.Protocol) *pair {
	p := newPairOver(t, protocol)
	p.invite()
	p.run(time.Second)
	p.provisional(180, nil)
	p.run(time.Second)
	p.expectState(Early, Early)
	return p
}

// answered brings a call about and waits until it stands.
func answered(t failer) *pair { return answeredOver(t, transport.UDP) }

func answeredOver(t failer, protocol transport.Protocol) *pair {
	p := ringing(t, protocol)
	p.answer(answer())
	p.run(time.Second)
	p.expectState(Confirmed, Confirmed)
	return p
}

// overEach runs a story over each kind of transport.
func overEach(t *testing.T, story func(t *testing.T, protocol transport.Protocol)) {
	for _, protocol := range []transport.Protocol{transport.UDP, transport.TCP} {
		t.Run(protocol.String(), func(t *testing.T) { story(t, protocol) })
	}
}

// eachSide runs a story with each side as the one that begins, on a call that stands.
func eachSide(t *testing.T, story func(p *pair, by, other *side)) {
	for _, who := range []string{"caller", "callee"} {
		t.Run(who, func(t *testing.T) {
			p := answered(t)
			p.caller.reports, p.callee.reports = nil, nil
			by := p.caller
			if who == "callee" {
				by = p.callee
			}
			story(p, by, p.other(by))
		})
	}
}

// The commands of a side's owner, of which the clerk takes note.

func (p *pair) provisional(status int, s *sdp.Description) {
	p.do(p.callee, func(u *Usage) { u.Provisional(p.now, status, s) })
}

func (p *pair) answer(s *sdp.Description, headers ...Header) {
	p.do(p.callee, func(u *Usage) { u.Answer(p.now, s, headers...) })
}

func (p *pair) reject(status int, headers ...Header) {
	p.callee.clerk.hungUp = p.callee.clerk.hungUp || p.callee.usage.ringing()
	p.do(p.callee, func(u *Usage) { u.Reject(p.now, status, headers...) })
}

func (p *pair) cancel(headers ...Header) {
	p.caller.clerk.hungUp = p.caller.clerk.hungUp || p.caller.usage.calling()
	p.do(p.caller, func(u *Usage) { u.Cancel(p.now, headers...) })
}

func (p *pair) bye(s *side, headers ...Header) {
	up := s.usage.State() == Answered || s.usage.State() == Confirmed
	s.clerk.hungUp = s.clerk.hungUp || up
	p.do(s, func(u *Usage) { u.Bye(p.now, headers...) })
}

func (p *pair) offer(s *side, d *sdp.Description) {
	s.clerk.offering++
	p.do(s, func(u *Usage) { u.Offer(p.now, d) })
}

func (p *pair) acceptOffer(s *side, d *sdp.Description) {
	r := &s.usage.reinvite
	if r.phase == reinviteReceived && r.dialog.Media.State == sdp.Stable && d != nil {
		s.clerk.offering++ // it was an INVITE without an offer
	}
	s.clerk.offered = s.clerk.offered && r.phase != reinviteReceived
	p.do(s, func(u *Usage) { u.AcceptOffer(p.now, d) })
}

func (p *pair) refuseOffer(s *side, status int, headers ...Header) {
	s.clerk.offered = s.clerk.offered && s.usage.reinvite.phase != reinviteReceived
	p.do(s, func(u *Usage) { u.RefuseOffer(p.now, status, headers...) })
}

// hangUp ends a call that stands and waits until nothing of it runs.
func (p *pair) hangUp() {
	p.t.Helper()
	p.bye(p.caller)
	p.run(time.Minute)
	p.expectOver()
}

func (p *pair) expectState(caller, callee State) {
	p.t.Helper()
	if c := p.caller.usage.State(); c != caller {
		p.fail("the caller is %v, want %v", c, caller)
	}
	if p.callee.usage == nil {
		p.fail("there is no callee")
	}
	if c := p.callee.usage.State(); c != callee {
		p.fail("the callee is %v, want %v", c, callee)
	}
}

// expectOver wants both sides ended and silent.
func (p *pair) expectOver() {
	p.t.Helper()
	for _, s := range []*side{p.caller, p.callee} {
		if s.usage == nil {
			continue
		}
		if state := s.usage.State(); state != Ended {
			p.fail("the %s is %v, want ended", s.name, state)
		}
		if at, ok := s.usage.Deadline(); ok {
			p.fail("the %s has ended and has a timer at %v", s.name, at)
		}
		if s.clerk.last != "Released" {
			p.fail("the last report of %s is %q", s.name, s.clerk.last)
		}
		p.expectAcknowledged(s)
	}
}

// expectAcknowledged wants an ACK for each 2xx of a side to an INVITE, or a BYE. RFC
// 3261 s13.2.2.4 and s13.3.1.4.
func (p *pair) expectAcknowledged(s *side) {
	p.t.Helper()
	done := map[uint32]bool{}
	bye := false
	for _, m := range append(append([]sip.Message{}, p.caller.sent...), p.callee.sent...) {
		if req, ok := m.(*sip.Request); ok {
			done[req.CSeq().SeqNo] = done[req.CSeq().SeqNo] || req.Method == sip.ACK
			bye = bye || req.Method == sip.BYE
		}
	}
	for _, m := range s.sent {
		res, ok := m.(*sip.Response)
		if ok && res.StatusCode/100 == 2 && res.CSeq().MethodName == sip.INVITE && !done[res.CSeq().SeqNo] && !bye {
			p.fail("the 2xx %q of %s has neither ACK nor BYE", res.CSeq().Value(), s.name)
		}
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

// expectSent wants a number of messages of a side that begin so.
func (p *pair) expectSent(s *side, start string, want int) {
	p.t.Helper()
	if n := p.sent(s, start); n != want {
		p.fail("the %s sent %q %d times, want %d", s.name, start, n, want)
	}
}

// loses makes the network lose the first n messages that begin so.
func (p *pair) loses(start string, n int) {
	p.lost = func(_ *side, b []byte) bool {
		if n > 0 && strings.HasPrefix(string(b), start) {
			n--
			return true
		}
		return false
	}
}

// loss drops a share of the packets, the same ones for the same seed.
func loss(seed uint64, share float64) func(*side, []byte) bool {
	r := rand.New(rand.NewPCG(seed, 1))
	return func(*side, []byte) bool { return r.Float64() < share }
}
