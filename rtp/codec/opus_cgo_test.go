//go:build cgo

package codec

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"
)

func opusKind(parameters string, rate, channels int) kind {
	return kind{opusFormat(parameters), Options{Rate: rate, Channels: channels}}
}

// TestOpusAnyRateToAnyRate: what is encoded at one rate is decoded at another, mono
// or stereo.
func TestOpusAnyRateToAnyRate(t *testing.T) {
	for _, from := range []int{8000, 16000, 48000} {
		for _, to := range []int{8000, 12000, 16000, 24000, 48000} {
			for channels := 1; channels <= 2; channels++ {
				e, d := opusKind("", from, 1).encoder(t), opusKind("", to, channels).decoder(t)
				packets := encodeAll(t, e, tone(from, 700, 4634, from), 20*time.Millisecond)
				out := decodeAll(t, d, packets, to/50*channels, nil, false)
				if level := toneLevel(channel(out, channels-1, channels)[to/2:], to, 700); math.Abs(level+20) > 0.7 {
					t.Errorf("%d to %d/%d: the tone of -20 dBov has %.2f", from, to, channels, level)
				}
			}
		}
	}
}

// TestOpusStereo: both sides are kept apart if the far end wants them, else mixed.
func TestOpusStereo(t *testing.T) {
	for _, wanted := range []bool{true, false} {
		k := opusKind("", 48000, 2)
		if wanted {
			k.format.Parameters = "stereo=1"
		}
		left, right := tone(48000, 500, 8000, 48000), tone(48000, 1200, 8000, 48000)
		in := interleave(left, 2)
		for i, sample := range right {
			in[2*i+1] = sample
		}
		packets := encodeAll(t, k.encoder(t), in, 20*time.Millisecond)
		if p, _ := ParseOpus(packets[40]); p.Stereo != wanted {
			t.Errorf("stereo wanted %t: coded %t", wanted, p.Stereo)
		}
		out := decodeAll(t, k.decoder(t), packets, 1920, nil, false)
		apart := toneLevel(channel(out, 0, 2)[24000:], 48000, 500) - toneLevel(channel(out, 0, 2)[24000:], 48000, 1200)
		if wanted && apart < 20 || !wanted && math.Abs(apart) > 3 {
			t.Errorf("stereo wanted %t: the left's tone is %.1f dB above the right's", wanted, apart)
		}
	}
}

// TestOpusLengths: packets from 2.5 to 120 ms are decoded; those above 60 ms are
// several frames in a packet.
func TestOpusLengths(t *testing.T) {
	k := opusKind("cbr=1", 48000, 1)
	for _, ptime := range []time.Duration{2500, 5000, 10000, 20000, 40000, 60000} {
		ptime *= time.Microsecond
		packets := encodeAll(t, k.encoder(t), tone(48000, 700, 4634, 24000), ptime)
		frame := Shape{48000, 48000, 1}.values(ptime)
		out := decodeAll(t, k.decoder(t), packets, frame, nil, false)
		if level := toneLevel(out[12000:], 48000, 700); math.Abs(level+20) > 0.7 {
			t.Errorf("%s: the tone of -20 dBov has %.2f", ptime, level)
		}
		// RFC 6716 s3.2.3: two frames of the same length.
		d, at := k.decoder(t), len(packets)-4
		if len(packets[at]) != len(packets[at+1]) || packets[at][0] != packets[at+1][0] || packets[at][0]&3 != 0 {
			continue
		}
		double := append([]byte{packets[at][0] | 1}, packets[at][1:]...)
		double = append(double, packets[at+1][1:]...)
		pcm := make([]int16, 2*frame)
		if n, err := d.Decode(pcm, double); n != 2*frame || err != nil || d.Length(double) != n {
			t.Errorf("%s, twice: %d, %v", ptime, n, err)
		}
	}
}

// TestOpusTransmissionIsDiscontinuous: of silence, one packet in 400 ms is sent; of
// a voice, nearly all are.
func TestOpusTransmissionIsDiscontinuous(t *testing.T) {
	count := func(parameters string, pcm []int16) (sent int) {
		for _, p := range encodeAll(t, opusKind(parameters, 16000, 1).encoder(t), pcm, 20*time.Millisecond) {
			if len(p) > 0 {
				sent++
			}
		}
		return sent
	}
	silence := make([]int16, 4*16000)
	if all := count("", silence); all != 200 {
		t.Errorf("without: %d of 200 packets", all)
	}
	if few := count("usedtx=1", silence); few < 8 || few > 40 {
		t.Errorf("silence: %d of 200 packets", few)
	}
	if most := count("usedtx=1", speech(16000, 4)); most < 180 {
		t.Errorf("voice: %d of 200 packets", most)
	}
}

// TestOpusObeys: bit rates and bands that the far end's a=fmtp asks for.
func TestOpusObeys(t *testing.T) {
	voice := speech(48000, 3)
	bitrate := func(k kind) (bits, least, most int) {
		least = math.MaxInt
		packets := encodeAll(t, k.encoder(t), voice, 20*time.Millisecond)
		for _, p := range packets {
			bits += 8 * len(p)
			least, most = min(least, len(p)), max(most, len(p))
		}
		return bits / 3, least, most
	}
	if bits, least, most := bitrate(opusKind("cbr=1;maxaveragebitrate=24000", 48000, 1)); least != most || bits != 24000 {
		t.Errorf("cbr: %d to %d octets, %d bit/s", least, most, bits)
	}
	if bits, _, _ := bitrate(opusKind("maxaveragebitrate=12000", 48000, 1)); bits > 13000 {
		t.Errorf("at most 12,000 bit/s: %d", bits)
	}
	for rate, widest := range map[int]map[uint8]bool{
		8000:  {0: true, 16: true},
		12000: {0: true, 4: true, 16: true},
		16000: {0: true, 4: true, 8: true, 16: true, 20: true},
	} {
		k := opusKind(fmt.Sprintf("maxplaybackrate=%d", rate), 48000, 1)
		for _, packet := range encodeAll(t, k.encoder(t), voice, 20*time.Millisecond) {
			if p, _ := ParseOpus(packet); !widest[p.Config&^3] {
				t.Fatalf("maxplaybackrate %d: configuration %d", rate, p.Config)
			}
		}
	}
}

// TestOpusSaysWhatItIs: what an encoder sends tells by itself how long it is and
// which band it has, at each rate and packet time.
func TestOpusSaysWhatItIs(t *testing.T) {
	widest := map[int]uint8{8000: 0, 16000: 8} // configurations of SILK: narrow, medium, wide band
	for _, rate := range []int{8000, 16000, 48000} {
		for _, ptime := range []time.Duration{10, 20, 40, 60} {
			ptime *= time.Millisecond
			for i, packet := range encodeAll(t, opusKind("", rate, 1).encoder(t), speech(rate, 1), ptime) {
				p, err := ParseOpus(packet)
				if err != nil || p.Duration() != ptime || p.Stereo {
					t.Fatalf("%d Hz, %s, packet %d: %+v, %v", rate, ptime, i, p, err)
				}
				if most, narrow := widest[rate]; narrow && p.Config < 12 && p.Config&^3 > most {
					t.Fatalf("%d Hz, %s, packet %d: configuration %d is of a wider band", rate, ptime, i, p.Config)
				}
			}
		}
	}
}

// TestOpusFindsTheLost: one packet after another is lost, each alone; from the
// packet after it comes what the lost one said, nearer to it than what is made up, and
// the packet after it is then decoded as it would have been.
func TestOpusFindsTheLost(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		k := opusKind("useinbandfec=1", rate, 1)
		packets := encodeAll(t, k.encoder(t), speech(rate, 1.5), 20*time.Millisecond)
		frame := rate / 50
		clean := decodeAll(t, k.decoder(t), packets, frame, nil, false)
		better, trials := 0, 0
		for gone := 10; gone+1 < len(packets); gone += 3 {
			if dbov(clean[gone*frame:][:frame]) < -30 {
				continue // between syllables nothing is repeated
			}
			lost := make([]bool, len(packets))
			lost[gone] = true
			after := clean[gone*frame : (gone+3)*frame]
			found := decodeAll(t, k.decoder(t), packets, frame, lost, true)[gone*frame:][:len(after)]
			madeUp := decodeAll(t, k.decoder(t), packets, frame, lost, false)[gone*frame:][:len(after)]
			trials++
			if snr(after, found, 0) > snr(after, madeUp, 0)+2 {
				better++
			}
		}
		if trials < 15 || better*10 < trials*8 {
			t.Errorf("%d Hz: of %d lost packets %d were found", rate, trials, better)
		}
	}
}

// TestOpusWithoutRedundancy: a packet after the loss that has none does no harm.
func TestOpusWithoutRedundancy(t *testing.T) {
	k := opusKind("", 16000, 1)
	packets := encodeAll(t, k.encoder(t), speech(16000, 0.6), 20*time.Millisecond)
	for _, next := range [][]byte{nil, {}, packets[16], packets[16][:1], {0xFF, 0xFF}} {
		d, pcm := k.decoder(t), make([]int16, 320)
		decodeAll(t, d, packets[:15], 320, nil, false)
		d.Conceal(pcm, next)
		if n, err := d.Decode(pcm, packets[16]); n != 320 || err != nil {
			t.Errorf("next %x: then %d, %v", next, n, err)
		}
	}
}

// TestOpusClosed: what is closed says so, and is silent.
func TestOpusClosed(t *testing.T) {
	k := opusKind("", 16000, 1)
	e, d := k.encoder(t), k.decoder(t)
	payload := encodeAll(t, e, speech(16000, 0.02), 20*time.Millisecond)[0]
	for range 2 {
		e.Close()
		d.Close()
	}
	pcm := make([]int16, 320)
	if _, err := e.Encode(payload, pcm); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := d.Decode(pcm, payload); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	pcm[7] = 7
	if d.Conceal(pcm, payload); peakOf(pcm) != 0 {
		t.Error("sound out of a closed decoder")
	}
}

// TestOpusForgotten: the collector frees what was not closed, while others work.
func TestOpusForgotten(t *testing.T) {
	k := opusKind("", 16000, 1)
	kept := k.encoder(t)
	for range 200 {
		if _, err := NewEncoder(k.format, k.options); err != nil {
			t.Fatal(err)
		}
		if _, err := NewDecoder(k.format, k.options); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.GC()
	if len(encodeAll(t, kept, speech(16000, 0.1), 20*time.Millisecond)) != 5 {
		t.Error("the one that was kept does not work")
	}
}

// TestOpusOddLengths: what libopus cannot make of a loss is silent.
func TestOpusOddLengths(t *testing.T) {
	k := opusKind("", 8000, 2)
	d := k.decoder(t)
	frame := 320
	packets := encodeAll(t, k.encoder(t), interleave(tone(8000, 200, 8000, 1600), 2), 20*time.Millisecond)
	decodeAll(t, d, packets, frame, nil, false)
	for _, n := range []int{0, 1, 39, 40, 41, 320, 355} {
		pcm := make([]int16, n)
		for i := range pcm {
			pcm[i] = 1
		}
		d.Conceal(pcm, nil)
		if rest := pcm[n/40*40:]; peakOf(rest) != 0 {
			t.Errorf("%d values: %v", n, rest)
		}
	}
}

// BenchmarkOpus is what DefaultComplexity was chosen by: 20 ms of voice.
func BenchmarkOpus(b *testing.B) {
	for _, rate := range []int{8000, 16000, 48000} {
		for _, parameters := range []string{"", "useinbandfec=1"} {
			for _, complexity := range []int{1, 2, 5, 10} {
				e, err := NewEncoder(opusFormat(parameters), Options{Rate: rate, Complexity: complexity})
				if err != nil {
					b.Fatal(err)
				}
				voice, frame, payload := speech(rate, 2), rate/50, make([]byte, 1500)
				b.Run(fmt.Sprintf("%d/%s/complexity=%d", rate, parameters, complexity), func(b *testing.B) {
					for i := 0; b.Loop(); i++ {
						_, _ = e.Encode(payload, voice[i%100*frame:][:frame])
					}
				})
				e.Close()
			}
		}
	}
}
