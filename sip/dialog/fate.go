package dialog

import (
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"
)

// effect is what a failure of a request within the dialog takes with it.
type effect uint8

const (
	endsRequest effect = iota
	// endsUsage is the end of what the request belongs to: the call, for a re-INVITE,
	// an UPDATE or a PRACK.
	endsUsage
	// endsDialog is the end of all that is in the dialog, whatever the request was.
	endsDialog
)

// effects are the failures that take more with them than their request: RFC 5057 s5.1,
// and for 408 s5.2, which has a timeout end the usage. All others, and those that nobody
// knows, end the request alone.
var effects = [...]struct {
	status int
	what   effect
}{
	{404, endsDialog},
	{405, endsUsage},
	{408, endsUsage},
	{410, endsDialog},
	{416, endsDialog},
	{480, endsUsage},
	{481, endsUsage},
	{482, endsDialog},
	{483, endsDialog},
	{484, endsDialog},
	{485, endsDialog},
	{489, endsUsage},
	{501, endsUsage},
	{502, endsDialog},
	{604, endsDialog},
}

// effectOf gives what a failure of a request with this method ends. Three rows read
// otherwise for some methods: a 405 or 501 to an UPDATE or a PRACK says that the other
// side does not have the method after all, which a call can do without; a 481 to a PRACK
// is that of RFC 3262 s3, for a response that waits for none; and what belongs to no
// usage cannot end one.
func effectOf(method string, status int) effect {
	what := endsRequest
	for _, row := range effects {
		if row.status == status {
			what = row.what
		}
	}
	switch sip.RequestMethod(method) {
	case sip.INVITE:
		return what
	case sip.UPDATE:
		if status == 405 || status == 501 {
			return endsRequest
		}
	case sip.PRACK:
		if status == 405 || status == 501 || status == 481 {
			return endsRequest
		}
	case sip.OPTIONS, sip.INFO, sip.MESSAGE:
		if what == endsUsage {
			return endsRequest
		}
	}
	return what
}

// dialogLost ends a call whose dialog is gone on the other side, as a failure of one of
// our requests there says. A BYE tells a side that thinks otherwise. Before the answer
// the INVITE's own final response says what becomes of it.
func (u *Usage) dialogLost(now time.Time, c *client, status int) {
	if u.state != Confirmed || c.dialog != u.chosen || effectOf(c.message.method, status) == endsRequest {
		return
	}
	u.leave(now)
	u.sendBye(now, c.dialog, nil)
	text := strconv.Itoa(status) + " to " + c.message.method + ": the other side has no such call"
	if status == 408 {
		text = "no answer to " + c.message.method + " within the dialog"
	}
	u.report(Left{Status: status, Text: text})
}
