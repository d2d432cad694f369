package trunk

import (
	"fmt"
	"strings"
)

// Style is how a trunk writes phone numbers, or wants them written.
type Style uint8

const (
	// StyleE164 is +14255550100. On numbers that come in it changes nothing: the
	// dialplan reads them as a trunk of the region would write them.
	StyleE164 Style = iota
	// StylePlain is E.164 without the plus: 14255550100.
	StylePlain
	// StyleNational is as dialled within the country, with its trunk prefix if it has
	// one: 4255550100, 02079460123; and with the international prefix abroad.
	StyleNational
)

var styleNames = [...]string{"e164", "plain", "national"}

// String gives the word in the configuration.
func (s Style) String() string { return name(styleNames[:], int(s)) }

// ParseStyle reads what String writes.
func ParseStyle(text string) (Style, error) {
	for i, n := range styleNames {
		if n == text {
			return Style(i), nil
		}
	}
	return 0, fmt.Errorf("%q is no number format: write one of %s", text, strings.Join(styleNames[:], ", "))
}

// Region is what a national number needs to be understood. It is arithmetic on
// prefixes alone: countries whose national form differs in more than its prefix, as
// mobile numbers of Argentina, need StyleE164.
type Region struct {
	// CountryCode is the calling code, without a plus: "1", "44".
	CountryCode string
	// TrunkPrefix is written before national numbers: "0" in Britain; empty in the
	// NANP and in Italy. "1" gives 14255550100.
	TrunkPrefix string
	// International is written before the calling code of other countries: "00", "011".
	// Empty is a plus.
	International string
}

// Check says what is wrong with a region that StyleNational is to use.
func (r Region) Check() error {
	if r.CountryCode == "" || r.CountryCode[0] == '0' || len(r.CountryCode) > 3 || !only(r.CountryCode, digits) {
		return fmt.Errorf("%q is no country's calling code: write its one to three digits without +, such as 44", r.CountryCode)
	}
	for _, prefix := range [...]string{r.TrunkPrefix, r.International} {
		if !only(prefix, digits) && prefix != "+" {
			return fmt.Errorf("%q is no dialling prefix: write its digits, such as 0 or 011", prefix)
		}
	}
	return nil
}

// Format is how numbers are written towards a trunk in one place: the Request-URI, To,
// or the caller's headers. The zero value is E.164.
type Format struct {
	Style Style
	// Strip is taken away from the front of the number so written, where it stands
	// there; Prefix is then put there. Digits, +, * and #.
	Strip, Prefix string
}

// Numbering is how numbers are written towards a trunk.
type Numbering struct {
	// Called makes the user of the Request-URI, To that of To, Caller that of From,
	// P-Asserted-Identity and Remote-Party-ID.
	Called, To, Caller Format
	Region             Region
}

// Check says what is wrong with a numbering; nil when nothing is.
func (n Numbering) Check() error {
	for _, f := range [...]Format{n.Called, n.To, n.Caller} {
		if err := f.check(); err != nil {
			return err
		}
		if f.Style == StyleNational {
			if err := n.Region.Check(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f Format) check() error {
	for _, text := range [...]string{f.Strip, f.Prefix} {
		if !only(text, dialled) {
			return fmt.Errorf("%q is not what can be dialled: write digits, +, * and # alone", text)
		}
	}
	return nil
}

// Write writes a number, given in E.164 with its plus. What is none stays as it is: a
// name, the digits of an emergency call, "anonymous".
//
// A prefix may hold "#", which a SIP URI writes as %23 (RFC 3261 s25.1).
func (f Format) Write(number string, r Region) string {
	if !isE164(number) {
		return number
	}
	return f.Prefix + strings.TrimPrefix(f.Style.write(number, r), f.Strip)
}

func (s Style) write(number string, r Region) string {
	switch s {
	case StylePlain:
		return number[1:]
	case StyleNational:
		if national, ok := strings.CutPrefix(number[1:], r.CountryCode); ok && r.CountryCode != "" {
			return r.TrunkPrefix + national
		}
		return r.international() + number[1:]
	}
	return number
}

func (r Region) international() string {
	if r.International == "" {
		return "+"
	}
	return r.International
}

// Reading is how numbers that come from a trunk are made into what the dialplan reads
// without doubt. The zero value changes nothing.
type Reading struct {
	// Style is how the trunk writes numbers: with StylePlain digits without a plus get
	// one, with StyleNational they lose their trunk or international prefix and get
	// the country's code. StyleE164 leaves it to the dialplan.
	Style Style
	// Strip is taken away from the front first, where it stands there, then Prefix put
	// there, as for a trunk that sends only the last digits of our numbers. A number
	// with a plus gets no prefix.
	Strip, Prefix string
	Region        Region
}

// Check says what is wrong with a reading; nil when nothing is.
func (g Reading) Check() error {
	for _, text := range [...]string{g.Strip, g.Prefix} {
		if !only(strings.TrimPrefix(text, "+"), digits) {
			return fmt.Errorf("%q is not the beginning of a number: write digits, with or without a + before them", text)
		}
	}
	if g.Style == StyleNational {
		return g.Region.Check()
	}
	return nil
}

// longestShort is the length up to which digits are not taken for a phone number: the
// longest emergency numbers have six, and no number with its country's code has so few.
const longestShort = 6

// Read changes the user part of a URI, its escapes resolved. What is no digits, with or
// without a plus, stays as it is.
//
// Emergency says whether digits are an emergency number; nil takes all of six digits or
// less for one. Such digits are never changed, and Strip is not taken from them: 9 for
// an outside line must not make 11 of 911. What Strip leaves (9911) may be one, and is
// then left at that.
func (g Reading) Read(user string, emergency func(digits string) bool) string {
	if emergency == nil {
		emergency = func(d string) bool { return len(d) <= longestShort }
	}
	if !only(strings.TrimPrefix(user, "+"), digits) || user == "" || user == "+" || emergency(user) {
		return user
	}
	bare := strings.TrimPrefix(user, g.Strip)
	if bare == "" {
		return user
	}
	if emergency(bare) {
		return bare
	}
	if bare[0] != '+' {
		bare = g.Prefix + bare
	}
	return g.international(bare)
}

// international makes a global number of digits, by the style that they are in.
func (g Reading) international(number string) string {
	if number[0] == '+' || len(number) <= longestShort {
		return number
	}
	switch g.Style {
	case StylePlain:
		return "+" + number
	case StyleNational:
		if abroad, ok := strings.CutPrefix(number, g.Region.International); ok && g.Region.International != "" {
			return "+" + abroad
		}
		return "+" + g.Region.CountryCode + strings.TrimPrefix(number, g.Region.TrunkPrefix)
	}
	return number
}

const (
	digits  = "0123456789"
	dialled = digits + "+*#"
)

// only says whether a text has no other characters than these.
func only(text, chars string) bool { return strings.Trim(text, chars) == "" }

// isE164 says whether a text is a plus and 3 to 15 digits (ITU-T E.164 s6).
func isE164(text string) bool {
	return len(text) >= 4 && len(text) <= 16 && text[0] == '+' && only(text[1:], digits)
}
