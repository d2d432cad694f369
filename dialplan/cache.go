package dialplan

import (
	"strings"
	"sync"
)

const (
	// cacheSize bounds one generation of a cache; two are kept, at some 400
	// bytes an entry.
	cacheSize = 4096
	// maxCached is the longest string, in bytes, that is kept. Nothing so long is
	// a number or a name that is dialled twice.
	maxCached = 256
)

// cacheKey is a string and who wrote it.
type cacheKey struct {
	text string
	by   spelling
}

// cache remembers what strings were read as. It keeps two generations: when
// the young one is full it becomes the old one, and what is then still asked for
// moves back. So memory is bounded, a look-up is one or two map reads, and a
// flood of different numbers cannot drive out those in use all at once.
type cache[V any] struct {
	mu         sync.Mutex
	young, old map[cacheKey]V
}

// get gives what was put for text, if that is still kept.
func (c *cache[V]) get(text string, by spelling) (v V, ok bool) {
	k := cacheKey{text, by}
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok = c.young[k]; ok {
		return v, true
	}
	if v, ok = c.old[k]; ok {
		c.keep(k, v)
	}
	return v, ok
}

// put remembers v for text. Text too long to be worth it is not kept.
func (c *cache[V]) put(text string, by spelling, v V) {
	if len(text) > maxCached {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(cacheKey{text, by}, v)
}

// keep stores v in the young generation. The text is cloned: it is mostly a
// piece of a SIP message, which would stay in memory for its sake.
func (c *cache[V]) keep(k cacheKey, v V) {
	if c.young == nil || len(c.young) >= cacheSize {
		c.old, c.young = c.young, make(map[cacheKey]V)
	}
	k.text = strings.Clone(k.text)
	c.young[k] = v
}
