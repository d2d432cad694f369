package rtp

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// DefaultQuarantine is the least that a pair of ports rests after use. The pool
// gives out the pair that has been unused longest, so as long as the range is not
// too small for the traffic a pair rests much longer; where it is, a longer least
// would refuse calls: 10,000 ports and 10 s would be 250 calls/s and no more.
const DefaultQuarantine = time.Second

// ErrNoPorts says that all ports of the range are in use, in quarantine or
// somebody else's. The call gets 503.
var ErrNoPorts = errors.New("rtp: no ports left")

// Config is what an engine works with.
type Config struct {
	// Network opens the sockets.
	Network Network
	// Address is where sessions are bound that do not ask for another one. It may
	// be left out if all do.
	Address netip.Addr
	// First and Last bound the range of ports, both included: RTP on its even
	// ports, RTCP on the odd ones above.
	First, Last uint16
	// Quarantine is how long ports rest after use. 0 means that they need not; the
	// longest unused pair comes first all the same.
	Quarantine time.Duration
}

// Engine opens sessions on the ports of a range. Its methods may be called at
// any time.
type Engine struct {
	network Network
	address netip.Addr
	clock   metronome

	mu    sync.Mutex
	ports *ports
}

// New makes an engine. It opens nothing yet.
func New(c Config) (*Engine, error) {
	e := &Engine{network: c.Network, address: c.Address.Unmap(), ports: newPorts(c.First, c.Last, c.Quarantine)}
	switch {
	case c.Network == nil:
		return nil, errors.New("rtp: an engine needs a network")
	case c.Quarantine < 0:
		return nil, fmt.Errorf("rtp: a quarantine of %v: it must not be negative", c.Quarantine)
	case len(e.ports.queue) == 0:
		return nil, fmt.Errorf("rtp: ports %d-%d hold no even port with the odd one above it", c.First, c.Last)
	}
	return e, nil
}

// Open opens a session on a local address; the zero Addr means that of the
// configuration. The error is ErrNoPorts when there are none, or that of the
// network.
func (e *Engine) Open(local netip.Addr) (*Session, error) {
	if !local.IsValid() {
		local = e.address
	}
	if !local.IsValid() {
		return nil, errors.New("rtp: no local address: name one here or in the configuration")
	}
	for {
		p, ok := e.take()
		if !ok {
			return nil, ErrNoPorts
		}
		s, err := openSession(e, local.Unmap(), p)
		if err == nil {
			return s, nil
		}
		e.put(p)
		if !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, syscall.EACCES) {
			return nil, err
		}
	}
}

func (e *Engine) take() (pair, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ports.take(time.Now())
}

func (e *Engine) put(p pair) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ports.put(time.Now(), p)
}

// InUse is how many pairs of ports are open: one for each session.
func (e *Engine) InUse() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ports.inUse
}

// Pairs is how many sessions the range has room for.
func (e *Engine) Pairs() int { return len(e.ports.queue) }
