package peers

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Stats is how a run of SIPp went.
type Stats struct {
	Succeeded, Failed int
	// Repeated is how many messages SIPp sent again because nothing came.
	Repeated int
}

// readStats reads the last line of SIPp's statistics: values between semicolons,
// whose names are in the first.
func readStats(file string) (Stats, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return Stats{}, err
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	if len(lines) < 2 {
		return Stats{}, fmt.Errorf("%s has no values", file)
	}
	values := map[string]string{}
	last := strings.Split(lines[len(lines)-1], ";")
	for i, name := range strings.Split(lines[0], ";") {
		if i < len(last) {
			values[name] = last[i]
		}
	}
	return statsOf(values)
}

func statsOf(values map[string]string) (s Stats, err error) {
	for name, to := range map[string]*int{
		"SuccessfulCall(C)": &s.Succeeded, "FailedCall(C)": &s.Failed, "Retransmissions(C)": &s.Repeated,
	} {
		n, wrong := strconv.Atoi(values[name])
		if wrong != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", name, wrong))
		}
		*to = n
	}
	return s, err
}
