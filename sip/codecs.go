package sip

import "github.com/tandem-gateway/tandem/dialplan"

// codecs are the names of those that a party may use; nil for any.
func (s *Settings) codecs(p dialplan.Party) []string {
	if p.Kind == dialplan.PartyUser {
		return s.Users[p.Name].Codecs
	}
	if t := s.trunk(p.Name); t != nil {
		return t.Codecs
	}
	return nil
}
