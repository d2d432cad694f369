package resolve

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Type is a type of DNS records, with its number on the wire.
type Type uint16

// The types that are asked for.
const (
	// A is an IPv4 address, RFC 1035 section 3.4.1.
	A Type = 1
	// AAAA is an IPv6 address, RFC 3596.
	AAAA Type = 28
	// SRV is a server, RFC 2782.
	SRV Type = 33
	// NAPTR is a rule, RFC 3403 section 4.
	NAPTR Type = 35
)

var typeNames = map[Type]string{A: "A", AAAA: "AAAA", SRV: "SRV", NAPTR: "NAPTR"}

// String returns the type as zone files write it; RFC 3597 section 5 for another one.
func (t Type) String() string { return cmp.Or(typeNames[t], fmt.Sprintf("TYPE%d", uint16(t))) }

// Query is a question to the DNS in class IN. Queries are equal when they ask the same.
type Query struct {
	// Name is in lower case and without a dot at its end.
	Name string
	Type Type
}

// String returns the query as in "SRV _sip._udp.example.com".
func (q Query) String() string { return q.Type.String() + " " + q.Name }

// Outcome says what kind an answer is of.
type Outcome uint8

// The outcomes of a query.
const (
	// Found is an answer with records, or an alias.
	Found Outcome = iota
	// NoData says that the name exists without such records (RFC 2308 section 2.2).
	NoData
	// NoName says that the name does not exist (RFC 2308 section 2.1, NXDOMAIN).
	NoName
	// Failed says that no name server gave an answer.
	Failed
)

var outcomeNames = [...]string{"found", "no such record", "no such name", "failed"}

// String returns the outcome for logs.
func (o Outcome) String() string { return outcomeNames[min(o, Failed)] }

// Answer is what the DNS says to one query. Only the records of the query's type are
// set, and at most 32 of them: those to be tried first.
type Answer struct {
	Outcome Outcome
	// Pointers answer NAPTR.
	Pointers []Pointer
	// Servers answer SRV.
	Servers []Server
	// Addrs answer A and AAAA, in the order of the answer.
	Addrs []netip.Addr
	// Alias is the name to ask for instead, when the answer ends in a CNAME.
	Alias string
	// TTL is how long the answer holds; for a negative one it is that of RFC 2308
	// section 5, 0 when the answer has no SOA.
	TTL time.Duration
	// Err is why it failed.
	Err error
}

// Pointer is a NAPTR record, RFC 3403 section 4.1.
type Pointer struct {
	Order, Preference uint16
	// Flags is "s" when the replacement names SRV records.
	Flags string
	// Field is the record's services field, such as "SIP+D2U".
	Field string
	// Regexp is empty in every record that RFC 3263 uses.
	Regexp string
	// Replacement is a name in lower case, "" for ".".
	Replacement string
}

// Server is an SRV record, RFC 2782.
type Server struct {
	Priority, Weight, Port uint16
	// Target is a host in lower case; "" for ".", which says that there is no server.
	Target string
}

// Answers is what the DNS has said so far.
type Answers map[Query]Answer

// The longest name and label, RFC 1035 section 2.3.4.
const (
	maxName  = 253
	maxLabel = 63
)

// hostname brings a name into the form of [Query]: lower case, no dot at its end. It
// reports false for what no zone with SIP servers holds: RFC 1123 section 2.1 allows
// letters, digits and hyphens, RFC 2782 adds the underscore.
func hostname(s string) (string, bool) {
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > maxName {
		return "", false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel || strings.ContainsFunc(label, foreign) {
			return "", false
		}
	}
	return strings.ToLower(s), true
}

// foreign tells what no host name has in it.
func foreign(c rune) bool {
	letter := 'a' <= c|0x20 && c|0x20 <= 'z'
	digit := '0' <= c && c <= '9'
	return !letter && !digit && c != '-' && c != '_'
}
