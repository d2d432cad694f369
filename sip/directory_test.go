package sip

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/sip/transaction"
)

func keyOf(branch string) transaction.ServerKey {
	return transaction.NewServerKey("INVITE", branch, "192.0.2.1", 5060)
}

func merge(callID string, seq uint32) mergeKey {
	return mergeKey{fromTag: "t", callID: callID, seq: seq}
}

// began says whether an INVITE began a call, or any.
func began(d *directory, branch string, c *bridge.Call) bool {
	leg, there := d.byInvite(keyOf(branch))
	return there && (c == nil || leg == legKey{c.ID(), callerParticipant} && d.of(leg) == c)
}

func TestDirectory(t *testing.T) {
	d := newDirectory()
	a, b := bridge.New("a", &bridge.Env{}), bridge.New("b", &bridge.Env{})
	if !d.add(a, keyOf("z9hG4bK1"), merge("c1", 1)) || !d.add(b, keyOf("z9hG4bK2"), merge("c1", 2)) {
		t.Fatal("not entered")
	}
	if d.get("a") != a || d.get("b") != b || d.get("c") != nil {
		t.Error("get")
	}
	if !began(d, "z9hG4bK1", a) || began(d, "z9hG4bK3", nil) {
		t.Error("byInvite")
	}
	if !d.isMerged(merge("c1", 1)) || d.isMerged(merge("c1", 3)) || d.isMerged(merge("c2", 1)) {
		t.Error("isMerged")
	}
	if list := d.all(); d.len() != 2 || !slices.Contains(list, a) || !slices.Contains(list, b) {
		t.Errorf("all: %v", list)
	}
	// The same request by another way is refused and changes nothing.
	if d.add(bridge.New("c", &bridge.Env{}), keyOf("z9hG4bK3"), merge("c1", 1)) || d.get("c") != nil || began(d, "z9hG4bK3", nil) {
		t.Error("a merged request was entered")
	}
	d.remove(a)
	d.remove(a)
	d.remove(bridge.New("never entered", &bridge.Env{}))
	if d.get("a") != nil || began(d, "z9hG4bK1", nil) || d.isMerged(merge("c1", 1)) || d.len() != 1 {
		t.Error("something of a is left")
	}
	if d.get("b") != b || !began(d, "z9hG4bK2", b) || !d.isMerged(merge("c1", 2)) {
		t.Error("b has gone with a")
	}
	d.remove(b)
	if len(d.byID)+len(d.invites)+len(d.merged) != 0 {
		t.Errorf("left: %v %v %v", d.byID, d.invites, d.merged)
	}
}

// Two readers that have one request at once begin one call.
func TestDirectoryRace(t *testing.T) {
	d := newDirectory()
	var wins sync.WaitGroup
	won := make(chan string, 100)
	for i := range 100 {
		wins.Go(func() {
			c := bridge.New(fmt.Sprint("call", i), &bridge.Env{})
			if d.add(c, keyOf(fmt.Sprint("z9hG4bK", i)), merge("c", 1)) {
				won <- c.ID()
			}
		})
	}
	wins.Wait()
	if len(won) != 1 || d.len() != 1 {
		t.Errorf("%d have won, %d calls", len(won), d.len())
	}
}

// An INVITE that joins a call is found before and after it has a number, and goes with the
// call.
func TestDirectoryJoins(t *testing.T) {
	d := newDirectory()
	a := bridge.New("a", &bridge.Env{})
	if d.join(a, keyOf("z9hG4bK2"), merge("c2", 1)) {
		t.Error("it has joined a call that is not there")
	}
	d.add(a, keyOf("z9hG4bK1"), merge("c1", 1))
	if !d.join(a, keyOf("z9hG4bK2"), merge("c2", 1)) || d.join(a, keyOf("z9hG4bK3"), merge("c2", 1)) || d.join(a, keyOf("z9hG4bK3"), merge("c1", 1)) {
		t.Error("join")
	}
	if leg, there := d.byInvite(keyOf("z9hG4bK2")); !there || leg != (legKey{call: "a"}) || d.of(leg) != a {
		t.Errorf("before it has a number: %v", leg)
	}
	d.joined(keyOf("z9hG4bK2"), 4)
	d.joined(keyOf("z9hG4bK9"), 4)
	if leg, there := d.byInvite(keyOf("z9hG4bK2")); !there || leg != (legKey{"a", 4}) {
		t.Errorf("then: %v", leg)
	}
	d.remove(a)
	if len(d.invites)+len(d.merged)+len(d.byID) != 0 {
		t.Errorf("left: %v %v", d.invites, d.merged)
	}
}

// A leg that has moved is found by its INVITE until the call is over that it is in.
func TestDirectoryKeepsInvitesOfMovedLegs(t *testing.T) {
	d := newDirectory()
	a, b := bridge.New("a", &bridge.Env{}), bridge.New("b", &bridge.Env{})
	d.add(a, keyOf("z9hG4bK1"), merge("c1", 1))
	d.join(a, keyOf("z9hG4bK3"), merge("c3", 1))
	d.joined(keyOf("z9hG4bK3"), 3)
	d.add(b, keyOf("z9hG4bK2"), merge("c2", 1))
	d.move(legKey{"a", 1}, b)
	d.remove(a)
	if leg, there := d.byInvite(keyOf("z9hG4bK1")); !there || d.of(leg) != b || !d.isMerged(merge("c1", 1)) {
		t.Errorf("it is %v", leg)
	}
	if _, there := d.byInvite(keyOf("z9hG4bK3")); there {
		t.Error("the other one is left")
	}
	d.remove(b)
	if n := len(d.invites) + len(d.merged) + len(d.moved) + len(d.byID); n != 0 {
		t.Errorf("%d are left", n)
	}
	// The other way round: it ends before the call that it was made in.
	d.add(a, keyOf("z9hG4bK1"), merge("c1", 1))
	d.add(b, keyOf("z9hG4bK2"), merge("c2", 1))
	d.move(legKey{"a", 1}, b)
	d.remove(b)
	d.remove(a)
	if n := len(d.invites) + len(d.merged) + len(d.moved) + len(d.byID); n != 0 {
		t.Errorf("%d are left", n)
	}
}
