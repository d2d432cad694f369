package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// Report is what a step of SIPp has seen.
type Report struct {
	// Saw is the step's word for it.
	Saw string
	// Call is the Call-ID.
	Call string
	// Message is what came in, as SIPp received it.
	Message *phone.Message
}

// Steps report by SIPp's <log>, which writes at once, before what the step does
// next. Its <sendCmd> would do so only when SIPp has time, and a message that came
// in meanwhile would be unexpected.
const (
	reportBegin = "{saw "
	reportEnd   = "saw}"
)

// Next waits for the next report, of whichever call.
func (r *Run) Next(within time.Duration) (Report, error) {
	var text string
	Until(within, func() bool {
		running := r.Running()
		content, _ := os.ReadFile(filepath.Join(r.dir, reportsFile)) // there is none before the first report
		content = content[min(r.read, len(content)):]
		if end := strings.Index(string(content), reportEnd); end >= 0 {
			text = string(content[:end])
			r.read += end + len(reportEnd)
		}
		return text != "" || !running
	})
	if text == "" {
		return Report{}, fmt.Errorf("%s reports nothing within %v%s", r.Name, within, because(r.trouble()))
	}
	return parseReport(text)
}

// trouble is why there may be no report.
func (r *Run) trouble() error {
	if r.twin != nil && r.twin.failure() != nil {
		return r.twin.failure()
	}
	if !r.Running() {
		return fmt.Errorf("it has ended")
	}
	return nil
}

func parseReport(text string) (Report, error) {
	fields, ok := strings.CutPrefix(strings.TrimLeft(text, "\r\n "), reportBegin)
	words := strings.SplitN(fields, " ", 3)
	if !ok || len(words) != 3 {
		return Report{}, fmt.Errorf("report that is none: %q", text)
	}
	m, err := phone.Parse([]byte(strings.TrimLeft(words[2], "\r\n")))
	return Report{Saw: words[0], Call: words[1], Message: m}, err
}

// Sent is when a message was sent for the last time whose first line begins so, by
// SIPp's own watch.
func (r *Run) Sent(start string) (at time.Time, err error) {
	content, err := os.ReadFile(filepath.Join(r.dir, messagesFile))
	if err != nil {
		return at, err
	}
	for _, block := range strings.Split(string(content), messageBegin) {
		stamp, rest, _ := strings.Cut(block, "\n")
		head, message, _ := strings.Cut(rest, "\n\n")
		if strings.Contains(head, " sent ") && strings.HasPrefix(message, start) {
			at, err = time.ParseInLocation("2006-01-02 15:04:05.000000", strings.TrimSpace(stamp), time.Local)
		}
	}
	if at.IsZero() && err == nil {
		err = fmt.Errorf("%s has sent no %s", r.Name, start)
	}
	return at, err
}

// messageBegin is what SIPp writes before the time of each message.
const messageBegin = "----------------------------------------------- "
