package wire

import (
	"bytes"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// A FrameKind says what Framer.Next found.
type FrameKind uint8

// What Framer.Next finds.
const (
	FramePartial FrameKind = iota // nothing whole yet: push more
	FrameMessage                  // Data is one message, for Parse
	FramePing                     // a keep-alive to answer with CR LF
	FrameBroken                   // the stream is beyond repair: send Fault's answer, close
)

// A Frame is one step through a stream.
type Frame struct {
	Kind  FrameKind
	Data  []byte // valid until the next Push
	Fault *Fault // of FrameBroken; it may have no answer
}

// A Framer cuts a stream into messages (RFC 3261 s18.3: "In the case of
// stream-oriented transports such as TCP, the Content-Length header field indicates
// the size of the body"). It holds at most MaxHead + MaxBody bytes and what the last
// Push brought. The zero Framer is ready; how the stream was cut into pushes makes
// no difference.
//
// Between messages CR LF is skipped (s7.5) but for the double one, which is a
// keep-alive (RFC 5626 s3.5.1: "If the server detects the double CRLF, it MUST
// respond with a single CRLF"). The single one that answers a ping of ours is skipped
// like any.
//
// Once broken it stays so. It breaks where the next message cannot be found: not
// SIP, headers over MaxHead, a Content-Length that is missing (with a Content-Type),
// malformed, contradictory or over MaxBody.
type Framer struct {
	buf     []byte // buf[start:] has not been returned yet
	start   int
	line    bool // the start line has been looked at
	scanned int  // bytes of buf[start:] that hold no end of what is looked for
	whole   int  // length of the message at buf[start:], 0 until it is known
	fault   *Fault
}

// Push adds what was read from the connection; it is copied.
func (f *Framer) Push(b []byte) {
	if f.fault != nil {
		return
	}
	switch {
	case f.start == len(f.buf) && cap(f.buf) > MaxHead:
		f.buf, f.start = nil, 0 // one large message must not cost a connection for life
	case f.start > 0:
		f.buf = append(f.buf[:0], f.buf[f.start:]...)
		f.start = 0
	}
	f.buf = append(f.buf, b...)
}

// Next returns the next frame of what was pushed; call it until FramePartial or
// FrameBroken.
func (f *Framer) Next() Frame {
	for f.fault == nil {
		rest := f.buf[f.start:]
		switch {
		case len(rest) < len(endOfHead) && strings.HasPrefix(endOfHead, string(rest)):
			return Frame{Kind: FramePartial}
		case bytes.HasPrefix(rest, []byte(endOfHead)):
			f.start += len(endOfHead)
			return Frame{Kind: FramePing}
		case bytes.HasPrefix(rest, []byte(endOfLine)):
			f.start += len(endOfLine)
			continue
		}
		return f.message(rest)
	}
	return Frame{Kind: FrameBroken, Fault: f.fault}
}

// message returns the message that rest begins with when it is whole.
func (f *Framer) message(rest []byte) Frame {
	if fault := f.measure(rest); fault != nil {
		f.fault, f.buf, f.start = fault, nil, 0
		return Frame{Kind: FrameBroken, Fault: fault}
	}
	if f.whole == 0 || len(rest) < f.whole {
		return Frame{Kind: FramePartial}
	}
	data := rest[:f.whole]
	f.start += f.whole
	f.line, f.scanned, f.whole = false, 0, 0
	return Frame{Kind: FrameMessage, Data: data}
}

// measure finds the length of the message that rest begins with. No byte of the head
// is looked at again because more were pushed.
func (f *Framer) measure(rest []byte) *Fault {
	if f.whole > 0 {
		return nil
	}
	if fault := f.checkStart(rest); fault != nil || !f.line {
		return fault
	}
	from := max(0, f.scanned-3)
	end := bytes.Index(rest[from:], []byte(endOfHead))
	if end >= 0 {
		end += from
	}
	if end > MaxHead || end < 0 && len(rest) >= MaxHead+len(endOfHead) {
		return parseCut(rest, end)
	}
	if end < 0 {
		f.scanned = len(rest)
		return nil
	}
	length, fault := bodyLength(rest[:end+2])
	f.whole = end + len(endOfHead) + length
	return fault
}

// checkStart looks at the start line as soon as it is whole, so that a peer that
// speaks another protocol is known at once and not after MaxHead bytes.
func (f *Framer) checkStart(rest []byte) *Fault {
	if f.line {
		return nil
	}
	end := bytes.IndexByte(rest[f.scanned:], '\n')
	switch token := classes[rest[0]]&tokenChar != 0; {
	case token && end < 0 && len(rest) < MaxHead:
		f.scanned = len(rest)
		return nil
	case token && end >= 0 && containsSIP(rest[:f.scanned+end]):
		f.line, f.scanned = true, 0
		return nil
	}
	return &Fault{Status: sip.StatusBadRequest, Phrase: "not SIP: " + excerpt(string(rest[:min(len(rest), 80)]))}
}

func containsSIP(line []byte) bool {
	return bytes.Contains(line, []byte("SIP/")) || bytes.Contains(bytes.ToUpper(line), []byte("SIP/"))
}

// bodyLength returns what Content-Length says. A fault has been made with the
// headers, so that it has an answer.
func bodyLength(head []byte) (int, *Fault) {
	length, typed := -1, false
	for rest := head; len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte(endOfLine))
		switch fieldOf(line) {
		case fieldContentType:
			typed = true
		case fieldContentLength:
			n, err := number(foldedValue(line, rest), maxLength)
			if err != nil || length >= 0 && int(n) != length {
				return 0, brokenHead(head, sip.StatusBadRequest, "Bad Content-Length")
			}
			length = int(n)
		}
	}
	switch {
	case length > MaxBody:
		return 0, brokenHead(head, sip.StatusRequestEntityTooLarge, "Request Entity Too Large: body is over 64 KiB")
	case length < 0 && typed:
		return 0, brokenHead(head, sip.StatusBadRequest, "Missing Content-Length")
	}
	return max(0, length), nil
}

// brokenHead makes the fault of a message whose body has no known end. What Parse
// says of a Content-Length is more exact than the phrase given, so it goes first.
func brokenHead(head []byte, status int, phrase string) *Fault {
	var p parser
	p.parseHead(string(head))
	p.broken(status, phrase)
	_, fault := p.finish()
	return fault
}

// fieldOf finds Content-Length and Content-Type in any spelling.
func fieldOf(line []byte) field {
	if len(line) == 0 || line[0]|0x20 != 'c' && line[0]|0x20 != 'l' {
		return fieldOther
	}
	colon := bytes.IndexByte(line, ':')
	if colon < 0 || colon > 2*longestName {
		return fieldOther
	}
	return lookup(trimRight(string(line[:colon]))).field
}

// foldedValue returns the value of a line with the lines that continue it.
func foldedValue(line, rest []byte) string {
	_, value, _ := strings.Cut(string(line), ":")
	for len(rest) > 0 && isBlank(rest[0]) {
		line, rest, _ = bytes.Cut(rest, []byte(endOfLine))
		value += " " + string(line)
	}
	return trim(value)
}
