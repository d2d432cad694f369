package dialog

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// password answers each challenge of a realm once, as digest would.
type password struct {
	exchanges []string
}

func (p *password) Exchange(method, uri string, body []byte) Exchange {
	p.exchanges = append(p.exchanges, fmt.Sprint(method, " ", uri, " ", len(body)))
	return &passwordExchange{}
}

type passwordExchange struct{ answered []string }

func (x *passwordExchange) Answer(status int, challenges []string) ([]Header, error) {
	realm, _, found := strings.Cut(strings.Join(challenges, ""), ";")
	if !found || strings.Contains(strings.Join(x.answered, " "), realm) {
		return nil, errors.New("refused")
	}
	x.answered = append(x.answered, realm)
	var list []Header
	for _, answered := range x.answered {
		name := "Authorization"
		if strings.HasPrefix(answered, "proxy") {
			name = "Proxy-Authorization"
		}
		list = append(list, Header{name, answered})
	}
	return list, nil
}

func withPassword(c *Config) { c.Authorize = &password{} }

func (r *raw) challenge(method sip.RequestMethod, status int, realm string) {
	r.t.Helper()
	name := "WWW-Authenticate"
	if status == 407 {
		name = "Proxy-Authenticate"
	}
	r.respond(method, status, "challenger", []string{name + ": " + realm + ";nonce"}, "")
}

// RFC 3261 s22.2 and s8.1.3.5: the INVITE is sent again with credentials, the next number
// and a branch of its own, "the same value of the Call-ID, To, and From".
func TestInviteIsChallenged(t *testing.T) {
	auth := &password{}
	r := rawCaller(t, func(c *Config) { c.Authorize = auth })
	first := r.request(sip.INVITE)
	r.challenge(sip.INVITE, 401, "user")
	r.expect("INVITE", "ACK", "INVITE")
	r.expectReports()
	second := r.request(sip.INVITE)
	for _, name := range []string{"From", "To", "Call-ID", "Contact", "P-Asserted-Identity", "Max-Forwards"} {
		if a, b := header(first, name), header(second, name); a != b {
			t.Errorf("%s was %q and is %q", name, a, b)
		}
	}
	if second.CSeq().SeqNo != 2 || wire.Branch(first) == wire.Branch(second) || header(second, "Authorization") != "user" || string(first.Body()) != string(second.Body()) {
		t.Errorf("the repetition is\n%s", r.bytes[2])
	}
	if len(auth.exchanges) != 1 || !strings.HasPrefix(auth.exchanges[0], "INVITE sip:them@192.0.2.2:5060 1") {
		t.Errorf("the authorizer was asked for %q", auth.exchanges)
	}
	r.accept("them")
	ack := r.request(sip.ACK)
	if ack.CSeq().SeqNo != 2 || header(ack, "Authorization") != "user" {
		t.Errorf("the ACK is\n%s", r.bytes[3])
	}
	r.do(func(u *Usage) { u.Bye(r.now) })
	if n := r.request(sip.BYE).CSeq().SeqNo; n != 3 {
		t.Errorf("the BYE has CSeq %d, want 3", n)
	}
}

// A proxy and the callee behind it each want their own (RFC 3261 s22.3).
func TestProxyAndCalleeChallenge(t *testing.T) {
	r := rawCaller(t, withPassword)
	r.challenge(sip.INVITE, 407, "proxy")
	r.challenge(sip.INVITE, 401, "user")
	last := r.request(sip.INVITE)
	if header(last, "Proxy-Authorization") != "proxy" || header(last, "Authorization") != "user" || last.CSeq().SeqNo != 3 {
		t.Errorf("the last INVITE has %q, %q and CSeq %v", header(last, "Proxy-Authorization"), header(last, "Authorization"), last.CSeq().Value())
	}
	r.forget()
	r.challenge(sip.INVITE, 401, "user") // it was wrong
	r.expect("ACK")
	r.expectReports(Failed{}, Released{})
	if f := r.reports[0].(Failed); f.Status != 401 {
		t.Errorf("it failed with %d", f.Status)
	}
	r.expectOver()
}

func TestChallengeWithoutPassword(t *testing.T) {
	r := rawCaller(t, nil)
	r.challenge(sip.INVITE, 407, "proxy")
	r.expectReports(Failed{}, Released{})
}

// The ACK to the 401 was lost: it is sent again while the call goes on, and after it
// (RFC 3261 s17.1.1.2, timer D).
func TestChallengeIsRepeated(t *testing.T) {
	r := rawCaller(t, withPassword)
	first := r.request(sip.INVITE)
	r.challenge(sip.INVITE, 401, "user")
	repeat := func() {
		r.t.Helper()
		r.forget()
		r.respondTo(first, 401, "challenger", []string{"WWW-Authenticate: user;nonce"}, "")
		r.expect("ACK")
		if ack := r.request(sip.ACK); ack.CSeq().SeqNo != 1 || wire.Branch(ack) != wire.Branch(first) {
			t.Errorf("the ACK is\n%s", r.bytes[0])
		}
	}
	repeat()
	r.expectState(Calling)
	r.accept("them")
	repeat()
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.respond(sip.BYE, 200, "", nil, "")
	released := r.reports[0].(Released)
	r.expectOver()
	repeat()
	key, found := transaction.NewClientKey(wire.Branch(first), "INVITE"), false
	for _, l := range released.Leftovers {
		found = found || l.Response == key && string(l.Answer) == string(r.bytes[0])
	}
	if !found {
		t.Error("the ACK is not among the leftovers")
	}
}

// RFC 3261 s12.3: a failure ends the early dialogs of its INVITE. A 2xx that comes all the
// same is not the call's.
func TestEarlyDialogsOfAChallengedInvite(t *testing.T) {
	r := rawCaller(t, withPassword)
	first := r.request(sip.INVITE)
	r.ring("a")
	r.challenge(sip.INVITE, 401, "user")
	r.expectState(Calling)
	if n := len(r.usage.dialogs); n != 0 {
		t.Errorf("%d early dialogs are left", n)
	}
	r.forget()
	r.respondTo(first, 200, "a", at("a"), rawOffer)
	r.expect("ACK", "BYE")
	r.expectState(Calling)
	r.ring("a") // the same UAS, the same tag: another dialog
	r.accept("a")
	r.do(func(u *Usage) { u.Bye(r.now) })
	if n := r.request(sip.BYE).CSeq().SeqNo; n != 3 {
		t.Errorf("the BYE has CSeq %d", n)
	}
}

// A call that was given up is not placed again.
func TestCancelBetweenChallengeAndRepetition(t *testing.T) {
	r := rawCaller(t, withPassword)
	r.do(func(u *Usage) { u.Cancel(r.now) }) // it waits for a provisional response
	r.challenge(sip.INVITE, 401, "user")
	r.expect("INVITE", "ACK")
	r.expectReports(Released{})
	r.expectOver()
}

// The CANCEL is for the INVITE that was repeated.
func TestCancelOfAChallengedInvite(t *testing.T) {
	r := rawCaller(t, withPassword)
	r.challenge(sip.INVITE, 401, "user")
	r.do(func(u *Usage) { u.Cancel(r.now) })
	r.expect("INVITE", "ACK", "INVITE")
	r.ring("a")
	r.expect("INVITE", "ACK", "INVITE", "CANCEL")
	cancel, invite := r.request(sip.CANCEL), r.request(sip.INVITE)
	if cancel.CSeq().SeqNo != 2 || wire.Branch(cancel) != wire.Branch(invite) {
		t.Errorf("the CANCEL is\n%s", r.bytes[3])
	}
	// RFC 3261 s22.1: "these requests cannot be resubmitted".
	r.challenge(sip.CANCEL, 401, "user")
	r.expect("INVITE", "ACK", "INVITE", "CANCEL")
	r.fail(487)
	r.expectReports(Released{})
}

// A final response that was delivered is not delivered again when the way breaks.
func TestConnectionLostAfterAFailure(t *testing.T) {
	r := rawCaller(t, withPassword)
	r.challenge(sip.INVITE, 401, "user")
	r.accept("them")
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.respond(sip.INVITE, 488, "", nil, "")
	r.do(func(u *Usage) { u.TransportFailed(r.now) })
	r.expectReports(Accepted{}, OfferFailed{})
	r.expectState(Confirmed)
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.respond(sip.INVITE, 200, "", at("them"), rawOffer)
	r.expectReports(Accepted{}, OfferFailed{}, OfferAnswered{})
}

func TestByeIsChallenged(t *testing.T) {
	r := rawCaller(t, withPassword)
	r.accept("them")
	r.do(func(u *Usage) { u.Bye(r.now, Header{"Reason", "Q.850;cause=16"}) })
	r.forget()
	r.challenge(sip.BYE, 407, "proxy")
	r.expect("BYE")
	bye := r.request(sip.BYE)
	if bye.CSeq().SeqNo != 3 || header(bye, "Proxy-Authorization") != "proxy" || header(bye, "Reason") == "" {
		t.Errorf("the BYE is\n%s", r.bytes[0])
	}
	r.expectState(Leaving)
	r.respond(sip.BYE, 200, "", nil, "")
	r.expectReports(Released{})
	r.expectOver()
}

func TestReinviteIsChallenged(t *testing.T) {
	r := rawCaller(t, withPassword)
	r.accept("them")
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.forget()
	r.challenge(sip.INVITE, 401, "user")
	r.expect("ACK", "INVITE")
	if n := r.request(sip.INVITE).CSeq().SeqNo; n != 3 {
		t.Errorf("the repetition has CSeq %d", n)
	}
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	r.expect("ACK", "INVITE", "491 INVITE")
	r.respond(sip.INVITE, 200, "", at("them"), rawOffer)
	r.expectReports(OfferAnswered{})
	ack := r.request(sip.ACK)
	if ack.CSeq().SeqNo != 3 || header(ack, "Authorization") != "user" {
		t.Errorf("the ACK is\n%s", r.bytes[len(r.bytes)-1])
	}
	r.do(func(u *Usage) { u.Bye(r.now) })
	if n := r.request(sip.BYE).CSeq().SeqNo; n != 4 {
		t.Errorf("the BYE has CSeq %d", n)
	}
}

// A re-INVITE whose call has ended is not worth a password.
func TestReinviteIsChallengedAfterBye(t *testing.T) {
	r := rawCaller(t, withPassword)
	r.accept("them")
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.forget()
	r.challenge(sip.INVITE, 401, "user")
	r.expect("ACK")
	r.respond(sip.BYE, 200, "", nil, "")
	r.expectReports(Released{})
	r.expectOver()
}

func TestChallengeOfAForksBye(t *testing.T) {
	r := rawCaller(t, withPassword)
	r.accept("a")
	r.accept("b")
	r.forget()
	r.challenge(sip.BYE, 407, "proxy")
	r.expect("BYE")
	if bye := r.request(sip.BYE); wire.ToTag(bye) != "b" || bye.CSeq().SeqNo != 3 {
		t.Errorf("the BYE is\n%s", r.bytes[0])
	}
	r.expectState(Confirmed)
}

// The old transactions die out.
func TestChallengedTransactionsEnd(t *testing.T) {
	r := rawCaller(t, withPassword)
	r.challenge(sip.INVITE, 407, "proxy")
	r.challenge(sip.INVITE, 401, "user")
	r.accept("them")
	r.wait(33 * time.Second)
	if n := len(r.usage.clients); n != 0 {
		t.Errorf("%d client transactions are left", n)
	}
	if _, ok := r.usage.Deadline(); ok {
		t.Error("a timer runs")
	}
	r.expectState(Confirmed)
}

// A server that has asked for the password is lost with its connection: the next one, or
// the same by UDP, gets the INVITE with a branch that none before it had, the number of the
// one that failed and without the credentials; its own challenge is answered with the
// number after that.
func TestChallengedInviteGoesElsewhere(t *testing.T) {
	r := rawCaller(t, func(c *Config) {
		c.Authorize = &password{}
		c.Alternatives = &servers{list: []Server{{Via: "SIP/2.0/UDP 192.0.2.7:5060", Contact: "<sip:us@192.0.2.7:5060>", Before: firstFlow}}}
	})
	branches := map[string]bool{}
	next := func(act func(), cseq uint32, credentials string) *sip.Request {
		t.Helper()
		act()
		req := r.request(sip.INVITE)
		branch := wire.Branch(req)
		if branches[branch] || req.CSeq().SeqNo != cseq || header(req, "Proxy-Authorization") != credentials {
			t.Errorf("branch %s, CSeq %d, credentials %q", branch, req.CSeq().SeqNo, header(req, "Proxy-Authorization"))
		}
		branches[branch] = true
		return req
	}
	first := next(func() {}, 1, "")
	challenge := func() { r.challenge(sip.INVITE, 407, "proxy") }
	challenge()
	answered := header(r.request(sip.INVITE), "Proxy-Authorization")
	next(func() {}, 2, answered)
	next(func() { r.do(func(u *Usage) { u.TransportFailed(r.now) }) }, 2, "")
	next(challenge, 3, answered)
	r.forget()
	r.respondTo(first, 407, "challenger", []string{"Proxy-Authenticate: proxy;nonce"}, "") // from the dead
	r.expect()
	r.accept("them")
	r.expectState(Confirmed)
}
