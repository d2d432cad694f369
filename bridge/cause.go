package bridge

import "github.com/tandem-gateway/tandem/event"

// q850 gives the ISUP cause value that a SIP status stands for
// (RFC 3398 s8.2.6.1).
var q850 = map[int]int{
	400: 41, 401: 21, 402: 21, 403: 21, 404: 1, 405: 63, 406: 79, 407: 21,
	408: 102, 410: 22, 413: 127, 414: 127, 415: 79, 416: 127, 420: 127, 421: 127,
	423: 127, 480: 18, 481: 41, 482: 25, 483: 25, 484: 28, 485: 1, 486: 17, 487: 16,
	488: 65, 500: 41, 501: 79, 502: 38, 503: 41, 504: 102, 505: 127, 513: 127,
	600: 17, 603: 21, 604: 1, 606: 58,
}

// q850Of gives the Q.850 value for a status; 31 (normal, unspecified) where
// RFC 3398 names none.
func q850Of(status int) int {
	if v, ok := q850[status]; ok {
		return v
	}
	return 31
}

func orQ850(v, status int) int {
	if v != 0 {
		return v
	}
	return q850Of(status)
}

// hunts says whether a failure lets the next attempt be tried: it speaks of the
// trunk and not of the callee. RFC 3263 s4.3 names a 503 and a transaction that has timed
// out, which is a 408; RFC 3261 s21.5 has the other three speak of the server too.
func hunts(status int) bool {
	switch status {
	case 408, 500, 502, 503, 504:
		return true
	}
	return false
}

// better chooses the failure that the caller is told of among several.
// RFC 3261 s16.7 step 6: a 6xx first; otherwise "from the lowest response
// class"; a failure of the callee says more than one of a trunk.
func better(a, b event.Cause) event.Cause {
	if a.IsZero() || rank(b.Status) < rank(a.Status) {
		return b
	}
	return a
}

func rank(status int) int {
	switch {
	case status >= 600:
		return 0
	case status < 400:
		return 4 // it says where else, which the caller is not told: what came of that counts
	case hunts(status):
		return 3
	case status >= 500:
		return 2
	}
	return 1
}

// toldCaller turns the failure of the callee's side into the one that the
// caller sees: the same, but for what would mean something else there.
func toldCaller(c event.Cause) event.Cause {
	if c.IsZero() {
		return event.Cause{Status: 480, Q850: 18, By: event.PartyGateway, Text: "nobody could be called"}
	}
	c.Q850 = orQ850(c.Q850, c.Status)
	switch {
	case c.Status == 401 || c.Status == 407:
		// A challenge is for us: the caller would answer it with its own password.
		c.Status, c.Text = 502, "the trunk refuses our credentials"
	case c.Status >= 300 && c.Status < 400:
		c.Status, c.Text = 480, "redirected, and redirection is not followed"
	case c.Status < 300:
		c.Status = 480
	}
	return c
}
