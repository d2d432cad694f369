package fetch

import "sync"

// Shelf keeps values by name, up to a size of all of them together. What was not asked for
// the longest goes first. It may be used by several goroutines.
type Shelf[V any] struct {
	mu     sync.Mutex
	most   int64
	size   int64
	asked  uint64 // counts what is asked for
	values map[string]*shelved[V]
}

type shelved[V any] struct {
	value V
	size  int64
	asked uint64
}

// NewShelf makes an empty shelf for so many octets.
func NewShelf[V any](octets int64) *Shelf[V] {
	return &Shelf[V]{most: octets, values: map[string]*shelved[V]{}}
}

// Get gives what is kept by a name.
func (s *Shelf[V]) Get(name string) (v V, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, ok := s.values[name]
	if !ok {
		return v, false
	}
	s.asked++
	kept.asked = s.asked
	return kept.value, true
}

// Put keeps a value in the place of what the name had. One that is larger than the shelf is
// not kept.
func (s *Shelf[V]) Put(name string, v V, octets int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(name)
	if octets > s.most {
		return
	}
	s.asked++
	s.values[name] = &shelved[V]{v, octets, s.asked}
	for s.size += octets; s.size > s.most; {
		s.remove(s.oldest())
	}
}

func (s *Shelf[V]) remove(name string) {
	if kept, ok := s.values[name]; ok {
		s.size -= kept.size
		delete(s.values, name)
	}
}

// oldest is the name of what was not asked for the longest.
func (s *Shelf[V]) oldest() (name string) {
	least := s.asked + 1
	for n, kept := range s.values {
		if kept.asked < least {
			name, least = n, kept.asked
		}
	}
	return name
}
