package calltest

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// Setup is one way to play a script.
type Setup struct {
	// Loss is the part of all packets that is lost, 0 to 1. Above 0 packets are
	// also doubled and overtake each other.
	Loss float64
	// Seed decides which.
	Seed uint64
	// Configs gives the text of a configuration by its name.
	Configs func(name string) (string, error)
	// Dir is for the files of the gateway that is played.
	Dir string
}

// String names the setup in a test's name.
func (s Setup) String() string { return fmt.Sprintf("loss=%.0f%%,seed=%d", s.Loss*100, s.Seed) }

// Run plays every *.txt of a directory, without loss and with 5 % and 20 %, each
// in a bubble of simulated time. Configurations are the *.yaml beside them.
func Run(t *testing.T, dir fs.FS) {
	names, err := fs.Glob(dir, "*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(name, ".txt"), func(t *testing.T) { runScript(t, dir, name, string(text)) })
	}
}

// setups are the ways in which every script is played: without loss, and with 5 %
// and 20 % of loss by as many seeds as CALLTEST_SEEDS says, one without it.
func setups() []Setup {
	list := []Setup{{Seed: 1}}
	n, err := strconv.Atoi(os.Getenv("CALLTEST_SEEDS"))
	if err != nil {
		n = 1
	}
	for i := range uint64(max(n, 1)) {
		list = append(list, Setup{Loss: 0.05, Seed: 2 + 2*i}, Setup{Loss: 0.20, Seed: 3 + 2*i})
	}
	return list
}

func runScript(t *testing.T, dir fs.FS, name, text string) {
	script, err := Parse(strings.TrimSuffix(name, path.Ext(name)), text)
	if err != nil {
		t.Fatal(err)
	}
	for _, setup := range setups() {
		if setup.Loss > 0 && script.OnlyWithoutLoss != "" {
			continue
		}
		setup.Configs = configsOf(dir)
		t.Run(setup.String(), func(t *testing.T) {
			t.Parallel()
			setup.Dir = t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				if err := Play(script, setup); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// configsOf are the configurations of a directory.
func configsOf(dir fs.FS) func(name string) (string, error) {
	return func(name string) (string, error) {
		text, err := fs.ReadFile(dir, name+".yaml")
		return string(text), err
	}
}

// Play plays a script to its end. It must be called inside a bubble of
// testing/synctest. The error shows the ladder as it happened.
func Play(script *Script, setup Setup) error {
	s := &stage{
		script: script, setup: setup, began: time.Now(), pump: phone.NewPump(), net: newNetwork(setup),
		log: &bytes.Buffer{}, answeredAtAll: map[string]bool{}, recordsSeen: map[int]bool{},
	}
	s.ladder = &ladder{began: s.began, names: gatewayHosts()}
	if script.KeepProvisionals != "" {
		s.net.sparing()
	}
	err := s.play()
	if stop := s.close(); err == nil {
		err = stop
	}
	if err != nil {
		return fmt.Errorf("%s, %s (%s):\n%s%w\n%s", script.Name, setup, script.Title,
			s.ladder.draw(s.net.capture.Packets()), err, s.log)
	}
	return nil
}

func (s *stage) play() error {
	if err := s.boot(); err != nil {
		return err
	}
	for _, st := range s.script.steps {
		err := st.play(s)
		if s.fault != nil {
			return s.fault
		}
		if err != nil {
			return err
		}
	}
	return s.end()
}

// close ends everything that runs and tells what does not end.
func (s *stage) close() error {
	var err error
	if s.running != nil {
		err = s.stop()
	}
	for _, p := range s.parties {
		p.audio.End()
	}
	s.pump.Close()
	open := s.net.Open()
	s.net.Close()
	synctest.Wait()
	switch {
	case err != nil:
		return err
	case len(open) > 0:
		return fmt.Errorf("sockets are still open: %s", strings.Join(open, ", "))
	}
	return leaked()
}
