package test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/test/peers"
)

// music waits until something has been recorded for a second that is no tone of
// anybody's.
func (p *softphone) music(pitches ...float64) {
	p.stage.Helper()
	var heard []string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		pcm, err := p.Heard()
		if err != nil || len(pcm) < 8000 {
			continue
		}
		pcm, heard = pcm[len(pcm)-8000:], nil
		alone := true
		for _, pitch := range pitches {
			level, rest := levels(p.T, pcm, pitch)
			heard = append(heard, fmt.Sprintf("%.0f Hz at %.1f dBFS, all else at %.1f", pitch, level, rest))
			alone = alone && rest > -40 && level < rest-6
		}
		if alone {
			return
		}
	}
	p.Fatalf("%s hears no music: %s", p.Name, strings.Join(heard, "; "))
}

// quiet waits until nothing has come for half a second, or only silence.
func (p *softphone) quiet() {
	p.stage.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		before, _ := p.Heard()
		time.Sleep(500 * time.Millisecond)
		after, err := p.Heard()
		if err == nil && silence(after[min(len(before), len(after)):]) {
			return
		}
	}
	p.Fatalf("%s still hears something", p.Name)
}

// silence tells whether no sample is louder than -50 dBFS.
func silence(pcm []int16) bool {
	for _, v := range pcm {
		if v > 100 || v < -100 {
			return false
		}
	}
	return true
}

// TestSoftphoneHolds: baresip holds a call; the other hears the music of the house and
// not the holder, who hears nothing. It takes the call back, and both tones are there.
func TestSoftphoneHolds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		callerDoes bool
	}{{"the caller", true}, {"the callee", false}} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, house+"music_on_hold: tune\n")
			desk := s.softphone(peers.Baresip{Who: alice}, aliceHost, low)
			carrier := s.softphone(peers.Baresip{Who: phone.Credentials{User: "+14255550100"}, Answers: true}, carrierHost, high)
			desk.registered(alice)
			desk.do("dial", "(425)555-0100")
			desk.await("CALL_ESTABLISHED")
			carrier.await("CALL_ESTABLISHED")
			desk.both(carrier)
			holder, held := carrier, desk
			if test.callerDoes {
				holder, held = desk, carrier
			}
			for range 2 {
				holder.do("hold", "")
				held.music(low, high)
				holder.quiet()
				holder.do("resume", "")
				desk.both(carrier)
			}
			desk.do("hangup", "")
			carrier.await("CALL_CLOSED")
			desk.await("CALL_CLOSED")
			if r := s.record(1); r.Disposition != "answered" || r.EndedBy != "caller" {
				t.Errorf("record: %+v", r)
			}
			quit(desk, carrier)
		})
	}
}
