package event

// SpeakingChanged says that a participant begins or ends to speak, of those who are mixed:
// once 60 ms of speech have come, and 400 ms after the last of it. Of two whose audio is
// passed on as it is nothing is told, and one who leaves has ended without a word.
type SpeakingChanged struct {
	Header
	Participant int
	// Name is the party for people.
	Name     string
	Speaking bool
}
