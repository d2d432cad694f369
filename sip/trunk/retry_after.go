package trunk

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrRetryAfter is wrapped by the errors of [ParseRetryAfter].
var ErrRetryAfter = errors.New("bad Retry-After")

// mostDelta bounds delta-seconds: what is more than anybody waits is as good as this,
// and sums of it do not overflow.
const mostDelta = 1<<31 - 1

// ParseRetryAfter reads the value of a Retry-After header: how long to stay away. A
// comment and the parameters, of which "duration" says how long the peer will then be
// there, change nothing for us.
//
// RFC 3261 s25.1: Retry-After = "Retry-After" HCOLON delta-seconds [ comment ]
// *( SEMI retry-param )
func ParseRetryAfter(value string) (time.Duration, error) {
	text := strings.Trim(value, " \t")
	digits := 0
	seconds := int64(0)
	for ; digits < len(text) && text[digits] >= '0' && text[digits] <= '9'; digits++ {
		seconds = min(seconds*10+int64(text[digits]-'0'), mostDelta)
	}
	rest := strings.TrimLeft(text[digits:], " \t")
	if digits == 0 || rest != "" && rest[0] != '(' && rest[0] != ';' {
		return 0, fmt.Errorf("%w: %.100q does not begin with seconds", ErrRetryAfter, value)
	}
	return time.Duration(seconds) * time.Second, nil
}
