package bridge

import "testing"

func TestRefusedByTheDialplan(t *testing.T) {
	tell(t, `
	given refusal 404 1 399 gw.test "nobody has this number"
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as
		call incoming->disconnecting 404/1 gateway
		tell 1 Refuse 404/1 gateway warning 399 gw.test "nobody has this number"
		party 1 connecting->disconnected 404/1 gateway
		shut 1
	1 released
		call disconnecting->disconnected 404/1 gateway
		ended 404/1 gateway, never answered
		forget
	`)
}

// TestRefusalWithoutQ850 gets the value that RFC 3398 gives the status.
func TestRefusalWithoutQ850(t *testing.T) {
	tell(t, `
	given refusal 484 0
	show tell
	alice calls with PCMU
		tell 1 Refuse 484/28 gateway
	`)
}

// TestUnanswerableOffer is refused before anybody's phone rings for it.
func TestUnanswerableOffer(t *testing.T) {
	for name, offer := range map[string]string{
		"no audio":            "video PCMU",
		"a stream of port 0":  "port0 PCMU",
		"encrypted audio":     "SAVP PCMU",
		"keys without speech": "te",
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, `
			show tell locate dial ended
			alice calls with `+offer+`
				tell 1 Refuse 488/65 gateway
			1 released
				ended 488/65 gateway, never answered
			`)
		})
	}
}

// TestNowhereToGo: a decision with neither attempts nor refusal is still an end.
func TestNowhereToGo(t *testing.T) {
	m := NewMachine("call", &Limits{})
	a := newAudit()
	a.step(Arrived{Caller: alice(nil)}, m.Step(begun, Arrived{Caller: alice(nil)}), false)
	if got := causeWords(m.Cause()); got != "480/18 gateway" {
		t.Errorf("the call ends with %s", got)
	}
	a.report(t)
}

// TestBeforeArrival: a machine that nobody has called yet does nothing.
func TestBeforeArrival(t *testing.T) {
	m := NewMachine("call", &Limits{})
	for _, e := range []Event{
		Timer{}, Stop{}, Heard{}, Located{}, Reported{Participant: 1, Report: HungUp{}}, Reported{Participant: 0, Report: Released{}},
	} {
		if actions := m.Step(begun, e); len(actions) > 0 {
			t.Errorf("%T made %v", e, actions)
		}
	}
	if _, ok := m.Deadline(); ok || m.State() != 0 {
		t.Errorf("state %v, timer %v", m.State(), ok)
	}
}

// TestSecondCaller: a call has one caller.
func TestSecondCaller(t *testing.T) {
	tell(t, `
	show locate tell
	alice calls with PCMU
		locate 1 trunk carrier
	show
	alice calls with PCMA
	`)
}
