package registrar

import (
	"cmp"
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
	aors   map[string][]Binding
}

// New makes an empty registrar.
func New(b Bounds) *Registrar { return &Registrar{bounds: b, aors: map[string][]Binding{}} }

// Register carries out an update, all of it or nothing of it. RFC 3261 s10.3: "If
// the update fails … all of the updates in the request fail": "either all or none".
func (r *Registrar) Register(now time.Time, u Update) Outcome {
	current := r.live(now, u.AOR)
	if u.All {
		return r.removeAll(now, u, current)
	}
	next := slices.Clone(current)
	for _, c := range u.Contacts {
		var refusal *Outcome
		if next, refusal = r.apply(now, next, u, c); refusal != nil {
			return *refusal
		}
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

// apply adds, renews or removes one binding.
func (r *Registrar) apply(now time.Time, list []Binding, u Update, c Contact) ([]Binding, *Outcome) {
	i := find(list, u, c)
	if i >= 0 && outOfOrder(list[i], u) {
		o := stale()
		return list, &o
	}
	expires, short := r.expires(u, c)
	if short {
		return list, &Outcome{Status: 423, Phrase: "Interval Too Brief", MinExpires: seconds(r.bounds.Min)}
	}
	if i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if expires == 0 {
		return list, nil
	}
	return append(list, Binding{
		Contact: *c.URI.Clone(), Flow: u.Flow, Q: c.Q, Instance: c.Instance, RegID: c.RegID,
		Agent: u.Agent, CallID: u.CallID, CSeq: u.CSeq, Until: now.Add(expires),
	}), nil
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
	return min(d, r.bounds.Max), d > 0 && d < r.bounds.Min
}

// find gives the binding that a contact renews.
func find(list []Binding, u Update, c Contact) int {
	for i := range list {
		b := &list[i]
		switch {
		case c.Instance != "" && b.Instance == c.Instance && b.RegID == c.RegID:
			return i
		case wire.EqualURI(&b.Contact, &c.URI):
			return i
		case b.CallID == u.CallID && len(u.Contacts) == 1 && b.Contact.User == c.URI.User && u.CSeq > b.CSeq:
			return i // the same phone at another address
		}
	}
	return -1
}

// outOfOrder: RFC 3261 s10.3 step 7: "If the Call-ID value … matches … and the CSeq
// value is not higher, the update MUST be aborted and the request fails".
func outOfOrder(b Binding, u Update) bool { return b.CallID == u.CallID && u.CSeq <= b.CSeq }

func stale() Outcome { return Outcome{Status: 500, Phrase: "CSeq is not higher than before"} }

func seconds(d time.Duration) int { return int(d / time.Second) }

func (r *Registrar) set(aor string, list []Binding) {
	if len(list) == 0 {
		delete(r.aors, aor)
		return
	}
	slices.SortStableFunc(list, func(a, b Binding) int {
		return cmp.Or(cmp.Compare(b.Q, a.Q), b.Until.Compare(a.Until))
	})
	r.aors[aor] = list
}

func (r *Registrar) outcome(now time.Time, aor string) Outcome {
	return Outcome{Status: 200, Bindings: r.live(now, aor)}
}

// Bindings gives the places where an AOR is reachable, the preferred first.
func (r *Registrar) Bindings(now time.Time, aor string) []Binding {
	return slices.Clone(r.live(now, aor))
}

// live drops what has expired.
func (r *Registrar) live(now time.Time, aor string) []Binding {
	list, ok := r.aors[aor]
	if !ok {
		return nil
	}
	r.set(aor, slices.DeleteFunc(list, func(b Binding) bool { return !now.Before(b.Until) }))
	return r.aors[aor]
}

// Broken removes the bindings of a connection that has closed: nobody is reachable
// over it any more (RFC 5626 s5.3: "if the flow has failed, the registrar … remove
// the binding").
func (r *Registrar) Broken(f transport.Flow) (aors []string) {
	for aor, list := range r.aors {
		left := slices.DeleteFunc(slices.Clone(list), func(b Binding) bool { return b.Flow == f })
		if len(left) < len(list) {
			aors = append(aors, aor)
			r.set(aor, left)
		}
	}
	return aors
}

// Len is how many AORs are registered.
func (r *Registrar) Len() int { return len(r.aors) }
