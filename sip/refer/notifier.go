package refer

import (
	"strconv"
	"time"
)

// notifierState is where the subscription to a REFER that came to us is.
//
//	           REFER
//	             │
//	           Asked ── Refuse: 3xx-6xx ────────────────────────────────────▶ Ended
//	  Accept: 202│ └─ Pend, or the owner takes too long: 202                    ▲
//	 NOTIFY "100"│     NOTIFY pending "100"                                     │
//	             │                │                                             │
//	             │             Pending ── Refuse: terminated;rejected "603" ──┐ │
//	             │                │ Accept: NOTIFY active                     │ │
//	             ▼                │                                           │ │
//	    ┌───▶ Active ◀────────────┘                                           │ │
//	    │        │ Conclude: NOTIFY terminated;reason=noresource              │ │
//	    │        │ SUBSCRIBE Expires 0, or expired: …;reason=timeout          │ │
//	    │        ▼                                                            │ │
//	Progress,  Ending ◀───────────────────────────────────────────────────────┘ │
//	SUBSCRIBE    │ NOTIFY answered 2xx, or given up                             │
//	             └──────────────────────────────────────────────────────────────┘
//
// From any state a NOTIFY that fails leads to Ended: the subscriber has gone (RFC 3265
// s3.2.2). In the second dimension the reference runs until Conclude or Refuse, whatever
// becomes of the subscription. With Refer-Sub: false there is a 200 and no NOTIFY: Active
// is then only the reference.
type notifierState uint8

// The states of a notifier.
const (
	notifierAsked notifierState = iota
	notifierPending
	notifierActive
	notifierEnding
	notifierEnded
)

// betweenNotifies: RFC 3515 s3.10, "NOTIFYs to event refer SHOULD NOT be sent more
// frequently than once per second."
const betweenNotifies = time.Second

// maxRefused is how often a NOTIFY in a row may be refused with Retry-After.
const maxRefused = 3

// notifier is the REFER that came to us, and the subscription that it began.
type notifier struct {
	state notifierState
	// running says that the reference has no final status yet.
	running bool
	seq     uint32 // the CSeq of the REFER
	silent  bool
	config  Config
	withID  bool
	// until is when the state ends: the owner's time in Asked, the subscription's in
	// Pending and Active, our patience in Ending.
	until  time.Time
	status Status
	reason string // of the termination
	// news is to be told, and urgently, or not before a moment. One NOTIFY is out at a
	// time.
	news, urgent, out bool
	notBefore         time.Time
	refused           int
}

// newNotifier begins with a REFER; the owner is to be asked. withID is set for all but the
// first REFER of its dialog.
func newNotifier(now time.Time, ref Reference, withID bool, config Config) *notifier {
	config = config.orDefault()
	return &notifier{
		running: true, seq: ref.Seq, silent: ref.Silent, withID: withID, config: config,
		until: now.Add(config.AnswerWithin), status: Status{Code: 100},
	}
}

// Accept says that the reference is followed: from Asked or Pending.
func (n *notifier) Accept(now time.Time) []Action {
	acts := n.Tick(now)
	switch n.state {
	case notifierAsked:
		return append(acts, n.begin(now, notifierActive)...)
	case notifierPending:
		n.state, n.news = notifierActive, true
		return append(acts, n.flush(now)...)
	}
	return acts
}

// Pend says that somebody must be asked first.
func (n *notifier) Pend(now time.Time) []Action {
	if n.state != notifierAsked {
		return n.Tick(now)
	}
	return n.begin(now, notifierPending)
}

// begin answers the REFER. RFC 3515 s2.4.4: "The creation of a subscription as defined by
// [2] always results in an immediate NOTIFY."
func (n *notifier) begin(now time.Time, state notifierState) []Action {
	n.state = state
	if n.silent {
		// RFC 4488 s4: a 2xx with Refer-Sub: false is the promise of no subscription.
		n.until = time.Time{}
		return respond(Response{Seq: n.seq, Status: 200, Headers: []Header{{"Refer-Sub", "false"}}})
	}
	n.until = now.Add(n.config.Expires)
	n.news, n.urgent = true, true
	return append(respond(Response{Seq: n.seq, Status: 202}), n.flush(now)...)
}

// Refuse says that the reference is not followed. In Asked the REFER gets the status, 300
// to 699; one that is none is 603. In Pending the 202 is out: the status is told, 603 by RFC 3515 s2.4.5, with the
// reason "rejected" (RFC 3265 s3.1.6.3). One that is Active is too late to refuse.
func (n *notifier) Refuse(now time.Time, status Status) []Action {
	if status.Code < 300 {
		status = Status{Code: 603}
	}
	switch {
	case n.state == notifierAsked:
		n.running = false
		n.end()
		return respond(Response{Seq: n.seq, Status: status.Code, Phrase: oneLine(status.Phrase)})
	case n.state == notifierPending:
		return n.conclude(now, status, "rejected")
	}
	return n.Tick(now)
}

// Progress tells a provisional status of the reference, 101 to 199.
func (n *notifier) Progress(now time.Time, status Status) []Action {
	acts := n.Tick(now)
	// In Pending the "body should consist only of a status line containing a response
	// code of 100" (RFC 3515 s2.4.5).
	if n.state != notifierActive || !n.running || status.Final() || status.Code <= 100 || status == n.status {
		return acts
	}
	n.status, n.news = status, true
	return append(acts, n.flush(now)...)
}

// Conclude tells the final status of the reference, 200 to 699. RFC 3515 s2.4.7: "The final
// NOTIFY sent in response to a REFER MUST indicate the subscription has been "terminated"
// with a reason of "noresource"." One that has not been accepted is.
func (n *notifier) Conclude(now time.Time, status Status) []Action {
	var acts []Action
	if n.state == notifierAsked && n.running && status.Final() {
		acts = n.Accept(now)
	}
	return append(acts, n.conclude(now, status, "noresource")...)
}

func (n *notifier) conclude(now time.Time, status Status, reason string) []Action {
	acts := n.Tick(now)
	if !n.running || !status.Final() {
		return acts
	}
	n.running = false
	switch n.state {
	case notifierPending, notifierActive:
		n.status = status
		return append(acts, n.terminate(now, reason)...)
	case notifierEnding:
		if n.news { // the end is not out yet, and can still say more
			n.status, n.reason = status, reason
		}
	}
	return acts
}

// terminate ends the subscription with one more NOTIFY. What waits for an answer has its
// time, and then the last one has.
func (n *notifier) terminate(now time.Time, reason string) []Action {
	if n.silent {
		n.end()
		return nil
	}
	n.state, n.reason = notifierEnding, reason
	// Who has asked for rest by Retry-After gets it from the end, too.
	n.news, n.urgent = true, n.refused == 0
	n.until = now.Add(2 * n.config.Timeout)
	return n.flush(now)
}

// end forgets the subscription.
func (n *notifier) end() {
	n.state, n.until, n.notBefore = notifierEnded, time.Time{}, time.Time{}
	n.news, n.urgent, n.out = false, false, false
}

// refresh takes a SUBSCRIBE. RFC 3515 s2.4.4: "The agent issuing the REFER may extend its
// subscription"; it is answered, and told at once how things are (RFC 6665 s4.2.1.2). With
// no time at all it ends.
func (n *notifier) refresh(now time.Time, seq uint32, wish refresh) []Action {
	acts := n.Tick(now)
	if n.silent || n.state != notifierPending && n.state != notifierActive {
		return append(acts, unknownEvent().respond(seq)...)
	}
	d := n.config.Expires
	if wish.given {
		d = min(wish.expires, n.config.MaxExpires)
	}
	expires := Header{"Expires", strconv.Itoa(int(d / time.Second))}
	acts = append(acts, respond(Response{Seq: seq, Status: 200, Headers: []Header{expires}})...)
	if d == 0 {
		acts = append(acts, n.terminate(now, "timeout")...)
		return n.unwatched(acts, 0)
	}
	n.until, n.news, n.urgent = now.Add(d), true, true
	return append(acts, n.flush(now)...)
}

// unknownEvent: RFC 3515 s2.4.4, "If a SUBSCRIBE request for event refer is received for a
// subscription that does not already exist, it MUST be rejected with a 403."
func unknownEvent() *Refusal {
	return &Refusal{Status: 403, Phrase: "No Such Subscription"}
}

// Answered takes what came back for the NOTIFY that is out. RFC 3265 s3.2.2: it "is
// considered failed if the response times out, or a non-200 class response code is received
// which has no "Retry-After" header"; the subscription is removed then.
func (n *notifier) Answered(now time.Time, a Answer) []Action {
	if !n.out || a.Status < 200 {
		return nil
	}
	n.out = false
	switch {
	case a.Status < 300:
		n.refused = 0
		if n.state == notifierEnding && !n.news {
			n.end()
		}
	case a.RetryAfter > 0 && a.Status != 481 && n.refused < maxRefused:
		n.refused++
		n.news, n.urgent, n.notBefore = true, false, now.Add(a.RetryAfter)
	default:
		told := n.state == notifierEnding // why, or that it has unsubscribed
		n.end()
		if !told {
			return n.unwatched(nil, a.Status)
		}
	}
	return n.Tick(now)
}

// unwatched reports, while it matters, that nobody listens any more.
func (n *notifier) unwatched(acts []Action, status int) []Action {
	if !n.running {
		return acts
	}
	return appendReports(acts, Unwatched{status})
}

// Drop ends everything without a NOTIFY: the dialog has gone. A REFER that has no answer
// yet gets 481.
func (n *notifier) Drop() []Action {
	asked := n.state == notifierAsked
	n.running = false
	n.end()
	if !asked {
		return nil
	}
	return respond(Response{Seq: n.seq, Status: 481})
}

// Deadline is when Tick is due next; ok is false for never.
func (n *notifier) Deadline() (at time.Time, ok bool) {
	at = n.until
	if n.news && !n.out && !n.urgent && !n.silent && (at.IsZero() || n.notBefore.Before(at)) {
		at = n.notBefore
	}
	return at, !at.IsZero() && n.state != notifierEnded
}

// Tick does what is due.
func (n *notifier) Tick(now time.Time) []Action {
	if !n.until.IsZero() && !now.Before(n.until) {
		switch n.state {
		case notifierAsked:
			return n.Pend(now)
		case notifierPending:
			// RFC 3265 s3.2.4, giveup: "the notifier could not obtain authorization in a
			// timely fashion".
			return n.unwatched(n.terminate(now, "giveup"), 0)
		case notifierActive:
			// RFC 3265 s3.1.6.4: "When removing a subscription, the notifier SHOULD send
			// a NOTIFY message with a "Subscription-State" value of "terminated"", with
			// "reason=timeout".
			return n.unwatched(n.terminate(now, "timeout"), 0)
		case notifierEnding:
			n.end()
		}
	}
	return n.flush(now)
}

// flush sends the NOTIFY that is due.
func (n *notifier) flush(now time.Time) []Action {
	if !n.news || n.out || n.silent || !n.urgent && now.Before(n.notBefore) {
		return nil
	}
	n.news, n.urgent, n.out = false, false, true
	n.notBefore = now.Add(betweenNotifies)
	return sends(nil, Request{
		Method: "NOTIFY",
		Headers: []Header{
			{"Event", eventValue(n.seq, n.withID)},
			{"Subscription-State", n.substate(now)},
			{"Content-Type", FragmentType},
		},
		Body:  n.status.Fragment(),
		Token: Token{"NOTIFY", n.seq},
	})
}

// substate writes the Subscription-State; what is left of a second counts as one.
func (n *notifier) substate(now time.Time) string {
	left := strconv.Itoa(int((n.until.Sub(now) + time.Second - 1) / time.Second))
	switch n.state {
	case notifierEnding:
		return "terminated;reason=" + n.reason
	case notifierPending:
		return "pending;expires=" + left
	}
	return "active;expires=" + left
}
