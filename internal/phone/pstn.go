package phone

import (
	"fmt"
	"net/netip"
	"time"
)

// Pitches of a PSTN: what the caller hears before and after the answer, in Hz.
const (
	RingbackPitch = 440.0
	AnswerPitch   = 1000.0
)

// Plan is how the telephone behind a number behaves.
type Plan struct {
	// Rings is how long it rings before its Status; Early lets the caller hear it
	// ring by early media (183 with a description), else there is a 180.
	Rings time.Duration
	Early bool
	// Status ends the ringing: 200 answers, 0 never comes.
	Status int
	// Talks is after how long of talk the callee hangs up; 0: never.
	Talks time.Duration
}

// Plans are the numbers that a PSTN tells apart, by their last four digits.
var Plans = map[string]Plan{
	"0100": {Rings: time.Second, Early: true, Status: 200},
	"0101": {Status: 486},
	"0102": {Rings: time.Second},
	"0103": {Status: 404},
	"0104": {Rings: time.Second, Status: 200, Talks: 5 * time.Second},
}

// PlanOf is a number's plan; a number that has none answers like 0100.
func PlanOf(number string) Plan {
	plan, ok := Plans[number[max(0, len(number)-4):]]
	if !ok {
		return Plans["0100"]
	}
	return plan
}

// CallReport is what a PSTN knows of one call when it is over.
type CallReport struct {
	// Number is the dialled one, Caller the identity that the INVITE showed.
	Number, Caller string
	// Level is how loud the callee heard the caller at last, in dBm0.
	Level float64
	Audio Report
	// Err is what went wrong, if anything did.
	Err error
}

// PSTN is a telephone network behind a trunk: it answers calls by Plans while its
// pump runs.
type PSTN struct {
	Agent *Agent
	// Listens is the pitch that callees expect to hear, in Hz.
	Listens float64
	// Ended is told each call's report, on the pump's goroutine; it may be nil.
	Ended func(CallReport)

	place Place
	pump  *Pump
	calls map[string]*trunkCall
}

// NewPSTN opens the trunk's socket on its pump.
func NewPSTN(at Place) (*PSTN, error) {
	p := &PSTN{place: at, pump: at.Pump, calls: map[string]*trunkCall{}}
	sip, err := at.Listen(at.Local)
	if err != nil {
		return nil, fmt.Errorf("PSTN: %w", err)
	}
	p.Agent = &Agent{
		Name: "pstn", Local: local(sip), Proxy: at.Gateway, Reliable: true,
		Unique: fmt.Sprintf("-%x", time.Now().UnixNano()),
	}
	p.Agent.Domain = p.Agent.Local.Addr().String()
	at.wire(p.Agent, sip, p.receive)
	return p, nil
}

func (p *PSTN) receive(a Arrival) {
	if a.Again || !a.IsRequest() {
		return
	}
	c := p.calls[a.Get("Call-ID")]
	switch {
	case a.Method == "INVITE" && c == nil:
		p.ring(a)
	case a.Method == "INVITE":
		c.reinvited(a)
	case a.Method == "ACK":
	case a.Method == "OPTIONS":
		p.Agent.Send(a.At, p.Agent.Respond(a.Message, 200, ""))
	case c == nil:
		p.Agent.Send(a.At, p.Agent.Respond(a.Message, 481, ""))
	case a.Method == "BYE" || a.Method == "CANCEL":
		p.Agent.Send(a.At, p.Agent.Respond(a.Message, 200, ""))
		c.cleared(a)
	default:
		p.Agent.Send(a.At, p.Agent.Respond(a.Message, 501, ""))
	}
}

// trunkCall is one call of a PSTN, and a Clock: due is when it goes on.
type trunkCall struct {
	pstn   *PSTN
	plan   Plan
	invite Arrival
	audio  *Audio
	rtp    PacketConn
	ours   Description
	theirs Description
	report CallReport
	phase  phase
	due    time.Time
}

// phase of a call, in its order.
type phase uint8

const (
	rings phase = iota
	talks
	over
)

// ring takes a call: 100 at once, then what the number's plan says.
func (p *PSTN) ring(a Arrival) {
	p.Agent.Send(a.At, p.Agent.Respond(a.Message, 100, ""))
	number := User(a.URI)
	c := &trunkCall{pstn: p, plan: PlanOf(number), invite: a, report: CallReport{Number: number, Level: silence}}
	c.report.Caller = a.Get("P-Asserted-Identity")
	if c.report.Caller == "" {
		c.report.Caller = untagged(a.Get("From"))
	}
	if err := c.open(); err != nil {
		p.Agent.Send(a.At, p.Agent.Respond(a.Message, 488, ""))
		return
	}
	p.calls[a.Get("Call-ID")] = c
	c.alert(a.At)
	if c.plan.Status != 0 {
		c.due = a.At.Add(c.plan.Rings)
	}
	p.pump.Add(c)
}

// open makes the call's audio out of the INVITE's offer.
func (c *trunkCall) open() error {
	body, _ := c.invite.SDP()
	theirs, err := ParseDescription(body)
	if err != nil {
		return err
	}
	c.rtp, err = c.pstn.place.Listen(netip.AddrPortFrom(c.pstn.Agent.Local.Addr(), 0))
	if err != nil {
		return err
	}
	c.audio = &Audio{Local: local(c.rtp), Pitch: RingbackPitch}
	c.theirs = theirs
	c.ours = Describe(c.audio.Local).Answer(theirs)
	c.audio.Expect(c.ours)
	wireAudio(c.pstn.pump, c.audio, c.rtp)
	return nil
}

func (c *trunkCall) alert(now time.Time) {
	switch {
	case c.plan.Rings == 0:
	case c.plan.Early:
		c.respond(now, 183, true)
		c.report.Err = c.audio.Start(now, c.theirs)
	default:
		c.respond(now, 180, false)
	}
}

func (c *trunkCall) respond(now time.Time, status int, described bool) {
	m := c.pstn.Agent.Respond(c.invite.Message, status, "")
	if described {
		m.SetSDP(c.ours.String())
	}
	c.pstn.Agent.Send(now, m)
}

// Next is when the call goes on by itself.
func (c *trunkCall) Next() time.Time { return c.due }

// Tick ends the ringing, or the talk.
func (c *trunkCall) Tick(now time.Time) {
	c.due = time.Time{}
	switch {
	case c.phase == talks:
		if d := c.invite.Dialog; d != nil {
			c.pstn.Agent.Send(now, c.pstn.Agent.In(d, "BYE"))
		}
		c.end(now)
	case c.plan.Status == 200:
		c.answer(now)
	default:
		c.respond(now, c.plan.Status, false)
		c.end(now)
	}
}

func (c *trunkCall) answer(now time.Time) {
	c.phase = talks
	c.respond(now, 200, true)
	c.audio.Pitch = AnswerPitch
	c.report.Err = c.audio.Start(now, c.theirs)
	if c.plan.Talks > 0 {
		c.due = now.Add(c.plan.Talks)
	}
}

// reinvited answers an offer within the call with what it allows.
func (c *trunkCall) reinvited(a Arrival) {
	m := c.pstn.Agent.Respond(a.Message, 200, "")
	if body, ok := a.SDP(); ok {
		theirs, err := ParseDescription(body)
		if err != nil {
			c.pstn.Agent.Send(a.At, c.pstn.Agent.Respond(a.Message, 488, ""))
			return
		}
		c.theirs = theirs
		c.report.Err = c.audio.Start(a.At, theirs)
	}
	version := c.ours.Version + 1
	c.ours = Describe(c.audio.Local).Answer(c.theirs)
	c.ours.Version = version
	m.SetSDP(c.ours.String())
	c.pstn.Agent.Send(a.At, m)
}

// cleared is the caller's BYE or CANCEL; the latter also ends the INVITE.
func (c *trunkCall) cleared(a Arrival) {
	if a.Method == "CANCEL" {
		if c.phase != rings {
			return
		}
		c.respond(a.At, 487, false)
	}
	c.end(a.At)
}

// end closes the audio and reports. The agent still repeats what it must.
func (c *trunkCall) end(now time.Time) {
	if c.phase == talks {
		c.report.Level = c.audio.Level(now, remembered/4*Frame, c.pstn.Listens)
	}
	c.phase, c.due = over, time.Time{}
	c.audio.Stop()
	c.report.Audio = c.audio.Report()
	c.pstn.pump.Remove(c)
	c.pstn.pump.Remove(c.audio)
	c.pstn.pump.Shut(c.rtp)
	delete(c.pstn.calls, c.invite.Get("Call-ID"))
	c.pstn.Agent.Forget(c.invite.Get("Call-ID"))
	if c.pstn.Ended != nil {
		c.pstn.Ended(c.report)
	}
}
