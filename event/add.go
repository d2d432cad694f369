package event

// ParticipantNotAdded says that somebody who was to be added to a call is not: it may not
// be called, or does not answer.
type ParticipantNotAdded struct {
	Header
	// Target is who was to be added, as it was asked for.
	Target string
	Cause  Cause
}
