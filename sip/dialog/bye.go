package dialog

import (
	"time"
)

// farewell is a BYE of ours that cannot go yet.
type farewell struct {
	phase  byePhase
	reason []Header
}

// byePhase is whether there is one.
type byePhase uint8

const (
	byeNone byePhase = iota
	// byeWaitsForAck: a callee may not say BYE before the ACK to its 2xx
	// (RFC 3261 s15).
	byeWaitsForAck
	// byeWaitsForNotify: the other side shall know first what has become of its REFER.
	byeWaitsForNotify
)

// Bye ends an answered call. The reason goes into the BYE (RFC 3326).
func (u *Usage) Bye(now time.Time, reason ...Header) {
	switch u.state {
	case Early:
		// Its answer still waits for a PRACK: nobody has heard of it.
		if u.ringing() && u.assurance.answer != nil {
			u.refuse(now, 480, reason)
		}
	case Answered:
		u.leave(now)
		u.quitReferrals(now)
		u.bye = farewell{phase: byeWaitsForAck, reason: reason}
	case Confirmed:
		u.leave(now)
		u.quitReferrals(now)
		u.byeAfterNotify(now, reason)
	case Leaving: // nothing is left but to tell what has become of a REFER
		u.quitReferrals(now)
		u.settle()
	}
}

// leave begins the end of an answered call: nothing of the other side's is answered
// any more but with its end.
func (u *Usage) leave(now time.Time) {
	u.state = Leaving
	u.endReinvite(now)
}

// ackGone sends a BYE that waited for the ACK, which has come or will not.
func (u *Usage) ackGone(now time.Time) {
	if u.bye.phase == byeWaitsForAck {
		reason := u.bye.reason
		u.bye = farewell{}
		u.byeAfterNotify(now, reason)
	}
}

// sendBye sends a BYE, in the call's dialog or in a fork's that is not wanted. Whatever
// comes back ends it: RFC 3261 s15.1.1, "If the response for the BYE is a 481 … or a
// 408 … or no response at all is received for the BYE … the UAC MUST consider the
// session and the dialog terminated."
func (u *Usage) sendBye(now time.Time, d *Dialog, reason []Header) {
	m := u.request(d, "BYE", d.nextSeq())
	u.addAgent(&m)
	m.head = append(m.head, reason...)
	u.send(now, m, d)
}

// receiveBye ends the call from the other side. RFC 3261 s15.1.2: "The UAS core
// … MUST still respond to any pending requests received for that dialog. It is
// RECOMMENDED that a 487 (Request Terminated) response be generated to those
// pending requests."
func (u *Usage) receiveBye(now time.Time, s *server, d *Dialog) {
	request := s.request
	u.respond(now, s, 200, nil)
	switch {
	case d != u.chosen:
		// A fork that is not the call, or that rings: s15, "the callee's UA … MUST NOT
		// send a BYE on early dialogs". The INVITE goes on.
		return
	case u.ringing():
		u.refuse(now, 487, nil)
	case u.state == Answered || u.state == Confirmed:
		u.accept = acceptance{}
		u.leave(now)
	default:
		// Both said BYE at once: ours is answered by the other side in its turn.
		u.byeCrossed()
		return
	}
	u.report(Left{Status: 200, Request: request})
}

// byeCrossed gives up a BYE of ours that waited for the ACK: the other side's BYE
// has ended what it would have ended.
func (u *Usage) byeCrossed() {
	u.accept, u.bye = acceptance{}, farewell{}
	if u.refer != nil {
		u.refer.byeBy = time.Time{}
	}
}
