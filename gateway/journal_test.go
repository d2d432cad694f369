package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/event"
)

// TestOneWayAudioIsLogged with the party's name, as a warning.
func TestOneWayAudioIsLogged(t *testing.T) {
	line := journaled(event.OneWayAudio{Header: event.Header{Call: "id1", At: time.Unix(1, 0)}, Participant: 2, Name: "carrier"})
	for _, want := range []string{"level=WARN", "one-way audio", "call=id1", "participant=2", "name=carrier"} {
		if !strings.Contains(line, want) {
			t.Errorf("%q is not in %s", want, line)
		}
	}
}
