package audio

// Source is sound that somebody pulls, frame by frame: a Tone, a Cadence, a
// Playback, a WAV, or another source at another rate (Resample). It belongs to
// whoever pulls it; two who do need two sources.
type Source interface {
	// Rate is the sampling rate in Hz. It stays the same.
	Rate() int
	// Fill fills a frame from its beginning, and gives how many samples there were.
	// Fewer than fit say that the sound has ended; what lies behind them in the
	// frame is left as it is. After the end it gives 0.
	Fill(pcm []int16) int
}
