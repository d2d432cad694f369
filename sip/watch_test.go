package sip

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sip/trunk"
)

// changed gives a copy of settings whose first trunk is changed.
func changed(set *Settings, change func(t *Trunk)) *Settings {
	next := *set
	next.Trunks = slices.Clone(set.Trunks)
	change(&next.Trunks[0])
	return &next
}

// registering are settings with a registration at the carrier.
func registering(t *testing.T) *Settings {
	return changed(settings(t), func(c *Trunk) {
		c.Username, c.Password, c.Register.Registrar = "tandem", "first", "carrier.test"
	})
}

func TestRegistrationFollowsTheSettings(t *testing.T) {
	set := registering(t)
	playWith(t, set, func(s *stage) {
		carrier := s.udp("carrier", carrierAt)
		answer := func(expires string) {
			t.Helper()
			asked := carrier.want("REGISTER")
			if got := asked.Get("Expires"); got != expires {
				t.Errorf("Expires is %s, not %s", got, expires)
			}
			carrier.say(carrier.Respond(asked.Message, 200, ""))
			s.pass(time.Second)
		}
		s.edge.Watch()
		answer("3600")
		if s.edge.watch.of("carrier").binding != trunk.Bound {
			t.Error("not bound")
		}
		next := changed(set, func(c *Trunk) { c.Password = "second" })
		s.edge.Apply(next)
		answer("3600")
		s.edge.Apply(changed(next, func(c *Trunk) { c.Register = Registering{} }))
		answer("0")
		if s.edge.watch.of("carrier").binding != trunk.Unneeded {
			t.Error("still thought of as registered")
		}
		s.edge.Apply(next)
		answer("3600")
		s.edge.Apply(&Settings{Plan: set.Plan})
		answer("0")
	})
}

// A registrar that is gone does not hold up the end.
func TestCloseWaitsForRegistrationsAWhile(t *testing.T) {
	playWith(t, registering(t), func(s *stage) {
		carrier := s.udp("carrier", carrierAt)
		s.edge.Watch()
		carrier.say(carrier.Respond(carrier.want("REGISTER").Message, 200, ""))
		s.pass(time.Second)
		began := time.Now()
		if err := s.edge.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < time.Second || took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
		carrier.take()
	})
}

func TestHealthIsWatched(t *testing.T) {
	set := changed(settings(t), func(c *Trunk) { c.OptionsInterval = 30 * time.Second })
	playWith(t, set, func(s *stage) {
		carrier := s.udp("carrier", carrierAt)
		answer := func(status int) {
			for _, m := range carrier.take() {
				if m.Method == "OPTIONS" {
					carrier.say(carrier.Respond(m.Message, status, ""))
				}
			}
		}
		s.edge.Watch()
		// The first OPTIONS is sent within 5 s and can be answered for 32 s: were it
		// not, this would be a carrier that ignores OPTIONS, which is never down for that.
		s.pass(6 * time.Second)
		answer(200)
		if state := s.edge.watch.of("carrier").state; state != trunk.Up {
			t.Errorf("a trunk that answers is %v", state)
		}
		s.pass(2 * time.Minute)
		if known := s.edge.watch.of("carrier"); known.state.Admits(trunk.Ordinary) || known.why == "" {
			t.Errorf("a trunk that does not answer is %v (%s)", known.state, known.why)
		}
		for s.edge.watch.of("carrier").state != trunk.Up {
			s.pass(time.Second)
			answer(404)
		}
		s.edge.Apply(settings(t))
		s.pass(time.Second)
		carrier.take()
	})
}

// decided is a decision with the two trunks.
func decided() dialplan.Decision {
	return dialplan.Decision{Route: "us", Attempts: []dialplan.Attempt{
		{To: dialplan.Party{Kind: dialplan.PartyTrunk, Name: "carrier"}},
		{To: dialplan.Party{Kind: dialplan.PartyTrunk, Name: "pbx"}},
	}}
}

func TestWeightsShareCalls(t *testing.T) {
	set := settings(t)
	set.Routes = map[string]RouteTrunks{"us": {Entries: []trunk.Entry{
		{Trunk: "carrier", Weight: 3}, {Trunk: "pbx", Weight: 1},
	}}}
	playWith(t, set, func(s *stage) {
		first, now := map[string]int{}, time.Now()
		for range 2000 {
			d := choosing{s.edge, set}.choose(now, decided())
			if len(d.Attempts) != 2 {
				t.Fatalf("%d attempts", len(d.Attempts))
			}
			first[d.Attempts[0].To.Name]++
		}
		if n := first["carrier"]; n < 1400 || n > 1600 {
			t.Errorf("of 2000 calls %d went to the trunk with three quarters of the weight", n)
		}
	})
}

func TestChooseRefusesWhenNothingIsLeft(t *testing.T) {
	set := settings(t)
	for i := range set.Trunks {
		set.Trunks[i].Limits = trunk.Limits{Calls: 1}
	}
	playWith(t, set, func(s *stage) {
		now := time.Now()
		for _, name := range []string{"trunk carrier", "trunk pbx"} {
			if err := s.edge.meters.admit(now, name, set, trunk.Ordinary); err != nil {
				t.Fatal(err)
			}
		}
		d := choosing{s.edge, set}.choose(now, decided())
		if d.Refusal == nil || d.Refusal.Status != 503 || d.Refusal.Q850 != circuitsBusy || !strings.Contains(d.Refusal.Warning, "max_calls") {
			t.Errorf("%+v", d.Refusal)
		}
		urgent := decided()
		urgent.Emergency = true
		if d := (choosing{s.edge, set}).choose(now, urgent); d.Refusal != nil || len(d.Attempts) != 2 {
			t.Errorf("an emergency is refused: %+v", d.Refusal)
		}
		s.edge.meters.release("trunk pbx")
		if d := (choosing{s.edge, set}).choose(now, decided()); len(d.Attempts) != 1 || d.Attempts[0].To.Name != "pbx" {
			t.Errorf("%+v", d.Attempts)
		}
	})
}

func TestMetersNameTheLimit(t *testing.T) {
	set, now := settings(t), time.Now()
	alice := set.Users["alice"]
	alice.Limits = trunk.Limits{CPS: 0.5}
	set.Users["alice"] = alice
	m := newMeters()
	if err := m.admit(now, "user alice", set, trunk.Ordinary); err != nil {
		t.Fatal(err)
	}
	err := m.admit(now, "user alice", set, trunk.Ordinary)
	var limit *trunk.LimitError
	if !errors.As(err, &limit) || limit.Kind != trunk.MaxCPS || retryAfter(err) != 2*time.Second {
		t.Errorf("%v, retry after %v", err, retryAfter(err))
	}
	if err := m.admit(now, "user alice", set, trunk.Emergency); err != nil {
		t.Errorf("an emergency is refused: %v", err)
	}
	if err := m.admit(now, "user bob", set, trunk.Ordinary); err != nil {
		t.Error(err)
	}
}
