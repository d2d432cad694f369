package config

import (
	"strings"
	"testing"
	"time"
)

const forwarding = `users:
  - name: alice
    password: correct-horse
    forward:
      busy: user:bob
      no_answer: "+14255550177"
      no_answer_after: 20s
      unregistered: reject:480
  - name: bob
    password: correct-horse
trunks:
  - name: carrier
    address: sip:192.0.2.5
    diversion: both
    pass_headers: [P-Charging-Vector, X-ACME-*]
`

func parsed(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("t.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestForwardBecomesPlainValues(t *testing.T) {
	c := parsed(t, forwarding)
	want := Forward{
		Busy: Destination{User: "bob"}, NoAnswer: Destination{Number: "+14255550177"},
		NoAnswerAfter: 20 * time.Second, Unregistered: Destination{Status: 480},
	}
	if got := c.Users[0].Forward; got != want {
		t.Errorf("alice forwards %+v, not %+v", got, want)
	}
	if c.Users[1].Forward != (Forward{}) {
		t.Errorf("bob forwards %+v", c.Users[1].Forward)
	}
	if tr := c.Trunks[0]; tr.Diversion != DiversionBoth || strings.Join(tr.PassHeaders, " ") != "P-Charging-Vector X-ACME-*" {
		t.Errorf("the trunk is %+v", tr)
	}
	if line, col := c.Position("users[0].forward.no_answer"); line != 6 || col != 18 {
		t.Errorf("no_answer is at %d:%d", line, col)
	}
}

func TestDestinationText(t *testing.T) {
	for _, d := range []Destination{{}, {Number: "+14255550177"}, {User: "bob"}, {User: "101"}, {Status: 486}, {Status: 699}} {
		var got Destination
		if err := got.UnmarshalText([]byte(d.String())); err != nil || got != d {
			t.Errorf("%+v is written %q and read as %+v, %v", d, d, got, err)
		}
	}
	for d := DiversionHeader; d <= DiversionOff; d++ {
		var got Diversion
		if err := got.UnmarshalText([]byte(d.String())); err != nil || got != d {
			t.Errorf("%v is read as %v, %v", d, got, err)
		}
	}
}

// A forward beside always is never looked at: that is probably not meant.
func TestForwardWarning(t *testing.T) {
	c := parsed(t, strings.Replace(forwarding, "      busy:", "      always: user:bob\n      busy:", 1))
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings.Error(), "t.yaml:5:15: users[0].forward.always: no phone rings") {
		t.Errorf("warnings: %v", c.Warnings)
	}
	if c := parsed(t, forwarding); len(c.Warnings) != 0 {
		t.Errorf("warnings: %v", c.Warnings)
	}
}

// A reload changes each of these without a restart.
func TestForwardDiff(t *testing.T) {
	before := parsed(t, forwarding)
	for _, tt := range []struct{ from, to, path string }{
		{"busy: user:bob", "busy: reject:486", "users[alice].forward.busy"},
		{"no_answer_after: 20s", "no_answer_after: 5s", "users[alice].forward.no_answer_after"},
		{"diversion: both", "diversion: off", "trunks[carrier].diversion"},
		{"X-ACME-*", "X-Account", "trunks[carrier].pass_headers"},
	} {
		changes := Diff(before, parsed(t, strings.Replace(forwarding, tt.from, tt.to, 1)))
		if len(changes) != 1 || changes[0].Path != tt.path || changes[0].Restart || changes[0].Kind != Changed {
			t.Errorf("%s to %s is %v", tt.from, tt.to, changes)
		}
	}
}

// Every header that the gateway writes into an INVITE is protected, in any spelling.
func TestProtectedHeaders(t *testing.T) {
	for _, name := range protectedHeaders {
		for _, spelt := range []string{name, strings.ToUpper(name)} {
			c := newChecker("t")
			c.checkPassHeaders("trunks[0]", []string{spelt})
			if len(c.problems) != 1 {
				t.Errorf("%s may be passed on: %v", spelt, c.problems)
			}
		}
	}
	c := newChecker("t")
	c.checkPassHeaders("trunks[0]", []string{"P-Charging-Vector", "Identity", "User-to-User", "X-*", "Geolocation"})
	if len(c.problems) != 0 {
		t.Errorf("%v", c.problems)
	}
}
