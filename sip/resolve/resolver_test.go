package resolve

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// servers are name servers in simulated time.
type servers struct {
	mu    sync.Mutex
	zone  zone
	delay time.Duration
	down  error
	asked []Query
}

func (s *servers) exchange(ctx context.Context, q Query) (Answer, error) {
	s.mu.Lock()
	s.asked = append(s.asked, q)
	z, delay, down := s.zone, s.delay, s.down
	s.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
	if down != nil {
		return Answer{}, down
	}
	return z.exchange(ctx, q)
}

func (s *servers) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// count tells how many queries there were since it was last called.
func (s *servers) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.asked)
	s.asked = nil
	return n
}

// bubble runs a story with a resolver in simulated time.
func bubble(t *testing.T, zone string, story func(t *testing.T, r *Resolver, s *servers)) {
	t.Helper()
	z := zoneOf(t, zone)
	synctest.Test(t, func(t *testing.T) {
		s := &servers{zone: z}
		r := New(Config{Exchange: s.exchange, Hosts: os.DevNull, Protocols: []Protocol{UDP, TCP}, Families: []Family{IPv4}})
		defer r.Close()
		story(t, r, s)
	})
}

func (r *Resolver) expect(t *testing.T, target Target, want ...string) {
	t.Helper()
	found, err := r.Resolve(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "candidates", texts(found), want)
}

const oneServer = `
_sip._udp.example.com SRV 0 0 5060 a.example.com.
a.example.com A 192.0.2.1
b.example.com A 192.0.2.2
`

var (
	overUDP = Target{Host: "example.com", Protocol: UDP}
	serverA = "UDP 192.0.2.1:5060 (a.example.com)"
	errDown = errors.New("SERVFAIL")
)

func TestCacheSavesQueries(t *testing.T) {
	bubble(t, oneServer+"short.example A 192.0.2.3\nshort.example 10 A 192.0.2.4", func(t *testing.T, r *Resolver, s *servers) {
		r.expect(t, overUDP, serverA)
		if n := s.count(); n != 2 {
			t.Errorf("%d queries, not SRV and A", n)
		}
		time.Sleep(59 * time.Second)
		r.expect(t, overUDP, serverA)
		if n := s.count(); n != 0 {
			t.Errorf("%d queries while the TTL lasts", n)
		}
		found, _ := r.Resolve(t.Context(), overUDP)
		if found[0].TTL != time.Second {
			t.Errorf("%v is left of 60 s after 59", found[0].TTL)
		}
		time.Sleep(time.Second)
		r.expect(t, overUDP, serverA)
		if n := s.count(); n != 2 {
			t.Errorf("%d queries after the TTL", n)
		}
		// Different targets share what they have in common.
		r.expect(t, Target{Host: "a.example.com", Port: 5070}, "UDP 192.0.2.1:5070 (a.example.com)")
		if n := s.count(); n != 0 {
			t.Errorf("%d queries for a known host", n)
		}
	})
}

func TestChangesAreSeenAfterTheTTL(t *testing.T) {
	bubble(t, oneServer, func(t *testing.T, r *Resolver, s *servers) {
		r.expect(t, overUDP, serverA)
		z := zoneOf(t, strings.ReplaceAll(oneServer, "5060 a.", "5060 b."))
		s.set(func() { s.zone = z })
		time.Sleep(30 * time.Second)
		r.expect(t, overUDP, serverA)
		time.Sleep(30 * time.Second)
		r.expect(t, overUDP, "UDP 192.0.2.2:5060 (b.example.com)")
	})
}

func TestNegativeAnswersSaveQueries(t *testing.T) {
	bubble(t, "", func(t *testing.T, r *Resolver, s *servers) {
		target := Target{Host: "gone.example"}
		if _, err := r.Resolve(t.Context(), target); !errors.Is(err, ErrNoName) {
			t.Fatal(err)
		}
		if n := s.count(); n != 4 {
			t.Errorf("%d queries, not NAPTR, two SRV, A", n)
		}
		time.Sleep((negativeTTL - 1) * time.Second)
		if _, err := r.Resolve(t.Context(), target); !errors.Is(err, ErrNoName) || s.count() != 0 {
			t.Errorf("asked again: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := r.Resolve(t.Context(), target); !errors.Is(err, ErrNoName) || s.count() != 4 {
			t.Errorf("not asked again: %v", err)
		}
	})
}

// One query is under way for each name, however many calls want it.
func TestCallsShareAQuery(t *testing.T) {
	bubble(t, oneServer, func(t *testing.T, r *Resolver, s *servers) {
		s.delay = 100 * time.Millisecond
		results := make(chan error, 50)
		for range 50 {
			r.Start(overUDP, func(found []Candidate, err error) {
				if err == nil && found[0].String() != serverA {
					err = errors.New(found[0].String())
				}
				results <- err
			})
		}
		start := time.Now()
		for range 50 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if n := s.count(); n != 2 || time.Since(start) != 200*time.Millisecond {
			t.Errorf("%d queries in %v", n, time.Since(start))
		}
	})
}

// A DNS outage must not stop calls.
func TestOldAnswersServeInAnOutage(t *testing.T) {
	bubble(t, oneServer, func(t *testing.T, r *Resolver, s *servers) {
		target := Target{Host: "example.com"}
		r.expect(t, target, serverA)
		s.count()
		s.set(func() { s.down = errDown })
		time.Sleep(time.Hour)
		r.expect(t, target, serverA)
		if n := s.count(); n != 4 {
			t.Errorf("%d queries, not NAPTR, SRV, SRV, A", n)
		}
		found, _ := r.Resolve(t.Context(), target)
		if n := s.count(); n != 0 || found[0].TTL != recheck {
			t.Errorf("%d queries within 30 s of the failure, TTL %v", n, found[0].TTL)
		}
		time.Sleep(recheck)
		r.expect(t, target, serverA)
		if n := s.count(); n != 4 {
			t.Errorf("%d queries 30 s after the failure", n)
		}
		time.Sleep(24 * time.Hour)
		if _, err := r.Resolve(t.Context(), target); !errors.Is(err, ErrServer) || !errors.Is(err, errDown) {
			t.Errorf("after a day: %v", err)
		}
		s.set(func() { s.down = nil })
		time.Sleep(pointerMemory)
		r.expect(t, target, serverA)
	})
}

// With silent name servers an old answer is waited for 1 s in all, and then not at all.
func TestOldAnswersDoNotWaitLong(t *testing.T) {
	bubble(t, oneServer, func(t *testing.T, r *Resolver, s *servers) {
		target := Target{Host: "example.com"}
		r.expect(t, target, serverA)
		s.set(func() { s.delay = time.Hour })
		time.Sleep(time.Hour)
		start := time.Now()
		r.expect(t, target, serverA)
		if took := time.Since(start); took != staleWait {
			t.Errorf("took %v", took)
		}
		time.Sleep(totalTime) // the queries fail
		start = time.Now()
		r.expect(t, target, serverA)
		if took := time.Since(start); took != 0 {
			t.Errorf("the next took %v", took)
		}
	})
}

func TestSilentServersTakeFourSeconds(t *testing.T) {
	bubble(t, oneServer, func(t *testing.T, r *Resolver, s *servers) {
		s.delay = time.Hour
		start := time.Now()
		_, err := r.Resolve(t.Context(), overUDP)
		if !errors.Is(err, ErrServer) || time.Since(start) != totalTime {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		s.set(func() { s.delay = 0 })
		time.Sleep(totalTime + failureMemory)
		r.expect(t, overUDP, serverA)
	})
}

// What answers in time is used, though something else does not.
func TestLateAnswersAreDoneWithout(t *testing.T) {
	bubble(t, oneServer, func(t *testing.T, r *Resolver, s *servers) {
		slow := r.ask
		r.ask = func(ctx context.Context, q Query) (Answer, error) {
			if q.Type == AAAA {
				<-ctx.Done()
				return Answer{}, ctx.Err()
			}
			return slow(ctx, q)
		}
		r.config.Families = []Family{IPv6, IPv4}
		start := time.Now()
		r.expect(t, overUDP, serverA)
		if took := time.Since(start); took != totalTime {
			t.Errorf("took %v", took)
		}
		start = time.Now()
		r.expect(t, overUDP, serverA)
		if took := time.Since(start); took != 0 {
			t.Errorf("and again %v: the failure is to be remembered", took)
		}
	})
}

// A failure is remembered for a while, so that not every call waits for the same.
func TestFailuresAreRemembered(t *testing.T) {
	bubble(t, oneServer, func(t *testing.T, r *Resolver, s *servers) {
		s.down = errDown
		target := Target{Host: "a.example.com", Port: 5060}
		for range 3 {
			if _, err := r.Resolve(t.Context(), target); !errors.Is(err, errDown) {
				t.Error(err)
			}
		}
		if n := s.count(); n != 1 {
			t.Errorf("%d queries", n)
		}
		s.set(func() { s.down = nil })
		time.Sleep(failureMemory)
		r.expect(t, target, "UDP 192.0.2.1:5060 (a.example.com)")
	})
}

func TestCallerGivesUp(t *testing.T) {
	bubble(t, oneServer, func(t *testing.T, r *Resolver, s *servers) {
		s.delay = 2 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Resolve(ctx, overUDP); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		s.count()
		_, err := r.Resolve(ctx, Target{Host: "other.example"})
		synctest.Wait()
		if !errors.Is(err, context.DeadlineExceeded) || s.count() != 0 {
			t.Errorf("asks for who has given up: %v", err)
		}
		// The query goes on for the others.
		start := time.Now()
		r.expect(t, Target{Host: "example.com", Protocol: UDP}, serverA)
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %v: 1 s more for SRV and 2 s for A", took)
		}
	})
}

func TestCloseEndsEverything(t *testing.T) {
	bubble(t, oneServer, func(t *testing.T, r *Resolver, s *servers) {
		s.delay = time.Hour
		var log bytes.Buffer
		r.log = slog.New(slog.NewTextHandler(&log, nil))
		ended := make(chan error, 3)
		r.Start(overUDP, func(_ []Candidate, err error) { ended <- err })
		go func() {
			_, err := r.Resolve(context.Background(), overUDP)
			ended <- err
		}()
		synctest.Wait()
		start := time.Now()
		r.Close()
		synctest.Wait()
		if len(ended) != 2 || time.Since(start) != 0 {
			t.Errorf("%d ended after %v", len(ended), time.Since(start))
		}
		if log.Len() > 0 || len(r.cache.entries) > 0 {
			t.Errorf("is taken for a failure: %s%v", &log, r.cache.entries)
		}
		r.Start(overUDP, func(_ []Candidate, err error) { ended <- err })
		for range 3 {
			if err := <-ended; !errors.Is(err, ErrClosed) {
				t.Error(err)
			}
		}
		if _, err := r.Resolve(t.Context(), overUDP); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		if f := r.fly(host); !errors.Is(f.answer.Err, errBusy) {
			t.Errorf("a closed resolver asks: %+v", f.answer)
		}
	})
}

func TestKnown(t *testing.T) {
	bubble(t, oneServer, func(t *testing.T, r *Resolver, s *servers) {
		if found, ok, _ := r.Known(Target{Host: "192.0.2.9"}); !ok || found[0].String() != "UDP 192.0.2.9:5060" {
			t.Errorf("an address: %v, %v", found, ok)
		}
		if found, ok, _ := r.Known(overUDP); ok || found != nil || s.count() != 0 {
			t.Errorf("before asking: %v", found)
		}
		r.expect(t, overUDP, serverA)
		if found, ok, _ := r.Known(overUDP); !ok || found[0].String() != serverA {
			t.Errorf("after asking: %v, %v", found, ok)
		}
		if _, ok, err := r.Known(Target{Host: "example.com", Secure: true}); !ok || !errors.Is(err, ErrTarget) {
			t.Errorf("TLS is not spoken: %v, %v", ok, err)
		}
		time.Sleep(time.Minute)
		if _, ok, _ := r.Known(overUDP); ok {
			t.Error("after the TTL")
		}
	})
}

func TestQueriesUnderWayAreBounded(t *testing.T) {
	bubble(t, "", func(t *testing.T, r *Resolver, s *servers) {
		s.delay = time.Second
		errs := make(chan error, maxFlights+1)
		for i := range maxFlights + 1 {
			name := strings.Repeat("a", i%60+1) + "." + strings.Repeat("b", i/60+1)
			r.Start(Target{Host: name, Port: 5060}, func(_ []Candidate, err error) { errs <- err })
		}
		busy := 0
		for range maxFlights + 1 {
			if errors.Is(<-errs, errBusy) {
				busy++
			}
		}
		if busy != 1 || s.count() != maxFlights {
			t.Errorf("%d were refused", busy)
		}
	})
}

// The names of /etc/hosts are hosts, and complete; others are sought in the search list.
func TestFilesAreHonoured(t *testing.T) {
	dir := t.TempDir()
	hosts, conf := filepath.Join(dir, "hosts"), filepath.Join(dir, "resolv.conf")
	for path, text := range map[string]string{hosts: "192.0.2.7 pbx\n", conf: "nameserver 192.0.2.53\nsearch example.com\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	z := zoneOf(t, oneServer)
	synctest.Test(t, func(t *testing.T) {
		s := &servers{zone: z}
		r := New(Config{Hosts: hosts, ResolvConf: conf})
		defer r.Close()
		r.ask = s.exchange
		r.expect(t, Target{Host: "PBX"}, "UDP 192.0.2.7:5060 (pbx)")
		if n := s.count(); n != 0 {
			t.Errorf("%d queries for a name of /etc/hosts", n)
		}
		r.expect(t, Target{Host: "a"}, "UDP 192.0.2.1:5060 (a.example.com)")
		found, err := r.Resolve(t.Context(), Target{Host: "localhost"})
		if err != nil || !slices.Equal(texts(found), []string{"UDP 127.0.0.1:5060 (localhost)", "UDP [::1]:5060 (localhost)"}) {
			t.Errorf("%v, %v", found, err)
		}
		s.count()
		if _, err := r.Resolve(t.Context(), Target{Host: "x.invalid"}); !errors.Is(err, ErrNoName) || s.count() != 0 {
			t.Errorf("a name that is invalid: %v", err)
		}
		same(t, "name servers", texts(r.nameServers()), []string{"192.0.2.53:53"})
	})
}

// Name servers that fail are told of, with whether calls go on.
func TestOutageIsLogged(t *testing.T) {
	bubble(t, oneServer, func(t *testing.T, r *Resolver, s *servers) {
		var log bytes.Buffer
		r.log = slog.New(slog.NewTextHandler(&log, nil))
		target := Target{Host: "a.example.com", Port: 5060}
		r.expect(t, target, "UDP 192.0.2.1:5060 (a.example.com)")
		if log.Len() != 0 {
			t.Errorf("without need: %s", &log)
		}
		s.set(func() { s.down = errDown })
		time.Sleep(time.Minute)
		r.expect(t, target, "UDP 192.0.2.1:5060 (a.example.com)")
		for _, part := range []string{"A a.example.com", "SERVFAIL", "old_answer_used=true"} {
			if !strings.Contains(log.String(), part) {
				t.Errorf("%q is not in %s", part, &log)
			}
		}
	})
}

// An Exchange that says Failed without an error is a failure too.
func TestExchangeMaySayFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Config{Hosts: os.DevNull, Exchange: func(context.Context, Query) (Answer, error) {
			return Answer{Outcome: Failed}, nil
		}})
		defer r.Close()
		if _, err := r.Resolve(t.Context(), overUDP); !errors.Is(err, ErrServer) {
			t.Error(err)
		}
	})
}

func BenchmarkKnown(b *testing.B) {
	s := &servers{zone: zoneOf(b, oneServer)}
	r := New(Config{Exchange: s.exchange, Hosts: os.DevNull, Families: []Family{IPv4}})
	defer r.Close()
	if _, err := r.Resolve(b.Context(), overUDP); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, _ := r.Known(overUDP); !ok {
			b.Fatal("not known")
		}
	}
}
