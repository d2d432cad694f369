package sip

import (
	"slices"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/resolve"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// protection is how the audio of a party may be protected whose signalling takes a flow.
// Keys stand in messages only where nobody else reads these.
//
// RFC 4568 s8: whoever reads the description has the key.
func (s *Settings) protection(p dialplan.Party, f transport.Flow) bridge.SRTP {
	may := s.Users[p.Name].SRTP
	if p.Kind == dialplan.PartyTrunk {
		may = bridge.SRTP{}
		if t := s.trunk(p.Name); t != nil {
			may = t.SRTP
		}
	}
	may.SDES = may.SDES && (f.Protocol == transport.TLS || s.SDESWithoutTLS)
	return may
}

// discreet leaves of a trunk's further servers those to which an INVITE may go that was
// made for the first: with keys in it, by TLS only.
func (s *Settings) discreet(w *way, may bridge.SRTP) {
	if may.Protection != sdp.ProtectionOff && may.SDES && !s.SDESWithoutTLS {
		w.rest = slices.DeleteFunc(slices.Clone(w.rest), func(c resolve.Candidate) bool {
			return transport.Protocol(c.Protocol) != transport.TLS
		})
	}
}
