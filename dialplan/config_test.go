package dialplan

import (
	"errors"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
	"time"
)

// faults lists the paths of all ConfigErrors that are joined in err.
func faults(err error) []string {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var paths []string
	for _, e := range joined.Unwrap() {
		if fault, ok := e.(*ConfigError); ok {
			paths = append(paths, fault.Path)
		}
	}
	return paths
}

func TestConfigFaults(t *testing.T) {
	user := func(change func(*User)) func(*Config) {
		return func(c *Config) { change(&c.Users[1]) }
	}
	trunk := func(change func(*Trunk)) func(*Config) {
		return func(c *Config) { change(&c.Trunks[1]) }
	}
	route := func(change func(*Route)) func(*Config) {
		return func(c *Config) { change(&c.Routes[2]) }
	}
	for _, c := range []struct {
		name   string
		change func(*Config)
		path   string
		text   string
	}{
		{"region", func(c *Config) { c.Region = "XX" }, "region", `region: "XX": is no region`},
		{"no region", func(c *Config) { c.Region = "" }, "region", "region: is no region"},
		{"worldwide region", func(c *Config) { c.Region = "001" }, "region", "ISO 3166-1"},
		{"agent with a space", func(c *Config) { c.Agent = "my gw" }, "agent", `leave out ' '`},
		{"agent with a line end", func(c *Config) { c.Agent = "gw\r\nVia: x" }, "agent", `leave out '\r'`},
		{"agent beyond ASCII", func(c *Config) { c.Agent = "gé" }, "agent", `leave out 'é'`},

		{"no user name", user(func(u *User) { u.Name = "" }), "users[1].name", "every user needs a name"},
		{"user name with @", user(func(u *User) { u.Name = "bob@x" }), "users[1].name", "may have letters"},
		{"user name with space", user(func(u *User) { u.Name = "bob b" }), "users[1].name", "may have letters"},
		{"user twice", user(func(u *User) { u.Name = "alice" }), "users[1].name", "another user"},
		{"user's number", user(func(u *User) { u.Numbers = []string{"+14255550102", "5550103"} }), "users[1].numbers[1]", "lacks the area code"},
		{"user's number no number", user(func(u *User) { u.Numbers = []string{"x"} }), "users[1].numbers[0]", "write it as +14255550100"},
		{"another's number", user(func(u *User) { u.Numbers = []string{"1 425 555 0101"} }), "users[1].numbers[0]", "number of user alice"},
		{"user's caller ID", user(func(u *User) { u.CallerIDs = []string{"911"} }), "users[1].caller_ids[0]", "is no phone number"},
		{"user's timeout", user(func(u *User) { u.RingingTimeout = -time.Second }), "users[1].ringing_timeout", "negative"},

		{"no trunk name", trunk(func(t *Trunk) { t.Name = "" }), "trunks[1].name", "every trunk needs a name"},
		{"trunk twice", trunk(func(t *Trunk) { t.Name = "carrier" }), "trunks[1].name", "another trunk"},
		{"trunk's caller ID", trunk(func(t *Trunk) { t.CallerID = 9 }), "trunks[1].caller_id", "unknown(9)"},
		{"trunk's policy", trunk(func(t *Trunk) { t.CallerIDPolicy = 9 }), "trunks[1].caller_id_policy", "unknown(9)"},

		{"route twice", route(func(r *Route) { r.Name = "premium" }), "routes[2].name", "another route"},
		{"route from nowhere", route(func(r *Route) { r.From = "phones" }), "routes[2].from", "none of users, any and trunk:NAME"},
		{"route from no trunk", route(func(r *Route) { r.From = "trunk:nobody" }), "routes[2].from", "it has backup, carrier, pbx"},
		{"route from trunk:", route(func(r *Route) { r.From = "trunk:" }), "routes[2].from", "names no trunk"},
		{"route to nothing", route(func(r *Route) { r.To = "" }), "routes[2].to", "is missing"},
		{"route to digits", route(func(r *Route) { r.To = "1425" }), "routes[2].to", `begin with "+"`},
		{"route to a name", route(func(r *Route) { r.To = "bob" }), "routes[2].to", "no E.164 prefix"},
		{"route to too much", route(func(r *Route) { r.To = "+1234567890123456" }), "routes[2].to", "no E.164 prefix"},
		{"emergency route to one digit", route(func(r *Route) { r.To, r.Emergency = "9", true }), "routes[2].to", "no E.164 prefix"},
		{"emergency route to a number", route(func(r *Route) { r.To, r.Emergency = "4255550", true }), "routes[2].to", "no E.164 prefix"},
		{"half a regexp", route(func(r *Route) { r.To = "/^[+]1" }), "routes[2].to", "between two slashes"},
		{"a slash", route(func(r *Route) { r.To = "/" }), "routes[2].to", "between two slashes"},
		{"an empty regexp", route(func(r *Route) { r.To = "//" }), "routes[2].to", "between two slashes"},
		{"no regexp", route(func(r *Route) { r.To = "/(/" }), "routes[2].to", `routes[2].to (of "us"): "/(/": is no regexp that Go understands: error parsing regexp`},
		{"unknown trunk", route(func(r *Route) { r.Trunks[1] = "nobody" }), "routes[2].trunks[1]", `routes[2].trunks[1] (of "us"): "nobody": is no trunk under trunks:`},
		{"unknown user", route(func(r *Route) { r.Trunks, r.User = nil, "nobody" }), "routes[2].user", "it has 4711, alice, bob, carol"},
		{"both targets", route(func(r *Route) { r.User = "bob" }), "routes[2].user", "both set"},
		{"no target", route(func(r *Route) { r.Trunks = nil }), "routes[2].trunks", "where does the route lead"},
		{"route's caller ID", route(func(r *Route) { r.CallerID = "main" }), "routes[2].caller_id", "is no phone number"},
		{"route's timeout", route(func(r *Route) { r.RingingTimeout = -1 }), "routes[2].ringing_timeout", "-1ns"},
	} {
		config := office()
		c.change(&config)
		p, err := New(config)
		if err == nil || p != nil {
			t.Errorf("%s: compiled", c.name)
			continue
		}
		if !slices.Contains(faults(err), c.path) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: want %s: …%s…, got %v at %q", c.name, c.path, c.text, err, faults(err))
		}
		var fault *ConfigError
		if !errors.As(err, &fault) {
			t.Errorf("%s: %T is no ConfigError", c.name, err)
		}
	}
}

// One run shows all faults.
func TestConfigFaultsAreJoined(t *testing.T) {
	c := office()
	c.Agent = "no agent"
	c.Users[0].Numbers = []string{"x", "+14255550101", "y"}
	c.Trunks[0].Name = ""
	c.Routes[2].To = "/(/"
	_, err := New(c)
	want := []string{"agent", "users[0].numbers[0]", "users[0].numbers[2]", "trunks[0].name", "routes[0].trunks[1]", "routes[2].to", "routes[2].trunks[0]", "routes[3].trunks[0]", "routes[4].from", "routes[5].from", "routes[6].trunks[0]"}
	if got := faults(err); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestConfigErrorCauses(t *testing.T) {
	c := office()
	c.Users[0].Numbers = []string{"5550100"}
	_, err := New(c)
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Status != 484 {
		t.Errorf("the number's refusal is lost: %v", err)
	}
	c = office()
	c.Routes[0].To = "/(/"
	_, err = New(c)
	var cause *syntax.Error
	var fault *ConfigError
	if !errors.As(err, &cause) || !errors.As(err, &fault) || fault.Name != "emergency" {
		t.Errorf("the regexp's error or the route's name is lost: %v", err)
	}
}

func TestConfigNumbersInAnySpelling(t *testing.T) {
	c := Config{
		Region: "gb",
		Users:  []User{{Name: "alice", Numbers: []string{"020 7946 0018", "tel:+44-20-7946-0019"}, CallerIDs: []string{"00442079460020"}}},
		Trunks: []Trunk{{Name: "t"}},
		Routes: []Route{{To: "+44 (20)", Trunks: []string{"t"}, CallerID: "(020) 7946-0021"}},
	}
	p := mustPlan(t, c)
	for n, want := range map[string]string{
		"+442079460018": ": user alice dial alice as alice",
		"02079460019":   ": user alice dial alice as alice",
		"02079460030":   "routes[0]: trunk t dial +442079460030 as +442079460021",
	} {
		checkDecide(t, p, Request{Origin: alice, To: n}, want)
	}
}

// A plan does not change when the configuration that it was made of does.
func TestPlanDoesNotShareConfig(t *testing.T) {
	c := office()
	p := mustPlan(t, c)
	before := summary(p.Decide(Request{Origin: alice, To: "+14255550100"}))
	c.Users[0].CallerIDs[0] = "+19005550000"
	c.Users[0].Name = "x"
	c.Trunks[0] = Trunk{Name: "y"}
	c.Routes[2].Trunks[0] = "z"
	p.Warnings()
	if after := summary(p.Decide(Request{Origin: alice, To: "tel:+14255550100"})); after != before {
		t.Errorf("before %s\nafter %s", before, after)
	}
}

func TestSameNumberTwiceIsNoFault(t *testing.T) {
	c := office()
	c.Users[0].Numbers = []string{"+14255550101", "425-555-0101"}
	mustPlan(t, c)
}

func TestNamesAreCut(t *testing.T) {
	m := map[string]int{}
	if got := names(m); got != "none" {
		t.Errorf("got %q", got)
	}
	for _, n := range strings.Fields("a b c d e f g h i j") {
		m[n] = 1
	}
	if got, want := names(m), "a, b, c, d, e, f, g, h …"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEnumerationsAsText(t *testing.T) {
	for text, want := range map[string]CallerID{"pai": CallerIDPAI, "from": CallerIDFrom, "rpid": CallerIDRPID} {
		var got CallerID
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s is %v, %v", text, got, err)
		}
		if back, err := got.MarshalText(); err != nil || string(back) != text {
			t.Errorf("%v is written %q, %v", got, back, err)
		}
	}
	for text, want := range map[string]CallerIDPolicy{"refuse": CallerIDRefuse, "replace": CallerIDReplace} {
		var got CallerIDPolicy
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s is %v, %v", text, got, err)
		}
		if back, err := got.MarshalText(); err != nil || string(back) != text {
			t.Errorf("%v is written %q, %v", got, back, err)
		}
	}
	if err := new(CallerID).UnmarshalText([]byte("PAI")); err == nil || err.Error() != `"PAI" is none of ["pai" "from" "rpid"]` {
		t.Errorf("got %v", err)
	}
	if err := new(CallerIDPolicy).UnmarshalText(nil); err == nil || !strings.Contains(err.Error(), "refuse") {
		t.Errorf("got %v", err)
	}
}
