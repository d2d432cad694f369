package dialog

import (
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// ReadInvite reads an INVITE that is to begin a usage: its offer, nil when it carries
// none, or the status and the headers to refuse it with. It asks for what RFC 3261
// s8.2 has a UAS look at: extensions (420), Contact (400), body (400, 415).
func ReadInvite(req *sip.Request) (offer *sdp.Description, refuse int, headers []Header) {
	if h, required := Unsupported(req); required {
		return nil, 420, []Header{h}
	}
	// RFC 3261 s8.1.1.8: "The Contact header field MUST be present and contain exactly
	// one SIP or SIPS URI in any request that can result in the establishment of a
	// dialog."
	if contactURI(req.Contact()) == "" {
		return nil, 400, []Header{Phrase("Missing Contact With SIP URI")}
	}
	offer, refuse = description(req)
	if refuse != 0 {
		return nil, refuse, bodyFault(refuse)
	}
	return offer, 0, nil
}

// NewUAS makes the usage of a call that is placed to us, and says 100. offer is
// the INVITE's description, nil when it carried none: the 2xx then offers.
func NewUAS(now time.Time, c Config, req *sip.Request, offer *sdp.Description, flow transport.Flow) *Usage {
	u := &Usage{config: c.complete(), state: Invited, callID: strings.Clone(req.CallID().Value())}
	to := req.To()
	u.local = party(to.DisplayName, to.Address, append(to.Params[:len(to.Params):len(to.Params)], sip.HeaderKV{K: "tag", V: c.Tag}))
	u.chosen = calleeDialog(req)
	if offer != nil {
		_ = u.chosen.Media.ReceiveOffer(offer) // the first offer of a new dialog
	}
	u.dialogs = []*Dialog{u.chosen}
	u.naming.said = identityIn(req)
	u.assurance = assurance{demand: demandOf(req), cseq: req.CSeq().SeqNo}
	u.invite.server = u.serve(now, req, flow)
	u.respond(now, u.invite.server, 100, nil)
	u.invite.repeatAt = now.Add(repetition)
	if seconds, ok := wire.Expires(req); ok {
		u.invite.expireAt = now.Add(time.Duration(seconds) * time.Second)
	}
	return u
}

// ringing says whether an INVITE waits for our final response.
func (u *Usage) ringing() bool {
	return u.invite.server != nil && (u.state == Invited || u.state == Early)
}

// Provisional sends a provisional response from 101 to 199, with the answer to the
// INVITE's offer when there is early media. A caller that knows 100rel gets it reliably
// (see prack.go), one after the other; to one that has offered nothing the description
// is an offer then, and OfferAnswered or OfferFailed follows.
func (u *Usage) Provisional(now time.Time, status int, s *sdp.Description) {
	if !u.ringing() || u.assurance.answer != nil || status <= 100 || status > 199 {
		return // or it is answered, and that waits for a PRACK
	}
	u.state = Early
	u.provide(now, provisional{status, s})
	u.invite.repeatAt = now.Add(repetition)
}

// repetition is how often a provisional response is repeated while an INVITE is not
// answered. RFC 3261 s13.3.1.1: "To prevent cancellation, the UAS MUST send a non-100
// provisional response at every minute, to handle the possibility of lost provisional
// responses."
const repetition = time.Minute

func (u *Usage) repeatProvisional(now time.Time) {
	i := &u.invite
	if i.repeatAt.IsZero() || now.Before(i.repeatAt) {
		return
	}
	switch {
	case i.server.status == 100:
		u.Provisional(now, 183, nil)
		return
	case u.assurance.waiting != 0, u.assurance.answer != nil:
		i.repeatAt = now.Add(repetition) // it is being repeated
		return
	case u.assurance.demand != demandNone:
		u.Provisional(now, i.server.status, nil) // a reliable one has a number of its own
		return
	}
	u.stepServer(now, i.server, transaction.Response(i.server.status), i.server.last)
	i.repeatAt = now.Add(repetition)
}

// expireInvite ends an INVITE whose Expires has run out. RFC 3261 s13.3.1: "If the
// invitation expires before the UAS has generated a final response, a 487 (Request
// Terminated) response SHOULD be generated."
func (u *Usage) expireInvite(now time.Time) {
	if at := u.invite.expireAt; at.IsZero() || now.Before(at) {
		return
	}
	u.refuse(now, 487, nil)
	u.report(Left{Status: 487, Text: "the INVITE has expired: nobody has answered within its Expires"})
}

// Answer accepts the INVITE. The 2xx is sent until the ACK comes. Without a
// description it carries the answer that a provisional response has shown: RFC 3261
// s13.2.1, the answer "MUST be in a reliable non-failure message".
func (u *Usage) Answer(now time.Time, s *sdp.Description, headers ...Header) {
	if !u.ringing() {
		return
	}
	if u.postpones(s, headers) {
		return
	}
	media := &u.chosen.Media
	if s == nil {
		s = media.Preview
	}
	u.finally(Answered)
	u.assurance.quieten()
	if media.Local != nil { // and an offer in an UPDATE may wait beside it
		s = u.correct(s)
	} else {
		u.confirm(s)
		describeLocal(u.chosen, s)
	}
	u.acceptInvite(now, u.invite.server, s, headers)
}

// confirm sees to it that a 2xx which leads with another codec than the provisional
// responses before it is understood. RFC 3261 s13.2.1: the UAC "MUST treat the first session
// description it receives as the answer, and MUST ignore any session descriptions in
// subsequent responses to the initial INVITE". Many take the last one; the others learn of
// it in a re-INVITE.
func (u *Usage) confirm(s *sdp.Description) {
	preview := u.chosen.Media.Preview
	if s != nil && preview != nil && leading(s) != leading(preview) {
		u.correction = s
	}
}

// leading is the codec that a description prefers.
func leading(s *sdp.Description) string {
	if audio := s.Audio(); audio != nil && len(audio.Codecs) > 0 {
		return audio.Codecs[0].String()
	}
	return ""
}

// correct leaves the description out of a 2xx whose answer has arrived before: RFC 6337
// s2.1, an offer has one answer. What it would have said anew follows in a re-INVITE.
func (u *Usage) correct(s *sdp.Description) *sdp.Description {
	if s != nil && s.String() != u.chosen.Media.Local.String() {
		u.correction = s
	}
	return nil
}

// describeLocal notes what our 2xx says: the answer, or an offer where there was
// none to answer.
func describeLocal(d *Dialog, s *sdp.Description) {
	media := &d.Media
	switch {
	case s == nil:
	case media.State == sdp.RemoteOffer:
		if media.SendAnswer(s) != nil {
			_ = media.Reject() // it goes out all the same; the next offer is not hindered
		}
	default:
		_ = media.SendOffer(s)
	}
}

// Reject ends the INVITE with a final failure.
func (u *Usage) Reject(now time.Time, status int, headers ...Header) {
	if u.ringing() {
		u.refuse(now, status, headers)
	}
}

func (u *Usage) refuse(now time.Time, status int, headers []Header) {
	u.finally(Rejected)
	u.assurance.quieten()
	u.endReinvite(now)
	u.respond(now, u.invite.server, failure(status), nil, headers...)
}

// finally enters the state of a final response; nothing more becomes of the INVITE by
// itself.
func (u *Usage) finally(s State) {
	u.state, u.invite.repeatAt, u.invite.expireAt = s, time.Time{}, time.Time{}
}

// failure makes a status that refuses of any: what is no failure is one of ours.
func failure(status int) int {
	if status < 300 || status > 699 {
		return 500
	}
	return status
}

// acceptance is a 2xx to an INVITE that waits for its ACK. RFC 3261 s13.3.1.4:
// "The 2xx response is passed to the transport with an interval that starts at T1
// seconds and doubles for each retransmission until it reaches T2 seconds".
type acceptance struct {
	server   *server          // nil when nothing waits
	offer    *sdp.Description // that it makes; its answer comes with the ACK
	interval time.Duration
	resendAt time.Time
	until    time.Time
}

func (u *Usage) acceptInvite(now time.Time, s *server, body *sdp.Description, headers []Header) {
	u.respond(now, s, 200, body, append(headers, u.agreeTimer(now, s.request)...)...)
	t1 := u.config.Timing.T1
	var offer *sdp.Description
	if media := &u.chosen.Media; media.State == sdp.LocalOffer && media.Offer == body {
		offer = body // and not one in an UPDATE that waits beside it
	}
	u.accept = acceptance{
		server: s, offer: offer, interval: t1, resendAt: now.Add(t1), until: now.Add(u.config.Timing.Timeout()),
	}
}

// resendAnswer repeats the 2xx, also over reliable transports, since it is end to
// end; and gives up when no ACK came: "If the server retransmits the 2xx response
// for 64*T1 seconds without receiving an ACK, the dialog is confirmed, but the
// session SHOULD be terminated. This is accomplished with a BYE".
func (u *Usage) resendAnswer(now time.Time) {
	a := &u.accept
	if a.server == nil || now.Before(a.resendAt) {
		return
	}
	if !now.Before(a.until) {
		u.unacknowledged(now)
		return
	}
	u.act(Action{Send: a.server.last, Flow: a.server.flow})
	a.interval = min(2*a.interval, u.config.Timing.T2)
	if a.resendAt = a.resendAt.Add(a.interval); a.resendAt.Before(now) {
		a.resendAt = now.Add(a.interval) // Tick came very late
	}
	a.resendAt = sooner(a.resendAt, a.until)
}

func (u *Usage) unacknowledged(now time.Time) {
	u.accept = acceptance{}
	switch u.state {
	case Answered, Confirmed:
		u.leave(now)
		u.sendBye(now, u.chosen, []Header{{"Reason", noAck}})
		u.report(Left{Status: 408, Text: "the answer was not acknowledged"})
	case Leaving:
		u.ackGone(now)
	}
}

// noAck says in a BYE why it comes (RFC 3326).
const noAck = `SIP;cause=408;text="No ACK"`
