package bridge

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sdp"
)

// world is a machine with legs that behave as legs may, in any order: each says at
// most once that it was answered or refused, goes when it is told or by itself,
// may say things that have crossed what it was told, and releases itself at last.
type world struct {
	t        *rapid.T
	machine  *Machine
	audit    *audit
	now      time.Time
	legs     map[int]*worldLeg
	locates  []Locate    // not answered yet
	forwards []Forward   // not answered yet
	checks   int         // CheckMedia not answered yet
	measures int         // MeasureMedia not answered yet
	directs  int         // Direct and CallBack not answered yet
	fetches  int         // Fetch not answered yet
	brings   int         // Bring not answered yet
	asks     int         // AskTransferee not answered yet
	gave     *GiveHunt   // the hunt that another call has taken over
	given    []*worldLeg // the legs that it has
	happened []string
	seen     census
}

// worldLeg is one leg as the world plays it.
type worldLeg struct {
	phase    legWorldPhase
	final    bool // it has said Answered, Refused or HungUp
	version  int
	last     *sdp.Description // its last description
	offering bool             // its offer waits for a reply
	bare     bool             // its offer has no description: it asks for one
	asked    bool             // an offer of the machine waits for its answer
	relays   relaying         // what it has said of a transfer that it does itself
}

// relaying is how far a leg is with a Refer.
type relaying int

const (
	relaysNothing relaying = iota
	relayAsked
	relayAccepted
)

// legWorldPhase is what a leg is in: it calls, or is called; it talks; it goes.
type legWorldPhase int

const (
	legCalls legWorldPhase = iota
	legTalks
	legGoes
	legGone
)

func newWorld(t *rapid.T) *world { return newWorldAt(t, begun, "call") }

func newWorldAt(t *rapid.T, now time.Time, id string) *world {
	w := &world{t: t, audit: newAudit(), now: now, legs: map[int]*worldLeg{}}
	w.machine = NewMachine(id, &Limits{
		Silence: rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(t, "silence"),
		Quality: rapid.SampledFrom([]time.Duration{0, 0, 5 * time.Second}).Draw(t, "quality"),
	})
	d := plan(w.attempts())
	d.Ringback = rapid.SampledFrom([]dialplan.Ringback{dialplan.RingbackAuto, dialplan.RingbackLocal, dialplan.RingbackPass}).Draw(t, "ringback")
	d.AttemptTimeout = rapid.SampledFrom([]time.Duration{0, 4 * time.Second}).Draw(t, "attempt timeout")
	caller := &worldLeg{}
	w.legs[callerID] = caller
	var offer *sdp.Description
	if rapid.IntRange(0, 3).Draw(t, "offer") > 0 {
		offer = w.description(callerID)
	}
	w.machine.limits.Transfer = Transfers{
		Recall:        Recall{Kind: rapid.SampledFrom([]RecallKind{RecallBack, RecallEnd, RecallTo}).Draw(t, "recall"), To: "dave"},
		EndUnanswered: rapid.Bool().Draw(t, "end unanswered"),
	}
	from := alice(offer)
	from.MaxForwards = rapid.IntRange(1, 8).Draw(t, "max-forwards")
	from.MaxBreadth = rapid.SampledFrom([]int{0, 1, 2, 60}).Draw(t, "max-breadth")
	from.Transfers = w.way()
	w.step(Arrived{Caller: from, Decision: d})
	return w
}

// roll draws a number below n, each as likely as the others: a range of rapid's prefers
// the small ones, and no call would live long.
func (w *world) roll(n int, label string) int {
	return rapid.Custom(func(t *rapid.T) (v int) {
		for range 7 {
			v *= 2
			if rapid.Bool().Draw(t, "bit") {
				v++
			}
		}
		return v % n
	}).Draw(w.t, label)
}

// attempts draws where a call leads, with users that forward for all reasons.
func (w *world) attempts() string {
	list := []string{
		"trunk carrier", "user bob", "trunk carrier, trunk backup", "user bob, trunk carrier, trunk backup",
		"user bob always>carol", "user bob busy>carol", "user bob no-answer>+14255550177 busy>486",
		"user bob busy>bob no-answer>bob unavailable>bob", "user bob unavailable>carol, trunk backup",
		"user bob always>603",
	}
	return list[w.roll(len(list), "attempts")]
}

// description draws one for a participant: often the last one again.
func (w *world) description(id int) *sdp.Description {
	l := w.legs[id]
	if l.last != nil && rapid.IntRange(0, 2).Draw(w.t, "again") == 0 {
		return l.last
	}
	l.version++
	words := []string{fmt.Sprintf("v%d", l.version)}
	words = append(words, w.codecs()...)
	words = append(words, rapid.SampledFrom([][]string{
		nil, nil, {"sendonly"}, {"recvonly"}, {"inactive"}, {"c=0"}, {"@6000"},
	}).Draw(w.t, "direction")...)
	l.last = describe(id, words)
	return l.last
}

// codecs draws those of a description: mostly some that everybody has.
func (w *world) codecs() []string {
	list := [][]string{
		{"te"}, {"port0"}, {"G722"}, {"PCMA", "PCMU"}, {"PCMU", "PCMA", "te/96"}, {"PCMU", "te"}, {"PCMU", "te"},
	}
	if i := w.roll(20, "codecs"); i < len(list) {
		return list[i]
	}
	return []string{"PCMU"}
}

// rarely is what may happen at any time and ends what might have been.
func (w *world) rarely() bool { return w.roll(6, "rarely") == 0 }

// step lets the machine take an event, and plays what it wants.
func (w *world) step(e Event) {
	w.happened = append(w.happened, fmt.Sprintf("%T %+v", e, e))
	actions := w.machine.Step(w.now, e)
	_, next := w.machine.Deadline()
	w.audit.step(e, actions, next)
	w.seen.note(w.machine, actions)
	w.reach(actions)
	for _, a := range actions {
		switch a := a.(type) {
		case Locate:
			w.locates = append(w.locates, a)
		case Forward:
			w.forwards = append(w.forwards, a)
		case Dial:
			w.legs[a.Participant] = &worldLeg{}
		case CheckMedia:
			w.checks++
		case MeasureMedia:
			w.measures++
		case Direct, CallBack:
			w.directs++
		case Fetch:
			w.fetches++
		case Bring:
			w.brings++
		case AskTransferee:
			w.asks++
		case Give:
			w.legs[a.Participant] = &worldLeg{phase: legGoes, final: true}
		case GiveHunt:
			w.gives(a)
		case Tell:
			w.told(a)
		}
	}
	w.invariants(next)
	if len(w.audit.faults) > 0 {
		w.t.Fatalf("%s\nafter\n%s", strings.Join(w.audit.faults, "\n"), strings.Join(w.happened, "\n"))
	}
}

// reach checks what the INVITEs of a step say of how far and how wide they may go.
func (w *world) reach(actions []Action) {
	dials, sum, came := 0, 0, w.machine.reach.breadth
	for _, a := range actions {
		d, ok := a.(Dial)
		if !ok {
			continue
		}
		dials, sum = dials+1, sum+d.MaxBreadth
		if d.MaxForwards < 0 || d.MaxForwards >= w.machine.reach.forwards || d.MaxBreadth == 0 && came > 0 {
			w.audit.fault("an INVITE may go %d hops and be %d wide, of %+v", d.MaxForwards, d.MaxBreadth, w.machine.reach)
		}
	}
	if came == 0 {
		came = usualBreadth
	}
	if sum > came || dials > 1 && sum < dials {
		w.audit.fault("%d INVITEs share a Max-Breadth of %d as %d", dials, came, sum)
	}
}

func (w *world) told(a Tell) {
	l := w.legs[a.Participant]
	if l == nil {
		w.audit.fault("participant %d is told %T before it is dialled", a.Participant, a.Command)
		return
	}
	switch a.Command.(type) {
	case Refuse, Hangup:
		l.phase = max(l.phase, legGoes)
	case Answer:
		l.phase = max(l.phase, legTalks)
		l.asked = w.machine.participant(a.Participant).offered == nil
	case Refer:
		l.relays = relayAsked
	case Offer:
		if l.asked {
			w.audit.fault("participant %d is offered while it answers another offer", a.Participant)
		}
		l.asked = true
	case AcceptOffer, RefuseOffer:
		if !l.offering && l.phase == legTalks {
			w.audit.fault("participant %d has offered nothing and is told %T", a.Participant, a.Command)
		}
		if _, accepted := a.Command.(AcceptOffer); accepted && l.bare {
			l.asked = true // the answer comes in the ACK
		}
		l.offering, l.bare = false, false
	}
}

// invariants are those that audit cannot know.
func (w *world) invariants(next bool) {
	state := w.machine.State()
	if state >= event.CallDisconnecting || state == 0 {
		return
	}
	waiting := next || len(w.locates) > 0 || len(w.forwards) > 0 || w.checks > 0 || w.directs > 0 || w.fetches > 0 || w.brings > 0
	if !w.audit.answered && !waiting {
		w.audit.fault("nothing will ever end this call")
	}
	if w.audit.answered && w.machine.limits.Silence > 0 && !waiting {
		w.audit.fault("nobody watches for silence")
	}
	if w.audit.answered && !w.machine.hunting() && w.machine.transfer.phase == transferIdle && w.talking() < 2 {
		w.audit.fault("somebody is left with nobody")
	}
	for id, l := range w.legs {
		if l.phase == legTalks && l.offering && w.machine.exchange.phase == exchangeIdle {
			w.audit.fault("the offer of participant %d is never answered", id)
		}
	}
}

// move lets one thing happen.
func (w *world) move() {
	kind := w.roll(12, "move")
	switch {
	case kind == 0:
		w.timer()
	case kind == 1 && w.rarely() && w.rarely():
		status := rapid.SampledFrom([]int{200, 500, 503}).Draw(w.t, "status")
		w.step(Stop{Cause: event.Cause{Status: status, Q850: 41, By: event.PartyGateway}})
	case kind <= 3 && len(w.locates) > 0:
		w.locate()
	case kind <= 3 && len(w.forwards) > 0:
		w.forward()
	case kind <= 3 && w.transfers():
	case kind == 6 && rapid.IntRange(0, 3).Draw(w.t, "crowd") == 0:
		w.crowd()
	case kind == 7 && rapid.IntRange(0, 2).Draw(w.t, "playing") == 0:
		w.plays()
	case kind == 7:
		w.speaks()
	case kind == 6 && rapid.IntRange(0, 9).Draw(w.t, "stays") == 0:
		w.stays()
	case kind == 6 && w.rarely() && w.rarely():
		w.surrenders()
	case kind == 5 && rapid.IntRange(0, 9).Draw(w.t, "replaces") == 0 && w.machine.State() < event.CallDisconnected:
		w.replaces()
	case kind == 4 && w.checks > 0:
		w.checks--
		ago := time.Duration(rapid.IntRange(0, 100).Draw(w.t, "ago")) * time.Second
		who := rapid.SampledFrom(w.ids()).Draw(w.t, "who")
		w.step(Heard{Last: map[int]time.Time{who: w.now.Add(-ago)}})
	case kind == 4 && w.measures > 0:
		w.measured(map[int]time.Time{rapid.SampledFrom(w.ids()).Draw(w.t, "heard"): w.now})
	default:
		ids := w.ids()
		w.report(ids[w.roll(len(ids), "participant")])
	}
}

// ids are the participants with legs, in order: a draw must not depend on a map's.
func (w *world) ids() (ids []int) {
	for id := 1; id <= len(w.machine.participants); id++ {
		if w.legs[id] != nil {
			ids = append(ids, id)
		}
	}
	return ids
}

func (w *world) timer() {
	at, ok := w.machine.Deadline()
	switch {
	case ok && rapid.Bool().Draw(w.t, "in time"):
		if at.After(w.now) {
			w.now = at
		}
	default:
		w.now = w.now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(w.t, "ms")) * time.Millisecond)
	}
	w.step(Timer{})
}

// locate answers a Locate, sometimes when it is long over.
func (w *world) locate() {
	l := w.locates[0]
	w.locates = w.locates[1:]
	e := Located{Attempt: l.Attempt}
	for i := range w.roll(4, "targets") {
		to := target(fmt.Sprintf("phone%d", i), len(w.machine.participants)+1+i)
		to.Transfers = w.way()
		e.Targets = append(e.Targets, to)
	}
	if len(e.Targets) == 0 {
		e.Failed = event.Cause{Status: rapid.SampledFrom([]int{480, 503}).Draw(w.t, "failed"), By: event.PartyGateway}
	}
	w.step(e)
}

// forward answers a Forward: with attempts, of users that forward in their turn, or
// with a refusal.
func (w *world) forward() {
	f := w.forwards[0]
	w.forwards = w.forwards[1:]
	d := plan(w.attempts())
	d.Diversion = dialplan.Diversion{By: f.Forwarding.By}
	if w.roll(4, "refused") == 0 {
		d = dialplan.Decision{Refusal: &dialplan.Refusal{
			Status: rapid.SampledFrom([]int{403, 404, 482}).Draw(w.t, "status"), Text: "not there",
		}}
	}
	w.step(Forwarded{Hop: f.Hop, Decision: d})
}

// report has a leg say something that its phase allows, or that has crossed what
// it was told.
func (w *world) report(id int) {
	l := w.legs[id]
	var r Report
	switch l.phase {
	case legCalls:
		r = w.callingReport(id, l)
	case legTalks:
		r = w.talkingReport(id, l)
	case legGoes:
		r = w.goingReport(id, l)
	case legGone:
		r = rapid.SampledFrom([]Report{Trying{}, Released{}, HungUp{}, Ringing{Status: 180}}).Draw(w.t, "late")
	}
	if r != nil {
		w.step(Reported{Participant: id, Report: r})
	}
}

func (w *world) status() event.Cause {
	return event.Cause{Status: rapid.SampledFrom([]int{302, 401, 404, 408, 480, 486, 500, 501, 503, 603}).Draw(w.t, "status")}
}

func (w *world) callingReport(id int, l *worldLeg) Report {
	kind := w.roll(10, "says")
	switch {
	case id == callerID && kind == 0 && w.rarely():
		return l.leaves(HungUp{Cause: event.Cause{Status: 487}})
	case id == callerID:
		return nil
	case kind == 0:
		return Trying{}
	case kind == 1:
		l.offering = true // UPDATE
		return Offered{SDP: w.description(id)}
	case kind <= 3:
		return Ringing{Status: 180}
	case kind <= 5:
		return Ringing{Status: 183, SDP: w.description(id)}
	case kind <= 7:
		l.phase, l.final = legTalks, true
		return Answered{SDP: w.description(id)}
	case kind == 8 && rapid.IntRange(0, 3).Draw(w.t, "vanishes") == 0:
		l.phase = legGone
		return Released{}
	case kind == 8:
		return l.leaves(HungUp{Cause: event.Cause{Status: 408}})
	}
	return l.leaves(Refused{Cause: w.status()})
}

func (l *worldLeg) leaves(r Report) Report {
	l.phase, l.final = legGoes, true
	return r
}

func (w *world) talkingReport(id int, l *worldLeg) Report {
	kind := w.roll(10, "says")
	switch {
	case kind == 0 && (w.rarely() || w.hasReferred(id)):
		return l.leaves(HungUp{Cause: event.Cause{Status: 200, Q850: 16}})
	case l.asked && kind <= 5:
		l.asked = false
		return OfferAnswered{SDP: w.description(id)}
	case l.asked && kind == 6:
		l.asked = false
		return OfferRefused{Cause: w.status()}
	case l.offering && kind == 7:
		l.offering = false
		return OfferWithdrawn{}
	case l.relays != relaysNothing && kind <= 5:
		return w.relayed(l)
	case kind == 8 && rapid.Bool().Draw(w.t, "refers"):
		return w.refers(id)
	case l.offering || kind < 5:
		return nil
	case kind == 9:
		l.offering, l.bare = true, true
		return Offered{}
	}
	l.offering = true
	return Offered{SDP: w.description(id)}
}

// goingReport is what may still come from a leg on its way out: what was under way
// when it was told, and Released.
func (w *world) goingReport(id int, l *worldLeg) Report {
	kind := w.roll(10, "says")
	switch {
	case kind <= 2:
		l.phase = legGone
		return Released{}
	case l.final:
		return rapid.SampledFrom([]Report{Trying{}, OfferWithdrawn{}, Changed{SDP: w.description(id)}, OfferRefused{}, HungUp{Cause: event.Cause{Status: 200}}}).Draw(w.t, "late")
	case id == callerID:
		l.final = true
		return HungUp{Cause: event.Cause{Status: 487}}
	case kind == 3:
		return Ringing{Status: 183, SDP: w.description(id)}
	case kind <= 6:
		l.final = true
		return Refused{Cause: event.Cause{Status: 487}}
	}
	l.final = true
	return Answered{SDP: w.description(id)}
}

// finish ends the call by what ends every call, and looks that nothing is left.
func (w *world) finish() {
	w.step(Stop{Cause: event.Cause{Status: 503, Q850: 41, By: event.PartyGateway}})
	for len(w.locates) > 0 {
		w.locate()
	}
	for len(w.forwards) > 0 {
		w.forward()
	}
	for w.transfers() {
	}
	for _, id := range rapid.Permutation(w.ids()).Draw(w.t, "order") {
		w.legs[id].phase = legGone
		w.step(Reported{Participant: id, Report: Released{}})
	}
	if w.audit.forgot != 1 || w.machine.State() != event.CallDisconnected {
		w.t.Fatalf("forgotten %d times, in state %v\nafter\n%s",
			w.audit.forgot, w.machine.State(), strings.Join(w.happened, "\n"))
	}
	for range 10 {
		w.move() // audit minds every action
	}
}

// TestAnyOrderOfEvents is the promise of DESIGN.md: whatever the order of events,
// one final state, one cause, each leg ended once, no billing before an answer.
func TestAnyOrderOfEvents(t *testing.T) {
	often(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(0, 80).Draw(t, "moves") {
			w.move()
		}
		w.finish()
	})
}

// TestTimersEndEveryCall: a call that everybody has left without a word ends by
// timers alone, when its legs do as they are told.
func TestTimersEndEveryCall(t *testing.T) {
	often(t, func(t *rapid.T) {
		w := newWorld(t)
		w.machine.limits.Silence = time.Minute
		for range rapid.IntRange(0, 30).Draw(t, "moves") {
			w.move()
		}
		if w.machine.State() == event.CallLocalHold || w.machine.State() == event.CallRemoteHold {
			t.Skip("a call on hold may be silent for ever")
		}
		if w.audit.answered && w.machine.silence.checkAt.IsZero() && w.checks == 0 {
			t.Skip("it was answered before the limit was set")
		}
		for i := 0; i < 2000 && w.audit.forgot == 0; i++ { // ringing is looked at five times a second
			w.timersOnly()
		}
		if w.audit.forgot != 1 {
			t.Fatalf("in state %v, forgotten %d times\nafter\n%s",
				w.machine.State(), w.audit.forgot, strings.Join(w.happened, "\n"))
		}
	})
}

// often checks a property some hundred times: a world is cheap, and its corners
// are many.
func often(t *testing.T, property func(*rapid.T)) {
	for range 5 {
		if rapid.Check(t, property); t.Failed() {
			return
		}
	}
}

// timersOnly is a world in which legs do as they are told and nobody says anything.
func (w *world) timersOnly() {
	for _, id := range w.ids() {
		switch l := w.legs[id]; {
		case l.phase == legGoes:
			l.phase = legGone
			w.step(Reported{Participant: id, Report: Released{}})
		case l.relays != relaysNothing && l.phase == legTalks:
			w.step(Reported{Participant: id, Report: l.relayTimesOut()})
		}
	}
	if len(w.locates) > 0 {
		w.locate()
	}
	if len(w.forwards) > 0 {
		w.forward()
	}
	w.transfers()
	if w.checks > 0 {
		w.checks--
		w.step(Heard{})
	}
	if w.measures > 0 {
		w.measured(nil)
	}
	if at, ok := w.machine.Deadline(); ok {
		if at.After(w.now) {
			w.now = at
		}
		w.step(Timer{})
	}
}
