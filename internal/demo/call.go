package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// How long each piece of sound is listened to.
const (
	ringback = 400 * time.Millisecond
	talk     = 1500 * time.Millisecond
)

// seen is what the two ends have seen and heard of the call.
type seen struct {
	ringback, callee float64 // dBm0 at the phone
	sound            phone.Report
	far              phone.CallReport
}

// call is the story: register, dial, hear it ring, talk, hang up.
func (h *house) call(ctx context.Context) (*seen, error) {
	h.ladder.header()
	if err := h.phone.Register(ctx, 3600); err != nil {
		return nil, fmt.Errorf("alice cannot register: %w", err)
	}
	h.ladder.note("alice dials %s", dialled)
	h.phone.Dial(dialURI(dialled, h.at.String()))
	s := &seen{}
	for _, part := range []func(context.Context, *seen) error{h.rings, h.answered, h.talks, h.hangsUp} {
		if err := part(ctx, s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// dialURI is what a phone makes of what a person types.
func dialURI(number, host string) string {
	return "sip:" + strings.ReplaceAll(number, " ", "%20") + "@" + host
}

func (h *house) rings(ctx context.Context, s *seen) error {
	got, err := h.phone.Ringing(ctx, patience)
	if err != nil {
		return fmt.Errorf("the call does not ring: %w", err)
	}
	if _, early := got.SDP(); got.Status != 183 || !early {
		return fmt.Errorf("got %s instead of a 183 with early media", got.Name())
	}
	if s.ringback, err = h.phone.Hears(ctx, phone.RingbackPitch, ringback, patience); err != nil {
		return fmt.Errorf("no ringback: %w", err)
	}
	h.ladder.note("alice hears it ring: %.0f Hz at %.0f dBm0 of early media", phone.RingbackPitch, s.ringback)
	return nil
}

func (h *house) answered(ctx context.Context, _ *seen) error {
	if _, err := h.phone.Answered(ctx, patience); err != nil {
		return fmt.Errorf("the call is not answered: %w", err)
	}
	return h.phone.Talk()
}

// talks lets both ends talk and listens at the end, when only the talk is left in
// what was heard.
func (h *house) talks(ctx context.Context, s *seen) (err error) {
	h.phone.Run(ctx, talk)
	if h.phone.HungUp() {
		return errors.New("the callee hung up in the middle of the talk")
	}
	if s.callee, err = h.phone.Hears(ctx, phone.AnswerPitch, ringback, time.Second); err != nil {
		return fmt.Errorf("alice does not hear the callee: %w", err)
	}
	h.ladder.note("alice hears the callee: %.0f Hz at %.0f dBm0", phone.AnswerPitch, s.callee)
	return nil
}

func (h *house) hangsUp(ctx context.Context, s *seen) error {
	if err := h.phone.Hangup(ctx); err != nil {
		return fmt.Errorf("alice cannot hang up: %w", err)
	}
	s.sound = h.phone.Audio.Report()
	if !h.until(ctx, func() bool { return len(h.reports) > 0 }) {
		return errors.New("the callee's side never learnt that alice hung up")
	}
	s.far, h.reports = h.reports[0], nil
	if s.far.Err != nil {
		return fmt.Errorf("the callee's side: %w", s.far.Err)
	}
	if s.far.Level < phone.Audible {
		return fmt.Errorf("the callee does not hear alice: %.0f dBm0 at %.0f Hz, %d packets came",
			s.far.Level, alicePitch, s.far.Audio.Received)
	}
	h.ladder.note("the callee has heard alice: %.0f Hz at %.0f dBm0", alicePitch, s.far.Level)
	return nil
}
