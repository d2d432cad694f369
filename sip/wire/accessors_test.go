package wire

import (
	"fmt"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

func TestTokens(t *testing.T) {
	msg := mustParse(t, with("k: Timer , 100rel", "Supported: REPLACES,,", "Allow: INVITE,BYE", "Require:"))
	eq(t, "Supported", strings.Join(Tokens(msg, "Supported"), " "), "Timer 100rel REPLACES")
	eq(t, "option tags", strings.Join(OptionTags(msg, "Supported"), " "), "timer 100rel replaces")
	eq(t, "none", len(OptionTags(msg, "Require")), 0)
	for tag, want := range map[string]bool{"timer": true, "replaces": true, "100REL": true, "time": false, "": false} {
		eq(t, "has "+tag, HasOption(msg, "Supported", tag), want)
	}
	eq(t, "allows BYE", Allows(msg, sip.BYE), true)
	eq(t, "allows bye", Allows(msg, "bye"), false)
	if n := testing.AllocsPerRun(50, func() { HasOption(msg, "Supported", "replaces") }); n > 0 {
		t.Errorf("HasOption makes %v allocations", n)
	}
}

func TestTagsAndBranch(t *testing.T) {
	msg := mustParse(t, with("To: sip:b@h ; TAG = b2"))
	eq(t, "From", FromTag(msg), "a1")
	eq(t, "To", ToTag(msg), "b2")
	eq(t, "branch", Branch(msg), "z9hG4bK1")
	empty := sip.NewResponse(200, "OK")
	eq(t, "nothing", FromTag(empty)+ToTag(empty)+Branch(empty)+MediaType(empty), "")
}

func TestExpires(t *testing.T) {
	for _, test := range []struct {
		header, contact string
		want            uint32
		ok              bool
		own             uint32
		ownOK           bool
	}{
		{"", "<sip:h>", 0, false, 0, false},
		{"Expires: 60", "<sip:h>", 60, true, 60, true},
		{"Expires: 60", "<sip:h>;expires=120", 60, true, 120, true},
		{"Expires: 0", "<sip:h>;Expires=\"30\"", 0, true, 30, true},
		// RFC 4475 s3.1.2.4: "treat them as if they contained the default values".
		{"Expires: 1000000000000000000", "<sip:h>;expires=280297596632815", 3600, true, 3600, true},
		{"Expires: -5", "<sip:h>;expires=soon", 3600, true, 3600, true},
		{"Expires: 4294967295", "<sip:h>;expires", 4294967295, true, 3600, true},
	} {
		lines := []string{"Contact: " + test.contact}
		if test.header != "" {
			lines = append(lines, test.header)
		}
		msg := mustParse(t, with(lines...))
		n, ok := Expires(msg)
		own, ownOK := ContactExpires(msg, Contacts(msg)[0])
		eq(t, test.header+" "+test.contact, fmt.Sprint(n, ok, own, ownOK), fmt.Sprint(test.want, test.ok, test.own, test.ownOK))
	}
}

func TestDeltaSeconds(t *testing.T) {
	msg := mustParse(t, with("x: 1800;refresher=uac", "Min-SE:90 ;a", "Retry-After: 18 (meeting)", "Min-Expires: x", "RSeq: 4294967296"))
	for name, want := range map[string]string{
		"Session-Expires": "1800 true", "Min-SE": "90 true", "Retry-After": "18 true",
		"Min-Expires": "0 false", "RSeq": "4294967295 false", "Expires": "0 false",
	} {
		n, ok := DeltaSeconds(msg, name)
		eq(t, name, fmt.Sprint(n, ok), want)
	}
}

func TestRAck(t *testing.T) {
	for value, want := range map[string]string{
		"776656 1 INVITE":     "{776656 1 INVITE} true",
		"1\t2  INVITE":        "{1 2 INVITE} true",
		"1 2":                 "{0 0 } false",
		"1 2 INVITE x":        "{0 0 } false",
		"-1 2 INVITE":         "{0 2 INVITE} false",
		"1 2147483648 INVITE": "{1 0 INVITE} false",
		"4294967296 1 INVITE": "{0 1 INVITE} false",
		"1 2 IN;VITE":         "{0 0 } false",
		"4294967295 1 UPDATE": "{4294967295 1 UPDATE} true",
	} {
		a, ok := RAck(mustParse(t, with("RAck: "+value)))
		eq(t, value, fmt.Sprint(a, ok), want)
	}
	_, ok := RAck(mustParse(t, with()))
	eq(t, "none", ok, false)
}

func TestPrivacyAndMediaType(t *testing.T) {
	msg := mustParse(t, with("Privacy: ID; critical", "c: Application/SDP ; charset=utf-8"))
	eq(t, "privacy", strings.Join(Privacy(msg), " "), "id critical")
	eq(t, "media type", MediaType(msg), "application/sdp")
}

func TestAddresses(t *testing.T) {
	msg := mustParse(t, with(
		`P-Asserted-Identity: "Cullen \"C\" Jennings" <sip:fluffy@cisco.com>, tel:+14085264000`,
		"Remote-Party-ID: \"Isaac, N\" <sip:foo@bar>;party=calling;id-type=subscriber;privacy=full;SCREEN=yes",
		"r: sip:c@example.com;method=INVITE", "Diversion: <sip:a@h>;reason=unconditional;counter=1",
		"b: <sip:r@h>;cid=\"1@h\"", "P-Preferred-Identity: nobody"))
	pai, err := Addresses(msg, "p-asserted-identity")
	if err != nil || len(pai) != 2 {
		t.Fatal(pai, err)
	}
	eq(t, "name", pai[0].DisplayName, `Cullen "C" Jennings`)
	eq(t, "user", pai[0].URI.User, "fluffy")
	eq(t, "tel", pai[1].URI.Raw(), "+14085264000")
	rpid, _ := Addresses(msg, "Remote-Party-ID")
	screen, _ := Param(rpid[0].Params, "screen")
	eq(t, "name with comma", rpid[0].DisplayName, "Isaac, N")
	eq(t, "screen", screen, "yes")
	referTo, _ := Addresses(msg, "Refer-To")
	method, _ := Param(referTo[0].Params, "method")
	eq(t, "method", method, "INVITE")
	by, _ := Addresses(msg, "Referred-By")
	cid, _ := Param(by[0].Params, "cid")
	eq(t, "cid", cid, "1@h")
	if _, err := Addresses(msg, "P-Preferred-Identity"); err == nil || err.Error() != "Bad P-Preferred-Identity: no scheme in URI 'nobody'" {
		t.Errorf("error %v", err)
	}
	none, err := Addresses(msg, "Path")
	eq(t, "none", fmt.Sprint(none, err), "[] <nil>")
}

func TestParseNameAddr(t *testing.T) {
	a, err := ParseNameAddr(`"A" <sip:a@h;x>;tag=1;y`)
	if err != nil {
		t.Fatal(err)
	}
	eq(t, "tag", a.Tag(), "1")
	eq(t, "written", a.String(), `"A" <sip:a@h;x>;tag=1;y`)
	for value, want := range map[string]string{
		"<sip:a>, <sip:b>": "more than one value", "": "empty value", "<sip:a": "no closing bracket after the URI",
	} {
		if _, err := ParseNameAddr(value); err == nil || err.Error() != want {
			t.Errorf("%q gives %v", value, err)
		}
	}
}

func TestReasons(t *testing.T) {
	msg := mustParse(t, with(`Reason: q.850 ;cause=16;text="Normal, \"clear\"", SIP;cause=200;text="Call completed elsewhere"`,
		"reason: Preemption", "REASON: ;cause=1", "ReasoN: SIP;cause=99999"))
	list := Reasons(msg)
	var got []string
	for _, r := range list {
		got = append(got, fmt.Sprintf("%s/%d/%s", r.Protocol, r.Cause, r.Text))
	}
	eq(t, "reasons", strings.Join(got, " | "), `Q.850/16/Normal, "clear" | SIP/200/Call completed elsewhere | Preemption/0/ | SIP/0/`)
	eq(t, "written", list[0].String(), `Q.850;cause=16;text="Normal, \"clear\""`)
	eq(t, "without text", Reason{Protocol: ReasonSIP, Cause: 486}.String(), "SIP;cause=486")
	r, ok := ReasonOf(msg, "sip")
	eq(t, "SIP", fmt.Sprint(r.Cause, ok), "200 true")
	_, ok = ReasonOf(msg, "X")
	eq(t, "X", ok, false)
}

func TestWarnings(t *testing.T) {
	text := strings.Replace(with(`Warning: 307 isi.edu "Session parameter 'foo' not understood", 301 isi.edu "a, \"b\""`,
		`warning: 1812 overture "In Progress"`, "WARNING: 399"), plain[0], "SIP/2.0 488 Not Acceptable Here", 1)
	list := Warnings(mustParse(t, text))
	var got []string
	for _, w := range list {
		got = append(got, fmt.Sprintf("%d/%s/%s", w.Code, w.Agent, w.Text))
	}
	eq(t, "warnings", strings.Join(got, " | "), `307/isi.edu/Session parameter 'foo' not understood | 301/isi.edu/a, "b"`)
	eq(t, "written", list[1].String(), `301 isi.edu "a, \"b\""`)
}

func TestSplitParams(t *testing.T) {
	for _, test := range []struct{ value, want string }{
		{"presence;id=1", "presence id=1 <nil>"},
		{" 1800 ; Refresher = uac ; x", "1800 refresher=uac&x <nil>"},
		{"dialog", "dialog  <nil>"},
		{`a;b="c;d"`, `a b="c;d" <nil>`},
		{"a;;b", "a b empty parameter"},
		{"a;b,c", "a b unexpected ',c'"},
	} {
		text, params, err := SplitParams(test.value)
		eq(t, test.value, fmt.Sprint(text, " ", params, " ", err), test.want)
	}
}

func TestQuote(t *testing.T) {
	for _, text := range []string{"", "a", `a "b" \ c`, "é", "\x00"} {
		eq(t, "round trip", Unquote(Quote(text)), text)
	}
	eq(t, "quoted", Quote(`a"\`), `"a\"\\"`)
	for _, plain := range []string{"a", `"`, `"a`, ""} {
		eq(t, "unquoted", Unquote(plain), plain)
	}
}

func TestValues(t *testing.T) {
	msg := mustParse(t, with("X-A: 1", "x-b: 2", "x-a: 3"))
	eq(t, "values", strings.Join(Values(msg, "X-A"), " "), "1 3")
	value, ok := Value(msg, "X-B")
	eq(t, "value", value, "2")
	_, ok = Value(msg, "X-C")
	eq(t, "none", ok, false)
}
