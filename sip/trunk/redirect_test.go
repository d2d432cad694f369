package trunk

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var places = []Place{
	{"carrier", "sip.carrier.example", 0},
	{"backup", "192.0.2.7", 5080},
	{"backup2", "192.0.2.7", 5082},
	{"six", "2001:db8::1", 0},
}

func sipContact(user, host string, port uint16, q int) Contact {
	uri := "sip:" + user + "@" + host
	if port != 0 {
		uri += fmt.Sprintf(":%d", port)
	}
	return Contact{Scheme: "sip", User: user, Host: host, Port: port, Q: q, URI: uri}
}

// show writes hops as "trunk=uri", then what was skipped.
func show(hops []Hop, skipped []string) string {
	var parts []string
	for _, h := range hops {
		parts = append(parts, h.Trunk+"="+h.URI)
	}
	for _, s := range skipped {
		parts = append(parts, "! "+s)
	}
	return strings.Join(parts, "\n")
}

func TestFollow(t *testing.T) {
	tests := []struct {
		name     string
		contacts []Contact
		want     string
	}{
		{"the same host", []Contact{sipContact("+2", "SIP.carrier.example.", 0, 1000)},
			"carrier=sip:+2@SIP.carrier.example."},
		{"the same host, another port", []Contact{sipContact("+2", "sip.carrier.example", 5062, 1000)},
			"carrier=sip:+2@sip.carrier.example:5062"},
		{"another trunk", []Contact{sipContact("+2", "192.0.2.7", 5082, 1000)}, "backup2=sip:+2@192.0.2.7:5082"},
		{"another trunk, its port unknown", []Contact{sipContact("+2", "192.0.2.7", 9, 1000)}, "backup=sip:+2@192.0.2.7:9"},
		{"IPv6, in another spelling", []Contact{sipContact("+2", "[2001:DB8:0::1]", 0, 1000)}, "six=sip:+2@[2001:DB8:0::1]"},
		{"by q", []Contact{sipContact("+2", "192.0.2.7", 5080, 100), sipContact("+3", "sip.carrier.example", 0, 900), sipContact("+4", "192.0.2.7", 5080, 100)},
			"carrier=sip:+3@sip.carrier.example\nbackup=sip:+2@192.0.2.7:5080\nbackup=sip:+4@192.0.2.7:5080"},
		{"a stranger", []Contact{sipContact("+2", "192.0.2.8", 0, 1000)}, `! "sip:+2@192.0.2.8": its host is no trunk of ours`},
		{"no host", []Contact{sipContact("+2", "", 0, 1000)}, `! "sip:+2@": its host is no trunk of ours`},
		{"no SIP", []Contact{{Scheme: "tel", User: "+2", Host: "sip.carrier.example", URI: "tel:+2"}}, `! "tel:+2": not a SIP URI`},
		{"SIPS", []Contact{{Scheme: "SIPS", User: "+2", Host: "sip.carrier.example", URI: "sips:+2@sip.carrier.example"}}, "carrier=sips:+2@sip.carrier.example"},
		{"what was called", []Contact{sipContact("+1", "sip.CARRIER.example", 0, 1000)}, `! "sip:+1@sip.CARRIER.example": tried already`},
		{"twice the same", []Contact{sipContact("+2", "192.0.2.7", 5080, 1000), sipContact("+2", "192.0.2.7", 5080, 500)},
			"backup=sip:+2@192.0.2.7:5080\n! \"sip:+2@192.0.2.7:5080\": tried already"},
		{"none", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewRedirection(sipContact("+1", "sip.carrier.example", 0, 0))
			if got := show(r.Follow(places[0], tt.contacts, places)); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestRedirectionsAreBounded(t *testing.T) {
	r := NewRedirection(sipContact("+1", "sip.carrier.example", 0, 0))
	for i := range 3 {
		c := sipContact(fmt.Sprint(i), "sip.carrier.example", 0, 1000)
		if hops, skipped := r.Follow(places[0], []Contact{c}, places); len(hops) != 1 {
			t.Fatalf("redirection %d: %v", i+1, skipped)
		}
	}
	hops, skipped := r.Follow(places[0], []Contact{sipContact("9", "sip.carrier.example", 0, 1000)}, places)
	if got, want := show(hops, skipped), "! redirected more than 3 times"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestContactsAreBounded(t *testing.T) {
	var list []Contact
	for i := range 10 {
		list = append(list, sipContact(fmt.Sprint(i), "192.0.2.7", 5080, 1000))
	}
	r := NewRedirection(sipContact("+1", "sip.carrier.example", 0, 0))
	hops, skipped := r.Follow(places[0], list, places)
	if len(hops) != 5 || len(skipped) != 5 || !strings.HasSuffix(skipped[0], "5 contacts have been tried") {
		t.Errorf("%d hops, skipped %q", len(hops), skipped)
	}
	if hops, _ := r.Follow(places[1], list[7:], places); len(hops) != 0 {
		t.Errorf("%d more", len(hops))
	}
}

// However often a call is sent on: never to a stranger, never twice to the same place,
// never to more than five.
func TestFollowInAnyOrder(t *testing.T) {
	hosts := []string{"sip.carrier.example", "SIP.CARRIER.EXAMPLE", "192.0.2.7", "192.0.2.9", "evil.example", "", "[2001:db8::1]"}
	rapid.Check(t, func(t *rapid.T) {
		first := sipContact("1", "sip.carrier.example", 0, 0)
		r := NewRedirection(first)
		called := []string{"1@sip.carrier.example:0"}
		for range rapid.IntRange(1, 6).Draw(t, "redirections") {
			var list []Contact
			for range rapid.IntRange(0, 5).Draw(t, "contacts") {
				list = append(list, sipContact(
					rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "user"), rapid.SampledFrom(hosts).Draw(t, "host"),
					uint16(rapid.SampledFrom([]int{0, 5080}).Draw(t, "port")), rapid.IntRange(0, 1000).Draw(t, "q")))
			}
			before := slices.Clone(list)
			from := rapid.SampledFrom(places).Draw(t, "from")
			hops, skipped := r.Follow(from, list, places)
			if !slices.Equal(before, list) {
				t.Fatalf("the contacts have changed")
			}
			if len(hops)+len(skipped) != len(list) && r.Followed <= 3 {
				t.Fatalf("%d and %d of %d contacts", len(hops), len(skipped), len(list))
			}
			for _, h := range hops {
				key := strings.ToLower(strings.TrimPrefix(h.URI, "sip:"))
				if strings.Contains(key, "evil") || strings.Contains(key, "192.0.2.9") || strings.HasSuffix(key, "@") {
					t.Fatalf("called %s", h.URI)
				}
				if slices.Contains(called, key) {
					t.Fatalf("called %s twice", h.URI)
				}
				called = append(called, key)
			}
		}
		if len(called) > 6 {
			t.Fatalf("called %q", called)
		}
	})
}
