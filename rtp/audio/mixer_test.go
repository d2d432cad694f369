package audio

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// everybody is the table of a room in which all hear all others.
func everybody(n int) map[int][]Heard {
	table := make(map[int][]Heard, n)
	for listener := range n {
		table[listener] = []Heard{}
		for source := range n {
			if source != listener {
				table[listener] = append(table[listener], Heard{Source: source})
			}
		}
	}
	return table
}

func newMixer(t testing.TB, rate int, table map[int][]Heard) *Mixer {
	t.Helper()
	m, err := NewMixer(rate)
	if err != nil {
		t.Fatal(err)
	}
	enter(t, m, table)
	return m
}

func enter(t testing.TB, m *Mixer, table map[int][]Heard) {
	t.Helper()
	room, err := NewRoom(table)
	if err != nil {
		t.Fatal(err)
	}
	m.SetRoom(room)
}

// tick puts frames in and gives what each listener hears.
func tick(m *Mixer, frames map[int][]int16) map[int][]int16 {
	for source, pcm := range frames {
		m.Put(source, pcm)
	}
	heard := make(map[int][]int16)
	for _, out := range m.Tick() {
		for _, listener := range out.Listeners {
			heard[listener] = slices.Clone(out.PCM)
		}
	}
	return heard
}

// noise makes samples up to a peak, the first of which reaches it.
func noise(random *rand.Rand, n, peak int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(random.IntN(2*peak+1) - peak)
	}
	pcm[0] = int16(peak)
	return pcm
}

func seeded() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// TestNMinusOneIsExact: at every rate and with any number of speakers, each
// listener gets the sum of all others to the last bit.
func TestNMinusOneIsExact(t *testing.T) {
	random := seeded()
	for _, rate := range []int{8000, 16000, 48000} {
		for _, n := range []int{2, 3, 10, 70} {
			m := newMixer(t, rate, everybody(n))
			for range 5 {
				frames := make(map[int][]int16)
				for source := range random.IntN(n + 1) {
					frames[source] = noise(random, m.Samples(), 32767/n)
				}
				for listener, got := range tick(m, frames) {
					want := make([]int16, m.Samples())
					for source, pcm := range frames {
						for i := range want {
							if source != listener {
								want[i] += pcm[i]
							}
						}
					}
					if !slices.Equal(got, want) {
						t.Fatalf("%d of %d at %d Hz hears something else than the others", listener, n, rate)
					}
				}
			}
		}
	}
}

// reference is the mix as anybody would write it down: gains are in
// dB and go from those before to those now in a straight line.
func reference(before, now map[int][]Heard, frames map[int][]int16, listener, samples int) []float64 {
	sum := make([]float64, samples)
	for source, pcm := range frames {
		from, to := naiveGain(before, listener, source), naiveGain(now, listener, source)
		for i, x := range pcm {
			sum[i] += float64(x) * (from + (to-from)*float64(i)/float64(samples))
		}
	}
	return sum
}

func naiveGain(table map[int][]Heard, listener, source int) float64 {
	for _, h := range table[listener] {
		if h.Source == source && source != listener && h.Gain > -100 {
			return math.Pow(10, h.Gain/20)
		}
	}
	return 0
}

// anyTable draws a table over some numbers, which are not in a row.
func anyTable(t *rapid.T, numbers []int) map[int][]Heard {
	gains := rapid.SampledFrom([]float64{0, 0, 0, 0, -6, 3.5, -20.25, -100, math.Inf(-1), 12})
	table := make(map[int][]Heard)
	for _, listener := range numbers {
		if rapid.IntRange(0, 9).Draw(t, "listens") == 0 {
			continue
		}
		table[listener] = []Heard{}
		for _, source := range numbers {
			if rapid.IntRange(0, 3).Draw(t, "hears") > 0 {
				table[listener] = append(table[listener], Heard{source, gains.Draw(t, "gain")})
			}
		}
	}
	return table
}

// TestMixIsTheSum: whatever the tables are and however they change, each
// listener hears what the reference says, within 1 in 16 bits.
func TestMixIsTheSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfNDistinct(rapid.IntRange(-50, 300), 1, 9, rapid.ID[int]).Draw(t, "numbers")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		m, err := NewMixer(8000)
		if err != nil {
			t.Fatal(err)
		}
		var before map[int][]Heard
		for range rapid.IntRange(1, 4).Draw(t, "tables") {
			now := anyTable(t, numbers)
			room, err := NewRoom(now)
			if err != nil {
				t.Fatal(err)
			}
			if m.SetRoom(room); before == nil {
				before = now
			}
			for range 2 {
				frames := make(map[int][]int16)
				for _, source := range numbers {
					if random.IntN(2) == 0 && (isIn(before, source) || isIn(now, source)) {
						frames[source] = noise(random, 160, 600+random.IntN(300))
					}
				}
				checkMix(t, tick(m, frames), before, now, frames)
				before = now
			}
		}
	})
}

func isIn(table map[int][]Heard, number int) bool {
	return slices.Contains(members(table), number)
}

func checkMix(t *rapid.T, heard map[int][]int16, before, now map[int][]Heard, frames map[int][]int16) {
	if len(heard) != len(now) {
		t.Fatalf("%d listeners have a frame, not %d", len(heard), len(now))
	}
	for listener, got := range heard {
		for i, want := range reference(before, now, frames, listener, 160) {
			if !near(float64(got[i]), want, 1) {
				t.Fatalf("listener %d, sample %d: %d, want %.2f", listener, i, got[i], want)
			}
		}
	}
}

// TestWhoHearsTheSameSharesAFrame is what makes a large room cheap.
func TestWhoHearsTheSameSharesAFrame(t *testing.T) {
	groups := make(map[int][]Heard) // of 50 each
	for i := range 100 {
		for k := range 50 {
			groups[i] = append(groups[i], Heard{Source: i/50*50 + k})
		}
	}
	muted := everybody(100) // 7 is heard by nobody
	for i, heard := range muted {
		muted[i] = slices.DeleteFunc(heard, func(h Heard) bool { return h.Source == 7 })
	}
	louder := everybody(100) // 7 is louder for all, and for 9 everybody
	for i, heard := range louder {
		for k := range heard {
			if heard[k].Source == 7 || i == 9 {
				heard[k].Gain = 6
			}
		}
	}
	for _, c := range []struct {
		name    string
		table   map[int][]Heard
		talking []int
		shared  []int // how many listeners have the same frame
	}{
		{"nobody talks", everybody(100), nil, []int{100}},
		{"one", everybody(100), []int{7}, []int{99, 1}},
		{"three", everybody(100), []int{7, 8, 80}, []int{97, 1, 1, 1}},
		{"two groups", groups, []int{7, 8, 80}, []int{49, 48, 1, 1, 1}},
		{"a muted one", muted, []int{7, 8}, []int{99, 1}},
		{"a louder one", louder, []int{7, 8}, []int{97, 1, 1, 1}},
	} {
		m := newMixer(t, 8000, c.table)
		for _, source := range c.talking {
			m.Put(source, slices.Repeat([]int16{1000}, 160))
		}
		var shared []int
		var listeners []int
		for _, out := range m.Tick() {
			shared = append(shared, len(out.Listeners))
			listeners = append(listeners, out.Listeners...)
			if silent := !slices.ContainsFunc(out.PCM, func(x int16) bool { return x != 0 }); silent != out.Silent {
				t.Errorf("%s: a frame for %d is silent: %v", c.name, out.Listeners, out.Silent)
			}
		}
		slices.Sort(shared)
		slices.Reverse(shared)
		slices.Sort(listeners)
		if !slices.Equal(shared, c.shared) {
			t.Errorf("%s: frames are shared by %d, want %d", c.name, shared, c.shared)
		}
		if len(slices.Compact(listeners)) != len(c.table) {
			t.Errorf("%s: %d listeners have a frame", c.name, len(listeners))
		}
	}
}

// TestLevelOfMix: a mix is as loud as its parts together. Two sines of -20 dBFS
// are -17 dBFS (RMS), and each still has -20.
func TestLevelOfMix(t *testing.T) {
	m := newMixer(t, 8000, everybody(3))
	low, high := sound(t, 8000, Sine{440, -20}), sound(t, 8000, Sine{1004, -20})
	var got []int16
	for i := 0; i < len(low); i += 160 {
		got = append(got, tick(m, map[int][]int16{0: low[i : i+160], 1: high[i : i+160]})[2]...)
	}
	for _, frequency := range []float64{440, 1004} {
		tone, rest := measure(t, got, frequency)
		if !near(tone, -20, 0.01) || !near(rest, -20, 0.01) {
			t.Errorf("%.0f Hz has %.2f dBFS, the rest %.2f", frequency, tone, rest)
		}
	}
	if got := level(power(got)); !near(got, -16.99, 0.01) {
		t.Errorf("together %.2f dBFS", got)
	}
}

func power(pcm []int16) float64 {
	energy := 0.0
	for _, x := range pcm {
		energy += float64(x) * float64(x)
	}
	return energy / float64(len(pcm))
}

// played gives what a listener hears of a sound of source 0, with a table from
// each of some frames on.
func played(t testing.TB, m *Mixer, pcm []int16, listener int, tables map[int]map[int][]Heard) (heard []int16) {
	t.Helper()
	n := m.Samples()
	for i := 0; i+n <= len(pcm); i += n {
		if table, ok := tables[i/n]; ok {
			enter(t, m, table)
		}
		heard = append(heard, tick(m, map[int][]int16{0: pcm[i : i+n]})[listener]...)
	}
	return heard
}

// steepest is the largest step between samples.
func steepest(pcm []int16) (most int) {
	for i := 1; i < len(pcm); i++ {
		step := int(pcm[i]) - int(pcm[i-1])
		most = max(most, step, -step)
	}
	return most
}

// TestNothingClicks: when somebody is muted and unmuted, or leaves, or a gain
// changes, the sound has no larger step than it has by itself, and what it
// spreads into the rest of the band is 25 dB less than if it were just cut.
func TestNothingClicks(t *testing.T) {
	both := everybody(2)
	muted := map[int][]Heard{0: {{Source: 1}}, 1: {}}
	pcm := sound(t, 160*40, Sine{200, -6})
	for name, table := range map[string]map[int][]Heard{
		"mute":   muted,
		"leave":  {1: {}},
		"quiet":  {0: {{Source: 1}}, 1: {{0, -20}}},
		"louder": {0: {{Source: 1}}, 1: {{0, 5}}},
	} {
		m := newMixer(t, 8000, both)
		got := played(t, m, pcm, 1, map[int]map[int][]Heard{10: table})
		if own := steepest(pcm); name != "louder" && steepest(got) > own+1 {
			t.Errorf("%s: a step of %d, the sound has %d", name, steepest(got), own)
		}
		cut := slices.Clone(pcm)
		gain := naiveGain(table, 1, 0)
		for i := 10*160 + 10; i < len(cut); i++ { // where the sine is at its peak
			cut[i] = int16(float64(cut[i]) * gain)
		}
		if ramped, sudden := splatter(got[9*160:13*160]), splatter(cut[9*160:13*160]); ramped > sudden-25 {
			t.Errorf("%s: %.1f dB beside the tone, %.1f when it is cut", name, ramped, sudden)
		}
	}
}

// splatter is the level of what a sound has above 2 kHz.
func splatter(pcm []int16) float64 {
	sum, n := 0.0, 0
	for f := 2050.0; f < 4000; f += 50 {
		re, im := 0.0, 0.0
		for i, x := range pcm {
			window := 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(len(pcm)))
			angle := 2 * math.Pi * f * float64(i) / 8000
			re += window * float64(x) * math.Cos(angle)
			im += window * float64(x) * math.Sin(angle)
		}
		sum += re*re + im*im
		n++
	}
	return level(sum / float64(n))
}

// TestFadesGoStraight: over one frame, from the old gain to the new one.
func TestFadesGoStraight(t *testing.T) {
	pcm := slices.Repeat([]int16{16000}, 160*5)
	m := newMixer(t, 8000, everybody(2))
	got := played(t, m, pcm, 1, map[int]map[int][]Heard{1: {1: {}}, 3: everybody(2)})
	for i, x := range got {
		want := 16000.0
		switch i / 160 {
		case 1:
			want = 16000 * (1 - float64(i%160)/160)
		case 2:
			want = 0
		case 3:
			want = 16000 * float64(i%160) / 160
		}
		if !near(float64(x), want, 1) {
			t.Fatalf("sample %d is %d, want %.0f", i, x, want)
		}
	}
}

// TestFirstRoomIsInForceAtOnce: from a relay to a mix there is no gap. That holds
// for the room that is there at the first tick, however many were set before.
func TestFirstRoomIsInForceAtOnce(t *testing.T) {
	m := newMixer(t, 8000, everybody(4))
	enter(t, m, everybody(3))
	pcm := slices.Repeat([]int16{9000}, 160)
	if got := tick(m, map[int][]int16{0: pcm}); !slices.Equal(got[2], pcm) || len(got) != 3 {
		t.Errorf("%d listeners; one hears %d at first", len(got), got[2][:3])
	}
}

// TestRoomsBetweenTicks: two rooms set between ticks fade from the one that was
// heard to the last, and a frame that was put in before is not lost.
func TestRoomsBetweenTicks(t *testing.T) {
	pcm := slices.Repeat([]int16{9000}, 160)
	m := newMixer(t, 8000, everybody(3))
	tick(m, map[int][]int16{0: pcm})
	m.Put(0, pcm)
	enter(t, m, map[int][]Heard{1: {}, 2: {}}) // 0 leaves
	enter(t, m, everybody(3))                  // and comes back
	if got := tick(m, nil); !slices.Equal(got[1], pcm) {
		t.Errorf("hears %d", got[1][:5])
	}
	enter(t, m, map[int][]Heard{1: {}})
	if got := tick(m, map[int][]int16{0: pcm}); got[1][0] != 9000 || got[1][159] > 100 || len(got) != 1 {
		t.Errorf("%d listeners; one hears from %d to %d", len(got), got[1][0], got[1][159])
	}
	if m.Put(0, pcm) {
		t.Error("who has left still speaks")
	}
	if got := tick(m, nil); got[1][0] != 0 {
		t.Errorf("who has left is heard: %d", got[1][:3])
	}
}

func TestEmptyMixer(t *testing.T) {
	m, err := NewMixer(16000)
	if err != nil {
		t.Fatal(err)
	}
	if out := m.Tick(); len(out) != 0 || m.Put(1, nil) || m.Rate() != 16000 || m.Samples() != 320 {
		t.Errorf("%d outputs of nobody, frames of %d at %d", len(out), m.Samples(), m.Rate())
	}
	enter(t, m, nil)
	if out := m.Tick(); len(out) != 0 {
		t.Errorf("%d outputs in an empty room", len(out))
	}
	for _, rate := range []int{0, -8000, 44100, 24000} {
		if _, err := NewMixer(rate); err == nil {
			t.Errorf("mixes at %d", rate)
		}
	}
}

// TestPut: a frame is copied, filled up, cut, and heard in one tick only.
func TestPut(t *testing.T) {
	m := newMixer(t, 8000, everybody(2))
	long := slices.Repeat([]int16{500}, 200)
	m.Put(0, long)
	clear(long)
	if got := tick(m, nil)[1]; len(got) != 160 || got[0] != 500 || got[159] != 500 {
		t.Errorf("too long a frame: %d samples", len(got))
	}
	m.Put(0, slices.Repeat([]int16{900}, 160))
	m.Put(0, []int16{700, 700})
	if got := tick(m, nil)[1]; !slices.Equal(got[:4], []int16{700, 700, 0, 0}) || got[159] != 0 {
		t.Errorf("too short a frame: %d", got)
	}
	if got := tick(m, nil)[1]; got[0] != 0 {
		t.Errorf("no frame: %d", got[:4])
	}
	if m.Put(2, []int16{1}) {
		t.Error("a stranger is heard")
	}
}

// TestWhoIsAsGoodAsSilent: 200 ms of samples up to 16 are mixed, then they are
// left out; 17 are not; and what counts is how loud anybody hears them.
func TestWhoIsAsGoodAsSilent(t *testing.T) {
	louder := everybody(3)
	louder[2] = []Heard{{0, 6.1}, {1, 0}}
	for _, c := range []struct {
		name   string
		table  map[int][]Heard
		sample int16
		ticks  int // until it is left out; 0 for never
	}{
		{"16", everybody(3), 16, 10},
		{"-16", everybody(3), -16, 10},
		{"17", everybody(3), 17, 0},
		{"8, doubled for one", louder, 8, 0},
		{"7, doubled for one", louder, 7, 10},
	} {
		m := newMixer(t, 8000, c.table)
		left := 0
		for i := range 40 {
			sample := c.sample
			if i == 0 {
				sample = 1000 // from here on it counts
			}
			got := tick(m, map[int][]int16{0: slices.Repeat([]int16{sample}, 160)})
			if got[1][0] == 0 && left == 0 {
				left = i - 1
			}
		}
		if left != c.ticks {
			t.Errorf("%s: left out after %d ticks, want %d", c.name, left, c.ticks)
		}
	}
	m := newMixer(t, 8000, everybody(3))
	if got := tick(m, map[int][]int16{0: slices.Repeat([]int16{8}, 160)}); got[1][0] != 0 {
		t.Error("who comes with silence is mixed")
	}
	if out := m.Tick(); len(out) != 1 || !out[0].Silent {
		t.Errorf("%d frames of silence", len(out))
	}
}

// TestTurns: each beginning and end is told once, with the tick of which it is
// true, also of those whom nobody hears, and the end of who leaves.
func TestTurns(t *testing.T) {
	m := newMixer(t, 16000, map[int][]Heard{0: {}, 1: {{Source: 2}}, 2: {}})
	random := seeded()
	var told []string
	for i := range 120 {
		frames := map[int][]int16{1: noise(random, 320, 20), 2: noise(random, 320, 20)}
		if i >= 30 && i < 60 {
			frames[0] = noise(random, 320, 8000)
			frames[1] = noise(random, 320, 8000)
		}
		if i >= 90 {
			frames[2] = noise(random, 320, 8000)
		}
		if i == 110 {
			enter(t, m, map[int][]Heard{0: {}, 1: {}})
		}
		for source, pcm := range frames {
			m.Put(source, pcm)
		}
		m.Tick()
		for _, turn := range m.Turns() {
			told = append(told, turnAt(i, turn))
		}
	}
	want := []string{"32 1 true", "79 1 false", "92 2 true", "110 2 false"}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

func turnAt(tick int, turn Turn) string {
	return strings.Join([]string{strconv.Itoa(tick), strconv.Itoa(turn.Source), strconv.FormatBool(turn.Speaking)}, " ")
}

// meeting is a room of n at a rate, of whom some talk at a time, for one tick
// each: who talks changes.
type meeting struct {
	mixer   *Mixer
	talkers int
	sounds  [][]int16
	tick    int
}

func newMeeting(t testing.TB, rate, n, talkers, peak int) *meeting {
	m := &meeting{mixer: newMixer(t, rate, everybody(n)), talkers: talkers}
	random := seeded()
	for range n {
		m.sounds = append(m.sounds, noise(random, rate/50, peak))
	}
	return m
}

// next has everybody send a frame: the talkers sound, the others silence.
func (m *meeting) next() int {
	for i, pcm := range m.sounds {
		if (i+m.tick/10)%len(m.sounds) < m.talkers {
			m.mixer.Put(i, pcm)
		} else {
			m.mixer.Put(i, nil)
		}
	}
	m.tick++
	return len(m.mixer.Tick())
}

func TestTickDoesNotAllocate(t *testing.T) {
	for _, peak := range []int{1000, 30000} { // the latter through the limiter
		m := newMeeting(t, 16000, 30, 6, peak)
		if n := testing.AllocsPerRun(200, func() { m.next() }); n != 0 {
			t.Errorf("%v allocations a tick", n)
		}
		all := newMeeting(t, 8000, 30, 30, peak)
		if n := testing.AllocsPerRun(50, func() { all.next() }); n != 0 {
			t.Errorf("%v allocations a tick in which all talk", n)
		}
	}
}

// BenchmarkTick is 20 ms of a room of which a fifth talks at a time, Put and
// speech detection included.
func BenchmarkTick(b *testing.B) {
	for _, rate := range []int{8000, 16000, 48000} {
		for _, n := range []int{3, 10, 100} {
			b.Run(strconv.Itoa(n)+" at "+strconv.Itoa(rate/1000)+" kHz", func(b *testing.B) {
				m := newMeeting(b, rate, n, (n+4)/5, 1500)
				b.ReportAllocs()
				for b.Loop() {
					m.next()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/participant")
			})
		}
	}
}

// BenchmarkTickOf100 is the rest that a room of 100 can have, at 16 kHz.
func BenchmarkTickOf100(b *testing.B) {
	for _, c := range []struct {
		name          string
		talkers, peak int
	}{{"nobody talks", 0, 2000}, {"all talk", 100, 300}, {"20 talk too loud", 20, 20000}} {
		b.Run(c.name, func(b *testing.B) {
			m := newMeeting(b, 16000, 100, c.talkers, c.peak)
			for b.Loop() {
				m.next()
			}
		})
	}
}

// BenchmarkRoom is what a change of the table costs: compiling it, and putting it
// in force.
func BenchmarkRoom(b *testing.B) {
	table := everybody(100)
	m := newMixer(b, 16000, table)
	b.Run("compile", func(b *testing.B) {
		for b.Loop() {
			if _, err := NewRoom(table); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("set", func(b *testing.B) {
		for b.Loop() {
			m.SetRoom(m.room)
			m.Tick()
		}
	})
}

// TestEverybodyHearsAnotherSet: more different sums than are kept are right too.
func TestEverybodyHearsAnotherSet(t *testing.T) {
	const n = 60
	random, table, frames := seeded(), make(map[int][]Heard), make(map[int][]int16)
	for i := range n {
		table[i] = []Heard{}
		frames[i] = noise(random, 160, 32767/n)
		for k := range n {
			if k != i && random.IntN(2) == 0 {
				table[i] = append(table[i], Heard{Source: k})
			}
		}
	}
	m := newMixer(t, 8000, table)
	for listener, got := range tick(m, frames) {
		for i, want := range reference(table, table, frames, listener, 160) {
			if float64(got[i]) != want {
				t.Fatalf("listener %d, sample %d: %d, want %.0f", listener, i, got[i], want)
			}
		}
	}
	if m.sums.used != mostKept+1 {
		t.Errorf("%d sums are kept", m.sums.used)
	}
}
