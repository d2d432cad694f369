package refer

import (
	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/wire"
)

// TargetDialog names a dialog that the sender of a request knows, which may be why the
// request is allowed (RFC 4538). The tags are as its recipient sees them: LocalTag is the
// recipient's own (s4).
type TargetDialog struct{ CallID, LocalTag, RemoteTag string }

// ParseTargetDialog reads the value of a Target-Dialog header; ok is false for one that is
// to be ignored. RFC 4538 s4: "if they don't contain both a "remote-tag" and "local-tag"
// parameter, the header field MUST be ignored". It only ever adds trust, so a broken one
// is treated alike.
func ParseTargetDialog(value string) (d TargetDialog, ok bool) {
	callID, tags, err := dialogID(value, "local-tag", "remote-tag")
	if err != nil || tags[0] == nil || tags[1] == nil || !only(*tags[0], tokenChars) || !only(*tags[1], tokenChars) {
		return d, false
	}
	return TargetDialog{callID, *tags[0], *tags[1]}, true
}

// readTargetDialog gives the only Target-Dialog of a request, nil without one.
func readTargetDialog(req *sip.Request) *TargetDialog {
	values := wire.Values(req, "Target-Dialog")
	if len(values) != 1 {
		return nil
	}
	if d, ok := ParseTargetDialog(values[0]); ok {
		return &d
	}
	return nil
}

// Value writes the header's value; the error wraps ErrUnsafe.
func (d TargetDialog) Value() (string, error) {
	switch {
	case !only(d.CallID, callChars):
		return "", unsafe("Target-Dialog", "Call-ID", d.CallID)
	case !only(d.LocalTag, tokenChars):
		return "", unsafe("Target-Dialog", "local-tag", d.LocalTag)
	case !only(d.RemoteTag, tokenChars):
		return "", unsafe("Target-Dialog", "remote-tag", d.RemoteTag)
	}
	return d.CallID + ";local-tag=" + d.LocalTag + ";remote-tag=" + d.RemoteTag, nil
}

// Matches says whether a dialog of ours is the one.
func (d TargetDialog) Matches(callID, localTag, remoteTag string) bool {
	return d == TargetDialog{callID, localTag, remoteTag}
}
