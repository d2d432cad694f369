package sip

import (
	"sync"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// directory finds the call that a message is for: by its id, which our tags and
// branches begin with; by the INVITE that began it, for what the caller sends
// before it knows our tag; and by what a second copy of that INVITE has in
// common with the first.
type directory struct {
	mu      sync.Mutex
	byID    map[string]entry
	invites map[transaction.ServerKey]string
	merged  map[mergeKey]string
}

type entry struct {
	call   *bridge.Call
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
		byID: map[string]entry{}, invites: map[transaction.ServerKey]string{}, merged: map[mergeKey]string{},
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
	d.byID[c.ID()] = entry{call: c, invite: invite, merge: m}
	d.invites[invite] = c.ID()
	d.merged[m] = c.ID()
	return true
}

// remove forgets a call.
func (d *directory) remove(c *bridge.Call) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e, there := d.byID[c.ID()]; there {
		delete(d.byID, c.ID())
		delete(d.invites, e.invite)
		delete(d.merged, e.merge)
	}
}

// get gives a call by its id; nil when there is none.
func (d *directory) get(id string) *bridge.Call {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.byID[id].call
}

// byInvite gives the call that an INVITE's key began.
func (d *directory) byInvite(k transaction.ServerKey) *bridge.Call {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.byID[d.invites[k]].call
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
