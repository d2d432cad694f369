package sip

import (
	"context"
	"sync"
	"time"

	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/resolve"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// locator finds where trunks are (RFC 3263) and remembers which of their servers
// failed lately. Its methods may be called from any goroutine.
type locator struct {
	mu       sync.Mutex
	resolver *resolve.Resolver // made at the first name, when the listeners are known
	health   resolve.Health
}

// lookupTime bounds a look-up of a trunk's name outside of calls. What was known before
// serves until the name servers answer again, so it is rarely needed.
const lookupTime = 4 * time.Second

// target is what is looked up for a trunk.
func (t *Trunk) target() resolve.Target {
	return resolve.Target{
		Host: t.Address.Host, Port: t.Address.Port, Protocol: resolve.Protocol(t.Address.Protocol),
		Secure: t.Address.SIPS,
	}
}

// flowOf gives the flow to a trunk, which may take a look-up of its name.
func (e *Edge) flowOf(t *Trunk) (transport.Flow, error) {
	r, target := e.locator.open(e), t.target()
	list, ok, err := r.Known(target)
	if !ok {
		ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
		defer cancel()
		list, err = r.Resolve(ctx, target)
	}
	if err != nil {
		return transport.Flow{}, err
	}
	w, err := e.wayAmong(time.Now(), t, list)
	return w.flow, err
}

// wayAmong gives the flow to the first of a trunk's servers that there is a way to, in
// the order to try them: RFC 3263 s4.3, those that failed lately last.
func (e *Edge) wayAmong(now time.Time, t *Trunk, list []resolve.Candidate) (w way, err error) {
	err = errNoServer
	list = e.locator.order(now, list)
	for i, c := range list {
		if w.flow, err = e.layer.Connect(t.peer(transport.Protocol(c.Protocol), c.Addr)); err == nil {
			w.rest = list[i+1:]
			return w, nil
		}
	}
	return way{}, err
}

func (l *locator) order(now time.Time, list []resolve.Candidate) []resolve.Candidate {
	if len(list) < 2 {
		return list
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.health.Order(now, list)
}

// open gives the resolver, which asks for what we listen on.
func (l *locator) open(e *Edge) *resolve.Resolver {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.resolver == nil {
		l.resolver = resolve.New(resolve.Config{
			Protocols: e.protocols(), Families: e.families(), Exchange: e.config.Names, Log: e.log,
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
			l.edge.locator.heard(now, l.flow, r.Status == 503, restOf(r.Response))
		}
	}
}
