package refer

import (
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/wire"
)

// ReferredBy says who asked for a call (RFC 3892 s3). Nothing vouches for it: what is shown
// of it is to be marked so, and nothing is allowed because of it alone (s2.3).
type ReferredBy struct {
	// Display is plain text.
	Display string
	URI     string
	// CID is the Content-ID of the signed statement that comes with it, without its
	// quotes; "" for none.
	CID string
	// Raw is the value as it came, "" for one of ours. RFC 3892 s2.2: a referee "MUST
	// copy any Referred-By header field value and token into the referenced request
	// without modification".
	Raw string
}

// ParseReferredBy reads the value of a Referred-By header. The error says what is wrong,
// in words.
func ParseReferredBy(value string) (ReferredBy, error) {
	a, err := wire.ParseNameAddr(value)
	if err != nil {
		return ReferredBy{}, err
	}
	cid, _ := wire.Param(a.Params, "cid")
	return ReferredBy{
		Display: a.DisplayName, URI: string(wire.AppendURI(nil, &a.URI)),
		CID: cid, Raw: strings.Clone(value),
	}, nil
}

// ReadReferredBy gives the Referred-By of a request, nil without one; it may be in any
// request. More than one gets 400, and a broken one.
func ReadReferredBy(req *sip.Request) (*ReferredBy, *Refusal) {
	values := wire.Values(req, "Referred-By")
	switch len(values) {
	case 0:
		return nil, nil
	case 1:
	default:
		return nil, bad("Referred-By", "more than one")
	}
	by, err := ParseReferredBy(values[0])
	if err != nil {
		return nil, bad("Referred-By", err.Error())
	}
	return &by, nil
}

// Value writes the header's value: Raw when it is set. The error wraps ErrUnsafe.
func (r ReferredBy) Value() (string, error) {
	if r.Raw != "" {
		if !onLine(r.Raw) {
			return "", unsafe("Referred-By", "value", r.Raw)
		}
		return r.Raw, nil
	}
	value, err := nameAddr("Referred-By", r.Display, r.URI, "")
	if err != nil || r.CID == "" {
		return value, err
	}
	// RFC 3892 s3: sip-clean-msg-id, dot-atom "@" (dot-atom / host).
	if !only(r.CID, tokenChars+"@[]:") {
		return "", unsafe("Referred-By", "cid", r.CID)
	}
	return value + `;cid="` + r.CID + `"`, nil
}

// nameAddr writes a name-addr; headers are those of the URI, escaped.
func nameAddr(header, display, uri, headers string) (string, error) {
	u, err := wire.ParseURI(uri)
	switch {
	case err != nil:
		return "", unsafe(header, "URI", uri)
	case !onLine(display):
		return "", unsafe(header, "display name", display)
	case len(u.Headers) > 0:
		return "", unsafe(header, "URI with headers", uri)
	case headers != "" && u.Scheme != "sip" && u.Scheme != "sips":
		return "", unsafe(header, "no headers fit into a URI like", uri)
	}
	value := "<" + string(wire.AppendURI(nil, &u)) + headers + ">"
	if display != "" {
		value = wire.Quote(display) + " " + value
	}
	return value, nil
}
