package dialplan

import "testing"

func TestIdentityOfEachStyle(t *testing.T) {
	open := Shown{Number: "+14255550101", User: "+14255550101", Display: "Alice"}
	private := open
	private.Private = true
	from := Identity{FromDisplay: "Alice", FromUser: "+14255550101"}
	hidden := Identity{FromDisplay: "Anonymous", FromUser: "anonymous", FromHost: HostAnonymous, Privacy: "id"}
	with := func(id Identity, change func(*Identity)) Identity {
		change(&id)
		return id
	}
	asserted := func(id *Identity) { id.AssertedDisplay, id.AssertedUser = "Alice", "+14255550101" }
	remote := func(params string) func(*Identity) {
		return func(id *Identity) {
			id.RemotePartyDisplay, id.RemotePartyUser, id.RemotePartyParams = "Alice", "+14255550101", params
		}
	}
	const off, full = "party=calling;screen=yes;privacy=off", "party=calling;screen=yes;privacy=full"
	for _, c := range []struct {
		name    string
		shown   Shown
		style   CallerID
		trusted bool
		want    Identity
	}{
		{"from", open, CallerIDFrom, false, from},
		{"from, trusted", open, CallerIDFrom, true, from},
		{"from, private", private, CallerIDFrom, false, hidden},
		{"from, private, trusted", private, CallerIDFrom, true, hidden},
		{"pai", open, CallerIDPAI, false, with(from, asserted)},
		{"pai, trusted", open, CallerIDPAI, true, with(from, asserted)},
		{"pai, private", private, CallerIDPAI, false, hidden},
		{"pai, private, trusted", private, CallerIDPAI, true, with(hidden, asserted)},
		{"rpid", open, CallerIDRPID, false, with(from, remote(off))},
		{"rpid, trusted", open, CallerIDRPID, true, with(from, remote(off))},
		{"rpid, private", private, CallerIDRPID, false, hidden},
		{"rpid, private, trusted", private, CallerIDRPID, true, with(hidden, remote(full))},
	} {
		if got := c.shown.Identity(c.style, c.trusted); got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, got, c.want)
		}
	}
}

// Nobody known is anonymous, but has not asked for it.
func TestIdentityOfNobody(t *testing.T) {
	want := Identity{FromDisplay: "Anonymous", FromUser: "anonymous", FromHost: HostAnonymous}
	for _, style := range []CallerID{CallerIDPAI, CallerIDFrom, CallerIDRPID} {
		for _, trusted := range []bool{false, true} {
			if got := (Shown{Display: "x"}).Identity(style, trusted); got != want {
				t.Errorf("%v, trusted %v:\n got %+v\nwant %+v", style, trusted, got, want)
			}
			want := want
			want.Privacy = "id"
			if got := (Shown{Private: true}).Identity(style, trusted); got != want {
				t.Errorf("private, %v, trusted %v:\n got %+v\nwant %+v", style, trusted, got, want)
			}
		}
	}
}

// Each trunk is told in its own header, and untrusted ones nothing private.
func TestIdentityPerTrunk(t *testing.T) {
	c := office()
	c.Trunks[2].CallerID = CallerIDPAI // trusted
	c.Routes = []Route{{Name: "all", To: "+", Trunks: []string{"carrier", "backup", "pbx"}}}
	p := mustPlan(t, c)
	d := p.Decide(Request{Origin: alice, To: "+442079460018", FromDisplay: "Alice"})
	if len(d.Attempts) != 3 {
		t.Fatal(summary(d))
	}
	for i, want := range []Identity{
		{FromDisplay: "Alice", FromUser: "+14255550101", AssertedDisplay: "Alice", AssertedUser: "+14255550101"},
		{FromDisplay: "Alice", FromUser: "+14255550101", RemotePartyDisplay: "Alice", RemotePartyUser: "+14255550101", RemotePartyParams: "party=calling;screen=yes;privacy=off"},
		{FromDisplay: "Alice", FromUser: "+14255550101", AssertedDisplay: "Alice", AssertedUser: "+14255550101"},
	} {
		if got := d.Attempts[i].Identity; got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", d.Attempts[i].To.Name, got, want)
		}
	}
	d = p.Decide(Request{Origin: alice, To: "+442079460018", Privacy: "id"})
	for i, want := range []string{"", "", "+14255550101"} {
		a := d.Attempts[i]
		if a.Identity.AssertedUser+a.Identity.RemotePartyUser != want || a.Shown.Number != "+14255550101" {
			t.Errorf("%s learns %+v", a.To.Name, a.Identity)
		}
	}
}
