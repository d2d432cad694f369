package trunk

import (
	"fmt"
	"strings"
)

// Codes is a set of SIP's failure codes, 300 to 699.
type Codes [(lastCode - firstCode + 64) / 64]uint64

const firstCode, lastCode = 300, 699

// ParseCodes reads codes ("403"), classes ("5xx") and ranges ("480-489").
func ParseCodes(list ...string) (Codes, error) {
	var c Codes
	for _, text := range list {
		first, last, err := parseRange(strings.TrimSpace(text))
		if err != nil {
			return Codes{}, err
		}
		for code := first; code <= last; code++ {
			c[(code-firstCode)/64] |= 1 << ((code - firstCode) % 64)
		}
	}
	return c, nil
}

func parseRange(text string) (first, last int, err error) {
	from, to, isRange := strings.Cut(text, "-")
	if class, ok := strings.CutSuffix(strings.ToLower(text), "xx"); ok {
		from, to = class+"00", class+"99"
	} else if !isRange {
		to = from
	}
	first, ok := code(from)
	last, ok2 := code(to)
	if !ok || !ok2 || first > last {
		return 0, 0, fmt.Errorf("%q is not a SIP failure code: write one from 300 to 699 (403), a class (5xx) or a range (480-489)", text)
	}
	return first, last, nil
}

func code(text string) (n int, ok bool) {
	if len(text) != 3 {
		return 0, false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
		n = n*10 + int(text[i]-'0')
	}
	return n, n >= firstCode && n <= lastCode
}

// Has says whether a code is in the set.
func (c Codes) Has(code int) bool {
	return code >= firstCode && code <= lastCode && c[(code-firstCode)/64]&(1<<((code-firstCode)%64)) != 0
}

// both is a code that two sets share; 0 when there is none.
func (c Codes) both(other Codes) int {
	for code := firstCode; code <= lastCode; code++ {
		if c.Has(code) && other.Has(code) {
			return code
		}
	}
	return 0
}
