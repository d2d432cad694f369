package wire

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// A Fault says why a message was not accepted and holds what its answer needs.
type Fault struct {
	// Status is the answer's: 400, 413, 416, 505 or 513.
	Status int
	// Phrase is the answer's reason phrase; it names the fault, like "Missing To" or
	// "Bad CSeq: method does not match INVITE".
	Phrase string
	// Method is the request's, "" for a response or what is not SIP.
	Method string

	vias []*sip.ViaHeader // of the request, in order; nil when there is no answer
	raw  rawFields
}

// rawFields are the values that an answer repeats, as they came: the ones with the
// flaw have no other form.
type rawFields struct {
	from, to, callID, cseq string
	needsTag               bool // To is sound and has no tag
}

// Error returns the fault with what becomes of the message, for the log.
func (f *Fault) Error() string {
	if f.Answered() {
		return fmt.Sprintf("sip message answered with %d %s", f.Status, f.Phrase)
	}
	return "sip message dropped: " + f.Phrase
}

// Answered reports whether the fault has an answer. It has none for a response, an
// ACK (RFC 3261 s17.1.1.3: no response to it is ever sent), a request without a
// usable Via and what is not SIP.
func (f *Fault) Answered() bool { return len(f.vias) > 0 }

// Response returns the answer and where it goes, for a request that came over the
// transport ("UDP", "TCP", "TLS") from the source; nil when there is none.
//
// It is made without state (RFC 3261 s8.2.7): a retransmitted request gets the same
// answer with the same To tag.
func (f *Fault) Response(transport string, source netip.AddrPort) (datagram []byte, to netip.AddrPort) {
	if !f.Answered() {
		return nil, netip.AddrPort{}
	}
	top := f.vias[0].Clone()
	StampVia(top, source)
	b := make([]byte, 0, 512)
	b = append(b, "SIP/2.0 "...)
	b = strconv.AppendInt(b, int64(f.Status), 10)
	b = append(append(b, ' '), f.Phrase...)
	b = append(b, "\r\nVia: "...)
	b = appendVia(b, top)
	for _, v := range f.vias[1:] {
		b = append(b, "\r\nVia: "...)
		b = appendVia(b, v)
	}
	b = appendRaw(b, "From", f.raw.from)
	b = appendRaw(b, "To", f.raw.to)
	if f.raw.needsTag {
		b = append(append(b, ";tag="...), f.toTag()...)
	}
	b = appendRaw(b, "Call-ID", f.raw.callID)
	b = appendRaw(b, "CSeq", f.raw.cseq)
	b = append(b, "\r\nContent-Length: 0\r\n\r\n"...)
	return b, ResponseDestination(top, transport, source)
}

// toTag is the same for every copy of one request.
func (f *Fault) toTag() string {
	h := fnv.New64a()
	branch, _ := Param(f.vias[0].Params, "branch")
	for _, s := range []string{branch, f.raw.callID, f.raw.from, f.raw.cseq} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return "fault" + strconv.FormatUint(h.Sum64(), 36)
}

// appendRaw repeats a value of the request; nothing is written when it had none.
func appendRaw(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, "\r\n"...), name...), ": "...)
	for i := 0; i < len(value); i++ {
		c := value[i]
		if c == '\r' || c == '\n' || c == 0 {
			c = ' '
		}
		b = append(b, c)
	}
	return b
}

// excerpt quotes a part of a message so that it can stand in a reason phrase, whose
// grammar (RFC 3261 s25.1) has no double quotes and no angle brackets.
func excerpt(s string) string {
	const most = 40
	cut := ""
	if len(s) > most {
		s, cut = s[:most], "..."
	}
	return "'" + strings.Map(phraseRune, s) + cut + "'"
}

func phraseRune(r rune) rune {
	if r < 0x20 || r >= 0x7f || strings.ContainsRune(`"<>\`, r) {
		return '?'
	}
	return r
}
