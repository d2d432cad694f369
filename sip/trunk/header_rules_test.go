package trunk

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestApplyHeaderRules(t *testing.T) {
	headers := []Header{{"Via", "1"}, {"X-One", "a"}, {"Subject", "old"}, {"x-one", "b"}, {"User-Agent", "gw"}}
	tests := []struct {
		name  string
		rules HeaderRules
		want  string
	}{
		{"none", nil, "Via:1 X-One:a Subject:old x-one:b User-Agent:gw"},
		{"add", HeaderRules{{AddHeader, "X-Two", "c"}}, "Via:1 X-One:a Subject:old x-one:b User-Agent:gw X-Two:c"},
		{"add one more", HeaderRules{{AddHeader, "X-One", "c"}}, "Via:1 X-One:a Subject:old x-one:b User-Agent:gw X-One:c"},
		{"set the first of several", HeaderRules{{SetHeader, "X-ONE", "c"}}, "Via:1 X-ONE:c Subject:old User-Agent:gw"},
		{"set what is not there", HeaderRules{{SetHeader, "X-Two", " c "}}, "Via:1 X-One:a Subject:old x-one:b User-Agent:gw X-Two:c"},
		{"set by the compact name", HeaderRules{{SetHeader, "s", "new"}}, "Via:1 X-One:a s:new x-one:b User-Agent:gw"},
		{"remove", HeaderRules{{RemoveHeader, "x-One", ""}}, "Via:1 Subject:old User-Agent:gw"},
		{"remove what is not there", HeaderRules{{RemoveHeader, "X-Two", ""}}, "Via:1 X-One:a Subject:old x-one:b User-Agent:gw"},
		{"in order", HeaderRules{{RemoveHeader, "X-One", ""}, {AddHeader, "X-One", "c"}, {SetHeader, "Subject", "new"}}, "Via:1 Subject:new User-Agent:gw X-One:c"},
		{"unchecked rules do no harm", HeaderRules{{RemoveHeader, "Via", ""}, {SetHeader, "v", "x"}, {AddHeader, "X-Two", "c\r\nVia: x"}, {9, "X-Two", "c"}},
			"Via:1 X-One:a Subject:old x-one:b User-Agent:gw"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := slices.Clone(headers)
			var parts []string
			for _, h := range tt.rules.Apply(headers) {
				parts = append(parts, h.Name+":"+h.Value)
			}
			if got := strings.Join(parts, " "); got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
			if !slices.Equal(headers, before) {
				t.Errorf("the given list is now %v", headers)
			}
		})
	}
}

func TestProtectedHeaders(t *testing.T) {
	names := []string{
		"Via", "From", "To", "Call-ID", "CSeq", "Contact", "Route", "Record-Route", "Max-Forwards", "Content-Length",
		"Content-Type", "Require", "Proxy-Require", "Supported", "Authorization", "Proxy-Authorization", "WWW-Authenticate",
		"Proxy-Authenticate", "Session-Expires", "Min-SE", "RSeq", "RAck", "Replaces", "Privacy", "via", "CALL-ID",
		"v", "f", "t", "i", "m", "l", "c", "k", "e", "x", "o", "r", "b", "y", "V",
	}
	for _, name := range names {
		for verb := AddHeader; verb <= RemoveHeader; verb++ {
			rule := HeaderRule{Verb: verb, Name: name, Value: "x"}
			if verb == RemoveHeader {
				rule.Value = ""
			}
			if err := (HeaderRules{rule}).Check(); !errors.Is(err, ErrProtectedHeader) {
				t.Errorf("%v %s: %v", verb, name, err)
			}
		}
	}
}

func TestHeadersThatRulesMayChange(t *testing.T) {
	rules := HeaderRules{
		{AddHeader, "X-Account", "4711"}, {SetHeader, "P-Asserted-Identity", "<sip:+14255550100@carrier.example>"},
		{RemoveHeader, "User-Agent", ""}, {SetHeader, "Subject", "Grüße\tan alle"}, {AddHeader, "P-Charging-Vector", "icid-value=1"},
		{RemoveHeader, "s", ""}, {AddHeader, "Diversion", "<sip:+1@x>;reason=unconditional"}, {RemoveHeader, "Remote-Party-ID", ""},
	}
	if err := rules.Check(); err != nil {
		t.Error(err)
	}
}

func TestBadHeaderRules(t *testing.T) {
	tests := []struct {
		rule HeaderRule
		want string
	}{
		{HeaderRule{AddHeader, "", "x"}, "a name has letters"},
		{HeaderRule{AddHeader, "X Y", "x"}, "a name has letters"},
		{HeaderRule{AddHeader, "X:", "x"}, "a name has letters"},
		{HeaderRule{AddHeader, "X\r\nVia", "x"}, "a name has letters"},
		{HeaderRule{AddHeader, "Ü", "x"}, "a name has letters"},
		{HeaderRule{AddHeader, " Via", "x"}, "a name has letters"},
		{HeaderRule{AddHeader, "X-A", "a\rb"}, "control character"},
		{HeaderRule{AddHeader, "X-A", "a\nb"}, "control character, which could end the line, at byte 2"},
		{HeaderRule{SetHeader, "X-A", "a\r\n b"}, "control character"},
		{HeaderRule{SetHeader, "X-A", "a\x00b"}, "control character"},
		{HeaderRule{SetHeader, "X-A", "a\x7fb"}, "control character"},
		{HeaderRule{SetHeader, "X-A", "a\u0085b"}, "control character"},
		{HeaderRule{SetHeader, "X-A", "a\xffb"}, "not UTF-8"},
		{HeaderRule{SetHeader, "X-A", ""}, "no value"},
		{HeaderRule{AddHeader, "X-A", " \t"}, "no value"},
		{HeaderRule{RemoveHeader, "X-A", "x"}, "remove takes a name alone"},
		{HeaderRule{0, "X-A", "x"}, "add, set or remove"},
		{HeaderRule{7, "X-A", "x"}, "add, set or remove"},
	}
	for _, tt := range tests {
		err := HeaderRules{{AddHeader, "X-Good", "x"}, tt.rule}.Check()
		if !errors.Is(err, ErrBadHeader) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v %q %q: %v, want %q", tt.rule.Verb, tt.rule.Name, tt.rule.Value, err, tt.want)
		}
	}
}

func TestACompactNameIsSpeltOut(t *testing.T) {
	err := HeaderRules{{RemoveHeader, "x", ""}}.Check()
	if want := "header is not for rules: x (session-expires): the gateway makes it itself"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	err = HeaderRules{{SetHeader, "From", "x"}}.Check()
	if want := "header is not for rules: From: caller_id and from_domain set it"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// No rule that passes Check can end a line, touch what is protected, or lose a header of
// another name.
func FuzzHeaderRules(f *testing.F) {
	f.Add(uint8(1), "X-A", "b")
	f.Add(uint8(2), "Via", "b")
	f.Add(uint8(2), "v", "SIP/2.0/UDP evil")
	f.Add(uint8(1), "X", "a\r\nVia: b")
	f.Add(uint8(3), "x-internal", "")
	f.Fuzz(func(t *testing.T, verb uint8, name, value string) {
		headers := []Header{{"Via", "1"}, {"From", "2"}, {"X-Internal", "3"}, {"CSeq", "4"}}
		rules := HeaderRules{{HeaderVerb(verb), name, value}}
		out := rules.Apply(headers)
		if rules.Check() != nil && !slices.Equal(out, headers) {
			t.Fatalf("a bad rule made %v", out)
		}
		for _, h := range headers {
			if !strings.EqualFold(h.Name, name) && !slices.Contains(out, h) {
				t.Fatalf("%v is lost: %v", h, out)
			}
		}
		for _, h := range out {
			if strings.ContainsAny(h.Name+h.Value, "\r\n\x00") {
				t.Fatalf("%q", h)
			}
		}
	})
}

func TestHeaderVerbNames(t *testing.T) {
	if got := AddHeader.String() + SetHeader.String() + RemoveHeader.String(); got != "addsetremove" {
		t.Errorf("%q", got)
	}
}
