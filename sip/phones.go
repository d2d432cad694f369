package sip

import (
	"slices"
	"sync"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sip/registrar"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// phones is the registrar's state behind a lock: REGISTERs change it from the
// readers of the network, calls read it from their own goroutines.
type phones struct {
	mu        sync.Mutex
	registrar *registrar.Registrar
}

func newPhones(b registrar.Bounds) *phones {
	return &phones{registrar: registrar.New(b)}
}

func (p *phones) register(now time.Time, u registrar.Update) registrar.Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.registrar.Register(now, u)
}

func (p *phones) bindings(now time.Time, aor string) []registrar.Binding {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.registrar.Bindings(now, aor)
}

// flow gives the way to one of a user's phones; a zero flow when it is gone, over
// which nothing can be sent.
func (p *phones) flow(user, contact string) transport.Flow {
	for _, b := range p.bindings(time.Now(), user) {
		if b.Contact.String() == contact {
			return b.Flow
		}
	}
	return transport.Flow{}
}

// device is the instance of the phone that has registered as a user over a connection
// (RFC 5626 s4.1); empty when it does not say.
func (p *phones) device(who dialplan.Party, f transport.Flow) string {
	if who.Kind != dialplan.PartyUser || !f.Protocol.Reliable() {
		return ""
	}
	for _, b := range p.bindings(time.Now(), who.Name) {
		if b.Flow == f {
			return b.Instance
		}
	}
	return ""
}

// back gives the flow over which a phone has registered again whose connection has died:
// the same device, the same contact, or for want of those one at the same address.
// False when it has not.
func (p *phones) back(user, device string, lost transport.Flow, contacts ...string) (transport.Flow, bool) {
	var near transport.Flow
	for _, b := range p.bindings(time.Now(), user) {
		switch f := b.Flow; {
		case f.Protocol != lost.Protocol || f.Local != lost.Local:
			// our Via and Contact in the dialog would lead elsewhere
		case device != "" && b.Instance == device, slices.Contains(contacts, b.Contact.String()):
			return f, true
		case f.Remote.Addr() == lost.Remote.Addr() && (device == "" || b.Instance == ""):
			near = f
		}
	}
	return near, near != transport.Flow{}
}

// comeBack takes the leg to the connection over which its phone has registered again:
// RFC 5626 s5.3 reaches a phone over a flow that it has made, and the one that the dialog
// came on is no more.
func (l *leg) comeBack(hop string) {
	if !l.pinned || !l.flow.Protocol.Reliable() || l.edge.layer.Alive(l.flow) {
		return
	}
	if f, ok := l.edge.phones.back(l.peer.Name, l.device, l.flow, hop, l.target); ok {
		l.flow = f
	}
}

// from says whether a phone is registered over the flow.
func (p *phones) from(f transport.Flow) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.registrar.From(time.Now(), f)
}

// broken forgets the phones behind a connection that has died.
func (p *phones) broken(f transport.Flow) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.registrar.Broken(f)
}

func (p *phones) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.registrar.Len(time.Now())
}
