package codec

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseOpusParameters(t *testing.T) {
	for _, c := range []struct {
		fmtp string
		want OpusParameters
	}{
		{"", OpusParameters{}},
		{"minptime=10;useinbandfec=1", OpusParameters{MinPtime: 10, FEC: true}}, // browsers
		{"maxplaybackrate=16000; sprop-maxcapturerate=16000; maxaveragebitrate=20000; stereo=1; useinbandfec=1; usedtx=0", // RFC 7587 s7
			OpusParameters{MaxPlaybackRate: 16000, MaxCaptureRate: 16000, MaxAverageBitrate: 20000, Stereo: true, FEC: true}},
		{" STEREO = 1 ;sprop-stereo=1;CBR=1;usedtx=1;;", OpusParameters{Stereo: true, SendsStereo: true, CBR: true, DTX: true}},
		{"stereo=1;stereo=0", OpusParameters{}},
		{"maxplaybackrate=7999;maxaveragebitrate=510001;minptime=2;stereo=2;cbr=yes;usedtx", OpusParameters{}},
		{"sprop-maxcapturerate=48001;x-google-start-bitrate=800;=1;useinbandfec=-1", OpusParameters{}},
		{"maxplaybackrate=99999999999999999999;cbr=1", OpusParameters{CBR: true}},
	} {
		if got := ParseOpusParameters(c.fmtp); got != c.want {
			t.Errorf("%q: %+v", c.fmtp, got)
		}
	}
}

func TestOurOpusParameters(t *testing.T) {
	for _, c := range []struct {
		rate, channels int
		want           string
	}{
		{48000, 2, "minptime=10;stereo=1;sprop-stereo=1;useinbandfec=1"},
		{48000, 1, "minptime=10;useinbandfec=1"},
		{16000, 1, "minptime=10;maxplaybackrate=16000;sprop-maxcapturerate=16000;useinbandfec=1"},
	} {
		if got := OurOpusParameters(c.rate, c.channels).String(); got != c.want {
			t.Errorf("%d/%d: %s", c.rate, c.channels, got)
		}
	}
	if got := (OpusParameters{}).String(); got != "" {
		t.Errorf("nothing to say: %q", got)
	}
}

// TestParametersComeBack: what is written is read.
func TestParametersComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		maybe := func(least, most int) int {
			return rapid.OneOf(rapid.Just(0), rapid.IntRange(least, most)).Draw(t, "value")
		}
		flag := func() bool { return rapid.Bool().Draw(t, "flag") }
		p := OpusParameters{
			MaxPlaybackRate: maybe(8000, 48000), MaxCaptureRate: maybe(8000, 48000),
			Stereo: flag(), SendsStereo: flag(), CBR: flag(), FEC: flag(), DTX: flag(),
			MaxAverageBitrate: maybe(6000, 510000), MinPtime: maybe(3, 120),
		}
		if got := ParseOpusParameters(p.String()); got != p {
			t.Fatalf("%+v became %+v by %q", p, got, p.String())
		}
	})
}

func FuzzOpusParameters(f *testing.F) {
	f.Add("maxplaybackrate=16000; stereo=1;;=;a=b=c")
	f.Fuzz(func(t *testing.T, fmtp string) {
		p := ParseOpusParameters(fmtp)
		if again := ParseOpusParameters(p.String()); again != p {
			t.Fatalf("%+v and %+v", p, again)
		}
		settings, err := settle(Format{Parameters: fmtp}, Options{}, Shape{48000, 48000, 2})
		if err != nil || settings.bitrate < 6000 {
			t.Fatalf("%+v, %v", settings, err)
		}
	})
}

// packet is a first octet and what follows.
func packet(config, code byte, rest ...byte) []byte {
	return append([]byte{config<<3 | code}, rest...)
}

func TestParseOpus(t *testing.T) {
	const ms = time.Millisecond
	some := make([]byte, 3000)
	for _, c := range []struct {
		name     string
		payload  []byte
		frames   int // 0: malformed
		duration time.Duration
	}{
		{"R1: nothing", nil, 0, 0},
		{"one empty frame", packet(1, 0), 1, 20 * ms},
		{"SILK, 10 ms", packet(0, 0, 1), 1, 10 * ms},
		{"SILK, 60 ms", packet(11, 0, 1), 1, 60 * ms},
		{"hybrid, 10 ms", packet(12, 0, 1), 1, 10 * ms},
		{"hybrid, 20 ms", packet(15, 0, 1), 1, 20 * ms},
		{"CELT, 2.5 ms", packet(16, 0, 1), 1, 2500 * time.Microsecond},
		{"CELT, 5 ms", packet(21, 0, 1), 1, 5 * ms},
		{"CELT, 20 ms", packet(31, 0, 1), 1, 20 * ms},
		{"R2: 1275 octets", packet(1, 0, some[:1275]...), 1, 20 * ms},
		{"R2: 1276 octets", packet(1, 0, some[:1276]...), 0, 0},
		{"two alike", packet(1, 1, 5, 6), 2, 40 * ms},
		{"R3: two alike, odd", packet(1, 1, 5, 6, 7), 0, 0},
		{"two alike, too long", packet(1, 1, some[:2552]...), 0, 0},
		{"two", packet(1, 2, 1, 9, 9, 9), 2, 40 * ms},
		{"two, the second empty", packet(1, 2, 1, 9), 2, 40 * ms},
		{"R4: two, without a length", packet(1, 2), 0, 0},
		{"R4: two, half a length", packet(1, 2, 252), 0, 0},
		{"R4: two, the first too long", packet(1, 2, 2, 9), 0, 0},
		{"two, 252 octets", packet(1, 2, append([]byte{252, 0}, some[:252]...)...), 2, 40 * ms},
		{"two, 253 + 4 octets, one missing", packet(1, 2, append([]byte{253, 1}, some[:256]...)...), 0, 0},
		{"many without a count", packet(1, 3), 0, 0},
		{"R5: none", packet(1, 3, 0), 0, 0},
		{"three alike", packet(1, 3, 3, 7, 7, 7), 3, 60 * ms},
		{"R6: three alike of 4 octets", packet(1, 3, 3, 7, 7, 7, 7), 0, 0},
		{"six of 20 ms", packet(1, 3, 6), 6, 120 * ms},
		{"R5: seven of 20 ms", packet(1, 3, 7), 0, 0},
		{"48 of 2.5 ms", packet(16, 3, 48), 48, 120 * ms},
		{"R5: 49 of 2.5 ms", packet(16, 3, 49), 0, 0},
		{"R7: three that differ", packet(1, 3, 0x83, 1, 2, 7, 7, 7, 7), 3, 60 * ms},
		{"R7: lengths beyond the end", packet(1, 3, 0x83, 1, 2, 7, 7), 0, 0},
		{"R7: a length missing", packet(1, 3, 0x83, 1), 0, 0},
		{"padding", packet(1, 3, 0x41, 2, 7, 0, 0), 1, 20 * ms},
		{"padding of 254 and 1", packet(1, 3, append([]byte{0x41, 255, 1, 7}, some[:255]...)...), 1, 20 * ms},
		{"R6: padding missing", packet(1, 3, 0x41), 0, 0},
		{"R6: padding without end", packet(1, 3, 0x41, 255), 0, 0},
		{"R6: padding beyond the end", packet(1, 3, 0x41, 3, 7, 0), 0, 0},
	} {
		p, err := ParseOpus(c.payload)
		if c.frames == 0 {
			if !errors.Is(err, ErrPayload) {
				t.Errorf("%s: %+v", c.name, p)
			}
			continue
		}
		if err != nil || p.Frames != c.frames || p.Duration() != c.duration {
			t.Errorf("%s: %d frames, %s, %v", c.name, p.Frames, p.Duration(), err)
		}
	}
	if p, _ := ParseOpus([]byte{0x7C}); !p.Stereo || p.Config != 15 {
		t.Errorf("%+v", p)
	}
}

// TestOpusFrames: the nearest of the six lengths.
func TestOpusFrames(t *testing.T) {
	s := Shape{48000, 48000, 2}
	for ptime, want := range map[time.Duration]int{
		0: 120, 2: 120, 4: 240, 5: 240, 8: 480, 10: 480, 14: 480, 16: 960, 20: 960, 29: 960, 35: 1920, 40: 1920, 51: 2880, 60: 2880, 120: 2880,
	} {
		if got := opusFrameFor(s, ptime*time.Millisecond); got != 2*want {
			t.Errorf("%d ms: %d values, want %d", ptime, got, 2*want)
		}
	}
}

// FuzzParseOpus: a packet that is accepted has sensible contents.
func FuzzParseOpus(f *testing.F) {
	f.Add(packet(1, 3, 0x83, 1, 2, 7, 7, 7, 7))
	f.Add(packet(1, 3, 0xC2, 255, 0, 1, 7))
	f.Add(packet(31, 2, 252, 1))
	f.Fuzz(func(t *testing.T, payload []byte) {
		p, err := ParseOpus(payload)
		if err != nil {
			if p != (OpusPacket{}) || opusLength(Shape{8000, 48000, 1}, payload) != 0 {
				t.Fatalf("%+v with an error", p)
			}
			return
		}
		if d := p.Duration(); d < 2500*time.Microsecond || d > opusLongestPacket || p.Frames > 48 || p.Config > 31 {
			t.Fatalf("%+v", p)
		}
		if got, want := opusLength(Shape{8000, 48000, 2}, payload), int(p.Duration()/(125*time.Microsecond))*2; got != want {
			t.Fatalf("%d values, want %d", got, want)
		}
	})
}

// TestSettle: what the caller wants, within what the far end does.
func TestSettle(t *testing.T) {
	mono8, mono16, mono48 := Shape{8000, 48000, 1}, Shape{16000, 48000, 1}, Shape{48000, 48000, 1}
	stereo := Shape{48000, 48000, 2}
	for _, c := range []struct {
		name    string
		fmtp    string
		options Options
		shape   Shape
		want    opusSettings
	}{
		{"nothing said, 8 kHz", "", Options{}, mono8, opusSettings{bitrate: 16000, complexity: 1, loss: 10}},
		{"nothing said, 16 kHz", "", Options{}, mono16, opusSettings{bitrate: 24000, complexity: 1, loss: 10}},
		{"nothing said, 48 kHz", "", Options{}, mono48, opusSettings{bitrate: 36000, complexity: 1, loss: 10}},
		{"stereo that is not wanted", "", Options{}, stereo, opusSettings{bitrate: 36000, complexity: 1, loss: 10, mono: true}},
		{"stereo", "stereo=1", Options{}, stereo, opusSettings{bitrate: 54000, complexity: 1, loss: 10}},
		{"stereo of which there is none", "stereo=1", Options{}, mono48, opusSettings{bitrate: 36000, complexity: 1, loss: 10}},
		{"redundancy", "useinbandfec=1", Options{}, mono8, opusSettings{bitrate: 24000, complexity: 1, loss: 10, fec: true}},
		{"redundancy, 16 kHz", "useinbandfec=1", Options{Loss: 20}, mono16, opusSettings{bitrate: 28000, complexity: 1, loss: 20, fec: true}},
		{"a limit", "maxaveragebitrate=20000", Options{Bitrate: 64000}, mono48, opusSettings{bitrate: 20000, complexity: 1, loss: 10}},
		{"a limit above", "maxaveragebitrate=90000", Options{Bitrate: 64000}, mono48, opusSettings{bitrate: 64000, complexity: 1, loss: 10}},
		{"the rest", "cbr=1;usedtx=1;maxplaybackrate=16000", Options{Complexity: 10}, mono48,
			opusSettings{bitrate: 36000, complexity: 10, loss: 10, maxRate: 16000, cbr: true, dtx: true}},
		{"what the far end sends does not matter", "sprop-stereo=1;sprop-maxcapturerate=8000", Options{}, mono48,
			opusSettings{bitrate: 36000, complexity: 1, loss: 10}},
	} {
		got, err := settle(Format{Parameters: c.fmtp}, c.options, c.shape)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}
