package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/gateway"
)

type file struct {
	Config string `short:"c" default:"tandem.yaml" help:"The configuration. Default: ${default}." type:"path"`
}

// load reads and checks the whole configuration.
func (f file) load() (*config.Config, []string, error) {
	c, err := config.Load(f.Config)
	if err != nil {
		return nil, nil, &configError{err}
	}
	warnings, err := gateway.Check(c)
	if err != nil {
		return nil, nil, &configError{err}
	}
	for _, w := range c.Warnings {
		warnings = append(warnings, w.Error())
	}
	return c, warnings, nil
}

type check struct {
	file
}

// Run checks the configuration.
func (k check) Run() error {
	_, warnings, err := k.load()
	if err != nil {
		return err
	}
	for _, w := range warnings {
		fmt.Println("warning:", w)
	}
	fmt.Println(k.Config, "is good")
	return nil
}

type serve struct {
	file
	Trace []string `enum:"sip" sep:"," help:"Print messages to standard error: sip."`
	Log   string   `enum:"debug,info,warn,error" default:"info" help:"What to log: debug, info, warn or error."`
	JSON  bool     `name:"json" help:"Log as JSON lines."`
}

// Run runs the gateway until SIGTERM or SIGINT.
func (s serve) Run() error {
	c, warnings, err := s.load()
	if err != nil {
		return err
	}
	log := s.logger()
	for _, w := range warnings {
		log.Warn("configuration", "warning", w)
	}
	g, err := gateway.New(gateway.Options{Config: c, Log: log, Trace: s.trace()})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP) // before anybody can know that we are there
	defer signal.Stop(hangup)
	go s.reloadOn(ctx, hangup, g, log) // it ends with ctx
	log.Info("ready", "version", gateway.Version, "config", s.Config)
	err = g.Run(ctx)
	log.Info("stopped")
	return err
}

func (s serve) trace() io.Writer {
	if len(s.Trace) > 0 {
		return os.Stderr
	}
	return nil
}

func (s serve) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.Log)) // kong has checked the word
	options := &slog.HandlerOptions{Level: level}
	if s.JSON {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

// reloadOn reads the configuration again at each SIGHUP. One that is wrong changes
// nothing.
func (s serve) reloadOn(ctx context.Context, hangup <-chan os.Signal, g *gateway.Gateway, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
		}
		c, _, err := s.load()
		if err == nil {
			err = g.Reload(c)
		}
		if err != nil {
			log.Error("not reloaded; the configuration in force stays", "err", err)
		}
	}
}
