package event

import (
	"fmt"
	"testing"
	"time"
)

// The names of the call resource, which clients and records rely on.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		of    func(uint8) fmt.Stringer
		names []string
	}{
		{func(i uint8) fmt.Stringer { return CallState(i) }, []string{
			"incoming", "connecting", "ringing", "earlyMedia", "connected", "localHold", "remoteHold", "inLobby", "disconnecting", "disconnected",
		}},
		{func(i uint8) fmt.Stringer { return ParticipantState(i) }, []string{
			"idle", "connecting", "ringing", "earlyMedia", "connected", "hold", "inLobby", "disconnected",
		}},
		{func(i uint8) fmt.Stringer { return Party(i) }, []string{"gateway", "caller", "callee"}},
		{func(i uint8) fmt.Stringer { return RouteKind(i) }, []string{"forwarded"}},
		{func(i uint8) fmt.Stringer { return KeyKind(i) }, []string{"rfc4733", "info", "inband"}},
		{func(i uint8) fmt.Stringer { return TransferState(i) }, []string{"none", "transferring", "transferred", "failed"}},
		{func(i uint8) fmt.Stringer { return TransferKind(i) }, []string{"blind", "attended", "recall"}},
		{func(i uint8) fmt.Stringer { return RecordingState(i) }, []string{"none", "recording", "paused", "failed"}},
		{func(i uint8) fmt.Stringer { return RecordingCause(i) }, []string{"stopped", "no space", "failed"}},
		{func(i uint8) fmt.Stringer { return PlaybackState(i) }, []string{"notStarted", "running", "completed", "failed"}},
		{func(i uint8) fmt.Stringer { return PlaybackCause(i) }, []string{"ended", "stopped", "digit", "nobody", "failed"}},
	} {
		for i, want := range c.names {
			if v := c.of(uint8(i + 1)); v.String() != want {
				t.Errorf("%T(%d) is %s, not %s", v, i+1, v, want)
			}
		}
		for _, i := range []int{0, len(c.names) + 1, 255} {
			if v := c.of(uint8(i)); v.String() != "none" {
				t.Errorf("%T(%d) is %s", v, i, v)
			}
		}
	}
}

// Every type of event says whose it is.
func TestOf(t *testing.T) {
	h := Header{Call: "id1", At: time.Unix(1, 0)}
	for _, e := range []Event{
		CallReceived{Header: h}, CallRouted{Header: h}, CallForwarded{Header: h}, CallStateChanged{Header: h},
		ParticipantStateChanged{Header: h}, AttemptStarted{Header: h}, AttemptEnded{Header: h}, TransferChanged{Header: h},
		CallJoined{Header: h}, DigitPressed{Header: h}, RecordingChanged{Header: h}, MediaEnded{Header: h}, CallEnded{Header: h},
		MediaQuality{Header: h}, OneWayAudio{Header: h}, ParticipantNotAdded{Header: h}, PlaybackChanged{Header: h}, SpeakingChanged{Header: h},
	} {
		if e.Of() != h {
			t.Errorf("%T is of %+v", e, e.Of())
		}
	}
}

func TestCauseIsZero(t *testing.T) {
	if !(Cause{}).IsZero() {
		t.Error("nothing has ended, and there is a cause")
	}
	for _, c := range []Cause{{Status: 200}, {Q850: 16}, {By: PartyGateway}, {Text: "x"}} {
		if c.IsZero() {
			t.Errorf("%+v is taken for none", c)
		}
	}
}
