package test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/test/peers"
)

// A session timer in these stories is of six seconds, for which RFC 4028 s4 has 90 as
// the least. A callee may still say so in its answer, and the proxy of a phone that
// knows no timers may in its INVITE; we then do with what we are told.
const (
	brief      = 6 * time.Second
	weRefresh  = "Session-Expires: 6;refresher=uac\r\nRequire: timer\r\n"
	peerWould  = "Session-Expires: 6;refresher=uas\r\nRequire: timer\r\n"
	withUpdate = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE"
	noUpdate   = "Allow: INVITE, ACK, BYE, CANCEL"
)

// refreshes are the ways to ask whether a call stands, by what the other side knows.
var refreshes = []struct{ name, allow, step, method string }{
	{"by UPDATE", withUpdate, "updated", "UPDATE"},
	{"by re-INVITE", noUpdate, "refreshed", "INVITE"},
}

// refreshed checks how a side is asked. The other side notices nothing: SIPp would
// fail.
func (s *stage) refreshed(asked *party, method string) {
	s.Helper()
	m := asked.saw("refreshed")
	if _, got := m.CSeq(); got != method || !strings.HasPrefix(m.Get("Session-Expires"), "6") {
		s.Errorf("it is refreshed by:\n%s", m)
	}
	if _, ok := m.SDP(); ok && s.described(m).Direction != phone.SendRecv {
		s.Errorf("the refresh changes the call:\n%s", m)
	}
}

// refreshedAfter checks when that was: RFC 4028 s10, half of the interval after the
// answer.
func (s *stage) refreshedAfter(r peers.Record, host byte, method string) {
	s.Helper()
	if after := s.sentAfter(clock(r.Answered.Local()), host, method+" "); after < brief/2-10*time.Millisecond || after > brief*2/3 {
		s.Errorf("it is refreshed %v after the answer, not %v", after, brief/2)
	}
}

// sentAfter is how long after a time of day the gateway has sent a party a message that
// begins so, by its own trace: the first one, for the others may repeat it.
func (s *stage) sentAfter(since time.Duration, host byte, begins string) time.Duration {
	s.Helper()
	said, err := os.ReadFile(s.gateway.Output)
	if err != nil {
		s.Fatal(err)
	}
	const day = 24 * time.Hour
	lines := strings.Split(string(said), "\n")
	for i, line := range lines[:len(lines)-1] {
		when, found := strings.CutSuffix(line, " UDP "+s.gatewayFor(host).String()+" -> "+s.SIP(host).String())
		t, err := time.Parse("15:04:05.000000", when)
		if !found || err != nil || !strings.HasPrefix(lines[i+1], begins) {
			continue
		}
		if after := (clock(t) - since + day) % day; after < day/2 { // the others were before
			return after
		}
	}
	s.Errorf("nothing that begins with %q was sent then", begins)
	return 0
}

func clock(t time.Time) time.Duration {
	return t.Sub(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location()))
}

// TestRefreshOfCallee: we refresh the callee's side.
func TestRefreshOfCallee(t *testing.T) {
	t.Parallel()
	for _, by := range refreshes {
		t.Run(by.name, func(t *testing.T) {
			bothWays(t, house, func(s *stage, w way) {
				called := w.called(s, "called", "ring", "answer", by.step, "hungup")
				called.Keys["header"] = weRefresh + by.allow
				callee := s.start(called)
				caller := s.start(w.calling(s, "call", "ringing", "answered", "wait", "hangup"))
				answer, invite := up(caller, callee)
				mine, theirs := s.talk(w.caller, answer, w.callee, invite)
				s.refreshed(callee, by.method)
				mine.hears(high)
				theirs.hears(low)
				caller.proceed()
				r := s.finished(caller, callee)
				s.answered(r, "caller")
				s.refreshedAfter(r, w.callee, by.method)
			})
		})
	}
}

// TestRefreshOfCaller: we refresh the side of a caller whose proxy wants that, and who
// knows nothing of timers: RFC 4028 s9 table 2.
func TestRefreshOfCaller(t *testing.T) {
	t.Parallel()
	for _, by := range refreshes {
		t.Run(by.name, func(t *testing.T) {
			bothWays(t, house, func(s *stage, w way) {
				callee := s.start(w.called(s, "called", "ring", "answer", "wait", "hangup"))
				calling := w.calling(s, "call", "ringing", "answered", by.step, "hungup")
				calling.Keys["allow"] = "Session-Expires: 6\r\n" + by.allow
				caller := s.start(calling)
				answer, _ := up(caller, callee)
				if got := strings.ReplaceAll(answer.Get("Session-Expires"), " ", ""); got != "6;refresher=uas" {
					s.Errorf("the answer has Session-Expires: %s", got)
				}
				s.refreshed(caller, by.method)
				callee.proceed()
				r := s.finished(callee, caller)
				if r.Disposition != "answered" || r.EndedBy != "callee" {
					s.Errorf("record: %+v", r)
				}
				s.refreshedAfter(r, w.caller, by.method)
			})
		})
	}
}

// TestRefreshByPeer: the other side refreshes, and the call outlives its first
// interval.
func TestRefreshByPeer(t *testing.T) {
	bothWays(t, house, func(s *stage, w way) {
		called := w.called(s, "called", "ring", "answer", "wait", "update", "wait", "hangup")
		called.Keys["header"] = peerWould + withUpdate
		callee := s.start(called)
		caller := s.start(w.calling(s, "call", "ringing", "answered", "hungup"))
		answer, invite := up(caller, callee)
		answered := time.Now()
		mine, theirs := s.talk(w.caller, answer, w.callee, invite)
		callee.proceed()
		agreed := callee.saw("update_agreed")
		if got := strings.ReplaceAll(agreed.Get("Session-Expires"), " ", ""); got != "90;refresher=uac" || !lists(agreed, "Require", "timer") {
			s.Errorf("the refresh is answered with:\n%s", agreed)
		}
		time.Sleep(time.Until(answered.Add(brief)))
		mine.hears(high)
		theirs.hears(low)
		callee.proceed()
		s.answered(s.finished(callee, caller), "callee")
	})
}

// TestSessionExpires: the other side was to refresh and did not. RFC 4028 s10: a third
// of the interval before its end, both sides get a BYE that says why.
func TestSessionExpires(t *testing.T) {
	bothWays(t, house, func(s *stage, w way) {
		called := w.called(s, "called", "ring", "answer", "hungup")
		called.Keys["header"] = peerWould + withUpdate
		callee := s.start(called)
		caller := s.start(w.calling(s, "call", "ringing", "answered", "hungup"))
		up(caller, callee)
		for _, p := range []*party{callee, caller} {
			bye := p.saw("hungup")
			if reason := bye.Get("Reason"); reason == "" {
				s.Errorf("%s is hung up on without a Reason:\n%s", p.name, bye)
			}
		}
		r := s.finished(callee, caller)
		if r.Disposition != "answered" || r.EndedBy != "gateway" || r.Status != 408 || r.Q850 != 102 || r.Cause != "session expired" {
			s.Errorf("record: %+v", r)
		}
		if after := r.Ended.Sub(r.Answered); after < brief*2/3-10*time.Millisecond || after > brief {
			s.Errorf("it ends %v after the answer, not %v", after, brief*2/3)
		}
	})
}

// TestSessionTooBrief: RFC 4028 s9, one that knows timers is told what is the least.
func TestSessionTooBrief(t *testing.T) {
	bothWays(t, house, func(s *stage, w way) {
		calling := w.calling(s, "call", "refused")
		calling.Keys["allow"] = "Supported: timer\r\nSession-Expires: 60"
		caller := s.start(calling)
		m := caller.saw("refused")
		s.status(m, 422)
		if least := m.Get("Min-SE"); least != "90" {
			s.Errorf("Min-SE: %q", least)
		}
		caller.done()
	})
}
