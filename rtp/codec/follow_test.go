package codec

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// added is the sum of two sounds at half their levels, for a time; then the first one's half.
func added(pcm, other []int16, until int) []int16 {
	sum := make([]int16, len(pcm))
	for i := range pcm {
		if sum[i] = pcm[i] / 2; i < until {
			sum[i] += other[i] / 2
		}
	}
	return sum
}

// TestFollow: an encoder that has encoded other sound goes on where another one is, to the
// bit.
func TestFollow(t *testing.T) {
	for _, k := range kinds() {
		a, b := k.encoder(t), k.encoder(t)
		frame := a.Frame(20 * time.Millisecond)
		sound, other := speech(a.Shape().Rate*a.Shape().Channels, 2), white(3000, 50*frame)
		for i := range 50 {
			want, got := make([]byte, 8000), make([]byte, 8000)
			n, err := a.Encode(want, sound[i*frame:][:frame])
			pcm := sound
			if i < 25 {
				pcm = other
			}
			m, err2 := b.Encode(got, pcm[i*frame:][:frame])
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			if i >= 25 && !bytes.Equal(want[:n], got[:m]) {
				t.Fatalf("%s: packet %d is another", k, i)
			}
			if i == 24 && !b.Follow(a) {
				t.Fatalf("%s does not follow", k)
			}
		}
	}
}

func TestFollowOnlyItsLike(t *testing.T) {
	all := kinds()
	for i, k := range all {
		for j, other := range all {
			if got := k.encoder(t).Follow(other.encoder(t)); got != (i == j) {
				t.Errorf("%s follows %s: %v", k, other, got)
			}
		}
	}
	if opusMissing == "" {
		k := kinds()[len(all)-1]
		closed := k.encoder(t)
		closed.Close()
		if k.encoder(t).Follow(closed) || closed.Follow(k.encoder(t)) {
			t.Error("a closed encoder")
		}
	}
}

// TestJoinsRefusesWhatIsNoPayload: the lengths must be those of one packet.
func TestJoinsRefusesWhatIsNoPayload(t *testing.T) {
	e := kind{format: Format{Name: "G722", Clock: 8000}}.encoder(t)
	for _, c := range []struct{ payload, pcm int }{{0, 0}, {1, 1}, {160, 318}, {159, 320}, {161, 320}} {
		if e.Joins(make([]byte, c.payload), make([]int16, c.pcm)) {
			t.Errorf("%d octets of %d samples", c.payload, c.pcm)
		}
	}
}

// change is what it costs to go from one encoder of a sound to another.
type change struct {
	// moments is how many packets there were, taken at how many of them it was to be.
	moments, taken int
	// worst is by how many dB the loudest error in any 5 ms of the 120 ms behind each change is
	// above that without one, in order; error is the loudest of all, in dBov.
	worst []float64
	error float64
}

// changes tries the packets of a sound, from when both encoders have heard the same for half
// a second; always takes one in five, else Joins is asked.
func changes(t *testing.T, k kind, sound []int16, always bool) change {
	own, other := k.encoder(t), k.encoder(t)
	rate := own.Shape().Rate
	frame, slot := rate/50, rate/200
	apart := added(sound, speech(rate, 4)[rate/3:], rate)
	sound = added(sound, sound, 0)
	listening := k.decoder(t)
	c := change{error: -200}
	var mine, theirs [][]byte
	var joins []bool
	for i := 0; i+frame <= len(sound); i += frame {
		a, b := make([]byte, 1400), make([]byte, 1400)
		n, _ := other.Encode(b, apart[i:i+frame])
		joins = append(joins, i >= rate*3/2 && (always || own.Joins(b[:n], sound[i:i+frame])))
		m, _ := own.Encode(a, sound[i:i+frame])
		mine, theirs = append(mine, a[:m]), append(theirs, b[:n])
	}
	plain := decodeAll(t, listening, mine, frame, nil, false)
	_, delay := bestSNR(sound[:rate], plain, rate/50)
	loudest := func(out []int16, from int) float64 {
		most := -200.0
		for at := from; at < from+6*frame; at += slot {
			difference := make([]int16, slot)
			for k := range difference {
				difference[k] = int16(max(-32768, min(32767, int(out[at+delay+k])-int(sound[at+k]))))
			}
			most = max(most, dbov(difference))
		}
		return most
	}
	for i, joined := range joins[:len(joins)-8] {
		if c.moments++; !joined || (always || k.format.Name == "opus") && i%5 != 0 {
			continue
		}
		c.taken++
		changed := append(slices.Clone(mine[:i]), theirs[i:i+8]...)
		out := decodeAll(t, k.decoder(t), changed, frame, nil, false)
		c.error = max(c.error, loudest(out, i*frame))
		c.worst = append(c.worst, loudest(out, i*frame)-loudest(plain, i*frame))
	}
	slices.Sort(c.worst)
	return c
}

func (c change) at(share float64) float64 {
	if len(c.worst) == 0 {
		return math.Inf(-1)
	}
	return c.worst[int(share*float64(len(c.worst)-1))]
}

func (c change) String() string {
	return fmt.Sprintf("%d of %d: median %+.1f dB, 9 of 10 to %+.1f, most %+.1f; %.1f dBov", c.taken, c.moments, c.at(0.5), c.at(0.9), c.at(1), c.error)
}

// TestJoinsDoesNoHarm: who changes from one encoder to another of the same sound, when Joins
// says so, hears no click: the error is hardly above that of the codec. (The most is above a
// pause, where the codec's is next to nothing.)
func TestJoinsDoesNoHarm(t *testing.T) {
	list := []kind{{format: Format{Name: "G722", Clock: 8000}, options: Options{Rate: 16000}}}
	if opusMissing == "" {
		for _, parameters := range []string{"", "useinbandfec=1"} {
			for _, rate := range []int{16000, 48000} {
				list = append(list, kind{Format{"opus", 48000, 2, parameters}, Options{Rate: rate}})
			}
		}
	}
	for _, k := range list {
		for name, sound := range trials(k.options.Rate) {
			c := changes(t, k, sound, false)
			t.Logf("%s %q, %s: %s", k, k.format.Parameters, name, c)
			if c.at(0.5) > 3 || c.at(0.9) > 5 || c.at(1) > 10 {
				t.Errorf("%s %q, %s: %s", k, k.format.Parameters, name, c)
			}
			if name == "speech" && c.taken == 0 {
				t.Errorf("%s %q never joins", k, k.format.Parameters)
			}
		}
	}
}

// TestChangesOfG722AreHeard: why Joins is asked at all. Between any two packets a steady
// tone's error is up to 20 dB more than the codec's own, and a voice's is as loud as the voice.
func TestChangesOfG722AreHeard(t *testing.T) {
	k := kind{format: Format{Name: "G722", Clock: 8000}, options: Options{Rate: 16000}}
	for name, sound := range trials(16000) {
		c := changes(t, k, sound, true)
		t.Logf("%s: %s", name, c)
		if c.at(1) < 12 {
			t.Errorf("%s: only %s: Joins may be too careful", name, c)
		}
	}
}

// trials are the sounds on which changes are tried.
func trials(rate int) map[string][]int16 {
	voice, steady := speech(rate, 3.5), tone(rate, 440, 10000, rate*7/2)
	return map[string][]int16{"speech": voice, "tone": steady, "speech and tone": added(voice, steady, len(voice))}
}
