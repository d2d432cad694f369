package test

import "testing"

// TestLateOffer: the INVITE has no offer, so the answer has it, and the ACK has the
// answer to that: RFC 3261 s13.2.1.
func TestLateOffer(t *testing.T) {
	bothWays(t, house, func(s *stage, w way) {
		callee := s.start(w.called(s, "called", "ring", "wait", "answer", "wait", "hangup"))
		caller := s.start(w.calling(s, "call_late", "ringing", "answered_late", "hungup"))
		invite := callee.saw("called")
		caller.saw("ringing")
		callee.proceed()
		offer := caller.saw("answered")
		ack := callee.saw("acknowledged")
		described := invite
		if _, ok := invite.SDP(); !ok {
			described = ack
		}
		s.talk(w.caller, offer, w.callee, described)
		callee.proceed()
		s.answered(s.finished(callee, caller), "callee")
	})
}
