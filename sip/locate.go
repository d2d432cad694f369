package sip

import (
	"context"
	"sync"
	"time"

	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/resolve"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// locator finds where trunks are (RFC 3263) and remembers which of their servers
// failed lately. Its methods may be called from any goroutine.
type locator struct {
	exchange resolve.Exchange // tests only; nil asks the machine's name servers

	mu       sync.Mutex
	resolver *resolve.Resolver // made at the first name, when the listeners are known
	health   resolve.Health
}

// lookupTime bounds a look-up of a trunk's name. What was known before serves until the name servers
// answer again, so a call rarely waits.
const lookupTime = 4 * time.Second

// candidates gives the servers of a trunk in the order to try them: RFC 3263 s4.3,
// those that failed lately last.
func (e *Edge) candidates(now time.Time, t *Trunk) ([]resolve.Candidate, error) {
	r := e.locator.open(e)
	target := resolve.Target{
		Host: t.Address.Host, Port: t.Address.Port, Protocol: resolve.Protocol(t.Address.Protocol),
		Secure: t.Address.SIPS,
	}
	list, ok := r.Known(target)
	if !ok {
		ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
		defer cancel()
		var err error
		if list, err = r.Resolve(ctx, target); err != nil {
			return nil, err
		}
	}
	e.locator.mu.Lock()
	defer e.locator.mu.Unlock()
	return e.locator.health.Order(now, list), nil
}

// open gives the resolver, which asks for what we listen on.
func (l *locator) open(e *Edge) *resolve.Resolver {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.resolver == nil {
		l.resolver = resolve.New(resolve.Config{
			Protocols: e.protocols(), Families: e.families(), Exchange: l.exchange, Log: e.log,
		})
	}
	return l.resolver
}

// protocols are those that we can speak, in the order of RFC 3261's own habit.
func (e *Edge) protocols() (list []resolve.Protocol) {
	for _, p := range []transport.Protocol{transport.UDP, transport.TCP, transport.TLS} {
		if len(e.layer.Locals(p)) > 0 {
			list = append(list, resolve.Protocol(p))
		}
	}
	return list
}

// families are those of our addresses.
func (e *Edge) families() (list []resolve.Family) {
	var v4, v6 bool
	for _, p := range e.protocols() {
		for _, at := range e.layer.Locals(transport.Protocol(p)) {
			v4, v6 = v4 || at.Addr().Is4(), v6 || at.Addr().Is6()
		}
	}
	if v4 {
		list = append(list, resolve.IPv4)
	}
	if v6 {
		list = append(list, resolve.IPv6)
	}
	return list
}

// heard notes what came of a request to a trunk's server: a 503, or nothing at all,
// and the next call tries another one first.
func (l *locator) heard(now time.Time, f transport.Flow, failed bool, retryAfter time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	server := resolve.Candidate{Protocol: resolve.Protocol(f.Protocol), Addr: f.Remote}
	if failed {
		l.health.Failed(now, server, retryAfter)
	} else {
		l.health.Succeeded(server)
	}
}

func (l *locator) close() {
	l.mu.Lock()
	r := l.resolver
	l.mu.Unlock()
	if r != nil {
		r.Close()
	}
}

// servedBy tells the locator what a report says of the server that a trunk's leg
// went to: RFC 3263 s4.3, "if the SIP request fails with a 503 … or a transport
// failure", or when nothing comes at all, the next one is to be tried.
func (l *leg) servedBy(now time.Time, r dialog.Report) {
	if l.pinned {
		return
	}
	switch r := r.(type) {
	case dialog.Progressed, dialog.Accepted:
		l.edge.locator.heard(now, l.flow, false, 0)
	case dialog.Failed:
		if r.Response == nil {
			l.edge.locator.heard(now, l.flow, true, 0)
		} else {
			rest, _ := wire.DeltaSeconds(r.Response, "Retry-After")
			l.edge.locator.heard(now, l.flow, r.Status == 503, time.Duration(rest)*time.Second)
		}
	}
}
