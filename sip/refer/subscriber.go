package refer

import "time"

// subscriberState is where a REFER that we sent is.
//
//	        REFER
//	          │
//	         Sent ── 3xx-6xx: Refused ────────────────────────────────────▶ Over
//	      2xx │ └─ 2xx with Refer-Sub: false: Accepted ─────────────────────▶│
//	 Accepted │  └─ NOTIFY first: Accepted                                   │
//	          ▼             │                                                │
//	       Accepted ──── timer N: Lost ─────────────────────────────────────▶│
//	   NOTIFY │             │                                                │
//	          ▼             │                                                │
//	       Active ◀─────────┘                                                │
//	Progressed│   NOTIFY terminated: Done, Failed or Lost; expired: Lost ───▶│
//	          │ a final status that does not terminate: Done or Failed       │
//	          ▼                                                              │
//	       Settled ── terminated, or expired ───────────────────────────────▶┘
type subscriberState uint8

// The states of a subscriber.
const (
	subscriberSent subscriberState = iota
	subscriberAccepted
	subscriberActive
	subscriberSettled
	subscriberOver
)

// subscriber is a REFER that we sent, and the subscription that it began.
type subscriber struct {
	state  subscriberState
	number uint32 // of its Token
	seq    uint32 // the CSeq of the REFER that counts; 0 before it is known
	config Config
	// until is timer N, or when the subscription expires.
	until time.Time
	// answered says that the REFER has had its final response.
	answered bool
	status   Status // the last one told
}

// newSubscriber begins with a REFER; number tells its Token from others. The error wraps
// ErrUnsafe.
func newSubscriber(now time.Time, ref Reference, number uint32, config Config) (*subscriber, []Action, error) {
	req, err := ref.request()
	if err != nil {
		return nil, nil, err
	}
	s := &subscriber{number: number, config: config.orDefault(), status: Status{Code: 100}}
	s.patient(now)
	req.Token = Token{"REFER", number}
	return s, sends(nil, req), nil
}

// patient starts timer N. RFC 6665 s4.1.2.4 starts it with the request; a response that
// took its time, or a challenge, starts it anew.
func (s *subscriber) patient(now time.Time) { s.until = now.Add(s.config.Timeout) }

// Sent tells under which CSeq the REFER went out, the first time and after a challenge.
func (s *subscriber) Sent(now time.Time, seq uint32) {
	s.seq = seq
	if s.state == subscriberSent {
		s.patient(now)
	}
}

// Answered takes the response to the REFER.
func (s *subscriber) Answered(now time.Time, a Answer) []Action {
	if a.Status < 200 || s.answered || s.state == subscriberOver {
		return nil
	}
	s.answered = true
	switch {
	case s.state != subscriberSent && (a.Status < 300 || a.Status == 408 || a.Status == 503):
		// A NOTIFY came first: who notifies has accepted, even if its 2xx was lost.
		return nil
	case a.Status >= 300:
		return s.finish(Refused{Status{a.Status, a.Phrase}})
	case a.NoSubscription:
		return s.finish(Accepted{Watched: false})
	}
	s.state = subscriberAccepted
	s.patient(now)
	return report(Accepted{Watched: true})
}

// finish ends it with a report, unless one of the ends has been reported.
func (s *subscriber) finish(r Report) []Action {
	settled := s.state == subscriberSettled
	s.state, s.until = subscriberOver, time.Time{}
	if settled {
		return nil
	}
	return report(r)
}

// owns says whether a NOTIFY is this subscription's. RFC 3515 s2.4.6: its id is the CSeq of
// the REFER; the first one may have none.
func (s *subscriber) owns(id eventID) bool {
	return s.state != subscriberOver && (!id.given || s.seq == 0 || id.seq == s.seq)
}

// notified takes a NOTIFY. RFC 3515 s2.4.4: "the agent that issued the REFER MUST be
// prepared to receive a NOTIFY before the REFER transaction completes."
func (s *subscriber) notified(now time.Time, seq uint32, n notification) []Action {
	acts := s.Tick(now)
	if s.state == subscriberOver {
		return append(acts, noSubscription().respond(seq)...)
	}
	acts = append(acts, respond(Response{Seq: seq, Status: 200})...)
	if s.state == subscriberSent {
		acts = appendReports(acts, Accepted{Watched: true})
	}
	s.live(now, n.expires)
	acts = append(acts, s.learn(n.status)...)
	if n.state == subTerminated {
		acts = append(acts, s.finish(Lost{terminatedText(n.reason)})...)
	}
	return acts
}

// live notes that the subscription exists, and until when.
func (s *subscriber) live(now time.Time, expires time.Duration) {
	if s.state < subscriberActive {
		s.state = subscriberActive
		s.until = now.Add(s.config.Expires)
	}
	if expires > 0 {
		s.until = now.Add(min(expires, s.config.MaxExpires))
	}
}

// learn reports a status that is new.
func (s *subscriber) learn(status Status) []Action {
	switch {
	case s.state != subscriberActive || status.Code == 0 || status.Code == s.status.Code:
		return nil
	case !status.Final():
		s.status = status
		return report(Progressed{status})
	}
	s.state, s.status = subscriberSettled, status
	if status.Success() {
		return report(Done{status})
	}
	return report(Failed{status})
}

func terminatedText(reason string) string {
	text := "the subscription was terminated before a final status"
	if reason != "" {
		text += ": " + oneLine(reason)
	}
	return text
}

// Drop says that the dialog has gone.
func (s *subscriber) Drop() []Action {
	if s.state == subscriberOver {
		return nil
	}
	return s.finish(Lost{"the dialog has ended"})
}

// Deadline is when Tick is due next; ok is false for never.
func (s *subscriber) Deadline() (at time.Time, ok bool) { return s.until, !s.until.IsZero() }

// Tick does what is due: timer N and the expiry.
func (s *subscriber) Tick(now time.Time) []Action {
	if s.until.IsZero() || now.Before(s.until) {
		return nil
	}
	switch s.state {
	case subscriberSent:
		return s.finish(Lost{"the REFER was not answered"})
	case subscriberAccepted:
		return s.finish(Lost{"no NOTIFY came"})
	}
	return s.finish(Lost{"the subscription expired before a final status"})
}
