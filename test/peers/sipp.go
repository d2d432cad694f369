package peers

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
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
	r := &Run{dir: filepath.Join(dir, s.Name)}
	text, err := s.scenario()
	if err == nil {
		err = os.Mkdir(r.dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(r.dir, scenarioFile), []byte(text), 0o644)
	}
	if err == nil && strings.Contains(text, "<sendCmd>") {
		r.twin, err = newTwin(s.Who)
	}
	if err != nil {
		return nil, err
	}
	return r, r.start(s)
}

// scenario is what SIPp is to play.
func (s SIPp) scenario() (string, error) {
	compose := sipp.Scenario
	if s.Quiet {
		compose = sipp.Quiet
	}
	text, err := compose(s.Name, s.Steps...)
	// SIPp wants the status of a response to be a number when it loads the scenario.
	return strings.ReplaceAll(text, "[status]", s.keys()["status"]), err
}

func (r *Run) start(s SIPp) (err error) {
	argv := slices.Concat(s.Under, []string{"sipp", "-sf", scenarioFile}, s.arguments())
	if r.twin != nil {
		argv = append(argv, "-3pcc", r.twin.address())
	}
	if r.Process, err = Start(r.dir, s.Name, argv...); err != nil {
		r.closeTwin()
		return err
	}
	return r.listening(s)
}

// arguments are SIPp's options.
func (s SIPp) arguments() []string {
	calls := strconv.Itoa(max(s.Calls, 1))
	a := []string{
		"-i", s.At.Addr().String(), "-p", strconv.Itoa(int(s.At.Port())), "-bind_local",
		"-m", calls, "-l", calls, "-r", strconv.Itoa(cmp.Or(s.Rate, 10)),
		"-d", strconv.Itoa(int(s.Talk.Milliseconds())),
		"-timeout", fmt.Sprintf("%.0fs", cmp.Or(s.Limit, 30*time.Second).Seconds()), "-timeout_error",
		"-nostdin", "-skip_rlimit",
		"-trace_stat", "-stf", statsFile, "-fd", "1",
		"-trace_err", "-error_file", errorsFile, "-trace_logs", "-log_file", reportsFile,
	}
	for name, value := range s.keys() {
		a = append(a, "-key", name, value)
	}
	return append(a, s.options()...)
}

// options are those that not every run has.
func (s SIPp) options() (a []string) {
	if s.Calls <= fewCalls {
		a = append(a, "-trace_msg", "-message_file", messagesFile)
	}
	if s.TCP {
		a = append(a, "-t", "t1")
	}
	if s.calls() {
		a = append(a, s.To.String())
	}
	return a
}

// keys are what the steps take, with what they take where nothing is said.
func (s SIPp) keys() map[string]string {
	keys := map[string]string{
		"family": family(s.At.Addr()), "host": s.At.Addr().String(), "held_at": s.At.Addr().String(),
		"holding": "a=sendonly", "held": "a=recvonly", "allow": "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS",
		"user": "sipp", "number": "+14255550100", "audio_port": "6000", "expires": "600",
		"status": "486", "phrase": "Busy Here", "header": "Server: SIPp",
		"formats": "0 8 101", "attributes": "a=ptime:20",
	}
	maps.Copy(keys, s.Keys)
	return keys
}

// family is how a session description writes what kind of address it has.
func family(a netip.Addr) string {
	if a.Is4() {
		return "4"
	}
	return "6"
}

// fewCalls is up to how many the messages are kept.
const fewCalls = 20

// The files that a run writes into its directory.
const (
	scenarioFile = "scenario.xml"
	statsFile    = "stats.csv"
	errorsFile   = "errors.log"
	reportsFile  = "reports.log"
	messagesFile = "messages.log"
)

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

// holds tells whether somebody has a socket at an address.
func holds(at netip.AddrPort, tcp bool) bool {
	table := "/proc/net/udp"
	if tcp {
		table = "/proc/net/tcp"
	}
	if at.Addr().Is6() {
		table += "6"
	}
	content, err := os.ReadFile(table)
	return err != nil || strings.Contains(string(content), " "+tabled(at)+" ") // without such a table: hope
}

// tabled writes an address as /proc/net does where the machine is an x86 or
// another with the lowest byte first: 127.16.0.1:5060 is 0100107F:13C4. Of IPv6 it
// writes four such words.
func tabled(at netip.AddrPort) string {
	var b strings.Builder
	for word := range slices.Chunk(at.Addr().AsSlice(), 4) {
		fmt.Fprintf(&b, "%02X%02X%02X%02X", word[3], word[2], word[1], word[0])
	}
	return fmt.Sprintf("%s:%04X", b.String(), at.Port())
}

// Go ends the step "wait" of a call, which must be in it or come to it.
func (r *Run) Go(within time.Duration) error { return r.twin.proceed("on", within) }

// GoWith ends the step "refer", and says what goes into Refer-To.
func (r *Run) GoWith(target string, within time.Duration) error {
	return r.twin.proceed(target, within)
}

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
