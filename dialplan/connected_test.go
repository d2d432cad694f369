package dialplan

import "testing"

// TestAnswerer: a trunk's word of who has answered is believed when it is trusted.
func TestAnswerer(t *testing.T) {
	p := mustPlan(t, office())
	for _, tt := range []struct {
		trunk, asserted, privacy string
		want                     Shown
	}{
		{"pbx", `"Desk 7" <sip:+14255550107@p>`, "", Shown{Number: "+14255550107", User: "+14255550107", Display: "Desk 7"}},
		{"pbx", "<sip:107@p>, <tel:+14255550107>", "", Shown{Number: "+14255550107", User: "+14255550107"}},
		{"pbx", "<sip:desk@p>", "none", Shown{User: "desk"}},
		{"pbx", "<sip:desk@p>", "id", Shown{User: "desk", Private: true}},
		{"pbx", "<sip:anonymous@anonymous.invalid>", "", Shown{}},
		{"pbx", "", "", Shown{}},
		{"pbx", "\"\r\nVia: x\" <sip:desk@p>", "", Shown{User: "desk", Display: "Via: x"}},
		{"carrier", "<sip:+14255550107@p>", "", Shown{}},
		{"gone", "<sip:+14255550107@p>", "", Shown{}},
	} {
		if got := p.Answerer(tt.trunk, tt.asserted, tt.privacy); got != tt.want {
			t.Errorf("%s says %q: %+v, not %+v", tt.trunk, tt.asserted, got, tt.want)
		}
	}
}

// TestConnected: who is told of it, and how.
func TestConnected(t *testing.T) {
	c := office()
	c.Trunks = append(c.Trunks, Trunk{Name: "pai", Trusted: true}, Trunk{Name: "rpid", Trusted: true, CallerID: CallerIDRPID})
	p := mustPlan(t, c)
	open := Shown{Number: "+14255550107", User: "+14255550107", Display: "Desk"}
	private, name := open, Shown{User: "bob"}
	private.Private = true
	asserted := Identity{AssertedDisplay: "Desk", AssertedUser: "+14255550107"}
	remote := Identity{RemotePartyDisplay: "Desk", RemotePartyUser: "+14255550107", RemotePartyParams: "party=called;screen=yes;privacy=off"}
	hidden, remoteHidden := asserted, remote
	hidden.Privacy, remoteHidden.Privacy = "id", "id"
	remoteHidden.RemotePartyParams = "party=called;screen=yes;privacy=full"
	trunk := func(name string) Party { return Party{PartyTrunk, name} }
	for _, tt := range []struct {
		caller Party
		shown  Shown
		want   Identity
	}{
		{alice, open, asserted},
		{alice, name, Identity{AssertedUser: "bob"}},
		{alice, private, Identity{}},
		{alice, Shown{}, Identity{}},
		{Party{PartyUser, "pai"}, private, Identity{}}, // a user of a trunk's name
		{trunk("pai"), open, asserted},
		{trunk("pai"), private, hidden},
		{trunk("pai"), name, Identity{}},
		{trunk("rpid"), open, remote},
		{trunk("rpid"), private, remoteHidden},
		{pbx, open, Identity{}}, // it looks at From alone
		{carrier, open, Identity{}},
		{backup, private, Identity{}},
		{trunk("gone"), open, Identity{}},
	} {
		if got := p.Connected(tt.caller, tt.shown); got != tt.want {
			t.Errorf("%v is told of %+v:\n got %+v\nwant %+v", tt.caller, tt.shown, got, tt.want)
		}
	}
}

// TestAnswers: a user that answers is the number that was called, or its name inside
// and its first number outside.
func TestAnswers(t *testing.T) {
	p := mustPlan(t, office())
	for _, tt := range []struct {
		from Party
		to   string
		want Shown
	}{
		{alice, "bob", Shown{User: "bob"}},
		{alice, "4255550102", Shown{Number: "+14255550102", User: "+14255550102"}},
		{carrier, "+14255550101", Shown{Number: "+14255550101", User: "+14255550101"}},
		{carrier, "+14255550100", Shown{Number: "+14255550102", User: "+14255550102"}}, // route main
		{alice, "+14255550100", Shown{}},
	} {
		if got := p.Decide(Request{Origin: tt.from, To: tt.to}).Attempts[0].Answers; got != tt.want {
			t.Errorf("%s calls %s: %+v, not %+v", tt.from.Name, tt.to, got, tt.want)
		}
	}
	r := Request{Origin: alice}
	d := p.Forward(r, Forwarding{By: "bob", To: Forward{User: "carol"}})
	if got := d.Attempts[0].Answers; got != (Shown{User: "carol"}) {
		t.Errorf("carol answers as %+v", got)
	}
	r.Origin = carrier
	d = p.Forward(r, Forwarding{By: "carol", To: Forward{User: "alice"}})
	if got := d.Attempts[0].Answers; got.Number != "+14255550101" {
		t.Errorf("alice answers as %+v", got)
	}
}

// TestUnverified: what nobody vouches for is asserted to nobody.
func TestUnverified(t *testing.T) {
	c := office()
	c.Trunks[2].CallerID = CallerIDPAI
	c.Routes = append(c.Routes, Route{Name: "t", From: "any", To: "+1312", Trunks: []string{"carrier", "backup", "pbx"}})
	p := mustPlan(t, c)
	d := p.Decide(Request{Origin: carrier, To: "+13125550100", FromURI: "sip:+12065550123@c", AssertedIdentity: "<sip:+19005550100@c>"})
	back, own := d.Attempts[0].Identity, d.Attempts[1].Identity
	if back.RemotePartyParams != "party=calling;screen=no;privacy=off" || back.RemotePartyUser != "+12065550123" || back.FromUser != "+12065550123" {
		t.Errorf("backup is told %+v", back)
	}
	if own.AssertedUser != "" || own.FromUser != "+12065550123" {
		t.Errorf("the PBX is told %+v", own)
	}
	d = p.Decide(Request{Origin: carrier, To: "+13125550100", FromURI: "sip:+12065550123@c", Privacy: "id"})
	if id := d.Attempts[1].Identity; id.AssertedUser != "" || id.FromUser != "anonymous" || id.Privacy != "id" {
		t.Errorf("the PBX is told %+v", id)
	}
	if s := (Shown{User: "x", Private: true, Unverified: true}).Identity(CallerIDRPID, true); s.RemotePartyParams != "party=calling;screen=no;privacy=full" {
		t.Errorf("private and unverified is %+v", s)
	}
	// The PBX is trusted, also for what stands in its From alone.
	d = p.Decide(Request{Origin: pbx, To: "+13125550100", FromURI: "sip:+14255550110@p"})
	if id := d.Attempts[0].Identity; id.AssertedUser != "+14255550110" {
		t.Errorf("the carrier is told %+v", id)
	}
}
