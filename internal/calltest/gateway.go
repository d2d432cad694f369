package calltest

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/gateway"
	"github.com/tandem-gateway/tandem/internal/simnet"
)

// sockets gives a simulated network the form of gateway.Network, P being the
// interface that its UDP sockets have there.
type sockets[P any] struct{ *simnet.Net }

// ListenUDP opens a socket of the simulated network.
func (s sockets[P]) ListenUDP(at netip.AddrPort) (P, error) {
	c, err := s.Net.ListenUDP(at)
	if err != nil {
		return *new(P), err
	}
	return any(c).(P), nil
}

func socketsOf[P any](n *simnet.Net, _ func(gateway.Network, netip.AddrPort) (P, error)) sockets[P] {
	return sockets[P]{n}
}

// running is the gateway of a script.
type running struct {
	gateway *gateway.Gateway
	drain   context.CancelFunc
	done    chan error
	records string
	calls   *calls
}

// boot starts the script's gateway.
func (s *stage) boot() error {
	if !s.gatewayPlays() {
		return nil
	}
	records := filepath.Join(s.setup.Dir, "calls.jsonl")
	c, err := s.configuration(s.script.Config, records)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{ReplaceAttr: s.sinceBegin}))
	known := &calls{}
	g, err := gateway.New(gateway.Options{Config: c, Events: known.note, Network: socketsOf(s.net.Net, gateway.Network.ListenUDP), Names: "; what name servers know\n" + s.script.Names, Log: log})
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	ctx, drain := context.WithCancel(context.Background())
	s.running = &running{gateway: g, drain: drain, done: make(chan error, 1), records: records, calls: known}
	go func() { s.running.done <- g.Run(ctx) }()
	return nil
}

// configuration is a script's, by its name or as text.
func (s *stage) configuration(text, records string) (*config.Config, error) {
	text, err := s.configText(text, records)
	if err != nil {
		return nil, err
	}
	return config.Parse(s.script.Name+".yaml", []byte(text))
}

// sinceBegin writes the log's times as the ladder writes its own.
func (s *stage) sinceBegin(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.String("at", fmt.Sprintf("%.3f", a.Value.Time().Sub(s.began).Seconds()))
	}
	return a
}

// patientlyStop is longer than a gateway may take to drain and stop.
const patientlyStop = 10 * time.Minute

// stop ends the gateway, while the parties agree to whatever it asks, and says
// when it does not end.
func (s *stage) stop() error {
	s.closing = true
	s.running.drain()
	ctx, stopped := context.WithCancel(context.Background())
	var err error
	go func() {
		err = <-s.running.done
		stopped()
	}()
	s.pump.Run(ctx, time.Now().Add(patientlyStop), never)
	if ctx.Err() == nil {
		return fmt.Errorf("the gateway has not stopped after %v", patientlyStop)
	}
	if err != nil {
		return fmt.Errorf("gateway stopped with: %w", err)
	}
	return nil
}

// nothingLeft wants all that a call needs to be given back.
func (r *running) nothingLeft() error {
	live := r.gateway.Live()
	if live.Calls != 0 || live.Ports != 0 || live.Records != 0 {
		return fmt.Errorf("the gateway still holds %d calls, %d pairs of ports, %d open records",
			live.Calls, live.Ports, live.Records)
	}
	return nil
}

// records are the call records written so far, a line each.
func (s *stage) records() []string {
	if s.running == nil {
		return nil
	}
	text, err := os.ReadFile(s.running.records)
	if err != nil {
		s.blame("call records: %v", err)
	}
	return slices.Collect(strings.Lines(string(text)))
}

// reloadStep is "gateway reloads:" with another configuration below it: what SIGHUP
// does.
type reloadStep struct{ line }

func parseReload(l line, _ []string) (step, error) {
	if len(l.block) == 0 {
		return nil, l.errorf("needs the configuration, indented below it")
	}
	return &reloadStep{l}, nil
}

func (r *reloadStep) play(s *stage) error {
	if s.running == nil {
		return r.errorf("no gateway plays")
	}
	c, err := s.configuration(verbatim(r.block, r.block[0].indent), s.running.records)
	if err != nil {
		return r.errorf("%w", err)
	}
	if err := s.running.gateway.Reload(c); err != nil {
		return r.errorf("%w", err)
	}
	return nil
}

// drainStep is "gateway drains": what SIGTERM does.
type drainStep struct{ line }

func parseDrain(l line, _ []string) (step, error) { return &drainStep{l}, nil }

func (d *drainStep) play(s *stage) error {
	if s.running == nil {
		return d.errorf("no gateway plays")
	}
	s.running.drain()
	return nil
}
