package dialplan

import (
	"slices"
	"strings"
)

// wish says what a user asked to show.
type wish uint8

const (
	wishNothing wish = iota // no request: its first caller ID, or its name
	wishOwn                 // one of its caller IDs
	wishForeign             // something that is not its own
)

// caller is who calls and what that party may be shown as.
type caller struct {
	user      *User // nil when the call comes from a trunk
	callerIDs []Number
	wish      wish
	asked     identity // what was asked for, or what a trunk said
	display   string
	private   bool
	vouched   vouched
}

// vouched says whose word it is that a caller is who it is shown as.
type vouched uint8

const (
	// vouchedHere is our own: the user has authenticated. A trusted trunk's is as
	// good.
	vouchedHere vouched = iota
	// vouchedNowhere is nobody's that we know.
	vouchedNowhere
)

// identity is the URI of a From or identity header, read.
type identity struct {
	number    Number // empty when it is none
	user      string // user part, %-escapes resolved
	raw       string // user part as written; empty when it cannot be written again
	numeric   bool   // meant as a number, if perhaps not one
	anonymous bool
}

// identity reads a URI in an identity header, from the cache if it can.
func (p *Plan) identity(uri string, by spelling) identity {
	if id, ok := p.identities.get(uri, by); ok {
		return id
	}
	uri = strings.Clone(uri)
	id := p.readIdentity(uri, by)
	p.identities.put(uri, by, id)
	return id
}

func (p *Plan) readIdentity(uri string, by spelling) identity {
	a := parseAddress(uri)
	id := identity{user: a.user, anonymous: anonymous(a)}
	if writableUser(a.raw) {
		id.raw = a.raw
	}
	digits, ok := dialString(a.user)
	id.numeric = a.phone || ok && digits[0] == '+'
	if number, refusal := p.readNumber(a, digits, ok, by); refusal == nil && !id.anonymous {
		id.number = number
	}
	return id
}

// anonymous knows a From that its sender has emptied, by RFC 3323 s4.1.1.3 to
// "Anonymous" <sip:anonymous@anonymous.invalid>. Other hosts are in use too:
// gateways keep their own domain.
func anonymous(a address) bool {
	return a.host == AnonymousHost || strings.EqualFold(a.user, "anonymous")
}

// wantsPrivacy reads a Privacy header.
//
// RFC 3323 s4.2: priv-value = "header" / "session" / "user" / "none" / "critical";
// RFC 3325 s9.3 adds "id". Session is what a gateway that relays the media does
// anyway. None only forbids what somebody else would add; it does not make a
// caller known that is anonymous in From.
func wantsPrivacy(header string) bool {
	for value := range strings.FieldsFuncSeq(header, func(r rune) bool {
		return r == ';' || r == ',' || r == ' ' || r == '\t'
	}) {
		switch strings.ToLower(value) {
		case "id", "user", "header":
			return true
		}
	}
	return false
}

// callerOf reads who calls. A user that the plan does not know has no caller IDs
// and is shown by its name; Decide refuses it unless the call is an emergency.
func (p *Plan) callerOf(r *Request) caller {
	c := caller{private: wantsPrivacy(r.Privacy), display: r.FromDisplay}
	if r.Origin.Kind == PartyTrunk {
		p.readAsserted(&c, r)
	} else {
		p.readPreferred(&c, r)
	}
	c.display = printable(c.display)
	if c.private && strings.EqualFold(c.display, "anonymous") {
		c.display = ""
	}
	return c
}

// readAsserted takes a trunk's word for its caller.
//
// RFC 3325 s5: "If the proxy receives a message ... from a node that it trusts,
// it can use the information in the P-Asserted-Identity header field, if any, as
// if it had authenticated the user itself."
func (p *Plan) readAsserted(c *caller, r *Request) {
	from := p.identity(r.FromURI, carried)
	c.private = c.private || from.anonymous
	if !from.anonymous {
		c.asked = from
	}
	if t := p.trunks[r.Origin.Name]; t == nil || !t.Trusted {
		c.vouched = vouchedNowhere
		return
	}
	if id, display, ok := p.asserted(r.AssertedIdentity); ok {
		if c.asked = id; display != "" {
			c.display = display
		}
	}
}

// asserted reads a P-Asserted-Identity; not ok when it names nobody.
//
// RFC 3325 s9.1: "There may be one or two P-Asserted-Identity values", a sip and a
// tel URI. The one that is a number says more.
func (p *Plan) asserted(header string) (id identity, display string, ok bool) {
	for _, v := range parseNameAddrs(header) {
		next := p.identity(v.uri, carried)
		if next.anonymous || ok && (id.number != "" || next.number == "") {
			continue
		}
		if id, ok = next, true; v.display != "" {
			display = v.display
		}
	}
	return id, display, ok
}

// readPreferred reads what a user asks to be shown as: P-Preferred-Identity,
// else a number in From.
//
// RFC 3325 s6: "If a P-Preferred-Identity header field is present in the message
// that a proxy receives from an entity that it does not trust, the proxy MAY use
// this information as a hint suggesting which of multiple valid identities for
// the authenticated user should be asserted."
func (p *Plan) readPreferred(c *caller, r *Request) {
	u := p.users[r.Origin.Name]
	if u == nil {
		u = &User{Name: r.Origin.Name}
	}
	c.user, c.callerIDs = u, p.callerIDs[u.Name]
	for _, v := range parseNameAddrs(r.PreferredIdentity) {
		id := p.identity(v.uri, typed)
		switch {
		case id.anonymous:
			c.private = true
		case c.wish == wishOwn:
		case id.number != "" && slices.Contains(c.callerIDs, id.number):
			c.wish, c.asked = wishOwn, id
		case id.user != u.Name:
			c.wish, c.asked = wishForeign, id
		}
	}
	from := p.identity(r.FromURI, typed)
	c.private = c.private || from.anonymous
	if r.PreferredIdentity == "" && !from.anonymous {
		p.readFrom(c, from)
	}
}

// readFrom takes a number in From as a request. The user's own name is none,
// even if it is made of digits, nor is another name: From is rewritten anyway.
func (p *Plan) readFrom(c *caller, from identity) {
	switch {
	case from.user == c.user.Name:
	case from.number != "" && slices.Contains(c.callerIDs, from.number):
		c.wish, c.asked = wishOwn, from
	case from.number != "" || from.numeric:
		c.wish, c.asked = wishForeign, from
	}
}

// shown is what a trunk with the given policy, or a user of ours when inside, is
// told. It is not ok when the policy forbids what was asked for.
func (c *caller) shown(override Number, policy CallerIDPolicy, inside bool) (s Shown, ok bool) {
	s = Shown{Display: c.display, Private: c.private}
	switch {
	case override != "":
		s.Number = override
	case c.user == nil:
		s.Number, s.User, s.Unverified = c.asked.number, c.asked.raw, c.vouched == vouchedNowhere
		return s, true
	case c.wish == wishOwn:
		s.Number = c.asked.number
	case c.wish == wishForeign && policy == CallerIDRefuse:
		return Shown{}, false
	case len(c.callerIDs) > 0 && !inside:
		s.Number = c.callerIDs[0]
	default:
		s.User = c.user.Name
		return s, true
	}
	s.User = string(s.Number)
	return s, true
}

// refuseCallerID says that c asked for what is not its own, but not what is.
func (p *Plan) refuseCallerID(c *caller) *Refusal {
	return p.forbidden("caller ID %s is not one of the %d that %s may show",
		quoted(c.asked.user), len(c.callerIDs), quoted(c.user.Name))
}
