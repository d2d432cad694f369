package dialog

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transport"
)

// RFC 5057 s5.1, its table column by column, and s5.2 for 408.
var (
	transactionOnly = []int{
		300, 302, 400, 401, 402, 403, 406, 407, 412, 413, 414, 415, 417, 420, 421, 422, 423, 428, 429, 436, 437, 438,
		486, 487, 488, 491, 493, 494, 499, 500, 503, 504, 505, 513, 580, 599, 600, 603, 606, 699,
	}
	destroysUsage  = []int{405, 408, 480, 481, 489, 501}
	destroysDialog = []int{404, 410, 416, 482, 483, 484, 485, 502, 604}
)

// Every row, for a request of every kind that a call sends: on a call that is up.
func TestFailuresByTheTable(t *testing.T) {
	kinds := []struct {
		method   sip.RequestMethod
		ask      func(t *testing.T) *raw
		harmless []int // of those that would end the call
	}{
		{sip.INVITE, func(t *testing.T) *raw {
			r := rawCaller(t, nil)
			r.accept("them")
			r.do(func(u *Usage) { u.Offer(r.now, hold()) })
			return r
		}, nil},
		{sip.UPDATE, func(t *testing.T) *raw { // a refresh
			r := timed(t, "uac", "Allow: UPDATE")
			r.wait(901 * time.Second)
			return r
		}, []int{405, 501}},
		{sip.UPDATE, func(t *testing.T) *raw { // who we are
			r := rawCaller(t, nil)
			r.respond(sip.INVITE, 200, "them", append(at("them"), "Allow: UPDATE"), rawOffer)
			r.do(func(u *Usage) { u.Identify(r.now, Header{"P-Asserted-Identity", "<sip:a@b>"}) })
			return r
		}, []int{405, 501}},
		{sip.PRACK, func(t *testing.T) *raw {
			r := rawCaller(t, nil)
			r.respond(sip.INVITE, 183, "them", reliable("them", 1), rawOffer)
			r.respond(sip.INVITE, 200, "them", at("them"), "")
			return r
		}, []int{405, 481, 501}},
	}
	for _, kind := range kinds {
		for _, status := range slices.Concat(transactionOnly, destroysUsage, destroysDialog) {
			r := kind.ask(t)
			r.forget()
			r.respond(kind.method, status, "", nil, "")
			ends := !slices.Contains(transactionOnly, status) && !slices.Contains(kind.harmless, status)
			if is := r.usage.State() == Leaving; is != ends {
				t.Errorf("%d to %s: the call is %v", status, kind.method, r.usage.State())
				continue
			}
			if ends {
				left := r.reports[len(r.reports)-1].(Left)
				if r.request(sip.BYE); left.Status != status || left.Request != nil || left.Text == "" {
					t.Errorf("%d to %s: %+v", status, kind.method, left)
				}
			}
			r.finish()
		}
	}
}

// What belongs to no usage ends none, but the dialog with it.
func TestFailuresOutsideOfTheUsage(t *testing.T) {
	for _, method := range []string{"OPTIONS", "INFO", "MESSAGE"} {
		for _, status := range slices.Concat(transactionOnly, destroysUsage) {
			if got := effectOf(method, status); got != endsRequest {
				t.Errorf("%d to %s ends %v", status, method, got)
			}
		}
		for _, status := range destroysDialog {
			if got := effectOf(method, status); got != endsDialog {
				t.Errorf("%d to %s ends %v", status, method, got)
			}
		}
	}
}

// RFC 3261 s15.1.1: whatever comes back to a BYE, and nothing.
func TestFailuresOfABye(t *testing.T) {
	for _, status := range slices.Concat([]int{0}, transactionOnly, destroysUsage, destroysDialog) {
		r := rawCaller(t, nil)
		r.accept("them")
		r.do(func(u *Usage) { u.Bye(r.now) })
		if status == 0 {
			r.wait(33 * time.Second)
		} else {
			r.respond(sip.BYE, status, "", nil, "")
		}
		r.expectOver()
	}
}

// Before the answer the INVITE itself says what becomes of it.
func TestFailuresBeforeTheAnswer(t *testing.T) {
	for _, status := range slices.Concat(destroysUsage, destroysDialog) {
		r := rawCaller(t, nil)
		r.respond(sip.INVITE, 183, "them", append(reliable("them", 1), "Allow: UPDATE"), rawOffer)
		r.respond(sip.PRACK, status, "", nil, "")
		r.do(func(u *Usage) { u.Offer(r.now, hold()) })
		r.forget()
		r.respond(sip.UPDATE, status, "", nil, "")
		r.expectReports(OfferFailed{})
		r.expectState(Early)
		if takes := r.usage.dialogs[0].Updates; takes != (status != 405 && status != 501) {
			t.Errorf("%d: UPDATE is taken: %v", status, takes)
		}
		r.forget()
		r.respond(sip.INVITE, 200, "them", at("them"), "")
		r.expectReports(Accepted{})
	}
}

// The end of a call says of what in words.
func TestWhyADialogDied(t *testing.T) {
	for status, want := range map[int]string{
		404: "404 to INVITE: the other side has no such call",
		481: "481 to INVITE: the other side has no such call",
		408: "no answer to INVITE within the dialog",
	} {
		r := rawCaller(t, nil)
		r.accept("them")
		r.do(func(u *Usage) { u.Offer(r.now, hold()) })
		r.forget()
		r.respond(sip.INVITE, status, "", nil, "")
		r.expectReports(OfferFailed{}, Left{})
		if got := r.reports[1].(Left).Text; got != want {
			t.Errorf("%d: %q", status, got)
		}
	}
	r := rawCallee(t, transport.UDP, "Expires: 5")
	r.forget()
	r.wait(6 * time.Second)
	r.expectReports(Left{})
	if got, want := fmt.Sprint(r.reports[0]), "{487 <nil> the INVITE has expired: nobody has answered within its Expires}"; got != want {
		t.Errorf("it is %s", got)
	}
}
