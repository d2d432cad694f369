package sip

import (
	"sync"
	"time"

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
