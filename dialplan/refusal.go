package dialplan

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Refusal says why a call goes nowhere, to the caller as to the log. It is
// shared between calls: do not change one.
type Refusal struct {
	// Status is the SIP response's code: 403, 404, 482 or 484.
	Status int
	// Phrase is its reason phrase, RFC 3261's own.
	Phrase string
	// Text is the fault in plain words: printable, without line ends.
	Text string
	// Warning is the complete value of a Warning header (RFC 3261 s20.43), such
	// as `399 gw.example "…"`, with Text in it.
	Warning string
	// Q850 is the cause for a Reason header (RFC 3326), as ITU-T Q.850 numbers it.
	Q850 int
}

// Error gives status and text: `484 Address Incomplete: …`.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%d %s: %s", r.Status, r.Phrase, r.Text)
}

// Causes of ITU-T Q.850 s2.2.7 that a dialplan gives.
const (
	causeUnallocated   = 1  // unallocated (unassigned) number
	causeNoRoute       = 3  // no route to destination
	causeRejected      = 21 // call rejected
	causeExchange      = 25 // exchange routing error, which a loop is
	causeInvalidFormat = 28 // invalid number format (address incomplete)
)

// notFound is 404: the callee is none, or nothing leads to it.
func (p *Plan) notFound(q850 int, format string, args ...any) *Refusal {
	return p.refusal(404, "Not Found", q850, format, args...)
}

// addressIncomplete is 484: more digits would help.
func (p *Plan) addressIncomplete(format string, args ...any) *Refusal {
	return p.refusal(484, "Address Incomplete", causeInvalidFormat, format, args...)
}

// forbidden is 403: the caller may not do this.
func (p *Plan) forbidden(format string, args ...any) *Refusal {
	return p.refusal(403, "Forbidden", causeRejected, format, args...)
}

// loop is 482: the call has been here.
func (p *Plan) loop(format string, args ...any) *Refusal {
	return p.refusal(482, "Loop Detected", causeExchange, format, args...)
}

func (p *Plan) refusal(status int, phrase string, q850 int, format string, args ...any) *Refusal {
	text := fmt.Sprintf(format, args...)
	return &Refusal{
		Status:  status,
		Phrase:  phrase,
		Text:    text,
		Warning: warning(p.agent, text),
		Q850:    q850,
	}
}

// warning writes a Warning value.
//
// RFC 3261 s20.43: warning-value = warn-code SP warn-agent SP warn-text, with
// "399 Miscellaneous warning: The warning text can include arbitrary
// information to be presented to a human user or logged".
func warning(agent, text string) string {
	text = strings.ReplaceAll(text, `\`, `\\`)
	return `399 ` + agent + ` "` + strings.ReplaceAll(text, `"`, `\"`) + `"`
}

// quoted is text for a person to recognise: printable, in quotes and short,
// since it comes from the network.
func quoted(text string) string {
	const longest = 40
	text = printable(strings.ToValidUTF8(text, "?"))
	if utf8.RuneCountInString(text) > longest {
		text = string([]rune(text)[:longest]) + "…"
	}
	return "'" + text + "'"
}
