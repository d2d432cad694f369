package codec

// One of the two sub-bands of ITU-T G.722: 16-bit arithmetic as clause 6.2 has
// it, block by block. It is bit-exact, which is why it must be followed literally:
// encoder and decoder run the same adaptation on the same rounding errors.

// band is the adaptive predictor and the scale factor of a sub-band, both of
// which follow from the codes alone.
type band struct {
	// predicted is SL or SH, the next sample foretold; zeros the part of it that the
	// zero section has (SZL, SZH).
	predicted, zeros int32
	// log is NBL or NBH, the logarithm of scale, which is DETL or DETH.
	log, scale int32
	// poles are the two coefficients of the pole section (AL, AH).
	poles [2]int32
	// taps are the six coefficients of the zero section (BL, BH), past the difference
	// signals that they are for (DLT, DH), latest first and doubled: clause 6.2.1.4
	// doubles them wherever they are used.
	taps, past [6]int32
	// partial are the last two partially reconstructed signals (PLT, PH): of these
	// only the signs matter.
	partial [2]int32
	// rebuilt is the last reconstructed signal (RLT, RH), doubled.
	rebuilt int32
}

// clip16 is the saturation of clause 6.1: what exceeds 16 bits stays at the
// limit.
func clip16(x int32) int32 {
	if int32(int16(x)) != x {
		return x>>31 ^ 0x7FFF
	}
	return x
}

// limit15 is sub-block LIMIT.
func limit15(x int32) int32 { return max(-16384, min(16383, x)) }

// differ is 0 where two signs are alike and -1 where they are not; 0 is positive.
func differ(x, y int32) int32 { return (x ^ y) >> 31 }

// signed is x, or -x where sign is -1.
func signed(x, sign int32) int32 { return x ^ sign - sign }

// adapt is blocks 4L and 4H: it takes a quantized difference signal and foretells
// the next sample. It is one function because nearly all of the codec's time goes by
// in it.
func (b *band) adapt(d int32) {
	partial := clip16(d + b.zeros)     // PARREC
	rebuilt := clip16(b.predicted + d) // RECONS
	doubled, before := clip16(2*rebuilt), b.rebuilt
	change1, change2 := differ(partial, b.partial[0]), differ(partial, b.partial[1])
	b.partial[0], b.partial[1] = partial, b.partial[0]
	b.rebuilt = doubled

	// UPZERO moves each coefficient by 1/256 where the signs of old and new difference
	// signals agree, and leaks 1/256 of it. FILTEZ adds up in this order, as the sum
	// saturates. No product and no coefficient can: difference signals stay below
	// 10,229, coefficients end at 32,767.
	step := int32(128)
	if d == 0 {
		step = 0
	}
	past, taps := &b.past, &b.taps
	t5 := moved(taps[5], step, d, past[5])
	t4 := moved(taps[4], step, d, past[4])
	t3 := moved(taps[3], step, d, past[3])
	t2 := moved(taps[2], step, d, past[2])
	t1 := moved(taps[1], step, d, past[1])
	t0 := moved(taps[0], step, d, past[0])
	taps[5], taps[4], taps[3], taps[2], taps[1], taps[0] = t5, t4, t3, t2, t1, t0
	sum := past[4]*t5>>15 + past[3]*t4>>15
	sum = clip16(sum) + past[2]*t3>>15
	sum = clip16(sum) + past[1]*t2>>15
	sum = clip16(sum) + past[0]*t1>>15
	zeros := clip16(clip16(sum) + 2*d*t0>>15)
	past[5], past[4], past[3], past[2], past[1], past[0] = past[4], past[3], past[2], past[1], past[0], 2*d

	// UPPOL2, then UPPOL1, which needs its result.
	product := clip16(signed(clip16(4*b.poles[0]), ^change1)) >> 7
	second := max(-12288, min(12288, product+signed(128, change2)+b.poles[1]*32512>>15))
	bound := 15360 - second
	first := max(-bound, min(bound, signed(192, change1)+b.poles[0]*32640>>15))
	b.poles[0], b.poles[1] = first, second

	// FILTEP, PREDIC
	b.zeros = zeros
	b.predicted = clip16(clip16(doubled*first>>15+before*second>>15) + zeros)
}

// moved is a coefficient of the zero section after a step, for a difference signal of
// old.
func moved(tap, step, d, past int32) int32 {
	return tap*32640>>15 + signed(step, differ(d, past))
}

// rescale is blocks 3L and 3H: the logarithm leaks 1/128 and moves by a weight
// (LOGSCL, LOGSCH), and the table has the scale for it (SCALEL, SCALEH).
func (b *band) rescale(weight, most, offset int32) {
	b.log = max(0, min(most, b.log*32512>>15+weight))
	b.scale = g722Scales[b.log>>6+offset]
}

// lowOffset is where the lower band's scales begin in the table: they are 4 times
// those of the higher band.
const lowOffset = 64

// g722Scales are the scales by logarithm: table 18 of the Recommendation, plus one,
// times 4.
var g722Scales = scales()

func scales() (table [353]int32) {
	// 2048 * 2^(i/32): all others are these, shifted.
	octave := [32]int32{
		2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
		2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
	}
	for i := range table {
		table[i] = 2 * octave[i%32] >> (11 - i/32) * 4
	}
	return table
}

// The lower band: 6 bits.

// lowBand is a lower band after a reset.
func lowBand() band { return band{scale: 32} }

// encodeLow quantizes a sample of the lower band.
func (b *band) encodeLow(sample int32) byte {
	code := quantizeLow(clip16(sample-b.predicted), b.log)
	b.tookLow(code)
	return code
}

// decodeLow gives the sample that a code stands for.
func (b *band) decodeLow(code byte) int32 {
	value := clip16(b.predicted + g722Low6[code&63]*b.scale>>15)
	b.tookLow(code)
	return limit15(value)
}

// tookLow adapts to a code. The predictor knows its four upper bits alone: the two
// lower ones may have been taken for data.
func (b *band) tookLow(code byte) {
	d := g722Low4[code>>2&15] * b.scale >> 15 // INVQAL
	b.rescale(g722LowWeights[code>>2&15], 18432, lowOffset)
	b.adapt(d)
}

// quantizeLow is QUANTL. The Recommendation looks for the first of 31 levels whose
// product with the scale exceeds the difference; dividing by the scale instead, or
// rather multiplying by its inverse, finds it at once.
func quantizeLow(difference, log int32) byte {
	sign := difference >> 31
	quarter, inverse := uint64(g722Scales[log>>6+lowOffset])/4, g722Inverses[log>>6]
	magnitude := uint64(difference^sign) + 1
	level := (magnitude<<10 + quarter - 1) * inverse >> 40 // ceil(4096 * magnitude / scale)
	return g722LowCodes[sign&1][min(level, mostLevel)]
}

// g722Inverses are 2^40 over a quarter of the lower band's scales, rounded up:
// with numbers below 2^26, as here, multiplying by one is dividing exactly.
var g722Inverses = inverses()

func inverses() (table [289]uint64) {
	scales := scales()
	for i := range table {
		table[i] = 1<<40/(uint64(scales[lowOffset+i])/4) + 1
	}
	return table
}

// The higher band: 2 bits.

// highBand is a higher band after a reset.
func highBand() band { return band{scale: 8} }

// encodeHigh quantizes a sample of the higher band.
func (b *band) encodeHigh(sample int32) byte {
	code := b.quantizeHigh(sample)
	b.decodeHigh(code)
	return code
}

// quantizeHigh is QUANTH.
func (b *band) quantizeHigh(sample int32) byte {
	difference := clip16(sample - b.predicted)
	sign := difference >> 31
	// A comparison would be a branch that cannot be foretold.
	below := (difference ^ sign - 564*8*b.scale>>15) >> 31
	return byte(2 + 2*sign - below)
}

// decodeHigh gives the sample that a code stands for.
func (b *band) decodeHigh(code byte) int32 {
	d := g722High[code&3] * b.scale >> 15 // INVQAH
	value := clip16(b.predicted + d)
	b.rescale(g722HighWeights[code&3], 22528, 0)
	b.adapt(d)
	return limit15(value)
}

// Tables of the Recommendation, of which these are the numbers, and by code.

// g722Decisions is Q6, the decision levels of the quantizer of the lower band.
var g722Decisions = [31]int32{
	0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714,
	786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919, 3200,
}

// mostLevel is the last decision level.
const mostLevel = 3200

// g722LowCodes are the codes by sign and by what the decision levels must not be
// below: MISIL, table 16, of the first such level.
var g722LowCodes = lowCodes()

func lowCodes() (codes [2][mostLevel + 1]byte) {
	for mil := byte(30); mil >= 1; mil-- {
		for level := range int(g722Decisions[mil]) + 1 {
			codes[0][level], codes[1][level] = lowCode(mil, 0), lowCode(mil, 1)
		}
	}
	return codes
}

// lowCode is the code of an interval: positive ones go down from 0x3D, negative
// ones have 0x3F, 0x3E and go down from 0x1F.
func lowCode(mil, sign byte) byte {
	switch {
	case sign == 0:
		return 0x3E - mil
	case mil <= 2:
		return 0x40 - mil
	}
	return 0x22 - mil
}

// g722Low6 are the output levels by code: OQ6 with sign, times 8. The four codes
// that no encoder sends (0 to 3) decode as that of the least negative value.
var g722Low6 = lowOutputs()

func lowOutputs() (outputs [64]int32) {
	levels := [31]int32{
		0, 17, 54, 91, 130, 170, 211, 254, 300, 347, 396, 447, 501, 558, 618, 682,
		750, 822, 899, 982, 1072, 1170, 1279, 1399, 1535, 1689, 1873, 2088, 2376, 2738, 3101,
	}
	for mil := byte(1); mil <= 30; mil++ {
		outputs[lowCode(mil, 0)] = 8 * levels[mil]
		outputs[lowCode(mil, 1)] = -8 * levels[mil]
	}
	for code := range 4 {
		outputs[code] = -8 * levels[1]
	}
	return outputs
}

// g722Low4 are the output levels by the four upper bits of the code: OQ4 with
// sign, times 8.
var g722Low4 = [16]int32{
	0, -8 * 2557, -8 * 1612, -8 * 1121, -8 * 786, -8 * 530, -8 * 323, -8 * 150,
	8 * 2557, 8 * 1612, 8 * 1121, 8 * 786, 8 * 530, 8 * 323, 8 * 150, 0,
}

// g722LowWeights are WL by the four upper bits of the code.
var g722LowWeights = [16]int32{
	-60, 3042, 1198, 538, 334, 172, 58, -30,
	3042, 1198, 538, 334, 172, 58, -30, -60,
}

// g722High are the output levels by code, OQ2 with sign, times 8;
// g722HighWeights are WH.
var (
	g722High        = [4]int32{-8 * 926, -8 * 202, 8 * 926, 8 * 202}
	g722HighWeights = [4]int32{798, -214, 798, -214}
)
