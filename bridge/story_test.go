package bridge

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/sdp"
)

// A story is a call as text: lines at the margin are what happens, indented lines
// below are what the machine wants done because of it, all of it and in order.
//
//	alice calls with PCMU          a caller arrives; "with nothing" has no offer
//	found 1: carrier               where an attempt leads; "found 1: none 480 20" where nowhere
//	forwarded 1: user carol        what the dialplan makes of a forwarding; "refused 482 25"
//	2 rings 183 PCMU               reports of participant 2; further ones are below
//	wait 4s                        time goes by; timers that are due run
//
// "given" lines come first and say what the call is made with; "show" limits the
// lines that are compared to those that begin with one of its words, for stories
// about one thing. Every story is held against audit as well, shown or not.
type story struct {
	machine  *Machine
	limits   Limits
	decision dialplan.Decision
	// transfers is what those who are called do with a REFER.
	transfers TransferWay
	// digits is how they are told keys.
	digits KeyWay
	show   []string
	now    time.Time
	audit  *audit
	caller Caller   // what "given hops" and "given breadth" say of alice
	made   []string // what the machine wanted since the last event
}

// tell plays a story.
func tell(t *testing.T, text string) {
	t.Helper()
	s := &story{decision: plan("trunk carrier"), now: begun, audit: newAudit()}
	var expected []string
	event, line := "the beginning", 0
	compare := func() {
		t.Helper()
		got := s.made
		if strings.Join(got, "\n") != strings.Join(expected, "\n") {
			t.Errorf("after %q (line %d) the machine wanted\n\t\t%s\n\tand not\n\t\t%s",
				event, line, strings.Join(got, "\n\t\t"), strings.Join(expected, "\n\t\t"))
		}
		s.made, expected = nil, nil
	}
	text = strings.Trim(text, "\n")
	margin := text[:len(text)-len(strings.TrimLeft(text, "\t"))] // of the test around it
	for i, l := range strings.Split(text, "\n") {
		l = strings.TrimPrefix(l, margin)
		words := strings.Fields(l)
		switch {
		case len(words) == 0 || words[0][0] == '#':
		case l[0] == '\t':
			expected = append(expected, strings.Join(words, " "))
		default:
			compare()
			event, line = strings.Join(words, " "), i+1
			if err := s.happen(words); err != nil {
				t.Fatalf("line %d %q: %v", line, event, err)
			}
		}
	}
	compare()
	s.audit.report(t)
}

var errNotation = errors.New("this is no line of a story")

// happen lets one line happen.
func (s *story) happen(w []string) error {
	rest := func(n int) []string { return w[min(n, len(w)):] }
	switch w[0] {
	case "given":
		return s.given(rest(1))
	case "show":
		s.show = rest(1)
	case "alice":
		s.begin(rest(3))
	case "found":
		s.found(number(strings.TrimSuffix(w[1], ":")), rest(2))
	case "forwarded":
		s.forwarded(number(strings.TrimSuffix(w[1], ":")), rest(2))
	case "wait":
		return s.wait(w[1])
	case "directed":
		s.step(Directed{Decision: s.decided(w[1:])})
	case "key":
		return s.key(number(w[1]), rest(2))
	case "consent":
		s.step(Consented{No: w[1] == "no"})
	case "fetched":
		s.step(Fetched{party: s.stranger(w[1:])})
	case "add":
		s.step(Add{Request: dialplan.Request{Origin: dialplan.Party{Name: w[1]}, To: w[2]}})
	case "record", "pause", "resume", "unrecord", "recorded", "lost", "lacks":
		s.record(w)
	case "play", "unplay", "loaded", "played", "unheard":
		s.play(w)
	case "speaks", "falls":
		s.step(Spoke{Participant: number(w[1]), Speaking: w[0] == "speaks"})
	case "remove":
		s.step(Remove{Participant: number(w[1]), Cause: event.Cause{Status: 200, Q850: 16, By: event.PartyGateway, Text: "removed"}})
	case "replacing":
		s.step(s.replacing(number(w[1]), w[2], w[3:]))
	case "hunt":
		s.step(s.consultation(strings.Join(w[2:], " ")))
	case "unfetched":
		s.step(FetchFailed{Cause: event.Cause{Status: number(w[1])}})
	case "brought":
		s.step(Brought{Participant: number(w[1]), By: dialplan.Party{Name: w[2]}, From: "other", Transferor: 1})
	case "unbrought":
		s.step(BringFailed{Cause: event.Cause{Status: number(w[1])}})
	case "surrender":
		s.step(Surrender{Participant: number(w[1]), By: dialplan.Party{Name: w[2]}, Into: "other", Chain: "other", EarlyOnly: w[len(w)-1] == "early-only", Joins: w[len(w)-1] == "joins"})
	case "measured":
		s.measured(w[1:])
	case "heard":
		return s.heard(w[1], rest(3)...)
	case "stop":
		s.step(Stop{Cause: event.Cause{Status: number(w[1]), Q850: 41, By: event.PartyGateway, Text: "stopped"}})
	default:
		return s.report(number(w[0]), w[1], rest(2))
	}
	return nil
}

// given sets up the call: "given trunk carrier, user bob", "given ringing 30s".
func (s *story) given(w []string) (err error) {
	switch w[0] {
	case "trunk", "user":
		s.decision = plan(strings.Join(w, " "))
	case "refusal":
		s.decision.Attempts = nil
		s.decision.Refusal = &dialplan.Refusal{
			Status: number(w[1]), Q850: number(w[2]), Phrase: "Not Found", Warning: strings.Join(w[3:], " "),
		}
	case "ringing":
		s.decision.RingingTimeout, err = time.ParseDuration(w[1])
	case "attempt":
		s.decision.AttemptTimeout, err = time.ParseDuration(w[1])
	case "codecs":
		for _, name := range w[1:] {
			s.limits.Codecs = append(s.limits.Codecs, codecs[name])
		}
	case "recorded":
		s.limits.Recorded = recordedBy(w[1], w[2])
	case "music":
		s.limits.Hold = HoldMusic
	case "relays":
		s.transfers = TransferRelay
	case "digits":
		s.digits = map[string]KeyWay{"rfc4733": KeysEvents, "info": KeysInfo, "inband": KeysTones}[w[1]]
	case "quality":
		s.limits.Quality, err = time.ParseDuration(w[1])
	case "silence":
		s.limits.Silence, err = time.ParseDuration(w[1])
	case "ringback":
		s.decision.Country = w[2]
		s.decision.Ringback = map[string]dialplan.Ringback{
			"auto": dialplan.RingbackAuto, "local": dialplan.RingbackLocal, "pass": dialplan.RingbackPass,
		}[w[1]]
	case "hops":
		s.caller.MaxForwards = number(w[1])
	case "breadth":
		s.caller.MaxBreadth = number(w[1])
	default:
		err = errNotation
	}
	return err
}

func (s *story) begin(description []string) {
	if s.machine == nil {
		s.machine = NewMachine("call", &s.limits)
	}
	var offer *sdp.Description
	if description[0] != "nothing" {
		offer = describe(callerID, description)
	}
	caller := alice(offer)
	caller.MaxForwards, caller.MaxBreadth = cmp.Or(s.caller.MaxForwards, caller.MaxForwards), s.caller.MaxBreadth
	s.step(Arrived{Caller: caller, Decision: s.decision})
}

func (s *story) found(attempt int, names []string) {
	e := Located{Attempt: attempt}
	if names[0] == "none" {
		e.Failed = event.Cause{Status: number(names[1]), By: event.PartyGateway, Text: "not there"}
		if len(names) > 2 {
			e.Failed.Q850 = number(names[2])
		}
		names = nil
	}
	for i, n := range names {
		to := target(n, len(s.machine.participants)+1+i)
		to.Transfers, to.Digits = s.transfers, s.digits
		e.Targets = append(e.Targets, to)
	}
	s.step(e)
}

// forwarded answers a Forward.
func (s *story) forwarded(hop int, w []string) {
	d := dialplan.Decision{}
	if w[0] == "refused" {
		d.Refusal = &dialplan.Refusal{
			Status: number(w[1]), Q850: number(w[2]), Text: "no way", Warning: strings.Join(w[3:], " "),
		}
	} else {
		d = plan(strings.Join(w, " "))
		d.Callee = ""
		if asked := s.machine.forwarding.asked; asked != nil {
			d.Diversion.By = asked.By
		}
	}
	s.step(Forwarded{Hop: hop, Decision: d})
}

// wait lets time go by and runs the timers on their time.
func (s *story) wait(text string) error {
	d, err := time.ParseDuration(text)
	until := s.now.Add(d)
	for {
		at, ok := s.machine.Deadline()
		if !ok || at.After(until) {
			break
		}
		if at.After(s.now) {
			s.now = at
		}
		s.step(Timer{})
		if again, ok := s.machine.Deadline(); ok && again.Equal(at) {
			return errors.New("the timer has run and is still due")
		}
	}
	s.now = until
	return err
}

// heard answers check media: so long ago, or never; "heard 100ms of 2" names who was.
func (s *story) heard(ago string, who ...string) error {
	if ago == "nothing" {
		s.step(Heard{})
		return nil
	}
	d, err := time.ParseDuration(ago)
	last := map[int]time.Time{}
	for _, id := range append(who, "1")[:max(1, len(who))] {
		last[number(id)] = s.now.Add(-d)
	}
	s.step(Heard{Last: last})
	return err
}

// report is what a participant's leg says.
func (s *story) report(participant int, verb string, w []string) error {
	r, err := reportNamed(participant, verb, w)
	if err == nil {
		s.step(Reported{Participant: participant, Report: r})
	}
	return err
}

func reportNamed(participant int, verb string, w []string) (Report, error) {
	description := func(w []string) *sdp.Description {
		if len(w) == 0 || w[0] == "nothing" {
			return nil
		}
		return describe(participant, w)
	}
	status := func(usual int) event.Cause {
		if len(w) > 0 {
			usual = number(w[len(w)-1])
		}
		return event.Cause{Status: usual, Text: "its words"}
	}
	switch verb {
	case "tries":
		return Trying{}, nil
	case "rings":
		return Ringing{Status: number(w[0]), SDP: description(w[1:])}, nil
	case "answers":
		var who dialplan.Shown
		if i := slices.Index(w, "as"); i >= 0 {
			w, who = w[:i], dialplan.Shown{User: w[i+1]}
		}
		return Answered{SDP: description(w), Connected: who}, nil
	case "refuses":
		return Refused{Cause: status(0)}, nil
	case "offers":
		return Offered{SDP: description(w)}, nil
	case "agrees":
		return OfferAnswered{SDP: description(w)}, nil
	case "changes":
		return Changed{SDP: description(w)}, nil
	case "declines":
		return OfferRefused{Cause: status(488)}, nil
	case "withdraws":
		return OfferWithdrawn{}, nil
	case "cancels":
		return HungUp{Cause: status(487)}, nil
	case "refers":
		r := Referred{Request: dialplan.Request{Origin: dialplan.Party{Name: w[0]}, To: w[1]}, Target: w[1]}
		if len(w) > 2 {
			r.Replaces, r.Joins = DialogID{Call: w[2]}, len(w) > 3
		}
		return r, nil
	case "says":
		return Identified{Connected: dialplan.Shown{User: w[2]}}, nil
	case "takes":
		return ReferAccepted{}, nil
	case "progresses":
		return ReferProgressed{Cause: status(0)}, nil
	case "balks":
		return ReferRefused{Cause: status(0)}, nil
	case "hangs":
		return HungUp{Cause: event.Cause{Status: 200, Q850: 16}}, nil
	case "dies":
		return HungUp{Cause: event.Cause{Status: 408, Q850: 102, By: event.PartyGateway, Text: "dead"}}, nil
	case "released":
		return Released{}, nil
	}
	return nil, errNotation
}

func (s *story) step(e Event) {
	actions := s.machine.Step(s.now, e)
	_, next := s.machine.Deadline()
	s.audit.step(e, actions, next)
	for _, a := range actions {
		if l := strings.TrimSpace(actionLine(a)); s.shown(l) {
			s.made = append(s.made, l)
		}
	}
}

func (s *story) shown(line string) bool {
	for _, word := range s.show {
		if strings.HasPrefix(line, word) {
			return true
		}
	}
	return len(s.show) == 0
}

// TestAuditFinds shows audit what no machine may do.
func TestAuditFinds(t *testing.T) {
	now := begun
	at := event.Header{Call: "call", At: now}
	arrived := Arrived{Caller: alice(nil)}
	ended := event.Cause{Status: 200, By: event.PartyCaller}
	tests := []struct {
		name    string
		actions []Action
		fault   string
	}{
		{"a state that cannot follow", []Action{
			Emit{event.CallStateChanged{Header: at, From: event.CallIncoming, To: event.CallConnected}},
		}, "goes incoming->connected"},
		{"a participant's state that cannot follow", []Action{
			Emit{event.ParticipantStateChanged{Header: at, Participant: 2, From: event.ParticipantIdle, To: event.ParticipantHold}},
		}, "goes idle->hold"},
		{"a leg that is not told", []Action{
			Emit{event.CallStateChanged{Header: at, From: event.CallIncoming, To: event.CallDisconnecting, Cause: ended}},
		}, "participant 1 does not know"},
		{"a leg that is told twice", []Action{
			Tell{1, Refuse{Cause: event.Cause{Status: 486}}}, Tell{1, Hangup{}},
		}, "ended 2 times"},
		{"media that is shut twice", []Action{Shut{1}, Shut{1}}, "shut twice"},
		{"a table with somebody who has no media", []Action{Hear{Table: tableOf(1, 2)}}, "speaks of participant 1"},
		{"an attempt that ends before it began", []Action{
			Emit{event.AttemptEnded{Header: at, Attempt: 1, Cause: ended}},
		}, "attempt 1 started 0 times"},
		{"billing before an answer", []Action{
			Emit{event.CallEnded{Header: at, Cause: ended, Answered: now}},
		}, "ended in state"},
		{"something after the end", []Action{Forget{}, Shut{1}}, "Forget is followed by bridge.Shut"},
		{"a leg that nobody dialled", []Action{Tell{3, Hangup{}}}, "participant 3 has no leg"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAudit()
			a.step(arrived, tt.actions, false)
			if !strings.Contains(strings.Join(a.faults, "\n"), tt.fault) {
				t.Errorf("audit found %q, and not %q", a.faults, tt.fault)
			}
		})
	}
}

// TestNotation reads descriptions and writes them again.
func TestNotation(t *testing.T) {
	for _, words := range []string{
		"v1 PCMU", "v7 PCMA te sendonly", "v1 opus G722 te/96 inactive", "v2 port0 PCMU",
	} {
		if got := described(describe(1, strings.Fields(words))); got != words {
			t.Errorf("%q is written %q", words, got)
		}
	}
	if got := fmt.Sprint(describe(3, []string{"@6000"}).Media[0].AddrPort()); got != "192.0.2.3:6000" {
		t.Errorf("@6000 of participant 3 is %s", got)
	}
}

// tableOf is a hearing table in which one hears the other.
func tableOf(listener, source int) rtp.Table {
	return rtp.Table{listener: {{Source: source}}}
}

// decided is what the dialplan makes of a transfer: attempts as in "given", or "refused 403".
func (s *story) decided(w []string) dialplan.Decision {
	if w[0] == "refused" {
		return dialplan.Decision{Refusal: &dialplan.Refusal{Status: number(w[1]), Text: "not allowed"}}
	}
	d := plan(strings.Join(w, " "))
	d.Ringback, d.Country, d.Callee, d.Dialled = dialplan.RingbackAuto, "US", "+12065550123", "+12065550123"
	if s.decision.Country != "" {
		d.Ringback = s.decision.Ringback // as "given ringback" has it
	}
	return d
}

// stranger is a party that comes from another call, with these codecs.
func (s *story) stranger(codecs []string) participant {
	d := describe(9, codecs)
	p := participant{name: "stranger", local: newLocal("other", 2, ourMedia(9)), remote: d, identity: event.Identity{User: "stranger"}}
	for _, c := range d.Media[0].Codecs {
		p.stream.Formats = append(p.stream.Formats, sdp.Format{Send: c, Receive: c})
	}
	p.stream.Direction, p.stream.Remote = sdp.SendRecv, netip.MustParseAddrPort("192.0.2.9:4018")
	sent, err := sdp.NextOffer(nil, p.local.base().Like(d.Audio()))
	if err != nil {
		panic(err)
	}
	p.local.publish(sent)
	return p
}

// replacing is an INVITE of somebody with Replaces, and with these codecs or nothing.
func (s *story) replacing(participant int, who string, w []string) Replacing {
	id := len(s.machine.participants) + 1
	e := Replacing{Participant: participant, Caller: Caller{
		Name: who, Media: ourMedia(id), Request: dialplan.Request{Origin: dialplan.Party{Name: who}},
	}}
	if who == "carrier" {
		e.Caller.Request.Origin.Kind = dialplan.PartyTrunk
	}
	if i := slices.Index(w, "early-only"); i >= 0 {
		w, e.EarlyOnly = w[:i], true
	}
	if w[0] != "nothing" {
		e.Caller.Offer = describe(id, w)
	}
	return e
}
