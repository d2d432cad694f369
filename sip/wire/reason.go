package wire

import (
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// A Reason is one value of the Reason header (RFC 3326): why a request was sent or,
// in a response, which cause it carries.
type Reason struct {
	Protocol string // "SIP" or "Q.850", any other as it came
	Cause    int    // a SIP status or a Q.850 cause value; 0 when it has none
	Text     string // plain text, may be empty
}

// Protocols of a Reason that have a Cause we read.
const (
	ReasonSIP  = "SIP"
	ReasonQ850 = "Q.850"
)

// String writes the value for sip.NewHeader("Reason", ...).
func (r Reason) String() string {
	s := r.Protocol
	if r.Cause > 0 {
		s += ";cause=" + strconv.Itoa(r.Cause)
	}
	if r.Text != "" {
		s += ";text=" + Quote(r.Text)
	}
	return s
}

// Reasons returns the values of all Reason headers in order. A value whose protocol
// is no token is left out: a Reason informs and is never worth refusing a message.
func Reasons(msg sip.Message) (list []Reason) {
	for _, value := range Values(msg, "Reason") {
		for _, part := range splitList(value) {
			if r, ok := parseReason(part); ok {
				list = append(list, r)
			}
		}
	}
	return list
}

// ReasonOf returns the first Reason of a protocol, compared without case.
func ReasonOf(msg sip.Message, protocol string) (Reason, bool) {
	for _, r := range Reasons(msg) {
		if strings.EqualFold(r.Protocol, protocol) {
			return r, true
		}
	}
	return Reason{}, false
}

func parseReason(value string) (r Reason, ok bool) {
	protocol, params, _ := SplitParams(value)
	r.Protocol = protocol
	for _, known := range []string{ReasonSIP, ReasonQ850} {
		if strings.EqualFold(protocol, known) {
			r.Protocol = known
		}
	}
	cause, _ := Param(params, "cause")
	if n, err := number(cause, 999); err == nil {
		r.Cause = int(n)
	}
	r.Text, _ = Param(params, "text")
	return r, all(protocol, tokenChar)
}

// splitList cuts a value at the commas that are outside quotes and brackets.
func splitList(value string) (parts []string) {
	from := 0
	inBrackets := false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"':
			n := quotedLen(value[i:])
			if n < 0 {
				return append(parts, trim(value[from:]))
			}
			i += n - 1
		case c == '<':
			inBrackets = true
		case c == '>':
			inBrackets = false
		case c == ',' && !inBrackets:
			parts = append(parts, trim(value[from:i]))
			from = i + 1
		}
	}
	return append(parts, trim(value[from:]))
}

// A Warning is one value of the Warning header (RFC 3261 s20.43), with which a
// response says more than its status.
type Warning struct {
	Code  int    // 300 to 399; 399 is "Miscellaneous warning"
	Agent string // host of the server that adds it, or a pseudonym
	Text  string // plain text for a person
}

// String writes the value for sip.NewHeader("Warning", ...).
func (w Warning) String() string {
	return strconv.Itoa(w.Code) + " " + w.Agent + " " + Quote(w.Text)
}

// Warnings returns the values of all Warning headers in order. A malformed one is
// left out, like the "1812" of RFC 4475 s3.1.2.5: "warn-code = 3DIGIT".
func Warnings(msg sip.Message) (list []Warning) {
	for _, value := range Values(msg, "Warning") {
		for _, part := range splitList(value) {
			code, rest, _ := strings.Cut(part, " ")
			agent, text, _ := strings.Cut(trimLeft(rest), " ")
			n, err := number(code, 999)
			if err != nil || len(code) != 3 || agent == "" {
				continue
			}
			list = append(list, Warning{Code: int(n), Agent: agent, Text: Unquote(trim(text))})
		}
	}
	return list
}
