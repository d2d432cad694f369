package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// ErrUnsafe is wrapped by the errors of Append: a value that the message was built
// with would end its line or leave its place, which is how a header is injected.
var ErrUnsafe = errors.New("unsafe value in a SIP message")

func unsafeValue(where, why string) error { return fmt.Errorf("%w: %s: %s", ErrUnsafe, where, why) }

// Append writes a message to dst: long header names, one value a line,
// Content-Length last and true to the body, the version always SIP/2.0. Display
// names are quoted, parameter values are when they need it.
//
// No value may hold CR, LF or NUL (but for NUL in a display name, where RFC 3261's
// quoted-pair allows it), no URI a character that would end it, no name, method or
// parameter name anything but a token; else the error wraps ErrUnsafe, names the
// header, and dst comes back as it was.
func Append(dst []byte, msg sip.Message) ([]byte, error) {
	b, err := appendStartLine(dst, msg)
	if err != nil {
		return dst, err
	}
	for _, h := range headers(msg) {
		if b, err = appendHeader(b, h); err != nil {
			return dst, err
		}
	}
	body := msg.Body()
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, body...), nil
}

// headers returns the headers of a request or a response in order.
func headers(msg sip.Message) []sip.Header {
	if m, ok := msg.(interface{ Headers() []sip.Header }); ok {
		return m.Headers()
	}
	return nil
}

func appendStartLine(b []byte, msg sip.Message) ([]byte, error) {
	start := len(b)
	switch m := msg.(type) {
	case *sip.Request:
		if !all(string(m.Method), tokenChar) {
			return b, unsafeValue("Request-Line", "method is no token")
		}
		b = append(append(b, m.Method...), ' ')
		at := len(b)
		b = appendURI(b, &m.Recipient)
		if !safeURI(b[at:]) {
			return b, unsafeValue("Request-URI", "character that ends it")
		}
		b = append(b, " SIP/2.0"...)
	case *sip.Response:
		if m.StatusCode < 100 || m.StatusCode > 699 {
			return b, unsafeValue("Status-Line", "status "+strconv.Itoa(m.StatusCode))
		}
		b = append(b, "SIP/2.0 "...)
		b = strconv.AppendInt(b, int64(m.StatusCode), 10)
		b = append(append(b, ' '), m.Reason...)
	default:
		return b, unsafeValue("Start-Line", "neither request nor response")
	}
	if hasBreak(b[start:]) || bytes.IndexByte(b[start:], 0) >= 0 {
		return b, unsafeValue("Start-Line", "CR, LF or NUL")
	}
	return append(b, "\r\n"...), nil
}

// appendHeader writes one header with its CR LF, but for Content-Length.
func appendHeader(b []byte, h sip.Header) ([]byte, error) {
	name := CanonicalName(h.Name())
	if name == "Content-Length" {
		return b, nil
	}
	if !all(name, tokenChar) {
		return b, unsafeValue(excerpt(name), "name is no token")
	}
	b = append(append(b, name...), ": "...)
	start := len(b)
	b, err := appendValue(b, h)
	if err != nil {
		return b, unsafeValue(name, err.Error())
	}
	if hasBreak(b[start:]) {
		return b, unsafeValue(name, "CR or LF")
	}
	if n := bytes.Count(b[start:], []byte{0}); n > 0 && n > strings.Count(displayName(h), "\x00") {
		return b, unsafeValue(name, "NUL")
	}
	return append(b, "\r\n"...), nil
}

func hasBreak(b []byte) bool {
	return bytes.IndexByte(b, '\n') >= 0 || bytes.IndexByte(b, '\r') >= 0
}

func displayName(h sip.Header) string {
	switch h := h.(type) {
	case *sip.FromHeader:
		return h.DisplayName
	case *sip.ToHeader:
		return h.DisplayName
	case *sip.ContactHeader:
		return h.DisplayName
	case *sip.ReferredByHeader:
		return h.DisplayName
	}
	return ""
}

// appendValue writes a header's value by its type.
func appendValue(b []byte, h sip.Header) ([]byte, error) {
	switch h := h.(type) {
	case *sip.ViaHeader:
		return checkedVia(b, h)
	case *sip.FromHeader:
		return appendAddress(b, h.DisplayName, &h.Address, h.Params)
	case *sip.ToHeader:
		return appendAddress(b, h.DisplayName, &h.Address, h.Params)
	case *sip.ContactHeader:
		if h.Address.Wildcard {
			return append(b, '*'), nil
		}
		return appendAddress(b, h.DisplayName, &h.Address, h.Params)
	case *sip.RouteHeader:
		return appendAddress(b, "", &h.Address, nil)
	case *sip.RecordRouteHeader:
		return appendAddress(b, "", &h.Address, nil)
	case *sip.ReferToHeader:
		return appendAddress(b, "", &h.Address, nil)
	case *sip.ReferredByHeader:
		return appendAddress(b, h.DisplayName, &h.Address, h.Params)
	case *sip.CallIDHeader:
		if !all(string(*h), visibleChar) {
			return b, flaw("no word")
		}
		return append(b, *h...), nil
	case *sip.CSeqHeader:
		if !all(string(h.MethodName), tokenChar) {
			return b, flaw("method is no token")
		}
		b = strconv.AppendUint(b, uint64(h.SeqNo), 10)
		return append(append(b, ' '), h.MethodName...), nil
	case *sip.MaxForwardsHeader:
		return strconv.AppendUint(b, uint64(*h), 10), nil
	case *sip.ExpiresHeader:
		return strconv.AppendUint(b, uint64(*h), 10), nil
	case *sip.ContentTypeHeader:
		return append(b, *h...), nil
	}
	return append(b, h.Value()...), nil
}

func checkedVia(b []byte, v *sip.ViaHeader) ([]byte, error) {
	for _, part := range [...]string{v.ProtocolName, v.ProtocolVersion, v.Transport} {
		if !all(part, tokenChar) {
			return b, flaw("protocol is no token")
		}
	}
	if !all(v.Host, uriChar) || strings.IndexAny(v.Host, ";,") >= 0 {
		return b, flaw("host " + excerpt(v.Host))
	}
	return appendVia(b, v), checkParams(v.Params)
}

func appendVia(b []byte, v *sip.ViaHeader) []byte {
	b = append(append(b, v.ProtocolName...), '/')
	b = append(append(b, v.ProtocolVersion...), '/')
	b = append(append(b, v.Transport...), ' ')
	b = appendHostPort(b, v.Host, v.Port)
	return appendParams(b, v.Params)
}

func appendHostPort(b []byte, host string, port int) []byte {
	if host != "" && host[0] != '[' && strings.IndexByte(host, ':') >= 0 {
		b = append(append(append(b, '['), host...), ']')
	} else {
		b = append(b, host...)
	}
	if port > 0 {
		b = strconv.AppendInt(append(b, ':'), int64(port), 10)
	}
	return b
}

func appendAddress(b []byte, name string, uri *sip.Uri, params sip.HeaderParams) ([]byte, error) {
	if name != "" {
		b = append(appendQuoted(b, name), ' ')
	}
	b = append(b, '<')
	at := len(b)
	b = appendURI(b, uri)
	if !safeURI(b[at:]) {
		return b, flaw("character that ends the URI")
	}
	return appendParams(append(b, '>'), params), checkParams(params)
}

// safeURI reports whether a written URI ends where it seems to.
func safeURI(b []byte) bool {
	for _, c := range b {
		if classes[c]&uriChar == 0 {
			return false
		}
	}
	return true
}

// AppendURI writes a URI to dst, without brackets.
func AppendURI(dst []byte, uri *sip.Uri) []byte { return appendURI(dst, uri) }

func appendURI(b []byte, u *sip.Uri) []byte {
	scheme := u.Scheme
	if scheme == "" {
		scheme = "sip"
	}
	b = append(append(b, scheme...), ':')
	if raw := u.Raw(); raw != "" {
		return append(b, raw...)
	}
	if u.User != "" {
		b = append(b, u.User...)
		if u.Password != "" {
			b = append(append(b, ':'), u.Password...)
		}
		b = append(b, '@')
	}
	b = appendHostPort(b, u.Host, u.Port)
	for _, kv := range u.UriParams {
		b = appendPair(append(b, ';'), kv)
	}
	for i, kv := range u.Headers {
		separator := byte('&')
		if i == 0 {
			separator = '?'
		}
		b = appendPair(append(b, separator), kv)
	}
	return b
}

func appendPair(b []byte, kv sip.HeaderKV) []byte {
	b = append(b, kv.K...)
	if kv.V != "" {
		b = append(append(b, '='), kv.V...)
	}
	return b
}

// appendParams writes header parameters. A value that is neither a quoted-string nor
// fit to stand without quotes is quoted.
func appendParams(b []byte, params sip.HeaderParams) []byte {
	for _, kv := range params {
		b = append(append(b, ';'), kv.K...)
		switch {
		case kv.V == "":
		case all(kv.V, valueChar) || kv.V[0] == '"' && quotedLen(kv.V) == len(kv.V):
			b = append(append(b, '='), kv.V...)
		default:
			b = appendQuoted(append(b, '='), kv.V)
		}
	}
	return b
}

func checkParams(params sip.HeaderParams) error {
	for _, kv := range params {
		if !all(kv.K, tokenChar) {
			return flaw("parameter name " + excerpt(kv.K) + " is no token")
		}
	}
	return nil
}
