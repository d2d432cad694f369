package resolve

import (
	"fmt"
	"testing"
)

func TestZone(t *testing.T) {
	zone, err := Zone(`
_sip._udp.example.com SRV 10 5 5070 one.example.com ; a comment
one.example.com.      A 192.0.2.1
www.example.com       CNAME one.example.com
one.example.com 60 IN AAAA 2001:db8::1
`)
	if err != nil {
		t.Fatal(err)
	}
	for q, want := range map[Query]string{
		{"_sip._udp.example.com", SRV}: "0 [{10 5 5070 one.example.com}] [] 1h0m0s",
		{"one.example.com", A}:         "0 [] [192.0.2.1] 1h0m0s",
		{"one.example.com", AAAA}:      "0 [] [2001:db8::1] 1m0s",
		{"www.example.com", A}:         "0 [] [192.0.2.1] 1h0m0s",
		{"one.example.com", SRV}:       "1 [] [] 1h0m0s",
		{"two.example.com", A}:         "1 [] [] 1h0m0s",
	} {
		a, err := zone(t.Context(), q)
		if got := fmt.Sprint(uint8(a.Outcome), a.Servers, a.Addrs, a.TTL); err != nil || got != want {
			t.Errorf("%v: %s, %v; want %s", q, got, err, want)
		}
	}
	for _, broken := range []string{"one.example.com A x", "one.example.com SRV 1 2"} {
		if _, err := Zone(broken); err == nil {
			t.Errorf("%q is taken", broken)
		}
	}
}
