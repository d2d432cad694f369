package audio

import (
	"fmt"
	"math"
	"math/cmplx"

	"github.com/tandem-gateway/tandem/rtp/dtmf"
)

// What the detector accepts and what it does not. ITU-T Q.24, table A-1, has the
// figures of the administrations; these lie halfway between what all of them
// have accepted and what any of them has rejected.
const (
	// dtmfTolerance is how far a frequency may be off: 1.5% must be accepted, 3.5%
	// must not. dtmfClose is how far when it is known better; then both tones'
	// together must not exceed dtmfTolerance either.
	dtmfTolerance, dtmfClose = 0.025, 0.02
	// dtmfWeakest is the power of the weakest tone: -32 dBm0; -25 must be accepted.
	dtmfWeakest = fullScale * fullScale * 3.06e-4
	// By how much a tone's power may exceed the other's: by 9 and 6 dB; 8 and 4 must
	// be accepted.
	dtmfLowOverHigh, dtmfHighOverLow = 8.0, 4.0
	// dtmfShare is how much of the power at least is in the two tones: that of
	// noise 9 dB below them is the rest. 15 dB must be accepted.
	// dtmfSteadyShare is how much over the longer time.
	dtmfShare, dtmfSteadyShare = 0.9, 0.93
	// dtmfPurity is how well a band's sound must go on as a sine, 1 being a sine, and
	// dtmfSteadyPurity how well over the longer lag.
	dtmfPurity, dtmfSteadyPurity = 0.9, 0.93
	// dtmfFlatness is by how much the mean square of a band's power may exceed the
	// square of its mean, 1 being a sine.
	dtmfFlatness = 1.2
	// dtmfDrift is by how much a tone's power may change within a key's first 30 ms.
	dtmfDrift = 1.4
)

// The detector's times, in hops of 1 ms.
const (
	// dtmfReach is how far the filters reach to either side.
	dtmfReach = 5
	// dtmfWindow is over how many hops a sound is judged, dtmfLag over how many it
	// is compared with itself, and dtmfConfirm how often in turn it must be a key.
	dtmfWindow, dtmfLag, dtmfConfirm = 16, 4, 6
	// dtmfShortest is how long a key sounds at least: 40 ms must be accepted, 23 ms
	// must not.
	dtmfShortest = 32
	// dtmfGap is how long a tone must be gone until the key is up: an interruption of
	// 10 ms is none, a pause of 40 ms is one.
	dtmfGap = 22
	// dtmfLost is how long a key stays down while what sounds is no key.
	dtmfLost = 60
	// dtmfLongLag is over how many hops a key is compared with itself once more
	// before it is one, and dtmfEdge what is left out of that at its beginning.
	dtmfLongLag, dtmfEdge = 12, 4
	// dtmfOldest is how long ago a key begins at most when it is told.
	dtmfOldest = DTMFLookBack - dtmfReach - 1
	// dtmfRing is how many hops are kept.
	dtmfRing = 128
)

// DTMFLookBack is how long a key has sounded at most, in ms, when the detector
// tells that it began: its Begin is not earlier than that. In silence it is told
// after some 37 ms; in noise it may take longer, and what came before is left out.
const DTMFLookBack = 50

// HeardKey is a key that was heard in sound.
type HeardKey struct {
	Digit dtmf.Digit
	// Phase is dtmf.Began or dtmf.Ended. The keys of one detector do not overlap.
	Phase dtmf.Phase
	// Begin and End are its first sample and the one behind its last, counted from
	// the first that the detector was given. End is 0 until the key has ended.
	Begin, End int64
	// Level is that of both tones together when it began, in dBFS.
	Level float64
}

// DTMFDetector hears keys in sound (ITU-T Q.23): each is one of four low tones
// and one of four high ones, and nothing else.
//
// A filter for each group of tones takes its band out of the sound, once a ms, as
// a complex number that turns at the tone's frequency. If there is one sine in the
// band, how it turns is the same from one to the next and tells its frequency to a
// fraction of a hertz: products of numbers 4 ms apart, summed over 16 ms, have
// full length only then. So what is no key falls by any of five tests: the level
// of each tone, the difference between them, what else there is in the sound, that
// each band holds a sine, and its frequency. A key must pass them all six times
// in turn, and have sounded for 32 ms without a change.
type DTMFDetector struct {
	bands dtmfBands
	// ring has the last hops; now is the number of the newest.
	ring [dtmfRing]dtmfHop
	now  int64
	// The sums over the window.
	low, high dtmfSums
	power     float64

	// candidate is what was heard in the last run hops.
	candidate dtmf.Digit
	run       int
	// key is what is down while it is Began. weakest are the levels of its tones
	// below which they are gone; sounding is the last hop at which they were not,
	// and sure the last at which it passed all tests.
	key            HeardKey
	down           bool
	weakest        [2]float64
	sounding, sure int64
}

// dtmfHop is what there is at one ms: both bands, and the power of all.
type dtmfHop struct {
	low, high complex128
	power     float64
}

// dtmfSums are the sums of a band: of the power of the window's hops and its
// square, of the power lag hops before, and of the products of hops that lie 1 and
// lag apart.
type dtmfSums struct {
	power, before, squares float64
	near, far              complex128
}

// NewDTMFDetector makes a detector for sound of a sampling rate in Hz, which must
// be a multiple of 2,000 and at least 8,000.
func NewDTMFDetector(rate int) (*DTMFDetector, error) {
	if rate < 8000 || rate%2000 != 0 {
		return nil, fmt.Errorf("audio: no keys are heard at %d samples a second: it must be a multiple of 2000, from 8000 on", rate)
	}
	d := &DTMFDetector{now: -1}
	d.bands.design(rate)
	return d, nil
}

// Add listens to a frame, and appends to heard the keys that began or ended.
func (d *DTMFDetector) Add(pcm []int16, heard []HeardKey) []HeardKey {
	for len(pcm) > 0 {
		n := d.bands.take(pcm)
		pcm = pcm[n:]
		for d.bands.ready() {
			d.add(d.bands.hop())
			heard = d.judge(heard)
		}
	}
	return heard
}

// Pressed is the key that is down.
func (d *DTMFDetector) Pressed() (dtmf.Digit, bool) { return d.key.Digit, d.down }

// Reset forgets what was heard, and begins to count anew.
func (d *DTMFDetector) Reset() {
	bands := d.bands
	bands.clear()
	*d = DTMFDetector{bands: bands, now: -1}
}

// add takes in a hop.
func (d *DTMFDetector) add(h dtmfHop) {
	d.now++
	*d.at(d.now) = h
	d.sum(d.now, 1)
	d.sum(d.now-dtmfWindow, -1)
}

// at is a hop that is in the ring still. Those before the first are silence.
func (d *DTMFDetector) at(hop int64) *dtmfHop { return &d.ring[uint64(hop)%dtmfRing] }

// sum lets a hop come into the window, or leave it.
func (d *DTMFDetector) sum(hop int64, sign float64) {
	h, one, before := d.at(hop), d.at(hop-1), d.at(hop-dtmfLag)
	d.power += sign * h.power
	d.low.add(sign, h.low, one.low, before.low)
	d.high.add(sign, h.high, one.high, before.high)
}

func (s *dtmfSums) add(sign float64, z, one, before complex128) {
	power := square(z)
	s.power += sign * power
	s.squares += sign * power * power
	s.before += sign * square(before)
	s.near += complex(sign, 0) * product(z, one)
	s.far += complex(sign, 0) * product(z, before)
}

func square(z complex128) float64 { return real(z)*real(z) + imag(z)*imag(z) }

// product is a·b*.
func product(a, b complex128) complex128 {
	return complex(real(a)*real(b)+imag(a)*imag(b), imag(a)*real(b)-real(a)*imag(b))
}

// judge says what the newest hop changes.
func (d *DTMFDetector) judge(heard []HeardKey) []HeardKey {
	digit, ok := d.digit()
	switch {
	case !ok:
		d.run = 0
	case digit != d.candidate:
		d.candidate, d.run = digit, 1
	default:
		d.run++
	}
	if d.down {
		heard = d.follow(heard)
	}
	if d.run < dtmfConfirm || d.down && d.candidate == d.key.Digit {
		return heard
	}
	first := d.first()
	if d.down {
		first = max(first, d.sure) // without a pause between them
	}
	if d.now-first >= dtmfShortest && d.steady(first) {
		heard = d.begin(first, heard)
	}
	return heard
}

// steady tells whether a sound was one and the same since shortly after its first
// hop. Voices never hold still for so long.
func (d *DTMFDetector) steady(first int64) bool {
	var low, high dtmfSums
	power := 0.0
	begin := first + dtmfEdge + dtmfLongLag
	for hop := begin; hop <= d.now; hop++ {
		h, one, before := d.at(hop), d.at(hop-1), d.at(hop-dtmfLongLag)
		low.add(1, h.low, one.low, before.low)
		high.add(1, h.high, one.high, before.high)
		power += h.power
	}
	n := float64(d.now + 1 - begin)
	row, column, _ := dtmfTones(d.candidate)
	return low.power+high.power >= dtmfSteadyShare*power &&
		low.pure(n, dtmfSteadyPurity) && high.pure(n, dtmfSteadyPurity) && low.level() && high.level() &&
		nearby(low.off(row, dtmfLongLag)/row, high.off(column, dtmfLongLag)/column)
}

// nearby tells whether both tones are near enough to a key's, by the parts by
// which they are off: two that are both at the edge are none.
func nearby(low, high float64) bool {
	return max(low, high) <= dtmfClose && math.Hypot(low, high) <= dtmfTolerance
}

// level tells whether a band was as strong at the end as at the beginning.
func (s *dtmfSums) level() bool {
	return s.power <= dtmfDrift*s.before && s.before <= dtmfDrift*s.power
}

// first is the hop at which the sound began that sounds now.
func (d *DTMFDetector) first() int64 {
	weakest := d.weak()
	first := d.now
	for d.now-first < dtmfOldest && first > 0 && d.sounds(first-1, weakest) {
		first--
	}
	return first
}

// begin begins the candidate's key.
func (d *DTMFDetector) begin(first int64, heard []HeardKey) []HeardKey {
	heard = d.end(d.sure, heard)
	d.down, d.sounding, d.sure, d.weakest = true, d.now, d.now, d.weak()
	level := level((d.low.power + d.high.power) / 2 / dtmfWindow)
	d.key = HeardKey{Digit: d.candidate, Phase: dtmf.Began, Begin: max(d.bands.sample(first), d.key.End), Level: level}
	return append(heard, d.key)
}

// weak is the power at which the tones are gone that sound now: 9 dB less.
func (d *DTMFDetector) weak() [2]float64 {
	return [2]float64{d.low.power / dtmfWindow / 8, d.high.power / dtmfWindow / 8}
}

// sounds tells whether both tones have a power at a hop.
func (d *DTMFDetector) sounds(hop int64, weakest [2]float64) bool {
	h := d.at(hop)
	return square(h.low) >= weakest[0] && square(h.high) >= weakest[1]
}

// follow looks whether the key is still down.
func (d *DTMFDetector) follow(heard []HeardKey) []HeardKey {
	if d.sounds(d.now, d.weakest) {
		d.sounding = d.now
	}
	if d.run > 0 && d.candidate == d.key.Digit {
		d.sure, d.weakest = d.now, d.weak()
	}
	switch {
	case d.now-d.sounding >= dtmfGap:
		return d.end(d.sounding, heard)
	case d.now-d.sure >= dtmfLost:
		return d.end(d.sure, heard)
	}
	return heard
}

// end ends the key that is down, whose last hop is given.
func (d *DTMFDetector) end(last int64, heard []HeardKey) []HeardKey {
	if !d.down {
		return heard
	}
	d.down = false
	d.key.Phase = dtmf.Ended
	d.key.End = max(d.bands.sample(last+1), d.key.Begin+1)
	return append(heard, d.key)
}

// digit is the key that sounds in the window.
func (d *DTMFDetector) digit() (dtmf.Digit, bool) {
	low, high := d.low.power, d.high.power
	switch {
	case low < dtmfWeakest*dtmfWindow || high < dtmfWeakest*dtmfWindow,
		low+high < dtmfShare*d.power,
		low > high*dtmfLowOverHigh || high > low*dtmfHighOverLow,
		!d.low.pure(dtmfWindow, dtmfPurity) || !d.high.pure(dtmfWindow, dtmfPurity):
		return 0, false
	}
	row, ok := d.low.nearest(&dtmfRows)
	if !ok {
		return 0, false
	}
	column, ok := d.high.nearest(&dtmfColumns)
	return dtmfPad[row][column], ok
}

// pure tells whether the band held one sine for n hops: how it turns stays the
// same, and so does its power.
func (s *dtmfSums) pure(n, purity float64) bool {
	return square(s.far) >= purity*purity*s.power*s.before &&
		s.squares*n <= dtmfFlatness*s.power*s.power
}

// nearest finds the tone of a group that the band's sine is. How it turns in 1 ms
// tells which it may be, and in lag times that by how much it is off.
func (s *dtmfSums) nearest(group *[4]float64) (int, bool) {
	turn := cmplx.Phase(s.near) / (2 * math.Pi)
	for i, frequency := range group {
		off := turn - frequency/1000
		if off -= math.Round(off); math.Abs(off) > 0.06 {
			continue
		}
		if s.off(frequency, dtmfLag) <= dtmfTolerance*frequency {
			return i, true
		}
	}
	return 0, false
}

// off is by how many Hz the band's sine is off a frequency.
func (s *dtmfSums) off(frequency, lag float64) float64 {
	turns := cmplx.Phase(s.far)/(2*math.Pi) - frequency/1000*lag
	return math.Abs(turns-math.Round(turns)) * 1000 / lag
}
