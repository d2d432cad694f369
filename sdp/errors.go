package sdp

import (
	"errors"
	"fmt"
	"strings"
)

// Error is a description that cannot be read. It is meant for the person who has
// to repair the peer: it names the line, shows it and says what was expected.
type Error struct {
	Line  int    // number of the line, from 1; 0 when the whole body is meant
	Text  string // the line, cut at 80 bytes; empty when the whole body is meant
	Fault string // what is wrong
	Fix   string // what to send instead
}

// Error implements error. The line is quoted, so it is safe in a log or a header.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("sdp: %s: %s", e.Fault, e.Fix)
	}
	return fmt.Sprintf("sdp: line %d %q: %s: %s", e.Line, e.Text, e.Fault, e.Fix)
}

// What an offer can fail for. All of them answer errors.Is(err, ErrNotAcceptable),
// which means 488 Not Acceptable Here (RFC 3261 section 21.4.26); the special ones
// tell which Warning belongs beside it (RFC 3261 section 20.43).
var (
	// ErrNotAcceptable: nothing in the offer can be answered; 488.
	ErrNotAcceptable = errors.New("sdp: not acceptable here")
	// ErrNoAudio: no m=audio with a port in the offer; Warning 304.
	ErrNoAudio = fmt.Errorf("%w: no active m=audio line; offer one with a port above 0", ErrNotAcceptable)
	// ErrTransport: audio is offered over a transport that we do not take; Warning 302.
	ErrTransport = fmt.Errorf("%w: no m=audio line over a transport taken here; offer RTP/AVP, or RTP/SAVP where SRTP is asked for", ErrNotAcceptable)
	// ErrKeys: SRTP is offered without a key or certificate that can be taken; Warning 399.
	ErrKeys = fmt.Errorf("%w: no a=crypto line with a suite of this side, nor a=fingerprint for DTLS; offer one, with a single key", ErrNotAcceptable)
	// ErrNoCommonCodec: audio is offered without a codec of ours; Warning 305.
	ErrNoCommonCodec = fmt.Errorf("%w: no codec in common; offer one of those that this side lists", ErrNotAcceptable)
)

// What an exchange can fail for.
var (
	// ErrGlare: an offer arrived while ours is unanswered; answer 491 (RFC 3261
	// section 14.2, RFC 3311 section 5.2).
	ErrGlare = errors.New("sdp: offers cross: answer 491 and keep ours")
	// ErrOfferPending: a second offer arrived before the first was answered; answer
	// 500 with a Retry-After of 0 to 10 s (RFC 3261 section 14.2, RFC 3311 section 5.2).
	ErrOfferPending = errors.New("sdp: the previous offer of the peer is unanswered: answer 500 with Retry-After")
	// ErrAnswerOwed: we may not offer before we have answered.
	ErrAnswerOwed = errors.New("sdp: the peer's offer is unanswered: answer or reject it before offering")
	// ErrOfferOutstanding: we may not offer again before ours is answered.
	ErrOfferOutstanding = errors.New("sdp: our offer is unanswered: wait for its answer or reject it first")
	// ErrNoOffer: an answer, a preview or a rejection without an offer of the right side.
	ErrNoOffer = errors.New("sdp: there is no offer that this could belong to")
	// ErrNoPreview: nothing was previewed that could be confirmed.
	ErrNoPreview = errors.New("sdp: no answer was previewed: the offer is still unanswered")
	// ErrBadOffer: an offer of ours that breaks RFC 3264 section 8.
	ErrBadOffer = errors.New("sdp: offer breaks RFC 3264")
	// ErrBadAnswer: an answer that breaks RFC 3264 section 6.
	ErrBadAnswer = errors.New("sdp: answer breaks RFC 3264")
	// ErrRefused: a legal answer that refuses the audio stream by port 0.
	ErrRefused = errors.New("sdp: the audio stream was refused with port 0")
	// ErrNothingAgreed: no exchange has been completed or previewed.
	ErrNothingAgreed = errors.New("sdp: nothing has been agreed")
	// ErrLocal: a Local from which no description can be made.
	ErrLocal = errors.New("sdp: incomplete Local")
)

// fault makes the error of one line.
func fault(line int, text, what, fix string) *Error {
	const most = 80
	text = withoutKey(text)
	if len(text) > most {
		text = text[:most]
	}
	return &Error{Line: line, Text: text, Fault: what, Fix: fix}
}

// withoutKey cuts a line before the key of an a=crypto: errors end in logs.
func withoutKey(text string) string {
	const method = "inline:"
	for i := range len(text) - len(method) {
		if strings.EqualFold(text[i:i+len(method)], method) {
			return text[:i]
		}
	}
	return text
}
