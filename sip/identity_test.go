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
