package sip

import (
	"cmp"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/trunk"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Writing is how numbers and headers are written for a trunk, and read from it. The
// zero value leaves all as it is.
type Writing struct {
	Numbers trunk.Numbering
	// Inbound reads the numbers that the trunk sends: the called one and From.
	Inbound trunk.Reading
	// FromDomain is the host of From and of the identity headers; empty is ours.
	FromDomain string
	// Headers are changed in the INVITEs to it.
	Headers trunk.HeaderRules
}

// called is the Request-URI of a call to a number behind the trunk.
func (t *Trunk) called(number string) string {
	return t.Address.uri(t.Writing.Numbers.Called.Write(number, t.Writing.Numbers.Region))
}

// written is the identity with its numbers as the trunk wants them.
func (w *Writing) written(id dialplan.Identity) dialplan.Identity {
	for _, user := range []*string{&id.FromUser, &id.AssertedUser, &id.RemotePartyUser} {
		*user = w.Numbers.Caller.Write(*user, w.Numbers.Region)
	}
	return id
}

// writing is how the callee of an attempt wants to be written to.
func (e *Edge) writing(to dialplan.Party) *Writing {
	if to.Kind == dialplan.PartyTrunk {
		if t := e.settings.Load().trunk(to.Name); t != nil {
			return &t.Writing
		}
	}
	return &Writing{}
}

// domain is the host of our identity there.
func (w *Writing) domain(ours string) string { return cmp.Or(w.FromDomain, ours) }

// apply changes the headers of an INVITE.
func (w *Writing) apply(headers []dialog.Header) []dialog.Header {
	if len(w.Headers) == 0 {
		return headers
	}
	list := make([]trunk.Header, len(headers))
	for i, h := range headers {
		list[i] = trunk.Header(h)
	}
	list = w.Headers.Apply(list)
	headers = make([]dialog.Header, len(list))
	for i, h := range list {
		headers[i] = dialog.Header(h)
	}
	return headers
}

// read gives a URI that a party has sent, its number as the dialplan reads it.
func (s *Settings) read(from dialplan.Party, uri *sip.Uri) string {
	t := s.trunk(from.Name)
	if from.Kind != dialplan.PartyTrunk || t == nil || t.Writing.Inbound == (trunk.Reading{}) {
		return uri.String()
	}
	changed := *uri
	changed.User = wire.EscapeUser(t.Writing.Inbound.Read(strings.Clone(wire.Unescape(uri.User)), nil))
	return changed.String()
}
