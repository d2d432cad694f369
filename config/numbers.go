package config

// Numbers is how phone numbers are written for a trunk. Emergency numbers and names
// are never changed.
type Numbers struct {
	// Called is for the Request-URI and To.
	Called NumberFormat `yaml:"called"`
	// Caller is for From and the identity headers.
	Caller NumberFormat `yaml:"caller"`
	// Inbound is how the trunk writes the called number and From of its calls.
	Inbound NumberFormat `yaml:"inbound"`
	// CountryCode is the calling code that national numbers lack, such as 44. Default "".
	CountryCode string `yaml:"country_code"`
	// TrunkPrefix is written before national numbers, such as 0. Default "".
	TrunkPrefix string `yaml:"trunk_prefix"`
	// International is written before foreign numbers in national format, such as 00.
	// Default "": a plus.
	International string `yaml:"international"`
}

// NumberFormat is how numbers are written in one place.
type NumberFormat struct {
	// Format is the form. Default e164.
	Format NumberStyle `yaml:"format"`
	// Strip is taken away from the front, where it stands there. Default "".
	Strip string `yaml:"strip"`
	// Prefix is then put there. Default "".
	Prefix string `yaml:"prefix"`
}

// NumberStyle is a form of numbers.
type NumberStyle int

// With a plus and the country code, without the plus, or as within the country.
const (
	NumberE164 NumberStyle = iota
	NumberPlain
	NumberNational
)

var numberStyleNames = []string{NumberE164: "e164", NumberPlain: "plain", NumberNational: "national"}

// String gives the file's word.
func (s NumberStyle) String() string { return enumName(numberStyleNames, int(s)) }

// UnmarshalText reads e164, plain or national.
func (s *NumberStyle) UnmarshalText(text []byte) error { return setEnum(s, numberStyleNames, text) }

// HeaderRule changes one header of the INVITEs to a trunk. One of the three verbs is
// set to the header's name.
type HeaderRule struct {
	// Add appends a line with Value. Default "".
	Add string `yaml:"add"`
	// Set replaces what is there by one line with Value. Default "".
	Set string `yaml:"set"`
	// Remove takes away all lines. Default "".
	Remove string `yaml:"remove"`
	// Value is the line's. Default "".
	Value string `yaml:"value"`
}

func (c *checker) checkWriting(path string, t *Trunk) {
	if t.FromDomain != "" {
		if err := checkHost(t.FromDomain); err != nil {
			c.report(path+".from_domain", "%v", err)
		}
	}
	for i, r := range t.Headers {
		at := index(path+".headers", i)
		switch verbs := len(verbsOf(r)); {
		case verbs != 1 && !c.faulty(at):
			c.report(at, "has %d verbs: write one of add, set and remove, with the header's name", verbs)
		case r.Remove != "" && r.Value != "":
			c.report(at+".value", "does nothing beside remove")
		}
	}
}

func verbsOf(r HeaderRule) (verbs []string) {
	for _, name := range []string{r.Add, r.Set, r.Remove} {
		if name != "" {
			verbs = append(verbs, name)
		}
	}
	return verbs
}
