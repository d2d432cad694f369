package resolve

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// What can be wrong, for errors.Is; the error itself is an [*Error].
var (
	// ErrNoName: the name does not exist.
	ErrNoName = errors.New("no such name")
	// ErrServer: name servers did not answer, or answered that they cannot, and nothing
	// was known from before. Trying later may help.
	ErrServer = errors.New("name servers do not answer")
	// ErrNoRecord: the name exists and has nothing that this side could use.
	ErrNoRecord = errors.New("no usable record")
	// ErrTarget: the target is malformed, or asks for what this side does not speak. No
	// later try can succeed.
	ErrTarget = errors.New("target cannot be used")
	// ErrClosed: the resolver has been closed.
	ErrClosed = errors.New("resolver is closed")
)

// Error says why a target has no candidates.
type Error struct {
	// Target is what was looked for.
	Target Target
	// Kind is one of ErrNoName, ErrServer, ErrNoRecord, ErrTarget.
	Kind error
	// Asked are the queries whose answers led to this, in order.
	Asked []Query
	// Detail says what is wrong with the target; only with ErrTarget and ErrNoRecord.
	Detail string
	// Cause is why the name servers failed; only with ErrServer.
	Cause error
}

// Error returns all that is known, as in "sip:example.com: no such name (asked NAPTR
// example.com, SRV _sip._udp.example.com, A example.com)".
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %v", e.Target, e.Kind)
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	if len(e.Asked) > 0 {
		fmt.Fprintf(&b, " (asked %s)", list(e.Asked))
	}
	return b.String()
}

// Unwrap returns Kind and Cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

func (t Target) fault(detail string) *Error {
	return &Error{Target: t, Kind: ErrTarget, Detail: detail}
}

// list writes a list of things with commas.
func list[T fmt.Stringer](things []T) string {
	var texts []string
	for _, t := range things {
		texts = append(texts, t.String())
	}
	return cmp.Or(strings.Join(texts, ", "), "nothing")
}
