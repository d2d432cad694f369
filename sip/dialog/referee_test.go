package dialog

import (
	"fmt"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/refer"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// refereeOf is the usage of a REFER outside of any call.
func refereeOf(t *testing.T, headers ...string) *raw {
	r := newRaw(t, transport.UDP)
	headers = append(headers, "Contact: <sip:them@192.0.2.2:5060>", "Refer-To: <sip:carol@192.0.2.3>")
	req := r.parse(r.requestText("REFER", "", headers, "")).(*sip.Request)
	r.usage = NewReferee(r.now, config("us", callerAt), req, r.flow)
	r.collect()
	r.expectReports() // its owner knows
	r.expectState(Leaving)
	return r
}

// RFC 3515 s2.4.4 and s4.1: 202 with a To tag and a Contact, and NOTIFYs in the dialog that
// it makes.
func TestReferee(t *testing.T) {
	r := refereeOf(t)
	r.do(func(u *Usage) { u.AcceptRefer(r.now) })
	r.expect("202 REFER", "NOTIFY")
	if res := r.response(); res.Contact() == nil || res.To().Params == nil {
		t.Errorf("the answer is\n%s", res)
	}
	if n := r.request(sip.NOTIFY); n.Recipient.String() != "sip:them@192.0.2.2:5060" || header(n, "Call-ID") != "raw" {
		t.Errorf("the NOTIFY is\n%s", n)
	}
	r.answerNotify(200)
	r.expectState(Leaving)
	r.forget()
	r.do(func(u *Usage) { u.Notify(r.now, refer.Status{Code: 200}) })
	r.expect("NOTIFY")
	r.answerNotify(200)
	r.expectReports(Released{})
	r.expectOver()
}

// It is asked nothing else, and what it is asked changes nothing.
func TestRefereeServesNothingElse(t *testing.T) {
	r := refereeOf(t)
	for method, want := range map[string]string{"INVITE": "481 INVITE", "REFER": "481 REFER", "OPTIONS": "481 OPTIONS", "BYE": "200 BYE"} {
		r.forget()
		r.send(method, "Refer-To: <sip:carol@192.0.2.3>", "Contact: <sip:them@192.0.2.2:5060>")
		if r.expectLast(want); len(r.reports) > 0 {
			t.Errorf("%s: reported %s", method, kinds(r.reports))
		}
	}
	r.do(func(u *Usage) { u.RefuseRefer(r.now, refer.Status{Code: 480}) })
	r.expectLast("480 REFER")
	r.wait(time.Minute) // the 481 to the INVITE has no ACK
	r.expectOver()
}

// expectLast wants this response last.
func (r *raw) expectLast(want string) {
	r.t.Helper()
	res := r.response()
	if got := fmt.Sprint(res.StatusCode, " ", res.CSeq().MethodName); got != want {
		r.t.Fatalf("the last response is %s, want %s", got, want)
	}
}

// While the reference runs its owner has it, whoever listens; Bye lets go of it, and tells
// that it came to nothing.
func TestRefereeStaysWhileItRuns(t *testing.T) {
	for name, begin := range map[string]func(t *testing.T) *raw{
		"no subscription": func(t *testing.T) *raw {
			r := refereeOf(t, "Refer-Sub: false")
			r.do(func(u *Usage) { u.AcceptRefer(r.now) })
			return r
		},
		"the subscriber has gone": func(t *testing.T) *raw {
			r := refereeOf(t)
			r.do(func(u *Usage) { u.AcceptRefer(r.now) })
			r.answerNotify(481)
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := begin(t)
			r.wait(10 * time.Minute)
			r.expectState(Leaving)
			r.do(func(u *Usage) { u.Bye(r.now) })
			r.wait(time.Minute)
			r.expectOver()
		})
	}
	r := refereeOf(t)
	r.do(func(u *Usage) { u.AcceptRefer(r.now) })
	r.answerNotify(200)
	r.forget()
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.expect("NOTIFY")
	r.answerNotify(200)
	r.expectOver()
}
