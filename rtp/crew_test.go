package rtp

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

// counted is something that is pulled.
type counted struct {
	pulls  atomic.Int64
	stands place
	during func()
}

func (c *counted) pull(now, slot time.Time) {
	if c.during != nil {
		c.during()
	}
	if now.Equal(start) && slot.Equal(start.Add(ms)) {
		c.pulls.Add(1)
	}
}
func (c *counted) wanted() bool { return true }
func (c *counted) at() *place   { return &c.stands }

// TestCrewPullsEachRoomOnce: whatever the number of rooms and hands.
func TestCrewPullsEachRoomOnce(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for hands := range 4 {
		c := newCrew(hands)
		for rooms := range 40 {
			list := make([]paced, rooms)
			for i := range list {
				list[i] = new(counted)
			}
			c.pull(list, start, start.Add(ms))
			for i := range list {
				if n := list[i].(*counted).pulls.Load(); n != 1 {
					t.Fatalf("%d hands, %d rooms: number %d was pulled %d times", hands, rooms, i, n)
				}
			}
		}
		c.dismiss()
	}
}

// TestRoomsArePulledAtATime: one that takes long does not hold up another.
func TestRoomsArePulledAtATime(t *testing.T) {
	c := newCrew(1)
	defer c.dismiss()
	meet := make(chan struct{})
	one := &counted{during: func() { meet <- struct{}{} }}
	other := &counted{during: func() { <-meet }}
	c.pull([]paced{one, other}, start, start.Add(ms))
	if one.pulls.Load()+other.pulls.Load() != 2 {
		t.Error("not both were pulled")
	}
}

// TestManyRooms: with the clock's own goroutines, each room has its tick.
func TestManyRooms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		var all []*party
		for n := range 5 {
			a, b := r.party(2*n, 440, pcmu), r.party(2*n+1, 610, pcmu)
			r.hears(Table{1: {{Source: 1}, {Source: 2}}, 2: {{Source: 1}, {Source: 2}}}, nil, a, b)
			all = append(all, a, b)
		}
		talk(time.Second, all...)
		for i, p := range all {
			pcm, sent := p.heard()
			tone, _ := levels(t, after(pcm, 8000, 200*ms), []float64{610, 440}[i%2])
			if len(sent) < 49 || tone < -10.5 || tone > -9.5 {
				t.Errorf("party %d: %d packets, the tone at %.1f dBFS", i, len(sent), tone)
			}
			p.Close()
		}
	})
}
