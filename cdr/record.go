package cdr

import (
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/event"
)

// Record is one call, or one part of a call that was transferred, as it is written.
type Record struct {
	// ID is the call's, with a dot and a number behind it for a transfer's record.
	ID string `json:"id"`
	// Chain is the ID of the call that transfers have begun with, in all records of the
	// calls that they link; empty without transfers.
	Chain     string `json:"chain_id,omitempty"`
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
	// Transfer is set in a transfer's record.
	Transfer   *Transfer `json:"transfer,omitempty"`
	Received   Time      `json:"received"`
	Ringing    Time      `json:"ringing,omitzero"`
	EarlyMedia Time      `json:"early_media,omitzero"`
	Answered   Time      `json:"answered,omitzero"`
	Ended      Time      `json:"ended"`
	// Duration is from the answer to the end; 0 without an answer. The parts of a call
	// follow each other: one ends as the target of a transfer answers, where the next
	// one has its answer.
	Duration int64 `json:"duration_ms"`
	Outcome
	Parties
	// Recordings are those that have ended in this part of the call, in order. One that a
	// transfer does not end is in the last part.
	Recordings []Recording `json:"recordings,omitempty"`

	part part
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

// Parties is what there is to say of each party; its keys are the record's.
type Parties struct {
	// Media is what each party sent us, in the order of the participants: the caller
	// is 1, who was called in attempt n is n+1. The counts are of a party's whole time
	// in the call and stand in the record of the part which it left.
	Media []Media `json:"media,omitempty"`
	// Participants are those who talked, where they were more than two.
	Participants []Presence `json:"participants,omitempty"`
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

// Caller is who placed the call; in a transfer's record, who was transferred.
type Caller struct {
	User     string `json:"user,omitempty"`
	Trunk    string `json:"trunk,omitempty"`
	Asserted string `json:"asserted,omitempty"`
	Source   string `json:"source,omitempty"`
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

// Recording is a recording of the call.
type Recording struct {
	// Sidecar and Files are names in the directory of recordings.
	Sidecar string   `json:"sidecar,omitempty"`
	Files   []string `json:"files,omitempty"`
	// Duration is how much was recorded, without pauses; Lost is how much sound a slow disk
	// has cost.
	Duration int64 `json:"duration_ms"`
	Lost     int64 `json:"lost_ms,omitempty"`
	// Ended is "stopped", as by the end of the call, "no space" or "failed", and Error what
	// went wrong.
	Ended string `json:"ended"`
	Error string `json:"error,omitempty"`
}

// Time is written as RFC 3339 in UTC with milliseconds.
type Time struct{ time.Time }

// MarshalJSON writes the time.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(t.UTC().Format(`"2006-01-02T15:04:05.000Z07:00"`)), nil
}

func (r *Record) routed(e event.CallRouted) {
	r.Callee, r.Route, r.CallerID, r.Private, r.Emergency = e.Callee, e.Route, e.CallerID, e.Private, e.Emergency
}

// forwarded notes where the call went. What came to nothing is the log's.
func (r *Record) forwarded(e event.CallForwarded) {
	if e.Refused.IsZero() {
		r.CallRoutes = append(r.CallRoutes, CallRoute{
			Original: Identity(e.Original), Final: Identity(e.Final), Kind: e.Kind.String(), Reason: e.Reason, Route: e.Route,
		})
	}
}

// rang notes when a state was first reached.
func (r *Record) rang(s event.ParticipantState, at Time) {
	switch s {
	case event.ParticipantRinging:
		first(&r.Ringing, at)
	case event.ParticipantEarlyMedia:
		first(&r.EarlyMedia, at)
	}
}

// first keeps the first time that something happened.
func first(t *Time, at Time) {
	if t.IsZero() {
		*t = at
	}
}

func (r *Record) attemptStarted(e event.AttemptStarted, at Time) {
	if !e.Since.IsZero() {
		at = Time{e.Since}
	}
	r.Attempts = append(r.Attempts, Attempt{
		Trunk: e.Trunk, User: e.User, Target: e.Target, CallerID: e.CallerID, Started: at, number: e.Attempt,
	})
	if r.Transfer != nil && r.CallerID == "" {
		r.CallerID = e.CallerID // nothing else tells it
	}
}

// attempt finds one by its number; nil when it is not here.
func (r *Record) attempt(number int) *Attempt {
	i := slices.IndexFunc(r.Attempts, func(a Attempt) bool { return a.number == number })
	if i < 0 {
		return nil
	}
	return &r.Attempts[i]
}

func (r *Record) attemptEnded(a *Attempt, e event.AttemptEnded, at Time) {
	a.Ended, a.Status, a.Q850, a.Cause = at, e.Cause.Status, e.Cause.Q850, e.Cause.Text
	r.part.last = e.Cause
	if e.Cause.Status == 200 && e.Cause.By == event.PartyCallee {
		r.Trunk, r.AnsweredBy = a.Trunk, a.User
	}
}

// attemptMoved takes an attempt out that another call goes on with: it is in that one's
// record.
func (r *Record) attemptMoved(number int) {
	r.Attempts = slices.DeleteFunc(r.Attempts, func(a Attempt) bool { return a.number == number })
}

// awaits says that a closed record still lacks something.
func (r *Record) awaits() bool {
	return r.part.leaves != 0 || slices.ContainsFunc(r.Attempts, func(a Attempt) bool { return a.Ended.IsZero() })
}

// sideOf says which of the record's two parties a participant is.
func (r *Record) sideOf(participant int) event.Party {
	if participant == r.part.caller {
		return event.PartyCaller
	}
	return event.PartyCallee
}

// recorded notes a recording that has ended.
func (r *Record) recorded(e event.RecordingChanged) {
	if e.Cause == 0 {
		return
	}
	r.Recordings = append(r.Recordings, Recording{
		Sidecar: e.Sidecar, Files: e.Files, Duration: e.Duration.Milliseconds(), Lost: e.Lost.Milliseconds(),
		Ended: e.Cause.String(), Error: e.Error,
	})
}

// close ends the record.
func (r *Record) close(c event.Cause, at Time) {
	answered := !r.Answered.IsZero()
	r.Ended = at
	r.Outcome = Outcome{
		Disposition: disposition(c, answered), EndedBy: c.By.String(), Status: c.Status, Q850: c.Q850, Cause: c.Text,
	}
	if answered {
		r.Duration = max(0, at.Sub(r.Answered.Time).Milliseconds()) // clocks are set back at times
	}
}

// disposition is the outcome in one word.
func disposition(c event.Cause, answered bool) string {
	switch {
	case answered:
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
