package cdr

import (
	"cmp"
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/event"
)

// Record is one call, as it is written.
type Record struct {
	ID        string `json:"id"`
	SIPCallID string `json:"sip_call_id,omitempty"`
	Caller    Caller `json:"caller"`
	// Dialled is the callee as it was dialled, Callee as E.164 or a user's name.
	Dialled   string `json:"dialled"`
	Callee    string `json:"callee,omitempty"`
	Route     string `json:"route,omitempty"`
	CallerID  string `json:"caller_id,omitempty"`
	Private   bool   `json:"private,omitempty"`
	Emergency bool   `json:"emergency,omitempty"`
	// Trunk or AnsweredBy is who answered.
	Trunk      string    `json:"trunk,omitempty"`
	AnsweredBy string    `json:"answered_by,omitempty"`
	Attempts   []Attempt `json:"attempts,omitempty"`
	// CallRoutes says how the call came to others than the one who was called, in order.
	CallRoutes []CallRoute `json:"call_routes,omitempty"`
	Received   Time        `json:"received"`
	Ringing    Time        `json:"ringing,omitzero"`
	EarlyMedia Time        `json:"early_media,omitzero"`
	Answered   Time        `json:"answered,omitzero"`
	Ended      Time        `json:"ended"`
	// Duration is from the answer to the end; 0 without an answer.
	Duration int64 `json:"duration_ms"`
	Outcome
	// Media is what each party sent us, in the order of the participants: the caller
	// is 1, who was called in attempt n is n+1.
	Media []Media `json:"media,omitempty"`

	// talked are the parties that had audio at all: those whose phone was only
	// rung are not listed in Media.
	talked map[int]bool
}

// Outcome is how the call ended; its keys are the record's.
type Outcome struct {
	// Disposition is "answered", or why not: "busy", "no_answer", "cancelled",
	// "refused", "failed".
	Disposition string `json:"disposition"`
	EndedBy     string `json:"ended_by"`
	Status      int    `json:"status"`
	Q850        int    `json:"q850,omitempty"`
	Cause       string `json:"cause,omitempty"`
}

// CallRoute is one step of a call to somebody else: a callRoute of the call resource.
type CallRoute struct {
	// Original was called, Final was called instead.
	Original Identity `json:"original"`
	Final    Identity `json:"final"`
	// Kind is "forwarded", and Reason what for: "unconditional", "user-busy",
	// "no-answer" or "unavailable".
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
	// Route is the route that led there; empty for a user.
	Route string `json:"route,omitempty"`
}

// Identity is a user, a phone number, or a user at that number.
type Identity struct {
	User  string `json:"user,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// Caller is who placed the call.
type Caller struct {
	User     string `json:"user,omitempty"`
	Trunk    string `json:"trunk,omitempty"`
	Asserted string `json:"asserted,omitempty"`
	Source   string `json:"source"`
}

// Attempt is one try to reach the callee.
type Attempt struct {
	Trunk    string `json:"trunk,omitempty"`
	User     string `json:"user,omitempty"`
	Target   string `json:"target"`
	CallerID string `json:"caller_id,omitempty"`
	Started  Time   `json:"started"`
	Ended    Time   `json:"ended,omitzero"`
	Status   int    `json:"status"`
	Q850     int    `json:"q850,omitempty"`
	Cause    string `json:"cause,omitempty"`

	number int // as the events count them
}

// Media is what was counted of the audio that one party sent.
type Media struct {
	Participant int     `json:"participant"`
	Packets     uint64  `json:"packets"`
	Bytes       uint64  `json:"bytes"`
	Lost        int64   `json:"lost"`
	Jitter      float64 `json:"jitter_ms"`
	// Relayed are the packets of others that this party was sent.
	Relayed   uint64 `json:"relayed"`
	Strangers uint64 `json:"strangers,omitempty"`
}

// Time is written as RFC 3339 in UTC with milliseconds.
type Time struct{ time.Time }

// MarshalJSON writes the time.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(t.UTC().Format(`"2006-01-02T15:04:05.000Z07:00"`)), nil
}

// begin makes the record of a call.
func begin(e event.CallReceived) *Record {
	return &Record{
		ID: e.Call, SIPCallID: e.SIPCallID, Dialled: e.Dialled, Received: Time{e.At},
		Caller: Caller{User: e.User, Trunk: e.Trunk, Asserted: e.Asserted, Source: e.Source},
	}
}

// add folds one event into the record.
func (r *Record) add(e event.Event) {
	at := Time{e.Of().At}
	switch e := e.(type) {
	case event.CallRouted:
		r.Callee, r.Route, r.CallerID, r.Private, r.Emergency = e.Callee, e.Route, e.CallerID, e.Private, e.Emergency
	case event.CallForwarded:
		r.forwarded(e)
	case event.CallStateChanged:
		r.reached(e.To, at)
	case event.ParticipantStateChanged:
		r.talks(e)
	case event.AttemptStarted:
		r.Attempts = append(r.Attempts, Attempt{
			Trunk: e.Trunk, User: e.User, Target: e.Target, CallerID: e.CallerID, Started: at, number: e.Attempt,
		})
	case event.AttemptEnded:
		r.attemptEnded(e, at)
	case event.MediaEnded:
		r.mediaEnded(e)
	case event.CallEnded:
		r.ended(e, at)
	}
}

// forwarded notes where the call went. What came to nothing is the log's.
func (r *Record) forwarded(e event.CallForwarded) {
	if e.Refused.IsZero() {
		r.CallRoutes = append(r.CallRoutes, CallRoute{
			Original: Identity(e.Original), Final: Identity(e.Final), Kind: e.Kind.String(), Reason: e.Reason, Route: e.Route,
		})
	}
}

// talks notes a party that has audio: a callee from its early media on, and the
// caller, who hears it.
func (r *Record) talks(e event.ParticipantStateChanged) {
	if e.To != event.ParticipantEarlyMedia && e.To != event.ParticipantConnected {
		return
	}
	if r.talked == nil {
		r.talked = map[int]bool{1: true}
	}
	r.talked[e.Participant] = true
}

// reached notes when a state was first entered.
func (r *Record) reached(s event.CallState, at Time) {
	switch {
	case s == event.CallRinging && r.Ringing.IsZero():
		r.Ringing = at
	case s == event.CallEarlyMedia && r.EarlyMedia.IsZero():
		r.EarlyMedia = at
	}
}

func (r *Record) attemptEnded(e event.AttemptEnded, at Time) {
	i := slices.IndexFunc(r.Attempts, func(a Attempt) bool { return a.number == e.Attempt })
	if i < 0 {
		return
	}
	a := &r.Attempts[i]
	a.Ended, a.Status, a.Q850, a.Cause = at, e.Cause.Status, e.Cause.Q850, e.Cause.Text
	if e.Cause.Status == 200 && e.Cause.By == event.PartyCallee {
		r.Trunk, r.AnsweredBy = a.Trunk, a.User
	}
}

// mediaEnded puts the counts of a party into their place: parties leave in any
// order.
func (r *Record) mediaEnded(e event.MediaEnded) {
	if !r.talked[e.Participant] {
		return
	}
	s := e.Stream
	i, _ := slices.BinarySearchFunc(r.Media, e.Participant, func(m Media, p int) int { return cmp.Compare(m.Participant, p) })
	r.Media = slices.Insert(r.Media, i, Media{
		Participant: e.Participant, Packets: s.Packets, Bytes: s.Bytes, Lost: s.Lost,
		Jitter: float64(s.Jitter.Microseconds()) / 1000, Relayed: s.Relayed, Strangers: s.Strangers,
	})
}

func (r *Record) ended(e event.CallEnded, at Time) {
	if !e.Ended.IsZero() {
		at = Time{e.Ended}
	}
	r.Ended = at
	r.Status, r.Q850, r.Cause, r.EndedBy = e.Cause.Status, e.Cause.Q850, e.Cause.Text, e.Cause.By.String()
	r.Disposition = disposition(e)
	if !e.Answered.IsZero() {
		r.Answered = Time{e.Answered}
		r.Duration = max(0, at.Sub(e.Answered).Milliseconds()) // clocks are set back at times
	}
}

// disposition is the outcome in one word.
func disposition(e event.CallEnded) string {
	switch c := e.Cause; {
	case !e.Answered.IsZero():
		return "answered"
	case c.By == event.PartyCaller:
		return "cancelled"
	case c.Status == 486 || c.Status == 600 || c.Q850 == 17:
		return "busy"
	case c.Q850 == 19 || c.Q850 == 18:
		return "no_answer"
	case c.Status == 603 || c.Status == 403 || c.Status == 484 || c.Status == 404:
		return "refused"
	}
	return "failed"
}
