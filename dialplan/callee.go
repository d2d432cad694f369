package dialplan

import (
	"slices"
	"strings"
)

// calleeKind says what a Request-URI asks for.
type calleeKind uint8

const (
	calleeNone      calleeKind = iota // nothing: see callee.refusal
	calleeNumber                      // a phone number
	calleeUser                        // a user of ours by name
	calleeEmergency                   // an emergency service
)

// callee is a Request-URI, read.
type callee struct {
	kind    calleeKind
	dialled string   // the user part as typed, or the URN
	number  Number   // calleeNumber
	user    *User    // calleeUser
	digits  string   // calleeEmergency: what a trunk is to dial
	service string   // calleeEmergency: the URN, if one was dialled
	refusal *Refusal // calleeNone
}

// longestDialled bounds, in bytes, what is repeated in records.
const longestDialled = 256

// callee reads a Request-URI or dialled string, from the cache if it can.
func (p *Plan) callee(text string, by spelling) callee {
	if c, ok := p.callees.get(text, by); ok {
		return c
	}
	text = strings.Clone(text)
	c := p.readCallee(text, by)
	p.callees.put(text, by, c)
	return c
}

// shorten cuts text to longestDialled and makes it printable.
func shorten(text string) string {
	return printable(strings.ToValidUTF8(text[:min(len(text), longestDialled)], ""))
}

func (p *Plan) readCallee(text string, by spelling) callee {
	a := parseAddress(text)
	if a.scheme == "urn" {
		return p.readURN(a)
	}
	c := callee{dialled: shorten(a.user)}
	digits, ok := dialString(a.user)
	if ok && p.isEmergency(digits, a.context) {
		c.kind, c.digits = calleeEmergency, digits
		return c
	}
	// Also with user=phone, which many phones write after any digits.
	if c.user = p.users[a.user]; c.user != nil && by == typed {
		c.kind = calleeUser
		return c
	}
	if c.number, c.refusal = p.readNumber(a, digits, ok, by); c.refusal == nil {
		c.kind = calleeNumber
	}
	return c
}

// readURN reads urn:service:sos and its sub-services, the only URNs that can be
// called.
//
// RFC 5031 s4.2: "sos: ... reaches a public safety answering point (PSAP), which
// in turn dispatches aid appropriate to the emergency"; s3: "Labels are
// case-insensitive".
func (p *Plan) readURN(a address) callee {
	nss, _, _ := strings.Cut(a.raw, ";")
	service := "urn:" + strings.ToLower(nss)
	c := callee{dialled: shorten(service)}
	if service == "urn:service:sos" || strings.HasPrefix(service, "urn:service:sos.") {
		c.kind, c.digits, c.service = calleeEmergency, p.sosDigits, c.dialled
		return c
	}
	c.refusal = p.notFound(causeNoRoute, "%s is no service that can be called here", quoted(service))
	return c
}

// readNumber reads the address, whose user part was reduced to digits, as E.164.
func (p *Plan) readNumber(a address, digits string, ok bool, by spelling) (Number, *Refusal) {
	if !ok {
		return "", p.notANumber(a)
	}
	var x reading
	if context, ok := dialString(a.context); ok && context[0] == '+' && digits[0] != '+' {
		x = readWithin(context, digits)
	} else {
		x = p.region.read(digits, by)
	}
	if x.fit != fits {
		return "", p.refuseFit(x.fit, digits)
	}
	return x.number, nil
}

func (p *Plan) notANumber(a address) *Refusal {
	switch {
	case a.scheme != "" && a.scheme != "sip" && a.scheme != "sips" && a.scheme != "tel":
		return p.notFound(causeInvalidFormat, "%s: is no kind of address that can be called; dial a number or a user's name", quoted(a.scheme))
	case a.user == "":
		return p.notFound(causeInvalidFormat, "no number and no user was dialled")
	}
	return p.notFound(causeUnallocated, "%s is neither a phone number nor a user here", quoted(a.user))
}

func (p *Plan) refuseFit(f fit, digits string) *Refusal {
	switch {
	case f == tooLong && digits[0] == '+':
		return p.notFound(causeInvalidFormat, "%s has too many digits for a phone number of its country", quoted(digits))
	case f == tooLong:
		return p.notFound(causeInvalidFormat, "%s has too many digits for a phone number as dialled in %s; abroad needs + or the international prefix", quoted(digits), p.region.code)
	case f == noSuchPlan:
		return p.notFound(causeInvalidFormat, "%s begins with no country's calling code", quoted(digits))
	case f == fitsNothing:
		return p.notFound(causeInvalidFormat, "%s can be read as more than one phone number", quoted(digits))
	}
	return p.refuseIncomplete(f, digits)
}

func (p *Plan) refuseIncomplete(f fit, digits string) *Refusal {
	switch e := p.emergencyEnd(digits); {
	case e != "":
		return p.addressIncomplete("%s is too short for a phone number; for an emergency dial %s alone", quoted(digits), e)
	case digits[0] == '+':
		return p.addressIncomplete("%s has too few digits for a phone number of its country", quoted(digits))
	case f == local:
		return p.addressIncomplete("%s lacks the area code", quoted(digits))
	}
	return p.addressIncomplete("%s has too few digits for a phone number as dialled in %s", quoted(digits), p.region.code)
}

// longestEmergency is the longest emergency number there is ("320221", "723141").
const longestEmergency = 6

// isEmergency is true when digits are an emergency number here, or in the country
// of the context that they were dialled in.
func (p *Plan) isEmergency(digits, context string) bool {
	if len(digits) > longestEmergency {
		return false
	}
	if slices.Contains(p.emergency, digits) || p.region.emergencyNumber(digits) {
		return true
	}
	global, ok := dialString(context)
	if !ok || global[0] != '+' {
		return false
	}
	r, ok := regionOf(global)
	return ok && r.emergencyNumber(digits)
}

// emergencyEnd is the emergency number that short digits end in, as in "9911".
func (p *Plan) emergencyEnd(digits string) string {
	for cut := 1; cut <= 3 && len(digits)-cut >= 3; cut++ {
		if end := digits[cut:]; p.isEmergency(end, "") {
			return end
		}
	}
	return ""
}
