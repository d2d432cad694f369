package dialplan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// diverted writes diversions on one line, oldest first.
func diverted(list []Diversion) string {
	var words []string
	for _, d := range list {
		w := d.By + d.URI
		if d.User != "" {
			w += "/" + d.User
		}
		w += " " + d.Reason.String()
		if d.Count > 1 {
			w += fmt.Sprintf(" x%d", d.Count)
		}
		if d.Private {
			w += " private"
		}
		words = append(words, w)
	}
	return strings.Join(words, ", ")
}

func TestReadDiversion(t *testing.T) {
	for header, want := range map[string]string{
		"":                                      "",
		"<sip:+14255550101@c>":                  "sip:+14255550101@c unknown",
		"<sip:+14255550101@c>;reason=user-busy": "sip:+14255550101@c user-busy",
		`"Bob, \"B\" <x>" <sip:bob@c>;reason="no-answer";privacy=off`:      "sip:bob@c no-answer",
		"<tel:+14255550101>;counter=3;REASON=Unconditional":                "tel:+14255550101 unconditional x3",
		"<sip:a@c>;reason=away;privacy=full":                               "sip:a@c away private",
		"<sip:a@c>; privacy = name ; reason = follow-me":                   "sip:a@c follow-me private",
		"<sip:a@c>;counter=0;reason=x;screen=yes":                          "sip:a@c unknown",
		"<sip:a@c>;counter=999999999":                                      "sip:a@c unknown x99",
		"<sip:a@c?Replaces=1>;limit=5":                                     "sip:a@c unknown",
		"<sip:last@c>;reason=deflection, <sip:first@c>;reason=unavailable": "sip:first@c unavailable, sip:last@c deflection",
		",;<>, ,": "",
	} {
		if got := diverted(history(&Request{Diversion: header})); got != want {
			t.Errorf("%q is read as %q, not %q", header, got, want)
		}
	}
}

// The examples of RFC 7544 s7 and what else is in use.
func TestReadHistoryInfo(t *testing.T) {
	for header, want := range map[string]string{
		"<sip:a@c>;index=1": "",
		"<sip:a@c>;index=1, <sip:b@c;cause=302>;index=1.1;mp=1": "sip:a@c unconditional",
		"<sip:a@c?Privacy=none>;index=1, <sip:b@c;cause=408?Privacy=history>;index=1.1;mp=1," +
			" <sip:d@c;cause=486?Privacy=none>;index=1.1.1;mp=1.1, <sip:last@c;cause=302>;index=1.1.1.1;mp=1.1.1": "sip:a@c no-answer, sip:b@c user-busy private, sip:d@c unconditional",
		// RFC 4244 had no mp.
		"<sip:a@c>;index=1, <sip:b@c;cause=503>;index=1.1": "sip:a@c unavailable",
		// A step on the way to the same user is no diversion.
		"<sip:a@c>;index=1, <sip:a@192.0.2.1>;index=1.1;rc=1":                                    "",
		"<sip:a@c>;index=1, <sip:a@10.0.0.1>;index=1.1;rc=1, <sip:b@c;cause=486>;index=1.2;mp=1": "sip:a@c user-busy",
		// The reason may stand at the one who was called first.
		"<sip:a@c?Reason=SIP%3Bcause%3D408>;index=1, <sip:b@c>;index=1.1;mp=1":                 "sip:a@c no-answer",
		"<sip:a@c?Reason=Q.850%3Bcause%3D17>;index=1, <sip:b@c>;index=1.1;mp=1":                "sip:a@c unknown",
		"<sip:a@c?Reason=SIP%3Bcause%3D487&Privacy=history>;index=1, <sip:b@c>;index=1.1;mp=1": "sip:a@c deflection private",
		// Wrong in some way.
		"<sip:a@c>;index=1, <sip:b@c;cause=302>;index=1.1;mp=7":          "sip:a@c unconditional",
		"<sip:a@c>, <sip:b@c;cause=302>":                                 "sip:a@c unconditional",
		"<sip:b@c;cause=302>;index=1.1;mp=1":                             "",
		"<sip:x;cause=302;user=phone>, <sip:y@c;user=phone;cause=480>":   "sip:x;user=phone deflection",
		"<tel:+1425;cause=486>;index=1, <tel:+1206;cause=999>;index=1.1": "tel:+1425 unknown",
	} {
		if got := diverted(history(&Request{HistoryInfo: header})); got != want {
			t.Errorf("%q is read as %q, not %q", header, got, want)
		}
	}
}

// Of two headers the one that tells more is taken, and Diversion where they are even.
func TestReadBothHistories(t *testing.T) {
	const two = "<sip:a@h>;index=1, <sip:b@h;cause=302>;index=1.1;mp=1, <sip:x@h;cause=486>;index=1.1.1;mp=1.1"
	for diversion, want := range map[string]string{
		"":                              "sip:a@h unconditional, sip:b@h user-busy",
		"<sip:d@h>":                     "sip:a@h unconditional, sip:b@h user-busy",
		"<sip:e@h>, <sip:d@h>":          "sip:d@h unknown, sip:e@h unknown",
		"<sip:d@h>;counter=2":           "sip:d@h unknown x2",
		"<sip:f@h>,<sip:e@h>,<sip:d@h>": "sip:d@h unknown, sip:e@h unknown, sip:f@h unknown",
	} {
		if got := diverted(history(&Request{Diversion: diversion, HistoryInfo: two})); got != want {
			t.Errorf("%q is read as %q, not %q", diversion, got, want)
		}
	}
	for _, privacy := range []string{"history", "id;history", "header"} {
		r := Request{Diversion: "<sip:d@h>", Privacy: privacy}
		if list := history(&r); !list[0].Private {
			t.Errorf("Privacy: %s leaves %q", privacy, diverted(list))
		}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	far := "<sip:" + strings.Repeat("a", 300) + "@h;cause=302>;index=1"
	for _, r := range []Request{{Diversion: far}, {HistoryInfo: far + ", " + far + ".1;mp=1"}} {
		if list := history(&r); len(list) != 1 || list[0].URI != "" {
			t.Errorf("a URI of 300 letters is read as %q", diverted(list))
		}
	}
	long := strings.Repeat("<sip:a@h;cause=302>;index=1;mp=1,", 1000)
	if n := len(history(&Request{HistoryInfo: long})); n != maxHistory-1 {
		t.Errorf("%d diversions are read of a History-Info", n)
	}
	if n := len(history(&Request{Diversion: long})); n != maxHistory {
		t.Errorf("%d diversions are read of a Diversion", n)
	}
}

// RFC 7544 s5 and s6: what is written is read again, where History-Info has a number
// for it.
func TestReasons(t *testing.T) {
	for r := ReasonUnknown; r <= ReasonAway; r++ {
		if got := reasonNamed(strings.ToUpper(r.String())); got != r {
			t.Errorf("%v is read as %v", r, got)
		}
		want := r
		if r > ReasonDeflection {
			want = ReasonUnknown
		}
		if got := reasonOf(fmt.Sprint(r.Cause())); got != want {
			t.Errorf("%v is cause %d, which is read as %v", r, r.Cause(), got)
		}
	}
	if got := Reason(99).String(); got != "unknown(99)" {
		t.Errorf("a reason that is none is %q", got)
	}
}

func TestDiversionStyle(t *testing.T) {
	for s := DiversionHeader; s <= DiversionOff; s++ {
		text, _ := s.MarshalText()
		var got DiversionStyle
		if err := got.UnmarshalText(text); err != nil || got != s {
			t.Errorf("%q is read as %v, %v", text, got, err)
		}
	}
	var s DiversionStyle
	if err := s.UnmarshalText([]byte("none")); err == nil || !strings.Contains(err.Error(), "history-info") {
		t.Errorf("none is %v, %v", s, err)
	}
}

// A call from a trunk tells its callee where it has been, in every attempt; a phone's
// word of that is not passed on, and what must not be known is anonymous.
func TestDiversionsOfACall(t *testing.T) {
	c := office()
	c.Trunks[1].Diversion = DiversionOff
	c.Trunks[0].Diversion = DiversionBoth
	c.Routes = append(c.Routes, Route{Name: "transit", From: "any", To: "+1312", Trunks: []string{"backup", "carrier", "pbx"}})
	p := mustPlan(t, c)
	const header = "<sip:b@h>;reason=user-busy, <sip:a@h>;reason=no-answer;privacy=full"
	const open, hidden = "sip:a@h no-answer private, sip:b@h user-busy", " no-answer private, sip:b@h user-busy"
	for _, tt := range []struct {
		from Party
		to   string
		want []string
	}{
		{carrier, "+14255550101", []string{hidden}},
		{pbx, "+13125550100", []string{hidden, open}},
		{carrier, "+13125550100", []string{"", open}},
		{alice, "+14255550102", []string{""}},
		{alice, "+442079460018", []string{""}},
	} {
		d := p.Decide(Request{Origin: tt.from, To: tt.to, Diversion: header})
		var got []string
		for _, a := range d.Attempts {
			got = append(got, diverted(a.Diversions))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v to %s: %q, not %q (%s)", tt.from, tt.to, got, tt.want, summary(d))
		}
	}
}
