package resolve

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

// Config says how a resolver works. All of it may be left out.
type Config struct {
	// Protocols are those that we wish to use, the most wished first; UDP and TCP when
	// there are none.
	Protocols []Protocol
	// Families are those that we have an address of, the preferred one first; IPv4 and
	// then IPv6 when there are none, as most carriers are still better reached so.
	Families []Family
	// Servers are asked instead of those of resolv.conf, whose search list does not
	// count then either.
	Servers []netip.AddrPort
	// Exchange is asked instead of any name server.
	Exchange Exchange
	// Dial reaches name servers; the machine's network when nil.
	Dial Dial
	// ResolvConf and Hosts are files, read again when they change; /etc/resolv.conf and
	// /etc/hosts when empty.
	ResolvConf, Hosts string
	// Chance returns a random number in [0, n), from several goroutines.
	Chance func(n int) int
	// Log is told of name servers that fail.
	Log *slog.Logger
}

// Resolver finds servers and remembers what it was told. Its methods may be called from
// any goroutine.
type Resolver struct {
	config Config
	ask    Exchange
	log    *slog.Logger

	ctx  context.Context // ends with Close
	stop context.CancelCauseFunc
	work sync.WaitGroup // queries and resolutions under way

	mu      sync.Mutex // guards what follows
	cache   cache
	flights map[Query]*flight
	hosts   file[hosts]
	system  file[system]
}

// flight is a query under way. Everybody who wants the answer waits for the same one.
type flight struct {
	landed chan struct{} // closed when answer is set
	answer Answer
}

// New makes a resolver, which asks nothing yet. Close it.
func New(config Config) *Resolver {
	r := &Resolver{
		config:  config.complete(),
		ask:     config.Exchange,
		log:     cmp.Or(config.Log, slog.New(slog.DiscardHandler)),
		cache:   cache{make(map[Query]*entry)},
		flights: make(map[Query]*flight),
		hosts:   file[hosts]{path: cmp.Or(config.Hosts, "/etc/hosts"), parse: parseHosts},
		system:  file[system]{path: cmp.Or(config.ResolvConf, "/etc/resolv.conf"), parse: parseSystem},
	}
	r.ctx, r.stop = context.WithCancelCause(context.Background())
	if r.ask == nil {
		r.ask = (&asker{dial: r.config.Dial, servers: r.nameServers}).exchange
	}
	return r
}

// complete puts in what was left out.
func (c Config) complete() Config {
	if len(c.Protocols) == 0 {
		c.Protocols = []Protocol{UDP, TCP}
	}
	if len(c.Families) == 0 {
		c.Families = []Family{IPv4, IPv6}
	}
	if c.Chance == nil {
		c.Chance = rand.IntN
	}
	if c.Dial == nil {
		c.Dial = dialMachine
	}
	return c
}

// Close ends what is under way with ErrClosed and waits until it has ended; so it must
// not be called from a function that was given to Start.
func (r *Resolver) Close() {
	r.mu.Lock()
	r.stop(ErrClosed)
	r.mu.Unlock()
	r.work.Wait()
}

// begin takes part in what Close waits for; false when it has been called.
func (r *Resolver) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx.Err() != nil {
		return false
	}
	r.work.Add(1)
	return true
}

// Resolve finds the candidates of a target in the order of trying, at least one. It
// takes 4 s at most and ends with ctx. The error is an [*Error], ErrClosed, or ctx's.
func (r *Resolver) Resolve(ctx context.Context, t Target) ([]Candidate, error) {
	if !r.begin() {
		return nil, ErrClosed
	}
	defer r.work.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(r.ctx, func() { cancel(ErrClosed) })()
	return r.resolve(ctx, t)
}

// Start resolves without waiting, for who has a goroutine that must not block. Done is
// called once, on another goroutine, with what Resolve would return; it must not block
// either. After Close it is called before Start returns, with ErrClosed.
func (r *Resolver) Start(t Target, done func([]Candidate, error)) {
	if !r.begin() {
		done(nil, ErrClosed)
		return
	}
	go func() {
		defer r.work.Done()
		done(r.resolve(r.ctx, t))
	}()
}

// Known gives what Resolve would, when nothing has to be asked: for an address literal,
// for what is in the cache, and for a target that cannot be used. Otherwise ok is false.
func (r *Resolver) Known(t Target) (list []Candidate, ok bool, err error) {
	m, known := r.means(t), Answers{}
	for {
		found, missing, err := Locate(t, m, known, r.config.Chance)
		if len(missing) == 0 {
			return found, true, err
		}
		if !r.recall(known, missing) {
			return nil, false, nil
		}
	}
}

// recall adds the missing answers from the cache; false when they are not all there.
func (r *Resolver) recall(known Answers, missing []Query) bool {
	for _, q := range missing {
		a, f := r.look(q)
		if f != fresh {
			return false
		}
		known[q] = a
	}
	return true
}

func (r *Resolver) resolve(ctx context.Context, t Target) ([]Candidate, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, totalTime, errLate)
	defer cancel()
	soon, cancelSoon := context.WithTimeout(ctx, staleWait)
	defer cancelSoon()
	m, known := r.means(t), Answers{}
	for {
		found, missing, err := Locate(t, m, known, r.config.Chance)
		if len(missing) == 0 {
			return found, err
		}
		r.learn(ctx, soon, known, missing)
		if err := r.ended(ctx); err != nil {
			return nil, err
		}
	}
}

// ended says why nobody wants a result any more.
func (r *Resolver) ended(ctx context.Context) error {
	if r.ctx.Err() != nil {
		return ErrClosed // before it has got about to ctx
	}
	if cause := context.Cause(ctx); !errors.Is(cause, errLate) {
		return cause
	}
	return nil
}

// errLate is what a query failed of that was not answered in time.
var errLate = errors.New("not known in time")

// means is what Locate has to know of this side. A name of /etc/hosts is complete.
func (r *Resolver) means(t Target) Means {
	m := Means{Protocols: r.config.Protocols, Families: r.config.Families}
	if len(r.config.Servers) > 0 || r.config.Exchange != nil {
		return m
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	name, _ := hostname(t.Host)
	if now := time.Now(); len(r.hosts.read(now)[name]) == 0 {
		m.Search = r.system.read(now).search
	}
	return m
}

func (r *Resolver) nameServers() []netip.AddrPort {
	if len(r.config.Servers) > 0 {
		return r.config.Servers
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.system.read(time.Now()).nameServers()
}

// look answers from files and the cache.
func (r *Resolver) look(q Query) (Answer, freshness) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if a, ok := r.hosts.read(now).local(q); ok {
		return a, fresh
	}
	return r.cache.get(now, q)
}

// staleWait is how long a resolution waits for new answers where it has old ones. RFC
// 8767 section 5 proposes 1.8 s, which is much of what an attempt has.
const staleWait = time.Second

// learn adds the missing answers to those that are known. All are asked for at once;
// soon ends when old ones will do.
func (r *Resolver) learn(ctx, soon context.Context, known Answers, missing []Query) {
	flights := make(map[Query]*flight)
	for _, q := range missing {
		a, f := r.look(q)
		if f == unknown {
			a = Answer{Outcome: Failed, Err: errLate}
		}
		known[q] = a
		if f != fresh && ctx.Err() == nil {
			flights[q] = r.fly(q)
		}
	}
	for q, f := range flights {
		if old := known[q]; old.Outcome == Failed {
			known[q] = f.await(ctx, old)
		} else {
			known[q] = f.await(soon, old)
		}
	}
}

// await gives the answer of a flight, or what was known before. An answer that has come
// counts, though ctx has ended while another was waited for.
func (f *flight) await(ctx context.Context, old Answer) Answer {
	select {
	case <-f.landed:
	case <-ctx.Done():
		select {
		case <-f.landed:
		default:
			return old
		}
	}
	if f.answer.Outcome == Failed && old.Outcome != Failed {
		return old
	}
	return f.answer
}

// maxFlights bounds the queries under way.
const maxFlights = 256

// errBusy is what a query fails of that cannot be asked.
var errBusy = errors.New("too many queries under way")

// fly asks a query, unless it is being asked.
func (r *Resolver) fly(q Query) *flight {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.flights[q]; f != nil {
		return f
	}
	f := &flight{landed: make(chan struct{})}
	if r.ctx.Err() != nil || len(r.flights) >= maxFlights {
		f.land(Answer{Outcome: Failed, Err: errBusy})
		return f
	}
	r.flights[q] = f
	r.work.Go(func() { f.land(r.answer(q)) })
	return f
}

func (f *flight) land(a Answer) {
	f.answer = a
	close(f.landed)
}

// answer asks a query and remembers what came of it.
func (r *Resolver) answer(q Query) Answer {
	ctx, cancel := context.WithTimeout(r.ctx, totalTime)
	defer cancel()
	a, err := r.ask(ctx, q)
	if err != nil {
		a = Answer{Outcome: Failed, Err: err}
	}
	if old, closed := r.keep(q, a); a.Outcome == Failed && !closed {
		r.log.Warn("name servers fail", "query", q.String(), "err", a.Err, "old_answer_used", old)
	}
	return a
}

// keep takes an answer into the cache, unless it only tells of Close.
func (r *Resolver) keep(q Query, a Answer) (old, closed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.flights, q)
	if r.ctx.Err() != nil {
		return false, true
	}
	return r.cache.put(time.Now(), q, a), false
}
