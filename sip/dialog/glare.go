package dialog

import (
	"time"
)

// maxTries is how often an offer is made before a 491 to it is its end.
const maxTries = 4

// backOff waits after a 491 before the offer is made again. RFC 3261 s14.1: "If the UAC is
// the owner of the Call-ID of the dialog ID (meaning it generated the value), T has a
// randomly chosen value between 2.1 and 4 seconds in units of 10 ms. If the UAC is not
// the owner …, T has a randomly chosen value of between 0 and 2 seconds in units of 10
// ms." UPDATE has the same (RFC 3311 s5.3).
func (u *Usage) backOff(now time.Time, r reinvite) bool {
	if r.tries+1 >= maxTries || u.conversationOver() {
		return false
	}
	wait := time.Duration(u.random(201)) * glareUnit
	if u.owner == ownsCallID {
		wait = ownersWait + time.Duration(u.random(191))*glareUnit
	}
	u.reinvite = reinvite{
		phase: reinviteBackingOff, purpose: r.purpose, offer: r.client.offer, headers: r.headers, next: r.next,
		dialog: r.dialog, tries: r.tries + 1, retryAt: now.Add(wait),
	}
	return true
}

const (
	glareUnit  = 10 * time.Millisecond
	ownersWait = 2100 * time.Millisecond
)

// ownership says which side made the Call-ID: the UAC of the first INVITE.
type ownership uint8

const (
	ownsNothing ownership = iota
	ownsCallID
)

// offerAgain makes the offer once more, "if it still desires for that session
// modification to take place".
func (u *Usage) offerAgain(now time.Time) {
	r := u.reinvite
	switch {
	case r.phase != reinviteBackingOff || now.Before(r.retryAt):
	case u.accept.server != nil: // the ACK to a 2xx of ours comes first
		u.reinvite.retryAt = now.Add(u.config.Timing.T1)
	default:
		u.resume(now, r)
	}
}

// resume sends the offer that has waited; one of the owner's replaces a refresh.
func (u *Usage) resume(now time.Time, r reinvite) {
	if r.next != nil {
		r.offer, r.purpose = r.next, offering
	}
	if u.state == Early {
		u.sendUpdate(now, r)
	} else {
		u.sendReinvite(now, r)
	}
}

// yield gives up an offer of ours that has not gone yet for one of the other side's that
// is under way.
func (u *Usage) yield() {
	r := &u.reinvite
	owners := r.next != nil || r.purpose == offering
	if (r.phase == reinviteQueued || r.phase == reinviteBackingOff) && owners {
		u.report(OfferFailed{Status: 491})
	}
}

// random is a number below n, out of the usage's seed.
func (u *Usage) random(n uint64) uint64 {
	u.drawn++
	x := u.config.Seed + u.drawn*0x9E3779B97F4A7C15 // splitmix64
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return (x ^ x>>31) % n
}
