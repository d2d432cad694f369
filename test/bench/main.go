// Command bench measures the gateway's real binary under load and prints a table
// in Markdown: `make bench` runs it. It needs the project, SIPp and Linux.
//
//	main.go      what is measured, in which order, and the table
//	rate.go      calls a second, SIPp at both ends
//	setup.go     from INVITE to 200
//	relay.go     CPU, loss and delay of relayed audio
//	memory.go    memory of an idle call, and after 10,000 calls
//	load.go      both ends of many calls in this process
//	stream.go    their audio
//	target.go    the gateway that is measured, and what /proc says of it
//	quiet.go     whether other programs disturb
//	figures.go   quantiles, the machine, the table
//
// Decisions:
//
//   - The gateway has one core and the load another, by taskset(1); all on loopback
//     addresses. A machine with one core is measured as it is, and the table says
//     so.
//   - What is measured is a call from one trunk to another through one route: each
//     figure is then of the gateway's own work, and needs no password.
//   - Each figure has a gateway of its own, as it is out of the box: its log goes to
//     a file, each call gets its record, and the ports for audio are the default's.
//   - Times are taken at the ends of a call, and so contain the ends' own work and
//     the kernel's. What that is, is measured by a call without a gateway.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/tandem-gateway/tandem/test/peers"
)

// measurement is one of the things that are measured.
type measurement struct {
	name string
	run  func(*bench) error
}

var measurements = []measurement{
	{"setup", (*bench).measureSetup},
	{"relay", (*bench).measureRelay},
	{"idle", (*bench).measureIdle},
	{"rate", (*bench).measureRate},
	{"after", (*bench).measureAfter},
}

// bench is one run.
type bench struct {
	dir, binary string
	place       *peers.Place
	table       table
	started     int
}

func main() {
	only := flag.String("only", "", "measure only these: setup, relay, idle, rate, after; between commas")
	binary := flag.String("binary", "", "measure this binary and build none")
	flag.Parse()
	err := pin()
	// On its one core, the reading of what comes in must not wait for the sending of
	// what is late: the kernel shares the core among threads, Go would not.
	runtime.GOMAXPROCS(4)
	if err == nil {
		err = run(*only, *binary)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// pinned is set in the environment of a bench that has its core.
const pinned = "TANDEM_BENCH_PINNED"

// loadCore runs a program on the core of the load, gatewayCore on the other one.
func loadCore() []string    { return core(1) }
func gatewayCore() []string { return core(0) }

func core(n int) []string {
	if cores() < 2 {
		return nil
	}
	return []string{"taskset", "-c", fmt.Sprint(n)}
}

// pin starts this program anew on the load's core.
func pin() error {
	under := loadCore()
	if under == nil || os.Getenv(pinned) != "" {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	taskset, err := exec.LookPath(under[0])
	if err != nil {
		return fmt.Errorf("%w (Debian: util-linux)", err)
	}
	argv := append(append(under, self), os.Args[1:]...)
	return syscall.Exec(taskset, argv, append(os.Environ(), pinned+"=1"))
}

// run measures and prints the table.
func run(only, binary string) (err error) {
	b := &bench{binary: binary}
	if b.dir, err = os.MkdirTemp("", "tandem-bench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.place, err = peers.NewPlace(); err != nil {
		return err
	}
	defer b.place.Close()
	if binary == "" {
		b.binary, err = peers.Build(b.dir)
	}
	if err == nil {
		err = b.measure(only)
	}
	fmt.Print(machine() + "\n" + b.table.markdown())
	return err
}

// measure goes through the measurements, or those that are named.
func (b *bench) measure(only string) (err error) {
	for _, m := range measurements {
		if only == "" || slices.Contains(strings.Split(only, ","), m.name) {
			err = errors.Join(err, b.undisturbed(m))
		}
	}
	return err
}

// say tells how far the run has come; the table alone goes to standard output.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
