package dialplan

import (
	"slices"
	"strconv"
	"strings"
)

// Reason says why a call was diverted; the words are those of RFC 5806 s4.
type Reason uint8

// The reasons. The first four after ReasonUnknown are what a user can set.
const (
	// ReasonUnknown is any other, or none that was told.
	ReasonUnknown Reason = iota
	// ReasonUnconditional diverts every call.
	ReasonUnconditional
	// ReasonBusy diverts what the user is too busy for.
	ReasonBusy
	// ReasonNoAnswer diverts what the user does not answer.
	ReasonNoAnswer
	// ReasonUnavailable diverts while no phone of the user can be reached.
	ReasonUnavailable
	// ReasonDeflection is a call that the user sent elsewhere by hand.
	ReasonDeflection
	// ReasonTimeOfDay is a call outside of office hours.
	ReasonTimeOfDay
	// ReasonDoNotDisturb is a user who wants no calls now.
	ReasonDoNotDisturb
	// ReasonFollowMe is a user who is somewhere else.
	ReasonFollowMe
	// ReasonOutOfService is a line that does not work.
	ReasonOutOfService
	// ReasonAway is a user who is not there.
	ReasonAway
)

// reasonNames are the tokens of RFC 5806's diversion-reason, by value.
var reasonNames = []string{
	ReasonUnknown: "unknown", ReasonUnconditional: "unconditional", ReasonBusy: "user-busy",
	ReasonNoAnswer: "no-answer", ReasonUnavailable: "unavailable", ReasonDeflection: "deflection",
	ReasonTimeOfDay: "time-of-day", ReasonDoNotDisturb: "do-not-disturb", ReasonFollowMe: "follow-me",
	ReasonOutOfService: "out-of-service", ReasonAway: "away",
}

// String gives the token of a Diversion header.
func (r Reason) String() string { return nameOf(reasonNames, int(r)) }

// Cause is the reason in a History-Info header: the cause parameter of RFC 4458,
// as RFC 7544 s5 maps it. Its 404 stands for all that have no number of their own.
func (r Reason) Cause() int {
	switch r {
	case ReasonUnconditional:
		return 302
	case ReasonBusy:
		return 486
	case ReasonNoAnswer:
		return 408
	case ReasonUnavailable:
		return 503
	case ReasonDeflection:
		return 480
	}
	return 404
}

// reasonOf reads the cause of a History-Info entry, RFC 7544 s6. 487 is a
// deflection while the phone rings.
func reasonOf(cause string) Reason {
	switch cause {
	case "302":
		return ReasonUnconditional
	case "486":
		return ReasonBusy
	case "408":
		return ReasonNoAnswer
	case "503":
		return ReasonUnavailable
	case "480", "487":
		return ReasonDeflection
	}
	return ReasonUnknown
}

// reasonNamed reads a token of a Diversion header.
func reasonNamed(token string) Reason {
	i := slices.IndexFunc(reasonNames, func(name string) bool { return strings.EqualFold(name, token) })
	return Reason(max(i, 0))
}

// Diversion is one way that a call has taken past somebody who was called and did
// not take it.
//
// RFC 5806 s5: "The Diversion header MUST contain the Request-URI of the request
// prior to the diversion."
type Diversion struct {
	// By is our user that diverted the call; empty for what others did before it
	// came to us.
	By string
	// User is who was called, as the user part of a URI of ours: an E.164 number, or
	// By. Empty for what others did.
	User string
	// URI is who was called, as others have written it; empty for what we did, for
	// what the peer must not know, and where it is longer than 256 bytes.
	URI string
	// Display is the display name, unquoted and printable; may be empty.
	Display string
	Reason  Reason
	// Private says that who was called does not want to be known.
	Private bool
	// Count is how many diversions it stands for, 1 or more.
	Count int
}

// anonymous is the diversion without who it was, for peers that must not know.
func (d Diversion) anonymous() Diversion {
	return Diversion{Reason: d.Reason, Private: true, Count: d.Count}
}

// DiversionStyle says in which header a trunk is told of diversions.
type DiversionStyle uint8

const (
	// DiversionHeader is Diversion (RFC 5806), "diversion": what most carriers read.
	DiversionHeader DiversionStyle = iota
	// DiversionHistory is History-Info (RFC 7044), "history-info": what an IMS reads.
	DiversionHistory
	// DiversionBoth writes the two, "both".
	DiversionBoth
	// DiversionOff writes none, "off". A forwarded call is then shown as a call of
	// the user that forwards it.
	DiversionOff
)

var diversionStyleNames = []string{
	DiversionHeader: "diversion", DiversionHistory: "history-info", DiversionBoth: "both", DiversionOff: "off",
}

// String gives the spelling in a configuration.
func (s DiversionStyle) String() string { return nameOf(diversionStyleNames, int(s)) }

// MarshalText gives the spelling in a configuration.
func (s DiversionStyle) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads "diversion", "history-info", "both" or "off"; anything else is
// an error that lists them.
func (s *DiversionStyle) UnmarshalText(text []byte) error {
	i, err := valueOf(diversionStyleNames, string(text))
	*s = DiversionStyle(i)
	return err
}

// maxHistory bounds the entries that are read of a peer's headers.
const maxHistory = 16

// history reads the diversions that a request has come by, oldest first. Where both
// headers are there, the one that tells more is taken: a proxy that knows only one
// of them adds to that one only.
func history(r *Request) []Diversion {
	if r.Diversion == "" && r.HistoryInfo == "" {
		return nil
	}
	all := wantsHistoryPrivacy(r.Privacy)
	one, other := readDiversion(r.Diversion, all), readHistoryInfo(r.HistoryInfo, all)
	if count(other) > count(one) {
		return other
	}
	return one
}

// count is how many diversions a history stands for.
func count(list []Diversion) (n int) {
	for _, d := range list {
		n += d.Count
	}
	return n
}

// readDiversion reads a Diversion header, whose first value is the last diversion
// (RFC 5806 s5).
func readDiversion(header string, private bool) (list []Diversion) {
	for _, v := range parseNameAddrs(header) {
		d := Diversion{
			URI: bounded(withoutHeaders(v.uri)), Display: shorten(v.display),
			Reason: reasonNamed(unquote(param(v.params, "reason"))), Count: 1,
		}
		// RFC 5806 s4: privacy is "full", "name", "uri" or "off".
		p := unquote(param(v.params, "privacy"))
		d.Private = private || p != "" && !strings.EqualFold(p, "off")
		if n, err := strconv.Atoi(param(v.params, "counter")); err == nil && n > 1 {
			d.Count = min(n, maxCount)
		}
		if list = append(list, d); len(list) == maxHistory {
			break
		}
	}
	slices.Reverse(list)
	return list
}

// maxCount bounds what one entry may say that it stands for: RFC 5806 s4 gives it
// two digits.
const maxCount = 99

// entry is one hi-entry of a History-Info.
type entry struct {
	uri, index, mapped, cause, reason string
	private                           bool
}

// readHistoryInfo reads a History-Info header as diversions: each entry that was
// targeted because another one's call was diverted makes one of that other one.
// RFC 7044 s5: "mp" names the entry whose target was mapped to another user; before
// there was "mp", the cause parameter of RFC 4458 alone told it. An entry with
// neither is a step on the way to the same user.
func readHistoryInfo(header string, private bool) (list []Diversion) {
	values := parseNameAddrs(header)
	entries := make([]entry, 0, min(len(values), maxHistory))
	for _, v := range values[:min(len(values), maxHistory)] {
		entries = append(entries, readEntry(v))
	}
	for i, e := range entries {
		if i == 0 || e.mapped == "" && e.cause == "" {
			continue
		}
		from := entries[parentOf(entries[:i], e)]
		reason := reasonOf(e.cause)
		if e.cause == "" {
			reason = reasonOf(from.reason)
		}
		list = append(list, Diversion{URI: from.uri, Reason: reason, Private: private || from.private, Count: 1})
	}
	return list
}

// parentOf finds among those before it the entry that e was diverted from: the one
// that it names, the one above its index, or else the one before it.
func parentOf(before []entry, e entry) int {
	above := e.mapped
	if above == "" {
		above = e.index[:max(strings.LastIndexByte(e.index, '.'), 0)]
	}
	i := slices.IndexFunc(before, func(b entry) bool { return b.index == above && above != "" })
	if i < 0 {
		return len(before) - 1
	}
	return i
}

// readEntry reads one hi-entry. RFC 7044 s5: its reason and its privacy are escaped
// headers of its URI.
func readEntry(v nameAddr) entry {
	uri, headers, _ := strings.Cut(v.uri, "?")
	_, params, _ := strings.Cut(uri, ";")
	e := entry{
		uri: bounded(withoutCause(uri)), index: param(v.params, "index"), mapped: param(v.params, "mp"), cause: param(params, "cause"),
	}
	for header := range strings.SplitSeq(headers, "&") {
		name, value, _ := strings.Cut(header, "=")
		switch value = unescape(value); {
		case strings.EqualFold(name, "privacy"):
			e.private = wantsHistoryPrivacy(value)
		case strings.EqualFold(name, "reason"):
			protocol, rest, _ := strings.Cut(value, ";")
			if strings.EqualFold(strings.TrimSpace(protocol), "sip") {
				e.reason = param(rest, "cause")
			}
		}
	}
	return e
}

// wantsHistoryPrivacy reads a Privacy header for what it says of the history.
// RFC 7044 s10.1: a priv-value of "history" or "header" hides it; RFC 3323 s4.2 has
// "user" hide what tells of a person.
func wantsHistoryPrivacy(header string) bool {
	for value := range strings.FieldsFuncSeq(header, func(r rune) bool {
		return r == ';' || r == ',' || r == ' ' || r == '\t'
	}) {
		if strings.EqualFold(value, "history") || strings.EqualFold(value, "header") {
			return true
		}
	}
	return false
}

// bounded drops a URI that is too long to be anybody's: it would be written into
// each INVITE of the call.
func bounded(uri string) string {
	if len(uri) > longestDialled {
		return ""
	}
	return uri
}

func withoutHeaders(uri string) string {
	uri, _, _ = strings.Cut(uri, "?")
	return uri
}

// withoutCause takes the cause parameter away, which says why this one was called
// and is not part of who it is.
func withoutCause(uri string) string {
	parts := strings.Split(uri, ";")
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool {
		name, _, assigned := strings.Cut(part, "=")
		return assigned && strings.EqualFold(name, "cause")
	}), ";")
}
