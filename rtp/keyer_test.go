package rtp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/dtmf"
)

var events8 = Codec{Name: "telephone-event", Rate: 8000}

// eventsIn are the keys that a far end was sent as telephone-event, and how long.
func eventsIn(t testing.TB, sent []sentFrame, number uint8) (keys []string) {
	t.Helper()
	r := dtmf.NewReceiver(8000)
	var events []dtmf.Event
	for _, s := range sent {
		if s.header.number == number {
			var err error
			p := dtmf.Packet{Timestamp: s.header.timestamp, Marker: s.header.marker, Payload: s.payload}
			if events, err = r.Receive(s.at, p, events); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, e := range events {
		if e.Phase == dtmf.Ended {
			keys = append(keys, fmt.Sprint(e.Digit, " ", e.Duration))
		}
	}
	return keys
}

// sounded are the keys in a sound.
func sounded(t testing.TB, pcm []int16, rate int) (keys string) {
	t.Helper()
	d, err := audio.NewDTMFDetector(rate)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range d.Add(pcm, nil) {
		if k.Phase == dtmf.Began {
			keys += k.Digit.String()
		}
	}
	return keys
}

// oneStream checks that what was sent is one stream whose time goes on: nothing is missing,
// and sound begins where the sound or the key before it has ended.
func oneStream(t testing.TB, sent []sentFrame, frame uint32, events uint8) {
	t.Helper()
	began := sent[0]
	for i, s := range sent[1:] {
		before := sent[i]
		if s.header.ssrc != before.header.ssrc || s.header.sequence != before.header.sequence+1 {
			t.Fatalf("packet %d: %+v after %+v", i, s.header, before.header)
		}
		if s.header.number == events {
			continue
		}
		want := uint32(s.at.Sub(began.at)/time.Millisecond) * 8
		if got := s.header.timestamp - began.header.timestamp; got+frame < want || got > want+frame {
			t.Fatalf("packet %d at %v is at %d ticks, want about %d", i, s.at.Sub(began.at), got, want)
		}
	}
}

// pulled is how much the clock pulls but players.
func (r *rehearsal) pulled() int {
	c := &r.engine.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.rooms.list)
}

// TestPressIntoARelay: the far end of a relay is told keys that nobody sends there, and its
// stream goes on.
func TestPressIntoARelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob := r.party(1, 1004, pcmu, events8), r.party(2, 600, pcmu, events8)
		r.hears(both(), nil, alice, bob)
		talk(200*ms, alice, bob)
		if err := bob.SendKey(5, 100*ms); err != nil {
			t.Fatal(err)
		}
		if err := bob.SendKey(dtmf.Pound, 60*ms); err != nil {
			t.Fatal(err)
		}
		talk(time.Second, alice, bob)
		_, sent := bob.heard()
		if got := strings.Join(eventsIn(t, sent, 97), ", "); got != "5 100ms, # 60ms" {
			t.Errorf("told %s", got)
		}
		oneStream(t, sent, 160, 97)
		if _, other := alice.heard(); len(eventsIn(t, other, 97)) != 0 || len(other) != 60 {
			t.Errorf("the other one was sent %d packets, keys %v", len(other), eventsIn(t, other, 97))
		}
	})
}

// TestPressAndRelease: a key is told while it is down, and for as long.
func TestPressAndRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob := r.party(1, 1004, pcmu), r.party(2, 600, pcmu, events8)
		r.hears(both(), nil, alice, bob)
		talk(100*ms, alice)
		if err := bob.PressKey(7); err != nil {
			t.Fatal(err)
		}
		talk(2*time.Second, alice)
		bob.ReleaseKey(1980 * ms)
		talk(500*ms, alice)
		_, sent := bob.heard()
		keys := eventsIn(t, sent, 97)
		if len(keys) != 1 || !strings.HasPrefix(keys[0], "7 ") || !strings.HasPrefix(keys[0][2:], "2") && !strings.HasPrefix(keys[0][2:], "1.9") {
			t.Errorf("told %v", keys)
		}
		oneStream(t, sent, 160, 97)
		if last := sent[len(sent)-1]; last.header.number != bob.payload.Number {
			t.Errorf("it does not hear the other one again: %+v", last.header)
		}
	})
}

// TestPressTones: without telephone-event the far end hears tones, in its codec and packet
// time, in the place of what it heard.
func TestPressTones(t *testing.T) {
	for _, c := range []Codec{pcmu, pcma, g722, opus} {
		for _, from := range []Codec{c, wide} {
			t.Run(from.Name+" to "+c.Name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRehearsal(t)
					alice, bob := r.party(1, 1004, from), r.party(2, 600, c)
					r.hears(both(), nil, alice, bob)
					talk(300*ms, alice, bob)
					for _, d := range []dtmf.Digit{1, dtmf.Star, dtmf.D} {
						if err := bob.SendKey(d, 80*ms); err != nil {
							t.Fatal(err)
						}
					}
					talk(time.Second, alice, bob)
					pcm, sent := bob.heard()
					if got := sounded(t, pcm, bob.rate); got != "1*D" {
						t.Errorf("heard %q", got)
					}
					tone, _ := levelsAt(t, bob.rate, after(pcm, bob.rate, time.Second), 1004)
					if tone < -11 || len(sent) < 60 {
						t.Errorf("afterwards the other one is heard at %.1f dBFS; %d packets", tone, len(sent))
					}
				})
			})
		}
	}
}

func TestPressNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		l := r.leg(1, g729)
		if err := l.SendKey(5, 100*ms); err != ErrNoKeys {
			t.Errorf("a far end that takes no keys: %v", err)
		}
		p := r.party(2, 600, pcmu)
		if err := p.SendKey(dtmf.Flash, 100*ms); err != dtmf.ErrDigit {
			t.Errorf("a flash as a tone: %v", err)
		}
		p.ReleaseKey(time.Second) // of nothing
		if n := r.pulled(); n != 0 {
			t.Errorf("%d are pulled", n)
		}
		p.Close()
		if err := p.SendKey(5, 100*ms); err != ErrClosed {
			t.Errorf("a session that is closed: %v", err)
		}
		r.wait(100 * ms)
	})
}

// TestKeyThatIsNeverReleased does not cut the far end off for ever.
func TestKeyThatIsNeverReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob := r.party(1, 1004, pcmu), r.party(2, 600, pcmu)
		r.hears(both(), nil, alice, bob)
		if err := bob.PressKey(5); err != nil {
			t.Fatal(err)
		}
		talk(longestKey+time.Second, alice)
		_, sent := bob.heard()
		if sent = sent[len(sent)-1:]; r.pulled() != 0 || sent[0].at.Add(2*framePeriod).Before(time.Now()) {
			t.Error("the key is still down")
		}
	})
}

// listeningTo notes the keys of a party.
func listeningTo(p *party) *[]string {
	var keys []string
	p.OnKeys(func(_ time.Time, k Key) {
		if k.Phase == dtmf.Ended {
			keys = append(keys, fmt.Sprint(k.Digit, " ", k.Duration.Round(10*ms), " ", k.Tones))
		} else {
			keys = append(keys, k.Digit.String())
		}
	})
	return &keys
}

// TestKeysAreOverheard: those in telephone-event, whose ends are made up when they are lost.
func TestKeysAreOverheard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob := r.party(1, 1004, pcmu, events8), r.party(2, 600, pcmu, events8)
		keys := listeningTo(alice)
		r.hears(both(), nil, alice, bob)
		talk(100*ms, alice)
		began := alice.head.timestamp
		for i := range 5 {
			alice.key(97, began, keyPayload(5, i > 2, uint16(160*min(i+1, 3)))...)
			r.wait(framePeriod)
		}
		alice.key(97, began+4000, keyPayload(6, false, 160)...)
		r.wait(time.Second) // and nothing more
		if got := strings.Join(*keys, ", "); got != "5, 5 60ms false, 6, 6 20ms false" {
			t.Errorf("overheard %s", got)
		}
		if n := r.pulled(); n != 0 {
			t.Errorf("%d are pulled", n)
		}
		if !bob.PassesKeysOf(alice.Session) || bob.PassesKeysOf(bob.Session) {
			t.Error("who passes what")
		}
	})
}

// TestKeyEndsWithItsSession: whoever was told that it began is told that it ended.
func TestKeyEndsWithItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice := r.party(1, 1004, pcmu, events8)
		keys := listeningTo(alice)
		alice.key(97, 1000, keyPayload(5, false, 160)...)
		alice.Close()
		r.wait(time.Second)
		if got := strings.Join(*keys, ", "); got != "5, 5 20ms false" {
			t.Errorf("overheard %s", got)
		}
	})
}

// dials makes a party send keys as tones, and silence around them.
func (p *party) dials(t testing.TB, keys string, each time.Duration) {
	t.Helper()
	pad, err := audio.NewKeypad(p.rate)
	if err != nil {
		t.Fatal(err)
	}
	for i := range keys {
		d, _ := dtmf.ParseDigit(keys[i])
		if err := pad.Send(d, each); err != nil {
			t.Fatal(err)
		}
	}
	p.sound = pad
}

// TestTonesAreHeardAsKeys where the source has no telephone-event and the listener has, and
// not longer than the detector takes does the listener hear them too; each is one, also
// when packets are lost.
func TestTonesAreHeardAsKeys(t *testing.T) {
	for _, c := range []Codec{pcmu, g722, opus} {
		for _, lose := range []int{0, 9} {
			t.Run(fmt.Sprint(c.Name, lose), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { testTones(t, c, lose) })
			})
		}
	}
}

func testTones(t *testing.T, c Codec, lose int) {
	r := newRehearsal(t)
	alice, bob := r.party(1, 1004, c), r.party(2, 600, c, Codec{Name: "telephone-event", Rate: c.Rate})
	keys := listeningTo(alice)
	r.hears(both(), nil, alice, bob)
	talk(200*ms, alice)
	alice.dials(t, "159D", 120*ms)
	for i := range 60 {
		if p := alice.next(); lose == 0 || i%lose != 4 {
			alice.send(p)
		}
		<-time.After(framePeriod)
	}
	began := ""
	for _, k := range *keys {
		if len(k) == 1 {
			began += k
		}
	}
	if began != "159D" || len(*keys) != 8 {
		t.Errorf("heard %v", *keys)
	}
	if lose > 0 {
		return
	}
	loud, pcm := 0, bob.leaked(t)
	for i := 0; i+bob.rate/1000 <= len(pcm); i += bob.rate / 1000 {
		if slices.Max(pcm[i:i+bob.rate/1000]) > 2000 {
			loud++
		}
	}
	// Before, there are 200 ms of the other tone; then what of four keys is not kept out.
	if leak := (loud - 200) / 4; leak > 45 {
		t.Errorf("%d ms of each key come to the listener", leak)
	}
}

// leaked is the sound that a party was sent, with silence for what was left out.
func (p *party) leaked(t testing.TB) (pcm []int16) {
	t.Helper()
	sent := p.taken()
	for _, s := range sent {
		at := p.decoder.Shape().Values(s.header.timestamp - sent[0].header.timestamp)
		frame := make([]int16, p.decoder.Length(s.payload))
		if _, err := p.decoder.Decode(frame, s.payload); err != nil {
			t.Fatal(err)
		}
		pcm = append(append(pcm, make([]int16, max(0, at-len(pcm)))...), frame...)
	}
	return pcm
}

// TestTonesAreListenedForOnlyWhereTheyMustBe: not where the source could tell them
// otherwise, or nobody wants to know.
func TestTonesAreListenedForOnlyWhereTheyMustBe(t *testing.T) {
	for _, tt := range []struct {
		name     string
		source   []Codec
		listener []Codec
		keys     bool
		want     bool
	}{
		{"both have events", []Codec{pcmu, events8}, []Codec{pcmu, events8}, false, false},
		{"neither has", []Codec{pcmu}, []Codec{pcmu}, false, false},
		{"the listener has", []Codec{pcmu}, []Codec{pcmu, events8}, false, true},
		{"the listener is told otherwise", []Codec{pcmu}, []Codec{pcmu}, true, true},
		{"no codec for it", []Codec{g729}, []Codec{g729, events8}, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRehearsal(t)
				alice, bob := r.leg(1, tt.source...), r.leg(2, tt.listener...)
				alice.OnKeys(func(time.Time, Key) {})
				remote := Remote{RTP: bob.far, Send: numbered(tt.listener), Receive: numbered(tt.listener), Direction: SendRecv, Keys: tt.keys}
				if err := bob.SetRemote(remote); err != nil {
					t.Fatal(err)
				}
				ends := map[int]End{1: alice.Session, 2: bob.Session}
				swap(t, Table{2: {{Source: 1}}}, ends)
				if got := alice.keyEar != nil && alice.keyEar.tones != nil; got != tt.want {
					t.Errorf("listened for: %v", got)
				}
				if tt.want { // what was agreed on is agreed on again: a key that is down goes on
					before := alice.keyEar.tones
					if err := alice.SetRemote(Remote{RTP: alice.far, Send: numbered(tt.source), Receive: numbered(tt.source), Direction: SendRecv}); err != nil {
						t.Fatal(err)
					}
					if swap(t, Table{2: {{Source: 1}}}, ends); alice.keyEar.tones != before {
						t.Error("it listens anew")
					}
				}
				swap(t, Table{}, ends)
				if alice.keyEar != nil && alice.keyEar.tones != nil {
					t.Error("it is listened for still")
				}
			})
		})
	}
}

// TestPressIntoAMix: who hears several is told keys too.
func TestPressIntoAMix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		all := r.conference(pcmu, pcma, g722)
		r.hears(everybody(3), nil, all...)
		talk(300*ms, all...)
		if err := all[2].SendKey(dtmf.Pound, 100*ms); err != nil {
			t.Fatal(err)
		}
		talk(500*ms, all...)
		pcm, _ := all[2].heard()
		if got := sounded(t, pcm, all[2].rate); got != "#" {
			t.Errorf("heard %q", got)
		}
	})
}

// TestOverhearingDoesNotAllocate: a packet of sound costs nothing more, one of a key and one
// that is listened to for tones nothing on the heap.
func TestOverhearingDoesNotAllocate(t *testing.T) {
	carry := listenedCall(t)
	for range 100 {
		carry()
	}
	if n := allocsPerRun(200, carry); n != 0 {
		t.Errorf("%v allocations a frame that is listened to", n)
	}
}

// BenchmarkListenForTones is a relayed packet whose sound is listened to.
func BenchmarkListenForTones(b *testing.B) {
	carry := listenedCall(b)
	b.ReportAllocs()
	for b.Loop() {
		carry()
	}
}

// listenedCall gives a function that carries a packet which is listened to.
func listenedCall(t testing.TB) (carry func()) {
	e, err := New(Config{Network: quietNetwork{}, Address: loopback, First: 30000, Last: 30003})
	if err != nil {
		t.Fatal(err)
	}
	from, to := numbered([]Codec{pcmu}), numbered([]Codec{pcmu, events8})
	a, b := sessionTo(t, e, addr(alicesAddress)), sessionTo(t, e, addr(bobsAddress))
	for s, payloads := range map[*Session][]Payload{a: from, b: to} {
		at := alicesAddress
		if s == b {
			at = bobsAddress
		}
		if err := s.SetRemote(plain(at, payloads...)); err != nil {
			t.Fatal(err)
		}
	}
	a.OnKeys(func(time.Time, Key) {})
	swap(t, Table{2: {{Source: 1}}}, map[int]End{1: a, 2: b})
	next, now := stream(t, a, from[0], 1, 0), start
	return func() { next(now); now = now.Add(framePeriod) }
}

// FuzzOverhear: whatever comes as a key or as sound that is listened to, keys begin and end
// in turn.
func FuzzOverhear(f *testing.F) {
	f.Add(keyPayload(5, false, 160), uint32(0), true)
	f.Add(keyPayload(5, true, 480), uint32(160), true)
	f.Add([]byte{255, 128, 0}, uint32(1<<31), true)
	f.Add(make([]byte, 160), uint32(320), false)
	e, err := New(Config{Network: quietNetwork{}, Address: loopback, First: 30000, Last: 30003})
	if err != nil {
		f.Fatal(err)
	}
	s := sessionTo(f, e, addr(alicesAddress))
	defer s.Close()
	if err := s.SetRemote(plain(alicesAddress, numbered([]Codec{pcmu, events8})...)); err != nil {
		f.Fatal(err)
	}
	down, now, sequence := false, start, uint16(0)
	s.OnKeys(func(_ time.Time, k Key) {
		if (k.Phase == dtmf.Began) == down || !k.Digit.Valid() || k.Duration < 0 {
			panic(fmt.Sprintf("%+v, down before: %v", k, down))
		}
		down = !down
	})
	s.mu.Lock()
	s.earForKeys().tones = newToneEar(s.keyEar, numbered([]Codec{pcmu}))
	s.mu.Unlock()
	f.Fuzz(func(t *testing.T, payload []byte, timestamp uint32, key bool) {
		number := uint8(0)
		if key {
			number = 97
		}
		if len(payload) > 1500 {
			return
		}
		sequence++
		s.receiveMedia(now, rtpPacket(number, sequence, timestamp, 7, payload...), s.remote.RTP)
		if now = now.Add(5 * ms); key {
			now = now.Add(dtmf.Timeout)
			s.keyEar.pull(now, now)
		}
	})
}
