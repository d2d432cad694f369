package bridge

import (
	"net/netip"

	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// refers is a party's wish to hand the other one on: blind, or to a party of another call.
func (w *world) refers(id int) Report {
	r := Referred{Request: dialplan.Request{To: "sip:carol"}, Target: "sip:carol"}
	if rapid.Bool().Draw(w.t, "attended") {
		r.Replaces, r.Joins = DialogID{Call: "other"}, rapid.Bool().Draw(w.t, "stays")
	}
	return r
}

// transfers answers one thing that a transfer has asked for; false when there is none.
func (w *world) transfers() bool {
	switch {
	case w.directs > 0:
		w.directs--
		w.step(Directed{Decision: w.directed()})
	case w.asks > 0:
		w.asks--
		w.step(Consented{No: w.roll(4, "minds") == 0})
	case w.fetches > 0:
		w.fetches--
		w.fetched()
	case w.brings > 0:
		w.brings--
		w.brought()
	default:
		return false
	}
	return true
}

// relayTimesOut is what a party's leg says when it hears nothing more of its Refer: nobody
// has answered it, or the subscription is over.
func (l *worldLeg) relayTimesOut() (r Report) {
	late := event.Cause{Status: 408}
	r = ReferRefused{Cause: late}
	if l.relays == relayAccepted {
		r = ReferProgressed{Cause: late}
	}
	l.relays = relaysNothing
	return r
}

// hasReferred says whether a party is a transferor, who often hangs up as soon as it can.
func (w *world) hasReferred(id int) bool {
	return w.machine.transfer.hunts() && w.machine.transfer.transferor == id
}

func (w *world) directed() dialplan.Decision {
	if w.roll(4, "refused") == 0 {
		return dialplan.Decision{Refusal: &dialplan.Refusal{Status: 403, Text: "no"}}
	}
	d := plan(w.attempts())
	d.Ringback = dialplan.RingbackAuto
	if q := w.machine.participant(w.machine.transfer.transferee); q != nil && rapid.Bool().Draw(w.t, "behind the same trunk") {
		d.Attempts[0].To = q.party
	}
	return d
}

// way is what a party does with a REFER.
func (w *world) way() TransferWay {
	return rapid.SampledFrom([]TransferWay{TransferLocal, TransferRelay}).Draw(w.t, "transfers")
}

// relayed is what a party says that was told to transfer itself: yes or no, and then how
// it goes.
func (w *world) relayed(l *worldLeg) Report {
	switch {
	case l.relays == relayAccepted:
		c := event.Cause{Status: rapid.SampledFrom([]int{100, 180, 200, 404}).Draw(w.t, "status")}
		if c.Status >= 200 {
			l.relays = relaysNothing
		}
		return ReferProgressed{Cause: c}
	case w.roll(3, "refuses") == 0:
		l.relays = relaysNothing
		return ReferRefused{Cause: event.Cause{Status: 603}}
	}
	l.relays = relayAccepted
	return ReferAccepted{}
}

func (w *world) fetched() {
	kind := w.roll(4, "fetched")
	if w.machine.transfer.phase == transferFetching && kind > 1 {
		kind = 1 // who is brought talks: nobody rings for it
	}
	switch kind {
	case 0:
		w.step(FetchFailed{Cause: event.Cause{Status: 481}})
	case 2, 3:
		w.consult()
	case 1:
		id := len(w.machine.participants) + 1
		w.legs[id] = &worldLeg{phase: legTalks}
		w.step(Fetched{party: w.stranger(id)})
	}
}

// consult is another call in any state, which is asked for its hunt. Both go on: who rang
// there rings here, and nobody there.
func (w *world) consult() {
	other := newWorldAt(w.t, w.now, "other")
	for range w.roll(16, "moves there") {
		if other.move(); other.machine.State() >= event.CallConnected {
			break
		}
	}
	w.now = other.now
	other.step(Surrender{Participant: callerID, By: other.machine.caller().party, Into: "call", Chain: "call"})
	if other.gave == nil {
		w.step(FetchFailed{Cause: event.Cause{Status: 481}})
	} else {
		w.takeOver(other)
	}
	other.finish()
}

// surrenders is a transferor that wants this call's party, or its hunt, in another call.
func (w *world) surrenders() {
	p := w.machine.participant(rapid.SampledFrom(w.ids()).Draw(w.t, "transferor"))
	w.step(Surrender{Participant: p.id, By: p.party, Into: "other", Chain: "other", EarlyOnly: rapid.Bool().Draw(w.t, "early-only")})
}

// gives lets the legs of a hunt go.
func (w *world) gives(a GiveHunt) {
	w.gave = &a
	for _, p := range a.parties {
		w.given = append(w.given, w.legs[p.id])
		w.legs[p.id] = &worldLeg{phase: legGoes, final: true}
	}
}

func (w *world) takeOver(other *world) {
	first := len(w.machine.participants) + 1
	for i, l := range other.given {
		w.legs[first+i] = l
	}
	w.seen.tookOver(w.machine.transfer.phase == transferJoining, other.gave)
	w.step(HuntFetched(*other.gave))
}

// stranger is a party that comes from another call, with a session of its own.
func (w *world) stranger(id int) participant {
	s := &story{}
	p := s.stranger([]string{rapid.SampledFrom([]string{"PCMU", "PCMA"}).Draw(w.t, "codec")})
	p.local.media = netip.AddrPortFrom(p.local.media.Addr(), uint16(20000+2*id))
	return p
}

// talking counts the parties whose call stands.
func (w *world) talking() (n int) {
	for i := range w.machine.participants {
		if w.machine.participants[i].inTalk() {
			n++
		}
	}
	return n
}

// replaces is an INVITE that takes somebody's place.
func (w *world) replaces() {
	id := len(w.machine.participants) + 1
	leg := &worldLeg{}
	w.legs[id] = leg
	e := Replacing{
		Participant: rapid.IntRange(0, id-1).Draw(w.t, "replaced"), EarlyOnly: rapid.Bool().Draw(w.t, "early-only"),
		Caller: Caller{Name: "x", Media: ourMedia(id), Trusted: rapid.Bool().Draw(w.t, "trusted")},
	}
	if rapid.Bool().Draw(w.t, "offers") {
		e.Caller.Offer = w.description(id)
	}
	w.step(e)
}

// brought answers Bring: no, or another call fetches the transferee.
func (w *world) brought() {
	if w.roll(3, "refused") == 0 {
		w.step(BringFailed{Cause: event.Cause{Status: 481}})
		return
	}
	w.step(Surrender{Participant: w.machine.transfer.transferor, Joins: true, Into: "other", Chain: "other"})
}

// stays has another call ask for room for somebody.
func (w *world) stays() {
	id := rapid.IntRange(1, len(w.machine.participants)).Draw(w.t, "stays")
	w.step(Brought{Participant: id, By: w.machine.participant(id).party, From: "other", Transferor: 1})
}

// crowd has somebody added or removed from outside.
func (w *world) crowd() {
	if rapid.Bool().Draw(w.t, "adds") {
		w.step(Add{Request: dialplan.Request{To: "sip:erin"}})
		return
	}
	id := rapid.IntRange(1, len(w.machine.participants)).Draw(w.t, "removed")
	w.step(Remove{Participant: id, Cause: event.Cause{Status: 200, Q850: 16, By: event.PartyGateway}})
}
