package demo

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/gateway"
	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// Where the three stand.
var (
	loopback  = netip.MustParseAddr("127.0.0.1")
	trunkSide = netip.MustParseAddr("127.0.0.2")
)

// Who calls, and what she dials.
const (
	user    = "alice"
	dialled = "(425) 555-0100"
)

// Pitches of the phone; the PSTN's are its own.
const alicePitch = 800.0

// house is everything that runs.
type house struct {
	options Options
	ladder  *ladder
	dir     string
	config  *config.Config
	at      netip.AddrPort // the gateway
	trunk   netip.AddrPort // the telephone network

	gateway *gateway.Gateway
	pstn    *phone.PSTN
	phone   *phone.Phone

	// reports are the telephone network's, events the gateway's.
	reports chan phone.CallReport
	events  chan event.Event
	stop    context.CancelFunc
	ended   chan error
}

// build starts the three. After an error nothing is left.
func build(o Options) (h *house, err error) {
	h = &house{
		options: o, ladder: newLadder(o.Out), reports: make(chan phone.CallReport, 16),
		events: make(chan event.Event, 256), ended: make(chan error, 2),
	}
	if h.dir, err = os.MkdirTemp("", "tandem-demo-"); err != nil {
		return nil, err
	}
	for _, start := range []func() error{h.choosePorts, h.startGateway, h.startPSTN, h.startPhone} {
		if err = start(); err != nil {
			return nil, errors.Join(err, h.close())
		}
	}
	return h, nil
}

// choosePorts finds ports that are free for SIP.
func (h *house) choosePorts() (err error) {
	if h.at, err = h.freePort(loopback); err != nil {
		return err
	}
	h.trunk, err = h.freePort(trunkSide)
	return err
}

func (h *house) freePort(host netip.Addr) (netip.AddrPort, error) {
	c, err := h.options.Network.ListenUDP(netip.AddrPortFrom(host, 0))
	if err != nil {
		return netip.AddrPort{}, err
	}
	at, err := netip.ParseAddrPort(c.LocalAddr().String())
	return at, errors.Join(err, c.Close())
}

func (h *house) startGateway() error {
	text := strings.NewReplacer(
		"GATEWAY", h.at.String(), "PSTN", h.trunk.String(),
		"RECORDS", fmt.Sprintf("%q", h.records()),
	).Replace(configuration[strings.Index(configuration, "\n")+1:])
	var err error
	if h.config, err = config.Parse("demo.yaml", []byte(text)); err != nil {
		return err
	}
	h.gateway, err = gateway.New(gateway.Options{Config: h.config, Network: h.forGateway(), Events: h.event})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	h.stop = stop
	go func() { h.ended <- h.gateway.Run(ctx) }()
	return nil
}

// forGateway lets the gateway take the machine's network by itself, with all that
// it does better there.
func (h *house) forGateway() gateway.Network {
	if _, real := h.options.Network.(transport.Machine); real {
		return nil
	}
	return h.options.Network
}

// event keeps what the gateway tells of its calls. Nobody reads it after the call
// of the demo; what finds no room then is dropped.
func (h *house) event(e event.Event) {
	select {
	case h.events <- e:
	default:
	}
}

func (h *house) startPSTN() error {
	p, err := phone.NewPSTN(h.place(h.trunk))
	if err != nil {
		return err
	}
	h.pstn = p
	p.Listens = alicePitch
	p.Ended = func(r phone.CallReport) {
		select {
		case h.reports <- r:
		default:
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	stop := h.stop
	h.stop = func() { stop(); cancel() }
	go func() { p.Run(ctx); h.ended <- nil }()
	return nil
}

func (h *house) startPhone() (err error) {
	u := h.config.User(user)
	who := phone.Credentials{User: u.Name, Password: u.Password.Reveal()}
	h.phone, err = phone.NewPhone(h.place(netip.AddrPortFrom(loopback, 0)), who, h.at.String())
	if err == nil {
		h.phone.Audio.Pitch = alicePitch
	}
	return err
}

// place is where a party stands: its messages are drawn.
func (h *house) place(at netip.AddrPort) phone.Place {
	return phone.Place{
		Listen: func(at netip.AddrPort) (phone.PacketConn, error) { return h.options.Network.ListenUDP(at) },
		Local:  at, Gateway: h.at, Trace: h.trace,
	}
}

// trace draws one message.
func (h *house) trace(at time.Time, from, to netip.AddrPort, m *phone.Message) {
	h.ladder.message(at, h.lane(from), h.lane(to), m.Name())
}

func (h *house) lane(at netip.AddrPort) int {
	switch at {
	case h.at:
		return gatewayLane
	case h.trunk:
		return trunkLane
	}
	return phoneLane
}

func (h *house) records() string { return filepath.Join(h.dir, "calls.jsonl") }

// nothingLeft wants the gateway to have given back all that the call needed.
func (h *house) nothingLeft(ctx context.Context) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		live := h.gateway.Live()
		if live.Calls == 0 && live.Ports == 0 && live.Records == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("after the call the gateway still holds %d calls, %d pairs of ports, %d records",
				live.Calls, live.Ports, live.Records)
		case <-ticker.C:
		}
	}
}

// close ends everything that was started and says what did not end well.
func (h *house) close() error {
	var errs []error
	if h.phone != nil {
		h.phone.Close()
	}
	if h.stop != nil {
		h.stop()
		errs = append(errs, <-h.ended)
		if h.pstn != nil {
			errs = append(errs, <-h.ended)
		}
	}
	return errors.Join(append(errs, os.RemoveAll(h.dir))...)
}
