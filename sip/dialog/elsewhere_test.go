package dialog

import (
	"fmt"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// servers is a list of them; each is asked for once.
type servers struct {
	list  []Server
	asked []string
}

func (s *servers) Next(_ time.Time, status int, res *sip.Response) (Server, bool) {
	s.asked = append(s.asked, fmt.Sprint(status, res != nil))
	if len(s.list) == 0 {
		return Server{}, false
	}
	next := s.list[0]
	s.list = s.list[1:]
	return next, true
}

var firstFlow = transport.Flow{Protocol: transport.UDP, Local: callerAt, Remote: calleeAt}

// rawElsewhere is a usage that has sent its INVITE and has a second server by TCP.
func rawElsewhere(t *testing.T) (*raw, *servers) {
	s := &servers{list: []Server{{
		Via: "SIP/2.0/TCP 192.0.2.7:5060", Contact: "<sip:us@192.0.2.7:5060;transport=tcp>",
		Transport: transaction.Reliable, Before: firstFlow,
	}}}
	return rawCaller(t, func(c *Config) { c.Alternatives = s }), s
}

// RFC 3263 s4.3: each kind of failure leads to the next server, by a request that is
// the same but for the way it goes.
func TestElsewhere(t *testing.T) {
	for name, fail := range map[string]func(r *raw){
		"503":       func(r *raw) { r.fail(503) },
		"100, 503":  func(r *raw) { r.respond(sip.INVITE, 100, "", nil, ""); r.fail(503) },
		"transport": func(r *raw) { r.do(func(u *Usage) { u.TransportFailed(r.now) }) },
		"time out":  func(r *raw) { r.wait(32 * time.Second) },
		"given up":  func(r *raw) { r.do(func(u *Usage) { u.GiveUpServer(r.now) }) },
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := rawElsewhere(t)
			first := r.request(sip.INVITE)
			fail(r)
			again := r.request(sip.INVITE)
			if wire.Branch(again) == wire.Branch(first) {
				t.Fatal("no INVITE with a branch of its own")
			}
			for _, same := range []string{"From", "To", "Call-ID", "CSeq", "P-Asserted-Identity", "Content-Type"} {
				if header(again, same) != header(first, same) {
					t.Errorf("%s is %q, was %q", same, header(again, same), header(first, same))
				}
			}
			if via, contact := again.Via().Value(), header(again, "Contact"); via[:26] != "SIP/2.0/TCP 192.0.2.7:5060" || contact != "<sip:us@192.0.2.7:5060;transport=tcp>" {
				t.Errorf("Via is %q, Contact %q", via, contact)
			}
			sent := len(r.all)
			r.wait(3 * time.Second)
			for _, m := range r.all[sent:] {
				if wire.Branch(m) == wire.Branch(again) {
					t.Error("the INVITE is repeated over TCP")
				}
			}
			r.forget()
			r.accept("a")
			r.expectReports(Accepted{})
			r.expectState(Confirmed)
		})
	}
}

// When there is no other server, the last one's failure is the call's.
func TestElsewhereEnds(t *testing.T) {
	r, s := rawElsewhere(t)
	r.fail(503)
	r.fail(503)
	r.expectReports(Failed{}, Released{})
	r.expectOver()
	if got := fmt.Sprint(s.asked); got != "[503 true 503 true]" {
		t.Errorf("asked for another server after %v", got)
	}
	if r.usage.GiveUpServer(r.now) {
		t.Error("a call that is over goes elsewhere")
	}
}

// What a server says of the callee, or after ringing, or to a re-INVITE, is final.
func TestNotElsewhere(t *testing.T) {
	for _, status := range []int{486, 500, 504, 603} {
		r, s := rawElsewhere(t)
		r.fail(status)
		r.expectReports(Failed{}, Released{})
		if len(s.asked) > 0 {
			t.Errorf("%d leads to another server", status)
		}
	}
	r, s := rawElsewhere(t)
	r.ring("a")
	if r.usage.GiveUpServer(r.now) {
		t.Error("a server that rings is given up as silent")
	}
	r.respond(sip.INVITE, 503, "a", nil, "")
	r.expectReports(Progressed{}, Failed{}, Released{})
	r, s = rawElsewhere(t)
	r.do(func(u *Usage) { u.Cancel(r.now) })
	r.fail(503)
	r.wait(time.Minute)
	if len(s.asked) > 0 {
		t.Errorf("a call that is withdrawn goes elsewhere after %v", s.asked)
	}
}

// A silent server that speaks after all: its INVITE is cancelled where it went, and an
// answer that crosses that is acknowledged and hung up. The call is not kept for it.
func TestGivenUpServerSpeaks(t *testing.T) {
	r, _ := rawElsewhere(t)
	silent := r.request(sip.INVITE)
	r.do(func(u *Usage) { u.GiveUpServer(r.now) })
	r.forget()
	var flows []transport.Flow
	msg := r.parse(responseText(silent, 180, "old", at("old"), ""))
	r.usage.Receive(r.now, msg, r.flow)
	for _, a := range r.usage.Take() {
		flows = append(flows, a.Flow)
		cancel := r.parse(string(a.Send)).(*sip.Request)
		if cancel.Method != sip.CANCEL || wire.Branch(cancel) != wire.Branch(silent) || cancel.Via().Value() != silent.Via().Value() {
			t.Errorf("sent %s", cancel)
		}
	}
	if len(flows) != 1 || flows[0] != firstFlow {
		t.Errorf("the CANCEL goes over %v", flows)
	}
	r.respondTo(silent, 200, "old", at("old"), rawOffer)
	r.expect("ACK", "BYE")
	r.expectReports()
	r.fail(486)
	r.expectReports(Failed{}, Released{})
	r.expectOver()
}

// The ACK to a 503 that is repeated goes where the 503 came from, also after the end.
func TestGivenUpServerRepeatsItsFailure(t *testing.T) {
	r, _ := rawElsewhere(t)
	refused := r.request(sip.INVITE)
	r.fail(503)
	r.fail(486)
	r.expectOver()
	r.usage.Receive(r.now, r.parse(responseText(refused, 503, "failed", nil, "")), r.flow)
	actions := r.usage.Take()
	if len(actions) != 1 || actions[0].Flow != firstFlow {
		t.Fatalf("the repeated 503 brings %+v", actions)
	}
	rest := r.reports[len(r.reports)-1].(Released).Leftovers
	if len(rest) != 1 || rest[0].Flow != firstFlow { // the second was reached by TCP: timer D is zero
		t.Errorf("%d left over", len(rest))
	}
}
