package event

import "time"

// RecordingChanged says how far a recording of the call is. All of a call's recordings are
// told of before the call's end.
type RecordingChanged struct {
	Header
	// Recording counts the recordings of the call, from 1; 0 is one that was asked for and
	// cannot be.
	Recording int
	State     RecordingState
	// Cause is why it has ended; zero while it has not. Error says in words what went wrong,
	// also while it goes on: that a party is not recorded, whose codec is unknown here.
	Cause RecordingCause
	Error string
	// Sidecar and Files are names in the directory of recordings; Duration is how much was
	// recorded, without pauses. They are set when it has ended.
	Sidecar  string
	Files    []string
	Duration time.Duration
	// Lost is how much sound was left out up to now because the disk was too slow. It is
	// silent in the files.
	Lost time.Duration
}

// RecordingState is how far a recording is.
//
//	RecordingNone ── asked for, or a rule's; the answer ──▶ Recording ◀── pause, resume ──▶ RecordingPaused
//	  ▲   ▲                                                   │ │                             │ │
//	  │   └──────────── stop, or the end of the call ─────────┘ │ ◀───── the same ────────────┘ │
//	  └── asked for again ── RecordingFailed ◀── no space, another error of the disk ───────────┘
type RecordingState uint8

// The states of a recording.
const (
	RecordingNone RecordingState = iota + 1
	Recording
	RecordingPaused
	RecordingFailed
)

var recordingStates = [...]string{
	RecordingNone: "none", Recording: "recording", RecordingPaused: "paused", RecordingFailed: "failed",
}

// String is the state's name in the call resource's vocabulary.
func (s RecordingState) String() string { return name(recordingStates[:], int(s)) }

// RecordingCause is why a recording has ended.
type RecordingCause uint8

// The causes: somebody has stopped it, or the end of the call; the disk is full; another
// error.
const (
	RecordingStopped RecordingCause = iota + 1
	RecordingNoSpace
	RecordingBroken
)

var recordingCauses = [...]string{RecordingStopped: "stopped", RecordingNoSpace: "no space", RecordingBroken: "failed"}

// String is the cause in words, the sidecar's own.
func (c RecordingCause) String() string { return name(recordingCauses[:], int(c)) }
