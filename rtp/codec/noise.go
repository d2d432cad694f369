package codec

import "math"

// Comfort noise: RFC 3389, payload number 13 at 8,000 Hz. A packet says how
// loud the noise is, and what its spectrum is like:
//
//	 0                   1                   2
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|0|   level     |      N1       |      N2       | ...
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

// NoiseOrder is how many reflection coefficients are made, and the most that are
// made use of.
//
// RFC 3389 s3: a receiver may use fewer than it was sent.
const NoiseOrder = 10

// quietest is the least level that a packet can say, in dBov.
const quietest = -127

// Noise makes comfort noise. What it makes is white noise through the lattice
// filter of the coefficients; from one packet to the next it glides.
//
// RFC 3389 s3.1: levels are in dBov, decibels relative to the overload of the
// system; a square wave at full scale has 0 dBov.
type Noise struct {
	// now is what is made, wanted what it glides to.
	now, wanted noiseModel
	// c are sqrt(1 - k^2) of now.k; memory is the lattice's, random the generator's
	// state.
	c      [NoiseOrder]float32
	memory [NoiseOrder]float32
	random uint32
	// order is the highest there was.
	order int
	begun bool
}

// noiseModel is what a packet says: the RMS of the noise in steps of PCM, and the
// coefficients.
type noiseModel struct {
	level float32
	k     [NoiseOrder]float32
}

// NewNoise makes a silent source of noise; Take sets it going. It fits any
// sampling rate, that of the audio it was measured on.
func NewNoise() *Noise { return &Noise{random: 0x9E3779B9} }

// Take sets the noise by a packet's payload. The error is ErrPayload.
func (n *Noise) Take(payload []byte) error {
	if len(payload) == 0 {
		return ErrPayload
	}
	dbov := -float64(payload[0] & 0x7F)
	model := noiseModel{level: float32(math.Exp2(15) * math.Pow(10, dbov/20))}
	for i, index := range payload[1:min(len(payload), NoiseOrder+1)] {
		model.k[i] = float32(reflection(index))
	}
	n.wanted, n.order = model, max(n.order, min(len(payload)-1, NoiseOrder))
	if !n.begun {
		n.now, n.begun = model, true
	}
	return nil
}

// reflection is a coefficient by its index.
//
// RFC 3389 s3.2: k = 258 * (N - 127), in units of 1/32768. N = 255 is reserved and
// taken for the greatest.
func reflection(index byte) float64 {
	return 258 * (float64(min(index, 254)) - 127) / 32768
}

// indexOf is the index nearest to a coefficient.
func indexOf(k float64) byte {
	return byte(max(0, min(254, math.Round(k*32768/258)+127)))
}

// glide is the share of what it has yet to go that the noise glides every glideStep
// samples.
const (
	glide     = 1.0 / 4
	glideStep = 40
)

// Fill makes noise and gives the number of samples, which is that of pcm: noise
// has no end.
func (n *Noise) Fill(pcm []int16) int {
	for i := range pcm {
		if i%glideStep == 0 {
			n.approach()
		}
		pcm[i] = saturate(n.shape(n.now.level * n.white()))
	}
	return len(pcm)
}

// approach glides. Coefficients between two stable sets are stable.
func (n *Noise) approach() {
	n.now.level += glide * (n.wanted.level - n.now.level)
	for i := range n.now.k {
		k := n.now.k[i] + glide*(n.wanted.k[i]-n.now.k[i])
		n.now.k[i], n.c[i] = k, float32(math.Sqrt(float64(1-k*k)))
	}
}

// white is a random number, evenly between -√3 and √3: its RMS is 1.
func (n *Noise) white() float32 {
	x := n.random
	x ^= x << 13
	x ^= x >> 17
	x ^= x << 5
	n.random = x
	return float32(int32(x)) * (math.Sqrt2 * 1.2247449 / (1 << 31))
}

// shape is the all-pole lattice filter in its normalized form: each stage turns
// a pair of values by an angle, so that noise leaves as loud as it came, and also
// while the coefficients change. The first of them is minus the correlation of
// neighbours: dull noise has it near -1.
func (n *Noise) shape(x float32) float32 {
	for i := n.order - 1; i >= 0; i-- {
		k, c, last := n.now.k[i], n.c[i], n.memory[i]
		if i+1 < NoiseOrder {
			n.memory[i+1] = k*x + c*last
		}
		x = c*x - k*last
	}
	n.memory[0] = x
	return x
}

// NoiseMeter measures background noise, so that it can be made again elsewhere.
// What it is given should be noise alone; speech would make the noise loud.
type NoiseMeter struct {
	// sums are the autocorrelation of a frame, per sample, averaged over some eight.
	sums   [NoiseOrder + 1]float64
	frames int
}

// averaged is over how many frames the measure goes.
const averaged = 8

// Add measures a frame, of one channel. Frames of 10 ms and more do well; those
// shorter than NoiseOrder samples are passed over.
func (m *NoiseMeter) Add(pcm []int16) {
	if len(pcm) <= NoiseOrder {
		return
	}
	m.frames = min(m.frames+1, averaged)
	share := 1 / float64(m.frames)
	for lag := range m.sums {
		var sum int64
		for i, sample := range pcm[lag:] {
			sum += int64(sample) * int64(pcm[i])
		}
		m.sums[lag] += share * (float64(sum)/float64(len(pcm)) - m.sums[lag])
	}
}

// Level is the RMS of the noise in dBov, 0 to -127.
func (m *NoiseMeter) Level() float64 {
	if m.sums[0] <= 0 {
		return quietest
	}
	return max(quietest, min(0, 10*math.Log10(m.sums[0])-20*math.Log10(1<<15)))
}

// Payload writes what was measured, with up to order coefficients, at most
// NoiseOrder, and gives its length. Without room for the level it is 0.
//
// RFC 3389 s3.2: the coefficients are those of a linear predictor, by Levinson's and
// Durbin's recursion. Some receivers take the level alone: order 0.
func (m *NoiseMeter) Payload(payload []byte, order int) int {
	if len(payload) == 0 {
		return 0
	}
	payload[0] = byte(math.Round(-m.Level()))
	order = max(0, min(order, NoiseOrder, len(payload)-1))
	k := m.reflections()
	for i := range order {
		payload[i+1] = indexOf(k[i])
	}
	return order + 1
}

// reflections solves for the predictor. Beneath the noise is put some white one, 40
// dB weaker, so that a pure tone does not make the filter ring.
func (m *NoiseMeter) reflections() (k [NoiseOrder]float64) {
	const whitened = 1.0001
	left := m.sums[0] * whitened
	if left <= 0 {
		return k
	}
	var a, next [NoiseOrder + 1]float64
	a[0] = 1
	for i := range k {
		sum := 0.0
		for j := range i + 1 {
			sum += a[j] * m.sums[i+1-j]
		}
		k[i] = -sum / left
		next = a
		for j := 1; j <= i+1; j++ {
			next[j] = a[j] + k[i]*a[i+1-j]
		}
		a = next
		left *= 1 - k[i]*k[i]
	}
	return k
}
