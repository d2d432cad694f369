package bridge

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/event"
)

// legalCall is the diagram above event.CallState as a table. A call that both
// sides hold goes from one hold to the other when the one that is shown resumes.
var legalCall = map[event.CallState][]event.CallState{
	event.CallIncoming: {event.CallConnecting, event.CallDisconnecting},
	event.CallConnecting: {
		event.CallRinging, event.CallEarlyMedia, event.CallConnected, event.CallDisconnecting,
	},
	event.CallRinging:       {event.CallEarlyMedia, event.CallConnected, event.CallDisconnecting},
	event.CallEarlyMedia:    {event.CallConnected, event.CallDisconnecting},
	event.CallConnected:     {event.CallLocalHold, event.CallRemoteHold, event.CallDisconnecting},
	event.CallLocalHold:     {event.CallConnected, event.CallRemoteHold, event.CallDisconnecting},
	event.CallRemoteHold:    {event.CallConnected, event.CallLocalHold, event.CallDisconnecting},
	event.CallInLobby:       {event.CallConnected, event.CallDisconnecting},
	event.CallDisconnecting: {event.CallDisconnected},
}

// legalParticipant is the diagram above event.ParticipantState.
var legalParticipant = map[event.ParticipantState][]event.ParticipantState{
	event.ParticipantIdle: {event.ParticipantConnecting, event.ParticipantConnected, event.ParticipantDisconnected},
	event.ParticipantConnecting: {
		event.ParticipantRinging, event.ParticipantEarlyMedia, event.ParticipantConnected, event.ParticipantDisconnected,
	},
	event.ParticipantRinging: {
		event.ParticipantEarlyMedia, event.ParticipantConnected, event.ParticipantDisconnected,
	},
	event.ParticipantEarlyMedia: {event.ParticipantConnected, event.ParticipantDisconnected},
	event.ParticipantConnected:  {event.ParticipantHold, event.ParticipantDisconnected},
	event.ParticipantHold:       {event.ParticipantConnected, event.ParticipantDisconnected},
	event.ParticipantInLobby:    {event.ParticipantConnected, event.ParticipantDisconnected},
}

// audit holds every step of a machine against what must be true of any call,
// whatever happens in it. It knows the machine by its events and actions alone.
type audit struct {
	faults   []string
	call     event.CallState
	cause    event.Cause
	closed   time.Time // when the call began to end
	parties  map[int]*audited
	attempts map[int]*try
	answered bool // the caller was told Answer
	hops     int  // Forwards asked
	asking   bool // one is under way
	// transferring: a transfer is under way; transferred: there has been one.
	transferring, transferred bool
	ended                     int
	forgot                    int
	recording                 event.RecordingState
	playbacks                 map[int]event.PlaybackState // those that are not over
}

// audited is what is known of one participant.
type audited struct {
	state                           event.ParticipantState
	opened, shut, connected, talked bool
	refers                          bool // it has transferred: its leg may go on for that
	arrived                         bool // it called by itself, in a call that was there
	alive                           bool // there is a leg: the caller's, or a dialled one
	told                            int  // Refuse and Hangup
	left                            bool // it has ended by itself before it was told
	released                        bool
	speaks                          bool
}

// try is one attempt of the events.
type try struct{ started, ended int }

func newAudit() *audit {
	return &audit{parties: map[int]*audited{}, attempts: map[int]*try{}}
}

func (a *audit) fault(format string, args ...any) {
	a.faults = append(a.faults, fmt.Sprintf(format, args...))
}

func (a *audit) party(id int) *audited {
	if a.parties[id] == nil {
		a.parties[id] = &audited{state: event.ParticipantIdle}
	}
	return a.parties[id]
}

// step checks one step. next is the machine's deadline after it.
func (a *audit) step(ev Event, actions []Action, next bool) {
	if a.forgot > 0 && len(actions) > 0 {
		a.fault("%T after the end made %d actions, the first %T", ev, len(actions), actions[0])
	}
	a.take(ev)
	for i, act := range actions {
		a.action(act)
		if _, last := act.(Forget); last && i != len(actions)-1 {
			a.fault("Forget is followed by %T", actions[i+1])
		}
	}
	if a.call >= event.CallDisconnecting {
		a.everybodyKnows()
		if next && !a.recordingOn() { // but for that which waits for its files
			a.fault("a timer runs in a call that ends")
		}
	}
}

// take notes what the event says of a leg or of opened media.
func (a *audit) take(ev Event) {
	switch ev := ev.(type) {
	case Arrived:
		if len(a.parties) == 0 {
			p := a.party(callerID)
			p.state, p.alive, p.opened = event.ParticipantConnecting, true, ev.Caller.Media.IsValid()
			a.call = event.CallIncoming
		}
	case Located:
		for range ev.Targets {
			a.party(len(a.parties) + 1).opened = true
		}
	case Replacing:
		*a.party(len(a.parties) + 1) = audited{state: event.ParticipantIdle, alive: true, opened: true, arrived: true}
	case Fetched:
		*a.party(len(a.parties) + 1) = audited{state: event.ParticipantIdle, alive: true, opened: true, connected: true}
	case HuntFetched:
		for _, p := range ev.parties {
			*a.party(len(a.parties) + 1) = audited{state: event.ParticipantIdle, alive: true, opened: true, connected: len(p.stream.Formats) > 0}
		}
	case Add:
		a.transferred = true
	case Forwarded:
		a.asking = a.asking && ev.Hop != a.hops
	case Reported:
		p := a.parties[ev.Participant]
		if p == nil {
			return
		}
		switch ev.Report.(type) {
		case Referred:
			p.refers = true
		case HungUp, Refused:
			p.left = p.left || p.told == 0
		case Released:
			p.left = p.left || p.told == 0
			p.released = true
		}
	}
}

func (a *audit) action(act Action) {
	switch act := act.(type) {
	case Tell:
		a.tell(act)
	case Locate:
		a.notEnding(act)
	case Dial:
		a.notEnding(act)
		p := a.party(act.Participant)
		if p.alive {
			a.fault("participant %d is dialled twice", act.Participant)
		}
		p.alive = true
	case Forward:
		a.forward(act)
	case Give:
		a.given(act.Participant)
	case GiveHunt:
		for _, p := range act.parties {
			a.given(p.id)
		}
	case Connect:
		a.connect(act)
	case Hear:
		a.hear(act)
	case Shut:
		p := a.party(act.Participant)
		if p.shut {
			a.fault("participant %d is shut twice", act.Participant)
		}
		p.shut = true
	case Emit:
		a.emit(act.Event)
	case Forget:
		a.forgot++
		for id, p := range a.parties {
			if p.alive && !p.released {
				a.fault("participant %d when the call is forgotten: %+v", id, *p)
			}
		}
		if a.ended != 1 || a.forgot != 1 {
			a.fault("Forget %d, CallEnded %d", a.forgot, a.ended)
		}
	}
}

// given notes a party that is another call's.
func (a *audit) given(id int) {
	p := a.party(id)
	p.left, p.released, p.shut = true, true, true
}

// forward checks that a call is handed on by one user at a time, and while nothing
// rings any more.
func (a *audit) forward(f Forward) {
	a.notEnding(f)
	if a.hops++; a.asking || a.answered && !a.transferred || f.Hop != len(f.Forwarding.History)+1 || f.Forwarding.To.Status != 0 {
		a.fault("forwarded for the %d. time (one is under way: %v, answered: %v): %+v", a.hops, a.asking, a.answered, f)
	}
	a.asking, a.hops = true, f.Hop
	for id, p := range a.parties {
		if id != callerID && p.alive && p.told == 0 && !p.left && !p.talked {
			a.fault("participant %d is still called when the call is handed on", id)
		}
	}
}

func (a *audit) notEnding(act any) {
	if a.call >= event.CallDisconnecting {
		a.fault("%T in state %v", act, a.call)
	}
}

func (a *audit) tell(t Tell) {
	p := a.party(t.Participant)
	switch {
	case !p.alive:
		a.fault("participant %d has no leg and is told %T", t.Participant, t.Command)
	case p.released:
		a.fault("participant %d is released and is told %T", t.Participant, t.Command)
	}
	switch c := t.Command.(type) {
	case Refuse:
		p.told++
		if !p.arrived && (t.Participant != callerID || a.answered) {
			a.fault("participant %d is refused (answered: %v)", t.Participant, a.answered)
		}
		if c.Cause.Status < 300 {
			a.fault("refused with status %d", c.Cause.Status)
		}
	case Hangup:
		p.told++
	case Answer:
		if !p.arrived && (t.Participant != callerID || a.answered) {
			a.fault("participant %d is told Answer (answered: %v)", t.Participant, a.answered)
		}
		a.answered = a.answered || t.Participant == callerID
		a.conversing(t, p)
	case RefuseOffer: // also when the call has just ended
	default:
		a.conversing(t, p)
	}
	if p.told > 1 || p.told == 1 && p.left {
		a.fault("participant %d is ended %d times, by itself: %v", t.Participant, p.told, p.left)
	}
}

// conversing checks a command that nobody should get who is on the way out. Who has hung up
// by itself may still be told what becomes of its REFER.
func (a *audit) conversing(t Tell, p *audited) {
	a.notEnding(t.Command)
	switch t.Command.(type) {
	case AcceptRefer, RefuseRefer, Notify:
		if p.told == 0 {
			return
		}
	}
	if p.told > 0 || p.left {
		a.fault("participant %d is leaving and is told %T", t.Participant, t.Command)
	}
}

func (a *audit) connect(c Connect) {
	p := a.party(c.Participant)
	if !p.opened || p.shut || len(c.Stream.Formats) == 0 {
		a.fault("participant %d connected: opened %v, shut %v, formats %v", c.Participant, p.opened, p.shut, c.Stream.Formats)
	}
	p.connected = true
}

// hear checks that a table speaks of participants with connected media only, and
// that nobody hears himself, or more than one where only two talk.
func (a *audit) hear(h Hear) {
	check := func(id int) {
		if _, sound := h.Sounds[id]; sound && id < 0 {
			return
		}
		if _, tap := h.Taps[id]; tap {
			return
		}
		if p := a.parties[id]; p == nil || !p.connected || p.shut {
			a.fault("hearing table speaks of participant %d: %+v", id, p)
		}
	}
	for listener, sources := range h.Table {
		check(listener)
		if n := len(sources); n > 1 && sources[n-1].Source == beepNumber {
			sources = sources[:n-1]
		}
		sources = a.besidesPlaybacks(listener, sources, h.Sounds)
		if len(sources) > 1 && a.talking() < 3 {
			a.fault("participant %d hears %v", listener, sources)
		}
		for _, s := range sources {
			check(s.Source)
			if s.Source == listener {
				a.fault("participant %d hears itself", listener)
			}
		}
	}
}

// talking counts those whose call stands.
func (a *audit) talking() (n int) {
	for _, p := range a.parties {
		if p.state == event.ParticipantConnected || p.state == event.ParticipantHold {
			n++
		}
	}
	return n
}

func (a *audit) emit(e event.Event) {
	if a.ended > 0 {
		a.fault("%T after CallEnded", e)
	}
	switch e := e.(type) {
	case event.CallStateChanged:
		a.enter(e)
	case event.ParticipantStateChanged:
		p := a.party(e.Participant)
		if p.state != e.From || !slices.Contains(legalParticipant[e.From], e.To) {
			a.fault("participant %d was %v and goes %v->%v", e.Participant, p.state, e.From, e.To)
		}
		if gone := e.To == event.ParticipantDisconnected; gone == e.Cause.IsZero() {
			a.fault("participant %d enters %v with cause %+v", e.Participant, e.To, e.Cause)
		}
		p.state, p.talked = e.To, p.talked || e.To == event.ParticipantConnected
	case event.TransferChanged:
		if a.transferring == (e.State == event.Transferring) && e.Kind != event.TransferRecall {
			a.fault("a transfer goes to %v, one was under way: %v", e.State, a.transferring)
		}
		a.transferring, a.transferred = e.State == event.Transferring, true
	case event.AttemptStarted:
		t := a.try(e.Attempt)
		if t.started++; t.started > 1 || t.ended > 0 {
			a.fault("attempt %d started %d times, ended %d", e.Attempt, t.started, t.ended)
		}
	case event.AttemptEnded:
		t := a.try(e.Attempt)
		if t.ended++; t.started != 1 || t.ended > 1 {
			a.fault("attempt %d started %d times, ended %d", e.Attempt, t.started, t.ended)
		}
		if a.call < event.CallConnecting || e.Cause.IsZero() {
			a.fault("attempt %d ends in state %v with cause %+v", e.Attempt, a.call, e.Cause)
		}
	case event.OneWayAudio:
		if p := a.party(e.Participant); p.state != event.ParticipantConnected || a.call != event.CallConnected {
			a.fault("participant %d is said to be silent, %v in a call that is %v", e.Participant, p.state, a.call)
		}
	case event.RecordingChanged:
		a.record(e)
	case event.PlaybackChanged:
		a.play(e)
	case event.SpeakingChanged:
		a.speech(e)
	case event.CallEnded:
		if a.recordingOn() {
			a.fault("the call has ended, and its recording has not: %v", a.recording)
		}
		if len(a.playbacks) > 0 {
			a.fault("the call has ended, and playbacks have not: %v", a.playbacks)
		}
		a.end(e)
	}
}

func (a *audit) try(n int) *try {
	if a.attempts[n] == nil {
		a.attempts[n] = &try{}
	}
	return a.attempts[n]
}

func (a *audit) enter(e event.CallStateChanged) {
	if a.call != e.From || !slices.Contains(legalCall[e.From], e.To) {
		a.fault("the call was %v and goes %v->%v", a.call, e.From, e.To)
	}
	ending := e.To >= event.CallDisconnecting
	if ending == e.Cause.IsZero() || !a.cause.IsZero() && a.cause != e.Cause {
		a.fault("the call enters %v with cause %+v, before it was %+v", e.To, e.Cause, a.cause)
	}
	if e.To == event.CallDisconnecting {
		a.closed = e.At
	}
	a.call, a.cause = e.To, e.Cause
}

func (a *audit) end(e event.CallEnded) {
	a.ended++
	switch {
	case a.call != event.CallDisconnected || e.Cause != a.cause || e.Cause.By == 0:
		a.fault("ended in state %v with %+v, said before %+v", a.call, e.Cause, a.cause)
	case !e.Ended.Equal(a.closed) || e.Answered.After(e.Ended):
		a.fault("answered %v, ended %v, its end began %v", e.Answered, e.Ended, a.closed)
	case e.Answered.IsZero() == a.answered:
		a.fault("answered at %v, the caller was told Answer: %v", e.Answered, a.answered)
	}
	for n, t := range a.attempts {
		if t.ended != 1 {
			a.fault("attempt %d ended %d times", n, t.ended)
		}
	}
	for id, p := range a.parties {
		givenUp := id != callerID && !p.talked && p.told > 0 || p.talked && p.left && p.refers
		if p.opened != p.shut && p.opened || p.alive && !p.released && !givenUp {
			a.fault("participant %d at the end: %+v", id, *p)
		}
	}
}

// everybodyKnows checks, when a call has begun to end, that every leg was told or
// has ended by itself.
func (a *audit) everybodyKnows() {
	for id, p := range a.parties {
		if p.alive && p.told == 0 && !p.left {
			a.fault("participant %d does not know that the call ends", id)
		}
	}
}

// report fails the test with what was found.
func (a *audit) report(t testing.TB) {
	t.Helper()
	if len(a.faults) > 0 {
		t.Errorf("what must be true of every call is not:\n\t%s", strings.Join(a.faults, "\n\t"))
	}
}

// begun is when the calls of these tests begin.
var begun = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
