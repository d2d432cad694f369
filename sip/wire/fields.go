package wire

import (
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// maxCSeq: RFC 3261 s8.1.1.5, "The sequence number value MUST be expressible as a
// 32-bit unsigned integer and MUST be less than 2**31."
const maxCSeq = 1<<31 - 1

// maxLength bounds the number in Content-Length, so that it fits an int anywhere.
const maxLength = 1<<31 - 1

// maxHeaders bounds the headers of a message, each value of a list counted, since
// those who use a message look through them again and again.
const maxHeaders = 256

// add appends a header unless there are too many.
func (p *parser) add(h sip.Header) bool {
	if len(p.msg.Headers()) == maxHeaders {
		p.broken(sip.StatusMessageTooLarge, "Message Too Large: more than 256 headers")
		return false
	}
	p.msg.AppendHeader(h)
	return true
}

// once notes a fault when a header that has a single value comes again, RFC 4475
// s3.3.8; the first one is kept.
func (p *parser) once(f field, name string) bool {
	if p.seen.has(f) {
		p.broken(sip.StatusBadRequest, "Bad "+name+": more than one")
		return false
	}
	return true
}

func (p *parser) parseVias(value string) {
	for more := true; more; {
		v := new(sip.ViaHeader)
		rest, err := parseVia(value, v)
		p.bad("Via", err)
		p.vias++
		if more = p.add(v) && rest != ""; more {
			more = rest[0] == ','
			value = rest[1:]
		}
	}
}

func (p *parser) parseFrom(value string) {
	if !p.once(fieldFrom, "From") {
		return
	}
	p.raw.from = value
	h := new(sip.FromHeader)
	p.bad("From", parseParty(value, &h.DisplayName, &h.Address, &h.Params))
	p.add(h)
}

func (p *parser) parseTo(value string) {
	if !p.once(fieldTo, "To") {
		return
	}
	p.raw.to = value
	h := new(sip.ToHeader)
	err := parseParty(value, &h.DisplayName, &h.Address, &h.Params)
	p.raw.needsTag = err == nil && tagOf(h.Params) == ""
	p.bad("To", err)
	p.add(h)
}

// parseParty reads the single address of From or To. The tag may be missing, as it
// is in RFC 2543 (RFC 4475 s3.4.1), not empty.
func parseParty(value string, name *string, uri *sip.Uri, params *sip.HeaderParams) error {
	rest, err := parseAddress(value, name, uri, params)
	if err != nil {
		return err
	}
	if rest != "" {
		return flaw("comma outside quotes")
	}
	for _, kv := range *params {
		if kv.K == "tag" && !all(kv.V, valueChar) {
			return flaw("tag is no token")
		}
	}
	return nil
}

// parseCallID takes more than RFC 3261's word: base64 has "=", and nothing but blanks
// could be mistaken.
func (p *parser) parseCallID(value string) {
	if !p.once(fieldCallID, "Call-ID") {
		return
	}
	p.raw.callID = value
	if !all(value, visibleChar) {
		p.bad("Call-ID", flaw(excerpt(value)+" is no word"))
	}
	h := sip.CallIDHeader(value)
	p.add(&h)
}

func (p *parser) parseCSeq(value string) {
	if !p.once(fieldCSeq, "CSeq") {
		return
	}
	p.raw.cseq = value
	end := run(value, tokenChar)
	n, err := number(value[:end], maxCSeq)
	p.bad("CSeq", err)
	method := trimLeft(value[end:])
	if !all(method, tokenChar) {
		p.bad("CSeq", flaw("no method"))
	}
	p.cseq = method
	p.add(&sip.CSeqHeader{SeqNo: uint32(n), MethodName: sip.RequestMethod(method)})
}

// parseMaxForwards: RFC 3261 s20.22, "The Max-Forwards value is an integer in the
// range 0-255".
func (p *parser) parseMaxForwards(value string) {
	if !p.once(fieldMaxForwards, "Max-Forwards") {
		return
	}
	n, err := number(value, 255)
	p.bad("Max-Forwards", err)
	h := sip.MaxForwardsHeader(n)
	p.add(&h)
}

// parseContentLength accepts a repeated value, which is harmless, and no other one
// (RFC 4475 s3.3.9).
func (p *parser) parseContentLength(value string) {
	n, err := number(value, maxLength)
	if err != nil {
		p.bad("Content-Length", err)
		return
	}
	if p.seen.has(fieldContentLength) {
		if int(n) != p.length {
			p.bad("Content-Length", flaw("two values that differ"))
		}
		return
	}
	p.length = int(n)
	p.lengthAt = new(sip.ContentLengthHeader)
	p.add(p.lengthAt)
}

func (p *parser) parseContentType(value string) {
	if !p.once(fieldContentType, "Content-Type") || !p.clean("Content-Type", value) {
		return
	}
	h := sip.ContentTypeHeader(value)
	p.add(&h)
}

func (p *parser) parseContacts(value string) {
	if value == "*" {
		p.addContact(&sip.ContactHeader{Address: sip.Uri{Host: "*", Wildcard: true}})
		return
	}
	for more := true; more; {
		h := new(sip.ContactHeader)
		rest, err := parseAddress(value, &h.DisplayName, &h.Address, &h.Params)
		if err != nil {
			p.bad("Contact", err)
			return
		}
		if more = p.addContact(h) && rest != ""; more {
			value = rest[1:]
		}
	}
}

func (p *parser) addContact(h *sip.ContactHeader) bool {
	if p.contact == nil {
		p.contact = h
	}
	p.contacts++
	return p.add(h)
}

// parseRoutes reads Route and Record-Route. sipgo's types for them hold a URI only;
// a value with more is kept as text, and settle then treats the others alike.
func (p *parser) parseRoutes(entry nameEntry, value string) {
	for more := true; more; {
		var a NameAddr
		rest, err := parseAddress(value, &a.DisplayName, &a.URI, &a.Params)
		p.bad(entry.name, err)
		if err != nil || !p.clean(entry.name, a.DisplayName) {
			return
		}
		if more = p.add(p.routeHeader(entry, a)) && rest != ""; more {
			value = rest[1:]
		}
	}
}

func (p *parser) routeHeader(entry nameEntry, a NameAddr) sip.Header {
	switch {
	case a.DisplayName != "" || len(a.Params) > 0:
		p.oddRoute = entry.field
		return sip.NewHeader(entry.name, a.String())
	case entry.field == fieldRoute:
		return &sip.RouteHeader{Address: a.URI}
	}
	return &sip.RecordRouteHeader{Address: a.URI}
}

// parseDate: RFC 3261 s20.17, "SIP restricts the time zone in SIP-date to "GMT"". A
// day of one digit passes. A response is not dropped for its date.
func (p *parser) parseDate(value string) {
	if _, err := time.Parse("Mon, 2 Jan 2006 15:04:05 GMT", value); err != nil && p.req != nil {
		p.bad("Date", flaw(excerpt(value)+" is not like Sat, 13 Nov 2010 23:29:00 GMT"))
		return
	}
	p.parseOther("Date", value)
}

func (p *parser) parseOther(name, value string) {
	if p.clean(name, value) {
		p.add(sip.NewHeader(name, value))
	}
}

// clean refuses a NUL, which no value may hold outside a quoted pair.
func (p *parser) clean(name, value string) bool {
	if strings.IndexByte(value, 0) >= 0 {
		p.bad(name, flaw("NUL in the value"))
		return false
	}
	return true
}
