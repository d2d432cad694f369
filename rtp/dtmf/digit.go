package dtmf

import "errors"

// Digit is a key, by its event code in RFC 4733 s3.2: 0 to 9, then Star to
// Flash. Other values are no keys.
type Digit uint8

// The keys that are no figures.
const (
	Star Digit = 10 + iota
	Pound
	A
	B
	C
	D
	// Flash is a short hook flash, which has no tone.
	//
	// RFC 4733 keeps code 16 for RFC 2833's "Flash"; it is still what is sent.
	Flash
)

// ErrDigit says that a key cannot be sent: it is none, or a Flash where there
// are only tones.
var ErrDigit = errors.New("dtmf: no key that can be sent: it must be 0-9, *, #, A-D, or a flash where events are carried")

// symbols are the keys as they are written, by event code.
const symbols = "0123456789*#ABCD!"

// ParseDigit reads a key as String writes it; small letters are taken too.
func ParseDigit(symbol byte) (Digit, bool) {
	if 'a' <= symbol && symbol <= 'd' {
		symbol -= 'a' - 'A'
	}
	for i := range len(symbols) {
		if symbols[i] == symbol {
			return Digit(i), true
		}
	}
	return 0, false
}

// Valid tells whether it is a key.
func (d Digit) Valid() bool { return d <= Flash }

// String gives the key's symbol: 0-9 * # A-D, and ! for a Flash; ? when it is none.
func (d Digit) String() string {
	if !d.Valid() {
		return "?"
	}
	return symbols[d : d+1]
}
