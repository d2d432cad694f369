package registrar

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Bounds limit what phones may ask for.
type Bounds struct {
	// Min, Default and Max are expiry times. A shorter wish than Min is refused
	// with 423, a longer one than Max is shortened (RFC 3261 s10.3).
	Min, Default, Max time.Duration
	// Bindings is how many an AOR may have.
	Bindings int
}

// DefaultBounds are a minute to an hour, and ten phones.
func DefaultBounds() Bounds {
	return Bounds{Min: time.Minute, Default: time.Hour, Max: time.Hour, Bindings: 10}
}

// Registrar is the state of the registrar: the bindings of each AOR. The zero
// value is not usable; New makes one.
type Registrar struct {
	bounds Bounds
	aors   map[string][]Binding // no list is ever changed in its place
	// flows are the AORs that have, or had until they expired, a binding over a flow.
	flows map[transport.Flow]map[string]struct{}
}

// New makes an empty registrar.
func New(b Bounds) *Registrar {
	return &Registrar{bounds: b, aors: map[string][]Binding{}, flows: map[transport.Flow]map[string]struct{}{}}
}

// Register carries out an update, all of it or nothing of it. RFC 3261 s10.3 step 7:
// "The binding updates MUST be committed (that is, made visible to the proxy or
// redirect server) if and only if all binding updates and additions succeed." Each
// contact is checked against the bindings as they were before the request.
func (r *Registrar) Register(now time.Time, u Update) Outcome {
	current := r.live(now, u.AOR)
	if u.All {
		return r.removeAll(now, u, current)
	}
	next := slices.Clone(current)
	for _, c := range u.Contacts {
		if refusal := r.check(current, u, c); refusal != nil {
			return *refusal
		}
		next = r.apply(now, next, u, c)
	}
	if len(next) > r.bounds.Bindings {
		return Outcome{Status: 503, Phrase: "Too many phones are registered for this address"}
	}
	r.set(u.AOR, next)
	return r.outcome(now, u.AOR)
}

// removeAll is "Contact: *". RFC 3261 s10.3 step 6: "If the request has additional
// Contact fields or an expiration time other than zero, the request is invalid, and
// the server MUST return a 400".
func (r *Registrar) removeAll(now time.Time, u Update, current []Binding) Outcome {
	if u.Expires != 0 || len(u.Contacts) > 0 {
		return Outcome{Status: 400, Phrase: "Contact * needs Expires 0 and no other Contact"}
	}
	for _, b := range current {
		if outOfOrder(b, u) {
			return stale()
		}
	}
	r.set(u.AOR, nil)
	return r.outcome(now, u.AOR)
}

// check refuses a contact that comes out of order or for too short a time.
func (r *Registrar) check(current []Binding, u Update, c Contact) *Outcome {
	for _, b := range current {
		if renews(b, c) && outOfOrder(b, u) {
			o := stale()
			return &o
		}
	}
	if _, short := r.expires(u, c); short {
		return &Outcome{Status: 423, Phrase: "Interval Too Brief", MinExpires: seconds(r.bounds.Min)}
	}
	return nil
}

// apply adds, renews or removes one binding. What the contact takes the place of
// goes: its device's former address, and whoever had the same one.
func (r *Registrar) apply(now time.Time, list []Binding, u Update, c Contact) []Binding {
	renewed := slices.DeleteFunc(slices.Clone(list), func(b Binding) bool { return renews(b, c) })
	expires, _ := r.expires(u, c)
	if expires == 0 {
		return renewed
	}
	if i := roamed(list, u, c); len(renewed) == len(list) && i >= 0 {
		renewed = slices.Delete(renewed, i, i+1)
	}
	return append(renewed, Binding{
		Contact: *c.URI.Clone(), Flow: u.Flow, Q: c.Q, Instance: c.Instance, RegID: c.RegID,
		Agent: u.Agent, CallID: u.CallID, CSeq: u.CSeq, Until: now.Add(expires),
	})
}

// expires is how long a contact is wanted: RFC 3261 s10.3 step 7, the parameter,
// else the header, else the default; "If and only if the requested expiration
// interval is greater than zero AND smaller than one hour AND less than a
// registrar-configured minimum, the registrar MAY reject the registration with a
// response of 423".
func (r *Registrar) expires(u Update, c Contact) (d time.Duration, short bool) {
	wish := c.Expires
	if wish < 0 {
		wish = u.Expires
	}
	if wish < 0 {
		return r.bounds.Default, false
	}
	d = time.Duration(wish) * time.Second
	return min(d, r.bounds.Max), d > 0 && d < time.Hour && d < r.bounds.Min
}

// renews says whether a contact takes the place of a binding: it is the same
// device's (RFC 5626 s6), or the same URI (RFC 3261 s10.3 step 7).
func renews(b Binding, c Contact) bool {
	if c.Instance != "" && b.Instance == c.Instance && b.RegID == c.RegID {
		return true
	}
	return wire.EqualURI(&b.Contact, &c.URI)
}

// roamed finds the binding of a phone that does not say who it is and has come
// back under another address: the only one of its registration, which it shows by
// its Call-ID, when it brings only one contact; -1 when there is none. RFC 3261
// s10.2: "All registrations from a UAC SHOULD use the same Call-ID header field
// value for registrations sent to a particular registrar."
func roamed(list []Binding, u Update, c Contact) int {
	found := -1
	for i, b := range list {
		if b.CallID != u.CallID {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = i
	}
	if found < 0 || len(u.Contacts) != 1 {
		return -1
	}
	b := list[found]
	if c.Instance+b.Instance != "" || u.CSeq <= b.CSeq || b.Contact.Scheme != c.URI.Scheme || b.Contact.User != c.URI.User {
		return -1
	}
	return found
}

// outOfOrder: RFC 3261 s10.3 step 7, of a binding with the same Call-ID: "If the value
// is higher than that of the existing binding, it MUST update or remove the binding
// as above. If not, the update MUST be aborted and the request fails."
func outOfOrder(b Binding, u Update) bool { return b.CallID == u.CallID && u.CSeq <= b.CSeq }

func stale() Outcome { return Outcome{Status: 500, Phrase: "CSeq is not higher than before"} }

func seconds(d time.Duration) int { return int(d / time.Second) }

// set replaces the bindings of an AOR, the preferred first.
func (r *Registrar) set(aor string, list []Binding) {
	for _, b := range r.aors[aor] {
		r.unlink(b.Flow, aor)
	}
	if len(list) == 0 {
		delete(r.aors, aor)
		return
	}
	slices.SortStableFunc(list, func(a, b Binding) int {
		return cmp.Or(cmp.Compare(b.Q, a.Q), b.Until.Compare(a.Until))
	})
	r.aors[aor] = list
	for _, b := range list {
		r.link(b.Flow, aor)
	}
}

func (r *Registrar) link(f transport.Flow, aor string) {
	if r.flows[f] == nil {
		r.flows[f] = map[string]struct{}{}
	}
	r.flows[f][aor] = struct{}{}
}

func (r *Registrar) unlink(f transport.Flow, aor string) {
	delete(r.flows[f], aor)
	if len(r.flows[f]) == 0 {
		delete(r.flows, f)
	}
}

func (r *Registrar) outcome(now time.Time, aor string) Outcome {
	return Outcome{Status: 200, Bindings: r.Bindings(now, aor)}
}

// Bindings gives the places where an AOR is reachable, the preferred first. The
// list is the caller's.
func (r *Registrar) Bindings(now time.Time, aor string) []Binding {
	return slices.Clone(r.live(now, aor))
}

// live drops what has expired.
func (r *Registrar) live(now time.Time, aor string) []Binding {
	expired := func(b Binding) bool { return !now.Before(b.Until) }
	if slices.ContainsFunc(r.aors[aor], expired) {
		r.set(aor, slices.DeleteFunc(slices.Clone(r.aors[aor]), expired))
	}
	return r.aors[aor]
}

// From says whether somebody is registered over a flow.
func (r *Registrar) From(now time.Time, f transport.Flow) bool {
	for aor := range r.flows[f] {
		if slices.ContainsFunc(r.live(now, aor), func(b Binding) bool { return b.Flow == f }) {
			return true
		}
	}
	return false
}

// Broken removes the bindings of a connection that has closed: nobody is reachable
// over it any more, and a call need not find that out. It gives the AORs that have
// lost one.
func (r *Registrar) Broken(f transport.Flow) []string {
	aors := slices.Sorted(maps.Keys(r.flows[f]))
	for _, aor := range aors {
		r.set(aor, slices.DeleteFunc(slices.Clone(r.aors[aor]), func(b Binding) bool { return b.Flow == f }))
	}
	return aors
}

// Len is how many AORs are registered.
func (r *Registrar) Len(now time.Time) int {
	for aor := range r.aors {
		r.live(now, aor)
	}
	return len(r.aors)
}
