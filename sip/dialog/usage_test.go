package dialog

import (
	"fmt"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// The arrows of State's diagram, each with the shortest story that takes it.
func TestStates(t *testing.T) {
	caller := func(r *raw) {}
	for _, tt := range []struct {
		name  string
		story func(r *raw)
		want  State
	}{
		{"calling", caller, Calling},
		{"100", func(r *raw) { r.respond(sip.INVITE, 100, "", nil, "") }, Calling},
		{"1xx", func(r *raw) { r.ring("them") }, Early},
		{"1xx, 401", func(r *raw) { r.ring("them"); r.challenge(sip.INVITE, 401, "user") }, Calling},
		{"2xx", func(r *raw) { r.accept("them") }, Confirmed},
		{"1xx, 2xx", func(r *raw) { r.ring("them"); r.accept("them") }, Confirmed},
		{"failure", func(r *raw) { r.fail(486) }, Ended},
		{"1xx, failure", func(r *raw) { r.ring("them"); r.fail(486) }, Ended},
		{"silence", func(r *raw) { r.wait(33 * time.Second) }, Ended},
		{"1xx, silence", func(r *raw) { r.ring("them"); r.wait(time.Hour) }, Early},
		{"Cancel", func(r *raw) { r.do(func(u *Usage) { u.Cancel(r.now) }) }, Withdrawn},
		{"1xx, Cancel", func(r *raw) { r.ring("them"); r.do(func(u *Usage) { u.Cancel(r.now) }) }, Withdrawn},
		{"Cancel, 2xx", func(r *raw) { r.do(func(u *Usage) { u.Cancel(r.now) }); r.accept("them") }, Withdrawn},
		{"Cancel, silence", func(r *raw) { r.do(func(u *Usage) { u.Cancel(r.now) }); r.wait(33 * time.Second) }, Ended},
		{"Bye", func(r *raw) { r.accept("them"); r.do(func(u *Usage) { u.Bye(r.now) }) }, Leaving},
		{"Bye, silence", func(r *raw) { r.accept("them"); r.do(func(u *Usage) { u.Bye(r.now) }); r.wait(33 * time.Second) }, Ended},
		{"BYE", func(r *raw) { r.accept("them"); r.send("BYE") }, Ended},
		{"BYE while our re-INVITE waits", func(r *raw) {
			r.accept("them")
			r.do(func(u *Usage) { u.Offer(r.now, hold()) })
			r.send("BYE")
		}, Leaving},
		{"481 to a re-INVITE", func(r *raw) {
			r.accept("them")
			r.do(func(u *Usage) { u.Offer(r.now, hold()) })
			r.respond(sip.INVITE, 481, "", nil, "")
		}, Leaving},
	} {
		t.Run("UAC "+tt.name, func(t *testing.T) {
			r := rawCaller(t, withPassword)
			tt.story(r)
			r.expectState(tt.want)
		})
	}
	accept := func(r *raw) { r.do(func(u *Usage) { u.Answer(r.now, answer()) }) }
	for _, tt := range []struct {
		name  string
		story func(r *raw)
		want  State
	}{
		{"INVITE", caller, Invited},
		{"1xx", func(r *raw) { r.do(func(u *Usage) { u.Provisional(r.now, 180, nil) }) }, Early},
		{"2xx", accept, Answered},
		{"2xx, ACK", func(r *raw) { accept(r); r.send("ACK") }, Confirmed},
		{"2xx, Bye", func(r *raw) { accept(r); r.do(func(u *Usage) { u.Bye(r.now) }) }, Leaving},
		{"2xx, BYE", func(r *raw) { accept(r); r.send("BYE") }, Ended},
		{"2xx, no ACK", func(r *raw) { accept(r); r.wait(33 * time.Second) }, Leaving},
		{"2xx, no ACK, silence", func(r *raw) { accept(r); r.wait(70 * time.Second) }, Ended},
		{"failure", func(r *raw) { r.do(func(u *Usage) { u.Reject(r.now, 486) }) }, Rejected},
		{"failure, ACK", func(r *raw) { r.do(func(u *Usage) { u.Reject(r.now, 486) }); r.acknowledgeFailure(1) }, Ended},
		{"failure, no ACK", func(r *raw) { r.do(func(u *Usage) { u.Reject(r.now, 486) }); r.wait(33 * time.Second) }, Ended},
		{"BYE", func(r *raw) { r.send("BYE") }, Rejected},
		{"a long ring", func(r *raw) { r.wait(time.Hour) }, Early},
	} {
		t.Run("UAS "+tt.name, func(t *testing.T) {
			r := rawCallee(t, transport.UDP)
			tt.story(r)
			r.expectState(tt.want)
		})
	}
}

func TestStateNames(t *testing.T) {
	for s := Idle; s <= Ended; s++ {
		if s.String() == "" {
			t.Errorf("state %d has no name", s)
		}
	}
	if got := fmt.Sprint(Withdrawn, Confirmed, Ended); got != "withdrawn confirmed ended" {
		t.Errorf("the names are %s", got)
	}
}

// A slice that Take gave is good until the next Take, whatever happens in between: a
// message that cannot be sent is told to the usage while its owner still sends.
func TestTakeIsGoodUntilTheNext(t *testing.T) {
	u := NewUAC(config("us", callerAt))
	now := time.Unix(0, 0)
	u.Invite(now, Invitation{RequestURI: "sip:them@192.0.2.2", From: "<sip:us@192.0.2.1>", To: "<sip:them@192.0.2.2>", CallID: "take", MaxForwards: 70})
	actions := u.Take()
	if len(actions) != 1 || actions[0].Send == nil {
		t.Fatalf("the actions are %v", actions)
	}
	u.TransportFailed(now)
	if actions[0].Send == nil || actions[0].Report != nil {
		t.Error("an action has changed under its reader")
	}
	reports := u.Take()
	if len(reports) != 2 || actions[0].Send != nil {
		t.Errorf("then came %v, and %v is kept", reports, actions)
	}
	if rest := u.Take(); len(rest) != 0 {
		t.Errorf("and then %v", rest)
	}
}

// A timing without values is the RFC's, as package transaction has it.
func TestTimingDefaults(t *testing.T) {
	r := newRaw(t, transport.UDP)
	r.usage = NewUAC(Config{Via: "SIP/2.0/UDP 192.0.2.1", Branch: "z9hG4bKx", Tag: "us", Contact: "<sip:us@192.0.2.1>", Timing: transaction.Timing{T1: time.Second}})
	if got, want := r.usage.config.Timing, (transaction.Timing{T1: time.Second, T2: 4 * time.Second, T4: 5 * time.Second, D: 32 * time.Second}); got != want {
		t.Errorf("the timing is %+v", got)
	}
}

// Ticks may come late or for nothing; the schedule of the 2xx is caught up with one.
func TestLateTick(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.forget()
	r.do(func(u *Usage) { u.Tick(r.now) })
	r.expect()
	r.now = r.now.Add(20 * time.Second)
	for range 5 {
		r.do(func(u *Usage) { u.Tick(r.now) })
	}
	r.expect("200 INVITE")
	r.now = r.now.Add(time.Hour)
	r.do(func(u *Usage) { u.Tick(r.now) })
	r.expect("200 INVITE", "BYE")
}
