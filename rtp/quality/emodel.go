package quality

import "math"

// Parameters are the input of the E-model (ITU-T G.107 table 3), in its units: levels
// and losses in dB and the like, times in ms, Ppl in percent. Defaults has its
// default values.
type Parameters struct {
	// SLR, RLR, STMR and LSTR are loudness ratings of sending, receiving, side tone
	// and the listener's side tone, Ds and Dr the telephones' D-values.
	SLR, RLR, STMR, LSTR, Ds, Dr float64
	// TELR is the talker echo loudness rating, T the mean one-way delay of the echo path;
	// WEPL the weighted echo path loss, Tr the delay around the loop.
	TELR, T, WEPL, Tr float64
	// Ta is the absolute one-way delay.
	Ta float64
	// Qdu counts quantizing distortion units.
	Qdu float64
	// Ie is what the codec costs without loss, Bpl how robust it is, Ppl the packet
	// loss and BurstR its burstiness.
	Ie, Bpl, Ppl, BurstR float64
	// Nc is circuit noise, Nfor the noise floor, Ps and Pr are room noise at the sender
	// and the receiver, A is the advantage of access.
	Nc, Nfor, Ps, Pr, A float64
}

// Defaults are the default values of ITU-T G.107 table 3, for which R is 93.2.
func Defaults() Parameters {
	return Parameters{
		SLR: 8, RLR: 2, STMR: 15, LSTR: 18, Ds: 3, Dr: 3,
		TELR: 65, WEPL: 110, Qdu: 1, Bpl: 4.3, BurstR: 1,
		Nc: -70, Nfor: -64, Ps: 35, Pr: 35,
	}
}

// Rating is the transmission rating factor R (ITU-T G.107 s7.1): 0 is as bad, 93.2 as
// good as a telephone can be.
func (p Parameters) Rating() float64 {
	ro, no := p.signalToNoise()
	is := p.simultaneous(ro, no)
	id := p.talkerEcho(no) + p.listenerEcho(ro) + p.absoluteDelay()
	return ro - is - id - p.Equipment() + p.A
}

// signalToNoise is Ro, and No, the sum of noise (s7.2).
func (p Parameters) signalToNoise() (ro, no float64) {
	olr := p.SLR + p.RLR
	nos := p.Ps - p.SLR - p.Ds - 100 + 0.004*square(p.Ps-olr-p.Ds-14)
	pre := p.Pr + 10*math.Log10(1+math.Pow(10, (10-p.LSTR)/10))
	nor := p.RLR - 121 + pre + 0.008*square(pre-35)
	no = addPowers(p.Nc, nos, nor, p.Nfor+p.RLR)
	return 15 - 1.5*(p.SLR+no), no
}

func square(x float64) float64 { return x * x }

// addPowers adds levels in dB.
func addPowers(levels ...float64) float64 {
	sum := 0.0
	for _, level := range levels {
		sum += math.Pow(10, level/10)
	}
	return 10 * math.Log10(sum)
}

// simultaneous is Is: what comes with the voice (s7.3).
func (p Parameters) simultaneous(ro, no float64) float64 {
	x := (p.SLR + p.RLR + 0.2*(64+no-p.RLR)) / 8
	tooLoud := 20 * (root(8, x) - x)
	return tooLoud + p.sideTone() + p.quantizing(ro)
}

// root is (1+x^n)^(1/n).
func root(n, x float64) float64 { return math.Pow(1+math.Pow(x, n), 1/n) }

// sideTone is Ist.
func (p Parameters) sideTone() float64 {
	stmr := -10 * math.Log10(math.Pow(10, -p.STMR/10)+math.Exp(-p.T/4)*math.Pow(10, -p.TELR/10))
	return 12*root(8, (stmr-13)/6) - 28*root(35, (stmr+1)/19.4) - 13*root(13, (stmr-3)/33) + 29
}

// quantizing is Iq.
func (p Parameters) quantizing(ro float64) float64 {
	q := 37 - 15*math.Log10(p.Qdu)
	g := 1.07 + 0.258*q + 0.0602*q*q
	y := (ro-100)/15 + 46/8.4 - g/9
	z := 46.0/30 - g/40
	return 15 * math.Log10(1+math.Pow(10, y)+math.Pow(10, z))
}

// talkerEcho is Idte, for a side tone of 9 to 20 dB (s7.4).
func (p Parameters) talkerEcho(no float64) float64 {
	terv := p.TELR - 40*math.Log10((1+p.T/10)/(1+p.T/150)) + 6*math.Exp(-0.3*p.T*p.T)
	roe := -1.5 * (no - p.RLR)
	re := 80 + 2.5*(terv-14)
	half := (roe - re) / 2
	return (half + math.Sqrt(half*half+100) - 1) * (1 - math.Exp(-p.T))
}

// listenerEcho is Idle.
func (p Parameters) listenerEcho(ro float64) float64 {
	rle := 10.5 * (p.WEPL + 7) * math.Pow(p.Tr+1, -0.25)
	half := (ro - rle) / 2
	return half + math.Sqrt(half*half+169)
}

// absoluteDelay is Idd: up to 100 ms it does not matter.
func (p Parameters) absoluteDelay() float64 {
	if p.Ta <= 100 {
		return 0
	}
	x := math.Log2(p.Ta / 100)
	return 25 * (root(6, x) - 3*root(6, x/3) + 2)
}

// Equipment is Ie-eff: what the codec and the loss of packets cost (s7.5).
func (p Parameters) Equipment() float64 {
	if p.Ppl <= 0 {
		return p.Ie
	}
	return p.Ie + (95-p.Ie)*p.Ppl/(p.Ppl/p.BurstR+p.Bpl)
}

// MOS is the mean opinion score of a rating, 1 to 4.5 (ITU-T G.107 annex B). Below a
// rating of 6.5 the formula falls below 1, and it is 1.
func MOS(r float64) float64 {
	switch {
	case !(r > 0):
		return 1
	case r >= 100:
		return 4.5
	}
	return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}
