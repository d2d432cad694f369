package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp/dtmf"
	"github.com/tandem-gateway/tandem/sdp"
)

// Leg is the signalling side of one participant. Its methods are called on the
// goroutine of its call only and never block. What comes of a command is told
// to the call by Call.Report, in the order in which it happened.
type Leg interface {
	// Do carries out one command. A command that no longer fits the leg's state
	// (an answer to a caller that has just hung up) is ignored: the report that
	// made it out of date is already on its way.
	Do(now time.Time, c Command)
	// Deadline is when Tick must be called next; false when no timer runs.
	Deadline() (time.Time, bool)
	// Tick lets the timers run that are due at now.
	Tick(now time.Time)
	// Is says whether a dialog is the leg's.
	Is(d DialogID) bool
	// Move says that the leg belongs to another call from now on, as this participant.
	Move(to *Call, participant int)
}

// Command is what a call tells a leg.
type Command interface{ command() }

// The commands.
type (
	// Ring tells the caller that somebody is being called: a provisional
	// response without a description.
	Ring struct {
		// Status is 180, 181, 182 or 183.
		Status int
	}
	// Progress tells the caller that there is early media: a provisional
	// response with the answer to its offer (RFC 3960).
	Progress struct {
		Status int
		SDP    *sdp.Description
	}
	// Answer accepts the caller's INVITE.
	Answer struct {
		SDP *sdp.Description
		// Connected is who has answered, for a caller who may know; without a User
		// nobody knows.
		Connected dialplan.Shown
	}
	// Refuse ends the caller's INVITE with a final failure.
	Refuse struct {
		Cause event.Cause
		// Warning is a complete Warning value (RFC 3261 s20.43), or empty.
		Warning string
		// RetryAfter is sent when positive (RFC 3261 s20.33).
		RetryAfter time.Duration
	}
	// Offer proposes a new description within the dialog. Connected is who the party talks
	// with now, when that is news.
	Offer struct {
		SDP       *sdp.Description
		Connected dialplan.Shown
	}
	// AcceptOffer answers the offer that the leg reported.
	AcceptOffer struct{ SDP *sdp.Description }
	// RefuseOffer rejects the offer that the leg reported.
	RefuseOffer struct{ Cause event.Cause }
	// Identify tells a party who it talks with now (RFC 5876 s3.1).
	Identify struct{ Connected dialplan.Shown }
	// Press tells the party a key by INFO. Pressed has what is in it.
	Press Pressed
	// Hangup ends the leg: CANCEL before its answer, BYE after it. The leg itself
	// ends an answer that crosses the CANCEL, with ACK and BYE: it is told only
	// once. The cause goes into a Reason header (RFC 3326).
	Hangup struct{ Cause event.Cause }
)

func (Identify) command()    {}
func (Ring) command()        {}
func (Progress) command()    {}
func (Answer) command()      {}
func (Refuse) command()      {}
func (Offer) command()       {}
func (AcceptOffer) command() {}
func (RefuseOffer) command() {}
func (Press) command()       {}
func (Hangup) command()      {}

// Report is what a leg tells its call.
type Report interface{ report() }

// The reports.
type (
	// Trying is the first sign of life of a callee: a 100, which says nothing of
	// the callee itself.
	Trying struct{}
	// Elsewhere says that a callee's server has failed and that another is tried, from
	// which nothing has come yet (RFC 3263 s4.3).
	Elsewhere struct{}
	// Ringing is a provisional response of the callee over 100, with or without a
	// description.
	Ringing struct {
		Status int
		SDP    *sdp.Description
	}
	// Answered is the callee's 2xx.
	Answered struct {
		SDP *sdp.Description
		// Connected is who has answered, where the callee says it and is believed.
		Connected dialplan.Shown
	}
	// Refused is the end of an INVITE of ours without an answer: the callee's
	// status, 408 when nothing came (RFC 3261 s8.1.3.1), 503 when it could not be
	// sent.
	Refused struct {
		Cause event.Cause
		// Verdict says whether the next attempt is tried; zero leaves it to the status.
		Verdict Verdict
		// Instead are the URIs at the same trunk to call next, when it has redirected
		// the call and that is followed.
		Instead []string
		// Deflected is where a user's phone has sent the call; zero is nowhere.
		Deflected dialplan.Forward
	}
	// Offered is an offer within the dialog.
	Offered struct{ SDP *sdp.Description }
	// OfferAnswered is the answer to the call's Offer.
	OfferAnswered struct{ SDP *sdp.Description }
	// Changed is a new description of a party that nobody has asked for one: its answer
	// to what the leg repeated to keep the session alive (RFC 4028).
	Changed struct{ SDP *sdp.Description }
	// OfferRefused says that the call's Offer was rejected; the session is as it
	// was before.
	OfferRefused struct{ Cause event.Cause }
	// OfferWithdrawn says that the party took its offer back.
	OfferWithdrawn struct{}
	// Identified says who the party is from now on, where it is believed: it has handed
	// the call on in its own house.
	Identified struct{ Connected dialplan.Shown }
	// Pressed is a key that the party tells by INFO.
	Pressed struct {
		Digit    dtmf.Digit
		Duration time.Duration
	}
	// KeyRefused says that the party does not take INFO for keys, and has not heard of
	// this one.
	KeyRefused Pressed
	// HungUp says that the party has left: BYE, CANCEL, or a dialog that died.
	HungUp struct{ Cause event.Cause }
	// Released says that the leg has nothing more to do: no transaction runs that
	// the call must wait for.
	Released struct{}
)

func (Trying) report()         {}
func (Elsewhere) report()      {}
func (Ringing) report()        {}
func (Answered) report()       {}
func (Refused) report()        {}
func (Offered) report()        {}
func (OfferAnswered) report()  {}
func (Changed) report()        {}
func (OfferRefused) report()   {}
func (OfferWithdrawn) report() {}
func (Identified) report()     {}
func (Pressed) report()        {}
func (KeyRefused) report()     {}
func (HungUp) report()         {}
func (Released) report()       {}
