package peers

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Process is a program that was started.
type Process struct {
	// Name says which one, in errors.
	Name string
	// Output is the file that has what it printed.
	Output string

	cmd   *exec.Cmd
	ended chan struct{}
}

// Start starts a program in a directory of its own, with its output in a file
// there. It fails when the program is not installed, and says how to get it.
func Start(dir, name string, argv ...string) (*Process, error) {
	output, err := os.Create(filepath.Join(dir, name+".out"))
	if err != nil {
		return nil, err
	}
	defer output.Close()
	p := &Process{Name: name, Output: output.Name(), cmd: exec.Command(argv[0], argv[1:]...), ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr, p.cmd.SysProcAttr = dir, output, output, dieWithUs()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w (make deps installs what the tests need)", name, err)
	}
	go func() { // ends with the program
		_ = p.cmd.Wait() // the code is asked for by Code
		close(p.ended)
	}()
	return p, nil
}

// PID is the program's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed when the program has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Running tells whether it has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Wait waits for the program's end and gives its exit code, -1 when a signal
// ended it.
func (p *Process) Wait(within time.Duration) (code int, err error) {
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-time.After(within):
		return 0, fmt.Errorf("%s still runs after %v", p.Name, within)
	}
}

// Signal sends it a signal; one that has ended takes none.
func (p *Process) Signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// Kill ends it at once, when it still runs, and waits for that.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.ended
}

// Printed waits until the program has printed a text.
func (p *Process) Printed(text string, within time.Duration) error {
	return p.PrintedTimes(1, text, within)
}

// PrintedTimes waits until the program has printed a text so often.
func (p *Process) PrintedTimes(n int, text string, within time.Duration) error {
	// The end is looked at first: what it said last was said before.
	found := false
	Until(within, func() bool {
		running := p.Running()
		found = p.Count(text) >= n
		return found || !running
	})
	if !found {
		return fmt.Errorf("%s does not print %q within %v", p.Name, text, within)
	}
	return nil
}

// Count is how often the program has printed a text so far.
func (p *Process) Count(text string) int {
	content, _ := os.ReadFile(p.Output) // it was there when the program started
	return bytes.Count(content, []byte(text))
}

// Until asks every few milliseconds until the answer is yes, and tells whether it
// was before the time was over.
func Until(within time.Duration, done func() bool) bool {
	for end := time.Now().Add(within); ; time.Sleep(5 * time.Millisecond) {
		if done() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}
