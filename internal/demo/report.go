package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/internal/phone"
)

// What the call must have come to.
const (
	wantCallee   = "+14255550100"
	wantCallerID = "+14255550101"
)

// tolerated is the part of the packets that may be lost on loopback: none should,
// but a machine that is busy drops some.
const tolerated = 0.02

// report says what the call came to, and errs where that is not what it must be.
func (h *house) report(ctx context.Context, s *seen) error {
	routed, err := h.ending(ctx)
	if err != nil {
		return err
	}
	record, err := h.record()
	if err != nil {
		return err
	}
	h.ladder.print("\n%s\n", strings.Join([]string{
		row("dialled", dialled),
		row("called", fmt.Sprintf("%s, by route %s; the PSTN was asked for %s", routed.Callee, routed.Route, s.far.Number)),
		row("caller ID", fmt.Sprintf("%s; the PSTN was shown %s", routed.CallerID, s.far.Caller)),
		row("to alice", packets(s.far.Audio.Sent, s.sound)),
		row("to the PSTN", packets(s.sound.Sent, s.far.Audio)),
		row("call record", strings.TrimSpace(record)),
	}, "\n"))
	return h.verify(s, routed, record)
}

func row(name, value string) string { return fmt.Sprintf("%-12s %s", name, value) }

func packets(sent int, r phone.Report) string {
	return fmt.Sprintf("%d packets sent, %d received, %d lost", sent, r.Received, r.Lost)
}

// ending waits for the gateway's last word on the call and gives what it made of
// the number.
func (h *house) ending(ctx context.Context) (event.CallRouted, error) {
	var routed event.CallRouted
	for {
		select {
		case <-ctx.Done():
			return routed, errors.New("the gateway never said that the call has ended")
		case e := <-h.events:
			switch e := e.(type) {
			case event.CallRouted:
				routed = e
			case event.CallEnded:
				return routed, nil
			}
		}
	}
}

// record is the one line of the call.
func (h *house) record() (string, error) {
	text, err := os.ReadFile(h.records())
	if err != nil {
		return "", fmt.Errorf("call record: %w", err)
	}
	if n := strings.Count(string(text), "\n"); n != 1 {
		return "", fmt.Errorf("one call has %d call records", n)
	}
	return string(text), nil
}

// verify compares what happened with what must have.
func (h *house) verify(s *seen, routed event.CallRouted, record string) error {
	var r struct {
		Disposition string `json:"disposition"`
		EndedBy     string `json:"ended_by"`
		Status      int    `json:"status"`
	}
	if err := json.Unmarshal([]byte(record), &r); err != nil {
		return fmt.Errorf("call record: %w", err)
	}
	for _, c := range []struct{ what, got, want string }{
		{"the number is normalised to", routed.Callee, wantCallee},
		{"the PSTN was asked for", s.far.Number, wantCallee},
		{"the caller ID is", routed.CallerID, wantCallerID},
		{"the PSTN was shown the caller", phone.User(phone.URI(s.far.Caller)), wantCallerID},
		{"the call record's disposition is", r.Disposition, "answered"},
		{"the call record's ended_by is", r.EndedBy, "caller"},
		{"the call record's status is", fmt.Sprint(r.Status), "200"},
	} {
		if c.got != c.want {
			return fmt.Errorf("%s %q, not %q", c.what, c.got, c.want)
		}
	}
	if err := enough("alice", s.far.Audio.Sent, s.sound); err != nil {
		return err
	}
	return enough("the PSTN", s.sound.Sent, s.far.Audio)
}

// enough errs when more was lost on the way to somebody than is tolerated. A few
// packets are still on their way when the call ends.
func enough(who string, sent int, r phone.Report) error {
	const underway = 5
	if missing := sent - r.Received; float64(missing) > float64(sent)*tolerated+underway {
		return fmt.Errorf("%s got %d of %d packets", who, r.Received, sent)
	}
	return nil
}
