// Package gateway puts the house together: configuration, SIP edge, calls, media
// and records become one Gateway that runs, reloads and drains. It is embeddable:
// several run in one process, and a test runs one over a simulated network.
//
//	gateway.go   New and Run
//	compile.go   what the configuration means to the packages below
//	tls.go       certificates, and who trunks must prove to be
//	recording.go which calls are recorded, and where to
//	music.go     sound from files and URLs (gateway/fetch)
//	nat.go       media behind a NAT that translates one to one
//	reload.go    SIGHUP
//	drain.go     SIGTERM
//	journal.go   events into the log
//	tidy.go      memory of past calls, given back
//	trace.go     --trace sip
package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"sync"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/cdr"
	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/sip"
	"github.com/tandem-gateway/tandem/sip/registrar"
	"github.com/tandem-gateway/tandem/sip/resolve"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// Version is what User-Agent and Server say; the build sets it.
var Version = "dev"

// Network opens sockets: the machine's, or a simulated one.
type Network = transport.Network

// PacketConn is a UDP socket of a Network.
type PacketConn = transport.PacketConn

// Options are what a gateway is made of.
type Options struct {
	Config *config.Config
	// Network is where it listens; nil is the machine's.
	Network Network
	// Names are DNS records in the form of a zone file, which stand for all that name
	// servers know; empty asks the machine's.
	Names string
	// Log gets what an operator should know; nil is silence.
	Log *slog.Logger
	// Trace gets every SIP message as text; nil is none.
	Trace io.Writer
	// Events takes the events of all calls, on the calls' goroutines; nil is none.
	Events func(event.Event)
}

// Gateway is one running Tandem.
type Gateway struct {
	log     *slog.Logger
	edge    *sip.Edge
	ports   *rtp.Engine
	media   io.Closer // the machine's sockets; nil on a simulated network
	records *cdr.Writer
	events  func(event.Event)
	prompts prompts

	mu     sync.Mutex
	config *config.Config
	listen []netip.AddrPort
}

// New binds everything the configuration names. The gateway answers from then on;
// Run keeps it until it is told to end. After an error nothing is left open.
func New(o Options) (*Gateway, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g := &Gateway{log: o.Log, events: o.Events, config: o.Config, prompts: newPrompts(o.Log)}
	if err := g.build(o); err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

func (g *Gateway) build(o Options) error {
	settings, err := compileWith(o.Config, g.prompts)
	if err != nil {
		return err
	}
	for _, w := range settings.Plan.Warnings() {
		g.log.Warn("dialplan", "at", w.Path, "warning", w.Text)
	}
	if err := g.openMedia(o); err != nil {
		return err
	}
	if g.records, err = cdr.Open(o.Config.CDR.Path, g.log); err != nil {
		return err
	}
	names, err := namesOf(o.Names)
	if err != nil {
		return err
	}
	g.edge, err = sip.New(sip.Config{
		Network: o.Network, Names: names, Ports: g.ports, MediaAddresses: o.Config.RTP.Address, Advertise: o.Config.SIP.Advertise, Domain: o.Config.SIP.Domain,
		Agent: "Tandem/" + Version, Bounds: registrar.DefaultBounds(), Log: g.log, Publish: g.publish,
		Trace: tracer(o.Trace), SessionExpires: o.Config.SIP.SessionExpires, MinSE: o.Config.SIP.MinSE,
	}, settings)
	if err != nil {
		return err
	}
	if err := g.listenAll(o.Config.SIP.Listen); err != nil {
		return err
	}
	g.edge.Watch()
	return nil
}

// openMedia makes the engine on the network's UDP.
func (g *Gateway) openMedia(o Options) error {
	var network rtp.Network
	if o.Network != nil {
		network = rtp.FromListen(o.Network.ListenUDP)
	} else {
		udp, err := rtp.NewUDP()
		if err != nil {
			return fmt.Errorf("media sockets: %w", err)
		}
		network, g.media = udp, udp
	}
	c := o.Config.RTP
	var err error
	g.ports, err = rtp.New(rtp.Config{
		Network: inside(network, c.Address, c.Bind), First: c.Ports.First, Last: c.Ports.Last,
		Quarantine: rtp.DefaultQuarantine,
	})
	return err
}

// namesOf is what answers DNS queries; nil is the machine's name servers.
func namesOf(zone string) (resolve.Exchange, error) {
	if zone == "" {
		return nil, nil
	}
	exchange, err := resolve.Zone(zone)
	if err != nil {
		return nil, fmt.Errorf("names: %w", err)
	}
	return exchange, nil
}

func (g *Gateway) listenAll(addresses []config.Listen) error {
	for _, l := range addresses {
		at, err := g.edge.Listen(protocolOf(l.Transport), l.Addr)
		if err != nil {
			return fmt.Errorf("listen on %s: %w", l, err)
		}
		g.listen = append(g.listen, at...)
	}
	return nil
}

// Addresses are what the gateway listens on, in the configuration's order.
func (g *Gateway) Addresses() []netip.AddrPort { return g.listen }

// Run keeps the gateway until ctx ends, then drains: new calls are refused, those
// that are up may go on for the configured time and are then ended. It returns
// when everything has stopped.
func (g *Gateway) Run(ctx context.Context) error {
	g.tidy(ctx)
	g.drain()
	return g.close()
}

func (g *Gateway) close() error {
	var errs []error
	if g.edge != nil {
		errs = append(errs, g.edge.Close())
	}
	if g.media != nil {
		errs = append(errs, g.media.Close())
	}
	if g.records != nil {
		errs = append(errs, g.records.Close())
	}
	return errors.Join(errs...)
}

// Live counts what is alive; everything is zero when nothing is.
type Live struct {
	// Calls that have not been forgotten.
	Calls int
	// Ports are pairs in use.
	Ports int
	// Phones are AORs that are registered.
	Phones int
	// Records are calls whose record is still being written together.
	Records int
}

// Live counts what is alive.
func (g *Gateway) Live() Live {
	return Live{
		Calls: g.edge.Calls(), Ports: g.ports.InUse(), Phones: g.edge.Phones(), Records: g.records.Open(),
	}
}

// Call gives a live call by the id that its events have, to play into it, record it, and add
// or remove participants; nil when it is over.
func (g *Gateway) Call(id string) *bridge.Call { return g.edge.Find(id) }

// publish hands an event to its readers. The record comes last but for the
// embedder, who may look for it when it hears of the end.
func (g *Gateway) publish(e event.Event) {
	journal(g.log, e)
	g.records.Add(e)
	if g.events != nil {
		g.events(e)
	}
}
