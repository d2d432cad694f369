package test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/test/peers"
)

// softphone is a baresip in a story.
type softphone struct {
	*stage
	*peers.Softphone
	pitch float64
}

// softphone starts a baresip that plays a tone.
func (s *stage) softphone(b peers.Baresip, host byte, pitch float64) *softphone {
	s.Helper()
	b.Name, b.At, b.Gateway = fmt.Sprintf("softphone%d", host), s.SIP(host), s.SIP(gatewayHost)
	if b.Transport == "tls" {
		b.Gateway = s.secure(gatewayHost)
	}
	b.Sound = filepath.Join(s.dir, b.Name+".wav")
	if err := peers.WriteWave(b.Sound, tone(s.T, pitch)); err != nil {
		s.Fatal(err)
	}
	run, err := b.Start(s.dir)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		run.End()
		if s.Failed() {
			said, _ := os.ReadFile(run.Output)
			s.Logf("== %s\n%s", run.Name, clip(string(said)))
		}
	})
	return &softphone{s, run, pitch}
}

// tone is half a minute of a sine: longer than any of these calls.
func tone(t *testing.T, pitch float64) []int16 {
	t.Helper()
	sine, err := audio.NewTone(8000, audio.Sine{Frequency: pitch, Level: -10})
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, 30*8000)
	sine.Fill(pcm)
	return pcm
}

func (p *softphone) await(kind string) peers.Event {
	p.stage.Helper()
	e, err := p.Await(kind, patience)
	if err != nil {
		p.Fatal(err)
	}
	return e
}

// registered waits until the gateway knows the phone; it may have said so before
// we could hear the phone say it.
func (p *softphone) registered(who phone.Credentials) {
	p.stage.Helper()
	if err := p.gateway.Printed("msg=registered user="+who.User, patience); err != nil {
		p.Fatal(err)
	}
}

func (p *softphone) do(command, parameters string) {
	p.stage.Helper()
	if err := p.Do(command, parameters); err != nil {
		p.Fatal(err)
	}
}

// hears waits until a second of another softphone's tone has been recorded, and nothing
// else.
func (p *softphone) hears(pitch float64) {
	p.stage.Helper()
	p.hearsAt(pitch, -13)
}

// hearsAt is hears for a tone of a level, in dBFS.
func (p *softphone) hearsAt(pitch, least float64) {
	p.stage.Helper()
	p.hearsAbove(pitch, least, 25)
}

// hearsAbove is hearsAt for a tone that is so many dB above everything else.
func (p *softphone) hearsAbove(pitch, least, above float64) {
	p.stage.Helper()
	var level, rest float64
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		pcm, err := p.Heard()
		if err != nil || len(pcm) < 8000 {
			continue // the recording has not got so far
		}
		if level, rest = levels(p.T, pcm[len(pcm)-8000:], pitch); level > least && rest < level-above {
			return
		}
	}
	p.Fatalf("%s does not hear %.0f Hz: %.1f dBFS, and %.1f of everything else", p.Name, pitch, level, rest)
}

func levels(t *testing.T, pcm []int16, pitch float64) (tone, rest float64) {
	t.Helper()
	d, err := audio.NewDetector(8000, pitch)
	if err != nil {
		t.Fatal(err)
	}
	d.Add(pcm)
	return d.Levels()
}

// both waits until each of two softphones hears the other.
func (p *softphone) both(other *softphone) {
	p.stage.Helper()
	p.hears(other.pitch)
	other.hears(p.pitch)
}

// quit has softphones leave.
func quit(phones ...*softphone) {
	for _, p := range phones {
		p.stage.Helper()
		if err := p.Quit(); err != nil {
			p.Error(err)
		}
	}
}

// TestSoftphone is the main job with a real phone: baresip registers, dials a
// number, and hears the other side's tone as the other side hears its. Once the
// caller hangs up and once the callee, over UDP and over TCP.
func TestSoftphoneCalls(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		transport  string
		callerEnds bool
	}{
		{"UDP, the caller hangs up", "udp", true},
		{"UDP, the callee hangs up", "udp", false},
		{"TCP, the caller hangs up", "tcp", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, house)
			desk := s.softphone(peers.Baresip{Who: alice, Transport: test.transport}, aliceHost, low)
			carrier := s.softphone(peers.Baresip{Who: phone.Credentials{User: "+14255550100"}, Answers: true}, carrierHost, high)
			desk.registered(alice)
			desk.do("dial", "(425)555-0100")
			desk.await("CALL_ESTABLISHED")
			carrier.await("CALL_ESTABLISHED")
			desk.both(carrier)
			by, first, second := "callee", carrier, desk
			if test.callerEnds {
				by, first, second = "caller", desk, carrier
			}
			first.do("hangup", "")
			second.await("CALL_CLOSED")
			first.await("CALL_CLOSED")
			r := s.record(1)
			s.answered(r, by)
			if r.Callee != "+14255550100" || r.CallerID != "+14255550101" {
				t.Errorf("record: %+v", r)
			}
			quit(desk, carrier)
		})
	}
}

// TestSoftphoneIsCalled: the carrier calls alice's number, and her phone rings over
// the way that it registered: over TCP there is no other.
func TestSoftphoneIsCalled(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			s := newStage(t, house)
			desk := s.softphone(peers.Baresip{Who: alice, Transport: transport}, aliceHost, low)
			carrier := s.softphone(peers.Baresip{Who: phone.Credentials{User: "+14255550123"}}, carrierHost, high)
			desk.registered(alice)
			carrier.do("dial", "sip:+14255550101@"+s.SIP(gatewayHost).String())
			desk.await("CALL_INCOMING")
			carrier.await("CALL_RINGING")
			desk.do("accept", "")
			desk.await("CALL_ESTABLISHED")
			carrier.await("CALL_ESTABLISHED")
			desk.both(carrier)
			desk.do("hangup", "")
			carrier.await("CALL_CLOSED")
			desk.await("CALL_CLOSED")
			s.answered(s.record(1), "callee")
			quit(desk, carrier)
		})
	}
}
