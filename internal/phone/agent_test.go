package phone

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

// wire is two agents and what is between them: packets wait until deliver.
type wire struct {
	t          *testing.T
	now        time.Time
	alice, bob *Agent
	packets    []flying
	sent       []string
}

type flying struct {
	from, to *Agent
	packet   []byte
}

func newWire(t *testing.T) *wire {
	w := &wire{t: t, now: begin}
	w.alice = w.agent("alice", "192.0.2.10:5060")
	w.bob = w.agent("bob", "192.0.2.11:5060")
	return w
}

func (w *wire) agent(name, at string) *Agent {
	a := &Agent{Name: name, Domain: "example.test", Local: netip.MustParseAddrPort(at), Reliable: true}
	a.Write = func(b []byte, to netip.AddrPort) {
		w.sent = append(w.sent, firstWords(b))
		other := w.alice
		if to == w.bob.Local {
			other = w.bob
		}
		w.packets = append(w.packets, flying{a, other, b})
	}
	return a
}

func firstWords(b []byte) string {
	f := strings.Fields(string(b))
	if f[0] == version {
		return f[1]
	}
	return f[0]
}

// deliver takes the next packet to its receiver, lose takes it away.
func (w *wire) deliver() Arrival {
	w.t.Helper()
	if len(w.packets) == 0 {
		w.t.Fatal("nothing is on its way")
	}
	p := w.packets[0]
	w.packets = w.packets[1:]
	a, err := p.to.Receive(w.now, p.packet, p.from.Local)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *wire) lose() { w.packets = w.packets[1:] }

// sleep lets time pass in steps of each agent's own timers.
func (w *wire) sleep(d time.Duration) {
	end := w.now.Add(d)
	for {
		next := end
		for _, a := range []*Agent{w.alice, w.bob} {
			if n := a.Next(); !n.IsZero() && n.Before(next) {
				next = n
			}
		}
		if w.now = next; next.Equal(end) {
			return
		}
		w.alice.Tick(next)
		w.bob.Tick(next)
	}
}

func (w *wire) wantSent(want string) {
	w.t.Helper()
	if got := strings.Join(w.sent, " "); got != want {
		w.t.Errorf("sent %q, not %q", got, want)
	}
	w.sent = nil
}

// call brings both into a dialog.
func (w *wire) call() (alice, bob *Dialog) {
	w.alice.Send(w.now, w.alice.Request("INVITE", "sip:bob@192.0.2.11"))
	in := w.deliver()
	w.bob.Send(w.now, w.bob.Respond(in.Message, 200, ""))
	answer := w.deliver()
	ack, err := w.alice.Ack(answer.Message)
	if err != nil {
		w.t.Fatal(err)
	}
	w.alice.Send(w.now, ack)
	w.deliver()
	w.wantSent("INVITE 200 ACK")
	return answer.Dialog, in.Dialog
}

func TestDialogBothWays(t *testing.T) {
	w := newWire(t)
	alice, bob := w.call()
	if alice.LocalTag != bob.RemoteTag || alice.RemoteTag != bob.LocalTag || alice.RemoteTag == "" {
		t.Fatalf("tags differ: %+v %+v", alice, bob)
	}
	for _, d := range []struct {
		agent  *Agent
		dialog *Dialog
	}{{w.alice, alice}, {w.bob, bob}} {
		m := d.agent.In(d.dialog, "INFO")
		if m.Tag("From") != d.dialog.LocalTag || m.Tag("To") != d.dialog.RemoteTag {
			t.Errorf("%v", m)
		}
		d.agent.Send(w.now, m)
		if got := w.deliver(); got.Dialog == nil || got.Again {
			t.Errorf("INFO belongs to no dialog: %+v", got)
		}
	}
}

// RFC 3261 table 4: an INVITE at 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s, other
// requests at 0.5, 1.5, 3.5 and then every 4 s, both until 64*T1.
func TestRequestIsRepeated(t *testing.T) {
	for method, want := range map[string][]float64{
		"INVITE":  {0.5, 1.5, 3.5, 7.5, 15.5, 31.5},
		"OPTIONS": {0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5},
	} {
		w := newWire(t)
		w.alice.Send(w.now, w.alice.Request(method, "sip:bob@192.0.2.11"))
		w.packets = nil
		var got []float64
		for range 100 {
			w.sleep(time.Second / 2)
			w.alice.Tick(w.now)
			for range w.packets {
				got = append(got, w.now.Sub(begin).Seconds())
			}
			w.packets = nil
		}
		if len(got) != len(want) || got[len(got)-1] != want[len(want)-1] {
			t.Errorf("%s again at %v, not %v", method, got, want)
		}
		if !w.alice.Next().IsZero() {
			t.Errorf("%s: a timer is left", method)
		}
	}
}

func TestResponseEndsRepeats(t *testing.T) {
	w := newWire(t)
	w.alice.Send(w.now, w.alice.Request("INVITE", "sip:bob@192.0.2.11"))
	in := w.deliver()
	w.bob.Send(w.now, w.bob.Respond(in.Message, 180, ""))
	w.deliver()
	w.sleep(time.Minute)
	w.wantSent("INVITE 180")
}

func TestLostRequestAndResponse(t *testing.T) {
	w := newWire(t)
	w.alice.Send(w.now, w.alice.Request("OPTIONS", "sip:bob@192.0.2.11"))
	w.lose()
	w.sleep(600 * time.Millisecond)
	in := w.deliver()
	w.bob.Send(w.now, w.bob.Respond(in.Message, 200, ""))
	w.lose()
	w.sleep(time.Second)
	if again := w.deliver(); !again.Again {
		t.Error("a repeated request counts as new")
	}
	if got := w.deliver(); got.Status != 200 || got.Again {
		t.Errorf("%+v", got)
	}
	w.sleep(time.Minute)
	w.wantSent("OPTIONS OPTIONS 200 OPTIONS 200")
}

func TestAnswerIsRepeatedUntilACK(t *testing.T) {
	for _, status := range []int{200, 486} {
		w := newWire(t)
		w.alice.Send(w.now, w.alice.Request("INVITE", "sip:bob@192.0.2.11"))
		in := w.deliver()
		w.bob.Send(w.now, w.bob.Respond(in.Message, status, ""))
		answer := w.deliver()
		ack, err := w.alice.Ack(answer.Message)
		if err != nil {
			t.Fatal(err)
		}
		if same := ack.Branch() == answer.Branch(); same != (status >= 300) {
			t.Errorf("%d: the ACK's branch is the INVITE's: %v", status, same)
		}
		w.alice.Send(w.now, ack)
		w.lose()
		w.sleep(600 * time.Millisecond)
		if got := w.deliver(); !got.Again {
			t.Errorf("%d: a repeated answer counts as new", status)
		}
		if got := w.deliver(); got.Method != "ACK" {
			t.Errorf("%d: %v instead of the ACK", status, got.Message)
		}
		w.sleep(time.Minute)
		if len(w.packets) > 0 {
			t.Errorf("%d: sent on after the ACK", status)
		}
	}
}

func TestByHandRepeatsNothing(t *testing.T) {
	w := newWire(t)
	w.alice.Reliable, w.bob.Reliable = false, false
	w.alice.Send(w.now, w.alice.Request("INVITE", "sip:bob@192.0.2.11"))
	in := w.deliver()
	w.bob.Send(w.now, w.bob.Respond(in.Message, 200, ""))
	w.sleep(time.Minute)
	w.wantSent("INVITE 200")
}

func TestCancelIsOfTheSameTransaction(t *testing.T) {
	w := newWire(t)
	invite := w.alice.Request("INVITE", "sip:bob@192.0.2.11")
	invite.Add("Route", "<sip:192.0.2.11;lr>")
	w.alice.Send(w.now, invite)
	w.deliver()
	cancel := w.alice.Cancel(invite)
	if cancel.Branch() != invite.Branch() || cancel.URI != invite.URI || cancel.Get("CSeq") != "1 CANCEL" ||
		cancel.Get("Route") != invite.Get("Route") || cancel.Get("To") != invite.Get("To") {
		t.Errorf("%v", cancel)
	}
	w.alice.Send(w.now, cancel)
	if got := w.deliver(); got.Method != "CANCEL" || got.Again {
		t.Errorf("%+v", got)
	}
}

func TestForks(t *testing.T) {
	w := newWire(t)
	w.alice.Send(w.now, w.alice.Request("INVITE", "sip:bob@192.0.2.11"))
	in := w.deliver()
	for _, tag := range []string{"b1", "b2"} {
		w.bob.Send(w.now, w.bob.Respond(in.Message, 200, tag))
		got := w.deliver()
		if got.Again || got.Dialog == nil || got.Dialog.RemoteTag != tag {
			t.Fatalf("%s: %+v", tag, got)
		}
	}
	if n := len(w.alice.Dialogs(in.Get("Call-ID"))); n != 2 {
		t.Errorf("alice has %d dialogs", n)
	}
	w.alice.Forget(in.Get("Call-ID"))
	if n := len(w.alice.Dialogs(in.Get("Call-ID"))); n != 0 {
		t.Errorf("%d dialogs are left", n)
	}
}

func TestRouteSet(t *testing.T) {
	w := newWire(t)
	w.alice.Send(w.now, w.alice.Request("INVITE", "sip:bob@192.0.2.11"))
	in := w.deliver()
	answer := w.bob.Respond(in.Message, 200, "")
	answer.Add("Record-Route", "<sip:192.0.2.11;lr>, <sip:p2;lr>")
	answer.Add("Record-Route", "<sip:192.0.2.11:5060;lr>")
	w.bob.Send(w.now, answer)
	d := w.deliver().Dialog
	bye := w.alice.In(d, "BYE")
	if got := strings.Join(bye.All("Route"), " "); got != "<sip:192.0.2.11:5060;lr> <sip:p2;lr> <sip:192.0.2.11;lr>" {
		t.Errorf("Route: %s", got)
	}
	if bye.URI != "sip:bob@192.0.2.11:5060" {
		t.Errorf("Request-URI is %s, not bob's Contact", bye.URI)
	}
}

// A server without a memory challenges a repeated request anew: a phone answers
// the first challenge only.
func TestFinalFailureIsTakenOnce(t *testing.T) {
	w := newWire(t)
	w.alice.Send(w.now, w.alice.Request("INVITE", "sip:bob@192.0.2.11"))
	in := w.deliver()
	for i, nonce := range []string{"n1", "n2"} {
		no := w.bob.Respond(in.Message, 401, "x")
		no.Add("WWW-Authenticate", `Digest realm="x", nonce="`+nonce+`"`)
		w.bob.Send(w.now, no)
		if got := w.deliver(); got.Again != (i > 0) {
			t.Errorf("challenge %d counts as again: %v", i+1, got.Again)
		}
	}
}

func TestRetry(t *testing.T) {
	w := newWire(t)
	w.alice.Credentials = Credentials{"alice", "secret"}
	register := w.alice.Register(60)
	w.bob.Local, w.alice.Proxy = netip.MustParseAddrPort("192.0.2.11:5060"), w.bob.Local
	w.alice.Send(w.now, register)
	in := w.deliver()
	no := w.bob.Respond(in.Message, 401, "")
	no.Add("WWW-Authenticate", `Digest realm="x", nonce="n", qop="auth"`)
	w.bob.Send(w.now, no)
	retry, err := w.alice.Retry(register, w.deliver().Message)
	if err != nil || retry.Get("CSeq") != "2 REGISTER" || retry.Branch() == register.Branch() {
		t.Fatalf("%v, %v", retry, err)
	}
	c := ParseChallenge(no.Get("WWW-Authenticate"))
	if err := c.Verify(w.alice.Credentials, "REGISTER", retry.Get("Authorization")); err != nil {
		t.Error(err)
	}
	if _, err := w.alice.Retry(register, &Message{Status: 407}); err == nil {
		t.Error("a 407 without a challenge was answered")
	}
}

func TestForgetsWhatIsOver(t *testing.T) {
	w := newWire(t)
	w.call()
	w.sleep(time.Minute)
	for _, a := range []*Agent{w.alice, w.bob} {
		a.Tick(w.now.Add(5 * time.Hour))
		if n := len(a.replies) + len(a.seen) + len(a.requests) + len(a.repeats); n != 0 {
			t.Errorf("%s still remembers %d things", a.Name, n)
		}
	}
}

func TestReplyTo(t *testing.T) {
	from := netip.MustParseAddrPort("198.51.100.9:3333")
	for via, want := range map[string]string{
		"SIP/2.0/UDP h:5070;branch=1;rport":          "198.51.100.9:3333",
		"SIP/2.0/UDP 192.0.2.1:5070;branch=1":        "198.51.100.9:5070",
		"SIP/2.0/UDP 192.0.2.1;branch=1, SIP/2.0/X ": "198.51.100.9:5060",
	} {
		if got := replyTo(via, from); got.String() != want {
			t.Errorf("%s: to %v, not %s", via, got, want)
		}
	}
}
