package sip

import (
	"sync"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// directory finds the leg that a message is for: by the id of its call, which our tags and
// branches begin with; by the INVITE that began it, for what the other side sends before
// it knows our tag; and by what a second copy of that INVITE has in common with the first.
type directory struct {
	mu      sync.Mutex
	byID    map[string]entry
	invites map[transaction.ServerKey]legKey
	merged  map[mergeKey]struct{}
	// moved are the legs that have gone over to other calls.
	moved map[legKey]resettled
}

// entry is a call with the INVITEs that came for it: the first is its caller's, others
// have replaced somebody.
type entry struct {
	call   *bridge.Call
	first  origin
	others []origin
}

// origin is an INVITE that has brought a leg.
type origin struct {
	invite transaction.ServerKey
	merge  mergeKey
}

// mergeKey is what RFC 3261 s8.2.2.2 tells merged requests by.
type mergeKey struct {
	fromTag, callID string
	seq             uint32
}

func mergeKeyOf(req *sip.Request) mergeKey {
	return mergeKey{fromTag: wire.FromTag(req), callID: req.CallID().Value(), seq: req.CSeq().SeqNo}
}

func newDirectory() *directory {
	return &directory{
		byID: map[string]entry{}, invites: map[transaction.ServerKey]legKey{}, merged: map[mergeKey]struct{}{},
	}
}

// add enters a call before its goroutine starts, so that a repetition of its
// INVITE which is right behind finds it. It is false, and nothing is entered, when
// the same request has just come by another way.
func (d *directory) add(c *bridge.Call, invite transaction.ServerKey, m mergeKey) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, there := d.merged[m]; there {
		return false
	}
	d.byID[c.ID()] = entry{call: c, first: origin{invite, m}}
	d.enter(origin{invite, m}, legKey{c.ID(), callerParticipant})
	return true
}

func (d *directory) enter(o origin, k legKey) {
	d.invites[o.invite], d.merged[o.merge] = k, struct{}{}
}

// join enters an INVITE that is to bring a leg into a call which is there. The leg has no
// number before that call has taken it in (joined).
func (d *directory) join(c *bridge.Call, invite transaction.ServerKey, m mergeKey) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, there := d.byID[c.ID()]
	if _, twice := d.merged[m]; twice || !there {
		return false
	}
	e.others = append(e.others, origin{invite, m})
	d.byID[c.ID()] = e
	d.enter(origin{invite, m}, legKey{call: c.ID()})
	return true
}

// joined numbers the leg of an INVITE that has joined a call.
func (d *directory) joined(invite transaction.ServerKey, participant int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if k, there := d.invites[invite]; there {
		d.invites[invite] = legKey{k.call, participant}
	}
}

// remove forgets a call, and the INVITEs of its legs but for those that have gone on in
// other calls.
func (d *directory) remove(c *bridge.Call) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e, there := d.byID[c.ID()]; there {
		delete(d.byID, c.ID())
		for _, o := range append(e.others, e.first) {
			d.leave(o)
		}
	}
	d.settled(c)
}

// leave forgets an INVITE once its leg is over.
func (d *directory) leave(o origin) {
	k := d.invites[o.invite]
	if r, moved := d.moved[k]; moved {
		r.origin = o
		d.moved[k] = r
		return
	}
	delete(d.invites, o.invite)
	delete(d.merged, o.merge)
}

// get gives a call by its id; nil when there is none.
func (d *directory) get(id string) *bridge.Call {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.byID[id].call
}

// byInvite gives the leg that an INVITE's key began.
func (d *directory) byInvite(k transaction.ServerKey) (legKey, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	leg, there := d.invites[k]
	return leg, there
}

// isMerged says whether the same request came already by another way.
func (d *directory) isMerged(m mergeKey) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, there := d.merged[m]
	return there
}

func (d *directory) len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.byID)
}

// all gives the calls there are.
func (d *directory) all() []*bridge.Call {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]*bridge.Call, 0, len(d.byID))
	for _, e := range d.byID {
		list = append(list, e.call)
	}
	return list
}
