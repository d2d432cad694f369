package bridge

import (
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
)

// A leg that moves from one call to another does so between their goroutines, through
// their inboxes; it belongs to one of them at any time. What comes for it meanwhile finds
// it by LegOf.

// origin names a leg by the call that made it.
type origin struct {
	call        string
	participant int
}

// request is Fetch on the goroutine of the call that is asked.
type request struct {
	from *Call
	what Fetch
}

// Do finds the transferor's leg and tells the machine. The machine answers at once, or
// when an offer that is under way has been answered.
func (r *request) Do(c *Call, _ time.Time) {
	if c.asking != nil {
		r.refuse(491, "another call has asked for the same")
		return
	}
	participant := r.what.Transferor
	if participant == 0 {
		participant = c.withDialog(r.what.Replaces)
	}
	if participant == 0 {
		r.refuse(481, "no dialog is the one to be replaced")
		return
	}
	c.asking = r.from
	c.tellMachine(Surrender{
		Participant: participant, By: r.what.By, EarlyOnly: r.what.Replaces.EarlyOnly, Joins: r.what.Transferor > 0,
		Into: r.from.id, Chain: r.what.Chain,
	})
}

// withDialog is the participant whose dialog is named; 0 for none.
func (c *Call) withDialog(d DialogID) int {
	return 1 + slices.IndexFunc(c.legs, func(l Leg) bool { return l != nil && l.Is(d) })
}

// invitation is Bring on the goroutine of the call that is asked.
type invitation struct {
	from *Call
	what Bring
}

// Do finds the transferor's leg and tells the machine.
func (i *invitation) Do(c *Call, _ time.Time) {
	c.tellMachine(Brought{
		Participant: c.withDialog(i.what.Into), By: i.what.By, From: i.from.id, Transferor: i.what.Transferor,
	})
}

// Dropped answers for a call that is over.
func (i *invitation) Dropped() {
	i.from.Post(told{BringFailed{Cause: event.Cause{Status: 481, Q850: q850Of(481), By: event.PartyGateway, Text: "the call to be joined is over"}}})
}

// bring asks another call to take in the transferee.
func (c *Call) bring(a Bring) {
	i := &invitation{from: c, what: a}
	other := c.env.Dialer.Find(a.Into.Call)
	if other == nil || other == c || !other.Post(i) {
		i.Dropped()
	}
}

// refuseBring tells a call that its transferee is not taken in. One that is over need not
// know.
func (c *Call) refuseBring(a RefuseBring) {
	if other := c.env.Dialer.Find(a.Call); other != nil {
		other.Post(told{BringFailed{a.Cause}})
	}
}

// Dropped answers for a call that is over.
func (r *request) Dropped() { r.refuse(481, "the call to be replaced is over") }

func (r *request) refuse(status int, text string) {
	r.from.Post(denial{FetchFailed{Cause: event.Cause{Status: status, Q850: q850Of(status), By: event.PartyGateway, Text: text}}})
}

// denial brings a FetchFailed.
type denial struct{ why FetchFailed }

func (d denial) Do(c *Call, _ time.Time) { c.tellMachine(d.why) }

// handover brings parties with their legs and media, and what the machine is told of them.
type handover struct {
	moved []moved
	what  Event
}

type moved struct {
	from    origin
	leg     Leg
	session *rtp.Session
}

// Do takes them in. A leg's place is that of the participant that the machine will make of
// it.
func (h *handover) Do(c *Call, _ time.Time) {
	first := len(c.machine.participants) + 1
	for i := range h.moved {
		c.adopt(first+i, &h.moved[i])
	}
	c.tellMachine(h.what)
}

func (c *Call) adopt(number int, m *moved) {
	for len(c.legs) < number {
		c.legs = append(c.legs, nil)
	}
	c.legs[number-1] = m.leg
	c.media[number] = m.session
	c.listen(number)
	if c.adopted == nil {
		c.adopted = map[origin]int{}
	}
	c.adopted[m.from] = number
	m.leg.Move(c, number)
}

// fetch asks another call.
func (c *Call) fetch(a Fetch) {
	r := &request{from: c, what: a}
	other := c.env.Dialer.Find(a.Replaces.Call)
	if other == nil || other == c || !other.Post(r) {
		r.Dropped()
	}
}

// give hands a party to the call that has asked.
func (c *Call) give(now time.Time, participant int) {
	party := c.machine.participants[participant-1]
	party.keys = nil // what it has pressed was for those here
	c.handOver(now, Fetched{party: party}, participant)
}

// giveHunt hands over a hunt with all who ring.
func (c *Call) giveHunt(now time.Time, g GiveHunt) {
	numbers := make([]int, len(g.parties))
	for i := range g.parties {
		numbers[i] = g.parties[i].id
	}
	c.handOver(now, HuntFetched(g), numbers...)
}

// handOver hands parties to the call that has asked. That call waits for them, so its inbox
// is open.
func (c *Call) handOver(now time.Time, what Event, participants ...int) {
	to, h := c.asking, &handover{what: what}
	c.asking = nil
	for _, id := range participants {
		h.moved = append(h.moved, moved{origin{c.id, id}, c.leg(id), c.media[id]})
	}
	open := to.Post(h)
	c.heir.Store(to)
	for _, id := range participants {
		if open {
			c.part(id, to)
			continue
		}
		c.leg(id).Do(now, Hangup{Cause: event.Cause{Status: 487, Q850: 16, By: event.PartyGateway, Text: "the call that it was transferred to has ended"}})
		c.shut(now, id)
	}
}

// part lets a party go that is the other call's now. What comes for it is sent there only
// now: a message that was there before the party would find nobody.
func (c *Call) part(participant int, to *Call) {
	c.env.Dialer.Moved(c, participant, to)
	delete(c.media, participant)
	c.legs[participant-1] = nil
	c.tellMachine(Reported{Participant: participant, Report: Released{}})
}

// keep refuses the call that has asked.
func (c *Call) keep(k Keep) {
	if c.asking != nil {
		c.asking.Post(denial{FetchFailed(k)})
		c.asking = nil
	}
}

// LegOf gives the leg that a call's participant is, or was before it came over from that
// call; nil when it is not here. It is called on the call's goroutine.
func (c *Call) LegOf(call string, participant int) Leg {
	if call == c.id {
		return c.leg(participant)
	}
	return c.leg(c.adopted[origin{call, participant}])
}

// Consent asks people whether they want to be transferred.
type Consent interface {
	// TransferRequested says that a party of the call is to be transferred to a target. The
	// answer is given by Call.Consent; who says nothing for half a minute agrees.
	TransferRequested(c *Call, participant int, by event.Identity, target string)
}

// Consent brings a transferee's answer, from any goroutine.
func (c *Call) Consent(agrees bool) { c.Post(consent{agrees}) }

type consent struct{ agrees bool }

func (w consent) Do(c *Call, _ time.Time) { c.tellMachine(Consented{No: !w.agrees}) }

// askTransferee asks where there is somebody to ask: a phone cannot be.
func (c *Call) askTransferee(a AskTransferee) {
	if c.env.Consent == nil {
		c.tellMachine(Consented{})
		return
	}
	c.env.Consent.TransferRequested(c, a.Participant, a.By, a.Target)
}

// direct asks the dialplan on behalf of a transfer.
func (c *Call) direct(a Action) {
	var d dialplan.Decision
	switch a := a.(type) {
	case Direct:
		d = c.env.Plan.Transfer(a.Transfer)
	case CallBack:
		d = c.env.Plan.Recall(a.To, a.Number, a.Transferee)
	}
	c.tellMachine(Directed{Decision: d})
}
