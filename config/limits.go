package config

import (
	"math"
	"strconv"
	"time"
)

// parseCount reads how many of something there may be.
func parseCount(s string) (uint, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, wrongNumber(s, "a whole number such as 10")
	}
	return uint(n), nil
}

// parseRate reads how many of something there may be in a second.
func parseRate(s string) (float64, error) {
	r, err := strconv.ParseFloat(s, 64)
	if err != nil || r < 0 || math.IsInf(r, 0) || math.IsNaN(r) {
		return 0, wrongNumber(s, "a number such as 10 or 0.5")
	}
	return r, nil
}

// leastOptionsInterval is how long an OPTIONS is waited for.
const leastOptionsInterval = 4 * time.Second

// checkWatch looks at the keys by which a trunk is watched.
func (c *checker) checkWatch(path string, t *Trunk) {
	at := path + ".options_interval"
	switch {
	case t.OptionsInterval == 0:
	case t.OptionsInterval < leastOptionsInterval:
		c.report(at, "%s is under %s, within which an OPTIONS may be answered: write more, such as 30s, or 0s for none", t.OptionsInterval, leastOptionsInterval)
	}
	if t.DownAfter == 0 {
		c.report(path+".down_after", "0 would take the trunk for down before it has failed: write 1 or more")
	}
}
