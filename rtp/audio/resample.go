package audio

// Resample gives a source at another sampling rate in Hz, as a Resampler would
// make it: 8, 16 or 48 kHz of any of them. A source of that rate already is given
// back as it is.
//
// Unlike a Resampler's, the sound is not delayed: sample 0 of the input is sample
// 0 of the output, since the source is read ahead. It ends with the source's last
// sample.
func Resample(from Source, rate int) (Source, error) {
	if from.Rate() == rate {
		return from, nil
	}
	r, err := NewResampler(from.Rate(), rate)
	if err != nil {
		return nil, err
	}
	s := &converted{from: from, rate: rate, resampler: r, in: make([]int16, 2*block)}
	s.early = r.out(r.lag())
	s.buffer = make([]int16, 0, r.out(3*block)+1)
	return s, nil
}

// converted is a source at another rate.
type converted struct {
	from      Source
	rate      int
	resampler *Resampler
	// in is where the source is read to, made what was made of it and not taken
	// yet, which lies in buffer.
	in, made, buffer []int16
	// early is how much is still made of silence before the first sample.
	early int
	ended bool
}

func (s *converted) Rate() int { return s.rate }

func (s *converted) Fill(pcm []int16) int {
	done := copy(pcm, s.made)
	s.made = s.made[done:]
	for done < len(pcm) && !s.ended {
		s.read()
		n := copy(pcm[done:], s.made)
		s.made = s.made[n:]
		done += n
	}
	return done
}

// read makes the next samples. Behind the last one goes silence, which brings
// out those that the filter still holds.
func (s *converted) read() {
	n := s.from.Fill(s.in)
	out := s.resampler.Append(s.buffer, s.in[:n])
	if s.ended = n < len(s.in); s.ended {
		clear(s.in)
		out = s.resampler.Append(out, s.in[:s.resampler.lag()])
	}
	early := min(s.early, len(out))
	s.early -= early
	s.made = out[early:]
}
