package bridge

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/srtp"
)

// Env is what a call needs of the world around it.
type Env struct {
	Dialer  Dialer
	Plan    Plan
	Ports   *rtp.Engine
	Limits  Limits
	Log     *slog.Logger
	Publish func(event.Event)
	// Music gives the sound for one party on hold or in a transfer, from its beginning; nil
	// is none.
	Music func() audio.Source
	// Consent asks whoever is to be transferred; nil agrees.
	Consent Consent
	// Certificate is what we prove ourselves with in DTLS handshakes; nil where nobody may
	// have any.
	Certificate *srtp.Certificate
	// Recorder is where calls are recorded; nil for nowhere.
	Recorder *Recorder
	// Prompts are what can be played into calls; nil for tones only.
	Prompts Prompts
	// Forget is called once, as the last thing a call does.
	Forget func(*Call)
}

// Dialer makes legs for attempts. It is called on the goroutines of the calls.
type Dialer interface {
	// Locate gives the targets of an attempt, without media: a trunk, or the
	// phones of a user. The cause says why there are none. When that must be looked
	// up first, known is false, and Call.Located is told once what was found.
	Locate(now time.Time, c *Call, a Locate) (targets []Target, failed event.Cause, known bool)
	// Dial makes the leg of a participant and sends it the INVITE. What comes of
	// it is told to Call.Report.
	Dial(now time.Time, c *Call, d Dial) Leg
	// Find gives a call by its id; nil when there is none.
	Find(call string) *Call
	// Moved says that what comes for a call's participant goes to another call from now
	// on.
	Moved(from *Call, participant int, to *Call)
}

// Plan says where calls go that are handed on; a *dialplan.Plan is one. It is asked on the
// goroutines of the calls.
type Plan interface {
	Forward(r dialplan.Request, f dialplan.Forwarding) dialplan.Decision
	Transfer(t dialplan.Transfer) dialplan.Decision
	Recall(to dialplan.Party, number string, transferee dialplan.Request) dialplan.Decision
}

// Call is the loop around one Machine: one goroutine, one inbox, one timer.
type Call struct {
	id      string
	env     *Env
	machine *Machine
	inbox   inbox
	legs    []Leg
	media   media
	players players
	taping  *taping // nil while nothing is recorded
	reels   map[int]*reel
	// alive ends with the call; nil while nothing needs it.
	alive context.Context
	die   context.CancelFunc
	// adopted are the participants that came from other calls; asking is the call that
	// waits for one of ours.
	adopted map[origin]int
	asking  *Call
	heir    atomic.Pointer[Call] // the call that has taken parties of this one
	pending []Event
	over    bool
}

// New makes a call. It does nothing until Run. The Env is shared by many calls and does
// not change.
func New(id string, env *Env) *Call {
	return &Call{id: id, env: env, machine: NewMachine(id, &env.Limits), inbox: newInbox(), media: media{}}
}

// ID is the call's id.
func (c *Call) ID() string { return c.id }

// Post gives the call work from any goroutine. It never blocks. False means that
// the call is over and the work will not be done; what was posted just before the
// end may be dropped too, like a message that comes too late.
func (c *Call) Post(w Work) bool { return c.inbox.post(w) }

// Stop ends the call from outside.
func (c *Call) Stop(cause event.Cause) { c.Post(stop{cause}) }

type stop struct{ cause event.Cause }

func (s stop) Do(c *Call, _ time.Time) { c.tellMachine(Stop{Cause: s.cause}) }

// Report brings what a leg has to say. It is called on the call's goroutine.
func (c *Call) Report(participant int, r Report) {
	c.tellMachine(Reported{Participant: participant, Report: r})
}

// Arrive begins the call with its caller. It is called on the call's goroutine.
func (c *Call) Arrive(_ time.Time, leg Leg, caller Caller, d dialplan.Decision) {
	c.legs = append(c.legs, leg)
	if d.Refusal == nil {
		local, err := c.media.open(c.env.Ports, callerID, caller.Local)
		if err != nil {
			c.env.Log.Error("no media for the caller", "call", c.id, "err", err)
			d.Refusal = &dialplan.Refusal{Status: 503, Phrase: "No media port is free", Q850: 34}
		}
		caller.Media, caller.Keys = local, c.keys(caller.SRTP)
	}
	c.tellMachine(Arrived{Caller: caller, Decision: d})
}

func (c *Call) tellMachine(e Event) { c.pending = append(c.pending, e) }

// Run is the call's goroutine: it ends with the call.
func (c *Call) Run() {
	defer c.forget()
	defer c.survive()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var work []Work
	for !c.over {
		work = c.inbox.take(work)
		now := time.Now()
		for i, w := range work {
			c.do(now, w)
			work[i] = nil
		}
		c.tick(now)
		c.drain(now)
		if len(work) == 0 && !c.over {
			c.wait(timer, now)
		}
	}
}

// do does work. What came together with the end of the call, and of which somebody must learn
// that it will not be done, is dropped.
func (c *Call) do(now time.Time, w Work) {
	if d, ok := w.(Droppable); ok && c.over {
		d.Dropped()
		return
	}
	w.Do(c, now)
	c.drain(now)
}

// wait sleeps until there is work or a timer is due.
func (c *Call) wait(timer *time.Timer, now time.Time) {
	d := time.Hour
	if t, ok := c.deadline(); ok {
		d = t.Sub(now)
	}
	timer.Reset(d)
	select {
	case <-c.inbox.wake:
	case <-timer.C:
	}
}

func (c *Call) deadline() (time.Time, bool) {
	next, _ := c.machine.Deadline()
	for _, l := range c.legs {
		if l == nil {
			continue
		}
		if t, ok := l.Deadline(); ok {
			next = earliest(next, t)
		}
	}
	return next, !next.IsZero()
}

func (c *Call) tick(now time.Time) {
	for _, l := range c.legs {
		if l == nil {
			continue
		}
		if t, ok := l.Deadline(); ok && !now.Before(t) {
			l.Tick(now)
		}
	}
	if t, ok := c.machine.Deadline(); ok && !now.Before(t) {
		c.tellMachine(Timer{})
	}
}

// drain steps the machine with everything it has been told. What its actions
// bring about is queued behind, so a step is never begun inside another.
func (c *Call) drain(now time.Time) {
	for i := 0; i < len(c.pending) && !c.over; i++ {
		for _, a := range c.machine.Step(now, c.pending[i]) {
			c.perform(now, a)
		}
	}
	clear(c.pending)
	c.pending = c.pending[:0]
}

// perform carries out one action.
func (c *Call) perform(now time.Time, a Action) {
	switch a := a.(type) {
	case Tell:
		if l := c.leg(a.Participant); l != nil {
			l.Do(now, a.Command)
		}
	case Locate:
		if targets, failed, known := c.env.Dialer.Locate(now, c, a); known {
			c.tellMachine(c.ready(a.Attempt, targets, failed))
		}
	case Dial:
		c.dial(now, a)
	case Forward:
		c.tellMachine(Forwarded{Hop: a.Hop, Decision: c.env.Plan.Forward(a.Request, a.Forwarding)})
	case Direct, CallBack:
		c.direct(a)
	case AskTransferee:
		c.askTransferee(a)
	case Fetch:
		c.fetch(a)
	case Give:
		c.give(now, a.Participant)
	case Bring:
		c.bring(a)
	case RefuseBring:
		c.refuseBring(a)
	case GiveHunt:
		c.giveHunt(now, a)
	case Keep:
		c.keep(a)
	case Connect:
		c.connect(a)
	case Key:
		c.key(a)
	case Hear:
		c.hear(now, a)
	case StartRecording:
		c.startRecording(now, a)
	case CutRecording:
		c.cutRecording(now, a)
	case EndRecording:
		c.endRecording(now)
	case Load:
		c.load(a)
	case Unload:
		c.unload(a.Number)
	case Shut:
		c.shut(now, a.Participant)
	case MeasureMedia:
		c.tellMachine(c.media.measure(now))
	case CheckMedia:
		c.tellMachine(Heard{Last: c.media.lastHeard()})
	case Emit:
		c.env.Publish(a.Event)
	case Forget:
		c.over = true
	}
}

func (c *Call) leg(participant int) Leg {
	if participant < 1 || participant > len(c.legs) {
		return nil
	}
	return c.legs[participant-1]
}

// Located brings what a Dialer has looked up for an attempt, from any goroutine.
func (c *Call) Located(attempt int, targets []Target, failed event.Cause) {
	c.Post(located{attempt, targets, failed})
}

type located struct {
	attempt int
	targets []Target
	failed  event.Cause
}

func (l located) Do(c *Call, _ time.Time) { c.tellMachine(c.ready(l.attempt, l.targets, l.failed)) }

// ready opens media for each target of an attempt.
func (c *Call) ready(attempt int, targets []Target, failed event.Cause) Located {
	ready := Located{Attempt: attempt, Failed: failed}
	first := len(c.machine.participants) + 1
	for i, t := range targets {
		local, err := c.media.open(c.env.Ports, first+i, t.Local)
		if err != nil {
			c.env.Log.Error("no media for the callee", "call", c.id, "target", t.Name, "err", err)
			ready.Failed = event.Cause{Status: 503, Q850: 34, By: event.PartyGateway, Text: "no media port is free"}
			break
		}
		t.Media, t.Keys = local, c.keys(t.SRTP)
		ready.Targets = append(ready.Targets, t)
	}
	return ready
}

func (c *Call) connect(a Connect) {
	c.listen(a.Participant)
	security, err := c.securityOf(a)
	if err == nil {
		err = c.media.connect(a, security)
	}
	if err != nil {
		c.env.Log.Warn("media not connected", "call", c.id, "participant", a.Participant, "err", err)
	}
}

func (c *Call) shut(now time.Time, participant int) {
	if s, ok := c.media.shut(now, participant); ok {
		c.env.Publish(event.MediaEnded{
			Header: event.Header{Call: c.id, At: now}, Participant: participant, Stream: s,
		})
	}
}

// dial makes a leg. Its place is taken first: a leg may report while it is made.
func (c *Call) dial(now time.Time, a Dial) {
	for len(c.legs) < a.Participant {
		c.legs = append(c.legs, nil)
	}
	c.legs[a.Participant-1] = c.env.Dialer.Dial(now, c, a)
}

// forget is the end of the goroutine. Media that was opened for a target which
// came when all was over goes with it.
func (c *Call) forget() {
	c.endRecording(time.Now())
	if c.die != nil {
		c.die()
	}
	c.media.closeAll()
	c.inbox.close()
	c.env.Forget(c)
}

// survive ends a call that failed inside, for everybody and with its record: one
// bad message must not take other calls with it.
func (c *Call) survive() {
	r := recover()
	if r == nil {
		return
	}
	c.env.Log.Error("call failed inside; this is a bug", "call", c.id,
		"err", fmt.Sprint(r), "stack", string(debug.Stack()))
	now := time.Now()
	cause := event.Cause{Status: 500, Q850: 41, By: event.PartyGateway, Text: "internal error"}
	for i, l := range c.legs {
		if l != nil {
			c.abandon(now, i+1, cause)
		}
		c.shut(now, i+1)
	}
	if c.machine.state != 0 { // else it has not begun for anybody
		c.env.Publish(event.CallEnded{
			Header: event.Header{Call: c.id, At: now}, Answered: c.machine.answered, Ended: now, Cause: cause,
		})
	}
}

// abandon tells a leg once that its call has failed: it may be the leg that did.
// Of the caller's two commands its leg ignores the one that does not fit it.
func (c *Call) abandon(now time.Time, participant int, cause event.Cause) {
	defer func() {
		if r := recover(); r != nil {
			c.env.Log.Error("leg not ended", "call", c.id, "participant", participant, "err", fmt.Sprint(r))
		}
	}()
	if participant == callerID {
		c.leg(participant).Do(now, Refuse{Cause: cause})
	}
	c.leg(participant).Do(now, Hangup{Cause: cause})
}

// Participants is how many there have been, with or without a leg.
func (c *Call) Participants() int { return max(len(c.legs), len(c.machine.participants)) }

// Leg gives a participant's leg, nil when there is none. It is called on the
// call's goroutine.
func (c *Call) Leg(participant int) Leg { return c.leg(participant) }
