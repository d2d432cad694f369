package resolve

import (
	"maps"
	"slices"
	"time"
)

// How long answers are kept.
const (
	minTTL = time.Second
	maxTTL = time.Hour
	// maxStale is how long an answer outlives its TTL while name servers fail. RFC 8767
	// section 5: "between 1 and 3 days".
	maxStale = 24 * time.Hour
	// recheck is how long name servers that failed are left alone when there is an old
	// answer: RFC 8767 section 5, "no more frequently than every 30 seconds".
	recheck = 30 * time.Second
	// failureMemory is the same when there is none.
	failureMemory = 5 * time.Second
	// pointerMemory is the same for NAPTR, whose failure stops nothing.
	pointerMemory = 5 * time.Minute

	maxCached = 1024
)

// freshness is what an answer in the cache is good for.
type freshness uint8

const (
	// unknown: nothing to use.
	unknown freshness = iota
	// stale answers are used when asking again fails.
	stale
	// fresh answers are used.
	fresh
)

// cache keeps answers, the most recently used ones when there are too many. An entry's
// life:
//
//	put ──▶ fresh ──TTL──▶ stale ──24 h──▶ unknown
//	          ▲              │ asking fails
//	          └──30 s only───┘
type cache struct {
	entries map[Query]*entry
}

type entry struct {
	answer Answer
	until  time.Time // fresh until then
	end    time.Time // stale until then
	used   time.Time
}

// get gives an answer with the TTL that is left.
func (c *cache) get(now time.Time, q Query) (Answer, freshness) {
	e := c.entries[q]
	if e == nil {
		return Answer{}, unknown
	}
	if !now.Before(e.end) {
		delete(c.entries, q)
		return Answer{}, unknown
	}
	e.used = now
	a := e.answer
	a.TTL = max(0, e.until.Sub(now))
	if a.TTL == 0 {
		return a, stale
	}
	return a, fresh
}

// put keeps an answer. A failure does not displace what was known before.
func (c *cache) put(now time.Time, q Query, a Answer) (kept bool) {
	old := c.entries[q]
	if a.Outcome == Failed && old.useful(now) {
		old.until = now.Add(recheck)
		return true
	}
	if old == nil {
		c.makeRoom()
	}
	freshFor, staleFor := lives(q, a)
	until := now.Add(freshFor)
	c.entries[q] = &entry{answer: a, until: until, end: until.Add(staleFor), used: now}
	return false
}

func (e *entry) useful(now time.Time) bool {
	return e != nil && e.answer.Outcome != Failed && now.Before(e.end)
}

// lives is how long an answer is fresh, and then stale.
func lives(q Query, a Answer) (freshFor, staleFor time.Duration) {
	switch {
	case a.Outcome != Failed:
		return min(max(a.TTL, minTTL), maxTTL), maxStale
	case q.Type == NAPTR:
		return pointerMemory, 0
	}
	return failureMemory, 0
}

// makeRoom drops what was not used for longest.
func (c *cache) makeRoom() {
	if len(c.entries) < maxCached {
		return
	}
	idle := slices.MinFunc(slices.Collect(maps.Keys(c.entries)), func(a, b Query) int {
		return c.entries[a].used.Compare(c.entries[b].used)
	})
	delete(c.entries, idle)
}
