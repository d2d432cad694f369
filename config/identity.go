package config

import (
	"slices"
	"strings"
)

// Diversion is the header in which a trunk is told by whom a call was forwarded.
type Diversion int

// The headers: Diversion (RFC 5806), which most carriers read, History-Info (RFC 7044),
// which an IMS reads, or both. With off the trunk is shown the user that forwards as
// the caller.
const (
	DiversionHeader Diversion = iota
	DiversionHistory
	DiversionBoth
	DiversionOff
)

var diversionNames = []string{
	DiversionHeader: "diversion", DiversionHistory: "history-info", DiversionBoth: "both", DiversionOff: "off",
}

// String gives the file's word.
func (d Diversion) String() string { return enumName(diversionNames, int(d)) }

// UnmarshalText reads diversion, history-info, both or off.
func (d *Diversion) UnmarshalText(text []byte) error { return setEnum(d, diversionNames, text) }

// protectedHeaders are those that the gateway writes or decides upon, in lower case:
// they say how a message travels, what is in it, who is who and what has been agreed.
// One that was passed on would contradict ours.
var protectedHeaders = []string{
	"accept", "accept-encoding", "accept-language", "allow", "allow-events", "authentication-info",
	"authorization", "call-id", "contact", "content-disposition", "content-encoding", "content-language",
	"content-length", "content-type", "cseq", "date", "diversion", "event", "expires", "from", "history-info",
	"max-breadth", "max-forwards", "mime-version", "min-expires", "min-se", "p-asserted-identity",
	"p-preferred-identity", "path", "privacy", "proxy-authenticate", "proxy-authentication-info",
	"proxy-authorization", "proxy-require", "rack", "reason", "record-route", "refer-to", "referred-by",
	"remote-party-id", "replaces", "require", "retry-after", "route", "rseq", "server", "service-route",
	"session-expires", "subscription-state", "supported", "target-dialog", "timestamp", "to", "unsupported",
	"user-agent", "via", "warning", "www-authenticate",
}

// checkPassHeaders refuses what is no header's name and what must not be passed on.
func (c *checker) checkPassHeaders(path string, names []string) {
	for i, name := range names {
		at := index(path+".pass_headers", i)
		prefix, pattern := strings.CutSuffix(name, "*")
		switch {
		case prefix == "" || strings.Trim(prefix, letters+digits+"-.!%_`'~+") != "":
			c.report(at, "%q is no header name: write one such as X-Account", name)
		case len(name) == 1:
			c.report(at, "%s is a header's short form: write its whole name", name)
		case pattern && !strings.HasPrefix(strings.ToUpper(prefix), "X-"):
			c.report(at, "%s may stand for headers that the gateway writes itself: * is for names that begin with X-", name)
		case slices.Contains(protectedHeaders, strings.ToLower(name)):
			c.report(at, "%s is written by the gateway itself and cannot be passed on: remove it", name)
		case slices.ContainsFunc(names[:i], func(other string) bool { return strings.EqualFold(other, name) }):
			c.report(at, "%s is listed twice: remove one", name)
		}
	}
}
