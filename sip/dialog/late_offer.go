package dialog

import (
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
)

// offersLate gives the offer in a reliable response to an INVITE of ours that made none;
// nil when there is none to be answered. RFC 3261 s13.2.1: "The initial offer MUST be in
// either an INVITE or, if not there, in the first reliable non-failure message from the
// UAS back to the UAC."
func (u *Usage) offersLate(d *Dialog, res *sip.Response) *sdp.Description {
	if u.invite.offer != nil || d.Media.Local != nil || d.Media.State != sdp.Stable {
		return nil
	}
	s, _ := description(res)
	return s
}

// takeLate hands such an offer to the owner. What is to carry the answer waits for it:
// the PRACK to the response with this RSeq (RFC 3262 s5), or for 0 the ACK. The other
// side repeats its response meanwhile, and gives up after 64*T1.
func (u *Usage) takeLate(now time.Time, c *client, d *Dialog, offer *sdp.Description, rseq uint32) {
	_ = d.Media.ReceiveOffer(offer) // nothing waits: offersLate has looked
	u.reinvite = reinvite{
		phase: reinviteReceived, dialog: d, invite: c, rseq: rseq,
		answerBy: now.Add(u.config.Timing.Timeout() / 2),
	}
	u.report(Offered{SDP: offer})
}

// owes says whether the owner has still to answer the offer of a response in the dialog:
// one in the 2xx, or one in a provisional response.
func (u *Usage) owes(d *Dialog, provisional bool) bool {
	r := &u.reinvite
	return r.phase == reinviteReceived && r.invite != nil && r.dialog == d && (r.rseq != 0) == provisional
}

// replyLate sends the answer. What came behind the response that had the offer is
// looked at then.
func (u *Usage) replyLate(now time.Time, r reinvite, answer *sdp.Description) {
	if r.rseq == 0 {
		u.acknowledge(r.dialog, r.invite, answer)
		return
	}
	u.sendPrack(now, r.invite, r.dialog, r.rseq, answer)
	u.catchUp(now, r.invite, r.dialog)
}

// refuseLate rejects the offer: there is no response to say it, so the answer does, and
// an accepted call is over. RFC 3261 s13.2.2.4: "If the offer in the 2xx response is not
// acceptable, the UAC core MUST generate a valid answer in the ACK and then send a BYE
// immediately." A callee that only rings may offer something else by UPDATE.
func (u *Usage) refuseLate(now time.Time, r reinvite, status int) {
	answer := u.rejection(r.dialog.Media.Offer)
	describeLocal(r.dialog, answer)
	u.replyLate(now, r, answer)
	if r.rseq == 0 && u.state == Confirmed {
		u.leave(now)
		u.sendBye(now, r.dialog, []Header{{"Reason", `SIP;cause=488;text="Offer Not Acceptable"`}})
		u.report(Left{Status: failure(status), Text: "the offer in the answer was refused"})
	}
}

// dropLate forgets an offer that nobody waits any more for an answer to: its early dialog
// has ended with a final response (RFC 3261 s12.3).
func (u *Usage) dropLate() {
	if r := &u.reinvite; r.phase == reinviteReceived && r.invite != nil {
		u.reinvite = reinvite{}
		u.tell(OfferWithdrawn{})
	}
}

// rejection is an answer that takes nothing of an offer. RFC 3264 s6: "To reject an
// offered stream, the port number in the corresponding stream in the answer MUST be set
// to zero. Any media formats listed are ignored. At least one MUST be present".
func (u *Usage) rejection(offer *sdp.Description) *sdp.Description {
	if offer == nil {
		return nil
	}
	host := u.sentBy()
	s := &sdp.Description{
		Origin: sdp.Origin{ID: 1, Version: 1, Host: host}, Host: host, Direction: sdp.SendRecv,
	}
	for i := range offer.Media {
		m := &offer.Media[i]
		s.Media = append(s.Media, sdp.Media{
			Kind: m.Kind, Proto: m.Proto, Codecs: m.Codecs, Formats: m.Formats, Direction: sdp.Inactive,
		})
	}
	return s
}

// sentBy is our address as the Via has it, without the port.
func (u *Usage) sentBy() string {
	_, host, _ := strings.Cut(u.config.Via, " ")
	if end := strings.LastIndexByte(host, ':'); end > strings.LastIndexByte(host, ']') {
		host = host[:end]
	}
	return strings.Trim(host, "[]")
}
