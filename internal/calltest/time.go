package calltest

import "time"

// waitStep is "wait TIME"; everything goes on meanwhile.
type waitStep struct {
	line
	time time.Duration
}

func parseWait(l line, words []string) (step, error) {
	d, err := parseTime(l, words[1])
	return &waitStep{l, d}, err
}

func (w *waitStep) play(s *stage) error {
	s.run(w.time, never)
	return nil
}

// atStep is "at TIME": a wait until so long after the script's begin.
type atStep waitStep

func parseAt(l line, words []string) (step, error) {
	d, err := parseTime(l, words[1])
	return &atStep{l, d}, err
}

func (a *atStep) play(s *stage) error {
	s.run(a.time-time.Since(s.began), never)
	return nil
}

func never() bool { return false }

// patience is how long a line waits: what it says on a perfect network, and long
// enough for every retransmission (64*T1 and a bit) on a bad one.
func (s *stage) patience(d time.Duration) time.Duration {
	if s.lossy() {
		return max(d, 40*time.Second)
	}
	return d
}
