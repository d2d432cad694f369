package sip

import (
	"strings"
	"unicode/utf8"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sip/dialog"
)

// Headers that the gateway has no use for end at it, as they would at any user agent.
// A trunk may name some that go through, in both directions: pass_headers. Between
// two trunks both must name them. Headers that begin with "P-" are for networks that
// trust each other (RFC 3427 s4.1, RFC 7315): they neither come from phones nor go to
// them.

// Bounds of what is passed on from one INVITE.
const (
	maxPassed      = 16
	maxPassedBytes = 1024
)

// carried are the headers of an INVITE that some callee may be sent.
func (s *Settings) carried(from dialplan.Party, req *sip.Request) (list []dialog.Header) {
	if !s.passesAny() {
		return nil
	}
	size := 0
	for _, h := range req.Headers() {
		name := h.Name()
		if !s.lets(from, name) || from.Kind == dialplan.PartyUser && !s.anyLets(name) {
			continue
		}
		value := h.Value()
		size += len(name) + len(value)
		if len(list) == maxPassed || size > maxPassedBytes {
			break
		}
		if writable(value) {
			list = append(list, dialog.Header{Name: strings.Clone(name), Value: strings.Clone(value)})
		}
	}
	return list
}

// passed are the headers of the caller that a callee is sent.
func (s *Settings) passed(caller *leg, to dialplan.Party) (list []dialog.Header) {
	if caller.peer.Kind == dialplan.PartyUser && to.Kind == dialplan.PartyUser {
		return nil // no trunk has named them
	}
	for _, h := range caller.carried {
		if s.lets(caller.peer, h.Name) && s.lets(to, h.Name) {
			list = append(list, h)
		}
	}
	return list
}

// lets says whether a header may come from a party and go to it.
func (s *Settings) lets(p dialplan.Party, name string) bool {
	if p.Kind == dialplan.PartyUser {
		return len(name) < 2 || !strings.EqualFold(name[:2], "P-")
	}
	t := s.trunk(p.Name)
	return t != nil && t.passes(name)
}

// passes says whether the trunk names a header; a name that ends in * names all that
// begin so.
func (t *Trunk) passes(name string) bool {
	for _, named := range t.PassHeaders {
		prefix, all := strings.CutSuffix(named, "*")
		if strings.EqualFold(name, named) || all && len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			return true
		}
	}
	return false
}

// anyLets says whether some trunk names a header.
func (s *Settings) anyLets(name string) bool {
	return len(s.which(func(t *Trunk) bool { return t.passes(name) })) > 0
}

func (s *Settings) passesAny() bool {
	return len(s.which(func(t *Trunk) bool { return len(t.PassHeaders) > 0 })) > 0
}

// writable says whether a value can go into a message of ours as it came: text on one
// line. RFC 3261 s25.1: TEXT-UTF8-TRIM.
func writable(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7F {
			return false
		}
	}
	return value != "" && utf8.ValidString(value)
}
