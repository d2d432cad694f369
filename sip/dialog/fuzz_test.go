package dialog

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// living are usages in each state in which a message can find one.
var living = []struct {
	name string
	make func(t testing.TB) *raw
}{
	{"calling", func(t testing.TB) *raw { return rawCaller(t, withPassword) }},
	{"challenged", func(t testing.TB) *raw {
		r := rawCaller(t, withPassword)
		r.challenge(sip.INVITE, 407, "proxy")
		return r
	}},
	{"early", func(t testing.TB) *raw {
		r := rawCaller(t, withPassword)
		r.ring("them")
		r.ring("a")
		return r
	}},
	{"withdrawn", func(t testing.TB) *raw {
		r := rawCaller(t, withPassword)
		r.do(func(u *Usage) { u.Cancel(r.now) })
		return r
	}},
	{"cancelled", func(t testing.TB) *raw {
		r := rawCaller(t, withPassword)
		r.ring("them")
		r.do(func(u *Usage) { u.Cancel(r.now) })
		return r
	}},
	{"confirmed caller", confirmedCaller},
	{"confirmed caller with a fork to end", func(t testing.TB) *raw {
		r := confirmedCaller(t)
		r.accept("a")
		return r
	}},
	{"offering", func(t testing.TB) *raw {
		r := confirmedCaller(t)
		r.do(func(u *Usage) { u.Offer(r.now, hold()) })
		return r
	}},
	{"offered", func(t testing.TB) *raw {
		r := confirmedCaller(t)
		r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
		return r
	}},
	{"leaving caller", func(t testing.TB) *raw {
		r := confirmedCaller(t)
		r.do(func(u *Usage) { u.Bye(r.now) })
		return r
	}},
	{"leaving while offering", func(t testing.TB) *raw {
		r := confirmedCaller(t)
		r.do(func(u *Usage) { u.Offer(r.now, hold()) })
		r.do(func(u *Usage) { u.Bye(r.now) })
		return r
	}},
	{"ended caller", func(t testing.TB) *raw {
		r := rawCaller(t, withPassword)
		r.fail(486)
		return r
	}},
	{"invited", func(t testing.TB) *raw { return rawCallee(t, transport.UDP) }},
	{"ringing", func(t testing.TB) *raw {
		r := rawCallee(t, transport.UDP)
		r.do(func(u *Usage) { u.Provisional(r.now, 183, answer()) })
		return r
	}},
	{"answered", answeredCallee},
	{"answered with an offer", func(t testing.TB) *raw {
		r := newRaw(t, transport.UDP)
		r.begin(r.parse(r.requestText("INVITE", "", at("them"), "")).(*sip.Request))
		r.do(func(u *Usage) { u.Answer(r.now, answer()) })
		return r
	}},
	{"confirmed callee", func(t testing.TB) *raw {
		r := answeredCallee(t)
		r.send("ACK")
		return r
	}},
	{"leaving callee without ACK", func(t testing.TB) *raw {
		r := answeredCallee(t)
		r.do(func(u *Usage) { u.Bye(r.now) })
		return r
	}},
	{"rejected", func(t testing.TB) *raw {
		r := rawCallee(t, transport.UDP)
		r.do(func(u *Usage) { u.Reject(r.now, 486) })
		return r
	}},
	{"ended callee", func(t testing.TB) *raw {
		r := answeredCallee(t)
		r.send("BYE")
		return r
	}},
	{"calling without an offer", func(t testing.TB) *raw { return lateCaller(t) }},
	{"owing a PRACK", func(t testing.TB) *raw {
		r := lateCaller(t)
		r.respond(sip.INVITE, 183, "them", reliable("them", 1), rawOffer)
		return r
	}},
	{"owing an ACK", func(t testing.TB) *raw {
		r := lateCaller(t)
		r.ring("a")
		r.accept("them")
		return r
	}},
	{"hearing too much", func(t testing.TB) *raw {
		r := earlyCaller(t)
		r.respond(sip.INVITE, 180, "them", reliable("them", 3), "")
		r.do(func(u *Usage) { u.Offer(r.now, hold(), asserting(carol)) })
		return r
	}},
	{"naming itself", func(t testing.TB) *raw {
		r := rawCaller(t, withPassword)
		r.respond(sip.INVITE, 200, "them", append(at("them"), "Allow: UPDATE"), rawOffer)
		r.do(func(u *Usage) { u.Identify(r.now, asserting(bob)) })
		r.do(func(u *Usage) { u.Identify(r.now, asserting(carol)) })
		return r
	}},
	{"offering in a 183", func(t testing.TB) *raw {
		r := newRaw(t, transport.UDP)
		r.begin(r.parse(r.requestText("INVITE", "", append(at("them"), "Require: 100rel"), "")).(*sip.Request))
		r.do(func(u *Usage) { u.Provisional(r.now, 183, offer()) })
		r.do(func(u *Usage) { u.Answer(r.now, offer()) })
		return r
	}},
}

func confirmedCaller(t testing.TB) *raw {
	r := rawCaller(t, withPassword)
	r.accept("them")
	return r
}

func answeredCallee(t testing.TB) *raw {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	return r
}

// between separates the messages of one input.
const between = "\n--\n"

// FuzzUsage delivers messages into living usages: nothing panics, what is written can be
// read, messages of other dialogs change nothing, each request is answered, and in the
// end everything ends.
func FuzzUsage(f *testing.F) {
	for state, l := range living {
		for _, text := range seeds(f, l.make) {
			f.Add(uint8(state), []byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, state uint8, data []byte) {
		r := living[int(state)%len(living)].make(t)
		for i, text := range bytes.Split(data, []byte(between)) {
			if msg, fault := wire.Parse(text); fault == nil && i < 8 {
				r.throw(msg)
				r.wait(150 * time.Millisecond)
			}
		}
		r.finish()
	})
}

// seeds are the messages that the other side may send to a usage, wanted or not, and some
// of them together.
func seeds(t testing.TB, living func(testing.TB) *raw) (list []string) {
	r := living(t)
	asked := map[string]bool{}
	for _, m := range r.all {
		req, ok := m.(*sip.Request)
		if !ok || req.Method == sip.ACK || asked[wire.Branch(req)+string(req.Method)] {
			continue
		}
		asked[wire.Branch(req)+string(req.Method)] = true
		for _, status := range []int{100, 180, 200, 302, 401, 407, 408, 481, 487, 491, 500, 603} {
			list = append(list, responseText(req, status, "them", append(at("them"), "WWW-Authenticate: user;n", "Proxy-Authenticate: proxy;n"), rawOffer))
		}
		list = append(list, responseText(req, 200, "other", append(at("other"), "Record-Route: <sip:p.test>, <sip:q.test;lr>"), ""))
		list = append(list, responseText(req, 183, "", nil, rawOffer))
		list = append(list, responseText(req, 183, "them", append(at("them"), "Require: 100rel", "RSeq: 1", "Allow: UPDATE"), rawOffer))
		list = append(list, responseText(req, 422, "them", []string{"Min-SE: 4000"}, ""))
		list = append(list, responseText(req, 200, "them", append(at("them"), "Session-Expires: 90;refresher=uac"), rawOffer))
	}
	for _, rack := range []string{"RAck: 1 1 INVITE", "RAck: 2 1 INVITE", "RAck: 1 2 INVITE"} {
		list = append(list, r.requestText("PRACK", "", []string{rack}, rawOffer), r.requestText("PRACK", "", []string{rack}, ""))
	}
	list = append(list, r.requestText("UPDATE", "", append(at("them"), "P-Asserted-Identity: "+bob, "Privacy: id"), ""))
	for _, method := range []string{"INVITE", "ACK", "BYE", "OPTIONS", "CANCEL", "INFO", "PRACK", "UPDATE", "REFER", "FOO"} {
		list = append(list, r.requestText(method, "", at("moved"), rawOffer), r.requestText(method, "a", nil, ""))
		own := r.requestText(method, "", at("them"), "")
		list = append(list, strings.Replace(own, fmt.Sprint("z9hG4bKthem", r.calls), "z9hG4bKthem1", 1))
		list = append(list, strings.Replace(own, "CSeq: ", "Require: 100rel\r\nCSeq: ", 1))
	}
	for _, to := range []string{"Refer-To: <sip:carol@192.0.2.3>", "Refer-To: <mailto:carol@192.0.2.3>", "Refer-To: <sip:c@h?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>"} {
		list = append(list, r.requestText("REFER", "", append(at("them"), to), ""), r.requestText("REFER", "", append(at("them"), to, "Refer-Sub: false"), ""))
	}
	for _, state := range []string{"active;expires=60", "pending", "terminated;reason=noresource"} {
		for _, body := range []string{"SIP/2.0 100 Trying\r\n", "SIP/2.0 200 OK\r\n", "nonsense"} {
			list = append(list, r.requestText("NOTIFY", "", append(at("them"), "Event: refer", "Subscription-State: "+state, "Content-Type: message/sipfrag"), body))
		}
	}
	list = append(list, r.requestText("SUBSCRIBE", "", append(at("them"), "Event: refer", "Expires: 0"), ""))
	for i, n := 0, len(list); i+3 < n; i += 3 {
		list = append(list, strings.Join(list[i:i+3], between))
	}
	return list
}

// throw delivers a message and looks at what it has done.
func (r *raw) throw(msg sip.Message) {
	r.t.Helper()
	r.forget()
	before, state := r.snapshot(), r.usage.State()
	foreign := r.foreign(msg)
	r.do(func(u *Usage) { u.Receive(r.now, msg, r.flow) })
	if foreign && (r.snapshot() != before || len(r.reports) != 0) {
		r.t.Fatalf("a message of another dialog has changed %s\ninto %s\n%v", before, r.snapshot(), msg)
	}
	if state == Ended && (len(r.reports) != 0 || r.snapshot() != before) {
		r.t.Fatalf("an ended usage has reported %s", kinds(r.reports))
	}
	req, ok := msg.(*sip.Request)
	if ok && req.Method != sip.ACK && req.Method != sip.INVITE && len(r.sent) == 0 && len(r.reports) == 0 {
		r.t.Fatalf("nothing was answered to\n%v", req)
	}
}

// foreign says by the headers alone whether a message is of another dialog. An ACK or a
// CANCEL is of its transaction, whatever its tags are.
func (r *raw) foreign(msg sip.Message) bool {
	if msg.CallID().Value() != "raw" {
		return true
	}
	req, ok := msg.(*sip.Request)
	if !ok {
		return wire.FromTag(msg) != "us"
	}
	if req.Method == sip.ACK || req.Method == sip.CANCEL || wire.ToTag(req) == "" {
		return false
	}
	return wire.ToTag(req) != "us" || r.usage.dialogOf(wire.FromTag(req)) == nil
}

// snapshot is the state of the usage and its dialogs as a text.
func (r *raw) snapshot() string {
	u := r.usage
	text := fmt.Sprint(u.state, u.reinvite.phase, u.naming.said, u.bye.phase, u.accept.server != nil, len(u.clients), len(u.servers), u.branches, u.owesNotify())
	if u.state == Ended {
		text = fmt.Sprint(u.state, len(u.rest), u.branches)
	}
	for _, d := range u.dialogs {
		text += fmt.Sprintf("\n%q %q %q %q %d %d %v %v", d.RemoteTag, d.Remote, d.Target, d.Routes, d.LocalSeq, d.RemoteSeq, d.Media.State, d == u.chosen)
	}
	return text
}

// finish does what an owner does with what has come, and hangs up.
func (r *raw) finish() {
	r.t.Helper()
	r.do(func(u *Usage) {
		u.AcceptOffer(r.now, holdOk())
		u.Offer(r.now, hold())
	})
	r.wait(time.Second)
	for range 3 {
		r.do(func(u *Usage) {
			u.Cancel(r.now)
			u.Reject(r.now, 480)
			u.Bye(r.now)
		})
		r.wait(100 * time.Second)
	}
	r.expectOver()
	if !r.released {
		r.t.Fatal("the usage was not released")
	}
}
