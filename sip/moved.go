package sip

import (
	"github.com/tandem-gateway/tandem/bridge"
)

// A leg keeps its tags and branches when it moves to another call, so what comes for it
// still names the call that made it.

// legKey names a leg by the call that made it.
type legKey struct {
	call        string
	participant int
}

// Find gives a call by its id; nil when there is none.
func (e *Edge) Find(call string) *bridge.Call { return e.calls.get(call) }

// Moved has what comes for a call's participant go to another call.
func (e *Edge) Moved(from *bridge.Call, participant int, to *bridge.Call) {
	if l, ok := from.Leg(participant).(*leg); ok {
		e.calls.move(l.made, to)
	}
}

// Is says whether a dialog is the leg's.
func (l *leg) Is(d bridge.DialogID) bool { return l.usage.Is(d.CallID, d.Ours, d.Theirs) }

// Move says which call the leg belongs to from now on.
func (l *leg) Move(to *bridge.Call, participant int) { l.call, l.participant = to, participant }

// resettled is where a leg is now, and the INVITE that brought it where the call that it
// was made in is over.
type resettled struct {
	call   *bridge.Call
	origin origin
}

// move enters where a leg is now.
func (d *directory) move(k legKey, to *bridge.Call) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.moved == nil {
		d.moved = map[legKey]resettled{}
	}
	d.moved[k] = resettled{to, d.moved[k].origin}
}

// of gives the call that a leg is in; nil when that is over.
func (d *directory) of(k legKey) *bridge.Call {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r, moved := d.moved[k]; moved {
		return r.call
	}
	return d.byID[k.call].call
}

// settled forgets the legs that came over to a call which is over.
func (d *directory) settled(c *bridge.Call) {
	for k, r := range d.moved {
		if r.call == c {
			delete(d.moved, k)
			d.leave(r.origin)
		}
	}
}
