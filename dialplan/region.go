package dialplan

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// spelling says who wrote digits that have no plus, as that decides how they are
// read (see the package doc).
type spelling uint8

const (
	typed   spelling = iota // by a person or a phone
	carried                 // by a trunk
)

// fit says whether a string can be a number, judged by its length.
type fit uint8

const (
	fits        fit = iota
	tooShort        // more digits could make it one
	local           // a subscriber number without its area code
	tooLong         // no number of that country is so long
	noSuchPlan      // no country has the calling code that it begins with
	fitsNothing     // read again, its own E.164 form means another number
)

// reading is one way to read a string of digits.
type reading struct {
	number Number // set when it fits
	fit    fit
	valid  bool // also in an assigned range of the plan
	prefix bool // began with the region's own international prefix
}

// region is a country's numbering plan, by its ISO 3166-1 code.
type region struct {
	code        string
	callingCode string // "1", "44"
	trunkPrefix string // "0", "1", "8"; "" in plans without
}

// newRegion is not ok when code is no region with a numbering plan.
func newRegion(code string) (r region, ok bool) {
	calling := phonenumbers.GetCountryCodeForRegion(code)
	if calling == 0 {
		return region{}, false
	}
	return region{
		code:        code,
		callingCode: strconv.Itoa(calling),
		trunkPrefix: phonenumbers.GetNddPrefixForRegion(code, true),
	}, true
}

// regionOf gives the region that global digits ("+1425") lie in; the main one
// where several share a calling code.
func regionOf(global string) (r region, ok bool) {
	for n := 2; n <= min(4, len(global)); n++ {
		calling, _ := strconv.Atoi(global[1:n])
		if code := phonenumbers.GetRegionCodeForCountryCode(calling); code != "ZZ" {
			return newRegion(code)
		}
	}
	return region{}, false
}

// read reads digits, with or without plus, in the region.
func (r region) read(digits string, by spelling) reading {
	switch {
	case digits[0] == '+':
		return parse(digits, r.code)
	case strings.HasPrefix(digits, "00"):
		return r.readDoubleZero(digits)
	case by == carried && digits[0] != '0':
		return r.readCarried(digits)
	}
	return parse(digits, r.code)
}

// readDoubleZero reads digits that begin with 00: the region's own way if that
// uses its international prefix or is a valid national number, else as plus.
func (r region) readDoubleZero(digits string) reading {
	own, global := parse(digits, r.code), parse("+"+digits[2:], r.code)
	if own.valid || own.prefix {
		return best(own, global)
	}
	return best(global, own)
}

// readCarried reads digits of a trunk that begin neither with plus nor zero.
func (r region) readCarried(digits string) reading {
	global, national := parse("+"+digits, r.code), parse(digits, r.code)
	ownTrunkPrefix := r.trunkPrefix != "" && r.trunkPrefix != r.callingCode
	if ownTrunkPrefix || strings.HasPrefix(digits, r.callingCode) {
		return best(global, national)
	}
	return best(national, global)
}

// readWithin reads a local number within the context of global digits ("+1425").
// Only a subscriber number is added to the context; a national one, which
// its trunk prefix or its length betrays, is read in the context's country.
//
// RFC 3966 s5.1.5: the context "does NOT indicate a prefix that turns the local
// number into a global (E.164) number".
func readWithin(context, digits string) reading {
	r, ok := regionOf(context)
	if !ok { // a worldwide code such as +800, or none
		return parse(context+digits, "")
	}
	joined, national := parse(context+digits, r.code), r.read(digits, typed)
	if r.trunkPrefix != "" && strings.HasPrefix(digits, r.trunkPrefix) || national.prefix {
		return best(national, joined)
	}
	return best(joined, national)
}

// best is the first valid reading, else the first that fits, else one that says
// more digits are needed, else the first.
func best(readings ...reading) reading {
	for _, good := range [...]func(reading) bool{
		func(x reading) bool { return x.valid },
		func(x reading) bool { return x.fit == fits },
		func(x reading) bool { return x.fit == tooShort || x.fit == local },
	} {
		if i := slices.IndexFunc(readings, good); i >= 0 {
			return readings[i]
		}
	}
	return readings[0]
}

// parse reads digits as a person in the region would dial them.
func parse(digits, regionCode string) reading {
	n, err := phonenumbers.ParseAndKeepRawInput(digits, regionCode)
	if err != nil {
		return reading{fit: fitOfError(err)}
	}
	x := reading{
		fit:    fitOfLength(n),
		prefix: n.GetCountryCodeSource() == phonenumbers.PhoneNumber_FROM_NUMBER_WITH_IDD,
	}
	if x.fit != fits {
		return x
	}
	x.valid = phonenumbers.IsValidNumber(n)
	x.number = Number(phonenumbers.Format(n, phonenumbers.E164))
	x.fit = x.fitOfForm(n)
	if x.fit != fits {
		return reading{fit: x.fit, prefix: x.prefix}
	}
	return x
}

// fitOfForm judges what a possible length leaves open.
func (x reading) fitOfForm(n *phonenumbers.PhoneNumber) fit {
	switch {
	case len(x.number) > 1+maxDigits:
		return tooLong
	case !x.valid && beginsWithTrunkPrefix(n):
		return tooShort
	case !settled(n, x.number):
		return fitsNothing
	}
	return fits
}

// beginsWithTrunkPrefix is true when the trunk prefix was dialled but is still
// part of the number, since what follows it is too short to stand alone.
func beginsWithTrunkPrefix(n *phonenumbers.PhoneNumber) bool {
	code := phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))
	prefix := phonenumbers.GetNddPrefixForRegion(code, true)
	return prefix != "" && strings.HasPrefix(phonenumbers.GetNationalSignificantNumber(n), prefix)
}

// settled is true when the E.164 form, read again, is the same number: a
// doubled trunk prefix or a rewritten mobile prefix could be stripped twice.
func settled(n *phonenumbers.PhoneNumber, form Number) bool {
	again, err := phonenumbers.Parse(string(form), "")
	return err == nil && again.GetCountryCode() == n.GetCountryCode() &&
		phonenumbers.Format(again, phonenumbers.E164) == string(form)
}

func fitOfLength(n *phonenumbers.PhoneNumber) fit {
	switch phonenumbers.IsPossibleNumberWithReason(n) {
	case phonenumbers.IS_POSSIBLE:
		return fits
	case phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return local
	case phonenumbers.TOO_LONG:
		return tooLong
	}
	// TOO_SHORT, and INVALID_LENGTH, which lies between two possible lengths.
	return tooShort
}

func fitOfError(err error) fit {
	switch {
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return tooLong
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return noSuchPlan
	}
	return tooShort
}

// emergencyNumber is true when digits are exactly an emergency number of the
// region.
func (r region) emergencyNumber(digits string) bool {
	return phonenumbers.IsEmergencyNumber(digits, r.code)
}

// shortCode is true when digits are a short number that is in use in the region.
func (r region) shortCode(digits string) bool {
	n, err := phonenumbers.Parse(digits, r.code)
	return err == nil && phonenumbers.IsValidShortNumberForRegion(n, r.code)
}

// generalEmergencyNumber is what to dial for urn:service:sos in the region: the
// one number that reaches every service where there is one, "112" otherwise.
func (r region) generalEmergencyNumber() string {
	// In the NANP 112 is but an alias on mobiles; in Australia likewise, where
	// fixed lines know 000 alone.
	candidates := []string{"000", "112", "911", "999", "111"}
	if r.callingCode == "1" {
		candidates = []string{"911"}
	}
	for _, c := range candidates {
		if r.emergencyNumber(c) {
			return c
		}
	}
	return r.exampleEmergencyNumber()
}

// exampleEmergencyNumber is the first emergency number that the metadata names.
func (r region) exampleEmergencyNumber() string {
	all, err := phonenumbers.ShortNumberMetadataCollection()
	if err != nil {
		return "112"
	}
	for _, m := range all.GetMetadata() {
		if example := m.GetEmergency().GetExampleNumber(); m.GetId() == r.code && example != "" {
			return example
		}
	}
	return "112"
}
