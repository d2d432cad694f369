package dtmf

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The media types of INFO bodies that tell keys. No RFC defines them; they are
// what Cisco's gateways began with, and everybody sends.
const (
	// RelayType has a body of lines: "Signal=5", "Duration=160" in ms.
	RelayType = "application/dtmf-relay"
	// PlainType has the key and nothing else.
	PlainType = "application/dtmf"
)

// How long the key of an INFO lasts when it does not say so, or says nonsense,
// and how long at most.
const (
	DefaultDuration = 160 * time.Millisecond
	MaxDuration     = 5 * time.Second
)

var (
	// ErrType: the body is of another type, and the request is not for us to judge.
	ErrType = errors.New("dtmf: an INFO of another type")
	// ErrInfo: the body tells no key.
	ErrInfo = errors.New("dtmf: an INFO body without a key")
)

// Info is the key of a SIP INFO request.
type Info struct {
	Digit Digit
	// Duration is how long it is down. A body of PlainType does not say it.
	Duration time.Duration
}

// ParseInfo reads a body, by the value of its Content-Type. The error is an
// ErrType or an ErrInfo.
//
// It takes what phones send: either form under either type, any case, spaces
// anywhere, any line ends, * and # as 10 and 11, and the other keys by their
// event codes too.
func ParseInfo(contentType string, body []byte) (Info, error) {
	if !isInfo(contentType) {
		return Info{}, fmt.Errorf("%w: %.40q, not %s or %s", ErrType, contentType, RelayType, PlainType)
	}
	info := Info{Duration: DefaultDuration}
	found := false
	for line := range strings.FieldsFuncSeq(string(body), isLineEnd) {
		name, value, named := strings.Cut(line, "=")
		if !named {
			name, value = "signal", line
		}
		value = strings.TrimSpace(value)
		switch {
		case value == "" || found && !named:
		case is(name, "duration"):
			info.Duration = parseDuration(value)
		case is(name, "signal"):
			d, ok := parseSignal(value)
			if !ok {
				return Info{}, fmt.Errorf("%w: %.40q is none: it must be 0-9, *, #, A-D, or an event code up to 16", ErrInfo, value)
			}
			info.Digit, found = d, true
		}
	}
	if !found {
		return Info{}, fmt.Errorf("%w: it needs a line such as Signal=5", ErrInfo)
	}
	return info, nil
}

// isInfo compares a media type without its parameters.
func isInfo(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return is(kind, RelayType) || is(kind, PlainType)
}

func is(name, want string) bool { return strings.EqualFold(strings.TrimSpace(name), want) }

func isLineEnd(r rune) bool { return r == '\r' || r == '\n' || r == 0 }

// parseSignal reads a key by its symbol, or by its event code of two digits.
func parseSignal(value string) (Digit, bool) {
	if len(value) == 1 {
		return ParseDigit(value[0])
	}
	if is(value, "flash") || is(value, "hf") {
		return Flash, true
	}
	code, err := strconv.ParseUint(value, 10, 8)
	return Digit(code), err == nil && len(value) == 2 && Digit(code).Valid() && code >= 10
}

// parseDuration reads ms.
func parseDuration(value string) time.Duration {
	ms, err := strconv.ParseUint(value, 10, 31)
	if err != nil || ms == 0 {
		return DefaultDuration
	}
	return min(time.Duration(ms)*time.Millisecond, MaxDuration)
}

// AppendRelay writes the body of RelayType to the end of b.
func (i Info) AppendRelay(b []byte) []byte {
	b = append(append(b, "Signal="...), i.Digit.String()...)
	b = append(b, "\r\nDuration="...)
	b = strconv.AppendInt(b, i.Duration.Milliseconds(), 10)
	return append(b, "\r\n"...)
}

// AppendPlain writes the body of PlainType to the end of b.
func (i Info) AppendPlain(b []byte) []byte { return append(b, i.Digit.String()...) }
