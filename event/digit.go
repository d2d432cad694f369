package event

import "time"

// DigitPressed says that a party has pressed a key of its telephone: once for each key,
// however it was told and in how many ways, when it is known how long it was down.
type DigitPressed struct {
	Header
	Participant int
	// Digit is its symbol: 0-9 * # A-D, and ! for a hook flash.
	Digit string
	// Duration is how long it was down; what the party's signalling says where it came so.
	Duration time.Duration
	By       KeyKind
}

// KeyKind is how a key was told.
type KeyKind uint8

// The ways: telephone-event (RFC 4733), SIP INFO, and as tones in the sound.
const (
	KeyRFC4733 KeyKind = iota + 1
	KeyInfo
	KeyInband
)

var keyKinds = [...]string{KeyRFC4733: "rfc4733", KeyInfo: "info", KeyInband: "inband"}

// String is the way's name, as the setting dtmf has it.
func (k KeyKind) String() string { return name(keyKinds[:], int(k)) }
