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
	return dialplan.Request{
		Origin: origin, To: req.Recipient.String(),
		FromURI: from.Address.String(), FromDisplay: from.DisplayName,
		PreferredIdentity: joined(req, "P-Preferred-Identity"),
		AssertedIdentity:  joined(req, "P-Asserted-Identity"),
		Privacy:           joined(req, "Privacy"),
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
	if callee.Kind != dialplan.PartyTrunk || res == nil {
		return dialplan.Shown{}
	}
	return e.settings.Load().Plan.Answerer(callee.Name, joined(res, "P-Asserted-Identity"), joined(res, "Privacy"))
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
