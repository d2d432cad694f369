package calltest

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/internal/authority"
	"github.com/tandem-gateway/tandem/internal/phone"
)

// Where the gateway stands in every script, and what it calls itself.
const (
	gatewayHost   = "198.51.100.1"
	gatewayHost6  = "2001:db8:ffff::1" // where a script's configuration has it listen
	gatewayLAN    = "192.0.2.254"      // too, and beside phones
	gatewayDomain = "example.test"
)

// rtp.ports of every script's configuration.
const (
	firstPort = 20000
	lastPort  = 20099
)

// stage is one script being played: the network, the gateway and the parties, all
// but the gateway on one goroutine.
type stage struct {
	script *Script
	setup  Setup
	began  time.Time
	pump   *phone.Pump
	net    *network
	ladder *ladder
	log    *bytes.Buffer

	running *running
	parties []*party
	// root signs the certificates of everybody; nil until somebody needs one.
	root *authority.Authority
	// recordsSeen are the places of those that a line has found.
	recordsSeen map[int]bool
	// recordsWanted looks at the number of records once more; nil when no line did.
	recordsWanted func() error
	// answeredAtAll are the branches of requests that got any response.
	answeredAtAll map[string]bool
	// outer is the address of the NAT in front of the gateway; the zero Addr is none.
	outer netip.Addr
	// closing is when the script is over and every party only says yes.
	closing bool
	// fault is the first thing that no script may see.
	fault error
}

// party finds one by name.
func (s *stage) party(name string) (*party, error) {
	for _, p := range s.parties {
		if p.name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("there is no party %s; name it above with phone, trunk or stranger", name)
}

// enter makes a party with its sockets.
func (s *stage) enter(from *partyStep) (*party, error) {
	p := &party{name: from.name, byHand: from.byHand, calls: map[string]*conversation{}, bare: map[*phone.Message]bool{}}
	p.agent, p.progress = from.agent(), 200
	var err error
	if p.keys, err = keysOf(from); err != nil {
		return nil, err
	}
	if from.opts.has("notify") {
		p.progress = number(from.opts["notify"])
	}
	if err := s.connect(p, from); err != nil {
		return nil, err
	}
	p.audio = &phone.Audio{Pitch: tones[len(s.parties)%len(tones)]}
	s.parties = append(s.parties, p)
	s.ladder.name(from.address, from.name)
	s.pump.Add(p.agent)
	s.pump.Add(p.audio)
	return p, s.move(p, netip.AddrPortFrom(from.address, rtpPort).String())
}

// connect opens a party's transports: UDP, or TCP, or both, or TLS. Where there are
// both, a message goes over the connection that is there, else by UDP.
func (s *stage) connect(p *party, from *partyStep) error {
	receive := func(now time.Time, b []byte, at netip.AddrPort) { s.arrived(p, now, b, at) }
	var udp phone.PacketConn
	if !from.opts.has("tcp") && !from.secure() {
		var err error
		if udp, err = s.net.listen(p.agent.Local); err != nil {
			return err
		}
		s.pump.Open(udp, receive)
	}
	if udp == nil || from.opts.has("tcp-too") {
		var err error
		if p.streams, err = s.streams(p, from); err != nil {
			return err
		}
		s.pump.Open(p.streams, receive)
	}
	p.agent.Write = func(b []byte, to netip.AddrPort) {
		if udp == nil || (p.streams != nil && p.streams.Has(to)) {
			s.write(p.streams, b, to)
			return
		}
		s.write(udp, b, to)
	}
	return nil
}

// streams opens a party's TCP, or TLS.
func (s *stage) streams(p *party, from *partyStep) (*phone.Streams, error) {
	l, err := s.net.ListenTCP(p.agent.Local)
	if err != nil {
		return nil, err
	}
	if !from.secure() {
		return phone.NewStreams(l, s.net.DialTCP), nil
	}
	return s.secureStreams(l, from)
}

// move gives a party's audio another address.
func (s *stage) move(p *party, where string) error {
	at, err := netip.ParseAddrPort(where)
	if err != nil {
		return fmt.Errorf("%q is no address and port: %w", where, err)
	}
	if p.rtp != nil {
		s.pump.Shut(p.rtp)
	}
	if p.rtp, err = s.net.listen(at); err != nil {
		return err
	}
	s.ladder.name(at.Addr(), p.name)
	socket := p.rtp
	p.audio.Local = at
	p.audio.Write = func(b []byte, to netip.AddrPort) { s.write(socket, b, to) }
	s.pump.Open(socket, func(now time.Time, b []byte, from netip.AddrPort) {
		err := p.audio.Receive(now, b)
		if err == nil {
			err = s.straight(p, from)
		}
		if err != nil {
			s.blame("%s got %v", p.name, err)
		}
	})
	return nil
}

// write sends one packet; a network that refuses one is a fault of the script.
func (s *stage) write(socket phone.PacketConn, b []byte, to netip.AddrPort) {
	if to.Addr() == s.outer {
		to = netip.AddrPortFrom(s.gateway().Addr(), to.Port())
	}
	if _, err := socket.WriteToUDPAddrPort(b, to); err != nil {
		s.blame("sending %q: %v", firstLine(b), err)
	}
}

func firstLine(b []byte) string {
	line, _, _ := bytes.Cut(b, []byte("\r\n"))
	return string(line)
}

// blame keeps the first fault.
func (s *stage) blame(format string, args ...any) {
	if s.fault == nil {
		s.fault = fmt.Errorf(format, args...)
	}
}

// arrived takes one SIP packet for a party: what every message must be, what a
// decent user does without being told, and the queue for the script's lines.
func (s *stage) arrived(p *party, now time.Time, packet []byte, from netip.AddrPort) {
	if s.keptAlive(p, string(packet), from) {
		return
	}
	a, err := p.agent.Receive(now, packet, from)
	if err != nil {
		s.blame("%s got %v:\n%s", p.name, err, packet)
		return
	}
	err = decent(a.Message)
	if err == nil {
		err = s.upright(p, a.Message, from)
	}
	if err != nil {
		s.blame("%s got %s: %v\n%s", p.name, a.Name(), err, packet)
	}
	if !a.IsRequest() {
		s.answeredAtAll[a.Branch()] = true
	}
	if !a.Again {
		p.listen(a.Message)
	}
	if a.Method == "BYE" && !a.Again {
		p.audio.Stop()
	}
	if s.closing {
		s.yes(p, now, a)
		return
	}
	if !p.byHand && s.manners(p, now, a) {
		return
	}
	if !p.byHand {
		s.answerProgress(p, now, a)
	}
	p.queue = append(p.queue, a)
}

// manners answers what needs no line of a script: an OPTIONS of our health, and a
// challenge to a request that has not proved who it is yet.
func (s *stage) manners(p *party, now time.Time, a phone.Arrival) bool {
	if a.Method == "OPTIONS" && a.Tag("To") == "" {
		if !a.Again {
			p.agent.Send(now, p.agent.Respond(a.Message, 200, ""))
		}
		return true
	}
	if a.Status != 401 && a.Status != 407 {
		return false
	}
	c, request := p.owner(a.Message), p.agent.Original(a.Message)
	if c == nil || request == nil || a.Again || request.Has("Authorization") || request.Has("Proxy-Authorization") || p.bare[request] {
		return a.Again
	}
	s.acknowledge(p, a)
	retry, err := p.agent.Retry(request, a.Message)
	if err != nil {
		s.blame("%s: %v", p.name, err)
		return true
	}
	s.send(p, c, retry)
	return true
}

// yes lets the gateway end what a script that failed has left behind.
func (s *stage) yes(p *party, now time.Time, a phone.Arrival) {
	switch {
	case !a.IsRequest() && a.Status >= 200:
		s.acknowledge(p, a)
	case a.Again || !a.IsRequest() || a.Method == "ACK":
	case a.Method == "INVITE":
		p.agent.Send(now, p.agent.Respond(a.Message, 486, ""))
	default:
		p.agent.Send(now, p.agent.Respond(a.Message, 200, ""))
		if invite := p.agent.Invited(a.Message); a.Method == "CANCEL" && invite != nil {
			p.agent.Send(now, p.agent.Respond(invite, 487, ""))
		}
	}
}

func (s *stage) acknowledge(p *party, a phone.Arrival) {
	if _, method := a.CSeq(); method != "INVITE" {
		return
	}
	ack, err := p.agent.Ack(a.Message)
	if err != nil {
		s.blame("%s: %v", p.name, err)
		return
	}
	p.agent.Send(a.At, ack)
}

// run turns the parties until done or for a time, and tells whether done.
func (s *stage) run(d time.Duration, done func() bool) bool {
	stop := func() bool { return s.fault != nil || done() }
	return s.pump.Run(context.Background(), time.Now().Add(d), stop) && s.fault == nil
}

// gateway is where the parties send their requests.
func (s *stage) gateway() netip.AddrPort { return netip.MustParseAddrPort(gatewayHost + ":5060") }

func (s *stage) gatewayPlays() bool { return s.script.Config != "none" }

func (s *stage) lossy() bool { return s.setup.Loss > 0 }

// expand fills in the places of a script's text: {gw}, {lan} and {NAME} are addresses
// with SIP ports, {NAME.rtp} the address of a party's audio, others a party's dialogs.
func (s *stage) expand(text string) string {
	text = strings.ReplaceAll(text, "{gw}", s.gateway().String())
	text = strings.ReplaceAll(text, "{lan}", gatewayLAN+":5060")
	for _, p := range s.parties {
		text = p.expandDialogs(text)
		text = strings.ReplaceAll(text, "{"+p.name+"}", p.agent.Local.String())
		text = strings.ReplaceAll(text, "{"+p.name+".rtp}", p.audio.Local.String())
	}
	return text
}
