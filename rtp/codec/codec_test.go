package codec

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// kind is a codec as it is tried.
type kind struct {
	format  Format
	options Options
}

func (k kind) String() string {
	if k.format.Name == "opus" {
		return fmt.Sprintf("opus-%d-%d", k.options.Rate, max(1, k.options.Channels))
	}
	return strings.ReplaceAll(k.format.String(), "/", "-")
}

// kinds are all codecs of this build, Opus at each of its rates.
func kinds() []kind {
	list := []kind{
		{format: Format{Name: "PCMU", Clock: 8000}},
		{format: Format{Name: "PCMA", Clock: 8000}},
		{format: Format{Name: "G722", Clock: 8000}},
		{format: Format{Name: "L16", Clock: 16000}},
		{format: Format{Name: "L16", Clock: 44100, Channels: 2}},
	}
	if opusMissing != "" {
		return list
	}
	for _, rate := range []int{8000, 16000, 48000} {
		for channels := range 2 {
			list = append(list, kind{opusFormat("useinbandfec=1;stereo=1"), Options{Rate: rate, Channels: channels + 1}})
		}
	}
	return list
}

func opusFormat(parameters string) Format {
	return Format{Name: "opus", Clock: 48000, Channels: 2, Parameters: parameters}
}

func (k kind) encoder(t testing.TB) Encoder {
	e, err := NewEncoder(k.format, k.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func (k kind) decoder(t testing.TB) Decoder {
	d, err := NewDecoder(k.format, k.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// interleave puts the same sound on all channels.
func interleave(pcm []int16, channels int) []int16 {
	out := make([]int16, 0, channels*len(pcm))
	for _, sample := range pcm {
		for range channels {
			out = append(out, sample)
		}
	}
	return out
}

// channel takes one channel out.
func channel(pcm []int16, of, channels int) []int16 {
	var out []int16
	for i := of; i < len(pcm); i += channels {
		out = append(out, pcm[i])
	}
	return out
}

// encodeAll encodes in packets of a time; what is no whole frame is left out.
func encodeAll(t testing.TB, e Encoder, pcm []int16, ptime time.Duration) (packets [][]byte) {
	frame := e.Frame(ptime)
	for ; len(pcm) >= frame; pcm = pcm[frame:] {
		payload := make([]byte, 2*frame+1500)
		n, err := e.Encode(payload, pcm[:frame])
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, payload[:n])
	}
	return packets
}

// decodeAll decodes, and conceals those that are lost and those that are empty.
func decodeAll(t testing.TB, d Decoder, packets [][]byte, frame int, lost []bool, peek bool) (pcm []int16) {
	buffer := make([]int16, frame)
	for i, packet := range packets {
		n := frame
		if len(packet) == 0 || lost != nil && lost[i] {
			var next []byte
			if peek && i+1 < len(packets) && !lost[i+1] {
				next = packets[i+1]
			}
			d.Conceal(buffer, next)
		} else {
			if length := d.Length(packet); length != frame {
				t.Fatalf("packet %d has %d values, not %d", i, length, frame)
			}
			var err error
			if n, err = d.Decode(buffer, packet); err != nil {
				t.Fatal(err)
			}
		}
		pcm = append(pcm, buffer[:n]...)
	}
	return pcm
}

// TestSoundSurvives sends a voice through each codec at each packet time. The bounds are what was found, less 1 dB. Opus codes what it sounds like
// and not the wave, so that its figure says only that it is the same sound.
func TestSoundSurvives(t *testing.T) {
	bounds := map[string]float64{
		"PCMU-8000": 37, "PCMA-8000": 37, "G722-8000": 20, "L16-16000": 200, "L16-44100-2": 200,
		"opus-8000-1": 7, "opus-8000-2": 7, "opus-16000-1": 8, "opus-16000-2": 8, "opus-48000-1": 8, "opus-48000-2": 8,
	}
	for _, k := range kinds() {
		voice := speech(k.encoder(t).Shape().Rate, 1.2)
		for _, ptime := range []time.Duration{10, 20, 40, 60} {
			t.Run(fmt.Sprintf("%s/%d", k, ptime), func(t *testing.T) {
				e, d := k.encoder(t), k.decoder(t)
				if e.Shape() != d.Shape() {
					t.Fatalf("encoder %v, decoder %v", e.Shape(), d.Shape())
				}
				s, frame := e.Shape(), e.Frame(ptime*time.Millisecond)
				out := decodeAll(t, d, encodeAll(t, e, interleave(voice, s.Channels), ptime*time.Millisecond), frame, nil, false)
				for c := range s.Channels {
					got, delay := bestSNR(voice, channel(out, c, s.Channels), s.Rate/100)
					if got < bounds[k.String()] {
						t.Errorf("channel %d: SNR %.1f dB at a delay of %d samples, want %.1f", c, got, delay, bounds[k.String()])
					}
				}
			})
		}
	}
}

// TestToneLevel: 1 kHz at -20 dBov comes out as loud as it went in.
func TestToneLevel(t *testing.T) {
	for _, k := range kinds() {
		e, d := k.encoder(t), k.decoder(t)
		s := e.Shape()
		in := tone(s.Rate, 1000, 4634, s.Rate)
		frame := e.Frame(20 * time.Millisecond)
		out := decodeAll(t, d, encodeAll(t, e, interleave(in, s.Channels), 20*time.Millisecond), frame, nil, false)
		for c := range s.Channels {
			heard := channel(out, c, s.Channels)[s.Rate/2:]
			if level := toneLevel(heard, s.Rate, 1000); level < -20.6 || level > -19.4 {
				t.Errorf("%s: the tone of -20 dBov came out with %.2f", k, level)
			}
			if all := dbov(heard); all < -20.6 || all > -19.4 {
				t.Errorf("%s: all together is %.2f dBov", k, all)
			}
		}
	}
}

// TestShapes: the sampling rate and the clock, which are not the same where RFC
// 3551 and RFC 7587 say so, and the lengths in both.
func TestShapes(t *testing.T) {
	want := map[string]struct {
		shape Shape
		frame int // at 20 ms
		ticks uint32
	}{
		"PCMU-8000":    {Shape{8000, 8000, 1}, 160, 160},
		"PCMA-8000":    {Shape{8000, 8000, 1}, 160, 160},
		"G722-8000":    {Shape{16000, 8000, 1}, 320, 160},
		"L16-16000":    {Shape{16000, 16000, 1}, 320, 320},
		"L16-44100-2":  {Shape{44100, 44100, 2}, 1764, 882},
		"opus-8000-1":  {Shape{8000, 48000, 1}, 160, 960},
		"opus-8000-2":  {Shape{8000, 48000, 2}, 320, 960},
		"opus-16000-1": {Shape{16000, 48000, 1}, 320, 960},
		"opus-16000-2": {Shape{16000, 48000, 2}, 640, 960},
		"opus-48000-1": {Shape{48000, 48000, 1}, 960, 960},
		"opus-48000-2": {Shape{48000, 48000, 2}, 1920, 960},
	}
	for _, k := range kinds() {
		e, w := k.encoder(t), want[k.String()]
		frame := e.Frame(20 * time.Millisecond)
		if e.Shape() != w.shape || frame != w.frame || e.Shape().Ticks(frame) != w.ticks || e.Shape().Values(w.ticks) != frame {
			t.Errorf("%s: %v, %d values, %d ticks, %d back", k, e.Shape(), frame, e.Shape().Ticks(frame), e.Shape().Values(w.ticks))
		}
	}
}

func TestKnown(t *testing.T) {
	for f, want := range map[Format]bool{
		{Name: "pcmu", Clock: 8000}:                   true,
		{Name: "PCMA", Clock: 8000, Channels: 1}:      true,
		{Name: "PCMU", Clock: 16000}:                  false,
		{Name: "PCMU", Clock: 8000, Channels: 2}:      false,
		{Name: "g722", Clock: 8000}:                   true,
		{Name: "G722", Clock: 16000}:                  false,
		{Name: "OPUS", Clock: 48000, Channels: 2}:     opusMissing == "",
		{Name: "opus", Clock: 48000}:                  false,
		{Name: "L16", Clock: 44100, Channels: 2}:      true,
		{Name: "L16", Clock: 7999}:                    false,
		{Name: "L16", Clock: 8000, Channels: 3}:       false,
		{Name: "G729", Clock: 8000}:                   false,
		{Name: "telephone-event", Clock: 8000}:        false,
		{Name: "CN", Clock: 8000}:                     false,
		{Name: "", Clock: 8000}:                       false,
		{Name: "L16", Clock: 4294967295, Channels: 1}: false,
	} {
		_, encoder := NewEncoder(f, Options{})
		_, decoder := NewDecoder(f, Options{})
		if Known(f) != want || (encoder == nil) != want || (decoder == nil) != want {
			t.Errorf("%s: known %t, %v, %v", f, Known(f), encoder, decoder)
		}
	}
}

// TestWrongOptions: what cannot be is refused with what can.
func TestWrongOptions(t *testing.T) {
	if _, err := NewEncoder(Format{Name: "G729", Clock: 8000}, Options{}); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "G729/8000") {
		t.Error(err)
	}
	if opusMissing != "" {
		_, err := NewDecoder(opusFormat(""), Options{})
		if err == nil || !strings.Contains(err.Error(), "libopus-dev") {
			t.Error(err)
		}
		return
	}
	for _, c := range []struct {
		options Options
		says    string
	}{
		{Options{Rate: 44100}, "48000"},
		{Options{Channels: 3}, "1 or 2"},
		{Options{Bitrate: 5999}, "6,000"},
		{Options{Complexity: 11}, "1 to 10"},
		{Options{Loss: 101}, "1 to 100"},
	} {
		if _, err := NewEncoder(opusFormat(""), c.options); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c.options, err)
		}
	}
}

// TestWrongLengths: PCM that is no frame, payloads that are none, slices that
// are too short; and after each of them the codec still works.
func TestWrongLengths(t *testing.T) {
	for _, k := range kinds() {
		e, d := k.encoder(t), k.decoder(t)
		frame := e.Frame(20 * time.Millisecond)
		pcm, payload := make([]int16, frame), make([]byte, 4*frame)
		check := func(what string, err, want error) {
			if !errors.Is(err, want) {
				t.Errorf("%s, %s: %v, want %v", k, what, err, want)
			}
		}
		_, err := e.Encode(payload, nil)
		check("no PCM", err, ErrFrame)
		_, err = e.Encode(nil, pcm)
		check("no room to encode", err, ErrRoom)
		if k.format.Name != "L16" && k.format.Name[:2] != "PC" || e.Shape().Channels == 2 {
			_, err = e.Encode(payload, pcm[:frame-1])
			check("one value missing", err, ErrFrame)
		}
		n, err := e.Encode(payload, pcm)
		check("a frame", err, nil)
		_, err = d.Decode(pcm, nil)
		check("no payload", err, ErrPayload)
		_, err = d.Decode(pcm[:frame-1], payload[:n])
		check("no room to decode", err, ErrRoom)
		got, err := d.Decode(pcm, payload[:n])
		check("a payload", err, nil)
		if got != frame {
			t.Errorf("%s: %d values of %d", k, got, frame)
		}
	}
}

// TestStreamsAreTheirOwn: two streams of a codec, fed in turns, give what each
// gives alone.
func TestStreamsAreTheirOwn(t *testing.T) {
	for _, k := range kinds() {
		s := k.encoder(t).Shape()
		sounds := [2][]int16{
			interleave(speech(s.Rate, 0.3), s.Channels),
			interleave(white(3000, 3*s.Rate/10), s.Channels),
		}
		var alone [2][][]byte
		for i, sound := range sounds {
			alone[i] = encodeAll(t, k.encoder(t), sound, 20*time.Millisecond)
		}
		encoders := [2]Encoder{k.encoder(t), k.encoder(t)}
		frame := encoders[0].Frame(20 * time.Millisecond)
		for at := range alone[0] {
			for i, e := range encoders {
				payload := make([]byte, 4*frame)
				n, err := e.Encode(payload, sounds[i][at*frame:][:frame])
				if err != nil || string(payload[:n]) != string(alone[i][at]) {
					t.Fatalf("%s: stream %d, packet %d differs (%v)", k, i, at, err)
				}
			}
		}
	}
}

// TestNoAllocationsPerFrame: encode, decode, conceal and errors.
func TestNoAllocationsPerFrame(t *testing.T) {
	for _, k := range kinds() {
		e, d := k.encoder(t), k.decoder(t)
		frame := e.Frame(20 * time.Millisecond)
		pcm, payload := interleave(speech(e.Shape().Rate, 0.02), e.Shape().Channels)[:frame], make([]byte, 4*frame)
		if n := testing.AllocsPerRun(100, func() {
			n, err := e.Encode(payload, pcm)
			if err != nil {
				t.Fatal(err)
			}
			if n > 0 {
				_ = d.Length(payload[:n])
				_, err = d.Decode(pcm, payload[:n])
			}
			if err != nil {
				t.Fatal(err)
			}
			d.Conceal(pcm, payload[:n])
			d.Conceal(pcm, nil)
			_, _ = d.Decode(pcm, nil)
		}); n != 0 {
			t.Errorf("%s: %v allocations", k, n)
		}
	}
}

// FuzzDecode: whatever arrives as a payload of whatever codec gives as many
// values as Length foretold, or an error, and leaves a decoder that works.
func FuzzDecode(f *testing.F) {
	for _, k := range kinds() {
		e := k.encoder(f)
		for _, packet := range encodeAll(f, e, interleave(speech(e.Shape().Rate, 0.06), e.Shape().Channels), 20*time.Millisecond) {
			f.Add(packet[:min(len(packet), 300)])
		}
	}
	f.Add([]byte{0xFF, 0xFF, 0xFF, 0xFF})
	f.Add([]byte{0x03, 0x00})
	var decoders []Decoder
	for _, k := range kinds() {
		decoders = append(decoders, k.decoder(f))
	}
	pcm := make([]int16, 2*48000)
	f.Fuzz(func(t *testing.T, payload []byte) {
		for i, d := range decoders {
			if len(payload) > 1500 {
				payload = payload[:1500]
			}
			length := d.Length(payload)
			n, err := d.Decode(pcm, payload)
			if err == nil && n != length || err != nil && n != 0 {
				t.Fatalf("decoder %d: %d values, %v; Length says %d", i, n, err, length)
			}
			if err != nil && length != 0 && d.Shape().Clock != 48000 {
				t.Fatalf("decoder %d: %v for what has %d values", i, err, length)
			}
			d.Conceal(pcm[:d.Shape().Rate/50*d.Shape().Channels], payload)
		}
	})
}

// BenchmarkCodec is a frame of 20 ms of voice.
func BenchmarkCodec(b *testing.B) {
	for _, k := range kinds() {
		e, d := k.encoder(b), k.decoder(b)
		frame := e.Frame(20 * time.Millisecond)
		voice := interleave(speech(e.Shape().Rate, 2), e.Shape().Channels)
		packets := encodeAll(b, e, voice, 20*time.Millisecond)
		pcm, payload := make([]int16, frame), make([]byte, 4*frame)
		b.Run(k.String()+"/encode", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				_, _ = e.Encode(payload, voice[i%len(packets)*frame:][:frame])
			}
		})
		b.Run(k.String()+"/decode", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				_, _ = d.Decode(pcm, packets[i%len(packets)])
			}
		})
		b.Run(k.String()+"/conceal", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if i%2 == 0 {
					d.Conceal(pcm, nil)
				} else {
					_, _ = d.Decode(pcm, packets[i%len(packets)])
				}
			}
		})
	}
}
