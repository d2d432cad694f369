package resolve

import "time"

// How long answers are kept.
const (
	minTTL = time.Second
	maxTTL = time.Hour
	// staleFor is how long an answer outlives its TTL while name servers fail. RFC 8767
	// section 5: "between 1 and 3 days".
	staleFor = 24 * time.Hour
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
	if a.Outcome == Failed && old != nil && old.answer.Outcome != Failed && now.Before(old.end) {
		old.until = now.Add(recheck)
		return true
	}
	if old == nil {
		c.makeRoom()
	}
	e := &entry{answer: a, used: now}
	if a.Outcome == Failed {
		e.until = now.Add(memory(q))
		e.end = e.until
	} else {
		e.until = now.Add(min(max(a.TTL, minTTL), maxTTL))
		e.end = e.until.Add(staleFor)
	}
	c.entries[q] = e
	return false
}

func memory(q Query) time.Duration {
	if q.Type == NAPTR {
		return pointerMemory
	}
	return failureMemory
}

// makeRoom drops what was not used for longest.
func (c *cache) makeRoom() {
	if len(c.entries) < maxCached {
		return
	}
	var idle Query
	for q, e := range c.entries {
		if o := c.entries[idle]; o == nil || e.used.Before(o.used) {
			idle = q
		}
	}
	delete(c.entries, idle)
}
