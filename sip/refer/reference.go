package refer

import (
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/wire"
)

// Reference is what a REFER says. What was read shares its strings with the message; no
// machine of this package keeps them.
type Reference struct {
	// Seq is the CSeq of the REFER that came; 0 in one of ours.
	Seq uint32
	To  Target
	// By is who asked; nil when nobody was named.
	By *ReferredBy
	// Silent: no subscription is wanted (RFC 4488 s4, Refer-Sub: false).
	Silent bool
	// Known is a dialog that the sender knows; nil without one.
	Known *TargetDialog
}

// ReadReference reads a REFER. Option tags in its Require are the caller's to check.
func ReadReference(req *sip.Request) (Reference, *Refusal) {
	ref := Reference{Seq: req.CSeq().SeqNo, Known: readTargetDialog(req)}
	var r *Refusal
	if ref.To, r = readTarget(req); r != nil {
		return Reference{}, r
	}
	if ref.By, r = ReadReferredBy(req); r != nil {
		return Reference{}, r
	}
	if ref.Silent, r = unsubscribed(req); r != nil {
		return Reference{}, r
	}
	return ref, nil
}

// unsubscribed says whether Refer-Sub is "false", RFC 4488 s4: its value is "true" or
// "false", and true is what goes without saying.
func unsubscribed(msg sip.Message) (bool, *Refusal) {
	values := wire.Values(msg, "Refer-Sub")
	if len(values) == 0 {
		return false, nil
	}
	text, _, err := wire.SplitParams(values[0])
	switch {
	case err != nil:
		return false, bad("Refer-Sub", err.Error())
	case len(values) > 1:
		return false, bad("Refer-Sub", "more than one")
	case strings.EqualFold(text, "false"):
		return true, nil
	case strings.EqualFold(text, "true"):
		return false, nil
	}
	return false, bad("Refer-Sub", "neither true nor false")
}

// request writes a REFER; the error wraps ErrUnsafe.
func (ref Reference) request() (Request, error) {
	to, err := ref.To.Value()
	if err != nil {
		return Request{}, err
	}
	req := Request{Method: "REFER", Headers: []Header{{"Refer-To", to}}}
	if ref.By != nil {
		by, err := ref.By.Value()
		if err != nil {
			return Request{}, err
		}
		req.Headers = append(req.Headers, Header{"Referred-By", by})
	}
	if ref.Silent {
		req.Headers = append(req.Headers, Header{"Refer-Sub", "false"}, Header{"Supported", OptionNoReferSub})
	}
	if ref.Known != nil {
		known, err := ref.Known.Value()
		if err != nil {
			return Request{}, err
		}
		// As in RFC 4538 s10; without it the header could be overlooked.
		req.Headers = append(req.Headers, Header{"Target-Dialog", known}, Header{"Require", OptionTargetDialog})
	}
	return req, nil
}

// ReadAnswer takes from a response what Referrals.Answered wants; res is nil when the
// transaction made the status up.
func ReadAnswer(status int, res *sip.Response) Answer {
	a := Answer{Status: status}
	if res == nil {
		return a
	}
	a.Phrase = strings.Clone(res.Reason)
	if seconds, ok := wire.DeltaSeconds(res, "Retry-After"); ok {
		a.RetryAfter = time.Duration(seconds) * time.Second
	}
	a.NoSubscription, _ = unsubscribed(res)
	return a
}
