package sip

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
)

const lingers = 32 * time.Second

func lingerStory(t *testing.T, story func(g *lingering)) {
	synctest.Test(t, func(*testing.T) { story(newLingering(lingers)) })
}

func wait(d time.Duration) { <-time.After(d) }

// An entry lives at least 64*T1, and not much longer, whenever it was made.
func TestLingers(t *testing.T) {
	for _, offset := range []time.Duration{0, time.Second, 8*time.Second - 1, 8 * time.Second, 100 * time.Second} {
		lingerStory(t, func(g *lingering) {
			g.answered(keyOf("z9hG4bK-first"), nil, transport.Flow{})
			wait(offset)
			g.answered(keyOf("z9hG4bK1"), []byte("answer"), transport.Flow{Conn: 7})
			g.add([]dialog.Leftover{{Response: transaction.NewClientKey("z9hG4bK2", "INVITE"), Answer: []byte("ACK"), Hop: "sip:h"}})
			g.ended("call")
			wait(lingers - 1)
			r, ok := g.request(keyOf("z9hG4bK1"))
			if !ok || string(r.answer) != "answer" || r.flow.Conn != 7 {
				t.Errorf("at %v: request: %v %v", offset, r, ok)
			}
			if r, ok := g.response(transaction.NewClientKey("z9hG4bK2", "INVITE")); !ok || string(r.answer) != "ACK" || r.hop != "sip:h" {
				t.Errorf("at %v: response: %v %v", offset, r, ok)
			}
			if !g.hasEnded("call") {
				t.Errorf("at %v: the call is forgotten", offset)
			}
			wait(lingers/4 + 1)
			if n := g.len(); n != 0 {
				t.Errorf("at %v: %d entries are left", offset, n)
			}
		})
	}
}

func TestLingersForOthersNot(t *testing.T) {
	lingerStory(t, func(g *lingering) {
		if _, ok := g.request(keyOf("z9hG4bK1")); ok || g.hasEnded("x") || g.len() != 0 {
			t.Error("something is there from the start")
		}
		g.add(nil)
		g.add([]dialog.Leftover{{Request: keyOf("z9hG4bK1")}})
		if r, ok := g.request(keyOf("z9hG4bK1")); !ok || r.answer != nil {
			t.Errorf("%v %v", r, ok)
		}
		if _, ok := g.request(keyOf("z9hG4bK2")); ok {
			t.Error("another branch")
		}
		if _, ok := g.response(transaction.NewClientKey("z9hG4bK1", "INVITE")); ok {
			t.Error("a response by a request's branch")
		}
	})
}

// Under a steady load there are as many entries as came within the time, and when
// it stops all of them go: memory comes back.
func TestLingeringMemoryComesBack(t *testing.T) {
	lingerStory(t, func(g *lingering) {
		const each = 100 * time.Millisecond
		most := 0
		for i := range 2000 {
			g.answered(keyOf(fmt.Sprint("z9hG4bK", i)), []byte("x"), transport.Flow{})
			most = max(most, g.len())
			wait(each)
		}
		if least, bound := int(lingers/each), int(lingers/each)*5/4; most < least || most > bound {
			t.Errorf("%d entries at most, not between %d and %d", most, least, bound)
		}
		for _, gap := range []time.Duration{lingers / 2, lingers, 24 * time.Hour} {
			g.answered(keyOf("z9hG4bK-more"), nil, transport.Flow{})
			wait(gap)
		}
		if n := g.len(); n != 0 {
			t.Errorf("%d entries are left", n)
		}
	})
}

func BenchmarkLingeringLookup(b *testing.B) {
	g := newLingering(lingers)
	for i := range 10000 {
		g.answered(keyOf(fmt.Sprint("z9hG4bK", i)), nil, transport.Flow{})
	}
	key := keyOf("z9hG4bK-unknown")
	b.ReportAllocs()
	for b.Loop() {
		g.request(key)
	}
}
