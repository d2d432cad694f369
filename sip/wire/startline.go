package wire

import (
	"strings"

	"github.com/emiago/sipgo/sip"
)

// version is the only one; RFC 3261 s7.1: "The SIP-Version string is
// case-insensitive, but implementations MUST send upper-case."
const version = "SIP/2.0"

// parseStartLine makes the message. Without a line that speaks of SIP there is none
// and p.msg stays nil.
func (p *parser) parseStartLine(line string) {
	if hasPrefixFold(line, "SIP/") {
		p.parseStatusLine(line)
		return
	}
	end := strings.LastIndexAny(trimRight(line), " \t")
	if end < 0 || !hasPrefixFold(line[end+1:], "SIP/") {
		p.broken(sip.StatusBadRequest, "not SIP: "+excerpt(line))
		return
	}
	p.parseRequestLine(line, end)
}

// parseRequestLine reads Method SP Request-URI SP SIP-Version; the version begins
// after line[blank]. RFC 4475 s3.1.2.7 to s3.1.2.11 break it in five ways.
func (p *parser) parseRequestLine(line string, blank int) {
	method, target, _ := strings.Cut(line[:blank], " ")
	p.method = method
	p.req = sip.NewRequest(sip.RequestMethod(method), sip.Uri{})
	p.msg = p.req
	if !all(method, tokenChar) {
		p.bad("method", flaw(excerpt(method)+" is no token"))
	}
	if !strings.EqualFold(trimRight(line[blank+1:]), version) {
		p.broken(sip.StatusVersionNotSupported, "Version Not Supported: "+excerpt(line[blank+1:]))
	}
	if isBlank(line[len(line)-1]) {
		p.bad("Request-Line", flaw("blank after the version"))
	}
	switch {
	case target == "" || strings.IndexAny(target, " \t") >= 0:
		p.bad("Request-Line", flaw("not exactly one blank around the Request-URI"))
	case target[0] == '<':
		p.bad("Request-URI", flaw("must not be in angle brackets"))
	default:
		p.checkTarget(parseURI(target, &p.req.Recipient))
	}
}

// checkTarget: RFC 3261 s8.2.2.1, "If the Request-URI uses a scheme not supported by
// the UAS, it SHOULD reject the request with a 416 (Unsupported URI Scheme)
// response." s19.1.5 allows no headers in a Request-URI.
func (p *parser) checkTarget(err error) {
	target := &p.req.Recipient
	switch {
	case err != nil:
		p.bad("Request-URI", err)
	case len(target.Headers) > 0:
		p.bad("Request-URI", flaw("headers are not allowed in it"))
	}
	switch target.Scheme {
	case "sip", "sips", "tel", "urn", "":
		return
	}
	p.broken(416, "Unsupported URI Scheme: "+excerpt(target.Scheme))
}

// parseStatusLine reads SIP-Version SP Status-Code SP Reason-Phrase; the phrase may
// be empty (RFC 4475 s3.1.1.13) and the blank before it then forgotten.
func (p *parser) parseStatusLine(line string) {
	v, rest, _ := strings.Cut(line, " ")
	code, phrase, _ := strings.Cut(rest, " ")
	status, err := number(code, 699)
	if err != nil || len(code) != 3 || status < 100 {
		p.bad("status line", flaw("no status from 100 to 699 in "+excerpt(line)))
	}
	if !strings.EqualFold(v, version) {
		p.bad("status line", flaw("version "+excerpt(v)))
	}
	if strings.IndexByte(phrase, 0) >= 0 {
		p.bad("status line", flaw("NUL in the reason phrase"))
	}
	p.msg = sip.NewResponse(int(status), phrase)
}
