package dialog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// raw is one usage whose other side is the test: it writes the messages that a
// well-meant usage would not, from any number of forks.
type raw struct {
	t        failer
	now      time.Time
	usage    *Usage
	flow     transport.Flow
	all      []sip.Message // ever sent
	sent     []sip.Message // since the last forget
	bytes    [][]byte      // of sent
	hops     []string      // of sent
	reports  []Report
	released bool
	seq      uint32 // the last CSeq number of the test's requests
	calls    int    // the branches of the test's requests
}

const rawOffer = "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"

func newRaw(t failer, p transport.Protocol) *raw {
	return &raw{
		t: t, now: time.Unix(0, 0).UTC(),
		flow: transport.Flow{Protocol: p, Local: callerAt, Remote: calleeAt, Conn: uint64(p) - 1},
	}
}

// rawCaller is a usage that has sent its INVITE; change may change its configuration.
func rawCaller(t testing.TB, change func(*Config)) *raw {
	r := newRaw(t, transport.UDP)
	c := config("us", callerAt)
	if change != nil {
		change(&c)
	}
	r.usage = NewUAC(c)
	r.do(func(u *Usage) {
		u.Invite(r.now, Invitation{
			RequestURI: "sip:them@192.0.2.2:5060", From: "<sip:us@192.0.2.1>", To: "<sip:them@192.0.2.2>",
			CallID: "raw", MaxForwards: 70, Offer: offer(), Headers: []Header{{"P-Asserted-Identity", "<sip:us@192.0.2.1>"}},
		})
	})
	return r
}

// rawCallee is a usage that has been sent an INVITE with these headers in addition.
func rawCallee(t testing.TB, p transport.Protocol, headers ...string) *raw {
	r := newRaw(t, p)
	req := r.parse(r.requestText("INVITE", "", append(headers, "Contact: <sip:them@192.0.2.2:5060>"), rawOffer)).(*sip.Request)
	r.begin(req)
	return r
}

// begin makes the usage for an INVITE.
func (r *raw) begin(req *sip.Request) {
	r.t.Helper()
	offer, status, _ := ReadInvite(req)
	if status != 0 {
		r.t.Fatalf("the INVITE is refused with %d", status)
	}
	r.usage = NewUAS(r.now, config("us", callerAt), req, offer, r.flow)
	r.collect()
}

func (r *raw) parse(text string) sip.Message {
	r.t.Helper()
	msg, fault := wire.Parse([]byte(text))
	if fault != nil {
		r.t.Fatalf("the test wrote what cannot be read: %v\n%s", fault, text)
	}
	return msg
}

// do lets the usage's owner act.
func (r *raw) do(act func(u *Usage)) {
	r.t.Helper()
	act(r.usage)
	r.collect()
}

func (r *raw) collect() {
	r.t.Helper()
	for _, a := range r.usage.Take() {
		if a.Report != nil {
			if r.released {
				r.t.Fatalf("%s was reported after the end", kinds([]Report{a.Report}))
			}
			_, r.released = a.Report.(Released)
			r.reports = append(r.reports, a.Report)
			continue
		}
		if !strings.HasPrefix(string(a.Send), "SIP/2.0 ") && !strings.Contains(string(a.Send), "\r\nMax-Forwards: ") {
			r.t.Fatalf("a request without Max-Forwards:\n%s", a.Send)
		}
		msg := r.parse(string(a.Send))
		r.all, r.sent = append(r.all, msg), append(r.sent, msg)
		r.bytes = append(r.bytes, a.Send)
		r.hops = append(r.hops, a.Hop)
	}
}

// wait lets time go by.
func (r *raw) wait(d time.Duration) {
	r.t.Helper()
	end := r.now.Add(d)
	for range 10000 {
		at, ok := r.usage.Deadline()
		if !ok || at.After(end) {
			r.now = end
			return
		}
		r.now = at
		r.do(func(u *Usage) { u.Tick(at) })
	}
	r.t.Fatalf("the timers do not come to an end: %v", r.usage.State())
}

// receive hands the usage a message.
func (r *raw) receive(text string) {
	r.t.Helper()
	msg := r.parse(text)
	r.do(func(u *Usage) { u.Receive(r.now, msg, r.flow) })
}

// respond answers the usage's last request of a method, with a To tag.
func (r *raw) respond(method sip.RequestMethod, status int, tag string, headers []string, body string) {
	r.t.Helper()
	r.respondTo(r.request(method), status, tag, headers, body)
}

// ring, accept and fail answer the INVITE as one of its forks.
func (r *raw) ring(tag string) { r.t.Helper(); r.respond(sip.INVITE, 180, tag, at(tag), "") }
func (r *raw) accept(tag string) {
	r.t.Helper()
	r.respond(sip.INVITE, 200, tag, at(tag), rawOffer)
}
func (r *raw) fail(status int) { r.t.Helper(); r.respond(sip.INVITE, status, "failed", nil, "") }
func at(tag string) []string   { return []string{"Contact: <sip:" + tag + "@192.0.2.2:5060>"} }

func (r *raw) respondTo(req *sip.Request, status int, tag string, headers []string, body string) {
	r.t.Helper()
	r.receive(responseText(req, status, tag, headers, body))
}

func responseText(req *sip.Request, status int, tag string, headers []string, body string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d Whatever\r\nVia: %s\r\nFrom: %s\r\nTo: %s", status, req.Via().Value(), req.From().Value(), req.To().Value())
	if tag != "" && wire.ToTag(req) == "" {
		b.WriteString(";tag=" + tag)
	}
	fmt.Fprintf(&b, "\r\nCall-ID: %s\r\nCSeq: %s\r\n", req.CallID().Value(), req.CSeq().Value())
	return b.String() + tail(headers, body)
}

func tail(headers []string, body string) string {
	text := ""
	for _, h := range headers {
		text += h + "\r\n"
	}
	if body != "" && !strings.Contains(text, "Content-Type") {
		text += "Content-Type: application/sdp\r\n"
	}
	return text + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

// requestText writes a request of the other side with the next CSeq number; tag is its
// From tag, empty for "them", and its To tag is the usage's but for the first INVITE.
func (r *raw) requestText(method, tag string, headers []string, body string) string {
	r.calls++
	if method != "ACK" {
		r.seq++
	}
	to := ";tag=us"
	if r.usage == nil {
		to = ""
	}
	if tag == "" {
		tag = "them"
	}
	return fmt.Sprintf("%s sip:us@192.0.2.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKthem%d\r\n"+
		"Max-Forwards: 70\r\nFrom: <sip:them@192.0.2.2>;tag=%s\r\nTo: <sip:us@192.0.2.1>%s\r\nCall-ID: raw\r\nCSeq: %d %s\r\n",
		method, r.calls, tag, to, r.seq, method) + tail(headers, body)
}

// send sends the usage a request within the dialog and gives its text, for repetitions.
func (r *raw) send(method string, headers ...string) string {
	r.t.Helper()
	text := r.requestText(method, "", headers, "")
	r.receive(text)
	return text
}

// acknowledgeFailure sends the ACK to a failure: its branch is that of the test's n-th
// request (RFC 3261 s17.1.1.3).
func (r *raw) acknowledgeFailure(n int) {
	r.t.Helper()
	text := r.requestText("ACK", "", nil, "")
	r.receive(strings.Replace(text, fmt.Sprint("z9hG4bKthem", r.calls), fmt.Sprint("z9hG4bKthem", n), 1))
}

// request is the usage's last request of a method.
func (r *raw) request(method sip.RequestMethod) *sip.Request {
	r.t.Helper()
	for i := len(r.all) - 1; i >= 0; i-- {
		if req, ok := r.all[i].(*sip.Request); ok && req.Method == method {
			return req
		}
	}
	r.t.Fatalf("no %s was sent", method)
	return nil
}

// response is the usage's last response.
func (r *raw) response() *sip.Response {
	r.t.Helper()
	for i := len(r.sent) - 1; i >= 0; i-- {
		if res, ok := r.sent[i].(*sip.Response); ok {
			return res
		}
	}
	r.t.Fatal("no response was sent")
	return nil
}

// expect wants these messages sent since the last forget, each by its method or its
// status and method: "ACK", "200 BYE".
func (r *raw) expect(want ...string) {
	r.t.Helper()
	var got []string
	for _, m := range r.sent {
		if res, ok := m.(*sip.Response); ok {
			got = append(got, fmt.Sprint(res.StatusCode, " ", res.CSeq().MethodName))
		} else {
			got = append(got, string(m.(*sip.Request).Method))
		}
	}
	if strings.Join(got, ",") != strings.Join(want, ",") {
		r.t.Fatalf("sent %q, want %q", got, want)
	}
}

// forget begins a new list of what was sent and reported.
func (r *raw) forget() { r.sent, r.bytes, r.hops, r.reports = nil, nil, nil, nil }

// expectReports wants these kinds of reports.
func (r *raw) expectReports(want ...Report) {
	r.t.Helper()
	if got, want := kinds(r.reports), kinds(want); got != want {
		r.t.Fatalf("reported %s, want %s", got, want)
	}
}

func kinds(list []Report) string {
	var names []string
	for _, r := range list {
		names = append(names, strings.TrimPrefix(fmt.Sprintf("%T", r), "dialog."))
	}
	return strings.Join(names, " ")
}

func (r *raw) expectState(want State) {
	r.t.Helper()
	if got := r.usage.State(); got != want {
		r.t.Fatalf("the usage is %v, want %v", got, want)
	}
}

// expectOver wants the usage ended without a timer.
func (r *raw) expectOver() {
	r.t.Helper()
	r.expectState(Ended)
	if at, ok := r.usage.Deadline(); ok {
		r.t.Fatalf("a timer runs at %v", at)
	}
}

// header is the first value of a header of a message.
func header(m sip.Message, name string) string {
	value, _ := wire.Value(m, name)
	return value
}
