package sip

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/trunk"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// watch is the life of all trunks: one goroutine with one inbox and one timer that
// steps their machines and the transactions of requests outside of calls. It begins
// with the edge and ends with Edge.Close. Calls read what it thinks of a trunk from
// standing, which it replaces as a whole, and tell it what came of their INVITEs.
type watch struct {
	edge     *Edge
	inbox    chan news
	stop     chan struct{}
	ended    chan struct{}
	lookups  sync.WaitGroup
	standing atomic.Pointer[map[string]standing]

	// These belong to the goroutine.
	trunks   map[string]*watched
	lines    map[string]*line
	requests map[string]*ownRequest
	watching phase
}

// phase says how far the watch has come.
type phase uint8

const (
	// resting sends nothing: nobody listens yet.
	resting phase = iota
	// sending watches.
	sending
	// leaving removes the registrations, and then all is over.
	leaving
)

// watched is one trunk.
type watched struct {
	name   string
	health trunk.Health
}

// standing is what a call must know of a trunk.
type standing struct {
	state   trunk.HealthState
	why     string
	binding trunk.Binding
	// registrar is where we are registered; zero when we are not.
	registrar netip.Addr
}

// news is what the goroutine is told.
type news interface {
	tell(w *watch, now time.Time)
}

// waiting is how much news may wait before those who bring it do.
const waiting = 1024

func newWatch(e *Edge, s *Settings) *watch {
	w := &watch{
		edge: e, inbox: make(chan news, waiting), stop: make(chan struct{}), ended: make(chan struct{}),
		trunks: map[string]*watched{}, requests: map[string]*ownRequest{},
		lines: map[string]*line{},
	}
	configured{s}.tell(w, time.Now())
	go w.run() // until close
	return w
}

// Watch begins to ping trunks and to register with them. It is called once the edge
// listens, since nothing can be sent before.
func (e *Edge) Watch() { e.watch.post(begin{}) }

// post brings news from any goroutine but the watch's own.
func (w *watch) post(n news) {
	select {
	case w.inbox <- n:
	case <-w.ended:
	}
}

// mention brings news that may be lost when the watch is busy, also from its own
// goroutine.
func (w *watch) mention(n news) {
	select {
	case w.inbox <- n:
	default:
	}
}

// close ends the goroutine and waits for it.
func (w *watch) close() {
	select {
	case <-w.stop:
	default:
		close(w.stop)
	}
	<-w.ended
	w.lookups.Wait()
}

func (w *watch) run() {
	defer close(w.ended)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	stop := w.stop
	for w.watching != leaving || len(w.lines) > 0 {
		timer.Reset(w.sleep(time.Now()))
		select {
		case n := <-w.inbox:
			n.tell(w, time.Now())
		case <-timer.C:
		case <-stop:
			stop = nil
			w.leave(time.Now())
		}
		w.tick(time.Now())
	}
}

// sleep is how long nothing is due.
func (w *watch) sleep(now time.Time) time.Duration {
	next := now.Add(time.Hour)
	for _, t := range w.trunks {
		if at, set := t.health.Deadline(); set && w.watching == sending && at.Before(next) {
			next = at
		}
	}
	for _, l := range w.lines {
		if at, set := l.machine.Deadline(); set && at.Before(next) {
			next = at
		}
	}
	for _, r := range w.requests {
		if at, set := r.tx.Deadline(); set && at.Before(next) {
			next = at
		}
	}
	return next.Sub(now)
}

// tick does what is due.
func (w *watch) tick(now time.Time) {
	for _, t := range w.trunks {
		if at, set := t.health.Deadline(); set && !at.After(now) && w.watching == sending {
			w.step(now, t, trunk.Timer{})
		}
	}
	for _, l := range w.lines {
		if at, set := l.machine.Deadline(); set && !at.After(now) {
			w.stepLine(now, l, trunk.Timer{})
		}
	}
	w.tickRequests(now)
}

// step takes the health of a trunk through an event.
func (w *watch) step(now time.Time, t *watched, ev trunk.HealthEvent) {
	acts := t.health.Step(now, rand.Float64(), ev)
	if acts.Has(trunk.SendOptions) {
		w.ping(t)
	}
	if acts.Has(trunk.Report) {
		w.report(t)
	}
}

// report tells the log, and the calls to come, of a change.
func (w *watch) report(t *watched) {
	level := w.edge.log.Info
	if !t.health.State.Admits(trunk.Ordinary) {
		level = w.edge.log.Warn
	}
	level("trunk", "trunk", t.name, "state", t.health.State.String(), "why", t.health.Reason())
	w.publish()
}

// publish replaces what calls know.
func (w *watch) publish() {
	all := make(map[string]standing, len(w.trunks))
	for name, t := range w.trunks {
		all[name] = standing{state: t.health.State, why: t.health.Reason()}
	}
	now := time.Now()
	for name, l := range w.lines {
		known := all[name]
		known.binding, known.registrar = trunk.Unbound, l.registrar(now)
		if known.registrar.IsValid() {
			known.binding = trunk.Bound
		}
		all[name] = known
	}
	w.standing.Store(&all)
}

// of gives what is thought of a trunk.
func (w *watch) of(name string) standing { return (*w.standing.Load())[name] }

// begin is the end of resting.
type begin struct{}

func (begin) tell(w *watch, now time.Time) {
	w.watching = sending
	for _, t := range w.trunks {
		w.step(now, t, trunk.Begin{})
	}
	for _, l := range w.lines {
		w.stepLine(now, l, trunk.Begin{})
	}
}

// configured brings new settings.
type configured struct{ settings *Settings }

func (c configured) tell(w *watch, now time.Time) {
	before := w.trunks
	w.trunks = make(map[string]*watched, len(c.settings.Trunks))
	for i := range c.settings.Trunks {
		t := &c.settings.Trunks[i]
		w.trunks[t.Name] = w.configure(now, before[t.Name], t)
	}
	w.registers(now, c.settings)
	w.publish()
}

// configure gives a trunk its settings; known is nil for one that is new.
func (w *watch) configure(now time.Time, known *watched, t *Trunk) *watched {
	settings := trunk.NewHealth(trunk.HealthSettings{Interval: t.OptionsInterval, Threshold: t.DownAfter})
	switch {
	case known == nil:
		known = &watched{name: t.Name, health: settings}
		if w.watching == sending {
			w.step(now, known, trunk.Begin{})
		}
	case known.health.Settings != settings.Settings:
		w.step(now, known, trunk.Configure{Settings: settings.Settings})
	}
	return known
}

// called is the result of an INVITE, taken that one is being sent.
type (
	called struct {
		trunk  string
		result trunk.Result
	}
	taken struct{ trunk string }
)

func (c called) tell(w *watch, now time.Time) {
	w.happened(now, c.trunk, trunk.Called{Result: c.result})
}

func (t taken) tell(w *watch, now time.Time) { w.happened(now, t.trunk, trunk.Taken{}) }

func (w *watch) happened(now time.Time, name string, ev trunk.HealthEvent) {
	if t := w.trunks[name]; t != nil {
		w.step(now, t, ev)
	}
}

// resultOf is what a response says.
func resultOf(res *sip.Response) trunk.Result {
	r := trunk.Result{Status: res.StatusCode, Phrase: strings.Clone(res.Reason)}
	if v, ok := wire.Value(res, "Retry-After"); ok {
		r.RetryAfter, _ = trunk.ParseRetryAfter(v) // one that is broken is none
	}
	return r
}

// flowLost is a connection that has died.
type flowLost struct{ flow transport.Flow }

func (l flowLost) tell(w *watch, now time.Time) {
	for _, r := range w.requests {
		if r.flow == l.flow {
			w.advance(now, r, transaction.TransportError, nil)
		}
	}
	for _, line := range w.lines {
		if line.flow == l.flow {
			w.stepLine(now, line, trunk.FlowLost{})
		}
	}
}
