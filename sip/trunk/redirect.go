package trunk

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Place is where a trunk is called.
type Place struct {
	Trunk string
	// Host is a name, an IPv4 address, or an IPv6 address with or without brackets.
	Host string
	// Port is 0 for the protocol's own.
	Port uint16
}

// Contact is one Contact of a redirection.
type Contact struct {
	// Scheme is "sip", "sips", "tel" and so on; case does not matter.
	Scheme string
	User   string
	Host   string
	Port   uint16
	// Q is the preference from 0 to 1000; a contact without one has 1000.
	Q int
	// URI is all of it, as it is to be called.
	URI string
}

// Hop is a contact to call, over a trunk of ours.
type Hop struct {
	Trunk string
	URI   string
}

// Redirection is what one call remembers of the redirections that it has followed.
type Redirection struct {
	// Followed counts them.
	Followed int
	// Tried are the URIs that were called, to call none twice.
	Tried []string
}

// NewRedirection begins with the URI that is called at first. RFC 3261 s8.1.3.4: "A
// client starts with an initial target set containing exactly one URI, the Request-URI
// of the original request."
func NewRedirection(called Contact) Redirection {
	return Redirection{Tried: []string{called.key()}}
}

const (
	// mostRedirects bounds how often a call is sent on.
	mostRedirects = 3
	// mostContacts bounds how many contacts a call tries over all its redirections.
	mostContacts = 5
)

// Follow gives the contacts of a 300, 301 or 302 that may be called, best first, and why
// the others may not. The caller decides nothing here, so a redirection must not lead a
// call to where it could not have gone: the host must be that of a trunk, the one that
// answered before all others.
//
// RFC 3261 s8.1.3.4: "a client processing 3xx class responses MUST NOT add any given URI
// to the target set more than once". The order is that of q (s20.10), else as written.
func (r *Redirection) Follow(from Place, contacts []Contact, trunks []Place) (hops []Hop, skipped []string) {
	r.Followed++
	if r.Followed > mostRedirects {
		return nil, []string{fmt.Sprintf("redirected more than %d times", mostRedirects)}
	}
	contacts = slices.Clone(contacts)
	slices.SortStableFunc(contacts, func(a, b Contact) int { return cmp.Compare(b.Q, a.Q) })
	for _, c := range contacts {
		trunk, why := r.allow(c, from, trunks)
		if why != "" {
			skipped = append(skipped, fmt.Sprintf("%.200q: %s", c.URI, why))
			continue
		}
		r.Tried = append(r.Tried, c.key())
		hops = append(hops, Hop{Trunk: trunk, URI: c.URI})
	}
	return hops, skipped
}

// allow gives the trunk over which to call a contact, or why it is not called.
func (r *Redirection) allow(c Contact, from Place, trunks []Place) (trunk, why string) {
	if !strings.EqualFold(c.Scheme, "sip") && !strings.EqualFold(c.Scheme, "sips") {
		return "", "not a SIP URI"
	}
	trunk, ok := trunkAt(c, from, trunks)
	switch {
	case !ok:
		return "", "its host is no trunk of ours"
	case slices.Contains(r.Tried, c.key()):
		return "", "tried already"
	case len(r.Tried) > mostContacts:
		return "", fmt.Sprintf("%d contacts have been tried", mostContacts)
	}
	return trunk, ""
}

// trunkAt finds the trunk whose host a contact has: the one that redirected, else one
// with the same port, else any.
func trunkAt(c Contact, from Place, trunks []Place) (trunk string, ok bool) {
	if sameHost(c.Host, from.Host) {
		return from.Trunk, true
	}
	for _, p := range trunks {
		switch {
		case !sameHost(c.Host, p.Host):
		case c.Port == p.Port:
			return p.Trunk, true
		case !ok:
			trunk, ok = p.Trunk, true
		}
	}
	return trunk, ok
}

// key is what makes two contacts the same. The user's case counts, the host's does not
// (RFC 3261 s19.1.4).
func (c Contact) key() string {
	return fmt.Sprintf("%s@%s:%d", c.User, plainHost(c.Host), c.Port)
}

func sameHost(a, b string) bool { return plainHost(a) != "" && plainHost(a) == plainHost(b) }

// plainHost is a host in lower case, without brackets and without a root's dot; an
// address in its shortest form.
func plainHost(host string) string {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().String()
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
