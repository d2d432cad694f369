package gateway

import (
	"context"
	"log/slog"
	"strings"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp/record"
	"github.com/tandem-gateway/tandem/sip"
)

// recordCalls puts into the settings which calls are recorded, how and where to.
func recordCalls(s *sip.Settings, c *config.Config) error {
	r := c.Recording
	if r.Path == "" {
		return nil
	}
	as := bridge.Recording{Layout: record.Layout(r.Layout), Format: record.Format(r.Format), Beep: r.Beep, DTMF: r.RecordDTMF}
	s.Recorder = &bridge.Recorder{Storage: record.Directory{Path: r.Path}, Pattern: r.Name}
	if err := (record.Config{Storage: s.Recorder.Storage, Format: as.Format}).Check(); err != nil {
		return c.Errorf("recording.format", "%v", err)
	}
	if err := (record.Config{Storage: s.Recorder.Storage, Pattern: r.Name}).Check(); err != nil {
		return c.Errorf("recording.name", "%s", strings.TrimPrefix(err.Error(), "record: "))
	}
	recorded := bridge.Recorded{As: as, Users: map[string]bool{}, Routes: map[string]bool{}}
	for i := range c.Users {
		recorded.Users[c.Users[i].Name] = c.Users[i].Record
	}
	for i := range c.Routes {
		recorded.Routes[c.Routes[i].Name] = c.Routes[i].Record
	}
	s.Limits.Recorded = recorded
	return nil
}

// recordingChanged says how far a recording is. One that fails is a warning: somebody may
// have to answer for that it is not there.
func recordingChanged(log *slog.Logger, id slog.Attr, e event.RecordingChanged) {
	attrs := []any{id, "recording", e.Recording, "state", e.State.String()}
	if e.Cause != 0 {
		attrs = append(attrs, "cause", e.Cause.String(), "files", e.Files, "duration", e.Duration)
	}
	if e.Error != "" {
		attrs = append(attrs, "err", e.Error)
	}
	if e.Lost > 0 {
		attrs = append(attrs, "lost", e.Lost)
	}
	level := slog.LevelInfo
	if e.State == event.RecordingFailed || e.Lost > 0 || e.Error != "" {
		level = slog.LevelWarn
	}
	log.Log(context.Background(), level, "call recording", attrs...)
}
