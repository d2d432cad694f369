package config

// Ringback is what a caller hears while the callee rings.
type Ringback int

// What the callee sends or else a tone, always a tone, or only what the callee sends.
const (
	RingbackAuto Ringback = iota
	RingbackLocal
	RingbackPass
)

var ringbackNames = []string{RingbackAuto: "auto", RingbackLocal: "local", RingbackPass: "pass"}

// String gives the file's word.
func (r Ringback) String() string { return enumName(ringbackNames, int(r)) }

// UnmarshalText reads auto, local or pass.
func (r *Ringback) UnmarshalText(text []byte) error { return setEnum(r, ringbackNames, text) }
