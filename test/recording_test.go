package test

import (
	"math"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/test/peers"
)

// recorded is a house in which alice's calls are recorded.
func recorded(more string) string {
	return strings.Replace(strings.Replace(house, "cdr:\n", "recording: {path: DIRECTORY/recordings, name: call"+more+"}\ncdr:\n", 1),
		"    ringing_timeout: 20s\n  - name: bob", "    record: true\n    ringing_timeout: 20s\n  - name: bob", 1)
}

// sox has the sound tool turn a channel of a file, counted from 1, into a file of its own,
// which is how anybody else would open a recording.
func (s *stage) sox(file string, channel int) []int16 {
	s.Helper()
	alone := filepath.Join(s.dir, "channel"+strconv.Itoa(channel)+".wav")
	out, err := exec.Command("sox", file, "-r", "8000", "-b", "16", alone, "remix", strconv.Itoa(channel)).CombinedOutput()
	if err != nil || len(out) > 0 { // sox warns of headers that are not true
		s.Fatalf("sox %s: %v: %s", file, err, out)
	}
	pcm, err := peers.ReadWave(alone)
	if err != nil {
		s.Fatal(err)
	}
	return pcm
}

// contains wants one tone and not the other one, in all of the last two seconds but a
// fifth: on a busy machine packets of softphones come in heaps. A jitter buffer that makes
// up for that plays a little faster or slower for a while, so a tone is looked for in pieces
// of 20 ms, to which 3% make no difference.
func (s *stage) contains(what string, pcm []int16, pitch, other float64) {
	s.Helper()
	const piece = 160
	if len(pcm) < 3*8000 {
		s.Fatalf("%s: %d samples", what, len(pcm))
	}
	pcm = pcm[len(pcm)-20000 : len(pcm)-4000]
	clear, pieces := 0, len(pcm)/piece
	for i := range pieces {
		level, _ := levels(s.T, pcm[i*piece:(i+1)*piece], pitch)
		if alien, _ := levels(s.T, pcm[i*piece:(i+1)*piece], other); level > -15 && alien < level-12 {
			clear++
		}
	}
	if clear < pieces*4/5 {
		s.Errorf("%s: %.0f Hz is clear in %d pieces of %d", what, pitch, clear, pieces)
	}
}

// conversation has alice's softphone call the carrier's, and waits until they hear each other.
func (s *stage) conversation() (desk, carrier *softphone) {
	s.Helper()
	desk = s.softphone(peers.Baresip{Who: alice}, aliceHost, low)
	carrier = s.softphone(peers.Baresip{Who: phone.Credentials{User: "+14255550100"}, Answers: true}, carrierHost, high)
	desk.registered(alice)
	desk.do("dial", "(425)555-0100")
	desk.await("CALL_ESTABLISHED")
	carrier.await("CALL_ESTABLISHED")
	desk.both(carrier)
	return desk, carrier
}

// TestRecordedCall: sox opens the file of a call of two softphones, and each one's tone is
// on its own channel and nowhere else.
func TestRecordedCall(t *testing.T) {
	s := newStage(t, recorded(""))
	desk, carrier := s.conversation()
	time.Sleep(2 * time.Second)
	desk.do("hangup", "")
	carrier.await("CALL_CLOSED")
	desk.await("CALL_CLOSED")
	r := s.record(1)
	s.answered(r, "caller")
	if len(r.Recordings) != 1 || len(r.Recordings[0].Files) != 1 || r.Recordings[0].Ended != "stopped" {
		t.Fatalf("the record says %+v", r.Recordings)
	}
	file := filepath.Join(s.dir, "recordings", r.Recordings[0].Files[0])
	left, right := s.sox(file, 1), s.sox(file, 2)
	if seconds := float64(len(left)) / 8000; math.Abs(seconds-float64(r.Duration)/1000) > 0.3 {
		t.Errorf("%.2f s are recorded of a call of %d ms", seconds, r.Duration)
	}
	s.contains("alice, left", left, low, high)
	s.contains("the carrier, right", right, high, low)
	quit(desk, carrier)
}

// TestRecordingSurvivesCrash: a gateway that is killed leaves a file that can be played to
// the last second.
func TestRecordingSurvivesCrash(t *testing.T) {
	s := newStage(t, recorded(""))
	s.conversation()
	if err := s.gateway.Printed(`msg="call recording"`, patience); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	time.Sleep(4 * time.Second)
	s.gateway.Kill()
	talked := time.Since(begun).Seconds()
	file := filepath.Join(s.dir, "recordings", "call.wav")
	left, right := s.sox(file, 1), s.sox(file, 2)
	if seconds := float64(len(left)) / 8000; seconds < talked-1 {
		t.Errorf("%.2f s are there of more than %.2f", seconds, talked)
	}
	s.contains("alice, left", left, low, high)
	s.contains("the carrier, right", right, high, low)
}
