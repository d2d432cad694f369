package dialog

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/sip/transport"
)

func inCallRaw(t *testing.T) *raw {
	r := rawCaller(t, nil)
	r.accept("them")
	r.forget()
	return r
}

// RFC 3261 s11.2.
func TestOptionsWithinTheDialog(t *testing.T) {
	r := inCallRaw(t)
	r.send("OPTIONS")
	r.expect("200 OPTIONS")
	res := r.response()
	if header(res, "Allow") != Allow || header(res, "Accept") != "application/sdp" || res.Contact() != nil {
		t.Errorf("the answer is\n%s", r.bytes[0])
	}
	r.expectReports()
}

// RFC 3261 s8.2.1 and s21.5.2.
func TestMethodsThatAreNotServed(t *testing.T) {
	r := inCallRaw(t)
	for _, tt := range []struct{ method, want string }{
		{"MESSAGE", "405 MESSAGE"}, {"SUBSCRIBE", "405 SUBSCRIBE"},
		{"REGISTER", "405 REGISTER"}, {"FROBNICATE", "501 FROBNICATE"}, {"invite", "501 invite"},
	} {
		r.forget()
		r.send(tt.method)
		r.expect(tt.want)
		if header(r.response(), "Allow") != Allow {
			t.Errorf("%s: no Allow", tt.want)
		}
	}
	r.expectState(Confirmed)
}

// RFC 3261 s8.2.2.3, for each method but ACK and CANCEL.
func TestRequireWithinTheDialog(t *testing.T) {
	r := inCallRaw(t)
	for _, method := range []string{"INVITE", "BYE", "OPTIONS"} {
		r.forget()
		r.send(method, "Require: Timer, Join", "Require: replaces, norefersub, tdialog, foo")
		r.expect("420 " + method)
		if tags := header(r.response(), "Unsupported"); tags != "join, tdialog, foo" {
			t.Errorf("Unsupported is %q", tags)
		}
	}
	r.expectState(Confirmed)
	r.forget()
	r.send("BYE") // the number of the refused request has been used
	r.expect("200 BYE")
}

// RFC 3261 s12.2.2: out of order is 500, a gap is no error, the same number again is out
// of order when it is not a repetition.
func TestSequenceNumbers(t *testing.T) {
	r := inCallRaw(t)
	for _, tt := range []struct {
		seq  uint32
		want string
	}{
		{10, "200 OPTIONS"}, {9, "500 OPTIONS"}, {10, "500 OPTIONS"}, {11, "200 OPTIONS"},
		{1000, "200 OPTIONS"}, {999, "500 OPTIONS"}, {0, "500 OPTIONS"}, {1<<31 - 1, "200 OPTIONS"}, {1<<31 - 1, "500 OPTIONS"},
	} {
		r.forget()
		r.seq = tt.seq - 1
		r.send("OPTIONS")
		r.expect(tt.want)
	}
	r.expectState(Confirmed)
}

func TestSequenceNumberZero(t *testing.T) {
	r := inCallRaw(t)
	r.seq--
	r.send("OPTIONS") // 0 is a number like others (s8.1.1.5)
	r.send("OPTIONS")
	r.expect("200 OPTIONS", "200 OPTIONS")
}

// An old request that comes again when its transaction is long over does nothing twice.
func TestReplay(t *testing.T) {
	r := inCallRaw(t)
	text := r.requestText("INVITE", "", at("them"), rawOffer)
	r.receive(text)
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.send("ACK")
	r.receive(text)
	r.expect("200 INVITE")
	r.wait(33 * time.Second)
	r.receive(text)
	r.expect("200 INVITE", "500 INVITE")
	r.expectReports(Offered{})
}

// RFC 3261 s12.2.2: what names no dialog of ours gets 481 and changes nothing.
func TestRequestsOfOtherDialogs(t *testing.T) {
	for _, method := range []string{"INVITE", "BYE", "OPTIONS", "FROBNICATE"} {
		r := inCallRaw(t)
		good := r.requestText(method, "", at("them"), rawOffer)
		for _, change := range [][2]string{
			{"Call-ID: raw", "Call-ID: other"}, {"tag=them", "tag=other"}, {";tag=them", ""}, {"tag=us", "tag=other"}, {";tag=us", ""},
		} {
			r.forget()
			text := strings.Replace(good, change[0], change[1], 1)
			r.receive(text)
			r.receive(text)
			r.expect("481 "+method, "481 "+method)
			if string(r.bytes[0]) != string(r.bytes[1]) {
				t.Error("the repetition got another answer")
			}
			r.expectReports()
			r.expectState(Confirmed)
			if r.usage.chosen.RemoteSeq != 0 || len(r.usage.servers) != 0 {
				t.Error("it was counted")
			}
		}
	}
}

// Requests before there is anything.
func TestRequestsToAnIdleUsage(t *testing.T) {
	r := newRaw(t, transport.UDP)
	r.usage = NewUAC(config("us", callerAt))
	r.send("BYE")
	r.expect("481 BYE")
	r.send("ACK")
	r.expect("481 BYE")
	r.expectState(Idle)
}
