package transaction

import (
	"strings"
	"testing"
)

func TestServerKeyMatching(t *testing.T) {
	invite := NewServerKey("INVITE", "z9hG4bK776asdhds", "pc33.Atlanta.com", 5060)
	tests := []struct {
		name string
		key  ServerKey
		same bool
	}{
		{"retransmission", NewServerKey("INVITE", "z9hG4bK776asdhds", "pc33.Atlanta.com", 5060), true},
		{"host in another case", NewServerKey("INVITE", "z9hG4bK776asdhds", "PC33.atlanta.COM", 5060), true},
		{"its ACK", NewServerKey("ACK", "z9hG4bK776asdhds", "pc33.Atlanta.com", 5060), true},
		{"its CANCEL is a transaction of its own", NewServerKey("CANCEL", "z9hG4bK776asdhds", "pc33.Atlanta.com", 5060), false},
		{"its CANCEL finds it", NewServerKey("CANCEL", "z9hG4bK776asdhds", "pc33.Atlanta.com", 5060).Cancelled(), true},
		{"another branch", NewServerKey("INVITE", "z9hG4bK776asdhdt", "pc33.Atlanta.com", 5060), false},
		{"another client that chose the same branch", NewServerKey("INVITE", "z9hG4bK776asdhds", "pc34.Atlanta.com", 5060), false},
		{"another port", NewServerKey("INVITE", "z9hG4bK776asdhds", "pc33.Atlanta.com", 5062), false},
		{"no port", NewServerKey("INVITE", "z9hG4bK776asdhds", "pc33.Atlanta.com", 0), false},
		{"BYE", NewServerKey("BYE", "z9hG4bK776asdhds", "pc33.Atlanta.com", 5060), false},
	}
	for _, tt := range tests {
		if got := tt.key == invite; got != tt.same {
			t.Errorf("%s: same transaction = %v", tt.name, got)
		}
	}
}

func TestLegacyKeyMatching(t *testing.T) {
	r := Legacy{RequestURI: "sip:bob@b.example", FromTag: "a1", CallID: "7@a", CSeq: 1, Via: "SIP/2.0/UDP a.example"}
	invite := NewLegacyKey("INVITE", r)
	change := func(method string, f func(*Legacy)) ServerKey {
		c := r
		f(&c)
		return NewLegacyKey(method, c)
	}
	tests := []struct {
		name string
		key  ServerKey
		same bool
	}{
		{"retransmission", NewLegacyKey("INVITE", r), true},
		{"its ACK, with the To tag of the response", change("ACK", func(c *Legacy) { c.ToTag = "b2" }), true},
		{"its CANCEL finds it", NewLegacyKey("CANCEL", r).Cancelled(), true},
		{"another CSeq", change("INVITE", func(c *Legacy) { c.CSeq = 2 }), false},
		{"another Call-ID", change("INVITE", func(c *Legacy) { c.CallID = "8@a" }), false},
		{"another From tag", change("INVITE", func(c *Legacy) { c.FromTag = "a2" }), false},
		{"another Via", change("INVITE", func(c *Legacy) { c.Via += ":5080" }), false},
		{"another URI", change("INVITE", func(c *Legacy) { c.RequestURI += ":5080" }), false},
		{"BYE", NewLegacyKey("BYE", r), false},
	}
	for _, tt := range tests {
		if got := tt.key == invite; got != tt.same {
			t.Errorf("%s: same transaction = %v", tt.name, got)
		}
	}
	bye := NewLegacyKey("BYE", r)
	if bye == change("BYE", func(c *Legacy) { c.ToTag = "b2" }) {
		t.Error("BYEs with different To tags are one transaction")
	}
}

func TestHasCookie(t *testing.T) {
	for branch, want := range map[string]bool{
		"z9hG4bK776asdhds": true, "Z9HG4BKabc": true, "z9hG4bK": false, "1": false, "": false, "z9hG4b": false,
	} {
		if HasCookie(branch) != want {
			t.Errorf("HasCookie(%q) = %v", branch, !want)
		}
	}
}

func TestBranch(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range [][2]uint64{{0, 0}, {1, 0}, {0, 1}, {1, 36}, {36 + 1, 36 - 36}, {1<<64 - 1, 1<<64 - 1}, {36, 1}, {1, 361}} {
		b := Branch(v[0], v[1])
		if !HasCookie(b) || seen[b] || len(b) > 34 || strings.ContainsAny(b, " ;,\"\r\n") {
			t.Errorf("Branch(%d, %d) = %q", v[0], v[1], b)
		}
		seen[b] = true
	}
}

func TestClientKey(t *testing.T) {
	invite := NewClientKey("z9hG4bK1", "INVITE")
	if invite == NewClientKey("z9hG4bK1", "CANCEL") {
		t.Error("the 200 to a CANCEL would answer the INVITE")
	}
	if invite != NewClientKey("z9hG4bK1", "INVITE") {
		t.Error("a response does not find its request")
	}
}
