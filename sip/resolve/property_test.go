package resolve

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// world is a DNS of a few names, drawn at random, that need not make sense.
type world map[Query]Answer

func (w world) answer(q Query) Answer {
	if a, ok := w[q]; ok {
		return a
	}
	return Answer{Outcome: NoName, TTL: time.Second}
}

const worldHosts = 4

func drawWorld(t *rapid.T) world {
	w := world{}
	ttl := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.IntRange(0, 3600).Draw(t, "ttl")) * time.Second
	})
	for h := range worldHosts {
		name := fmt.Sprintf("h%d.example", h)
		for _, f := range []Family{IPv4, IPv6} {
			w[Query{name, f.query()}] = drawAddresses(t, h, f, ttl.Draw(t, "ttl"))
		}
	}
	names := []string{"_sip._udp.example", "_sip._tcp.example", "_sips._tcp.example", "_x.example"}
	for _, name := range names {
		a := Answer{TTL: ttl.Draw(t, "ttl")}
		for range rapid.IntRange(0, 5).Draw(t, "servers") {
			h := rapid.IntRange(0, worldHosts).Draw(t, "host") // one more than there are
			a.Servers = append(a.Servers, Server{
				Priority: rapid.Uint16Range(0, 3).Draw(t, "priority"), Weight: rapid.Uint16().Draw(t, "weight"),
				Port: rapid.Uint16Range(0, 3).Draw(t, "port"), Target: fmt.Sprintf("h%d.example", h),
			})
		}
		w[Query{name, SRV}] = spoilt(t, a)
	}
	p := Answer{TTL: ttl.Draw(t, "ttl")}
	for range rapid.IntRange(0, 5).Draw(t, "pointers") {
		p.Pointers = append(p.Pointers, Pointer{
			Order: rapid.Uint16Range(0, 2).Draw(t, "order"), Preference: rapid.Uint16Range(0, 2).Draw(t, "preference"),
			Flags: rapid.SampledFrom([]string{"s", "S", "u", ""}).Draw(t, "flags"),
			Field: rapid.SampledFrom([]string{"SIP+D2U", "SIP+D2T", "SIPS+D2T", "sip+d2u", "E2U"}).Draw(t, "field"), Replacement: rapid.SampledFrom(names).Draw(t, "replacement"),
		})
	}
	w[Query{"example", NAPTR}] = spoilt(t, p)
	w[Query{"example", A}] = spoilt(t, drawAddresses(t, 9, IPv4, time.Minute))
	return w
}

func drawAddresses(t *rapid.T, h int, f Family, ttl time.Duration) Answer {
	a := Answer{TTL: ttl}
	for i := range rapid.IntRange(0, 3).Draw(t, "addresses") {
		// Hosts 0 and 1 have the same addresses.
		addr := netip.AddrFrom4([4]byte{10, 0, byte(max(h, 1)), byte(i)})
		if f == IPv6 {
			addr = netip.AddrFrom16([16]byte{0: 0x20, 1: 1, 14: byte(max(h, 1)), 15: byte(i)})
		}
		a.Addrs = append(a.Addrs, addr)
	}
	return spoilt(t, a)
}

// spoilt is at times not the answer but a failure, an alias or nothing.
func spoilt(t *rapid.T, a Answer) Answer {
	switch rapid.IntRange(0, 9).Draw(t, "spoilt") {
	case 0:
		return Answer{Outcome: Failed}
	case 1:
		return Answer{Outcome: NoData, TTL: a.TTL}
	case 2:
		return Answer{Alias: rapid.SampledFrom([]string{"h0.example", "h1.example", "_x.example", "example"}).Draw(t, "alias"), TTL: a.TTL}
	}
	return a
}

func drawMeans(t *rapid.T) Means {
	return Means{
		Protocols: rapid.Permutation([]Protocol{UDP, TCP, TLS}).Draw(t, "protocols")[:rapid.IntRange(1, 3).Draw(t, "count")],
		Families:  rapid.Permutation([]Family{IPv4, IPv6}).Draw(t, "families")[:rapid.IntRange(1, 2).Draw(t, "count")],
	}
}

func drawTarget(t *rapid.T) Target {
	return Target{
		Host:     rapid.SampledFrom([]string{"example", "h0.example", "gone.example"}).Draw(t, "host"),
		Port:     rapid.SampledFrom([]uint16{0, 0, 0, 5070}).Draw(t, "port"),
		Protocol: rapid.SampledFrom([]Protocol{0, 0, UDP, TCP, TLS}).Draw(t, "protocol"),
		Secure:   rapid.Bool().Draw(t, "secure"),
	}
}

// Whatever the DNS says: it ends, with candidates or an error, each place once, only of
// what we speak, never below TLS for sips:, and no TTL longer than the answers'.
func TestEveryResultIsSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, m, target := drawWorld(t), drawMeans(t), drawTarget(t)
		found, rounds, err := locateBy(w.answer, target, m, seeded(rapid.Uint64().Draw(t, "seed")))
		if (err == nil) != (len(found) > 0) {
			t.Fatalf("candidates %v with error %v", found, err)
		}
		if len(rounds) > 40 || len(slices.Concat(rounds...)) > maxQueries {
			t.Fatalf("%d rounds", len(rounds))
		}
		seen := map[peer]bool{}
		for _, c := range found {
			if seen[c.peer()] {
				t.Fatalf("%v twice in %v", c, found)
			}
			seen[c.peer()] = true
			if !slices.Contains(m.Protocols, c.Protocol) || !slices.Contains(m.Families, familyOf(c.Addr.Addr())) {
				t.Fatalf("%v is nothing that we speak", c)
			}
			if target.Secure && c.Protocol != TLS || target.Protocol == TLS && c.Protocol != TLS {
				t.Fatalf("%v is not secure", c)
			}
			if c.ServerName != target.Host || c.Addr.Port() == 0 || c.TTL > time.Hour {
				t.Fatalf("%+v", c)
			}
		}
	})
}

// For one protocol the list is exactly what the SRV records say: every address of every
// target once, no priority before a lower one.
func TestEveryServerAppearsOnceByPriority(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, m := drawWorld(t), drawMeans(t)
		p := rapid.SampledFrom(m.Protocols).Draw(t, "protocol")
		servers := w.answer(Query{p.records("example"), SRV})
		if servers.Alias != "" || len(servers.Servers) == 0 {
			return
		}
		found, _, _ := locateBy(w.answer, Target{Host: "example", Protocol: p}, m, seeded(rapid.Uint64().Draw(t, "seed")))
		want := map[netip.AddrPort]bool{}
		for _, s := range servers.Servers {
			for _, f := range m.Families {
				a := w.answer(Query{s.Target, f.query()})
				for range maxAliases {
					if a.Alias != "" {
						a = w.answer(Query{a.Alias, f.query()})
					}
				}
				for _, addr := range a.Addrs {
					if s.Port != 0 {
						want[netip.AddrPortFrom(addr, s.Port)] = true
					}
				}
			}
		}
		for _, c := range found {
			if !want[c.Addr] {
				t.Fatalf("%v is nowhere in the zone", c)
			}
		}
		if len(found) != len(want) {
			t.Fatalf("%d of %d places: %v", len(found), len(want), found)
		}
		if !slices.IsSortedFunc(found, func(a, b Candidate) int { return int(a.Priority) - int(b.Priority) }) {
			t.Fatalf("priorities are not in order: %v", found)
		}
	})
}

// What is asked does not depend on chance, nor on the order of the answers.
func TestQueriesAreRepeatable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, m, target := drawWorld(t), drawMeans(t), drawTarget(t)
		var first []string
		for seed := range uint64(3) {
			_, rounds, _ := locateBy(w.answer, target, m, seeded(seed))
			asked := sorted(texts(slices.Concat(rounds...)))
			if seed == 0 {
				first = asked
			}
			if !slices.Equal(asked, first) {
				t.Fatalf("asked %v, and then %v", first, asked)
			}
		}
	})
}
