package refer

import (
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/wire"
)

// Target is whom a REFER asks to call: the value of Refer-To (RFC 3515 s2.1) taken apart.
type Target struct {
	// Display is plain text. It proves nothing (RFC 3515 s5.2).
	Display string
	// URI is what is to be called: without headers and without a method.
	URI string
	// Scheme is sip, sips or tel.
	Scheme string
	// User and Host are those of a sip or sips URI; the user is unescaped.
	User, Host string
	// Number is the telephone number of a tel URI (RFC 3966), or of a user=phone one
	// (RFC 3261 s19.1.6), without separators; "" when it is none.
	Number string
	// Context is the phone-context of the number: a domain, or a prefix with its "+".
	Context string
	// Replaces is the dialog that the INVITE shall replace (RFC 5589 s7), nil for none.
	Replaces *Replaces
	// Join is the dialog that the INVITE shall join (RFC 3911), nil for none.
	Join *Join
	// Require are the option tags that the INVITE shall require, in lower case.
	Require []string
	// Headers are others for the INVITE, of the harmless ones, unescaped.
	Headers []Header
}

// harmless are the headers that a Refer-To may bring into an INVITE. RFC 3261 s19.1.5: "An
// implementation SHOULD NOT honor these obviously dangerous header fields: From, Call-ID,
// CSeq, Via, and Record-Route", nor "any requested Route header field values", nor those
// that "may cause it to falsely advertise its location or capabilities". What is left
// says how to choose among the target's phones, or what the call is about.
var harmless = map[string]bool{
	"Accept-Contact":      true, // RFC 3841
	"Reject-Contact":      true, // RFC 3841
	"Request-Disposition": true, // RFC 3841
	"Subject":             true, // RFC 3261 s20.36
	"User-to-User":        true, // RFC 7433
}

// ParseTarget reads the value of a Refer-To header. A Refusal is what a REFER with it gets:
// 400 when it is broken, 416 for a scheme that cannot be called, 603 for a method that is
// not INVITE.
func ParseTarget(value string) (Target, *Refusal) {
	a, err := wire.ParseNameAddr(value)
	if err != nil {
		return Target{}, bad("Refer-To", err.Error())
	}
	return targetOf(a)
}

// readTarget gives the Refer-To of a request. RFC 3515 s2.4.2: "An agent responding to a
// REFER method MUST return a 400 (Bad Request) if the request contained zero or more than
// one Refer-To header field values."
func readTarget(req *sip.Request) (Target, *Refusal) {
	list, err := wire.Addresses(req, "Refer-To")
	switch {
	case err != nil:
		return Target{}, &Refusal{Status: 400, Phrase: oneLine(err.Error())}
	case len(list) == 0:
		return Target{}, &Refusal{Status: 400, Phrase: "Missing Refer-To"}
	case len(list) > 1:
		return Target{}, bad("Refer-To", "more than one")
	}
	return targetOf(list[0])
}

func targetOf(a wire.NameAddr) (Target, *Refusal) {
	u := a.URI
	t := Target{Display: a.DisplayName, Scheme: u.Scheme}
	switch u.Scheme {
	case "sip", "sips":
		if r := t.takeSIP(&u); r != nil {
			return Target{}, r
		}
	case "tel":
		if !t.takeTel(string(wire.AppendURI(nil, &u))) {
			return Target{}, bad("Refer-To", "no telephone number in the tel URI")
		}
	default:
		// RFC 3515 s2.4.2: "A UA not capable of accessing non-SIP URIs SHOULD NOT accept
		// REFER requests to them."
		return Target{}, &Refusal{Status: 416, Phrase: "Unsupported Scheme In Refer-To"}
	}
	return t, nil
}

// takeSIP takes a sip or sips URI apart.
func (t *Target) takeSIP(u *sip.Uri) *Refusal {
	method, given := wire.Param(u.UriParams, "method")
	if given && !strings.EqualFold(method, "INVITE") {
		return &Refusal{Status: 603, Phrase: "Only INVITE Is Referred To"}
	}
	for _, h := range u.Headers {
		if r := t.takeHeader(wire.CanonicalName(wire.Unescape(h.K)), wire.Unescape(h.V)); r != nil {
			return r
		}
	}
	bare := *u
	bare.Headers, bare.UriParams = nil, nil
	for _, p := range u.UriParams {
		if p.K != "method" {
			bare.UriParams = append(bare.UriParams, p)
		}
	}
	if t.Join != nil && t.Replaces != nil {
		// RFC 3911 s4: an INVITE with both is to be rejected.
		return bad("Refer-To", "Join and Replaces, which contradict each other")
	}
	t.URI, t.User, t.Host = string(wire.AppendURI(nil, &bare)), wire.Unescape(u.User), u.Host
	if kind, _ := wire.Param(u.UriParams, "user"); strings.EqualFold(kind, "phone") {
		t.takeNumber(t.User)
	}
	return nil
}

// takeHeader takes one header of the URI.
func (t *Target) takeHeader(name, value string) *Refusal {
	switch {
	case name == "Replaces" && t.Replaces != nil:
		return bad("Refer-To", "more than one Replaces")
	case name == "Replaces":
		r, err := ParseReplaces(value)
		if err != nil {
			return bad("Replaces in Refer-To", err.Error())
		}
		t.Replaces = &r
	case name == "Join" && t.Join != nil:
		return bad("Refer-To", "more than one Join")
	case name == "Join":
		j, err := ParseJoin(value)
		if err != nil {
			return bad("Join in Refer-To", err.Error())
		}
		t.Join = &j
	case name == "Require":
		return t.takeRequire(value)
	case harmless[name] && onLine(value):
		t.Headers = append(t.Headers, Header{strings.Clone(name), strings.Clone(value)})
	}
	return nil
}

func (t *Target) takeRequire(value string) *Refusal {
	for tag := range strings.SplitSeq(value, ",") {
		tag = strings.ToLower(strings.TrimSpace(tag))
		if !only(tag, tokenChars) {
			return bad("Require in Refer-To", "no option tag")
		}
		t.Require = append(t.Require, tag)
	}
	return nil
}

// takeTel takes a tel URI apart.
func (t *Target) takeTel(uri string) bool {
	t.URI = uri
	return t.takeNumber(uri[len("tel:"):])
}

// takeNumber takes a telephone-subscriber, RFC 3966 s3: a number with parameters.
func (t *Target) takeNumber(subscriber string) bool {
	number, rest, _ := strings.Cut(subscriber, ";")
	number = digits(number)
	if number == "" {
		return false
	}
	t.Number = number
	for param := range strings.SplitSeq(rest, ";") {
		if name, value, _ := strings.Cut(param, "="); strings.EqualFold(name, "phone-context") {
			t.Context = strings.Clone(value)
		}
	}
	return true
}

// digits gives a number without its visual separators, "" when it is none. RFC 3966 s3: a
// global number is "+" and digits; a local one may have letters to F, "*" and "#".
func digits(s string) string {
	plus := strings.HasPrefix(s, "+")
	s = strings.NewReplacer("-", "", ".", "", "(", "", ")", "").Replace(strings.TrimPrefix(s, "+"))
	switch {
	case plus && only(s, "0123456789"):
		return "+" + s
	case !plus && only(s, "0123456789ABCDEFabcdef*#") && strings.ContainsAny(s, "0123456789*#"):
		return s
	}
	return ""
}

// Value writes the header's value from Display, URI, Replaces, Join, Require and Headers; the
// rest is of reading. The error wraps ErrUnsafe.
func (t Target) Value() (string, error) {
	headers, err := t.headers()
	if err != nil {
		return "", err
	}
	return nameAddr("Refer-To", t.Display, t.URI, headers)
}

// headers writes the headers of the URI, from their question mark; "" for none.
func (t Target) headers() (string, error) {
	var pairs []string
	if t.Replaces != nil {
		value, err := t.Replaces.Value()
		if err != nil {
			return "", err
		}
		pairs = append(pairs, "Replaces="+escape(value))
	}
	if t.Join != nil {
		value, err := t.Join.Value()
		if err != nil {
			return "", err
		}
		pairs = append(pairs, "Join="+escape(value))
	}
	if len(t.Require) > 0 {
		pairs = append(pairs, "Require="+escape(strings.Join(t.Require, ",")))
	}
	for _, h := range t.Headers {
		if !only(h.Name, tokenChars) || !onLine(h.Value) {
			return "", unsafe("Refer-To", "header "+h.Name, h.Value)
		}
		pairs = append(pairs, escape(h.Name)+"="+escape(h.Value))
	}
	if len(pairs) == 0 {
		return "", nil
	}
	return "?" + strings.Join(pairs, "&"), nil
}
