package refer

import (
	"strings"
	"time"
)

// Header is one header field; the value is on one line.
type Header struct{ Name, Value string }

// Request is a request to be sent in the dialog. The dialog adds Via, From, To, Call-ID,
// CSeq, Route, Max-Forwards, Contact and Content-Length. Content-Type is in Headers when
// there is a body.
type Request struct {
	Method  string
	Headers []Header
	Body    []byte
	// Token names the request when its answer is told (Referrals.Answered).
	Token Token
}

// Token names a request that was sent. The zero Token names none.
type Token struct {
	// Method is REFER or NOTIFY.
	Method string
	// Number tells one from another: of a NOTIFY the CSeq of the REFER it belongs to.
	Number uint32
}

// Response is a final response to be sent. The dialog adds what every response has, and
// a Contact to the 2xx of a REFER (RFC 3515 s2.2).
type Response struct {
	// Seq is the CSeq of the request that it answers.
	Seq    uint32
	Status int
	// Phrase is "" for the status's own.
	Phrase  string
	Headers []Header
}

// Action is one thing to be done, in order; one of the three is set.
type Action struct {
	Respond *Response
	Send    *Request
	Report  Report
}

// Answer is what came back for a request. A transaction that got no answer has the
// status 408, one that could not be sent 503 (RFC 3261 s8.1.3.1).
type Answer struct {
	Status int
	// Phrase is the response's reason phrase, "" for none.
	Phrase string
	// RetryAfter is the header's; zero without one.
	RetryAfter time.Duration
	// NoSubscription says that the header Refer-Sub is "false" (RFC 4488 s4).
	NoSubscription bool
}

// Refusal is why a request cannot be taken, and the response that says so.
type Refusal struct {
	Status  int
	Phrase  string
	Headers []Header
}

// Error gives status and phrase.
func (r *Refusal) Error() string { return Status{r.Status, r.Phrase}.String() }

// respond makes the response to the request with a CSeq.
func (r *Refusal) respond(seq uint32) []Action {
	return respond(Response{Seq: seq, Status: r.Status, Phrase: r.Phrase, Headers: r.Headers})
}

func bad(header, what string) *Refusal {
	return &Refusal{Status: 400, Phrase: "Bad " + header + ": " + oneLine(what)}
}

// oneLine keeps the words of a fault to one line; they may quote what came.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

func respond(r Response) []Action             { return []Action{{Respond: &r}} }
func report(list ...Report) []Action          { return appendReports(nil, list...) }
func sends(list []Action, r Request) []Action { return append(list, Action{Send: &r}) }

func appendReports(acts []Action, list ...Report) []Action {
	for _, r := range list {
		acts = append(acts, Action{Report: r})
	}
	return acts
}

// Report is what the owner must know.
type Report interface{ report() }

// Of a REFER that came to us.
type (
	// Referred asks the owner to Accept, Pend or Refuse.
	Referred struct{ Reference Reference }
	// Unwatched says that nobody is told any more how a reference goes that still runs:
	// the other side has unsubscribed (status 0), or a NOTIFY failed with a status. The
	// reference goes on.
	Unwatched struct{ Status int }
)

// Of a REFER that we sent. Refused, Done, Failed and Lost are ends; one comes.
type (
	// Accepted says that the other side will try. When it is not Watched it tells
	// nothing more, and no end is reported.
	Accepted struct{ Watched bool }
	// Refused is the answer to a REFER that is not followed; nothing has happened.
	Refused struct{ Status Status }
	// Progressed is a provisional status of the reference that is new.
	Progressed struct{ Status Status }
	// Done is the 2xx to the reference.
	Done struct{ Status Status }
	// Failed is another final status of the reference.
	Failed struct{ Status Status }
	// Lost says that nobody will tell how the reference ended, and why.
	Lost struct{ Text string }
)

func (Referred) report()   {}
func (Unwatched) report()  {}
func (Accepted) report()   {}
func (Refused) report()    {}
func (Progressed) report() {}
func (Done) report()       {}
func (Failed) report()     {}
func (Lost) report()       {}
