package refer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/sip/wire"
)

// epoch is when every story begins.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// message parses a request of agent A to agent B of RFC 3515 s4 with more header lines
// and a body, as the edge would.
func message(t rapid.TB, method string, seq uint32, body string, lines ...string) *sip.Request {
	t.Helper()
	text := fmt.Sprintf("%s sip:b@atlanta.example.com SIP/2.0\r\n"+
		"Via: SIP/2.0/UDP agenta.atlanta.example.com;branch=z9hG4bK2293940223\r\n"+
		"To: <sip:b@atlanta.example.com>;tag=4992881234\r\n"+
		"From: <sip:a@atlanta.example.com>;tag=193402342\r\n"+
		"Call-ID: 898234234@agenta.atlanta.example.com\r\n"+
		"CSeq: %d %s\r\nMax-Forwards: 70\r\nContact: sip:a@atlanta.example.com\r\n", method, seq, method)
	for _, line := range lines {
		text += line + "\r\n"
	}
	text += fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	msg, fault := wire.Parse([]byte(text))
	if fault != nil {
		t.Fatalf("the test's message is broken: %v\n%s", fault, text)
	}
	return msg.(*sip.Request)
}

// line writes an action as a story has it.
func line(a Action) string {
	switch {
	case a.Respond != nil:
		return responseLine(a.Respond)
	case a.Send != nil:
		return requestLine(a.Send)
	case a.Report != nil:
		return strings.TrimPrefix(fmt.Sprintf("%T %v", a.Report, a.Report), "refer.")
	}
	return "nothing"
}

func responseLine(r *Response) string {
	text := fmt.Sprintf("%d: %d", r.Seq, r.Status)
	if r.Phrase != "" {
		text += " " + r.Phrase
	}
	for _, h := range r.Headers {
		text += " | " + h.Name + ": " + h.Value
	}
	return text
}

// requestLine leaves out what checkNotify looks at in every NOTIFY.
func requestLine(r *Request) string {
	if r.Method != "NOTIFY" {
		text := r.Method
		for _, h := range r.Headers {
			text += " | " + h.Name + ": " + h.Value
		}
		return text
	}
	return "NOTIFY " + value(r, "Event") + " | " + value(r, "Subscription-State") +
		" | " + strings.TrimSuffix(strings.TrimPrefix(string(r.Body), "SIP/2.0 "), "\r\n")
}

func value(r *Request, name string) string {
	for _, h := range r.Headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

func linesOf(acts []Action) (list []string) {
	for _, a := range acts {
		list = append(list, line(a))
	}
	return list
}

// story drives the references of one dialog and compares what they say.
type story struct {
	rapid.TB
	r     *Referrals
	now   time.Time
	seq   uint32
	token Token // of the last request
}

func tell(t rapid.TB, config Config) *story {
	return &story{TB: t, r: New(config), now: epoch, seq: 93809822}
}

// see compares actions with lines, and keeps the token of the last request.
func (s *story) see(acts []Action, want ...string) {
	s.Helper()
	got := linesOf(acts)
	if !slices.Equal(got, want) {
		s.Fatalf("after %v:\n got  %s\n want %s", s.now.Sub(epoch),
			strings.Join(got, "\n      "), strings.Join(want, "\n      "))
	}
	for _, a := range acts {
		if a.Send != nil {
			s.token = a.Send.Token
			checkSent(s, a.Send)
		}
	}
}

// checkSent looks at what every request must have.
func checkSent(t rapid.TB, r *Request) {
	t.Helper()
	if r.Token == (Token{}) || r.Token.Method != r.Method {
		t.Errorf("%s has the token %v", r.Method, r.Token)
	}
	for _, h := range r.Headers {
		if strings.ContainsAny(h.Name+h.Value, "\r\n\x00") {
			t.Errorf("%s: %q leaves its line", h.Name, h.Value)
		}
	}
	if r.Method != "NOTIFY" {
		return
	}
	if got := value(r, "Content-Type"); got != "message/sipfrag;version=2.0" {
		t.Errorf("Content-Type %q", got)
	}
	if _, err := ParseFragment(r.Body); err != nil {
		t.Errorf("body %q: %v", r.Body, err)
	}
}

// comes hands in a request with the next CSeq.
func (s *story) comes(method string, lines ...string) []Action {
	s.Helper()
	return s.comesWith(method, "", lines...)
}

func (s *story) comesWith(method, body string, lines ...string) []Action {
	s.Helper()
	s.seq++
	return s.r.Receive(s.now, message(s, method, s.seq, body, lines...))
}

// refers hands in a REFER that is asked about.
func (s *story) refers(lines ...string) {
	s.Helper()
	acts := s.comes("REFER", append([]string{"Refer-To: <sip:c@atlanta.example.com>"}, lines...)...)
	if len(acts) != 1 {
		s.Fatalf("a REFER gives %q", linesOf(acts))
	}
	if _, ok := acts[0].Report.(Referred); !ok {
		s.Fatalf("a REFER gives %q", linesOf(acts))
	}
}

// answered hands in the answer to the last request.
func (s *story) answered(status int) []Action {
	return s.r.Answered(s.now, s.token, Answer{Status: status})
}

// notifies hands in a NOTIFY.
func (s *story) notifies(event, state, body string) []Action {
	s.Helper()
	return s.comesWith("NOTIFY", body, "Event: "+event, "Subscription-State: "+state, "Content-Type: message/sipfrag;version=2.0")
}

// waits lets time go by: every deadline on the way is met.
func (s *story) waits(d time.Duration) (acts []Action) {
	s.Helper()
	end := s.now.Add(d)
	for i := 0; ; i++ {
		at, ok := s.r.Deadline()
		if !ok || at.After(end) {
			break
		}
		if i > 100 {
			s.Fatalf("the deadline %v does not go away", at.Sub(epoch))
		}
		if at.After(s.now) {
			s.now = at
		}
		acts = append(acts, s.r.Tick(s.now)...)
	}
	s.now = end
	return acts
}

// over checks that nothing is left.
func (s *story) over() {
	s.Helper()
	if at, ok := s.r.Deadline(); !s.r.Idle() || s.r.Running() || ok {
		s.Fatalf("not over: idle %v, running %v, deadline %v %v", s.r.Idle(), s.r.Running(), at, ok)
	}
}
