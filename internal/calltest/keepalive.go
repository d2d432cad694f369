package calltest

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// keptAlive takes a packet that is no message but a keep-alive (RFC 5626 section 3.5.1). A
// ping is answered at once, as everybody must who knows of them; by hand nobody does.
func (s *stage) keptAlive(p *party, packet string, from netip.AddrPort) bool {
	switch packet {
	case phone.Ping:
		p.pings++
		if !p.byHand {
			p.agent.SendRaw([]byte(phone.Pong), from)
		}
	case phone.Pong:
		p.pongs++
	default:
		return false
	}
	return true
}

// keepStep is "NAME -> keepalive" and "NAME -> pong": empty lines to the gateway.
type keepStep struct {
	line
	who, what string
}

func parseKeep(l line, words []string) (step, error) { return &keepStep{l, words[0], words[2]}, nil }

func (k *keepStep) play(s *stage) error {
	who, err := s.party(k.who)
	if err != nil {
		return k.errorf("%w", err)
	}
	packet := phone.Ping
	if k.what == "pong" {
		packet = phone.Pong
	}
	who.agent.SendRaw([]byte(packet), who.agent.Proxy)
	return nil
}

// keptStep is "NAME <- pong", which is an answer that no line has asked for yet, and
// "NAME <- keepalive", which is the next one: those before need no line.
type keptStep struct {
	line
	who, what string
	within    time.Duration
}

func parseKept(l line, words []string) (step, error) {
	o, err := parseOptions(l, words[3:], "within")
	if err != nil {
		return nil, err
	}
	within, err := o.duration("within", promptly)
	if err != nil {
		return nil, l.errorf("%w", err)
	}
	return &keptStep{l, words[0], words[2], within}, nil
}

func (k *keptStep) play(s *stage) error {
	who, err := s.party(k.who)
	if err != nil {
		return k.errorf("%w", err)
	}
	came, before := &who.pongs, 0
	if k.what == "keepalive" {
		came, before = &who.pings, who.pings
	}
	if !s.run(s.patience(k.within), func() bool { return *came > before }) {
		return k.errorf("%s got nothing of it within %v", k.who, k.within)
	}
	if came == &who.pongs {
		who.pongs--
	}
	return nil
}

// strayPong wants every answer to have its line: over UDP, say, there is none.
func (p *party) strayPong() error {
	if p.pongs == 0 {
		return nil
	}
	return fmt.Errorf("no line expects what %s got: %d pongs", p.name, p.pongs)
}
