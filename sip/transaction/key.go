package transaction

import (
	"strconv"
	"strings"
)

// Cookie begins every branch that is unique to its transaction: "the branch ID
// inserted by an element compliant with this specification MUST always begin with the
// characters 'z9hG4bK'" (RFC 3261 section 8.1.1.7).
const Cookie = "z9hG4bK"

// HasCookie reports whether a branch was made by an RFC 3261 element. Parameter values
// are compared without case (section 7.3.1); a branch that is only the cookie names no
// transaction and counts as none.
func HasCookie(branch string) bool {
	return len(branch) > len(Cookie) && strings.EqualFold(branch[:len(Cookie)], Cookie)
}

// Branch makes a branch parameter from 128 bits that the caller took from a random
// source: it must be "unique across space and time" (section 8.1.1.7).
func Branch(hi, lo uint64) string {
	b := make([]byte, 0, len(Cookie)+26)
	b = append(b, Cookie...)
	b = strconv.AppendUint(b, hi, 36)
	b = append(b, '.') // without it, two pairs could give one text
	b = strconv.AppendUint(b, lo, 36)
	return string(b)
}

// ServerKey names a server transaction by what its requests share: RFC 3261 section
// 17.2.3. Two requests are of one transaction when their keys are equal (==).
type ServerKey struct {
	Branch string // the top Via's branch, or for RFC 2543 the fields it matched by
	Host   string // the top Via's sent-by host, in lower case
	Port   uint16 // the top Via's sent-by port, 0 when it has none
	Method string // the request's method, INVITE for an ACK
}

// NewServerKey returns the key of a request by its method and its top Via: "1. the
// branch parameter in the request is the same as the one in the top Via header field
// of the request that created the transaction, and 2. the sent-by value in the top Via
// of the request is equal to the one in the request that created the transaction, and
// 3. the method of the request matches the one that created the transaction, except
// for ACK, where the method of the request that created the transaction is INVITE."
// A branch without the cookie needs [NewLegacyKey].
func NewServerKey(method, branch, host string, port uint16) ServerKey {
	return ServerKey{Branch: branch, Host: strings.ToLower(host), Port: port, Method: creator(method)}
}

// Cancelled returns the key of the INVITE that a CANCEL with key k is about: it is
// found "assuming that the method is anything but CANCEL or ACK" (section 9.2).
func (k ServerKey) Cancelled() ServerKey {
	k.Method = "INVITE"
	return k
}

// Legacy is what an RFC 2543 request is matched by: section 17.2.3, second half.
type Legacy struct {
	RequestURI string
	ToTag      string
	FromTag    string
	CallID     string
	CSeq       uint32
	Via        string // the whole top Via value
}

// NewLegacyKey returns the key of a request whose branch lacks the cookie. The To tag
// does not count for INVITE and ACK: the ACK carries the tag of the response, which
// the INVITE did not, and the CSeq number already tells a re-INVITE from its INVITE.
func NewLegacyKey(method string, r Legacy) ServerKey {
	method = creator(method)
	if method == "INVITE" || method == "CANCEL" {
		r.ToTag = ""
	}
	// The first byte cannot begin a branch, and no SIP value has a NUL.
	fields := []string{"", r.RequestURI, r.ToTag, r.FromTag, r.CallID, strconv.FormatUint(uint64(r.CSeq), 10), r.Via}
	return ServerKey{Branch: strings.Join(fields, "\x00"), Method: method}
}

func creator(method string) string {
	if method == "ACK" {
		return "INVITE"
	}
	return method
}

// ClientKey names a client transaction by what its responses carry: RFC 3261 section
// 17.1.3. A response belongs to it when its key is equal (==).
type ClientKey struct {
	Branch string // the top Via's branch
	Method string // the CSeq's method
}

// NewClientKey returns the key of a response: "the response has the same value of the
// branch parameter in the top Via header field as the branch parameter in the top Via
// header field of the request that created the transaction" and "the method parameter
// in the CSeq header field matches the method of the request that created the
// transaction". A CANCEL shares its INVITE's branch, so both parts count.
func NewClientKey(branch, method string) ClientKey { return ClientKey{Branch: branch, Method: method} }
