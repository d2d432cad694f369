package gateway_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp/audio"
)

// sineWave is a WAV of 8,000 samples a second and -10 dBFS.
func sineWave(t *testing.T, frequency float64, d time.Duration) []byte {
	tone, err := audio.NewTone(8000, audio.Sine{Frequency: frequency, Level: -10})
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, 8000*int(d/time.Second))
	tone.Fill(pcm)
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data")
	b = binary.LittleEndian.AppendUint32(b, uint32(2*len(pcm)))
	for _, x := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(x))
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

// callOf is the only call that there has been.
func (h *house) callOf() *bridge.Call {
	h.t.Helper()
	events := h.told()
	i := slices.IndexFunc(events, func(e event.Event) bool { _, ok := e.(event.CallReceived); return ok })
	if i < 0 {
		h.t.Fatal("there has been no call")
	}
	return h.gateway.Call(events[i].Of().Call)
}

// playbackStates are those that the embedder is told, in order.
func (h *house) playbackStates() (list []string) {
	for _, e := range h.told() {
		if p, ok := e.(event.PlaybackChanged); ok {
			list = append(list, p.Reference+" "+p.State.String())
		}
	}
	return list
}

// TestPlayIntoCall: a prompt of a file and a tone, heard by the phone that they are for.
func TestPlayIntoCall(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "low.wav"), sineWave(t, 700, 4*time.Second), 0o600); err != nil {
		t.Fatal(err)
	}
	play(t, func(h *house) {
		h.pstn(carrierAt)
		p := h.phone("alice", aliceAt)
		h.call(p, "+14255550100")
		if err := p.Talk(); err != nil {
			t.Fatal(err)
		}
		call := h.callOf()
		call.Play(bridge.Playback{To: 1, Reference: "hello", Items: []bridge.Item{{Prompt: "low.wav"}}})
		call.Play(bridge.Playback{To: 1, Reference: "busy", Items: []bridge.Item{{Tone: audio.Congestion, Country: "DE", For: 4 * time.Second}}, Alone: true})
		if _, err := p.Hears(h.t.Context(), 700, time.Second, 3*time.Second); err != nil {
			t.Errorf("the prompt: %v", err)
		}
		if _, err := p.Hears(h.t.Context(), 425, 200*time.Millisecond, 5*time.Second); err != nil {
			t.Errorf("the tone: %v", err)
		}
		h.pass(5 * time.Second)
		h.hangup(p)
		h.pass(time.Second)
		if h.gateway.Call(call.ID()) != nil {
			t.Error("a call that is over is still there")
		}
		want := []string{"hello notStarted", "busy notStarted", "hello running", "hello completed", "busy running", "busy completed"}
		if got := h.playbackStates(); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		h.says("call playback", "reference=hello", "state=completed", "cause=ended")
	}, "users:", "prompts: {path: \""+dir+"\"}\nusers:")
}
