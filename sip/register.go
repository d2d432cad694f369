package sip

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/registrar"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// register takes a REGISTER (RFC 3261 s10.3). Its answer is kept for repetitions:
// a second look at the same digest would be a replay.
func (e *Edge) register(req *sip.Request, key transaction.ServerKey, f transport.Flow) {
	if tags := wire.OptionTags(req, "Require"); len(tags) > 0 {
		e.reply(req, f, 420, dialog.Header{Name: "Unsupported", Value: strings.Join(tags, ", ")})
		return
	}
	user, ok := e.authenticate(req, f, e.settings.Load().password)
	if !ok {
		return
	}
	// Step 4: "If the authenticated user is not authorized to modify bindings, the
	// registrar MUST return a 403 (Forbidden)": a user binds its own name only.
	if aor := wire.Unescape(req.To().Address.User); !strings.EqualFold(aor, user) {
		e.settle(req, key, f, 403, dialog.Phrase("Not your address"))
		return
	}
	// Step 5's 404 for an address of another domain is left out: phones write our
	// domain, our address or that of a NAT before us, and the password has decided.
	now := time.Now()
	o := e.phones.register(now, updateOf(req, user, f))
	e.settle(req, key, f, o.Status, registered(now, o)...)
	if o.Status == 200 {
		e.log.Info("registered", "user", user, "phones", len(o.Bindings), "from", f.String())
	} else {
		e.log.Warn("not registered", "user", user, "status", o.Status, "why", o.Phrase, "from", f.String())
	}
}

// registered are the headers of the answer. Step 8: "The response MUST contain
// Contact header field values enumerating all current bindings. Each Contact value
// MUST feature an "expires" parameter indicating its expiration interval".
func registered(now time.Time, o registrar.Outcome) (list []dialog.Header) {
	if o.Status != 200 {
		list = append(list, dialog.Phrase(o.Phrase))
		if o.MinExpires > 0 {
			list = append(list, dialog.Header{Name: "Min-Expires", Value: strconv.Itoa(o.MinExpires)})
		}
		return list
	}
	for _, b := range o.Bindings {
		left := int(b.Until.Sub(now).Round(time.Second) / time.Second)
		value := "<" + b.Contact.String() + ">;expires=" + strconv.Itoa(left)
		if b.Instance != "" {
			value += ";+sip.instance=" + wire.Quote(b.Instance)
		}
		list = append(list, dialog.Header{Name: "Contact", Value: value})
	}
	return append(list, dialog.Header{Name: "Date", Value: now.UTC().Format("Mon, 02 Jan 2006 15:04:05") + " GMT"})
}

// updateOf reads what a REGISTER asks for. What is kept is cloned: the message's
// text goes with the message.
func updateOf(req *sip.Request, user string, f transport.Flow) registrar.Update {
	agent, _ := wire.Value(req, "User-Agent")
	u := registrar.Update{
		AOR: user, CallID: strings.Clone(req.CallID().Value()), CSeq: req.CSeq().SeqNo,
		Expires: -1, Flow: f, Agent: strings.Clone(agent),
	}
	if seconds, ok := wire.Expires(req); ok {
		u.Expires = int(seconds)
	}
	for _, c := range wire.Contacts(req) {
		if c.Address.Wildcard {
			u.All = true
			continue
		}
		u.Contacts = append(u.Contacts, contactFrom(c))
	}
	return u
}

func contactFrom(c *sip.ContactHeader) registrar.Contact {
	out := registrar.Contact{Expires: -1, Q: 1000}
	if uri, err := wire.ParseURI(strings.Clone(c.Address.String())); err == nil {
		out.URI = uri
	}
	// RFC 3261 s10.2.1.1: a malformed value counts as 3600.
	if v, ok := wire.Param(c.Params, "expires"); ok {
		out.Expires = 3600
		if n, err := strconv.ParseUint(v, 10, 32); err == nil {
			out.Expires = int(n)
		}
	}
	if v, ok := wire.Param(c.Params, "q"); ok {
		if q, err := strconv.ParseFloat(v, 64); err == nil && q >= 0 && q <= 1 {
			out.Q = int(q * 1000)
		}
	}
	if v, ok := wire.Param(c.Params, "+sip.instance"); ok {
		out.Instance = strings.Clone(v)
	}
	if v, ok := wire.Param(c.Params, "reg-id"); ok {
		out.RegID = strings.Clone(v)
	}
	return out
}
