package sdp

import "fmt"

// NegotiationState says whose offer waits for its answer.
type NegotiationState uint8

// The states of a Negotiation.
const (
	Stable      NegotiationState = iota // no offer waits
	LocalOffer                          // ours waits for the peer's answer
	RemoteOffer                         // the peer's waits for our answer
)

// stateNames are for people who read logs.
var stateNames = [...]string{"stable", "local offer", "remote offer"}

// String names the state for a log line.
func (s NegotiationState) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("NegotiationState(%d)", uint8(s))
}

// Negotiation is the offer/answer exchange of one dialog (RFC 3264 section 4, RFC 6337).
//
//	+--------+  SendOffer                       +-------------+ ---+
//	|        | -------------------------------> |             |    | PreviewAnswer: the
//	|        |  ReceiveAnswer, ConfirmPreview   | LocalOffer  | <--+ peer's 183
//	|        | <------------------------------- |             |
//	|        |  Reject                          |             | ReceiveOffer:
//	|        | <------------------------------- +-------------+ ErrGlare, answer 491
//	| Stable |
//	|        |  ReceiveOffer                    +-------------+ ---+
//	|        | -------------------------------> |             |    | PreviewAnswer: our
//	|        |  SendAnswer, ConfirmPreview      | RemoteOffer | <--+ own 183
//	|        | <------------------------------- |             |
//	|        |  Reject                          |             | ReceiveOffer:
//	+--------+ <------------------------------- +-------------+ ErrOfferPending, answer 500
//
// An answer replaces what was agreed; Reject leaves it as it was before the offer.
// The zero value is a dialog that has agreed on nothing. A step that the diagram does
// not show returns an error and changes nothing. All fields can be written out and
// read back; a copy of the value is an independent negotiation, which is how each
// early dialog of a forked INVITE gets its own (the descriptions themselves are
// shared and must not be changed).
type Negotiation struct {
	State   NegotiationState
	Local   *Description // our description as last agreed; nil before the first answer
	Remote  *Description // the peer's as last agreed; nil together with Local
	Offerer Party        // who made the offer of what was last agreed; Nobody before
	Offer   *Description // the offer that waits; nil when Stable
	Preview *Description // the answer to Offer as an unreliable response showed it; nil for none
}

// SendOffer notes that we have sent an offer. It fails with ErrOfferOutstanding while
// another one of ours waits, ErrAnswerOwed while the peer's does, and ErrBadOffer when
// it drops or changes an m= line that we have (RFC 3264 section 8).
func (n *Negotiation) SendOffer(offer *Description) error {
	switch n.State {
	case LocalOffer:
		return ErrOfferOutstanding
	case RemoteOffer:
		return ErrAnswerOwed
	}
	if err := checkOffer(n.Local, offer); err != nil {
		return err
	}
	n.State, n.Offer = LocalOffer, offer
	return nil
}

// ReceiveOffer notes the peer's offer. It fails with ErrGlare while ours waits (answer
// 491) and with ErrOfferPending while another one of the peer waits (answer 500 with
// Retry-After). An offer with fewer m= lines than before is let in: devices send such.
func (n *Negotiation) ReceiveOffer(offer *Description) error {
	switch {
	case n.State == LocalOffer:
		return ErrGlare
	case n.State == RemoteOffer:
		return ErrOfferPending
	case offer == nil:
		return fmt.Errorf("%w: there is no description: send one", ErrBadOffer)
	}
	n.State, n.Offer = RemoteOffer, offer
	return nil
}

// SendAnswer notes that we have answered, in a response or request that reaches the
// peer for certain. It fails with ErrNoOffer unless the peer's offer waits, and with
// ErrBadAnswer when the answer breaks RFC 3264 section 6.
func (n *Negotiation) SendAnswer(answer *Description) error {
	if n.State != RemoteOffer {
		return ErrNoOffer
	}
	return n.answered(answer)
}

// ReceiveAnswer notes the peer's answer from a reliable response or an ACK or PRACK. It
// fails with ErrNoOffer unless our offer waits, and with ErrBadAnswer when nothing can be
// read from it (see Agreed); the offer then still waits, and Reject ends it.
func (n *Negotiation) ReceiveAnswer(answer *Description) error {
	if n.State != LocalOffer {
		return ErrNoOffer
	}
	return n.answered(answer)
}

// PreviewAnswer notes an answer that a provisional response has shown without making sure
// that it arrived, the peer's or ours depending on whose offer waits: media may follow
// it, the offer still waits. The last one shown counts.
//
// "If the initial offer is in an INVITE, the answer MUST be in a reliable non-failure
// message" (RFC 3261 section 13.2.1); a 183 without 100rel only previews it.
func (n *Negotiation) PreviewAnswer(answer *Description) error {
	if n.State == Stable {
		return ErrNoOffer
	}
	if err := n.check(answer); err != nil {
		return err
	}
	n.Preview = answer
	return nil
}

// ConfirmPreview makes the answer last shown the answer: the final response came
// without a description of its own, as gateways do that have sent it in a 183. It
// fails with ErrNoOffer when none waits and ErrNoPreview when none was shown.
func (n *Negotiation) ConfirmPreview() error {
	switch {
	case n.State == Stable:
		return ErrNoOffer
	case n.Preview == nil:
		return ErrNoPreview
	}
	return n.answered(n.Preview)
}

// Reject drops the offer that waits, ours or the peer's; what was last agreed stays in
// force, as if it had not been made (RFC 6337 section 2.3). It fails with ErrNoOffer
// when none waits.
func (n *Negotiation) Reject() error {
	if n.State == Stable {
		return ErrNoOffer
	}
	n.State, n.Offer, n.Preview = Stable, nil, nil
	return nil
}

// Stream is the audio stream that is in force, seen from us: as previewed when an
// answer has been shown, else as last agreed. It fails with ErrNothingAgreed when
// there is neither, else as Agreed does.
func (n *Negotiation) Stream() (Stream, error) {
	offer, answer, offerer := n.inForce()
	if offer == nil {
		return Stream{}, ErrNothingAgreed
	}
	ofOfferer, ofAnswerer, err := Agreed(offer, answer)
	if offerer == Us {
		return ofOfferer, err
	}
	return ofAnswerer, err
}

// inForce are the descriptions that media follows now; nil when there are none.
func (n *Negotiation) inForce() (offer, answer *Description, offerer Party) {
	switch {
	case n.Preview != nil:
		return n.Offer, n.Preview, n.waiting()
	case n.Offerer == Us:
		return n.Local, n.Remote, Us
	}
	return n.Remote, n.Local, Them
}

// waiting is whose offer waits.
func (n *Negotiation) waiting() Party {
	switch n.State {
	case LocalOffer:
		return Us
	case RemoteOffer:
		return Them
	}
	return Nobody
}

// check holds an answer to the waiting offer: ours to the letter, the peer's as far as
// it has to be readable.
func (n *Negotiation) check(answer *Description) error {
	switch {
	case answer == nil:
		return fmt.Errorf("%w: there is no description: send one", ErrBadAnswer)
	case n.State == RemoteOffer:
		return checkAnswer(n.Offer, answer)
	}
	return matchLines(n.Offer, answer)
}

// answered ends the exchange with its answer.
func (n *Negotiation) answered(answer *Description) error {
	if err := n.check(answer); err != nil {
		return err
	}
	n.Offerer = n.waiting()
	if n.Offerer == Us {
		n.Local, n.Remote = n.Offer, answer
	} else {
		n.Local, n.Remote = answer, n.Offer
	}
	n.State, n.Offer, n.Preview = Stable, nil, nil
	return nil
}

// checkOffer holds an offer of ours against our current description, nil for none.
func checkOffer(current, offer *Description) error {
	if offer == nil {
		return fmt.Errorf("%w: there is no description: send one", ErrBadOffer)
	}
	if current == nil {
		return nil
	}
	if len(offer.Media) < len(current.Media) {
		return fmt.Errorf("%w: %d m= lines after %d: keep each slot, with port 0 when it is gone", ErrBadOffer, len(offer.Media), len(current.Media))
	}
	for i := range current.Media {
		was, is := &current.Media[i], &offer.Media[i]
		// A slot with port 0 may be used for anything (RFC 3264 section 8.1).
		if was.Port != 0 && was.Kind != is.Kind {
			return fmt.Errorf("%w: m= line %d was %q and is %q: keep the slots in order", ErrBadOffer, i+1, was.Kind, is.Kind)
		}
	}
	return nil
}
