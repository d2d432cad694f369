package dialplan

import (
	"errors"
	"slices"
	"strings"
)

// Plan is a compiled [Config]. It is safe for concurrent use and never changes;
// a reload makes a new one.
type Plan struct {
	region    region
	agent     string
	users     map[string]*User
	callerIDs map[string][]Number // by user: what it may show
	owners    map[Number]*User    // whose number it is
	trunks    map[string]*Trunk
	routes    []*route
	// lastResort takes emergency calls when no emergency route can.
	lastResort *route
	// emergency are the emergency numbers beyond those of the region's metadata.
	emergency []string
	sosDigits string // dialled for urn:service:sos
	warnings  []Warning

	callees    cache[callee]
	identities cache[identity]
	numbers    cache[normalised]
}

// New compiles a configuration. The error joins one [*ConfigError] for each
// fault, in the order of the configuration; errors.As finds the first.
func New(c Config) (*Plan, error) {
	b := newBuilder()
	if !b.addRegion(c.Region) {
		return nil, errors.Join(b.errs...)
	}
	b.addAgent(c.Agent)
	for i, u := range c.Users {
		b.addUser(at("users", i), u)
	}
	for i, t := range c.Trunks {
		b.addTrunk(at("trunks", i), t)
	}
	for i, r := range c.Routes {
		b.addRoute(at("routes", i), r)
	}
	for i, u := range c.Users {
		b.addForwards(at("users", i), u)
	}
	b.addLastResort(c.Trunks)
	b.warnEmergency()
	b.warnNames(c.Users)
	b.warnForwards(c.Users)
	if len(b.errs) > 0 {
		return nil, errors.Join(b.errs...)
	}
	return b.plan, nil
}

// Warnings are the parts of the configuration that are allowed but can hurt,
// first of all that no emergency route exists.
func (p *Plan) Warnings() []Warning { return slices.Clone(p.warnings) }

// normalised is what a string is as a number.
type normalised struct {
	number  Number
	refusal *Refusal
}

// Normalise reads what a person or device of the region writes as a number:
// dialled digits, or a tel: or sip: URI. It knows neither users nor routes nor
// emergency numbers. A Number reads as itself. The refusal is nil, or 404 or 484.
func (p *Plan) Normalise(text string) (Number, *Refusal) {
	n, ok := p.numbers.get(text, typed)
	if !ok {
		text = strings.Clone(text)
		a := parseAddress(text)
		digits, ok := dialString(a.user)
		n.number, n.refusal = p.readNumber(a, digits, ok, typed)
		p.numbers.put(text, typed, n)
	}
	return n.number, n.refusal
}
