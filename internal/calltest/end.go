package calltest

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// end is what must hold when a script's last line is done: nobody has got a
// message that no line asked for, nor gets one while every transaction runs out,
// and the gateway holds nothing.
func (s *stage) end() error {
	var stray error
	look := func() bool { stray = s.stray(); return stray != nil }
	s.run(s.afterwards(), look)
	if s.fault != nil {
		return s.fault
	}
	if stray != nil {
		return stray
	}
	if s.recordsWanted != nil {
		if err := s.recordsWanted(); err != nil {
			return err
		}
	}
	if s.running != nil {
		return s.running.nothingLeft()
	}
	return nil
}

// afterwards is longer than any timer of a transaction, 64*T1, after whatever
// happened last; twice that on a bad network.
func (s *stage) afterwards() time.Duration {
	if s.lossy() {
		return 100 * time.Second
	}
	return 50 * time.Second
}

func (s *stage) stray() error {
	for _, p := range s.parties {
		if a := p.unasked(s); a != nil {
			return fmt.Errorf("no line expects what %s got: %s", p.name, summary(a.Message))
		}
		if err := p.strayPong(); err != nil {
			return err
		}
	}
	return nil
}

// leaked names the goroutines of this bubble that are still there.
func leaked() error {
	buffer := make([]byte, 1<<20)
	stacks := strings.Split(string(buffer[:runtime.Stack(buffer, true)]), "\n\n")
	mine := bubble(stacks[0])
	var left []string
	for _, s := range stacks[1:] {
		if mine != "" && bubble(s) == mine && !strings.Contains(s, "testing/synctest.Test") {
			left = append(left, s)
		}
	}
	if len(left) == 0 {
		return nil
	}
	return fmt.Errorf("goroutines are left:\n%s", strings.Join(left, "\n\n"))
}

// bubble is the "synctest bubble 7" of a goroutine's headline.
func bubble(stack string) string {
	headline, _, _ := strings.Cut(stack, "\n")
	_, rest, ok := strings.Cut(headline, "synctest bubble ")
	if !ok {
		return ""
	}
	number, _, _ := strings.Cut(strings.TrimRight(rest, "]:"), ",")
	return number
}
