package trunk

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var (
	nanp    = Region{CountryCode: "1", International: "011"}
	britain = Region{CountryCode: "44", TrunkPrefix: "0", International: "00"}
)

func TestWrite(t *testing.T) {
	tests := []struct {
		name   string
		format Format
		region Region
		number string
		want   string
	}{
		{"e164", Format{}, nanp, "+14255550100", "+14255550100"},
		{"plain", Format{Style: StylePlain}, nanp, "+14255550100", "14255550100"},
		{"plain abroad", Format{Style: StylePlain}, nanp, "+442079460123", "442079460123"},
		{"national", Format{Style: StyleNational}, nanp, "+14255550100", "4255550100"},
		{"national with 1", Format{Style: StyleNational}, Region{CountryCode: "1", TrunkPrefix: "1"}, "+14255550100", "14255550100"},
		{"national with 0", Format{Style: StyleNational}, britain, "+442079460123", "02079460123"},
		{"national, to another country", Format{Style: StyleNational}, britain, "+14255550100", "0014255550100"},
		{"national, abroad with 011", Format{Style: StyleNational}, nanp, "+442079460123", "011442079460123"},
		{"national, abroad with a plus", Format{Style: StyleNational}, Region{CountryCode: "44", TrunkPrefix: "0"}, "+14255550100", "+14255550100"},
		{"national without a country", Format{Style: StyleNational}, Region{}, "+14255550100", "+14255550100"},
		{"prefix", Format{Prefix: "9#"}, nanp, "+14255550100", "9#+14255550100"},
		{"plain with a prefix", Format{Style: StylePlain, Prefix: "7700*"}, nanp, "+14255550100", "7700*14255550100"},
		{"strip", Format{Strip: "+1"}, nanp, "+14255550100", "4255550100"},
		{"strip what is not there", Format{Strip: "+1"}, nanp, "+442079460123", "+442079460123"},
		{"strip and prefix", Format{Style: StylePlain, Strip: "1", Prefix: "001"}, nanp, "+14255550100", "0014255550100"},
		{"strip after the style", Format{Style: StyleNational, Strip: "0"}, britain, "+442079460123", "2079460123"},
		{"an emergency", Format{Style: StylePlain, Strip: "9", Prefix: "00"}, nanp, "911", "911"},
		{"digits that are no number", Format{Style: StylePlain, Prefix: "00"}, nanp, "14255550100", "14255550100"},
		{"a name", Format{Style: StylePlain, Prefix: "00"}, nanp, "alice", "alice"},
		{"anonymous", Format{Prefix: "00"}, nanp, "anonymous", "anonymous"},
		{"nothing", Format{Prefix: "00"}, nanp, "", ""},
		{"a plus", Format{Style: StylePlain, Prefix: "00"}, nanp, "+", "+"},
		{"too long", Format{Style: StylePlain}, nanp, "+1234567890123456", "+1234567890123456"},
		{"a plus too many", Format{Style: StylePlain}, nanp, "++14255550100", "++14255550100"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.format.Write(tt.number, tt.region); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestRead(t *testing.T) {
	tests := []struct {
		name    string
		reading Reading
		user    string
		want    string
	}{
		{"as it comes", Reading{}, "4255550100", "4255550100"},
		{"plain", Reading{Style: StylePlain}, "14255550100", "+14255550100"},
		{"plain with a plus", Reading{Style: StylePlain}, "+14255550100", "+14255550100"},
		{"national", Reading{Style: StyleNational, Region: britain}, "02079460123", "+442079460123"},
		{"national without its 0", Reading{Style: StyleNational, Region: britain}, "2079460123", "+442079460123"},
		{"national in the NANP", Reading{Style: StyleNational, Region: nanp}, "4255550100", "+14255550100"},
		{"national with the NANP's 1", Reading{Style: StyleNational, Region: Region{CountryCode: "1", TrunkPrefix: "1"}}, "14255550100", "+14255550100"},
		{"national, from abroad", Reading{Style: StyleNational, Region: britain}, "0014255550100", "+14255550100"},
		{"national, with a plus", Reading{Style: StyleNational, Region: britain}, "+14255550100", "+14255550100"},
		{"strip", Reading{Strip: "9"}, "94255550100", "4255550100"},
		{"strip what is not there", Reading{Strip: "9"}, "4255550100", "4255550100"},
		{"strip and plain", Reading{Style: StylePlain, Strip: "77"}, "7714255550100", "+14255550100"},
		{"prefix", Reading{Prefix: "+1425"}, "5550100", "+14255550100"},
		{"the last digits", Reading{Prefix: "+1425555"}, "0100", "+14255550100"},
		{"no prefix after a plus", Reading{Prefix: "+1425"}, "+442079460123", "+442079460123"},
		{"strip all", Reading{Strip: "0100"}, "0100", "0100"},
		{"an emergency", Reading{Style: StylePlain, Strip: "9", Prefix: "+1425"}, "911", "911"},
		{"an emergency behind an outside line", Reading{Style: StylePlain, Strip: "9", Prefix: "+1425"}, "9911", "911"},
		{"a short number", Reading{Style: StylePlain}, "311", "311"},
		{"a short national number", Reading{Style: StyleNational, Region: britain}, "0150", "0150"},
		{"a name", Reading{Style: StylePlain, Strip: "a", Prefix: "1"}, "alice", "alice"},
		{"a service code", Reading{Style: StylePlain, Prefix: "1"}, "*67", "*67"},
		{"a plus", Reading{Style: StylePlain, Prefix: "1"}, "+", "+"},
		{"nothing", Reading{Style: StylePlain, Prefix: "1"}, "", ""},
	}
	emergency := func(d string) bool { return d == "911" || d == "112" }
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.reading.Read(tt.user, emergency); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestReadWithoutKnowingEmergencies(t *testing.T) {
	g := Reading{Style: StylePlain, Strip: "9", Prefix: "1"}
	for user, want := range map[string]string{"911": "911", "900911": "900911", "9911": "9911", "94255550100": "+14255550100"} {
		if got := g.Read(user, nil); got != want {
			t.Errorf("%s: %q, want %q", user, got, want)
		}
	}
}

func TestNumberingChecks(t *testing.T) {
	good := []Numbering{
		{},
		{Called: Format{Style: StyleNational, Strip: "0", Prefix: "*9#"}, Region: britain},
		{Caller: Format{Style: StyleNational}, Region: Region{CountryCode: "423", International: "+"}},
	}
	for _, n := range good {
		if err := n.Check(); err != nil {
			t.Errorf("%+v: %v", n, err)
		}
	}
	bad := []struct {
		n    Numbering
		want string
	}{
		{Numbering{Called: Format{Prefix: "9 "}}, `"9 " is not what can be dialled`},
		{Numbering{To: Format{Strip: "abc"}}, `"abc" is not`},
		{Numbering{Caller: Format{Prefix: "1\r\nX: y"}}, "is not what can be dialled"},
		{Numbering{Called: Format{Style: StyleNational}}, `"" is no country's calling code`},
		{Numbering{To: Format{Style: StyleNational}, Region: Region{CountryCode: "+1"}}, `"+1" is no country's`},
		{Numbering{To: Format{Style: StyleNational}, Region: Region{CountryCode: "0044"}}, `"0044" is no country's`},
		{Numbering{Caller: Format{Style: StyleNational}, Region: Region{CountryCode: "1", TrunkPrefix: "x"}}, `"x" is no dialling prefix`},
		{Numbering{Caller: Format{Style: StyleNational}, Region: Region{CountryCode: "1", International: "0-"}}, `"0-" is no dialling prefix`},
	}
	for _, tt := range bad {
		if err := tt.n.Check(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.n, err, tt.want)
		}
	}
}

func TestReadingChecks(t *testing.T) {
	for _, g := range []Reading{{}, {Strip: "+", Prefix: "+1425"}, {Style: StyleNational, Region: britain}} {
		if err := g.Check(); err != nil {
			t.Errorf("%+v: %v", g, err)
		}
	}
	for _, g := range []Reading{{Strip: "x"}, {Prefix: "*9"}, {Prefix: "1+"}, {Style: StyleNational}} {
		if g.Check() == nil {
			t.Errorf("%+v passes", g)
		}
	}
}

func TestStyleNames(t *testing.T) {
	for s := StyleE164; s <= StyleNational; s++ {
		if again, err := ParseStyle(s.String()); err != nil || again != s {
			t.Errorf("%v reads as %v, %v", s, again, err)
		}
	}
	if _, err := ParseStyle("E.164"); err == nil || !strings.Contains(err.Error(), "e164, plain, national") {
		t.Errorf("%v", err)
	}
}

// A carrier that writes as it wants to be written to: what goes out in a style comes back
// the same, for numbers that national style can tell apart.
func TestWhatIsWrittenReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		region := rapid.SampledFrom([]Region{nanp, britain, {CountryCode: "1", TrunkPrefix: "1", International: "011"}, {CountryCode: "39", International: "00"}}).Draw(t, "region")
		country := rapid.SampledFrom([]string{region.CountryCode, "420"}).Draw(t, "country")
		number := "+" + country + rapid.StringMatching("[2-9][0-9]{7,9}").Draw(t, "subscriber")
		style := Style(rapid.IntRange(0, int(StyleNational)).Draw(t, "style"))
		written := Format{Style: style}.Write(number, region)
		if got := (Reading{Style: style, Region: region}).Read(written, nil); got != number {
			t.Fatalf("%s is written %s in %v style and read as %s", number, written, style, got)
		}
	})
}

// Whatever is dialled or comes in, nothing but what the rules name is put into it, no
// emergency number is changed, and what was safe in a URI stays so.
func FuzzNumbers(f *testing.F) {
	for _, seed := range []string{"+14255550100", "911", "9911", "112", "alice", "", "+", "00442079460123", "1\r\n2", "%23", "anonymous", "*67"} {
		f.Add(seed, "9", "+1")
	}
	f.Fuzz(func(t *testing.T, text, strip, prefix string) {
		for style := StyleE164; style <= StyleNational; style++ {
			n := Numbering{Called: Format{Style: style, Strip: strip, Prefix: prefix}, Region: britain}
			if n.Check() == nil {
				checkRewritten(t, text, n.Called.Write(text, n.Region))
			}
			g := Reading{Style: style, Strip: strip, Prefix: prefix, Region: britain}
			if g.Check() == nil {
				got := g.Read(text, nil)
				checkRewritten(t, text, got)
				if len(text) <= longestShort && got != text {
					t.Fatalf("%q is read as %q", text, got)
				}
			}
		}
	})
}

func checkRewritten(t *testing.T, text, got string) {
	if got != text && !only(got, dialled) || got == "" && text != "" && only(text, digits) {
		t.Fatalf("%q became %q", text, got)
	}
}
