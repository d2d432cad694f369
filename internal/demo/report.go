package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

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

// record is what the demo looks at of the call record.
type record struct {
	text string

	Callee      string `json:"callee"`
	Route       string `json:"route"`
	CallerID    string `json:"caller_id"`
	Disposition string `json:"disposition"`
	EndedBy     string `json:"ended_by"`
	Status      int    `json:"status"`
}

// report says what the call came to, and errs where that is not what it must be.
func (h *house) report(ctx context.Context, s *seen) error {
	r, err := h.record(ctx)
	if err != nil {
		return err
	}
	h.ladder.print("\n%s\n", strings.Join([]string{
		row("dialled", dialled),
		row("called", fmt.Sprintf("%s, by route %s; the PSTN was asked for %s", r.Callee, r.Route, s.far.Number)),
		row("caller ID", fmt.Sprintf("%s; the PSTN was shown %s", r.CallerID, s.far.Caller)),
		row("to alice", packets(s.far.Audio.Sent, s.sound)),
		row("to the PSTN", packets(s.sound.Sent, s.far.Audio)),
		row("call record", r.text),
	}, "\n"))
	return verify(s, r)
}

func row(name, value string) string { return fmt.Sprintf("%-12s %s", name, value) }

func packets(sent int, r phone.Report) string {
	return fmt.Sprintf("%d packets sent, %d received, %d lost", sent, r.Received, r.Lost)
}

// record waits for the one line of the call.
func (h *house) record(ctx context.Context) (r record, err error) {
	var lines []string
	h.until(ctx, func() bool {
		var text []byte
		text, err = os.ReadFile(h.records())
		lines = slices.Collect(strings.Lines(string(text)))
		return err != nil || len(lines) > 0
	})
	if err == nil && len(lines) != 1 {
		err = fmt.Errorf("one call has %d", len(lines))
	}
	if err == nil {
		r.text = strings.TrimSpace(lines[0])
		err = json.Unmarshal([]byte(r.text), &r)
	}
	if err != nil {
		return r, fmt.Errorf("call record: %w", err)
	}
	return r, nil
}

// verify compares what happened with what must have.
func verify(s *seen, r record) error {
	for _, c := range []struct{ what, got, want string }{
		{"the number is normalised to", r.Callee, wantCallee},
		{"the PSTN was asked for", s.far.Number, wantCallee},
		{"the caller ID is", r.CallerID, wantCallerID},
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
