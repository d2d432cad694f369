package record

import (
	"encoding/json"
	"time"
)

// Sidecar is what the JSON file beside a recording says. It is written when the
// recording starts, when a party joins, when it is paused and resumed, when a file
// begins, and at the end; each time as a whole. One without Stopped is of a recording
// that goes on, or that a crash has interrupted.
//
// Times are RFC 3339 with milliseconds, in UTC. Offsets and durations are in
// milliseconds of recorded sound: pauses do not count.
type Sidecar struct {
	CallID  string `json:"call_id"`
	ChainID string `json:"chain_id,omitempty"`
	Caller  string `json:"caller,omitempty"`
	Callee  string `json:"callee,omitempty"`
	// Layout, Codec and Ended have the words of Layout, Format and Reason.
	Layout string `json:"layout"`
	Codec  string `json:"codec"`
	// Rate is in Hz.
	Rate    int            `json:"rate"`
	Parties []SidecarParty `json:"parties"`
	Files   []SidecarFile  `json:"files"`
	Started string         `json:"started"`
	Pauses  []SidecarPause `json:"pauses,omitempty"`
	Stopped string         `json:"stopped,omitempty"`
	// Duration is that of the whole.
	Duration int64 `json:"duration_ms"`
	// Lost is how much sound of all parties was left out because the disk was too slow.
	// It is silent in the files.
	Lost int64 `json:"lost_ms,omitempty"`
	// Ended is why it ended, Error what went wrong in the words of whoever met it.
	Ended string `json:"ended,omitempty"`
	Error string `json:"error,omitempty"`
}

// SidecarParty is a party of a recording.
type SidecarParty struct {
	Name   string `json:"name,omitempty"`
	Number string `json:"number,omitempty"`
	// Channel is the side of a stereo file that the party is on.
	Channel string `json:"channel,omitempty"`
	Joined  string `json:"joined"`
}

// SidecarFile is a sound file, beside the sidecar.
type SidecarFile struct {
	Name string `json:"name"`
	// Party is who is in it, as an index of Parties; left out when it is all of them.
	Party *int `json:"party,omitempty"`
	// Offset is where in the recording it begins.
	Offset   int64 `json:"offset_ms"`
	Duration int64 `json:"duration_ms"`
}

// SidecarPause is a stretch that is cut out.
type SidecarPause struct {
	Paused string `json:"paused"`
	// Resumed is missing while it lasts, and where the recording ended in it.
	Resumed string `json:"resumed,omitempty"`
	// Position is where in the recording the cut is.
	Position int64 `json:"position_ms"`
}

// encode writes the file's content.
func (s *Sidecar) encode() ([]byte, error) {
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}

// stamp writes a time.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
