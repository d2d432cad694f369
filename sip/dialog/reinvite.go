package dialog

import (
	"errors"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transaction"
)

// reinvite is the offer that is under way, from either side: an INVITE or UPDATE within
// the dialog, an offer in a PRACK, or in a response to an INVITE that made none.
type reinvite struct {
	phase    reinvitePhase
	purpose  purpose
	dialog   *Dialog          // sent, backing off, received
	offer    *sdp.Description // queued, backing off
	headers  []Header         // of ours, in addition
	next     *sdp.Description // the owner's, while a refresh is under way
	client   *client          // sent, abandoned
	cancelAt time.Time        // abandoned
	tries    int              // that met a 491
	retryAt  time.Time        // backing off
	server   *server          // received
	target   string           // received: the Contact, in force when it is accepted
	answerBy time.Time        // received, unless by INVITE
	invite   *client          // received in a response to it: PRACK or ACK answers
	rseq     uint32           // of that response; 0 is the 2xx
}

// deadline is when something of it is due.
func (r *reinvite) deadline() time.Time {
	return sooner(sooner(r.cancelAt, r.retryAt), r.answerBy)
}

// purpose is whose wish an offer of ours is.
type purpose uint8

const (
	// offering: the owner's, who is told what comes of it.
	offering purpose = iota
	// refreshing: the session timer's, or the correction of an answer, which says
	// nothing new to the owner.
	refreshing
)

// reinvitePhase is what goes on in the dialog.
//
//	none ── Offer ─▶ sent ─────────── 2xx, failure ──▶ none
//	 │ │            ▲ │ └─ 491 ─▶ backing off ── 0 to 4 s ─▶ sent
//	 │ │            │ │                └─ INVITE: OfferFailed ─▶ received
//	 │ │              └─ the call ends ─▶ abandoned ── T2: CANCEL; 2xx, failure ──▶ none
//	 │ └─── Offer before an ACK ─▶ queued ─ ACK ─▶ sent
//	 │                                └─ INVITE: OfferFailed ─▶ received
//	 └───── INVITE ─▶ received ── AcceptOffer, RefuseOffer, CANCEL, the call ends ──▶ none
//	                     INVITE while sent: 491; while received: 500
//
// UPDATE goes the same way, and so does an offer in a PRACK or a response.
type reinvitePhase uint8

const (
	reinviteNone reinvitePhase = iota
	reinviteQueued
	reinviteSent
	reinviteBackingOff
	reinviteAbandoned
	reinviteReceived
)

// Offer sends a re-INVITE. What comes of it is reported as OfferAnswered or
// OfferFailed, unless the call ends before; 491 at once when another INVITE or offer
// is under way, for RFC 3261 s14.1 has it: "a UAC MUST NOT initiate a new INVITE
// transaction within a dialog while another INVITE transaction is in progress in
// either direction." While the ACK to a 2xx of ours is awaited the offer waits for it
// too. Before the 2xx it goes by UPDATE, where there is an exchange to be changed and the
// other side takes that (RFC 3311 s5.1); 491 at once where not. Headers, such as who we
// are now, are written as they are.
func (u *Usage) Offer(now time.Time, s *sdp.Description, headers ...Header) {
	switch {
	case u.state == Idle, u.state == Ended, u.conversationOver():
		// The report that made it out of date is on its way.
	case u.offersEarly() != nil:
		u.sendUpdate(now, reinvite{dialog: u.offersEarly(), offer: s, headers: headers})
	case u.reinvite.purpose == refreshing && u.reinvite.next == nil:
		u.reinvite.next = s // it goes as soon as the refresh is answered
		u.Identify(now, headers...)
	case u.state != Confirmed && u.state != Answered, u.reinvite.phase != reinviteNone:
		u.Identify(now, headers...)
		u.report(OfferFailed{Status: 491})
	case u.accept.server != nil:
		u.reinvite = reinvite{phase: reinviteQueued, offer: s, headers: headers}
	default:
		u.sendReinvite(now, reinvite{offer: s, headers: headers})
	}
}

// sendQueued sends the offer that waited for the ACK of the 2xx before it.
func (u *Usage) sendQueued(now time.Time) {
	if u.state == Confirmed && u.reinvite.phase == reinviteQueued {
		u.sendReinvite(now, u.reinvite)
	}
}

// sendCorrection tells the caller in a re-INVITE what the 2xx could not.
func (u *Usage) sendCorrection(now time.Time) {
	s := u.correction
	if s == nil || u.state != Confirmed {
		return
	}
	u.correction = nil
	if u.reinvite.phase == reinviteNone {
		u.sendReinvite(now, reinvite{offer: s, purpose: refreshing})
	}
}

// sendReinvite sends what r offers, for its purpose, in the call's dialog.
func (u *Usage) sendReinvite(now time.Time, r reinvite) {
	r.dialog = u.chosen
	u.sendOffer(now, r, "INVITE")
}

// sendOffer offers within a dialog, by INVITE or UPDATE.
func (u *Usage) sendOffer(now time.Time, r reinvite, method string) {
	u.reinvite = reinvite{}
	d := r.dialog
	if err := d.Media.SendOffer(r.offer); err != nil {
		if r.purpose == offering {
			u.report(OfferFailed{Status: offerFault(err)})
		}
		return
	}
	m := u.request(d, method, d.nextSeq())
	u.addContact(&m)
	u.addAgent(&m)
	m.head = append(m.head, r.headers...)
	m.describe(r.offer)
	u.reinvite = reinvite{
		phase: reinviteSent, purpose: r.purpose, dialog: d, headers: r.headers, tries: r.tries,
		client: u.send(now, m, d),
	}
	u.reinvite.client.offer = r.offer
}

// offerFault is the status for an offer that the machine does not take: 488 for a bad
// one, 491 for one that comes at the wrong time.
func offerFault(err error) int {
	if errors.Is(err, sdp.ErrBadOffer) {
		return 488
	}
	return 491
}

// reinviteAnswered handles a response to a re-INVITE of ours.
func (u *Usage) reinviteAnswered(now time.Time, c *client, status int, res *sip.Response) {
	switch {
	case status < 200:
	case status < 300 && c.ack != nil: // the 2xx is repeated
		u.acknowledgeReinvite(c)
	case status < 300:
		u.reinviteAccepted(now, c, res)
	default:
		u.reinviteFailed(now, c, status)
	}
}

// reinviteAccepted acknowledges the 2xx and takes the answer. RFC 3261 s12.2.1.2: "When a UAC receives a 2xx
// response to a target refresh request, it MUST replace the dialog's remote target URI
// with the URI from the Contact header field in that response, if present." The ACK goes
// there.
func (u *Usage) reinviteAccepted(now time.Time, c *client, res *sip.Response) {
	c.dialog.retarget(contactURI(res.Contact()))
	u.acknowledgeReinvite(c)
	if !u.conversationOver() {
		u.takeTimer(now, res)
	}
	u.offerConcluded(now, c, res)
}

// offerConcluded takes the answer in the 2xx to a re-INVITE or UPDATE.
func (u *Usage) offerConcluded(now time.Time, c *client, res *sip.Response) {
	r := u.reinvite
	if !u.concludes(c) {
		return
	}
	media := &c.dialog.Media
	before := media.Remote
	s, status := description(res)
	var result Report = OfferAnswered{SDP: s}
	if s == nil || media.ReceiveAnswer(s) != nil {
		_ = media.Reject() // it waits: it was sent
		result = OfferFailed{Status: max(status, 488)}
	} else if r.purpose == refreshing && before != nil && s.String() != before.String() {
		u.tell(Changed{SDP: s})
	}
	u.conclude(now, r, result)
}

// conclude tells the owner what has come of its offer, or sends the one that waited for
// a refresh.
func (u *Usage) conclude(now time.Time, r reinvite, result Report) {
	switch {
	case r.purpose == offering:
		u.tell(result)
	case r.next != nil && u.state == Confirmed:
		u.sendReinvite(now, reinvite{offer: r.next})
	}
}

// reinviteFailed leaves the session as it was. RFC 3261 s14.1: "If a UA receives a
// non-2xx final response to a re-INVITE, the session parameters MUST remain
// unchanged". Some failures say that there is no session any more (fate.go).
func (u *Usage) reinviteFailed(now time.Time, c *client, status int) {
	r := u.reinvite
	if !u.concludes(c) {
		return
	}
	_ = c.dialog.Media.Reject() // it waits: it was sent
	if status == 491 && u.backOff(now, r) {
		return
	}
	if (status == 405 || status == 501) && c.message.method == "UPDATE" {
		c.dialog.Updates = false // it has said otherwise
	}
	if len(r.headers) > 0 && u.naming.headers == nil {
		u.naming.headers = r.headers // who it talks with holds all the same
	}
	u.conclude(now, r, OfferFailed{Status: status})
	u.dialogLost(now, c, status)
}

// concludes says whether a final response ends the re-INVITE that is under way.
func (u *Usage) concludes(c *client) bool {
	if u.reinvite.client != c {
		return false
	}
	u.reinvite = reinvite{}
	return true
}

// receiveReinvite takes an INVITE within the dialog.
func (u *Usage) receiveReinvite(now time.Time, s *server, d *Dialog) {
	if status := u.busy(d); status != 0 {
		u.putOff(now, s, status)
		return
	}
	if u.tooBrief(now, s) {
		return
	}
	offer, fault := description(s.request)
	if fault != 0 {
		u.respond(now, s, fault, nil, bodyFault(fault)...)
		return
	}
	d.learn(s.request)
	u.take(now, s, d, offer)
}

// busy gives the status for an INVITE within the dialog that cannot be taken now, 0
// when it can.
func (u *Usage) busy(d *Dialog) int {
	switch {
	case u.calling():
		// RFC 3261 s14.2: "A UAS that receives an INVITE on a dialog while an INVITE it
		// had sent on that dialog is in progress MUST return a 491 (Request Pending)
		// response to the received INVITE."
		return 491
	case u.ringing(), u.reinvite.phase == reinviteReceived:
		// "A UAS that receives a second INVITE before it sends the final response to a
		// first INVITE with a lower CSeq sequence number on the same dialog MUST return
		// a 500 (Server Internal Error) response to the second INVITE …"
		return 500
		// And it "MUST include a Retry-After header field with a randomly chosen value of
		// between 0 and 10 seconds": putOff.
	case u.reinvite.phase == reinviteSent, d.Media.State == sdp.LocalOffer:
		// The latter is RFC 5407 s3.1.5: the offer of our 2xx waits for its answer in
		// the ACK. An ACK to an answer need not be waited for (s3.1.4).
		return 491
	}
	return 0
}

// AcceptOffer answers the offer of the other side; for a re-INVITE without one
// the description is ours. RFC 3261 s12.2.2 has requests atomic: "If a particular
// request is accepted by the UAS, all the state changes associated with it are
// performed. If the request is rejected, none of the state changes are performed."
// So its Contact is the target from here on.
func (u *Usage) AcceptOffer(now time.Time, s *sdp.Description) {
	r := u.reinvite
	switch {
	case r.phase != reinviteReceived:
		return
	case s == nil && r.invite != nil:
		u.RefuseOffer(now, 488) // the other side waits for an answer
		return
	}
	u.reinvite = reinvite{}
	describeLocal(r.dialog, s)
	switch {
	case r.invite != nil:
		u.replyLate(now, r, s)
	case r.server.key.Method == string(sip.INVITE):
		r.dialog.retarget(r.target)
		u.identified(r.server.request)
		u.acceptInvite(now, r.server, s, nil)
	default:
		u.consent(now, r.server, r.dialog, s)
		u.release(now)
	}
	u.sayIdentity(now)
}

// RefuseOffer rejects the offer of the other side. The refusal of the offer in a 2xx is
// the end of the call: Left follows.
func (u *Usage) RefuseOffer(now time.Time, status int, headers ...Header) {
	r := u.reinvite
	if r.phase != reinviteReceived {
		return
	}
	u.reinvite = reinvite{}
	if r.invite != nil {
		u.refuseLate(now, r, status)
		return
	}
	_ = r.dialog.Media.Reject() // there is none in an INVITE without an offer
	u.respond(now, r.server, failure(status), nil, headers...)
	u.prackRefused(r.server)
	u.release(now)
	u.sayIdentity(now)
}

// reinviteCancelled ends the re-INVITE that the other side took back: the only one
// without a final response.
func (u *Usage) reinviteCancelled(now time.Time) {
	u.RefuseOffer(now, 487)
	u.tell(OfferWithdrawn{})
}

// endReinvite ends what goes on when the call does. An INVITE of the other side gets
// its 487. Ours will get one too, with the BYE (RFC 3261 s15.1.2); it is given up with
// a CANCEL when it does not.
func (u *Usage) endReinvite(now time.Time) {
	switch u.reinvite.phase {
	case reinviteReceived:
		u.RefuseOffer(now, 487)
	case reinviteSent:
		u.reinvite.phase = reinviteAbandoned
		u.reinvite.cancelAt = now.Add(u.config.Timing.T2)
	default:
		u.reinvite = reinvite{}
	}
}

// cancelReinvite gives up a re-INVITE of ours that the end of the call has not ended: a
// ringing phone could keep it for ever.
func (u *Usage) cancelReinvite(now time.Time) {
	r := &u.reinvite
	if r.cancelAt.IsZero() || now.Before(r.cancelAt) {
		return
	}
	r.cancelAt = time.Time{}
	if r.client.message.method != "INVITE" {
		return // it has timer F
	}
	u.stepClient(now, r.client, transaction.Cancel, nil)
}
