package sip

import (
	"slices"
	"testing"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sip/dialog"
)

func TestAsked(t *testing.T) {
	req := request(t, "INVITE sip:(425)%20555-0100@example.test;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"+
		"From: \"Alice A.\" <sip:alice@example.test>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"+
		"P-Preferred-Identity: <sip:+14255550199@example.test>\r\n"+
		"P-Asserted-Identity: \"A\" <sip:+1@h>\r\nP-Asserted-Identity: <tel:+2>\r\nPrivacy: id;critical\r\n\r\n")
	got := asked(dialplan.Party{Kind: dialplan.PartyUser, Name: "alice"}, req)
	want := dialplan.Request{
		Origin: dialplan.Party{Kind: dialplan.PartyUser, Name: "alice"}, To: req.Recipient.String(),
		FromURI: "sip:alice@example.test", FromDisplay: "Alice A.",
		PreferredIdentity: "<sip:+14255550199@example.test>",
		AssertedIdentity:  `"A" <sip:+1@h>, <tel:+2>`, Privacy: "id;critical",
	}
	if got != want {
		t.Errorf("asked %+v,\nnot %+v", got, want)
	}
}

// Remote-Party-ID stands for P-Asserted-Identity where there is none.
func TestVouched(t *testing.T) {
	const head = "INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
	for _, tt := range []struct{ headers, party, identity, privacy string }{
		{"", "calling", "", ""},
		{"Privacy: id\r\n", "calling", "", "id"},
		{"Remote-Party-ID: \"A \\\"B\\\"\" <sip:+14255550101@h;user=phone>;party=calling;screen=yes;privacy=off\r\n", "calling", `"A \"B\"" <sip:+14255550101@h;user=phone>`, ""},
		{"Remote-Party-ID: <sip:+1@h>;privacy=full\r\n", "calling", "<sip:+1@h>", "id"},
		{"Remote-Party-ID: <sip:+1@h>;privacy=full\r\nPrivacy: none\r\n", "calling", "<sip:+1@h>", "none"},
		{"Remote-Party-ID: <sip:+1@h>;party=called, <sip:+2@h>;PARTY=Calling\r\n", "calling", "<sip:+2@h>", ""},
		{"Remote-Party-ID: <sip:+1@h>;party=called, <sip:+2@h>;party=calling\r\n", "called", "<sip:+1@h>", ""},
		{"Remote-Party-ID: <sip:+1@h>;party=calling;screen=no;privacy=full\r\n", "calling", "", ""},
		{"Remote-Party-ID: <sip:+1@h>;privacy=full\r\nP-Asserted-Identity: <sip:+3@h>\r\n", "calling", "<sip:+3@h>", ""},
		{"Remote-Party-ID: broken <\r\n", "calling", "", ""},
	} {
		identity, privacy := vouched(request(t, head+tt.headers+"\r\n"), tt.party)
		if identity != tt.identity || privacy != tt.privacy {
			t.Errorf("%q: %q, %q; want %q, %q", tt.headers, identity, privacy, tt.identity, tt.privacy)
		}
	}
}

func TestShownHeaders(t *testing.T) {
	for _, c := range []struct {
		id   dialplan.Identity
		want []dialog.Header
	}{
		{dialplan.Identity{}, nil},
		{dialplan.Identity{AssertedUser: "+14255550101"}, []dialog.Header{
			{Name: "P-Asserted-Identity", Value: "<sip:+14255550101@example.test;user=phone>"},
		}},
		{dialplan.Identity{AssertedUser: "bob", AssertedDisplay: `Bob "B" \`, Privacy: "id"}, []dialog.Header{
			{Name: "P-Asserted-Identity", Value: `"Bob \"B\" \\" <sip:bob@example.test>`}, {Name: "Privacy", Value: "id"},
		}},
		{dialplan.Identity{RemotePartyUser: "+1425", RemotePartyDisplay: "A", RemotePartyParams: "party=calling;privacy=full"}, []dialog.Header{
			{Name: "Remote-Party-ID", Value: `"A" <sip:+1425@example.test;user=phone>;party=calling;privacy=full`},
		}},
	} {
		if got := shownHeaders(c.id, domain); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %q,\nnot %q", c.id, got, c.want)
		}
	}
}

func TestFromValue(t *testing.T) {
	for _, c := range []struct {
		id   dialplan.Identity
		want string
	}{
		{dialplan.Identity{FromUser: "+14255550101"}, "<sip:+14255550101@example.test;user=phone>"},
		{dialplan.Identity{FromUser: "alice", FromDisplay: "Alice"}, `"Alice" <sip:alice@example.test>`},
		{dialplan.Identity{FromUser: "anonymous", FromDisplay: "Anonymous", FromHost: dialplan.HostAnonymous}, `"Anonymous" <sip:anonymous@anonymous.invalid>`},
		{dialplan.Identity{FromUser: "a b@c>;x"}, "<sip:a%20b%40c%3E%3Bx@example.test>"},
	} {
		if got := fromValue(c.id, domain); got != c.want {
			t.Errorf("%+v: %s, not %s", c.id, got, c.want)
		}
	}
}
