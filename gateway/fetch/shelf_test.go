package fetch

import (
	"fmt"
	"sync"
	"testing"
)

// TestShelf: what was asked for last stays.
func TestShelf(t *testing.T) {
	s := NewShelf[int](100)
	for i, name := range []string{"a", "b", "c"} {
		s.Put(name, i, 40)
		s.Get("a")
	}
	for name, want := range map[string]bool{"a": true, "b": false, "c": true, "d": false} {
		if _, ok := s.Get(name); ok != want {
			t.Errorf("%s is kept: %v", name, ok)
		}
	}
	s.Put("a", 7, 60)
	if v, _ := s.Get("a"); v != 7 {
		t.Errorf("a is %d", v)
	}
	if _, ok := s.Get("c"); !ok {
		t.Error("c and the new a have room beside each other")
	}
	s.Put("c", 1, 101)
	if _, ok := s.Get("c"); ok {
		t.Error("what is larger than the shelf is kept")
	}
	if _, ok := s.Get("a"); !ok {
		t.Error("what is too large has driven out another")
	}
}

// TestShelfConcurrently is for the race detector.
func TestShelfConcurrently(t *testing.T) {
	s := NewShelf[int](100)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 200 {
				name := fmt.Sprint((i + j) % 20)
				s.Put(name, j, 10)
				s.Get(name)
			}
		})
	}
	all.Wait()
	if s.size > 100 || len(s.values) > 10 {
		t.Errorf("%d values of %d octets", len(s.values), s.size)
	}
}
