package calltest

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// described checks the session description of a message against sdp, no-sdp and
// codecs. One that the gateway sends must show the gateway's own address, or the
// audio would pass it by.
func (e *expectStep) described(s *stage, who *party, a phone.Arrival) error {
	body, has := a.SDP()
	switch {
	case e.opts.has("no-sdp") && has:
		return fmt.Errorf("%s has a session description:\n%s", a.Name(), body)
	case !e.opts.has("sdp") && !e.opts.has("codecs") && !e.opts.has("srtp"):
		return nil
	case !has:
		return fmt.Errorf("%s has no session description", a.Name())
	}
	d, err := phone.ParseDescription(body)
	if err != nil {
		return fmt.Errorf("%s: %w", a.Name(), err)
	}
	if s.gatewayPlays() {
		if err := ownAddress(d, s.seenBy(who)); err != nil {
			return err
		}
	}
	if want := e.opts["codecs"]; e.opts.has("codecs") && want != strings.Join(d.Codecs, ",") {
		return fmt.Errorf("codecs are %s", strings.Join(d.Codecs, ","))
	}
	if err := protected(d, e.opts["srtp"]); err != nil {
		return err
	}
	return e.direction(d)
}

func (e *expectStep) direction(d phone.Description) error {
	for _, word := range strings.Split(e.opts["sdp"], ",") {
		if slices.Contains([]string{phone.SendRecv, phone.SendOnly, phone.RecvOnly, phone.Inactive}, word) && d.Direction != word {
			return fmt.Errorf("direction is %s", d.Direction)
		}
	}
	return nil
}

// seenBy is the gateway's address that a party talks to, or that of the NAT before it.
func (s *stage) seenBy(p *party) netip.Addr {
	at := p.agent.Proxy.Addr()
	if s.outer.IsValid() && s.outer.Is4() == at.Is4() {
		return s.outer
	}
	return at
}

// ownAddress wants the gateway's address.
func ownAddress(d phone.Description, own netip.Addr) error {
	port := d.Address.Port()
	switch {
	case d.Address.Addr() != own:
		return fmt.Errorf("session description shows %s, which is not the gateway", d.Address)
	case port < firstPort || port > lastPort:
		return fmt.Errorf("session description shows port %d, outside of rtp.ports", port)
	case port%2 != 0:
		return fmt.Errorf("session description shows the odd port %d (RFC 3550 section 11)", port)
	}
	return nil
}

// proof checks the credentials of a request against our last challenge; expected
// are user:password.
func (p *party) proof(m *phone.Message, expected string) error {
	user, password, _ := strings.Cut(expected, ":")
	value := m.Get("Authorization") + m.Get("Proxy-Authorization")
	if value == "" {
		return errors.New("it carries no credentials")
	}
	return p.challenge.Verify(phone.Credentials{User: user, Password: password}, m.Method, value)
}
