package event

// PlaybackChanged says how far a playback is: prompts or tones that somebody has asked to
// be played into the call. Each is told of until its end, all of them before the call's.
type PlaybackChanged struct {
	Header
	// Playback counts the playbacks of the call, from 1; Reference is what who asked for it
	// calls it.
	Playback  int
	Reference string
	// Participant is who hears it; 0 is everybody.
	Participant int
	State       PlaybackState
	// Cause is why it is over; zero while it is not.
	Cause PlaybackCause
	// Digit is the key that has ended it, with PlaybackDigit.
	Digit string
	// Error says in words what went wrong, with PlaybackBroken.
	Error string
}

// PlaybackState is how far a playback is.
//
//	asked for ──▶ PlaybackNotStarted ── loaded, and those before it are over ──▶ PlaybackRunning
//	                │   │                                                          │        │
//	                │   └──── stopped ─────────▶ PlaybackCompleted ◀── end, key, stopped    │
//	                └── cannot be played, ─────▶ PlaybackFailed ◀── who is to hear it leaves
//	                    or nobody to hear it
type PlaybackState uint8

// The states of a playback.
const (
	PlaybackNotStarted PlaybackState = iota + 1
	PlaybackRunning
	PlaybackCompleted
	PlaybackFailed
)

var playbackStates = [...]string{
	PlaybackNotStarted: "notStarted", PlaybackRunning: "running", PlaybackCompleted: "completed", PlaybackFailed: "failed",
}

// String is the state's name, as operations of the call resource have it.
func (s PlaybackState) String() string { return name(playbackStates[:], int(s)) }

// PlaybackCause is why a playback is over.
type PlaybackCause uint8

// The causes: it was played to its end; somebody has stopped it; a key has; who was to hear
// it is not there or has left; it cannot be played.
const (
	PlaybackEnded PlaybackCause = iota + 1
	PlaybackStopped
	PlaybackDigit
	PlaybackNobody
	PlaybackBroken
)

var playbackCauses = [...]string{
	PlaybackEnded: "ended", PlaybackStopped: "stopped", PlaybackDigit: "digit", PlaybackNobody: "nobody", PlaybackBroken: "failed",
}

// String is the cause in a word.
func (c PlaybackCause) String() string { return name(playbackCauses[:], int(c)) }
