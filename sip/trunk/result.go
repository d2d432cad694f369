package trunk

import (
	"strconv"
	"time"
)

// Fate is how a request to a trunk ended.
type Fate uint8

const (
	// Answered is a response: Result.Status.
	Answered Fate = iota
	// TimedOut is no response at all, as far as anybody waited.
	TimedOut
	// Unreachable is a failure before or below SIP: no address, no connection, an
	// ICMP error, a connection that died.
	Unreachable
	// Withheld was not sent, for a reason of ours: a limit, no local address.
	Withheld
	// Abandoned was given up by its caller before it could tell anything.
	Abandoned
)

var fateNames = [...]string{"answered", "timed out", "unreachable", "withheld", "abandoned"}

// String gives the fate in words.
func (f Fate) String() string { return name(fateNames[:], int(f)) }

// Result is what came of one request to a trunk: an INVITE, an OPTIONS or a
// REGISTER.
type Result struct {
	Fate Fate
	// Status is the response's code, 101 to 699, when the fate is Answered.
	Status int
	// RetryAfter is the time of the Retry-After header; 0 when there was none.
	RetryAfter time.Duration
	// Phrase is the reason phrase, or the error's text; for people.
	Phrase string
}

// Response is the result that a response of this status is.
func Response(status int) Result { return Result{Status: status} }

// String says it in words, such as "503 Overloaded, retry after 2m0s".
func (r Result) String() string {
	text, sep := r.Fate.String(), ": "
	if r.Fate == Answered {
		text, sep = strconv.Itoa(r.Status), " "
	}
	if r.Phrase != "" {
		text += sep + r.Phrase
	}
	if r.RetryAfter > 0 {
		text += ", retry after " + r.RetryAfter.String()
	}
	return text
}

// sign is what a result says about the health of a trunk.
type sign uint8

const (
	signNone    sign = iota // nothing
	signLife                // it works
	signFailure             // it does not
	signRest                // it asks to be left alone
)

// ofPing reads the result of an OPTIONS.
//
// RFC 3261 s11.2: "The response code chosen MUST be the same that would have been
// chosen had the request been an INVITE", so a busy or unwilling peer that says 486,
// 404, 405 or 401 is as alive as one that says 200. 408 comes from a proxy in front
// of a dead server.
func (r Result) ofPing() sign {
	switch {
	case r.Fate == TimedOut || r.Fate == Unreachable:
		return signFailure
	case r.Fate != Answered || r.Status < 200:
		return signNone
	case r.Status == 503 && r.RetryAfter > 0:
		return signRest
	case r.Status == 503 || r.Status == 408:
		return signFailure
	}
	return signLife
}

// ofCall reads the result of an INVITE. A 408, 500, 502 or 504 may speak of what
// lies behind the trunk, for this callee alone: it is held neither against the
// trunk nor for it. Nor does a 100 say anything, which a dead server's front sends
// too; other provisional responses do.
func (r Result) ofCall() sign {
	switch r.Fate {
	case TimedOut, Unreachable:
		return signFailure
	case Withheld, Abandoned:
		return signNone
	}
	switch {
	case r.Status == 503 && r.RetryAfter > 0:
		return signRest
	case r.Status == 503:
		return signFailure
	case r.Status <= 100 || r.Status == 408 || r.Status == 500 || r.Status == 502 || r.Status == 504:
		return signNone
	}
	return signLife
}
