package resolve

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Bounds of one resolution, whatever the zones say.
const (
	maxAliases    = 8  // links of a chain of CNAMEs
	maxQueries    = 64 // queries for one target
	maxRecords    = 32 // records of one answer
	maxCandidates = 64
)

// Locate is RFC 3263 section 4 over what the DNS has said so far. It returns either the
// candidates in the order of trying, or the queries whose answers it misses, or an
// [*Error]; one of the three. Give it the answers of the missing queries, Failed for
// those that cannot be had, and call it again: after at most 64 queries it ends.
//
// Chance returns a random number in [0, n): it decides among servers of one priority.
func Locate(t Target, m Means, known Answers, chance func(n int) int) ([]Candidate, []Query, error) {
	usable, err := t.protocols(m)
	if err != nil {
		return nil, nil, err
	}
	if a, ok := t.address(); ok {
		found, err := t.numeric(m, a, fallback(usable))
		return found, nil, err
	}
	names, err := t.names(m.Search)
	if err != nil {
		return nil, nil, err
	}
	w := &walk{target: t, means: m, usable: usable, known: known, chance: chance}
	found, err := w.through(names)
	return found, w.missing, err
}

// numeric is RFC 3263 s4.2: "If TARGET is a numeric IP address, the client uses that
// address. If the URI also contains a port, it uses that port. If no port is specified,
// it uses the default port for the particular transport protocol."
func (t Target) numeric(m Means, a netip.Addr, p Protocol) ([]Candidate, error) {
	if !slices.Contains(m.Families, familyOf(a)) {
		return nil, t.fault("it is an " + familyOf(a).String() + " address, and this side has " + list(m.Families))
	}
	host := a.String()
	return []Candidate{{
		Protocol: p, Addr: netip.AddrPortFrom(a, cmp.Or(t.Port, p.port())), ServerName: host, Host: host, TTL: maxTTL,
	}}, nil
}

// walk is one way through section 4, as far as the answers reach.
type walk struct {
	target Target
	means  Means
	usable []Protocol
	known  Answers
	chance func(n int) int

	domain  string  // the name that is tried
	asked   []Query // for the error
	missing []Query
	absent  bool  // the domain does not exist
	served  bool  // there were SRV records, if only to say no
	cause   error // why a query failed
}

// through tries names until one exists.
func (w *walk) through(names []string) (found []Candidate, err error) {
	for _, name := range names {
		found = w.from(name)
		if w.waiting() || len(found) > 0 {
			return found, nil
		}
		if err = w.fault(); !errors.Is(err, ErrNoName) {
			break
		}
	}
	return nil, err
}

// from does sections 4.1 and 4.2 for a domain.
func (w *walk) from(domain string) []Candidate {
	w.domain, w.absent, w.served, w.cause = domain, false, false, nil
	if w.target.Port != 0 {
		// s4.2: "but a port is present in the URI, the client performs an A or AAAA
		// record lookup of the domain name".
		return w.itself(fallback(w.usable), w.target.Port)
	}
	switch ways := w.pointed(); {
	case w.waiting():
		return nil
	case len(ways) > 0:
		return w.reach(ways, ways[0][0].protocol)
	}
	return w.reach([][]way{w.guessed()}, fallback(w.usable))
}

// itself gives the candidates at the domain's own addresses.
func (w *walk) itself(p Protocol, port uint16) []Candidate {
	return w.complete(w.addresses(place{protocol: p, host: w.domain, port: port, ttl: maxTTL}))
}

// way is a protocol and where its SRV records are.
type way struct {
	protocol Protocol
	name     string
	ttl      time.Duration
}

// pointed is NAPTR. RFC 3263 s4.1: "if no transport protocol or port is specified, and
// the target is not a numeric IP address, the client SHOULD perform a NAPTR query". The
// ways are grouped by order, the lowest first, and by preference within a group.
func (w *walk) pointed() [][]way {
	if w.target.Protocol != 0 {
		return nil
	}
	a := w.ask(Query{w.domain, NAPTR})
	useless := func(r Pointer) bool { return !slices.Contains(w.usable, r.protocol()) }
	pointers := slices.DeleteFunc(slices.Clone(a.Pointers), useless)
	slices.SortStableFunc(pointers, byOrder)
	return grouped(pointers, a.TTL)
}

// grouped makes ways of sorted records, one group for each order.
func grouped(pointers []Pointer, ttl time.Duration) (groups [][]way) {
	for i, r := range pointers {
		if i == 0 || r.Order != pointers[i-1].Order {
			groups = append(groups, nil)
		}
		last := &groups[len(groups)-1]
		*last = append(*last, way{r.protocol(), r.Replacement, ttl})
	}
	return groups
}

func byOrder(a, b Pointer) int {
	return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Preference, b.Preference))
}

// protocol of a NAPTR record, 0 when it is not one of RFC 3263 s4.1: services "SIP+D2X"
// and "SIPS+D2X", "an empty regular expression and a replacement value, which is the SRV
// record for that particular transport protocol".
func (r Pointer) protocol() Protocol {
	if !strings.EqualFold(r.Flags, "s") || r.Regexp != "" || r.Replacement == "" {
		return 0
	}
	for p := UDP; p <= TLS; p++ {
		if strings.EqualFold(r.Field, protocols[p].field) {
			return p
		}
	}
	return 0
}

// guessed is s4.1 without NAPTR: "the client constructs SRV queries for those transport
// protocols it supports, and does a query for each".
func (w *walk) guessed() []way {
	var ways []way
	for _, p := range w.usable {
		ways = append(ways, way{p, p.records(w.domain), maxTTL})
	}
	return ways
}

// reach goes the ways, group after group until one leads somewhere. s4.2: "If no SRV
// records were found, the client performs an A or AAAA record lookup of the domain name".
func (w *walk) reach(groups [][]way, last Protocol) []Candidate {
	for _, g := range groups {
		if found := w.servers(g); w.waiting() || len(found) > 0 {
			return found
		}
	}
	if w.served {
		return nil
	}
	return w.itself(last, last.port())
}

// servers gives the candidates of SRV records.
func (w *walk) servers(ways []way) []Candidate {
	var places []place
	for _, y := range ways {
		places = append(places, w.places(y)...)
	}
	if w.waiting() {
		return nil
	}
	var found []Candidate
	for _, p := range places {
		found = append(found, w.addresses(p)...)
	}
	return w.complete(found)
}

// places are those of one way's records. RFC 2782: "A Target of "." means that the
// service is decidedly not available at this domain."
func (w *walk) places(y way) (found []place) {
	a := w.ask(Query{y.name, SRV})
	w.served = w.served || len(a.Servers) > 0
	for _, r := range ordered(a.Servers, w.chance) {
		if r.Target != "" && r.Port != 0 {
			found = append(found, place{y.protocol, r.Target, r.Port, r.Priority, r.Weight, min(y.ttl, a.TTL)})
		}
	}
	return found
}

// place is a host and port whose addresses are wanted.
type place struct {
	protocol         Protocol
	host             string
	port             uint16
	priority, weight uint16
	ttl              time.Duration
}

// addresses gives the candidates of a place. RFC 7984 s3.1 has a dual-stack client look
// up both families; the addresses of one host stay together (s4).
func (w *walk) addresses(p place) []Candidate {
	var lists [][]Candidate
	for _, f := range w.means.Families {
		lists = append(lists, w.family(p, f))
	}
	return inTurn(lists)
}

// family gives the candidates of one family.
func (w *walk) family(p place, f Family) (found []Candidate) {
	answer := Answer{TTL: maxTTL}
	if a, literal := parseAddress(p.host); !literal {
		answer = w.ask(Query{p.host, f.query()})
	} else if familyOf(a) == f {
		answer.Addrs = []netip.Addr{a}
	}
	for _, a := range answer.Addrs {
		found = append(found, w.candidate(p, a, min(p.ttl, answer.TTL)))
	}
	return found
}

func (w *walk) candidate(p place, a netip.Addr, ttl time.Duration) Candidate {
	name, _ := hostname(w.target.Host)
	return Candidate{
		Protocol: p.protocol, Addr: netip.AddrPortFrom(a, p.port), ServerName: name, Host: p.host,
		Priority: p.priority, Weight: p.weight, TTL: ttl,
	}
}

// inTurn takes one of each list until all are empty.
func inTurn(lists [][]Candidate) []Candidate {
	var merged []Candidate
	for i, more := 0, true; more; i++ {
		more = false
		for _, l := range lists {
			if i < len(l) {
				merged, more = append(merged, l[i]), true
			}
		}
	}
	return merged
}

// complete is a finished list, each place once; nothing while answers are missing.
func (w *walk) complete(found []Candidate) []Candidate {
	if w.waiting() {
		return nil
	}
	seen := make(map[peer]bool, len(found))
	found = slices.DeleteFunc(found, func(c Candidate) bool {
		again := seen[c.peer()]
		seen[c.peer()] = true
		return again
	})
	return found[:min(maxCandidates, len(found))]
}

// waiting says whether an answer is missing, so that nothing can be concluded yet.
func (w *walk) waiting() bool { return len(w.missing) > 0 }

// errChain and errQueries are zones that lead nowhere.
var (
	errChain   = errors.New("a chain of aliases is too long, or a circle")
	errQueries = errors.New("the zone needs too many queries")
)

// ask gives the answer to a query, through aliases, or notes that it is missing.
func (w *walk) ask(q Query) Answer {
	ttl := maxTTL
	for range maxAliases {
		a, ok := w.known[q]
		if !ok {
			return w.want(q)
		}
		w.note(q, a)
		ttl = min(ttl, a.TTL)
		if a.Outcome != Found || a.Alias == "" {
			a.TTL = ttl
			return a
		}
		q.Name = a.Alias
	}
	w.cause = errChain
	return Answer{Outcome: Failed}
}

func (w *walk) want(q Query) Answer {
	switch {
	case slices.Contains(w.missing, q):
	case len(w.known)+len(w.missing) < maxQueries:
		w.missing = append(w.missing, q)
	default:
		w.cause = errQueries
	}
	return Answer{Outcome: Failed}
}

// note keeps what an answer says of the whole.
func (w *walk) note(q Query, a Answer) {
	if !slices.Contains(w.asked, q) {
		w.asked = append(w.asked, q)
	}
	switch {
	case a.Outcome == Failed && a.Err != nil:
		w.cause = a.Err
	case a.Outcome == Failed:
		w.cause = errors.New(q.String() + " failed")
	case a.Outcome == NoName && q.Name == w.domain:
		w.absent = true
	}
}

// fault says why a walk ended nowhere.
func (w *walk) fault() error {
	e := &Error{Target: w.target, Kind: ErrNoRecord, Asked: w.asked}
	switch {
	case w.absent && !w.served:
		e.Kind = ErrNoName
	case w.cause != nil:
		e.Kind, e.Cause = ErrServer, w.cause
	default:
		e.Detail = "nothing there for " + list(w.usable) + " over " + list(w.means.Families)
	}
	return e
}
