package resolve

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// replyTo makes a message that answers q with records in zone-file form.
func replyTo(t testing.TB, q Query, change func(*dns.Msg), answers ...string) []byte {
	t.Helper()
	m := new(dns.Msg).SetQuestion(dns.Fqdn(q.Name), uint16(q.Type))
	m.Id, m.Response, m.RecursionAvailable = 7, true, true
	for _, text := range answers {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		m.Answer = append(m.Answer, rr)
	}
	if change != nil {
		change(m)
	}
	packet, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packet
}

func withSOA(ttl, minimum uint32) func(*dns.Msg) {
	return func(m *dns.Msg) {
		m.Ns = append(m.Ns, &dns.SOA{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: ttl}, Ns: ".", Mbox: ".", Minttl: minimum})
	}
}

func TestQueryOnTheWire(t *testing.T) {
	for _, edns := range []bool{true, false} {
		packet, err := pack(Query{"_sip._udp.example.com", SRV}, 0xabcd, edns)
		if err != nil {
			t.Fatal(err)
		}
		m := new(dns.Msg)
		if err := m.Unpack(packet); err != nil {
			t.Fatal(err)
		}
		q := m.Question[0]
		if m.Id != 0xabcd || !m.RecursionDesired || q.Name != "_sip._udp.example.com." || q.Qtype != dns.TypeSRV || q.Qclass != dns.ClassINET {
			t.Errorf("asks %v", m)
		}
		if opt := m.IsEdns0(); (opt != nil) != edns || edns && opt.UDPSize() != udpSize {
			t.Errorf("EDNS is %v", opt)
		}
	}
	for typ, number := range map[Type]uint16{A: dns.TypeA, AAAA: dns.TypeAAAA, SRV: dns.TypeSRV, NAPTR: dns.TypeNAPTR} {
		if uint16(typ) != number || typ.String() != dns.TypeToString[number] {
			t.Errorf("%v is %d", typ, typ)
		}
	}
}

func TestRecords(t *testing.T) {
	for _, c := range []struct {
		name    string
		q       Query
		answers []string
		want    Answer
	}{
		{"A, in the order of the answer, what is no address left out", Query{"a.example", A},
			[]string{"a.example. 60 IN A 192.0.2.2", "A.Example. 50 IN A 192.0.2.1", "a.example. 1 IN A 0.0.0.0", "a.example. 1 IN A 224.0.0.1", "b.example. 1 IN A 192.0.2.3", "a.example. 1 IN AAAA ::1", "a.example. 1 CH A 192.0.2.4"},
			Answer{Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.1")}, TTL: 50 * time.Second}},
		{"AAAA, without IPv4 in it", Query{"a.example", AAAA},
			[]string{"a.example. 60 IN AAAA 2001:db8::1", "a.example. 1 IN AAAA ::", "a.example. 1 IN AAAA ff02::1"},
			Answer{Addrs: []netip.Addr{netip.MustParseAddr("2001:db8::1")}, TTL: time.Minute}},
		{"SRV by priority", Query{"_sip._udp.example", SRV},
			[]string{"_sip._udp.example. 60 IN SRV 2 3 4 B.example.", "_sip._udp.example. 60 IN SRV 1 2 3 .", `_sip._udp.example. 60 IN SRV 1 2 3 a\.b\ c.example.`},
			Answer{Servers: []Server{{1, 2, 3, ""}, {2, 3, 4, "b.example"}}, TTL: time.Minute}},
		{"NAPTR by order and preference", Query{"example", NAPTR},
			[]string{`example. 60 IN NAPTR 2 1 "s" "SIP+D2U" "" _sip._udp.Example.`, `example. 60 IN NAPTR 1 2 "u" "E2U+sip" "!.*!x!" .`, `example. 60 IN NAPTR 1 1 "s" "SIPS+D2T" "" _sips._tcp.example.`},
			Answer{Pointers: []Pointer{{1, 1, "s", "SIPS+D2T", "", "_sips._tcp.example"}, {1, 2, "u", "E2U+sip", "!.*!x!", ""}, {2, 1, "s", "SIP+D2U", "", "_sip._udp.example"}}, TTL: time.Minute}},
		{"through aliases, with the shortest TTL", Query{"a.example", A},
			[]string{"c.example. 60 IN A 192.0.2.1", "b.example. 20 IN CNAME C.example.", "a.example. 40 IN CNAME b.example."},
			Answer{Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, TTL: 20 * time.Second}},
		{"an alias that leads out of the answer", Query{"a.example", A},
			[]string{"a.example. 40 IN CNAME b.other."}, Answer{Alias: "b.other", TTL: 40 * time.Second}},
		{"RFC 2181 s8: the highest bit makes a TTL zero", Query{"a.example", A},
			[]string{"a.example. 2147483648 IN A 192.0.2.1"},
			Answer{Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := unpack(replyTo(t, c.q, nil, c.answers...), c.q, 7)
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("\n got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// An AAAA record may hold ::ffff:192.0.2.1 on the wire.
func TestMappedAddressIsNoIPv6(t *testing.T) {
	q := Query{"a.example", AAAA}
	packet := replyTo(t, q, withSOA(60, 60), "a.example. 60 IN AAAA 2001:db8::1")
	mapped := netip.MustParseAddr("::ffff:192.0.2.1").As16()
	real := netip.MustParseAddr("2001:db8::1").As16()
	at := strings.Index(string(packet), string(real[:]))
	copy(packet[at:], mapped[:])
	if a, err := unpack(packet, q, 7); err != nil || a.Outcome != NoData {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestNegative(t *testing.T) {
	rcode := func(code int, more ...func(*dns.Msg)) func(*dns.Msg) {
		return func(m *dns.Msg) {
			m.Rcode = code
			for _, change := range more {
				change(m)
			}
		}
	}
	for _, c := range []struct {
		name    string
		change  func(*dns.Msg)
		answers []string
		want    Answer
		fault   string
	}{
		{"RFC 2308 s5: the minimum of SOA.MINIMUM and TTL", rcode(3, withSOA(50, 90)), nil, Answer{Outcome: NoName, TTL: 50 * time.Second}, ""},
		{"the other way round", withSOA(90, 40), nil, Answer{Outcome: NoData, TTL: 40 * time.Second}, ""},
		{"RFC 2308 s5: not cached without SOA", rcode(3), nil, Answer{Outcome: NoName}, ""},
		{"no data without SOA, from who asks others", nil, nil, Answer{Outcome: NoData}, ""},
		{"no data, from who must know", func(m *dns.Msg) { m.RecursionAvailable, m.Authoritative = false, true }, nil, Answer{Outcome: NoData}, ""},
		{"the end of an alias has no data", withSOA(90, 40), []string{"a.example. 20 IN CNAME b.example."}, Answer{Outcome: NoData, TTL: 20 * time.Second}, ""},
		{"the end of an alias does not exist", rcode(3, withSOA(90, 40)), []string{"a.example. 60 IN CNAME b.example."}, Answer{Outcome: NoName, TTL: 40 * time.Second}, ""},
		{"a referral", func(m *dns.Msg) { m.RecursionAvailable = false }, nil, Answer{}, "does not ask others"},
		{"SERVFAIL", rcode(2), nil, Answer{}, "SERVFAIL"},
		{"REFUSED", rcode(5), nil, Answer{}, "REFUSED"},
		{"REFUSED, a header alone", rcode(5, func(m *dns.Msg) { m.Question = nil }), nil, Answer{}, "REFUSED"},
		{"an unknown code", rcode(12), nil, Answer{}, "12"},
		{"an alias of no name", nil, []string{`a.example. 60 IN CNAME b\ c.example.`}, Answer{}, "no host name"},
		{"a circle", nil, []string{"a.example. 60 IN CNAME b.example.", "b.example. 60 IN CNAME a.example."}, Answer{}, "circle"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := Query{"a.example", A}
			got, err := unpack(replyTo(t, q, c.change, c.answers...), q, 7)
			if c.fault != "" {
				if err == nil || !strings.Contains(err.Error(), c.fault) {
					t.Errorf("error is %v, not about %q", err, c.fault)
				}
				return
			}
			if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

// What is not the answer to our query does not end the waiting for it.
func TestStrays(t *testing.T) {
	q := Query{"a.example", A}
	const record = "a.example. 60 IN A 192.0.2.1"
	for name, packet := range map[string][]byte{
		"nothing":          {},
		"half a header":    {0, 7, 0x80},
		"another number":   replyTo(t, q, func(m *dns.Msg) { m.Id = 8 }, record),
		"a query":          replyTo(t, q, func(m *dns.Msg) { m.Response = false }, record),
		"another opcode":   replyTo(t, q, func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify }, record),
		"another name":     replyTo(t, Query{"b.example", A}, nil, record),
		"another type":     replyTo(t, Query{"a.example", AAAA}, nil, record),
		"another class":    replyTo(t, q, func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }, record),
		"no question":      {0, 7, 0x80, 0x80, 0, 0, 0, 0, 0, 0, 0, 0},
		"two questions":    replyTo(t, q, func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }, record),
		"a name that lies": replyTo(t, q, func(m *dns.Msg) { m.Question[0].Name = `a\.example.` }, record),
	} {
		if a, err := unpack(packet, q, 7); !errors.Is(err, errStray) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func TestTruncatedAndUnreadable(t *testing.T) {
	q := Query{"a.example", A}
	for want, change := range map[error]func(*dns.Msg){
		errTruncated: func(m *dns.Msg) { m.Truncated = true },
		errExtension: func(m *dns.Msg) { m.Rcode, m.Question = dns.RcodeFormatError, nil },
	} {
		if _, err := unpack(replyTo(t, q, change), q, 7); !errors.Is(err, want) {
			t.Errorf("%v, not %v", err, want)
		}
	}
	packet := replyTo(t, q, nil, "a.example. 60 IN A 192.0.2.1")
	if _, err := unpack(packet[:len(packet)-2], q, 7); err == nil || errors.Is(err, errStray) || !strings.Contains(err.Error(), "malformed") {
		t.Errorf("half a record: %v", err)
	}
}

// The first to be tried are kept of too many records.
func TestAnswerIsBounded(t *testing.T) {
	q := Query{"_sip._udp.example", SRV}
	var records []string
	for i := range 500 {
		records = append(records, fmt.Sprintf("%s. 60 IN SRV %d 1 5060 h%d.example.", q.Name, 500-i, i))
	}
	a, err := unpack(replyTo(t, q, nil, records...), q, 7)
	if err != nil || len(a.Servers) != maxRecords || a.Servers[0].Priority != 1 || a.Servers[maxRecords-1].Priority != maxRecords {
		t.Errorf("%d records, %v", len(a.Servers), err)
	}
}

func TestHostname(t *testing.T) {
	for given, want := range map[string]string{
		"Example.COM.": "example.com", "_sip._udp.a-1": "_sip._udp.a-1", "x": "x",
		"": "", ".": "", "a..b": "", ".a": "", "a b": "", `a\032b`: "", "a\x00": "", "ä.example": "", "a/b": "",
		strings.Repeat("a", 63) + ".b": strings.Repeat("a", 63) + ".b", strings.Repeat("a", 64): "",
	} {
		if got, ok := hostname(given); got != want || ok != (want != "") {
			t.Errorf("%q is %q, %v", given, got, ok)
		}
	}
}

// FuzzAnswer reads any bytes as the reply to each type of query. What comes out is
// bounded, well formed, of the type that was asked for, and can be located with.
func FuzzAnswer(f *testing.F) {
	queries := []Query{{"a.example", A}, {"a.example", AAAA}, {"_sip._udp.a.example", SRV}, {"a.example", NAPTR}}
	for i, records := range [][]string{
		{"a.example. 60 IN CNAME b.example.", "b.example. 60 IN A 192.0.2.1"},
		{"a.example. 60 IN AAAA 2001:db8::1"},
		{"_sip._udp.a.example. 60 IN SRV 1 2 5060 a.example.", "_sip._udp.a.example. 60 IN SRV 0 0 0 ."},
		{`a.example. 60 IN NAPTR 1 2 "s" "SIP+D2U" "" _sip._udp.a.example.`},
	} {
		f.Add(replyTo(f, queries[i], nil, records...))
		f.Add(replyTo(f, queries[i], withSOA(60, 30)))
		f.Add(replyTo(f, queries[i], func(m *dns.Msg) { m.SetEdns0(udpSize, false); m.Rcode = 3 }))
	}
	f.Add([]byte{0, 7, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0xc0, 0x0c, 0, 1, 0, 1})
	f.Fuzz(func(t *testing.T, packet []byte) {
		for _, q := range queries {
			a, err := unpack(packet, q, 7)
			if len(packet) >= 2 {
				a2, err2 := unpack(packet, q, binary.BigEndian.Uint16(packet))
				if err != nil {
					a, err = a2, err2
				}
			}
			if err != nil {
				continue
			}
			if fault := faultOf(a, q); fault != "" {
				t.Fatalf("%v: %s: %+v", q, fault, a)
			}
			answer := func(Query) Answer { return a }
			if _, rounds, _ := locateBy(answer, Target{Host: "a.example"}, both, seeded(1)); len(slices.Concat(rounds...)) > maxQueries {
				t.Fatalf("asks %d queries", len(slices.Concat(rounds...)))
			}
		}
	})
}

// faultOf says what an answer must not be.
func faultOf(a Answer, q Query) string {
	records := len(a.Pointers) + len(a.Servers) + len(a.Addrs)
	switch {
	case a.TTL < 0 || a.TTL > maxTTL:
		return "TTL"
	case records > maxRecords:
		return "too many records"
	case a.Outcome == Failed || a.Err != nil:
		return "a failure without an error"
	case (a.Outcome == Found) != (records > 0 || a.Alias != ""):
		return "outcome"
	case len(a.Pointers) > 0 && q.Type != NAPTR, len(a.Servers) > 0 && q.Type != SRV, len(a.Addrs) > 0 && q.Type != A && q.Type != AAAA:
		return "another type"
	}
	names := []string{a.Alias}
	for _, s := range a.Servers {
		names = append(names, s.Target)
	}
	for _, p := range a.Pointers {
		names = append(names, p.Replacement)
	}
	for _, n := range names {
		if clean, ok := hostname(n); n != "" && (!ok || clean != n) {
			return "name " + n
		}
	}
	for _, addr := range a.Addrs {
		if familyOf(addr).query() != q.Type || addr.Is4In6() {
			return "family"
		}
	}
	return ""
}

func BenchmarkUnpack(b *testing.B) {
	q := Query{"_sip._udp.example.com", SRV}
	packet := replyTo(b, q, nil, "_sip._udp.example.com. 60 IN SRV 1 2 5060 a.example.com.", "_sip._udp.example.com. 60 IN SRV 1 2 5060 b.example.com.")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := unpack(packet, q, 7); err != nil {
			b.Fatal(err)
		}
	}
}
