// Command tandem is the gateway: flags, signals and exit codes, and no logic.
//
//	tandem serve -c tandem.yaml   run
//	tandem check -c tandem.yaml   say what is wrong with a configuration
//	tandem demo                   one call through a gateway, explained
//	tandem version
//
// It exits 0 when all went well, 1 when something failed, and 2 when the
// configuration is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/tandem-gateway/tandem/gateway"
	"github.com/tandem-gateway/tandem/internal/demo"
)

type commands struct {
	Serve   serve       `cmd:"" help:"Run the gateway. SIGHUP reloads the configuration, SIGTERM lets calls end and stops."`
	Check   check       `cmd:"" help:"Say what is wrong with a configuration: every fault with its line and column."`
	Demo    demonstrate `cmd:"" help:"Place one call through a gateway, with a built-in phone and carrier, and explain it."`
	Version version     `cmd:"" help:"Print the version."`
}

const description = `Tandem is a SIP gateway: phones register with it, trunks to carriers and
PBXs connect to it, and it bridges the calls between them.

First call:  tandem demo
Your own:    cp tandem.example.yaml tandem.yaml, change it, and
             tandem check -c tandem.yaml && tandem serve -c tandem.yaml`

func main() {
	var c commands
	parsed := kong.Parse(&c, kong.Name("tandem"), kong.Description(description),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	err := parsed.Run()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	var wrong *configError
	if errors.As(err, &wrong) {
		os.Exit(2)
	}
	os.Exit(1)
}

// configError makes the exit code 2.
type configError struct{ error }

func (e *configError) Unwrap() error { return e.error }

type version struct{}

// Run prints the version.
func (version) Run() error {
	fmt.Println("tandem", gateway.Version)
	return nil
}

type demonstrate struct {
	Stay bool `help:"Keep gateway and carrier running, and say how to point a softphone at them."`
}

// Run places the call.
func (d demonstrate) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return demo.Run(ctx, demo.Options{Out: os.Stdout, Stay: d.Stay})
}
