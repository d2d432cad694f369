package wire

import (
	"github.com/emiago/sipgo/sip"
)

// NewResponse makes the response to a request by RFC 3261 s8.2.6: its Via list,
// From, To, Call-ID and CSeq, the Record-Route of a response that makes a dialog
// (s12.1.1), the Timestamp in a 100 (s8.2.6.1). An empty phrase is the status's own.
//
// toTag goes into To when To has no tag: "the UAS MUST add a tag to the To header
// field in the response (with the exception of the 100 (Trying) response, in which a
// tag MAY be present)"; the same one in every response to the request. A 100 gets
// none.
//
// The headers but To are those of the request, not copies; do not change them.
func NewResponse(req *sip.Request, status int, phrase, toTag string) *sip.Response {
	if phrase == "" {
		phrase = Phrase(status)
	}
	res := sip.NewResponse(status, phrase)
	routes := makesDialog(req.Method, status)
	for _, h := range req.Headers() {
		switch h := h.(type) {
		case *sip.ViaHeader, *sip.FromHeader, *sip.CallIDHeader, *sip.CSeqHeader:
			res.AppendHeader(h)
		case *sip.ToHeader:
			res.AppendHeader(taggedTo(h, status, toTag))
		default:
			name := h.Name()
			if name == "Record-Route" && routes || name == "Timestamp" && status == 100 {
				res.AppendHeader(h)
			}
		}
	}
	return res
}

func taggedTo(to *sip.ToHeader, status int, tag string) sip.Header {
	if status == sip.StatusTrying || tag == "" || tagOf(to.Params) != "" {
		return to
	}
	params := make(sip.HeaderParams, len(to.Params), len(to.Params)+1)
	copy(params, to.Params)
	return &sip.ToHeader{
		DisplayName: to.DisplayName, Address: to.Address,
		Params: append(params, sip.HeaderKV{K: "tag", V: tag}),
	}
}

// makesDialog: RFC 3261 s12.1, "Dialogs are created through the generation of
// non-failure responses to requests with specific methods"; RFC 6665 and RFC 3515
// add theirs to INVITE.
func makesDialog(method sip.RequestMethod, status int) bool {
	if status <= 100 || status >= 300 {
		return false
	}
	switch method {
	case sip.INVITE, sip.SUBSCRIBE, sip.NOTIFY, sip.REFER:
		return true
	}
	return false
}
