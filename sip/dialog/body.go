package dialog

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// description gives the session description of a message: nil when it carries
// none, and the status to refuse it with when it cannot be read: 400 for a broken
// one, 415 for a body that is something else and must be understood.
func description(m sip.Message) (*sdp.Description, int) {
	body := m.Body()
	if len(body) == 0 {
		return nil, 0
	}
	value, _ := wire.Value(m, "Content-Type")
	kind, params, err := mime.ParseMediaType(value)
	switch {
	case err != nil:
		return nil, 400 // RFC 3261 s7.4.1: a body has a Content-Type
	case kind == "application/sdp":
		return parsed(body)
	case strings.HasPrefix(kind, "multipart/"):
		return inParts(body, params["boundary"])
	}
	return nil, 415
}

// Description gives the session description of an INVITE, or the status to refuse
// it with.
func Description(m sip.Message) (offer *sdp.Description, refuse int) { return description(m) }

func parsed(body []byte) (*sdp.Description, int) {
	s, err := sdp.Parse(body)
	if err != nil {
		return nil, 400
	}
	return s, 0
}

// maxParts bounds a multipart body. An emergency call carries the caller's
// location beside its description (RFC 6442), a carrier its ISUP (RFC 3204).
const maxParts = 8

func inParts(body []byte, boundary string) (*sdp.Description, int) {
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for range maxParts {
		part, err := r.NextPart()
		if err != nil {
			break
		}
		if kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind == "application/sdp" {
			content, err := io.ReadAll(part)
			if err != nil {
				return nil, 400
			}
			return parsed(content)
		}
	}
	return nil, 0
}
