package sip

import (
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/srtp"
	"github.com/tandem-gateway/tandem/sip/digest"
	"github.com/tandem-gateway/tandem/sip/registrar"
	"github.com/tandem-gateway/tandem/sip/resolve"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/trunk"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Config is what an edge is made with and does not change by a reload.
type Config struct {
	// Network opens the sockets of SIP; nil is the machine's.
	Network transport.Network
	// Ports opens the media of calls.
	Ports *rtp.Engine
	// MediaAddresses are where media is received, at most one of each family. For a
	// leg whose signalling is of another it is the address which that uses.
	MediaAddresses []netip.Addr
	// Advertise are what our Via and Contact say instead of the address of the same family
	// that we listen on: a NAT's.
	Advertise []netip.Addr
	// Domain is the realm, and the host of the AORs and of our From.
	Domain string
	// Agent is our User-Agent and Server.
	Agent string
	// Timing is T1, T2 and T4; zero is the RFC's.
	Timing transaction.Timing
	// SessionExpires is the interval of session timers (RFC 4028), 0 to ask for none;
	// MinSE is the least that others may ask for.
	SessionExpires, MinSE time.Duration
	// Bounds are the registrar's.
	Bounds registrar.Bounds
	Log    *slog.Logger
	// Publish takes the events of all calls.
	Publish func(event.Event)
	// Names answers DNS queries; nil is the machine's name servers.
	Names resolve.Exchange
	// Trace sees every message; nil is none.
	Trace func(transport.Direction, transport.Flow, []byte)
}

// Settings is what a reload may change. It is replaced as a whole.
type Settings struct {
	Users  map[string]User
	Trunks []Trunk
	Plan   *dialplan.Plan
	// Routes says, by a route's name, how it chooses among its trunks; one that is not
	// there has them tried as they are written.
	Routes map[string]RouteTrunks
	Limits bridge.Limits
	// Music gives the sound for one party on hold, when Limits.Hold asks for it, and for one
	// that is being transferred.
	Music func() audio.Source
	// Recorder is where calls are recorded; nil for nowhere.
	Recorder *bridge.Recorder
	// Prompts are what can be played into calls; nil for tones only.
	Prompts bridge.Prompts
	// TLS is what TLS listeners show and ask for.
	TLS transport.Credentials

	// env is what all their calls share.
	env *bridge.Env
	// SDESWithoutTLS lets keys of SRTP stand in messages that others can read.
	SDESWithoutTLS bool
	// Certificate is what calls that begin prove us with in DTLS handshakes of their media.
	Certificate *srtp.Certificate
}

// User is somebody who may register and call.
type User struct {
	Name, Password string
	// PicksUp are the users whose calls this one may pick up.
	PicksUp []string
	// Limits are of the calls that the user makes.
	Limits trunk.Limits
	// SRTP is how the audio of the user's phones may be protected.
	SRTP bridge.SRTP
	// Codecs are the names of those that they may use; empty for any.
	Codecs []string
	// Digits is how they are told keys.
	Digits bridge.KeyWay
}

// Edge is the SIP side of a gateway.
type Edge struct {
	config    Config
	log       *slog.Logger
	layer     *transport.Layer
	settings  atomic.Pointer[Settings]
	calls     *directory
	phones    *phones
	auth      *digest.Authenticator
	lingering *lingering
	locator   locator
	watch     *watch
	meters    *meters
	drain     atomic.Int64 // unix nanoseconds until which new calls get 503; 0 is open
}

// New makes an edge that listens nowhere yet.
func New(c Config, s *Settings) (*Edge, error) {
	auth, err := digest.NewAuthenticator(digest.Options{Realm: c.Domain})
	if err != nil {
		return nil, err
	}
	if c.Timing.T1 <= 0 {
		c.Timing = transaction.DefaultTiming()
	}
	e := &Edge{
		config: c, log: c.Log, auth: auth, calls: newDirectory(), phones: newPhones(c.Bounds),
		lingering: newLingering(c.Timing.Timeout()), meters: newMeters(),
	}
	e.settings.Store(e.equip(s))
	e.layer = transport.New(transport.Config{
		Network: c.Network, Log: c.Log, Receive: e.receive, Closed: e.closed, Trace: c.Trace,
		NewFramer: newFramer,
	})
	e.layer.Certify(s.TLS)
	e.watch = newWatch(e, s)
	return e, nil
}

// Listen opens a listening address and gives what it became.
func (e *Edge) Listen(p transport.Protocol, at netip.AddrPort) ([]netip.AddrPort, error) {
	return e.layer.Listen(p, at)
}

// Apply replaces the settings. Calls that are up keep what they began with.
func (e *Edge) Apply(s *Settings) {
	e.layer.Certify(s.TLS)
	e.settings.Store(e.equip(s))
	e.watch.post(configured{s})
}

// Refuse has every new call answered with 503 and Retry-After until the given
// time, while those that are up go on.
func (e *Edge) Refuse(until time.Time) { e.drain.Store(until.UnixNano()) }

// Calls is how many calls there are.
func (e *Edge) Calls() int { return e.calls.len() }

// Expire forgets answers to repetitions that nobody can want any more, and gives
// how many are left. They go by themselves as messages come; this is for when none
// do.
func (e *Edge) Expire() int { return e.lingering.len() }

// Phones is how many AORs are registered.
func (e *Edge) Phones() int { return e.phones.len() }

// StopAll ends every call.
func (e *Edge) StopAll(c event.Cause) {
	for _, call := range e.calls.all() {
		call.Stop(c)
	}
}

// Abandon forgets what calls still wait for: the answer to a BYE of somebody who is
// gone. Calls that have been stopped end at once, with their records.
func (e *Edge) Abandon() {
	for _, call := range e.calls.all() {
		call.Post(abandoned{})
	}
}

// Close ends the watch over the trunks, the listeners and the connections. Calls
// should have ended before.
func (e *Edge) Close() error {
	e.watch.close()
	e.locator.close()
	return e.layer.Close()
}

// equip makes what the calls of these settings are given, once for all of them.
func (e *Edge) equip(s *Settings) *Settings {
	s.env = &bridge.Env{
		Dialer: e, Plan: choosing{e, s}, Ports: e.config.Ports, Limits: s.Limits, Log: e.log,
		Publish: e.config.Publish, Forget: e.forget, Music: s.Music,
		Recorder:    s.Recorder,
		Prompts:     s.Prompts,
		Certificate: s.Certificate,
	}
	return s
}

// forget is the end of a call.
func (e *Edge) forget(c *bridge.Call) {
	for l := range legs(c) {
		l.release()
	}
	e.lingering.ended(c.ID())
	e.calls.remove(c)
}

// closed is told of a stream that has died: whoever waits for something on it
// need not wait on, and phones behind it cannot be called any more.
func (e *Edge) closed(f transport.Flow, err error) {
	for _, aor := range e.phones.broken(f) {
		e.log.Info("phone lost", "user", aor, "flow", f.String(), "err", err)
	}
	e.watch.mention(flowLost{f}) // a send of the watch's own may have found it
	for _, call := range e.calls.all() {
		call.Post(lost{f})
	}
}

// newFramer cuts a stream by wire's rules.
func newFramer(f transport.Flow) transport.Framer {
	return &framer{flow: f}
}

// framer is wire.Framer in the transport's terms.
type framer struct {
	wire.Framer
	flow transport.Flow
}

// Next gives the next frame.
func (f *framer) Next() transport.Frame {
	frame := f.Framer.Next()
	switch frame.Kind {
	case wire.FrameMessage:
		return transport.Frame{Kind: transport.Message, Data: frame.Data}
	case wire.FramePing:
		return transport.Frame{Kind: transport.Ping}
	case wire.FrameBroken:
		answer, _ := frame.Fault.Response(f.flow.Protocol.String(), f.flow.Remote)
		return transport.Frame{Kind: transport.Broken, Data: answer, Err: frame.Fault}
	}
	return transport.Frame{Kind: transport.Partial}
}
