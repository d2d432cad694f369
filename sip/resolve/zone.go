package resolve

import (
	"context"
	"strings"

	"github.com/miekg/dns"
)

// zoneTTL is of records that do not say it, and of names that are not there.
const zoneTTL = 3600

// Zone answers queries from records in the form of a zone file (RFC 1035 section 5.1),
// and says of all other names that there are none: for tests, and for whoever runs a
// gateway without name servers. Names are complete with or without a dot at the end.
func Zone(text string) (Exchange, error) {
	parser := dns.NewZoneParser(strings.NewReader(text), ".", "")
	parser.SetDefaultTTL(zoneTTL)
	var records []dns.RR
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		if a, is := rr.(*dns.A); is {
			a.A = a.A.To4() // four bytes, as from the wire
		}
		records = append(records, rr)
	}
	soa := &dns.SOA{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: zoneTTL}, Minttl: zoneTTL}
	return func(_ context.Context, q Query) (Answer, error) {
		m := new(dns.Msg).SetQuestion(dns.Fqdn(q.Name), uint16(q.Type))
		m.Answer, m.Ns = records, []dns.RR{soa}
		return read(m, q)
	}, parser.Err()
}
