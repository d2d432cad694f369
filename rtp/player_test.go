package rtp

import (
	"errors"
	"math"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/codec"
)

// rehearsal is an engine in a synctest bubble, whose network notes what is sent
// and when.
type rehearsal struct {
	*testing.T
	engine *Engine
}

// rehearsalLeg is a session and what its far end was sent.
type rehearsalLeg struct {
	*Session
	far  netip.AddrPort
	ends map[int]End
	mu   sync.Mutex
	sent []sentFrame
}

type sentFrame struct {
	at      time.Time
	header  header
	payload []byte
}

func newRehearsal(t *testing.T) *rehearsal {
	e, err := New(Config{Network: quietNetwork{}, Address: loopback, First: 20000, Last: 20099})
	if err != nil {
		t.Fatal(err)
	}
	return &rehearsal{t, e}
}

// leg opens a session whose far end takes codecs, under the numbers 0, 8, 96 and
// so on. It is closed with the test.
func (r *rehearsal) leg(n int, codecs ...Codec) *rehearsalLeg {
	r.Helper()
	s, err := r.engine.Open(netip.Addr{})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { s.Close() })
	l := &rehearsalLeg{Session: s, far: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(4000+2*n)), ends: map[int]End{1: s}}
	s.media = &hearingSocket{Socket: s.media, leg: l}
	if err := s.SetRemote(Remote{RTP: l.far, Send: numbered(codecs), Receive: numbered(codecs), Direction: SendRecv}); err != nil {
		r.Fatal(err)
	}
	return l
}

func numbered(codecs []Codec) (list []Payload) {
	for i, c := range codecs {
		number := uint8(96 + i)
		switch {
		case c.Is(pcmu):
			number = 0
		case c.Is(pcma):
			number = 8
		}
		list = append(list, Payload{Number: number, Codec: c})
	}
	return list
}

// hearingSocket notes what is sent.
type hearingSocket struct {
	Socket
	leg *rehearsalLeg
}

func (h *hearingSocket) Send(packet []byte, _ netip.AddrPort) error {
	h.leg.mu.Lock()
	defer h.leg.mu.Unlock()
	parsed, _ := parseHeader(packet)
	h.leg.sent = append(h.leg.sent, sentFrame{time.Now(), parsed, append([]byte(nil), packet[headerSize:]...)})
	return nil
}

// taken gives what was sent since the last call.
func (l *rehearsalLeg) taken() []sentFrame {
	l.mu.Lock()
	defer l.mu.Unlock()
	sent := l.sent
	l.sent = nil
	return sent
}

func (r *rehearsal) player(sound audio.Source) *Player {
	r.Helper()
	p, err := r.engine.Play(sound)
	if err != nil {
		r.Fatal(err)
	}
	return p
}

// play lets a leg hear a source; nil is nobody.
func (r *rehearsal) play(l *rehearsalLeg, source End) {
	r.Helper()
	table := Table{}
	if p, ok := source.(*Player); !ok || p != nil {
		if source != nil {
			l.ends[-1], table[1] = source, []Heard{{Source: -1}}
		}
	}
	swap(r, table, l.ends)
}

// wait lets time pass, and what is due at its end happen.
func (r *rehearsal) wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// sound decodes what was sent.
func sound(sent []sentFrame) (pcm []int16) {
	for _, p := range sent {
		frame := make([]int16, len(p.payload))
		lawOf(p.header.number).Decode(frame, p.payload)
		pcm = append(pcm, frame...)
	}
	return pcm
}

// levels measures a frequency in sound of 8 kHz.
func levels(t testing.TB, pcm []int16, frequency float64) (tone, rest float64) {
	t.Helper()
	return levelsAt(t, 8000, pcm, frequency)
}

// levelsAt measures it at another rate.
func levelsAt(t testing.TB, rate int, pcm []int16, frequency float64) (tone, rest float64) {
	t.Helper()
	d, err := audio.NewDetector(rate, frequency)
	if err != nil {
		t.Fatal(err)
	}
	d.Add(pcm)
	return d.Levels()
}

// endless is silence.
type endless struct{}

func (endless) Rate() int            { return 8000 }
func (endless) Fill(pcm []int16) int { clear(pcm); return len(pcm) }

// slow takes its time for some frames.
type slow struct {
	frame int
	hold  map[int]time.Duration
}

func (*slow) Rate() int { return 8000 }

func (s *slow) Fill(pcm []int16) int {
	if d := s.hold[s.frame]; d > 0 {
		<-time.After(d)
	}
	s.frame++
	return len(pcm)
}

// count is a sound whose samples are numbered, in steps that G.711 keeps apart.
type count struct{ frames, next int }

func (*count) Rate() int { return 8000 }

func (c *count) Fill(pcm []int16) int {
	left := min(len(pcm), c.frames-c.next)
	for i := range pcm[:left] {
		pcm[i] = int16(1000 + c.next)
		c.next++
	}
	return left
}

func sine(t testing.TB, frequency float64) audio.Source {
	t.Helper()
	tone, err := audio.NewTone(8000, audio.Sine{Frequency: frequency, Level: -10})
	if err != nil {
		t.Fatal(err)
	}
	return tone
}

// checkStream holds what a far end was sent against what a phone expects: one
// SSRC, sequence numbers without a gap.
func checkStream(t testing.TB, sent []sentFrame) {
	t.Helper()
	for i, p := range sent[1:] {
		last := sent[i].header
		if p.header.ssrc != last.ssrc || p.header.sequence != last.sequence+1 || int32(p.header.timestamp-last.timestamp) < 160 {
			t.Fatalf("packet %d: %+v after %+v", i+1, p.header, last)
		}
	}
}

// TestRingbackIsHeard: the caller hears the cadence of the callee's country, to
// the millisecond and the dB.
func TestRingbackIsHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		caller := r.leg(1, pcma, events)
		ringback, err := audio.NewCadence(8000, audio.Ringback.In("GB")...)
		if err != nil {
			t.Fatal(err)
		}
		r.play(caller, r.player(ringback))
		r.wait(6*time.Second - ms)
		sent := caller.taken()
		checkStream(t, sent)
		if len(sent) != 300 || !sent[0].header.marker || sent[1].header.marker || sent[0].header.number != 8 {
			t.Fatalf("%d packets, the first two %+v, %+v", len(sent), sent[0].header, sent[1].header)
		}
		pcm := sound(sent)
		for _, on := range [][2]int{{0, 400}, {600, 1000}, {3000, 3400}, {3600, 4000}} {
			for _, frequency := range []float64{400, 450} {
				if tone, _ := levels(t, pcm[8*on[0]:8*on[1]], frequency); math.Abs(tone-audio.ZeroDBm0+13) > 0.2 {
					t.Errorf("%d to %d ms: %.0f Hz at %.2f dBm0, want -13", on[0], on[1], frequency, tone-audio.ZeroDBm0)
				}
			}
		}
		for _, off := range [][2]int{{400, 600}, {1000, 3000}, {3400, 3600}, {4000, 6000}} {
			for i, x := range pcm[8*off[0] : 8*off[1]] {
				if x > 8 || x < -8 {
					t.Fatalf("%d ms: %d, want silence", off[0]+i/8, x)
				}
			}
		}
	})
}

// TestHoldAndResume: bob hears alice, then music, then alice again. It is one
// stream to him, with no more than a packet's time between.
func TestHoldAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob := r.leg(1, pcmu), r.leg(2, pcmu)
		music := r.player(sine(t, 700))
		ends := map[int]End{1: alice.Session, 2: bob.Session, -2: music}
		talk := Table{1: {{Source: 2}}, 2: {{Source: 1}}}
		hold := Table{2: {{Source: -2}}}
		speaks := speech{leg: alice, ssrc: 0xA11CE, sound: sine(t, 1500)}

		swap(t, talk, ends)
		speaks.say(50)
		swap(t, hold, ends)
		r.wait(time.Second - 7*ms)
		swap(t, talk, ends)
		speaks.say(50)

		sent := bob.taken()
		checkStream(t, sent)
		for i, p := range sent[1:] {
			gap := p.at.Sub(sent[i].at)
			ticks := time.Duration(p.header.timestamp-sent[i].header.timestamp) * time.Second / 8000
			if gap > 2*framePeriod || ticks > 2*framePeriod {
				t.Errorf("packet %d comes %v after the one before, of %v", i+1, gap, ticks)
			}
		}
		pcm := sound(sent)
		for _, c := range []struct{ from, to, frequency, silent int }{{1, 49, 1500, 700}, {51, 99, 700, 1500}, {102, 148, 1500, 700}} {
			part := pcm[160*c.from : 160*c.to]
			heard, _ := levels(t, part, float64(c.frequency))
			other, _ := levels(t, part, float64(c.silent))
			if math.Abs(heard+10) > 0.3 || other > -45 {
				t.Errorf("packets %d to %d: %d Hz at %.1f, %d Hz at %.1f dBFS", c.from, c.to, c.frequency, heard, c.silent, other)
			}
		}
		if n := bob.Stats().Dropped; n != (Dropped{}) {
			t.Errorf("dropped %+v", n)
		}
	})
}

// speech is a far end that talks.
type speech struct {
	leg       *rehearsalLeg
	ssrc      uint32
	sequence  uint16
	timestamp uint32
	sound     audio.Source
}

// say sends packets of 20 ms in time.
func (s *speech) say(packets int) {
	var pcm [160]int16
	for range packets {
		s.sound.Fill(pcm[:])
		packet := rtpPacket(0, s.sequence, s.timestamp, s.ssrc, make([]byte, 160)...)
		codec.PCMU.Encode(packet[headerSize:], pcm[:])
		s.leg.receiveMedia(time.Now(), packet, s.leg.far)
		s.sequence++
		s.timestamp += 160
		<-time.After(framePeriod)
	}
}

// TestEachListenerHasItsLaw: one player, heard in the codec that each likes best.
func TestEachListenerHasItsLaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		legs := []*rehearsalLeg{r.leg(1, pcmu), r.leg(2, pcma), r.leg(3, opus, pcma, events, pcmu), r.leg(4, events, pcmu, pcma)}
		var heard []Packet
		sink := NewSink(func(_ time.Time, p Packet) { heard = append(heard, p) })
		table, ends := Table{9: {{Source: -1}}}, map[int]End{9: sink, -1: r.player(sine(t, 1004))}
		for i, l := range legs {
			table[i], ends[i] = []Heard{{Source: -1}}, l.Session
		}
		swap(t, table, ends)
		r.wait(time.Second - ms)
		for i, want := range []uint8{0, 8, 8, 0} {
			sent := legs[i].taken()
			checkStream(t, sent)
			tone, rest := levels(t, sound(sent), 1004)
			if len(sent) != 50 || sent[0].header.number != want || math.Abs(tone+10) > 0.1 || tone-rest < 33 {
				t.Errorf("leg %d: %d packets of %d, tone %.1f, rest %.1f", i+1, len(sent), sent[0].header.number, tone, rest)
			}
		}
		if len(heard) != 50 || !heard[0].Codec.Is(pcmu) || len(heard[0].Payload) != 160 {
			t.Errorf("the sink heard %d, first %v", len(heard), heard[0].Codec)
		}
		swap(t, Table{}, ends)
	})
}

// TestMusicBeginsWithEachListener: a prompt is shared, the place in it is not.
func TestMusicBeginsWithEachListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		tune := audio.Tune(8000)
		first, second := r.leg(1, pcmu), r.leg(2, pcmu)
		r.play(first, r.player(tune.Loop()))
		r.wait(777 * ms)
		r.play(second, r.player(tune.Loop()))
		r.wait(time.Second)
		a, b := first.taken(), second.taken()
		if len(b) < 50 || a[0].header.ssrc == b[0].header.ssrc {
			t.Fatalf("%d packets, SSRC %x and %x", len(b), a[0].header.ssrc, b[0].header.ssrc)
		}
		for i := range b {
			if string(a[i].payload) != string(b[i].payload) {
				t.Fatalf("packet %d differs", i)
			}
		}
	})
}

// TestSoundEnds: the last frame is filled up, and then there is nothing.
func TestSoundEnds(t *testing.T) {
	for _, samples := range []int{0, 1, 160, 400, 480} {
		synctest.Test(t, func(t *testing.T) {
			r := newRehearsal(t)
			a := r.leg(1, pcmu)
			p := r.player(&count{frames: samples})
			r.play(a, p)
			r.wait(time.Second)
			sent := a.taken()
			pcm := sound(sent)
			if len(sent) != (samples+159)/160 {
				t.Fatalf("%d samples made %d packets", samples, len(sent))
			}
			for i, x := range pcm {
				if want := float64(1000 + i); i < samples && math.Abs(float64(x)-want) > 32 || i >= samples && x != 0 {
					t.Fatalf("of %d samples, number %d is %d", samples, i, x)
				}
			}
			select {
			case <-p.Ended():
			default:
				t.Error("it does not say so")
			}
			if r.engine.Playing() != 0 {
				t.Error("it is still pulled")
			}
			p.Stop()
			r.play(a, p) // an old player that is named again stays silent
			r.wait(100 * ms)
			if sent := a.taken(); len(sent) != 0 {
				t.Errorf("%d packets after the end", len(sent))
			}
		})
	}
}

// TestWhatStopsAPlayer: whatever ends the hearing ends the pulling, at once.
func TestWhatStopsAPlayer(t *testing.T) {
	for name, stop := range map[string]func(r *rehearsal, a *rehearsalLeg, p *Player){
		"Stop":                           func(_ *rehearsal, _ *rehearsalLeg, p *Player) { p.Stop() },
		"the session closes":             func(_ *rehearsal, a *rehearsalLeg, _ *Player) { a.Close() },
		"the table no longer names it":   func(r *rehearsal, a *rehearsalLeg, _ *Player) { swap(r, Table{}, a.ends) },
		"another source takes its place": func(r *rehearsal, a *rehearsalLeg, _ *Player) { r.play(a, a.Session) },
		"it is not among the ends any more": func(r *rehearsal, a *rehearsalLeg, _ *Player) {
			swap(r, Table{}, map[int]End{1: a.Session})
		},
		"another player takes its place, and stops": func(r *rehearsal, a *rehearsalLeg, _ *Player) {
			other := r.player(endless{})
			swap(r, Table{1: {{Source: 5}}}, map[int]End{1: a.Session, 5: other})
			other.Stop()
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRehearsal(t)
			a := r.leg(1, pcmu)
			p := r.player(endless{})
			r.play(a, p)
			r.wait(50 * ms)
			if n := len(a.taken()); n != 3 || r.engine.Playing() != 1 {
				t.Fatalf("%s: %d packets before, %d playing", name, n, r.engine.Playing())
			}
			stop(r, a, p)
			if n := r.engine.Playing(); n != 0 {
				t.Errorf("%s: %d are playing", name, n)
			}
			r.wait(100 * ms)
			if n := len(a.taken()); n != 0 {
				t.Errorf("%s: %d packets afterwards", name, n)
			}
		})
	}
}

// TestStoppedWithinATurn: the clock's turn has begun, and one player stops
// another whose turn would come.
func TestStoppedWithinATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		a, b := r.leg(1, pcmu), r.leg(2, pcmu)
		second := r.player(endless{})
		first := r.player(sourceFunc(func(pcm []int16) int { second.Stop(); return len(pcm) }))
		clock := &r.engine.clock
		clock.empty = make(chan struct{}, 1) // the test is the clock
		r.play(a, first)
		r.play(b, second)
		clock.pull(start, start)
		if n, m := len(a.taken()), len(b.taken()); n != 1 || m != 0 {
			t.Errorf("%d packets of the first, %d of the second", n, m)
		}
	})
}

type sourceFunc func(pcm []int16) int

func (sourceFunc) Rate() int              { return 8000 }
func (f sourceFunc) Fill(pcm []int16) int { return f(pcm) }

// TestOneOfTwoListenersLeaves: the other one hears on.
func TestOneOfTwoListenersLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		a, b := r.leg(1, pcmu), r.leg(2, pcmu)
		p := r.player(endless{})
		swap(t, Table{1: {{Source: -1}}, 2: {{Source: -1}}}, map[int]End{1: a.Session, 2: b.Session, -1: p})
		r.wait(50 * ms)
		a.Close()
		if r.engine.Playing() != 1 {
			t.Error("it has stopped")
		}
		a.taken()
		b.taken()
		r.wait(50 * ms)
		if n, m := len(a.taken()), len(b.taken()); n != 0 || m != 3 {
			t.Errorf("%d packets to the one who left, %d to the other", n, m)
		}
		b.Close()
		if r.engine.Playing() != 0 {
			t.Error("it plays to nobody")
		}
	})
}

// TestClosedSessionIsNoListener: a table that still names it starts nothing.
func TestClosedSessionIsNoListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		a := r.leg(1, pcmu)
		a.Close()
		r.play(a, r.player(endless{}))
		if r.engine.Playing() != 0 {
			t.Error("it plays to a session that is closed")
		}
	})
}

// TestPauseIsInTheTimestamps: a listener who is not there for a while hears the
// sound go on where it was, and its time has gone on.
func TestPauseIsInTheTimestamps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		a := r.leg(1, pcmu)
		p := r.player(&count{frames: 160 * 100})
		r.play(a, p)
		r.wait(50 * ms) // frames at 0, 20, 40
		r.play(a, nil)
		r.wait(1003 * ms)
		r.play(a, p) // at 1053, 1073
		r.wait(30 * ms)
		r.play(a, nil)
		sent := a.taken()
		if len(sent) != 5 {
			t.Fatalf("%d packets", len(sent))
		}
		checkStream(t, sent)
		if ticks := sent[3].header.timestamp - sent[2].header.timestamp; ticks != 51*160 || !sent[3].header.marker || sent[4].header.marker {
			t.Errorf("%d ticks between, %+v, %+v", ticks, sent[3].header, sent[4].header)
		}
		if x := sound(sent)[3*160]; math.Abs(float64(x)-1480) > 32 {
			t.Errorf("it goes on with sample %d", int(x)-1000)
		}
	})
}

// TestHeldFarEnd: who does not want to be sent anything is not, and the music
// goes on for when it does.
func TestHeldFarEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		a := r.leg(1, pcmu)
		remote := Remote{RTP: a.far, Send: numbered([]Codec{pcmu}), Receive: numbered([]Codec{pcmu}), Direction: Sends}
		if err := a.SetRemote(remote); err != nil {
			t.Fatal(err)
		}
		r.play(a, r.player(endless{}))
		r.wait(50 * ms)
		if n := len(a.taken()); n != 0 || a.Stats().Dropped.Held != 3 {
			t.Errorf("%d packets, %+v", n, a.Stats().Dropped)
		}
		remote.Direction = Receives
		if err := a.SetRemote(remote); err != nil {
			t.Fatal(err)
		}
		r.wait(50 * ms)
		if n := len(a.taken()); n != 3 {
			t.Errorf("%d packets after it wants them", n)
		}
	})
}

func TestNoCodecNoMusic(t *testing.T) {
	r := newRehearsal(t)
	a := r.leg(1, g729, events)
	_, err := Compile(Table{1: {{Source: -1}}}, map[int]End{1: a.Session, -1: r.player(endless{})})
	var hearing *HearingError
	if !errors.As(err, &hearing) || hearing.Listener != 1 || hearing.Source != -1 || hearing.Needs != Transcode {
		t.Fatalf("%v", err)
	}
	if want := "the source sends PCMU/8000, PCMA/8000, the listener takes G729/8000, telephone-event/8000, and there is no codec here for one of them"; hearing.Why != want {
		t.Errorf("%s", hearing.Why)
	}
	_, err = Compile(Table{-1: {{Source: 1}}}, map[int]End{1: a.Session, -1: r.player(endless{})})
	if !errors.Is(err, ErrNoEnd) {
		t.Errorf("a player that listens: %v", err)
	}
}

func TestPlayRefuses(t *testing.T) {
	e := newRehearsal(t).engine
	if _, err := e.Play(audio.Tune(16000).Loop()); err == nil || !strings.Contains(err.Error(), "16000 samples a second") {
		t.Errorf("16 kHz: %v", err)
	}
}

// TestPlayersFromManyGoroutines is for the race detector: calls begin, hold and
// end while the clock runs.
func TestPlayersFromManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		tune := audio.Tune(8000)
		var calls sync.WaitGroup
		for n := range 20 {
			leg, p := r.leg(n, pcmu, pcma), r.player(tune.Loop())
			calls.Go(func() {
				for i := range 10 {
					r.play(leg, p)
					<-time.After(time.Duration(n*i%45) * ms)
					r.play(leg, nil)
				}
				r.play(leg, p)
				if n%2 == 0 {
					p.Stop()
				}
				leg.Close()
			})
		}
		calls.Wait()
		if n := r.engine.Playing(); n != 0 {
			t.Errorf("%d are left", n)
		}
	})
}
