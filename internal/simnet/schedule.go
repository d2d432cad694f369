package simnet

import (
	"container/heap"
	"time"
)

// schedule is what is to happen, ordered by time and then by when it was added. It has
// one timer, set to the first entry.
type schedule struct {
	events events
	added  uint64
	timer  *time.Timer
}

type event struct {
	at    time.Time
	order uint64
	run   func()
}

func (s *schedule) len() int { return len(s.events) }

// add plans run for the moment at; wake is what the timer must call.
func (s *schedule) add(at time.Time, run, wake func()) {
	s.added++
	heap.Push(&s.events, event{at, s.added, run})
	if s.events[0].order == s.added {
		s.arm(wake)
	}
}

// run does everything that is due. What it does may add more.
func (s *schedule) run(now time.Time, wake func()) {
	for len(s.events) > 0 && !s.events[0].at.After(now) {
		heap.Pop(&s.events).(event).run()
	}
	if len(s.events) > 0 {
		s.arm(wake)
	}
}

func (s *schedule) arm(wake func()) {
	d := time.Until(s.events[0].at)
	if s.timer == nil {
		s.timer = time.AfterFunc(d, wake)
		return
	}
	s.timer.Reset(d)
}

func (s *schedule) stop() {
	s.events = nil
	if s.timer != nil {
		s.timer.Stop()
	}
}

// events is a heap for container/heap.
type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = event{}
	*e = (*e)[:last]
	return x
}
