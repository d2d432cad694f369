package resolve

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

var host = Query{"a.example", A}

func newCache() *cache { return &cache{make(map[Query]*entry)} }

func (c *cache) expect(t *testing.T, after time.Duration, q Query, want freshness, ttl time.Duration) Answer {
	t.Helper()
	a, f := c.get(epoch.Add(after), q)
	if f != want || a.TTL != ttl {
		t.Errorf("after %v: freshness %d with TTL %v, not %d with %v", after, f, a.TTL, want, ttl)
	}
	return a
}

func TestTTLIsHeld(t *testing.T) {
	for given, held := range map[time.Duration]time.Duration{
		0: time.Second, time.Millisecond: time.Second, time.Minute: time.Minute, time.Hour: time.Hour, 1000 * time.Hour: time.Hour,
	} {
		c := newCache()
		c.put(epoch, host, Answer{TTL: given})
		c.expect(t, 0, host, fresh, held)
		c.expect(t, held-1, host, fresh, 1)
		c.expect(t, held, host, stale, 0)
		c.expect(t, held+maxStale-1, host, stale, 0)
		c.expect(t, held+maxStale, host, unknown, 0)
		if len(c.entries) != 0 {
			t.Error("what has ended is still there")
		}
	}
}

// RFC 2308 s5: negative answers are cached, for their own time.
func TestNegativeAnswersAreCached(t *testing.T) {
	for _, o := range []Outcome{NoData, NoName} {
		c := newCache()
		c.put(epoch, host, Answer{Outcome: o, TTL: 20 * time.Second})
		if a := c.expect(t, 5*time.Second, host, fresh, 15*time.Second); a.Outcome != o {
			t.Errorf("%v became %v", o, a.Outcome)
		}
		c.expect(t, 20*time.Second, host, stale, 0)
	}
}

// A failure does not displace an answer; it is used, and rechecked after 30 s.
func TestFailureKeepsTheOldAnswer(t *testing.T) {
	c := newCache()
	failure := Answer{Outcome: Failed, Err: errors.New("SERVFAIL")}
	c.put(epoch, host, Answer{TTL: time.Minute, Alias: "b.example"})
	if old := c.put(epoch.Add(2*time.Minute), host, failure); !old {
		t.Error("not told that the old answer goes on")
	}
	if a := c.expect(t, 2*time.Minute, host, fresh, recheck); a.Alias != "b.example" {
		t.Errorf("is %+v", a)
	}
	c.expect(t, 2*time.Minute+recheck, host, stale, 0)
	c.put(epoch.Add(10*time.Hour), host, failure)
	c.expect(t, 10*time.Hour+recheck-1, host, fresh, 1)
	c.expect(t, time.Minute+maxStale, host, unknown, 0)

	c.put(epoch.Add(30*time.Hour), host, Answer{TTL: time.Minute, Alias: "c.example"})
	if a := c.expect(t, 30*time.Hour, host, fresh, time.Minute); a.Alias != "c.example" {
		t.Errorf("a new answer is %+v", a)
	}
}

// An old answer does not outlive its 24 h by failing near the end of them.
func TestStaleEnds(t *testing.T) {
	c := newCache()
	c.put(epoch, host, Answer{TTL: time.Minute})
	end := time.Minute + maxStale
	c.put(epoch.Add(end-time.Second), host, Answer{Outcome: Failed})
	c.expect(t, end-1, host, fresh, 29*time.Second+1)
	c.expect(t, end, host, unknown, 0)

	c.put(epoch, host, Answer{TTL: time.Minute})
	if old := c.put(epoch.Add(end), host, Answer{Outcome: Failed}); old {
		t.Error("an answer that has ended is used")
	}
	if a := c.expect(t, end, host, fresh, failureMemory); a.Outcome != Failed {
		t.Errorf("is %+v", a)
	}
}

func TestFailureWithoutOldAnswer(t *testing.T) {
	for q, held := range map[Query]time.Duration{host: failureMemory, {"example", NAPTR}: pointerMemory} {
		c := newCache()
		if old := c.put(epoch, q, Answer{Outcome: Failed}); old {
			t.Error("there is no old answer")
		}
		c.expect(t, held-1, q, fresh, 1)
		c.expect(t, held, q, unknown, 0)
		c.put(epoch, q, Answer{Outcome: Failed})
		if old := c.put(epoch.Add(time.Second), q, Answer{Outcome: Failed}); old {
			t.Error("a failure is no old answer")
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := newCache()
	name := func(i int) Query { return Query{fmt.Sprintf("h%d.example", i), A} }
	for i := range maxCached {
		c.put(epoch.Add(time.Duration(i)), name(i), Answer{TTL: time.Hour})
	}
	c.get(epoch.Add(time.Second), name(0)) // the trunk that is called all the time
	for i := range 10 {
		c.put(epoch.Add(2*time.Second), name(maxCached+i), Answer{TTL: time.Hour})
	}
	if len(c.entries) != maxCached {
		t.Errorf("%d entries", len(c.entries))
	}
	c.expect(t, 0, name(0), fresh, time.Hour)
	if _, f := c.get(epoch, name(1)); f != unknown {
		t.Error("what was not used for longest is still there")
	}
	c.put(epoch, name(0), Answer{TTL: time.Minute})
	if len(c.entries) != maxCached {
		t.Error("a new answer for an old query pushed another out")
	}
}
