package config

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Route leads calls to a user or to trunks. The first one that matches decides.
type Route struct {
	// Name is what logs and records call it. Required.
	Name string `yaml:"name"`
	// From is whose calls it takes. Default users, so that no trunk's call gets
	// through to another trunk unless a route says so.
	From Origin `yaml:"from"`
	// To is the callee: a prefix of the E.164 number ("+1"; "+" is every
	// number), or a regular expression between slashes ('/^\+1800/'). Required,
	// but not for an emergency route, which takes the region's emergency numbers
	// and may name a further one ("911").
	To string `yaml:"to"`
	// Trunks are tried in order, or by priority and weight. Either Trunks or User is
	// set.
	Trunks []RouteTrunk `yaml:"trunks"`
	// DownTrunks is what becomes of those that are down. Default skip.
	DownTrunks Down `yaml:"down_trunks"`
	// User is whose phones ring.
	User string `yaml:"user"`
	// CallerID is shown instead of the caller's own when set, E.164. Default "".
	CallerID string `yaml:"caller_id"`
	// RingingTimeout is how long the callee rings, over all attempts. Default:
	// the user's, and 60s on the way to a trunk.
	RingingTimeout time.Duration `yaml:"ringing_timeout"`
	// AttemptTimeout is how long a trunk may take to answer anything at all
	// before the next is tried. Default 4s.
	AttemptTimeout time.Duration `yaml:"attempt_timeout"`
	// Ringback is what the caller hears while the callee rings: auto (what the callee
	// sends, or the tone of its country where it sends nothing), local (always that
	// tone) or pass (what the callee sends and nothing else). Default auto.
	Ringback Ringback `yaml:"ringback"`
	// Emergency takes calls to the region's emergency numbers, unchanged, and
	// never refuses them for caller-ID or limit reasons. Default false.
	Emergency bool `yaml:"emergency"`
	// Record: calls over this route are recorded. Default false.
	Record bool `yaml:"record"`
}

func (r *Route) setDefaults() { r.AttemptTimeout = defaultAttemptTimeout }

// unsetTimeout is a ringing timeout that the file does not give.
const unsetTimeout = 0

func (r *Route) complete(user *User) {
	switch {
	case r.RingingTimeout != unsetTimeout:
	case user != nil:
		r.RingingTimeout = user.RingingTimeout
	default:
		r.RingingTimeout = defaultRingingTimeout
	}
}

// Origin is whose calls a route takes.
type Origin struct {
	Kind OriginKind
	// Trunk is the trunk's name for OriginTrunk, else empty.
	Trunk string
}

// OriginKind is a kind of caller.
type OriginKind int

// A route takes calls of registered users, of one trunk, or of both and all.
const (
	OriginUsers OriginKind = iota
	OriginTrunk
	OriginAny
)

// String writes the origin as the file does.
func (o Origin) String() string {
	switch o.Kind {
	case OriginTrunk:
		return "trunk:" + o.Trunk
	case OriginAny:
		return "any"
	default:
		return "users"
	}
}

// UnmarshalText reads users, any or trunk:NAME.
func (o *Origin) UnmarshalText(text []byte) error {
	s := string(text)
	if name, ok := strings.CutPrefix(s, "trunk:"); ok && name != "" {
		*o = Origin{OriginTrunk, name}
		return nil
	}
	switch s {
	case "users":
		*o = Origin{Kind: OriginUsers}
	case "any":
		*o = Origin{Kind: OriginAny}
	default:
		return fmt.Errorf("%q is not an origin: write users, trunk:NAME or any", s)
	}
	return nil
}

// references are the names that a route may use.
type references struct {
	*checker
	users, trunks []string
	known         map[string]bool
}

func (c *checker) checkRoutes(cfg *Config) {
	refs := references{checker: c, known: map[string]bool{}}
	for i := range cfg.Users {
		refs.users = append(refs.users, cfg.Users[i].Name)
		refs.known["user "+cfg.Users[i].Name] = true
	}
	for i := range cfg.Trunks {
		refs.trunks = append(refs.trunks, cfg.Trunks[i].Name)
		refs.known["trunk "+cfg.Trunks[i].Name] = true
	}
	names := newNames(c, "route")
	for i := range cfg.Routes {
		r, path := &cfg.Routes[i], index("routes", i)
		names.check(path, r.Name)
		c.checkTo(path, r)
		c.checkRouteNumbers(path, r)
		refs.checkOrigin(path, r)
		refs.checkDestination(path, r)
	}
}

func (c *checker) checkTo(path string, r *Route) {
	at := path + ".to"
	switch {
	case r.Emergency && (r.To == "" || isEmergencyNumber(r.To)):
	case r.To == "":
		c.missing(path, "to", `the numbers that it takes: a prefix such as "+1", "+" for all, or a "/regexp/"`)
	case isRegexp(r.To):
		if _, err := regexp.Compile(r.To[1 : len(r.To)-1]); err != nil {
			c.report(at, "%v", err)
		}
	case !isPrefix(r.To):
		c.report(at, `%q is neither the beginning of an E.164 number, such as "+1425", nor a regular expression between slashes, such as '/^\+1425/'`, r.To)
	}
}

func isRegexp(s string) bool {
	return len(s) > 2 && strings.HasPrefix(s, "/") && strings.HasSuffix(s, "/")
}

// isEmergencyNumber accepts two to six digits: the shortest there is and the
// longest.
func isEmergencyNumber(s string) bool {
	return 2 <= len(s) && len(s) <= 6 && strings.Trim(s, digits) == ""
}

func isPrefix(s string) bool {
	d, ok := strings.CutPrefix(s, "+")
	return ok && len(d) <= maxE164 && !strings.HasPrefix(d, "0") && strings.Trim(d, digits) == ""
}

func (c *references) checkOrigin(path string, r *Route) {
	if r.From.Kind == OriginTrunk {
		c.checkReference(path+".from", "trunk", r.From.Trunk, c.trunks)
	}
}

func (c *references) checkReference(path, kind, name string, all []string) {
	if !c.known[kind+" "+name] {
		c.report(path, "there is no %s %q%s", kind, name, suggest(name, all))
	}
}

func (c *references) checkDestination(path string, r *Route) {
	toTrunks := len(r.Trunks) > 0
	switch {
	case c.faulty(path) || c.faulty(path+".user") || c.faulty(path+".trunks"):
	case toTrunks && r.User != "":
		c.report(path+".user", "a route leads either to a user or to trunks, not to both: remove one, or make two routes")
	case r.Emergency && !toTrunks:
		c.report(path, "an emergency route leads to trunks: name them in trunks")
	case !toTrunks && r.User == "":
		c.report(path, "leads nowhere: give it trunks or a user")
	}
	if r.User != "" {
		c.checkReference(path+".user", "user", r.User, c.users)
	}
	c.checkTrunkList(path+".trunks", r.Trunks)
}

func (c *references) checkTrunkList(path string, trunks []RouteTrunk) {
	seen := map[string]bool{}
	for i := range trunks {
		name := trunks[i].Name
		if name == "" {
			c.missing(index(path, i), "name", "the trunk")
			continue
		}
		c.checkReference(index(path, i), "trunk", name, c.trunks)
		if seen[name] {
			c.report(index(path, i), "trunk %s is listed twice: a trunk that failed is not tried again", name)
		}
		seen[name] = true
	}
}

// maxAttempt is RFC 3261 s17.1.1.2's timer B, 64*T1: the transaction gives up
// by then, so a longer attempt cannot be had.
const maxAttempt = 32 * time.Second

func (c *checker) checkRouteNumbers(path string, r *Route) {
	if r.CallerID != "" {
		c.checkNumber(path+".caller_id", r.CallerID)
	}
	c.checkPositive(path+".ringing_timeout", r.RingingTimeout)
	c.checkPositive(path+".attempt_timeout", r.AttemptTimeout)
	if r.AttemptTimeout > maxAttempt {
		c.report(path+".attempt_timeout", "%s is over %s, by when SIP itself gives up (RFC 3261 timer B): shorten it", r.AttemptTimeout, maxAttempt)
	}
}
