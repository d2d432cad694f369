package refer

import (
	"errors"
	"strconv"
	"strings"

	"github.com/tandem-gateway/tandem/sip/wire"
)

// FragmentType is the Content-Type of a NOTIFY's body (RFC 3420, RFC 3515 s2.4.5).
const FragmentType = "message/sipfrag;version=2.0"

// Status is how far a reference is: the status line of a response.
type Status struct {
	// Code is 100 to 699, 0 for unknown.
	Code int
	// Phrase is plain text on one line; "" stands for the code's own when written.
	Phrase string
}

// Final says whether nothing comes after it.
func (s Status) Final() bool { return s.Code >= 200 }

// Success says whether it is a 2xx.
func (s Status) Success() bool { return s.Code >= 200 && s.Code < 300 }

// String gives code and phrase.
func (s Status) String() string {
	phrase := s.Phrase
	if phrase == "" {
		phrase = wire.Phrase(s.Code)
	}
	return strconv.Itoa(s.Code) + " " + oneLine(phrase)
}

// Fragment writes the body of a NOTIFY. RFC 3515 s2.4.5: "The body of a NOTIFY MUST begin
// with a SIP Response Status-Line".
func (s Status) Fragment() []byte { return []byte("SIP/2.0 " + s.String() + "\r\n") }

// maxPhrase bounds what is kept of a reason phrase; it is for a log and a call record.
const maxPhrase = 200

// ParseFragment reads the status line that a message/sipfrag begins with; what follows it
// is not looked at. Peers are sloppy: empty lines before it, a missing end of line, a lone
// CR or LF, a missing phrase are all accepted. The error says what is wrong, in words.
func ParseFragment(body []byte) (Status, error) {
	line := strings.TrimLeft(string(body[:min(len(body), 2*maxPhrase)]), "\r\n \t")
	if end := strings.IndexAny(line, "\r\n"); end >= 0 {
		line = line[:end]
	}
	version, rest, _ := strings.Cut(line, " ")
	if !strings.EqualFold(version, "SIP/2.0") {
		return Status{}, errors.New("no status line at its beginning")
	}
	code, phrase, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	n, err := strconv.Atoi(code)
	if err != nil || len(code) != 3 || n < 100 || n > 699 {
		return Status{}, errors.New("no status from 100 to 699")
	}
	phrase = strings.TrimSpace(oneLine(strings.ToValidUTF8(phrase, "")))
	return Status{n, strings.TrimSpace(strings.ToValidUTF8(phrase[:min(len(phrase), maxPhrase)], ""))}, nil
}
