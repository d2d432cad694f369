package peers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// How long the gateway may take for things that take it milliseconds, on a
// machine that is busy.
const (
	startTime = 10 * time.Second
	stopTime  = 15 * time.Second
)

// Gateway is the real binary, running.
type Gateway struct {
	*Process
	// Config and Records are files.
	Config, Records string
}

// Build builds the binary into a directory and gives its path. It builds the
// module that the working directory is in.
func Build(dir string) (string, error) {
	binary := filepath.Join(dir, "tandem")
	out, err := exec.Command("go", "build", "-o", binary, "github.com/tandem-gateway/tandem/cmd/tandem").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}

// StartGateway writes the configuration, in which RECORDS stands for the file of
// the call records, and starts the gateway under a command such as taskset, if one
// is given. It returns when calls can be made.
func StartGateway(binary, dir, config string, arguments []string, under ...string) (*Gateway, error) {
	g := &Gateway{Config: filepath.Join(dir, "tandem.yaml"), Records: filepath.Join(dir, "calls.jsonl")}
	if err := g.Write(config); err != nil {
		return nil, err
	}
	argv := append(under, binary, "serve", "-c", g.Config)
	var err error
	if g.Process, err = Start(dir, "tandem", append(argv, arguments...)...); err != nil {
		return nil, err
	}
	if err := g.Printed("msg=ready", startTime); err != nil {
		g.Kill()
		said, _ := os.ReadFile(g.Output)
		return nil, fmt.Errorf("%w; it says:\n%s", err, said)
	}
	return g, nil
}

// Write puts another configuration in the place of the file, for Reload.
func (g *Gateway) Write(config string) error {
	return os.WriteFile(g.Config, []byte(strings.ReplaceAll(config, "RECORDS", g.Records)), 0o600)
}

// Reload has the gateway read a new configuration, and returns when it has.
func (g *Gateway) Reload(config string) error {
	if err := g.Write(config); err != nil {
		return err
	}
	before := g.Count("msg=reloaded")
	g.Signal(syscall.SIGHUP)
	return g.PrintedTimes(before+1, "msg=reloaded", startTime)
}

// Stop ends the gateway as an operator would, and says when it does not end
// within its drain time and some seconds, or not with exit code 0.
func (g *Gateway) Stop(drain time.Duration) error {
	g.Signal(syscall.SIGTERM)
	code, err := g.Wait(drain + stopTime)
	switch {
	case err != nil:
		g.Kill()
		return fmt.Errorf("after SIGTERM: %w", err)
	case code != 0:
		return fmt.Errorf("the gateway's exit code is %d", code)
	}
	return nil
}
