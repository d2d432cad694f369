package dialog

import (
	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/refer"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// Action is one thing a usage wants done: bytes to be sent, or a report. One of
// Send and Report is set.
type Action struct {
	// Send is a whole message.
	Send []byte
	// Flow is the way a response goes: the one its request came on. A request has one
	// where it belongs to a server that has been given up.
	Flow transport.Flow
	// Hop is the URI of the next hop of a request (RFC 3261 s8.1.2): the topmost
	// route, or the Request-URI.
	Hop string
	// Report is what the leg's owner must know.
	Report Report
}

// Report is what a usage tells its owner.
type Report interface{ report() }

// The reports, in the order in which a call may see them.
type (
	// Trying is a 100.
	Trying struct{}
	// Progressed is another provisional response to our INVITE. SDP is nil when
	// it carried no description, or none that is new.
	Progressed struct {
		Status int
		SDP    *sdp.Description
	}
	// Accepted is the first 2xx to our INVITE. SDP is the callee's answer, also when that
	// came before; nil when there is none that can be used. Where our INVITE made no offer
	// it is nil too and the 2xx may make one: Offered follows then, and the ACK, which has
	// been sent otherwise, waits for AcceptOffer or RefuseOffer.
	Accepted struct {
		SDP      *sdp.Description
		Response *sip.Response
	}
	// Failed is the end of our INVITE. Response is nil when none came: the status
	// is then 408, or 503 when the request could not be sent.
	Failed struct {
		Status   int
		Response *sip.Response
	}
	// Acknowledged is the ACK to our 2xx.
	Acknowledged struct{}
	// Offered is an offer in a re-INVITE, an UPDATE or a PRACK: before the 2xx too, once an
	// exchange is complete. Or it is the callee's in a reliable response to an INVITE of
	// ours that made none, behind its Progressed or Accepted.
	Offered struct{ SDP *sdp.Description }
	// OfferAnswered is the answer to the offer of ours in a re-INVITE, an UPDATE, a 2xx or
	// a reliable provisional response.
	OfferAnswered struct{ SDP *sdp.Description }
	// OfferFailed is the rejection of our offer; the session is as it was.
	OfferFailed struct{ Status int }
	// OfferWithdrawn says that the other side took its offer back.
	OfferWithdrawn struct{}
	// Changed is the description of the other side when it answers a refresh of ours with
	// another one than before.
	Changed struct{ SDP *sdp.Description }
	// Identified is who the other side says that it is in a re-INVITE or UPDATE, when that
	// is another than before: the values of P-Asserted-Identity and Privacy as they came,
	// several joined by commas. Whether that is believed is the owner's matter.
	Identified struct{ Asserted, Privacy string }
	// Referral is about a REFER within the dialog, in package refer's words: Referred, which
	// AcceptRefer or RefuseRefer answers, or what becomes of one of ours.
	Referral struct{ Report refer.Report }
	// Informed is the body of an INFO that Config.Info has taken, and the value of its
	// Content-Type.
	Informed struct {
		Type string
		Body []byte
	}
	// InfoRefused says that an INFO of ours has failed: 408 when nothing was answered.
	InfoRefused struct {
		Status int
		Body   []byte
	}
	// Left says that the other side has gone. Request is its BYE or CANCEL, nil
	// when the dialog died or its INVITE expired; Status then says of what, and Text in
	// words where it is not just that nothing was answered.
	Left struct {
		Status  int
		Request *sip.Request
		Text    string
	}
	// Released is the last report: the usage has ended. Leftovers answer what may
	// still come for it.
	Released struct{ Leftovers []Leftover }
)

func (Trying) report()         {}
func (Progressed) report()     {}
func (Accepted) report()       {}
func (Failed) report()         {}
func (Acknowledged) report()   {}
func (Offered) report()        {}
func (OfferAnswered) report()  {}
func (OfferFailed) report()    {}
func (OfferWithdrawn) report() {}
func (Changed) report()        {}
func (Identified) report()     {}
func (Referral) report()       {}
func (Informed) report()       {}
func (InfoRefused) report()    {}
func (Left) report()           {}
func (Released) report()       {}
