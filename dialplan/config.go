package dialplan

import (
	"fmt"
	"slices"
	"time"
)

// Config is what a [Plan] is made of. Numbers in it may be written in any way
// that a person of the region would dial them.
type Config struct {
	// Region is the ISO 3166-1 code of the numbering plan in which national
	// numbers are read, such as "US". Required.
	Region string
	// Agent names this gateway in Warning headers: a host[:port] or a token.
	// "tandem" when empty.
	Agent  string
	Users  []User
	Trunks []Trunk
	Routes []Route
}

// User is somebody who has registered phones.
type User struct {
	// Name is the user part of the user's AOR, and what others may dial.
	Name string
	// Numbers ring this user when they are called.
	Numbers []string
	// CallerIDs are the numbers that the user may show; the first is shown when
	// it asks for none. When empty, Numbers are.
	CallerIDs []string
	// RingingTimeout is how long the user's phones ring; 0 for [DefaultRingingTimeout].
	RingingTimeout time.Duration
	// Forwards is where calls go that the user's phones do not take.
	Forwards Forwards
}

// Trunk is a carrier or PBX.
type Trunk struct {
	Name string
	// CallerID is the header in which this trunk looks for the caller's number.
	CallerID CallerID
	// CallerIDPolicy decides about a caller ID that is not the caller's.
	CallerIDPolicy CallerIDPolicy
	// Trusted says that the trunk is in our trust domain (RFC 3325 s2.3): its
	// P-Asserted-Identity is believed, and it gets ours even of callers who
	// want privacy.
	Trusted bool
	// Diversion is the header in which this trunk is told whom a call was diverted
	// from.
	Diversion DiversionStyle
}

// Route is one entry of the dialplan.
type Route struct {
	// Name is how records and errors call it; "routes[0]" and so on when empty.
	Name string
	// From says whose calls: "users", "trunk:NAME" or "any"; "users" when empty.
	From string
	// To says to which numbers: an E.164 prefix such as "+1" ("+" for all) or a
	// /regexp/ that is searched in the E.164 number, so anchor it with ^ and $.
	// An emergency route may leave it empty, or name one emergency number
	// ("911"), which then is one whatever the region's plan says.
	To string
	// Trunks are tried in order. Either Trunks or User is set.
	Trunks []string
	// User is whose phones ring.
	User string
	// CallerID is shown instead of the caller's own when set.
	CallerID string
	// RingingTimeout is how long the callee may ring; 0 for that of the user that
	// is called, or [DefaultRingingTimeout].
	RingingTimeout time.Duration
	// AttemptTimeout is how long a trunk may say nothing at all before the next
	// one is tried; 0 leaves it to SIP's own timers.
	AttemptTimeout time.Duration
	// Ringback is what callers hear while it rings.
	Ringback Ringback
	// Emergency routes take calls to emergency numbers, besides those that To
	// matches.
	Emergency bool
}

// DefaultRingingTimeout holds when neither route nor user says otherwise.
const DefaultRingingTimeout = 60 * time.Second

// CallerID says in which header a trunk is shown who calls.
type CallerID uint8

const (
	// CallerIDPAI is P-Asserted-Identity (RFC 3325), "pai".
	CallerIDPAI CallerID = iota
	// CallerIDFrom is From alone, "from".
	CallerIDFrom
	// CallerIDRPID is Remote-Party-ID (draft-ietf-sip-privacy-04), "rpid".
	CallerIDRPID
)

// CallerIDPolicy says what happens to a caller ID that is not the caller's.
type CallerIDPolicy uint8

const (
	// CallerIDRefuse refuses the call with 403, "refuse".
	CallerIDRefuse CallerIDPolicy = iota
	// CallerIDReplace shows the caller's first caller ID instead, "replace".
	CallerIDReplace
)

// The spellings of both enumerations in a configuration, by value.
var (
	callerIDNames       = []string{CallerIDPAI: "pai", CallerIDFrom: "from", CallerIDRPID: "rpid"}
	callerIDPolicyNames = []string{CallerIDRefuse: "refuse", CallerIDReplace: "replace"}
)

// String gives the spelling in a configuration.
func (c CallerID) String() string { return nameOf(callerIDNames, int(c)) }

// MarshalText gives the spelling in a configuration.
func (c CallerID) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads "pai", "from" or "rpid"; anything else is an error that
// lists them.
func (c *CallerID) UnmarshalText(text []byte) error {
	i, err := valueOf(callerIDNames, string(text))
	*c = CallerID(i)
	return err
}

// String gives the spelling in a configuration.
func (c CallerIDPolicy) String() string { return nameOf(callerIDPolicyNames, int(c)) }

// MarshalText gives the spelling in a configuration.
func (c CallerIDPolicy) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads "refuse" or "replace"; anything else is an error that
// lists them.
func (c *CallerIDPolicy) UnmarshalText(text []byte) error {
	i, err := valueOf(callerIDPolicyNames, string(text))
	*c = CallerIDPolicy(i)
	return err
}

func nameOf(names []string, value int) string {
	if value < len(names) {
		return names[value]
	}
	return fmt.Sprintf("unknown(%d)", value)
}

func valueOf(names []string, name string) (int, error) {
	if i := slices.Index(names, name); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("%q is none of %q", name, names)
}

// ConfigError is one fault in a [Config].
type ConfigError struct {
	// Path leads to the fault in the configuration file's terms, for example
	// "routes[1].trunks[0]".
	Path string
	// Name is that of the route, user or trunk at fault; empty if it has none.
	Name string
	// Value is what stands there.
	Value string
	// Problem says what is wrong with it and what to write.
	Problem string
	// Err is the cause, a regexp's error or a number's [*Refusal]; mostly nil.
	Err error
}

// Error gives path, name, value and problem on one line.
func (e *ConfigError) Error() string {
	text := e.Path
	if e.Name != "" {
		text += fmt.Sprintf(" (of %q)", e.Name)
	}
	if e.Value != "" {
		text += fmt.Sprintf(": %q", e.Value)
	}
	return text + ": " + e.Problem
}

// Unwrap gives Err.
func (e *ConfigError) Unwrap() error { return e.Err }

// Warning is something in a [Config] that is allowed but can hurt.
type Warning struct {
	// Path leads there, as in [ConfigError].
	Path string
	// Text says what will happen, and what to write to prevent it.
	Text string
}
