package sip

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// lines writes headers one a line.
func lines(list []dialog.Header) (lines []string) {
	for _, h := range list {
		lines = append(lines, h.Name+": "+h.Value)
	}
	return lines
}

func TestDiversionHeaders(t *testing.T) {
	ours := dialplan.Diversion{By: "bob", User: "+14255550102", Reason: dialplan.ReasonBusy, Count: 1}
	theirs := dialplan.Diversion{
		URI: "sip:+13125550100@c.test;user=phone", Display: `Main "1"`, Reason: dialplan.ReasonAway, Count: 3, Private: true,
	}
	hidden := dialplan.Diversion{Reason: dialplan.ReasonNoAnswer, Private: true, Count: 1}
	const target = "sip:+14255550177@203.0.113.5"
	diversion := []string{
		"Diversion: <sip:+14255550102@example.test;user=phone>;reason=user-busy;privacy=off",
		`Diversion: "Main \"1\"" <sip:+13125550100@c.test;user=phone>;reason=away;counter=3;privacy=full`,
	}
	history := []string{
		"History-Info: <sip:+13125550100@c.test;user=phone?Privacy=history>;index=1",
		"History-Info: <sip:+14255550102@example.test;user=phone;cause=404>;index=1.1;mp=1",
		"History-Info: <sip:+14255550177@203.0.113.5;cause=486>;index=1.1.1;mp=1.1",
	}
	for _, tt := range []struct {
		style dialplan.DiversionStyle
		list  []dialplan.Diversion
		want  []string
	}{
		{dialplan.DiversionHeader, nil, nil},
		{dialplan.DiversionBoth, nil, nil},
		{dialplan.DiversionHeader, []dialplan.Diversion{theirs, ours}, diversion},
		{dialplan.DiversionHistory, []dialplan.Diversion{theirs, ours}, history},
		{dialplan.DiversionBoth, []dialplan.Diversion{theirs, ours}, slices.Concat(diversion, history)},
		{dialplan.DiversionOff, []dialplan.Diversion{theirs, ours}, nil},
		{dialplan.DiversionHeader, []dialplan.Diversion{hidden}, []string{
			"Diversion: <sip:anonymous@anonymous.invalid>;reason=no-answer;privacy=full",
		}},
		{dialplan.DiversionHistory, []dialplan.Diversion{hidden}, []string{
			"History-Info: <sip:anonymous@anonymous.invalid?Privacy=history>;index=1",
			"History-Info: <sip:+14255550177@203.0.113.5;cause=408>;index=1.1;mp=1",
		}},
		// What cannot be written is nobody.
		{dialplan.DiversionHeader, []dialplan.Diversion{{URI: "sip:a b@h", Count: 1}, {URI: "tel:+1425", Count: 1}}, []string{
			"Diversion: <tel:+1425>;reason=unknown;privacy=off",
			"Diversion: <sip:anonymous@anonymous.invalid>;reason=unknown;privacy=off",
		}},
	} {
		plan := dialplan.Attempt{Diversions: tt.list, Style: tt.style}
		if got := lines(diversionHeaders(plan, target, domain)); !slices.Equal(got, tt.want) {
			t.Errorf("%v of %+v:\n\t%s\nnot\n\t%s", tt.style, tt.list, strings.Join(got, "\n\t"), strings.Join(tt.want, "\n\t"))
		}
	}
}

// What is written can be read again, by wire and by the dialplan, whatever came.
func FuzzDiversionHeaders(f *testing.F) {
	for _, s := range []string{
		"<sip:a@h>;reason=user-busy", `"x" <sip:a@h;user=phone?X=y>;privacy=full, <tel:+1>`, "<sip:a@h\t>", "<x>", "<sip:%zz@h>",
		"<sip:a@h;cause=302>;index=1, <sip:b@h;cause=486>;index=1.1", "<urn:service:sos>", "<sip:é@h>", `<sip:"@h>`,
	} {
		f.Add(s, s)
	}
	plan, err := dialplan.New(dialplan.Config{
		Region: "US", Users: []dialplan.User{{Name: "alice", Numbers: []string{"+14255550101"}}},
		Trunks: []dialplan.Trunk{{Name: "carrier"}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, diversion, history string) {
		d := plan.Decide(dialplan.Request{
			Origin: dialplan.Party{Kind: dialplan.PartyTrunk, Name: "carrier"}, To: "+14255550101",
			Diversion: diversion, HistoryInfo: history,
		})
		a := d.Attempts[0]
		a.Style = dialplan.DiversionBoth
		for _, h := range diversionHeaders(a, "sip:alice@example.test", domain) {
			if !writable(h.Value) {
				t.Errorf("%q cannot be written", h.Value)
			}
			if _, err := wire.ParseNameAddr(h.Value); err != nil {
				t.Errorf("%q: %v", h.Value, err)
			}
		}
	})
}

// TestPassedHeaders: which headers go from whom to whom.
func TestPassedHeaders(t *testing.T) {
	s := &Settings{Trunks: []Trunk{
		{Name: "carrier", PassHeaders: []string{"P-Charging-Vector", "X-Account", "X-ACME-*"}},
		{Name: "pbx", PassHeaders: []string{"x-account", "Subject"}},
		{Name: "plain"},
	}}
	req := request(t, "INVITE sip:b@example.test SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"+
		"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"+
		"P-Charging-Vector: icid-value=1\r\nX-Account: 7\r\nx-acme-one: 1\r\nX-ACME-: no\r\nX-Other: no\r\n"+
		"s: Dinner\r\nX-Account: 8\r\n\r\n")
	user := func(name string) dialplan.Party { return dialplan.Party{Kind: dialplan.PartyUser, Name: name} }
	trunk := func(name string) dialplan.Party { return dialplan.Party{Kind: dialplan.PartyTrunk, Name: name} }
	for _, tt := range []struct {
		from, to dialplan.Party
		want     string
	}{
		{user("alice"), user("bob"), ""},
		{user("alice"), trunk("plain"), ""},
		{user("alice"), trunk("pbx"), "X-Account=7 Subject=Dinner X-Account=8"},
		{user("alice"), trunk("carrier"), "X-Account=7 x-acme-one=1 X-Account=8"},
		{trunk("carrier"), user("bob"), "X-Account=7 x-acme-one=1 X-Account=8"},
		{trunk("carrier"), trunk("carrier"), "P-Charging-Vector=icid-value=1 X-Account=7 x-acme-one=1 X-Account=8"},
		{trunk("carrier"), trunk("pbx"), "X-Account=7 X-Account=8"},
		{trunk("pbx"), trunk("carrier"), "X-Account=7 X-Account=8"},
		{trunk("plain"), trunk("carrier"), ""},
		{trunk("gone"), user("bob"), ""},
		{trunk("carrier"), trunk("gone"), ""},
	} {
		var words []string
		for _, h := range s.passed(&leg{peer: tt.from, carried: s.carried(tt.from, req)}, tt.to) {
			words = append(words, h.Name+"="+h.Value)
		}
		if got := strings.Join(words, " "); got != tt.want {
			t.Errorf("%s to %s: %q, not %q", tt.from.Name, tt.to.Name, got, tt.want)
		}
	}
	if list := (&Settings{Trunks: []Trunk{{Name: "plain"}}}).carried(trunk("plain"), req); list != nil {
		t.Errorf("nobody wants headers, and %v are kept", list)
	}
}

// TestPassedHeadersAreBounded: neither many nor long headers make an INVITE of ours
// large.
func TestPassedHeadersAreBounded(t *testing.T) {
	s := &Settings{Trunks: []Trunk{{Name: "carrier", PassHeaders: []string{"X-*"}}}}
	from := dialplan.Party{Kind: dialplan.PartyTrunk, Name: "carrier"}
	carried := func(headers string) int {
		return len(s.carried(from, request(t, "INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"+
			"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"+headers+"\r\n")))
	}
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, "X-%d: %d\r\n", i, i)
	}
	if n := carried(many.String()); n != maxPassed {
		t.Errorf("%d of many headers are kept", n)
	}
	if n := carried("X-A: 1\r\nX-B: " + strings.Repeat("b", 2000) + "\r\n"); n != 1 {
		t.Errorf("%d headers are kept, one of them too long", n)
	}
	if n := carried("X-A: \xff\xfe\r\nX-B: \x7f\r\nX-C: a\tb\r\nX-D:\r\nX-E: é\r\n"); n != 2 {
		t.Errorf("%d of five headers can be written", n)
	}
}
