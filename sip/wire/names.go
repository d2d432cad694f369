package wire

import "strings"

// A field is a header that Parse looks into; all others are fieldOther.
type field uint8

const (
	fieldOther field = iota
	fieldVia
	fieldFrom
	fieldTo
	fieldCallID
	fieldCSeq
	fieldMaxForwards
	fieldContentLength
	fieldContentType
	fieldContact
	fieldRoute
	fieldRecordRoute
	fieldDate
)

type nameEntry struct {
	name  string
	field field
}

// examined lists the headers that Parse looks into.
var examined = map[string]field{
	"Via": fieldVia, "From": fieldFrom, "To": fieldTo, "Call-ID": fieldCallID,
	"CSeq": fieldCSeq, "Max-Forwards": fieldMaxForwards,
	"Content-Length": fieldContentLength, "Content-Type": fieldContentType,
	"Contact": fieldContact, "Route": fieldRoute, "Record-Route": fieldRecordRoute,
	"Date": fieldDate,
}

// compact is RFC 3261 s7.3.3 with the letters that IANA registered since.
var compact = map[string]string{
	"a": "Accept-Contact", "b": "Referred-By", "c": "Content-Type",
	"d": "Request-Disposition", "e": "Content-Encoding", "f": "From",
	"i": "Call-ID", "j": "Reject-Contact", "k": "Supported",
	"l": "Content-Length", "m": "Contact", "n": "Identity-Info", "o": "Event",
	"r": "Refer-To", "s": "Subject", "t": "To", "u": "Allow-Events", "v": "Via",
	"x": "Session-Expires", "y": "Identity",
}

// canonical lists further known names in their registered spelling.
var canonical = []string{
	"Accept", "Accept-Encoding", "Accept-Language", "Alert-Info", "Allow",
	"Answer-Mode", "Authentication-Info", "Authorization", "Call-Info",
	"Content-Disposition", "Content-ID", "Content-Language", "Diversion",
	"Error-Info", "Expires", "Flow-Timer", "Geolocation", "History-Info",
	"In-Reply-To", "Info-Package", "Join", "MIME-Version", "Min-Expires", "Min-SE",
	"Organization", "P-Access-Network-Info", "P-Asserted-Identity",
	"P-Called-Party-ID", "P-Charging-Vector", "P-Early-Media",
	"P-Preferred-Identity", "Path", "Priority", "Privacy", "Proxy-Authenticate",
	"Proxy-Authorization", "Proxy-Require", "RAck", "RSeq", "Reason", "Recv-Info",
	"Refer-Sub", "Remote-Party-ID", "Replaces", "Reply-To", "Require",
	"Retry-After", "SIP-ETag", "SIP-If-Match", "Security-Client",
	"Security-Server", "Security-Verify", "Server", "Service-Route",
	"Subscription-State", "Target-Dialog", "Timestamp", "Unsupported",
	"User-Agent", "User-to-User", "WWW-Authenticate", "Warning",
}

// names finds a header by its registered spelling, lower case or compact form.
var names = nameTable()

func nameTable() map[string]nameEntry {
	t := make(map[string]nameEntry, 256)
	put := func(name string) {
		e := nameEntry{name, examined[name]}
		t[name], t[strings.ToLower(name)] = e, e
	}
	for _, name := range canonical {
		put(name)
	}
	for name := range examined {
		put(name)
	}
	for letter, name := range compact {
		put(name)
		t[letter], t[strings.ToUpper(letter)] = t[name], t[name]
	}
	return t
}

// longestName is the length of the longest name that can be in names.
const longestName = 32

// lookup finds a header by any spelling of its name; an unknown one keeps its own.
func lookup(name string) nameEntry {
	if e, ok := names[name]; ok {
		return e
	}
	if len(name) > longestName {
		return nameEntry{name: name}
	}
	var folded [longestName]byte
	for i := 0; i < len(name); i++ {
		folded[i] = lowerByte(name[i])
	}
	if e, ok := names[string(folded[:len(name)])]; ok {
		return e
	}
	return nameEntry{name: name}
}

// CanonicalName returns a header's long name in its registered spelling, for any
// spelling or compact form of it (RFC 3261 s7.3.1: "field names are always
// case-insensitive"; s7.3.3). A name it does not know is returned unchanged.
func CanonicalName(name string) string { return lookup(name).name }
