package digest

import (
	"sync"
	"time"
)

// A ledger remembers the nonce counts that were used, so that none is used twice. It
// holds at most max nonces. To stay below, it forgets the one first used, and from
// then on takes no nonce for new that was issued before that one: what it has
// forgotten it cannot accept again.
type ledger struct {
	mu      sync.Mutex
	entries map[nonceID]*counts
	order   []nonceID // by first use
	floor   int64     // nonces issued up to then and not in entries are refused
	max     int
}

// use takes a nonce count; false when it was used before or cannot be told.
func (l *ledger) use(id nonceID, nc uint32, expired func(issued int64) bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.order) > 0 && expired(l.order[0].issued()) {
		l.drop()
	}
	seen := l.entries[id]
	if seen == nil {
		if !l.admit(id) {
			return false
		}
		seen = new(counts)
		l.entries[id] = seen
		l.order = append(l.order, id)
	}
	return seen.use(nc)
}

// admit makes room for a nonce that is not known, unless it is too old to tell whether
// it was forgotten.
func (l *ledger) admit(id nonceID) bool {
	full := len(l.order) == l.max
	if id.issued() <= l.floor || full && id.issued() <= l.order[0].issued() {
		return false
	}
	if full {
		l.drop()
	}
	return true
}

// drop forgets the nonce first used. That raises the floor for an expired one too,
// since the clock may be set back.
func (l *ledger) drop() {
	l.floor = max(l.floor, l.order[0].issued())
	delete(l.entries, l.order[0])
	l.order = l.order[1:]
}

// counts are the nonce counts used with one nonce: the highest, and in bit i whether
// highest-i was. Requests overtake each other on UDP, so the lower ones of the window
// are good once; what is below the window is refused.
type counts struct {
	highest uint32
	window  uint64
}

const windowSize = 64

func (c *counts) use(nc uint32) bool {
	switch {
	case nc == 0:
		return false
	case nc > c.highest:
		if ahead := nc - c.highest; ahead < windowSize {
			c.window <<= ahead
		} else {
			c.window = 0
		}
		c.highest = nc
		c.window |= 1
		return true
	}
	behind := c.highest - nc
	if behind >= windowSize || c.window&(1<<behind) != 0 {
		return false
	}
	c.window |= 1 << behind
	return true
}

// fresh reports whether a nonce issued then may be used now.
func (a *Authenticator) fresh(now time.Time, issued int64) bool {
	return issued <= now.UnixMilli() && !a.expired(now, issued)
}

// expired reports whether a nonce issued then has had its time.
func (a *Authenticator) expired(now time.Time, issued int64) bool {
	return now.UnixMilli()-issued > a.lifetime.Milliseconds()
}
