// Package demo is what `tandem demo` runs: a whole gateway on loopback, a
// telephone network behind its trunk and a phone in front of it, and one call
// from the phone to a number, explained as it happens.
//
// Nothing of it is simulated but the two ends: the gateway reads a configuration,
// binds sockets, checks a password, routes by number, relays sound and writes a
// call record, as it does in earnest. What is not as it must be is an error, so
// the demo is also the first test of an installation.
//
// The telephone network stands on 127.0.0.2, since a trunk is known by its source
// address and the phone calls from 127.0.0.1. SIP ports are free ones: a gateway
// that runs on 5060 is not disturbed.
//
//	house.go   gateway, telephone network and phone, built and torn down
//	call.go    the call, and what must be true of it
//	ladder.go  the drawing
//	report.go  numbers, caller ID, packets, the record
//	stay.go    --stay
package demo

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"time"

	"github.com/tandem-gateway/tandem/gateway"
)

//go:embed demo.yaml
var configuration string

// Options of a demo.
type Options struct {
	// Out gets the ladder and the report.
	Out io.Writer
	// Stay keeps gateway and telephone network after the call, until the context
	// ends, and prints how to point a softphone at them.
	Stay bool
	// Network is where it all happens; nil is the machine's.
	Network gateway.Network
}

// patience is how long the call may take in all.
const patience = 10 * time.Second

// Run plays the demo. The error says what was not as it must be.
func Run(ctx context.Context, o Options) error {
	h, err := build(o)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	err = h.play(ctx)
	if err == nil && o.Stay {
		h.stay(ctx)
	}
	if stopped := h.close(); err == nil {
		err = stopped
	}
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// play makes the call within its time and reports it.
func (h *house) play(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	seen, err := h.call(ctx)
	if err != nil {
		return err
	}
	if err := h.report(ctx, seen); err != nil {
		return err
	}
	return h.nothingLeft(ctx)
}
