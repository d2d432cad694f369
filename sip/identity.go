package sip

import (
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// asked reads from an INVITE what the dialplan must know: whom it calls, and as
// whom.
func asked(origin dialplan.Party, req *sip.Request) dialplan.Request {
	from := req.From()
	identity, privacy := vouched(req, "calling")
	return dialplan.Request{
		Origin: origin, To: req.Recipient.String(),
		FromURI: from.Address.String(), FromDisplay: from.DisplayName,
		PreferredIdentity: joined(req, "P-Preferred-Identity"),
		AssertedIdentity:  identity,
		Privacy:           privacy,
		Diversion:         joined(req, "Diversion"),
		HistoryInfo:       joined(req, "History-Info"),
	}
}

func joined(m sip.Message, name string) string {
	return strings.Join(wire.Values(m, name), ", ")
}

// shownHeaders are the headers beside From in which a peer looks for the caller
// (RFC 3325, draft-ietf-sip-privacy-04).
func shownHeaders(id dialplan.Identity, domain string) (list []dialog.Header) {
	if id.AssertedUser != "" {
		list = append(list, dialog.Header{
			Name: "P-Asserted-Identity", Value: nameAddr(id.AssertedDisplay, userURI(id.AssertedUser, domain)),
		})
	}
	if id.RemotePartyUser != "" {
		value := nameAddr(id.RemotePartyDisplay, userURI(id.RemotePartyUser, domain)) + ";" + id.RemotePartyParams
		list = append(list, dialog.Header{Name: "Remote-Party-ID", Value: value})
	}
	if id.Privacy != "" {
		list = append(list, dialog.Header{Name: "Privacy", Value: id.Privacy})
	}
	return list
}

// connectedHeaders tell the party that called who has answered.
func (e *Edge) connectedHeaders(caller dialplan.Party, s dialplan.Shown) []dialog.Header {
	if s.User == "" {
		return nil
	}
	return shownHeaders(e.settings.Load().Plan.Connected(caller, s), e.config.Domain)
}

// answerer is who has answered in the word of the trunk that was called.
func (e *Edge) answerer(callee dialplan.Party, res *sip.Response) dialplan.Shown {
	if res == nil {
		return dialplan.Shown{}
	}
	identity, privacy := vouched(res, "called")
	return e.connected(callee, identity, privacy)
}

// connected is who a trunk says that its party is, where it is believed.
func (e *Edge) connected(p dialplan.Party, identity, privacy string) dialplan.Shown {
	if p.Kind != dialplan.PartyTrunk {
		return dialplan.Shown{}
	}
	return e.settings.Load().Plan.Answerer(p.Name, identity, privacy)
}

// vouched is who a network says that a party is, for those who believe it, and what
// privacy that party wants: P-Asserted-Identity, or for want of it the Remote-Party-ID
// of networks that are older than RFC 3325 (draft-ietf-sip-privacy-04 s4.3). One with
// screen=no has been checked by nobody; a privacy other than off is RFC 3323's id.
func vouched(m sip.Message, party string) (identity, privacy string) {
	identity, privacy = joined(m, "P-Asserted-Identity"), joined(m, "Privacy")
	if identity != "" {
		return identity, privacy
	}
	list, _ := wire.Addresses(m, "Remote-Party-ID")
	for _, a := range list {
		role, said := wire.Param(a.Params, "party")
		if screen, _ := wire.Param(a.Params, "screen"); said && !strings.EqualFold(role, party) || strings.EqualFold(screen, "no") {
			continue
		}
		if wanted, _ := wire.Param(a.Params, "privacy"); privacy == "" && wanted != "" && !strings.EqualFold(wanted, "off") {
			privacy = "id"
		}
		return nameAddr(a.DisplayName, string(wire.AppendURI(nil, &a.URI))), privacy
	}
	return "", privacy
}

// fromValue is the From of an INVITE of ours, without its tag.
func fromValue(id dialplan.Identity, domain string) string {
	if id.FromHost == dialplan.HostAnonymous {
		domain = dialplan.AnonymousHost
	}
	return nameAddr(id.FromDisplay, userURI(id.FromUser, domain))
}

// userURI is a SIP URI; one with a phone number in it says so. RFC 3261 s19.1.1:
// "The user=phone … parameter … to distinguish telephone numbers from user names
// that happen to look like telephone numbers".
func userURI(user, host string) string {
	uri := "sip:" + wire.EscapeUser(user) + "@" + host
	if strings.HasPrefix(user, "+") {
		uri += ";user=phone"
	}
	return uri
}

func nameAddr(display, uri string) string {
	if display == "" {
		return "<" + uri + ">"
	}
	return wire.Quote(display) + " <" + uri + ">"
}
