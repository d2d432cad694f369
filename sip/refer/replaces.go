package refer

import (
	"errors"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/wire"
)

// Option tags of what this package knows, for Supported and Require.
const (
	OptionReplaces     = "replaces"   // RFC 3891 s6.2
	OptionNoReferSub   = "norefersub" // RFC 4488 s7
	OptionTargetDialog = "tdialog"    // RFC 4538 s11.3
)

// Replaces names the dialog that an INVITE takes the place of (RFC 3891 s6.1). The tags
// are as in a request to whoever the INVITE goes to: ToTag is the tag of its recipient.
type Replaces struct {
	CallID, ToTag, FromTag string
	// EarlyOnly: an answered dialog is not replaced (486).
	EarlyOnly bool
}

// ParseReplaces reads the value of a Replaces header. The error says what is wrong, in
// words. RFC 3891 s6.1: "A Replaces header field MUST contain exactly one to-tag and
// exactly one from-tag".
func ParseReplaces(value string) (Replaces, error) {
	callID, tags, err := dialogID(value, "to-tag", "from-tag", "early-only")
	switch {
	case err != nil:
		return Replaces{}, err
	case tags[0] == nil || !only(*tags[0], tokenChars):
		return Replaces{}, errors.New("no to-tag that is a token")
	case tags[1] == nil || !only(*tags[1], tokenChars):
		return Replaces{}, errors.New("no from-tag that is a token")
	}
	return Replaces{callID, *tags[0], *tags[1], tags[2] != nil}, nil
}

// dialogID reads a Call-ID and those of its parameters that have one of the names.
func dialogID(value string, names ...string) (callID string, found []*string, err error) {
	callID, params, err := wire.SplitParams(value)
	switch {
	case err != nil:
		return "", nil, err
	case !only(callID, callChars):
		return "", nil, errors.New("no Call-ID at its beginning")
	}
	found = make([]*string, len(names))
	for i, name := range names {
		if v, ok := wire.Param(params, name); ok {
			found[i] = &v
		}
	}
	return callID, found, nil
}

// ReadReplaces gives the Replaces of a request, nil without one. RFC 3891 s3: "If more
// than one Replaces header field is present in an INVITE, or if a Replaces header field is
// present in a request other than INVITE, the UAS MUST reject the request with a 400 Bad
// Request response", and so it does when there is "another header field with contradictory
// semantics", which Join is (RFC 3911 s4).
func ReadReplaces(req *sip.Request) (*Replaces, *Refusal) {
	values := wire.Values(req, "Replaces")
	if len(values) == 0 {
		return nil, nil
	}
	_, joins := wire.Value(req, "Join")
	switch {
	case req.Method != sip.INVITE:
		return nil, bad("Replaces", "it belongs in an INVITE")
	case len(values) > 1:
		return nil, bad("Replaces", "more than one")
	case joins:
		return nil, bad("Replaces", "with Join, which contradicts it")
	}
	r, err := ParseReplaces(values[0])
	if err != nil {
		return nil, bad("Replaces", err.Error())
	}
	return &r, nil
}

// Value writes the header's value; the error wraps ErrUnsafe.
func (r Replaces) Value() (string, error) {
	switch {
	case !only(r.CallID, callChars):
		return "", unsafe("Replaces", "Call-ID", r.CallID)
	case !only(r.ToTag, tokenChars):
		return "", unsafe("Replaces", "to-tag", r.ToTag)
	case !only(r.FromTag, tokenChars):
		return "", unsafe("Replaces", "from-tag", r.FromTag)
	}
	value := r.CallID + ";to-tag=" + r.ToTag + ";from-tag=" + r.FromTag
	if r.EarlyOnly {
		value += ";early-only"
	}
	return value, nil
}

// Matches says whether a dialog of ours is the one, by its Call-ID, our tag and the other
// side's. RFC 3891 s3: "the to-tag parameter is compared to the local tag, and the from-tag
// parameter is compared to the remote tag"; s6.1: "a tag of zero matches both tags of zero
// and null".
func (r Replaces) Matches(callID, localTag, remoteTag string) bool {
	return r.CallID == callID && sameTag(r.ToTag, localTag) && sameTag(r.FromTag, remoteTag)
}

func sameTag(named, tag string) bool { return named == tag || named == "0" && tag == "" }
