package resolve

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// zone is what a name server knows, by owner in the form of Query.
type zone map[string][]dns.RR

// negativeTTL is that of the zones' SOA.
const negativeTTL = 30

// zoneOf reads lines of a zone file without TTLs; the TTL is 60 unless one is written.
func zoneOf(t testing.TB, text string) zone {
	t.Helper()
	z := zone{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, ";")
		if strings.TrimSpace(line) == "" {
			continue
		}
		rr, err := dns.NewRR("$ORIGIN .\n$TTL 60\n" + strings.TrimSpace(line) + "\n")
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		name, ok := hostname(rr.Header().Name)
		if !ok {
			name = rr.Header().Name
		}
		z[name] = append(z[name], rr)
	}
	return z
}

// reply is that of a recursive server which knows nothing but the zone.
func (z zone) reply(query *dns.Msg) *dns.Msg {
	m := new(dns.Msg).SetReply(query)
	m.RecursionAvailable = true
	asked := query.Question[0]
	name, _ := hostname(asked.Name)
	for range 12 {
		records, exists := z.at(name)
		if !exists {
			m.Rcode = dns.RcodeNameError
			break
		}
		next := ""
		for _, rr := range records {
			c, alias := rr.(*dns.CNAME)
			if rr.Header().Rrtype == asked.Qtype || alias {
				m.Answer = append(m.Answer, rr)
			}
			if alias {
				next, _ = hostname(c.Target)
			}
		}
		if name = next; name == "" {
			break
		}
	}
	if last := len(m.Answer); last == 0 || m.Answer[last-1].Header().Rrtype == dns.TypeCNAME || m.Rcode != 0 {
		soa, _ := dns.NewRR(fmt.Sprintf(". 3600 IN SOA . . 1 2 3 4 %d", negativeTTL))
		m.Ns = append(m.Ns, soa)
	}
	return m
}

// at gives the records of a name, which exists when something is below it too.
func (z zone) at(name string) ([]dns.RR, bool) {
	if records, ok := z[name]; ok {
		return records, true
	}
	for owner := range z {
		if strings.HasSuffix(owner, "."+name) {
			return nil, true
		}
	}
	return nil, false
}

// exchange is an Exchange that goes over the wire format and back.
func (z zone) exchange(_ context.Context, q Query) (Answer, error) {
	packet, err := pack(q, 7, true)
	if err != nil {
		return Answer{}, err
	}
	query := new(dns.Msg)
	if err := query.Unpack(packet); err != nil {
		return Answer{}, err
	}
	reply, err := z.reply(query).Pack()
	if err != nil {
		return Answer{}, err
	}
	return unpack(reply, q, 7)
}

// answer is the zone's answer, Failed when there is none.
func (z zone) answer(q Query) Answer {
	a, err := z.exchange(context.Background(), q)
	if err != nil {
		return Answer{Outcome: Failed, Err: err}
	}
	return a
}

// locate asks the zone until there is a result, and tells the rounds of queries.
func (z zone) locate(target Target, m Means, chance func(int) int) (found []Candidate, rounds [][]Query, err error) {
	return locateBy(z.answer, target, m, chance)
}

func locateBy(answer func(Query) Answer, target Target, m Means, chance func(int) int) (found []Candidate, rounds [][]Query, err error) {
	known := Answers{}
	for {
		found, missing, err := Locate(target, m, known, chance)
		if len(missing) == 0 {
			return found, rounds, err
		}
		rounds = append(rounds, missing)
		for _, q := range missing {
			known[q] = answer(q)
		}
	}
}

// seeded is chance that is the same in each run.
func seeded(seed uint64) func(int) int { return rand.New(rand.NewPCG(seed, seed)).IntN }

// both is a side with every means.
var both = Means{Protocols: []Protocol{UDP, TCP, TLS}, Families: []Family{IPv4, IPv6}}

// texts writes a list as strings, for comparisons.
func texts[T fmt.Stringer](things []T) []string {
	list := []string{}
	for _, t := range things {
		list = append(list, t.String())
	}
	return list
}

// lines cuts a text into trimmed lines.
func lines(text string) []string {
	list := []string{}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

func sorted[T cmp.Ordered](list []T) []T {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

// same compares two lists and reports the difference.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n  got  %s\n  want %s", what, strings.Join(got, "\n       "), strings.Join(want, "\n       "))
	}
}
