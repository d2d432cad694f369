package peers

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/test/sipp"
)

// SIPp says what a run of SIPp is to do.
type SIPp struct {
	// Name tells it from others of the same story.
	Name string
	// Steps are files of ../sipp without their .xml, which follow each other.
	Steps []string
	// At is where it stands.
	At netip.AddrPort
	// To is whom it calls; one that is called has none.
	To netip.AddrPort
	// TCP tells that it speaks TCP and not UDP.
	TCP bool
	// Calls is how many calls it makes or takes before it ends; 0 is one.
	Calls int
	// Rate is how many calls a second it begins; 0 is ten.
	Rate int
	// Talk is how long the step "talk" takes.
	Talk time.Duration
	// Who answers challenges.
	Who phone.Credentials
	// Keys are what [name] in the steps stands for.
	Keys map[string]string
	// Limit is how long it may run; 0 is 30 s.
	Limit time.Duration
	// Quiet tells that it reports nothing.
	Quiet bool
	// Under is a command to run it under, such as taskset.
	Under []string
}

// Run is a SIPp that was started.
type Run struct {
	*Process
	dir  string
	twin *twin
	read int // how much of the reports was read
}

// Start starts it in a directory, and returns when it takes calls.
func (s SIPp) Start(dir string) (*Run, error) {
	compose := sipp.Scenario
	if s.Quiet {
		compose = sipp.Quiet
	}
	text, err := compose(s.Name, s.Steps...)
	if err != nil {
		return nil, err
	}
	// SIPp wants the status of a response to be a number when it loads the scenario.
	text = strings.ReplaceAll(text, "[status]", s.keys()["status"])
	r := &Run{dir: filepath.Join(dir, s.Name)}
	if err := os.Mkdir(r.dir, 0o755); err != nil {
		return nil, err
	}
	file := filepath.Join(r.dir, s.Name+".xml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return nil, err
	}
	arguments := append(s.arguments(), "-sf", file)
	if strings.Contains(text, "<sendCmd>") {
		if r.twin, err = newTwin(s.Who); err != nil {
			return nil, err
		}
		arguments = append(arguments, "-3pcc", r.twin.address())
	}
	if r.Process, err = Start(r.dir, s.Name, append(append(s.Under, "sipp"), arguments...)...); err != nil {
		r.closeTwin()
		return nil, err
	}
	return r, r.listening(s)
}

// arguments are SIPp's options.
func (s SIPp) arguments() []string {
	calls, rate, limit := max(s.Calls, 1), s.Rate, s.limit()
	if rate == 0 {
		rate = 10
	}
	a := []string{
		"-i", s.At.Addr().String(), "-p", strconv.Itoa(int(s.At.Port())), "-bind_local",
		"-m", strconv.Itoa(calls), "-l", strconv.Itoa(calls), "-r", strconv.Itoa(rate),
		"-d", strconv.Itoa(int(s.Talk.Milliseconds())),
		"-timeout", fmt.Sprintf("%.0fs", limit.Seconds()), "-timeout_error", "-nostdin", "-skip_rlimit",
		"-trace_stat", "-stf", statsFile, "-fd", "1",
		"-trace_err", "-error_file", errorsFile, "-trace_logs", "-log_file", reportsFile,
	}
	if calls <= fewCalls {
		a = append(a, "-trace_msg", "-message_file", messagesFile)
	}
	if s.TCP {
		a = append(a, "-t", "t1")
	}
	for name, value := range s.keys() {
		a = append(a, "-key", name, value)
	}
	if s.calls() {
		a = append(a, s.To.String())
	}
	return a
}

// keys are what the steps take, with what they take where nothing is said.
func (s SIPp) keys() map[string]string {
	keys := map[string]string{
		"user": "sipp", "number": "+14255550100", "audio_port": "6000", "expires": "600",
		"status": "486", "phrase": "Busy Here", "header": "Server: SIPp",
		"formats": "0 8 101", "attributes": "a=ptime:20",
	}
	maps.Copy(keys, s.Keys)
	return keys
}

// fewCalls is up to how many the messages are kept.
const fewCalls = 20

// The files that a run writes into its directory.
const (
	statsFile    = "stats.csv"
	errorsFile   = "errors.log"
	reportsFile  = "reports.log"
	messagesFile = "messages.log"
)

func (s SIPp) limit() time.Duration {
	if s.Limit == 0 {
		return 30 * time.Second
	}
	return s.Limit
}

// listening waits until SIPp holds its port and its connection to us.
func (r *Run) listening(s SIPp) error {
	var connected <-chan struct{}
	if r.twin != nil {
		connected = r.twin.ready
	}
	up := Until(startTime, func() bool {
		return !r.Running() || (isClosed(connected) && (s.calls() || holds(s.At, s.TCP)))
	})
	if up && (r.Running() || isClosed(connected)) {
		return nil
	}
	r.End()
	return fmt.Errorf("%s does not start:\n%s", r.Name, r.Said())
}

// isClosed tells whether a channel is closed; one that is nil counts as closed.
func isClosed(c <-chan struct{}) bool {
	if c == nil {
		return true
	}
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// calls tells one that calls from one that is called.
func (s SIPp) calls() bool { return s.To.IsValid() }

// holds tells whether somebody has a socket at an address: /proc/net has it as
// the machine keeps it, 127.16.0.1:5060 as 0100107F:13C4 where that is an x86.
func holds(at netip.AddrPort, tcp bool) bool {
	table := "/proc/net/udp"
	if tcp {
		table = "/proc/net/tcp"
	}
	content, err := os.ReadFile(table)
	if err != nil {
		return true // no such table here: hope
	}
	ip := at.Addr().As4()
	low := hex.EncodeToString([]byte{ip[3], ip[2], ip[1], ip[0]})
	return strings.Contains(strings.ToLower(string(content)), fmt.Sprintf(" %s:%04x ", low, at.Port()))
}

// Go ends the step "wait" of a call, which must be in it or come to it.
func (r *Run) Go(within time.Duration) error { return r.twin.proceed(within) }

// Finish waits for SIPp's end and says how it went; a call that failed is an
// error.
func (r *Run) Finish(within time.Duration) (Stats, error) {
	defer r.closeTwin()
	code, err := r.Wait(within)
	if err != nil {
		r.Kill()
		return Stats{}, err
	}
	stats, err := readStats(filepath.Join(r.dir, statsFile))
	if err != nil {
		return stats, fmt.Errorf("%s ended with exit code %d: %w\n%s", r.Name, code, err, r.Said())
	}
	if code != 0 || stats.Failed > 0 {
		return stats, fmt.Errorf("%s ended with exit code %d, %d calls succeeded, %d failed", r.Name, code, stats.Succeeded, stats.Failed)
	}
	return stats, nil
}

// End kills it, if it still runs.
func (r *Run) End() {
	r.Kill()
	r.closeTwin()
}

func (r *Run) closeTwin() {
	if r.twin != nil {
		r.twin.close()
	}
}

// screen is what SIPp prints all the time when nothing is wrong.
const screen = "Scenario Screen"

// Said is what it wrote of errors and messages, for somebody who wants to know
// what went wrong.
func (r *Run) Said() string {
	var b strings.Builder
	for _, name := range []string{filepath.Base(r.Output), errorsFile, messagesFile} {
		content, err := os.ReadFile(filepath.Join(r.dir, name))
		if err == nil && !bytes.Contains(content, []byte(screen)) {
			fmt.Fprintf(&b, "== %s, %s\n%s\n", r.Name, name, content)
		}
	}
	return b.String()
}
