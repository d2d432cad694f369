package audio

import (
	"math"
	"math/cmplx"
)

// Detector measures one frequency in the sound that it is given: how strong the
// sine is, and how strong everything else.
//
// It runs Goertzel's recursion, which yields the sum of x(k)·e^(-jωk), and fits a
// sine to it by least squares. So it is exact for any frequency and any number
// of samples, also where they are no whole number of cycles. The longer it
// listens the sharper it is: n samples tell frequencies apart that lie rate/n
// from each other. A phase that jumps, as after a lost frame, counts as rest.
type Detector struct {
	omega       float64
	coefficient float64
	// last and before are the state of the recursion.
	last, before float64
	energy       float64
	samples      int
}

// NewDetector makes a detector of a frequency in Hz, at a sampling rate.
func NewDetector(rate int, frequency float64) (*Detector, error) {
	if err := checkFrequency(rate, frequency); err != nil {
		return nil, err
	}
	omega := 2 * math.Pi * frequency / float64(rate)
	return &Detector{omega: omega, coefficient: 2 * math.Cos(omega)}, nil
}

// Add listens to a frame.
func (d *Detector) Add(pcm []int16) {
	last, before, energy := d.last, d.before, d.energy
	for _, sample := range pcm {
		x := float64(sample)
		last, before = x+d.coefficient*last-before, last
		energy += x * x
	}
	d.last, d.before, d.energy = last, before, energy
	d.samples += len(pcm)
}

// Samples is how many samples were heard since Reset.
func (d *Detector) Samples() int { return d.samples }

// Levels gives the levels of the sine and of everything else, in dBFS, over all
// that was heard since Reset. Both are Floor before the first sample.
func (d *Detector) Levels() (tone, rest float64) {
	if d.samples < 2 {
		return Floor, level(d.energy)
	}
	power, residue := d.fit()
	return level(power), level(residue / float64(d.samples))
}

// fit gives the power of the sine that fits best, a·cos ωk + b·sin ωk, and the
// energy of what is left without it.
func (d *Detector) fit() (power, residue float64) {
	n := float64(d.samples)
	// The recursion ends with the sum turned by ω(n-1).
	sum := complex(d.last, 0) - complex(d.before, 0)*cmplx.Rect(1, -d.omega)
	sum *= cmplx.Rect(1, -d.omega*(n-1))
	x, y := real(sum), -imag(sum) // Σ x·cos, Σ x·sin

	// Σ cos², Σ sin² and Σ cos·sin, from the geometric series of e^(j2ωk).
	series := (cmplx.Rect(1, 2*d.omega*n) - 1) / (cmplx.Rect(1, 2*d.omega) - 1)
	cc, ss, cs := (n+real(series))/2, (n-real(series))/2, imag(series)/2
	determinant := cc*ss - cs*cs
	if determinant < 1e-9*n {
		return 0, d.energy
	}
	a := (x*ss - y*cs) / determinant
	b := (y*cc - x*cs) / determinant
	return (a*a + b*b) / 2, max(d.energy-a*x-b*y, 0)
}

// Reset forgets what was heard.
func (d *Detector) Reset() {
	d.last, d.before, d.energy, d.samples = 0, 0, 0, 0
}
