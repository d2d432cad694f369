package phone

import "math"

// Audible is the level in dBm0 from which a tone counts as heard; all parties
// send at -10. What is silent has -100.
const (
	Audible = -20.0
	silence = -100.0
)

// full is the amplitude of a sine of +3.14 dBm0, the loudest of mu-law (G.711).
const full = 32124.0

// oscillator makes a tone of -10 dBm0, frame by frame without a seam.
type oscillator struct{ n int }

func (o *oscillator) next(pitch float64) []int16 {
	amplitude := full * math.Pow(10, (-10-3.14)/20)
	frame := make([]int16, samples)
	for i := range frame {
		frame[i] = int16(amplitude * math.Sin(2*math.Pi*pitch*float64(o.n)/8000))
		o.n++
	}
	return frame
}

// level is Goertzel's: the power of one pitch in a piece of sound.
func level(sound []int16, pitch float64) float64 {
	c := 2 * math.Cos(2*math.Pi*pitch/8000)
	var a, b float64
	for _, s := range sound {
		a, b = float64(s)+c*a-b, a
	}
	power := a*a + b*b - c*a*b
	amplitude := 2 * math.Sqrt(max(power, 0)) / float64(len(sound))
	if amplitude < 1 {
		return silence
	}
	return 20*math.Log10(amplitude/full) + 3.14
}

func encode(b []byte, codec string, sound []int16) []byte {
	for _, s := range sound {
		if codec == "PCMA" {
			b = append(b, alaw(s))
		} else {
			b = append(b, ulaw(s))
		}
	}
	return b
}

func decode(codec string, payload []byte) ([]int16, bool) {
	if codec != "PCMU" && codec != "PCMA" {
		return nil, false
	}
	sound := make([]int16, len(payload))
	for i, p := range payload {
		if codec == "PCMA" {
			sound[i] = linearA(p)
		} else {
			sound[i] = linearU(p)
		}
	}
	return sound, true
}

func ulaw(s int16) byte {
	v, sign := int(s), byte(0)
	if v < 0 {
		v, sign = -v, 0x80
	}
	v = min(v, 32635) + 132
	exp := 7
	for m := 0x4000; exp > 0 && v&m == 0; m >>= 1 {
		exp--
	}
	return ^(sign | byte(exp<<4) | byte(v>>(exp+3))&0x0f)
}

func linearU(b byte) int16 {
	b = ^b
	v := ((int(b&0x0f)<<3 + 132) << (b >> 4 & 7)) - 132
	if b&0x80 != 0 {
		v = -v
	}
	return int16(v)
}

func alaw(s int16) byte {
	v, sign := int(s)>>3, byte(0x80)
	if v < 0 {
		v, sign = ^v, 0
	}
	exp := 0
	for w := v >> 5; w > 0; w >>= 1 {
		exp++
	}
	shift := max(exp, 1)
	return (sign | byte(exp<<4) | byte(v>>shift)&0x0f) ^ 0x55
}

func linearA(b byte) int16 {
	b ^= 0x55
	exp, v := int(b>>4&7), int(b&0x0f)<<4+8
	if exp > 0 {
		v = (v + 256) << (exp - 1)
	}
	if b&0x80 == 0 {
		v = -v
	}
	return int16(v)
}
