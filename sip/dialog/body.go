package dialog

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Description gives the session description of a message: nil when it carries
// none, and the status to refuse it with when it cannot be read: 400 for a broken
// one, 415 for a body that is something else, or is encoded, and must be
// understood.
func Description(m sip.Message) (offer *sdp.Description, refuse int) { return description(m) }

func description(m sip.Message) (*sdp.Description, int) {
	body := m.Body()
	if len(body) == 0 {
		return nil, 0
	}
	value, _ := wire.Value(m, "Content-Type")
	kind, params, err := mediaType(value)
	disposition, _ := wire.Value(m, "Content-Disposition")
	switch {
	case err != nil:
		return nil, 400 // RFC 3261 s20.15: "The Content-Type header field MUST be present if the body is not empty"
	case encoded(m):
		return nil, 415
	case kind == sdpType && isSession(disposition):
		return parsed(body)
	case strings.HasPrefix(kind, "multipart/"):
		return inParts(body, params["boundary"])
	case isOptional(disposition):
		return nil, 0
	}
	return nil, 415
}

const sdpType = "application/sdp"

// mediaType reads a Content-Type. A parameter that cannot be read does not hide the
// type.
func mediaType(value string) (kind string, params map[string]string, err error) {
	if value == sdpType { // nearly always
		return sdpType, nil, nil
	}
	kind, params, err = mime.ParseMediaType(value)
	if errors.Is(err, mime.ErrInvalidMediaParameter) {
		err = nil
	}
	return kind, params, err
}

// encoded says whether a body must be decoded before it is read. RFC 3261 s20.12: with
// Content-Encoding a UAS that does not know it answers 415.
func encoded(m sip.Message) bool {
	value, ok := wire.Value(m, "Content-Encoding")
	return ok && value != "" && !strings.EqualFold(value, "identity")
}

// isSession says whether a description is of this session and not, say, of one beside
// it (early-session, RFC 3959). RFC 3261 s20.11: without Content-Disposition "bodies of
// Content-Type application/sdp imply the disposition "session"".
func isSession(disposition string) bool {
	kind, _, _ := strings.Cut(disposition, ";")
	kind = strings.TrimSpace(kind)
	return kind == "" || strings.EqualFold(kind, "session")
}

// isOptional says whether a body may be ignored: RFC 3261 s20.11, "If the handling
// parameter is missing, the value "required" SHOULD be assumed."
func isOptional(disposition string) bool {
	_, params, _ := wire.SplitParams(disposition)
	handling, _ := wire.Param(params, "handling")
	return strings.EqualFold(handling, "optional")
}

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

// inParts finds the description in a multipart body. Parts that are not understood are
// ignored whatever they say: carriers mark their ISUP as required and call all the
// same those who have none.
func inParts(body []byte, boundary string) (*sdp.Description, int) {
	if boundary == "" {
		return nil, 400 // RFC 2046 s5.1.1: the parameter is required
	}
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for range maxParts {
		part, err := r.NextPart()
		if err != nil {
			break
		}
		kind, _, _ := mediaType(part.Header.Get("Content-Type"))
		if kind != sdpType || !isSession(part.Header.Get("Content-Disposition")) {
			continue
		}
		content, err := io.ReadAll(part)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) { // without a last boundary
			return nil, 400
		}
		return parsed(content)
	}
	return nil, 0
}

// bodyFault are the headers that a refusal of a body carries. RFC 3261 s21.4.13: "The
// server MUST return a list of acceptable formats using the Accept, Accept-Encoding,
// or Accept-Language header field, depending on the specific problem with the content."
func bodyFault(status int) []Header {
	if status == 415 {
		return []Header{{"Accept", sdpType}, {"Accept-Encoding", "identity"}}
	}
	return []Header{Phrase("Bad Session Description")}
}
