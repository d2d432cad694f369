package refer

import (
	"testing"
	"time"
)

// What a dialog that wants to end asks: whether the other side is still to be told of its
// REFER, and whether that is the last word.
func TestOwingAndConcluding(t *testing.T) {
	now := time.Unix(0, 0)
	for _, tt := range []struct {
		name       string
		silent     bool
		story      func(r *Referrals)
		owing, end bool
	}{
		{"asked", false, func(*Referrals) {}, true, false},
		{"asked, and no subscription wanted", true, func(*Referrals) {}, true, false},
		{"refused", false, func(r *Referrals) { r.Refuse(now, Status{Code: 403}) }, false, false},
		{"accepted", false, func(r *Referrals) { r.Accept(now) }, true, false},
		{"accepted without a subscription", true, func(r *Referrals) { r.Accept(now) }, false, false},
		{"pending", false, func(r *Referrals) { r.Pend(now) }, true, false},
		{"concluded", false, func(r *Referrals) { r.Accept(now); r.Conclude(now, Status{Code: 200}) }, true, true},
		{"concluded, the first NOTIFY answered", false, func(r *Referrals) {
			r.Accept(now)
			r.Conclude(now, Status{Code: 200})
			r.Answered(now, Token{"NOTIFY", 7}, Answer{Status: 200})
		}, true, true},
		{"concluded, both NOTIFYs answered", false, func(r *Referrals) {
			r.Accept(now)
			r.Conclude(now, Status{Code: 200})
			r.Answered(now, Token{"NOTIFY", 7}, Answer{Status: 200})
			r.Answered(now, Token{"NOTIFY", 7}, Answer{Status: 200})
		}, false, false},
		{"the subscriber has gone", false, func(r *Referrals) {
			r.Accept(now)
			r.Answered(now, Token{"NOTIFY", 7}, Answer{Status: 481})
		}, false, false},
	} {
		r := New(Config{})
		r.notifiers = append(r.notifiers, newNotifier(now, Reference{Seq: 7, Silent: tt.silent}, false, Config{}))
		tt.story(r)
		if r.Owing() != tt.owing || r.Concluding() != tt.end {
			t.Errorf("%s: owing %v, concluding %v", tt.name, r.Owing(), r.Concluding())
		}
	}
	if r := New(Config{}); r.Owing() || r.Concluding() {
		t.Error("nothing is owed where nobody has asked")
	}
}
