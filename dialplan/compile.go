package dialplan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// builder compiles a Config and collects its faults.
type builder struct {
	plan *Plan
	errs []error
}

func newBuilder() *builder {
	return &builder{plan: &Plan{
		users:     make(map[string]*User),
		callerIDs: make(map[string][]Number),
		owners:    make(map[Number]*User),
		trunks:    make(map[string]*Trunk),
	}}
}

// place is where in the configuration the builder is.
type place struct {
	path string // "routes[1]"
	name string // of the route, user or trunk
}

func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// key is the path of one of the place's keys; the place itself when key is empty.
func (pl place) key(key string) string {
	if key == "" || pl.path == "" {
		return pl.path + key
	}
	return pl.path + "." + key
}

func (b *builder) fault(pl place, key, value string, err error, format string, args ...any) {
	b.errs = append(b.errs, &ConfigError{
		Path:    pl.key(key),
		Name:    pl.name,
		Value:   value,
		Problem: fmt.Sprintf(format, args...),
		Err:     err,
	})
}

func (b *builder) warn(pl place, key, format string, args ...any) {
	b.plan.warnings = append(b.plan.warnings, Warning{pl.key(key), fmt.Sprintf(format, args...)})
}

// addRegion is false when nothing else can be read for want of a region.
func (b *builder) addRegion(code string) bool {
	r, ok := newRegion(strings.ToUpper(code))
	if !ok {
		b.fault(place{}, "region", code, nil, "is no region with a numbering plan; write an ISO 3166-1 code such as US")
		return false
	}
	b.plan.region = r
	b.plan.sosDigits = r.generalEmergencyNumber()
	for _, n := range []string{"112", "911"} {
		if !r.emergencyNumber(n) && !r.shortCode(n) {
			b.plan.emergency = append(b.plan.emergency, n)
		}
	}
	return true
}

// addAgent checks the name in Warning headers.
//
// RFC 3261 s25.1: warn-agent = hostport / pseudonym; pseudonym = token
func (b *builder) addAgent(agent string) {
	if agent == "" {
		agent = "tandem"
	}
	for _, c := range agent {
		if c > 0x7E || !strings.ContainsRune("-.!%*_+`'~:[]", c) && !alphanumeric(c) {
			b.fault(place{}, "agent", agent, nil, "is no host name or token; leave out %q", c)
			return
		}
	}
	b.plan.agent = agent
}

func alphanumeric(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (b *builder) addUser(path string, u User) {
	pl := place{path, u.Name}
	if !b.checkName(pl, u.Name, "user") {
		return
	}
	if b.plan.users[u.Name] != nil {
		b.fault(pl, "name", u.Name, nil, "is the name of another user already")
		return
	}
	b.checkTimeout(pl, u.RingingTimeout)
	user := &u
	b.plan.users[u.Name] = user
	numbers := b.numbers(pl, "numbers", u.Numbers)
	for i, n := range numbers {
		if owner := b.plan.owners[n]; owner != nil && owner != user {
			b.fault(pl, at("numbers", i), u.Numbers[i], nil, "is a number of user %s already", owner.Name)
		}
		b.plan.owners[n] = user
	}
	ids := b.numbers(pl, "caller_ids", u.CallerIDs)
	if len(ids) == 0 {
		ids = numbers
	}
	b.plan.callerIDs[u.Name] = ids
}

// numbers reads a list of numbers. It keeps places: what is no number is a fault,
// and empty.
func (b *builder) numbers(pl place, key string, texts []string) []Number {
	list := make([]Number, len(texts))
	for i, text := range texts {
		list[i] = b.number(pl, at(key, i), text)
	}
	return list
}

func (b *builder) number(pl place, key, text string) Number {
	n, refusal := b.plan.Normalise(text)
	if refusal != nil {
		b.fault(pl, key, text, refusal, "is no phone number: %s; write it as +14255550100", refusal.Text)
	}
	return n
}

// checkName is false for a name that no URI could hold as it is, or none at all.
func (b *builder) checkName(pl place, name, kind string) bool {
	switch {
	case name == "":
		b.fault(pl, "name", "", nil, "is missing: every %s needs a name", kind)
	case !writableUser(name) || strings.ContainsAny(name, "%?/"):
		b.fault(pl, "name", name, nil, "may have letters and digits of ASCII and any of - _ . ! ~ * ' ( ) & = + $ ,")
	default:
		return true
	}
	return false
}

func (b *builder) checkTimeout(pl place, d time.Duration) {
	if d < 0 {
		b.fault(pl, "ringing_timeout", d.String(), nil, "must not be negative; leave it out for %v", DefaultRingingTimeout)
	}
}

func (b *builder) addTrunk(path string, t Trunk) {
	pl := place{path, t.Name}
	if !b.checkName(pl, t.Name, "trunk") {
		return
	}
	if b.plan.trunks[t.Name] != nil {
		b.fault(pl, "name", t.Name, nil, "is the name of another trunk already")
		return
	}
	if int(t.CallerID) >= len(callerIDNames) {
		b.fault(pl, "caller_id", t.CallerID.String(), nil, "is none of %q", callerIDNames)
	}
	if int(t.Diversion) >= len(diversionStyleNames) {
		b.fault(pl, "diversion", t.Diversion.String(), nil, "is none of %q", diversionStyleNames)
	}
	if int(t.CallerIDPolicy) >= len(callerIDPolicyNames) {
		b.fault(pl, "caller_id_policy", t.CallerIDPolicy.String(), nil, "is none of %q", callerIDPolicyNames)
	}
	b.plan.trunks[t.Name] = &t
}

func (b *builder) addRoute(path string, r Route) {
	if r.Name == "" {
		r.Name = path
	}
	pl := place{path, r.Name}
	if slices.ContainsFunc(b.plan.routes, func(other *route) bool { return other.name == r.Name }) {
		b.fault(pl, "name", r.Name, nil, "is the name of another route already")
	}
	b.checkTimeout(pl, r.RingingTimeout)
	rt := &route{
		name: r.Name, ringingTimeout: r.RingingTimeout, attemptTimeout: r.AttemptTimeout, ringback: r.Ringback, emergency: r.Emergency,
	}
	b.readFrom(pl, rt, r.From)
	b.readTo(pl, rt, r.To)
	b.readTargets(pl, rt, r)
	if r.CallerID != "" {
		rt.callerID = b.number(pl, "caller_id", r.CallerID)
	}
	b.plan.routes = append(b.plan.routes, rt)
}

func (b *builder) readFrom(pl place, rt *route, from string) {
	trunk, isTrunk := strings.CutPrefix(from, "trunk:")
	switch {
	case from == "" || from == "users":
		rt.origin = originUsers
	case from == "any":
		rt.origin = originAny
	case !isTrunk:
		b.fault(pl, "from", from, nil, "is none of users, any and trunk:NAME")
	case b.plan.trunks[trunk] == nil:
		b.fault(pl, "from", from, nil, "names no trunk under trunks:; it has %s", names(b.plan.trunks))
	default:
		rt.origin, rt.originTrunk = originTrunk, trunk
	}
}

func (b *builder) readTo(pl place, rt *route, to string) {
	digits, ok := dialString(to)
	switch {
	case to == "" && rt.emergency:
	case to == "":
		b.fault(pl, "to", to, nil, `is missing: write an E.164 prefix such as "+1", "+" for every number, or a /regexp/`)
	case strings.HasPrefix(to, "/"):
		b.readPattern(pl, rt, to)
	case to == "+" || ok && digits[0] == '+' && len(digits) <= 1+maxDigits:
		rt.prefix = digits
	case ok && rt.emergency && len(digits) > 1 && len(digits) <= longestEmergency:
		rt.digits = digits
		b.plan.emergency = append(b.plan.emergency, digits)
	default:
		b.fault(pl, "to", to, nil, `is no E.164 prefix: begin with "+" and the calling code, or write a /regexp/`)
	}
}

func (b *builder) readPattern(pl place, rt *route, to string) {
	if len(to) < 3 || !strings.HasSuffix(to, "/") {
		b.fault(pl, "to", to, nil, "is no regexp: write it between two slashes, such as /^[+]1425/")
		return
	}
	pattern, err := regexp.Compile(to[1 : len(to)-1])
	if err != nil {
		b.fault(pl, "to", to, err, "is no regexp that Go understands: %v", err)
	}
	rt.pattern = pattern
}

func (b *builder) readTargets(pl place, rt *route, r Route) {
	switch {
	case r.User != "" && len(r.Trunks) > 0:
		b.fault(pl, "user", r.User, nil, "and trunks: are both set; a route leads to one or the other")
	case r.User == "" && len(r.Trunks) == 0:
		b.fault(pl, "trunks", "", nil, "or user: is missing: where does the route lead?")
	}
	if r.User != "" {
		if rt.user = b.plan.users[r.User]; rt.user == nil {
			b.fault(pl, "user", r.User, nil, "is no user under users:; it has %s", names(b.plan.users))
		}
	}
	for i, name := range r.Trunks {
		t := b.plan.trunks[name]
		if t == nil {
			b.fault(pl, at("trunks", i), name, nil, "is no trunk under trunks:; it has %s", names(b.plan.trunks))
			continue
		}
		rt.trunks = append(rt.trunks, t)
	}
}

// names lists the keys of m, the first few of them.
func names[V any](m map[string]V) string {
	const most = 8
	list := make([]string, 0, len(m))
	for name := range m {
		list = append(list, name)
	}
	slices.Sort(list)
	switch {
	case len(list) == 0:
		return "none"
	case len(list) > most:
		return strings.Join(list[:most], ", ") + " …"
	}
	return strings.Join(list, ", ")
}

// addLastResort makes the route for emergency calls that no emergency route
// takes: over every trunk that a user's call could take, then every other.
func (b *builder) addLastResort(all []Trunk) {
	rt := &route{origin: originAny}
	add := func(t *Trunk) {
		if t != nil && !slices.Contains(rt.trunks, t) {
			rt.trunks = append(rt.trunks, t)
		}
	}
	for _, other := range b.plan.routes {
		if other.origin != originTrunk {
			for _, t := range other.trunks {
				add(t)
			}
		}
	}
	if len(rt.trunks) == 0 {
		for _, t := range all {
			add(b.plan.trunks[t.Name])
		}
	}
	b.plan.lastResort = rt
}

// warnNames says which users' names are emergency numbers, which come first.
func (b *builder) warnNames(users []User) {
	for i, u := range users {
		if digits, ok := dialString(u.Name); ok && b.plan.isEmergency(digits, "") {
			b.warn(place{path: at("users", i)}, "name", "user %s cannot be called by name: %s is an emergency number", u.Name, digits)
		}
	}
}

// warnEmergency says what happens to emergency calls without a route of theirs.
func (b *builder) warnEmergency() {
	for _, rt := range b.plan.routes {
		if rt.emergency {
			return
		}
	}
	if len(b.plan.lastResort.trunks) == 0 {
		b.warn(place{}, "routes", "no route has emergency: true and there is no trunk: emergency calls such as %s will fail", b.plan.sosDigits)
		return
	}
	var list []string
	for _, t := range b.plan.lastResort.trunks {
		list = append(list, t.Name)
	}
	b.warn(place{}, "routes", "no route has emergency: true: emergency calls such as %s will try %s, in this order; name the trunks that can take them",
		b.plan.sosDigits, strings.Join(list, ", "))
}
