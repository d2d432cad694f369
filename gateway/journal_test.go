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

// TestNotAddedIsLogged with why.
func TestNotAddedIsLogged(t *testing.T) {
	line := journaled(event.ParticipantNotAdded{
		Header: event.Header{Call: "id1", At: time.Unix(1, 0)}, Target: "sip:bob", Cause: event.Cause{Status: 403, Q850: 21, Text: "not for trunks"},
	})
	for _, want := range []string{"level=WARN", "participant not added", "call=id1", "target=sip:bob", "status=403", "not for trunks"} {
		if !strings.Contains(line, want) {
			t.Errorf("%q is not in %s", want, line)
		}
	}
}
