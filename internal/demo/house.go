package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/gateway"
	"github.com/tandem-gateway/tandem/internal/phone"
)

// Where the three stand, who calls, what she dials, and the tone that she sends.
const (
	gatewayHost = "127.0.0.1"
	trunkHost   = "127.0.0.2"
	user        = "alice"
	dialled     = "(425) 555-0100"
	alicePitch  = 800.0
)

// house is everything that runs: the gateway on its own goroutines, phone and
// telephone network on ours, by one pump.
type house struct {
	options Options
	ladder  *ladder
	dir     string
	config  *config.Config
	at      netip.AddrPort // the gateway
	trunk   netip.AddrPort // the telephone network

	gateway *gateway.Gateway
	stop    context.CancelFunc
	ended   chan error

	pump    *phone.Pump
	phone   *phone.Phone
	pstn    *phone.PSTN
	reports []phone.CallReport
}

// build starts the three. After an error nothing is left.
func build(o Options) (h *house, err error) {
	h = &house{options: o, ladder: newLadder(o.Out), pump: phone.NewPump(), ended: make(chan error, 1)}
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
	if h.at, err = h.freePort(gatewayHost); err != nil {
		return err
	}
	h.trunk, err = h.freePort(trunkHost)
	return err
}

func (h *house) freePort(host string) (netip.AddrPort, error) {
	c, err := h.listen(anyPort(host))
	if err != nil {
		return netip.AddrPort{}, err
	}
	at, err := netip.ParseAddrPort(c.LocalAddr().String())
	return at, errors.Join(err, c.Close())
}

func anyPort(host string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(host), 0) }

// listen opens a socket of the phone's or the telephone network's.
func (h *house) listen(at netip.AddrPort) (phone.PacketConn, error) {
	if h.options.Network != nil {
		return h.options.Network.ListenUDP(at)
	}
	return net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
}

func (h *house) startGateway() error {
	_, text, _ := strings.Cut(configuration, "\n")
	text = strings.NewReplacer(
		"GATEWAY", h.at.String(), "PSTN", h.trunk.String(), "RECORDS", fmt.Sprintf("%q", h.records()),
	).Replace(text)
	var err error
	if h.config, err = config.Parse("demo.yaml", []byte(text)); err != nil {
		return err
	}
	h.gateway, err = gateway.New(gateway.Options{Config: h.config, Network: h.options.Network})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	h.stop = stop
	go func() { h.ended <- h.gateway.Run(ctx) }()
	return nil
}

func (h *house) startPSTN() (err error) {
	if h.pstn, err = phone.NewPSTN(h.place(h.trunk)); err != nil {
		return err
	}
	h.pstn.Listens = alicePitch
	h.pstn.Ended = func(r phone.CallReport) { h.reports = append(h.reports, r) }
	return nil
}

func (h *house) startPhone() (err error) {
	u := h.config.User(user)
	who := phone.Credentials{User: u.Name, Password: u.Password.Reveal()}
	if h.phone, err = phone.NewPhone(h.place(anyPort(gatewayHost)), who, h.at.String()); err != nil {
		return err
	}
	h.phone.Audio.Pitch = alicePitch
	return nil
}

// place is where a party stands: its messages are drawn.
func (h *house) place(at netip.AddrPort) phone.Place {
	return phone.Place{Pump: h.pump, Listen: h.listen, Local: at, Gateway: h.at, Trace: h.trace}
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

// until runs phone and telephone network until something holds, and tells whether
// it did in time.
func (h *house) until(ctx context.Context, holds func() bool) bool {
	for !holds() {
		if ctx.Err() != nil {
			return false
		}
		h.pump.Run(ctx, time.Now().Add(10*time.Millisecond), func() bool { return false })
	}
	return true
}

// nothingLeft wants the gateway to have given back all that the call needed.
func (h *house) nothingLeft(ctx context.Context) error {
	var live gateway.Live
	if h.until(ctx, func() bool {
		live = h.gateway.Live()
		return live.Calls == 0 && live.Ports == 0 && live.Records == 0
	}) {
		return nil
	}
	return fmt.Errorf("after the call the gateway still holds %d calls, %d pairs of ports, %d records",
		live.Calls, live.Ports, live.Records)
}

// stopGateway ends the gateway while phone and telephone network still answer it.
func (h *house) stopGateway() (err error) {
	h.stop()
	running, over := context.WithCancel(context.Background())
	go func() {
		err = <-h.ended
		over()
	}()
	h.pump.Run(running, time.Time{}, func() bool { return false })
	return err
}

// close ends everything that was started and says what did not end well.
func (h *house) close() error {
	var err error
	if h.stop != nil {
		err = h.stopGateway()
	}
	h.pump.Close()
	return errors.Join(err, os.RemoveAll(h.dir))
}
