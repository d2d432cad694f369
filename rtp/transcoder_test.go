package rtp

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// TestTranscodePairs: a tone goes from each codec to each other one, both ways, with
// its level, clean, in one stream and without delay.
func TestTranscodePairs(t *testing.T) {
	codecs := []Codec{pcmu, pcma, g722, opus, wide}
	for i, from := range codecs {
		for k, to := range codecs {
			if i == k {
				continue
			}
			t.Run(from.Name+" to "+to.Name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { testPair(t, from, to) })
			})
		}
	}
}

func testPair(t *testing.T, from, to Codec) {
	r := newRehearsal(t)
	alice, bob := r.party(1, 1004, from), r.party(2, 600, to)
	r.hears(both(), nil, alice, bob)
	began := time.Now()
	talk(time.Second, alice, bob)
	floor := 30.0
	if from.isOpus() || to.isOpus() {
		floor = 18
	}
	for _, c := range []struct {
		*party
		tone float64
	}{{bob, 1004}, {alice, 600}} {
		pcm, sent := c.heard()
		if len(sent) != 50 {
			t.Fatalf("%d packets", len(sent))
		}
		for i, s := range sent {
			if want := began.Add(time.Duration(i) * framePeriod); !s.at.Equal(want) || s.header.marker != (i == 0) {
				t.Fatalf("packet %d: %v late, %+v", i, s.at.Sub(want), s.header)
			}
		}
		tone, rest := levelsAt(t, c.rate, after(pcm, c.rate, 200*ms), c.tone)
		if math.Abs(tone+10) > 0.5 || tone-rest < floor {
			t.Errorf("%.0f Hz at %.2f dBFS, the rest at %.2f", c.tone, tone, rest)
		}
	}
}

// TestTranscodeCutsPackets: whatever the packet times of both sides.
func TestTranscodeCutsPackets(t *testing.T) {
	for _, from := range []time.Duration{10 * ms, 20 * ms, 30 * ms, 40 * ms, 60 * ms} {
		for _, to := range []time.Duration{0, 10 * ms, 20 * ms, 30 * ms, 40 * ms, 60 * ms} {
			for _, c := range []Codec{g722, opus} {
				if c.isOpus() && (from == 30*ms && to == 0 || to == 30*ms) {
					continue // Opus has no such packets
				}
				t.Run(fmt.Sprint(c.Name, from, to), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { testCuts(t, c, from, to) })
				})
			}
		}
	}
}

func testCuts(t *testing.T, c Codec, from, to time.Duration) {
	r := newRehearsal(t)
	alice, bob := r.party(1, 1004, pcma), r.party(2, 600, c)
	remote := Remote{RTP: bob.far, Send: []Payload{bob.payload}, Receive: []Payload{bob.payload}, Direction: SendRecv, Ptime: to}
	if err := bob.SetRemote(remote); err != nil {
		t.Fatal(err)
	}
	alice.ptime = from
	r.hears(both(), nil, alice, bob)
	for range 1200 * ms / from {
		alice.send(alice.next())
		<-time.After(from)
	}
	want := to
	if to == 0 {
		want = from
	}
	pcm, sent := bob.heard()
	if len(sent) != int(1200*ms/want) {
		t.Errorf("%d packets, want %d", len(sent), 1200*ms/want)
	}
	for i, s := range sent[1:] {
		ticks := s.header.timestamp - sent[i].header.timestamp
		if got := ticksTime(ticks, bob.payload.Codec.Rate); got != want {
			t.Fatalf("packet %d comes %v after the one before, want %v", i+1, got, want)
		}
	}
	if tone, rest := levelsAt(t, bob.rate, after(pcm, bob.rate, 200*ms), 1004); math.Abs(tone+10) > 0.5 || tone-rest < 16 {
		t.Errorf("tone %.2f, rest %.2f dBFS", tone, rest)
	}
}

// TestTranscodeUnderLoss: what is lost is made up and what is late put in its place, so
// the listener's stream has no gap.
func TestTranscodeUnderLoss(t *testing.T) {
	for name, deliver := range map[string]func(i int, p *party, packet, held *[]byte){
		"each tenth is lost": func(i int, p *party, packet, _ *[]byte) {
			if i%10 != 5 {
				p.send(*packet)
			}
		},
		"two in twenty-five are lost": func(i int, p *party, packet, _ *[]byte) {
			if i%25 != 5 && i%25 != 6 {
				p.send(*packet)
			}
		},
		"two change places": func(i int, p *party, packet, held *[]byte) {
			switch i % 10 {
			case 5:
				*held = *packet
				return
			case 6:
				p.send(*packet)
				p.send(*held)
				return
			}
			p.send(*packet)
		},
		"all come twice": func(_ int, p *party, packet, _ *[]byte) {
			p.send(*packet)
			p.send(*packet)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRehearsal(t)
				alice, bob := r.party(1, 500, pcmu), r.party(2, 600, g722)
				r.hears(both(), nil, alice, bob)
				var held []byte
				for i := range 100 {
					packet := alice.next()
					deliver(i, alice, &packet, &held)
					<-time.After(framePeriod)
				}
				pcm, sent := bob.heard()
				if n := len(sent); n != 100 {
					t.Errorf("%d packets", n)
				}
				if gap := silence(after(pcm, bob.rate, 100*ms), bob.rate); gap > 5*ms {
					t.Errorf("%v of silence", gap)
				}
				if tone, rest := levelsAt(t, bob.rate, after(pcm, bob.rate, 100*ms), 500); math.Abs(tone+10) > 1 || tone-rest < 12 {
					t.Errorf("tone %.2f, rest %.2f dBFS", tone, rest)
				}
			})
		})
	}
}

// TestTranscodePauses: a source that sends nothing for a while is silent as long for
// the listener, and the marker says where it goes on.
func TestTranscodePauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob := r.party(1, 500, pcmu), r.party(2, 600, opus)
		r.hears(both(), nil, alice, bob)
		talk(100*ms, alice)
		<-time.After(3 * time.Second)
		alice.head.timestamp += 3 * 8000
		talk(100*ms, alice)
		_, sent := bob.heard()
		if len(sent) != 10 || sent[5].header.timestamp-sent[4].header.timestamp != 3*48000+960 || !sent[5].header.marker || sent[6].header.marker {
			t.Errorf("%d packets: %+v", len(sent), sent)
		}
	})
}

// TestTranscodeSurvivesAnotherStream: the far end begins anew, with another SSRC or with
// numbers from elsewhere; it is one stream to the listener all the same.
func TestTranscodeSurvivesAnotherStream(t *testing.T) {
	for name, change := range map[string]func(h *header){
		"another SSRC":             func(h *header) { h.ssrc++; h.sequence += 1000; h.timestamp += 1 << 30 },
		"a clock set back":         func(h *header) { h.timestamp -= 1 << 20 },
		"a clock set forward":      func(h *header) { h.timestamp += 1 << 20 },
		"a number that wraps":      nil,
		"an SSRC with its numbers": func(h *header) { h.ssrc++ },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRehearsal(t)
				alice, bob := r.party(1, 500, pcmu), r.party(2, 600, g722)
				r.hears(both(), nil, alice, bob)
				alice.head.sequence = 65535 - 3
				talk(200*ms, alice)
				if change != nil {
					change(&alice.head)
				}
				talk(400*ms, alice)
				pcm, sent := bob.heard()
				if len(sent) < 29 || len(pcm) > 700*16 {
					t.Errorf("%d packets, %d ms", len(sent), len(pcm)/16)
				}
				if tone, _ := levelsAt(t, bob.rate, pcm[len(pcm)-200*16:], 500); math.Abs(tone+10) > 0.5 {
					t.Errorf("tone at %.2f dBFS", tone)
				}
			})
		})
	}
}

func TestGainOfOneSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob := r.party(1, 1004, pcmu), r.party(2, 600, pcmu)
		for _, gain := range []float64{-6, -20, 9.5, 24, -200, 0} {
			r.hears(Table{2: {{Source: 1, Gain: gain}}}, nil, alice, bob)
			talk(400*ms, alice)
			pcm, _ := bob.heard()
			tone, rest := levels(t, after(pcm, 8000, 100*ms), 1004)
			switch want := -10 + gain; {
			case gain < -100:
				if tone > -70 {
					t.Errorf("%.1f dB: still at %.2f", gain, tone)
				}
			case gain > 10: // it is as loud as can be, and clipped
				if tone < -0.1 {
					t.Errorf("%.1f dB: at %.2f", gain, tone)
				}
			case math.Abs(tone-want) > 0.2 || tone-rest < 28:
				t.Errorf("%.1f dB: tone %.2f, rest %.2f dBFS, want %.2f", gain, tone, rest, want)
			}
		}
		for _, gain := range []float64{25, math.NaN(), math.Inf(1)} {
			if _, err := Compile(Table{2: {{Source: 1, Gain: gain}}}, map[int]End{1: alice.Session, 2: bob.Session}); err == nil {
				t.Errorf("a gain of %g is taken", gain)
			}
		}
	})
}

// TestSameTableDisturbsNothing: the transcoder stays the one that it is.
func TestSameTableDisturbsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob := r.party(1, 1004, pcmu), r.party(2, 600, g722)
		r.hears(both(), nil, alice, bob)
		before := bob.heardBy()
		talk(100*ms, alice, bob)
		for range 10 {
			r.hears(both(), nil, alice, bob)
			talk(20*ms, alice, bob)
		}
		if bob.heardBy() != before {
			t.Error("another transcoder")
		}
		pcm, sent := bob.heard()
		for i, s := range sent {
			if s.header.marker != (i == 0) {
				t.Errorf("packet %d: %+v", i, s.header)
			}
		}
		if tone, rest := levelsAt(t, 16000, after(pcm, 16000, 60*ms), 1004); math.Abs(tone+10) > 0.3 || tone-rest < 30 {
			t.Errorf("tone %.2f, rest %.2f", tone, rest)
		}
	})
}

// heardBy is what makes the sound that the party hears.
func (p *party) heardBy() maker { return p.current().from.maker }

// TestFromRelayToTranscodeAndBack: a re-INVITE changes the codec of one side and later
// that of the other. It is one stream, with no more than a packet of silence, and
// nobody transcodes who need not.
func TestFromRelayToTranscodeAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob := r.party(1, 1004, pcmu), r.party(2, 600, pcmu)
		other := r.party(3, 1004, g722) // alice's voice after her re-INVITE
		other.rehearsalLeg, other.head.number = alice.rehearsalLeg, 96
		speak := func(p *party) {
			remote := Remote{RTP: alice.far, Send: []Payload{p.payload}, Receive: []Payload{p.payload}, Direction: SendRecv}
			if err := alice.SetRemote(remote); err != nil {
				t.Fatal(err)
			}
			r.hears(both(), nil, alice, bob)
			talk(400*ms, p, bob)
		}
		for i, p := range []*party{alice, other, alice, other, alice} {
			speak(p)
			if _, transcodes := bob.heardBy().(*transcoder); transcodes != (p == other) {
				t.Errorf("after %d changes: transcodes %v", i, transcodes)
			}
		}
		pcm, sent := bob.heard()
		if len(sent) != 100 || silence(pcm, 8000) > framePeriod {
			t.Errorf("%d packets, %v of silence", len(sent), silence(pcm, 8000))
		}
		if len(pcm) > 2040*8 || len(pcm) < 1960*8 {
			t.Errorf("2 s became %d ms", len(pcm)/8)
		}
	})
}

// TestKeysBesideTranscodedSound: a key passes with the listener's number and clock, and
// the sound under it does not.
func TestKeysBesideTranscodedSound(t *testing.T) {
	for _, under := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRehearsal(t)
			alice, bob := r.party(1, 500, pcmu, events), r.party(2, 600, opus, events, opusDT)
			r.hears(both(), nil, alice, bob)
			talk(100*ms, alice)
			began := alice.head.timestamp
			for i := range 8 {
				alice.key(97, began, keyPayload(5, i >= 5, uint16(160*min(i+1, 6)))...)
				if under {
					alice.send(alice.next())
				}
				<-time.After(framePeriod)
			}
			if !under {
				alice.head.timestamp += 8 * 160
			}
			talk(100*ms, alice)
			sent := bob.taken()
			var keys, voices []sentFrame
			for i, s := range sent {
				if i > 0 && (s.header.sequence != sent[i-1].header.sequence+1 || s.header.ssrc != sent[0].header.ssrc) {
					t.Fatalf("%+v after %+v", s.header, sent[i-1].header)
				}
				if s.header.number == 98 {
					keys = append(keys, s)
				} else {
					voices = append(voices, s)
				}
			}
			first := sent[0].header.timestamp
			if len(keys) != 8 {
				t.Fatalf("%d packets of keys in %d", len(keys), len(sent))
			}
			for i, k := range keys {
				want := keyPayload(5, i >= 5, uint16(960*min(i+1, 6)))
				if k.header.timestamp-first != 5*960 || string(k.payload) != string(want) {
					t.Errorf("packet %d: %+v %x, want %x", i, k.header, k.payload, want)
				}
			}
			last := voices[len(voices)-1].header
			if last.timestamp-first != 17*960 {
				t.Errorf("the sound ends %d ticks after it began", last.timestamp-first)
			}
			if n := len(voices); !under && n != 10 || under && n != 12 {
				t.Errorf("%d packets of sound", n)
			}
		})
	}
}

// TestComfortNoise: it passes to who takes it, and is made for who does not, until
// there is sound again.
func TestComfortNoise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice := r.party(1, 500, pcmu, cn)
		takes, not := r.party(2, 600, pcma, cn), r.party(3, 600, opus)
		r.hears(Table{2: {{Source: 1}}, 3: {{Source: 1}}}, nil, alice, takes, not)
		talk(200*ms, alice)
		alice.key(97, alice.head.timestamp, 40)
		<-time.After(2 * time.Second)
		synctest.Wait()
		alice.head.timestamp += 2 * 8000
		talk(200*ms, alice)
		_, sent := takes.heard()
		if n := len(sent); n != 21 || sent[10].header.number != 97 || string(sent[10].payload) != "\x28" {
			t.Errorf("%d packets, %+v", n, sent[10])
		}
		pcm, sent := not.heard()
		if n := len(sent); n < 118 || n > 122 {
			t.Errorf("%d packets", n)
		}
		noise := after(pcm, not.rate, 500*ms)[:48000]
		if _, level := levelsAt(t, not.rate, noise, 500); math.Abs(level-3+40) > 4 { // dBov counts from a square wave
			t.Errorf("noise at %.1f dBFS", level)
		}
		if tone, _ := levelsAt(t, not.rate, pcm[len(pcm)-4800:], 500); math.Abs(tone+10) > 1 {
			t.Errorf("then the tone at %.1f dBFS", tone)
		}
		r.hears(Table{}, nil, alice, takes, not)
	})
}

// TestPlayerToAnyCodec: a player's sound is encoded for who takes no G.711.
func TestPlayerToAnyCodec(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		parties := []*party{r.party(1, 500, g722), r.party(2, 500, opus), r.party(3, 500, wide), r.party(4, 500, pcma)}
		p := r.player(sine(t, 1004))
		table := Table{}
		for i := range parties {
			table[i+1] = []Heard{{Source: -1}}
		}
		r.hears(table, map[int]End{-1: p}, parties...)
		r.wait(time.Second - ms)
		for _, a := range parties {
			pcm, sent := a.heard()
			tone, rest := levelsAt(t, a.rate, after(pcm, a.rate, 100*ms), 1004)
			if len(sent) != 50 || math.Abs(tone+10) > 0.6 || tone-rest < 15 {
				t.Errorf("%s: %d packets, tone %.2f, rest %.2f", a.payload.Codec, len(sent), tone, rest)
			}
		}
		if r.engine.Playing() != 1 {
			t.Errorf("%d playing", r.engine.Playing())
		}
		for _, a := range parties {
			a.Close()
		}
		if r.engine.Playing() != 0 {
			t.Error("plays to nobody")
		}
	})
}

// TestGarbageAtATranscodedCall: whatever is thrown at the port, bob hears the same.
func TestGarbageAtATranscodedCall(t *testing.T) {
	var heard [2][]byte
	for i, flood := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRehearsal(t)
			alice, bob := r.party(1, 500, pcmu, events), r.party(2, 600, g722, events)
			alice.head = header{ssrc: 1}
			r.hears(both(), nil, alice, bob)
			stranger := addr("203.0.113.9:7000")
			for n := range 50 {
				alice.send(alice.next())
				for k := range 100 {
					if flood {
						alice.receiveMedia(time.Now(), rtpPacket(uint8(n*k)&127, uint16(n+k*977), uint32(k), uint32(k%3), make([]byte, k*13)...), stranger)
						alice.receiveMedia(time.Now(), make([]byte, k), alice.far)
						alice.receiveMedia(time.Now(), rtpPacket(55, uint16(k), 1, 1, 1, 2, 3), alice.far)
					}
				}
				<-time.After(framePeriod)
			}
			for _, s := range bob.taken() {
				heard[i] = append(heard[i], s.payload...)
			}
		})
	}
	if len(heard[0]) != 50*160 || string(heard[0]) != string(heard[1]) {
		t.Errorf("%d octets, then %d", len(heard[0]), len(heard[1]))
	}
}

// TestTranscodersEnd: with the session, the table and the codec, and their encoders and
// decoders with them.
func TestTranscodersEnd(t *testing.T) {
	for name, end := range map[string]func(r *rehearsal, alice, bob *party){
		"the listener closes":  func(_ *rehearsal, _, bob *party) { bob.Close() },
		"nobody hears anybody": func(r *rehearsal, alice, bob *party) { r.hears(Table{}, nil, alice, bob) },
		"another source":       func(r *rehearsal, alice, bob *party) { r.hears(Table{2: {{Source: 2}}}, nil, alice, bob) },
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRehearsal(t)
			alice, bob := r.party(1, 500, pcmu), r.party(2, 600, opus)
			r.hears(both(), nil, alice, bob)
			talk(100*ms, alice)
			tc := bob.heardBy().(*transcoder)
			bob.taken()
			end(r, alice, bob)
			talk(100*ms, alice)
			if !tc.closed || len(tc.ear.voices) != 0 || len(bob.taken()) != 0 {
				t.Errorf("%s: it goes on", name)
			}
			if _, err := tc.mouth.encoder.Encode(make([]byte, 100), make([]int16, 960)); err == nil {
				t.Errorf("%s: its encoder is open", name)
			}
		})
	}
}

func TestWhatCannotBeTranscoded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		a, b := r.leg(1, pcmu, events), r.leg(2, g729, events)
		odd := r.leg(3, Codec{Name: "L16", Rate: 44100})
		ends := map[int]End{1: a.Session, 2: b.Session, 3: odd.Session, 4: NewSink(nil)}
		for _, table := range []Table{{1: {{Source: 2}}}, {2: {{Source: 1}}}, {3: {{Source: 1}}}, {2: {{Source: 2, Gain: 3}}}, {4: {{Source: 1, Gain: 3}}}} {
			_, err := Compile(table, ends)
			var hearing *HearingError
			if !errors.As(err, &hearing) || hearing.Needs != Transcode {
				t.Errorf("%v: %v", table, err)
			}
		}
		swap(t, Table{2: {{Source: 2}}}, ends) // what cannot be transcoded is relayed
	})
}
