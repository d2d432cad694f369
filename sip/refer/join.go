package refer

import "errors"

// OptionJoin is the option tag of Join (RFC 3911 s7.2).
const OptionJoin = "join"

// Join names the dialog that an INVITE joins: whoever is in that talks with the one who
// sends it too (RFC 3911 s7.1). The tags are as in a Replaces.
type Join struct{ CallID, ToTag, FromTag string }

// ParseJoin reads the value of a Join header. The error says what is wrong, in words. RFC
// 3911 s7.1: "A Join header MUST contain exactly one to-tag and exactly one from-tag".
func ParseJoin(value string) (Join, error) {
	r, err := ParseReplaces(value)
	if err == nil && r.EarlyOnly {
		err = errors.New("early-only is of Replaces")
	}
	return Join{r.CallID, r.ToTag, r.FromTag}, err
}

// Value writes the header's value; the error wraps ErrUnsafe.
func (j Join) Value() (string, error) {
	return Replaces{CallID: j.CallID, ToTag: j.ToTag, FromTag: j.FromTag}.Value()
}
