package sip

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/digest"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// authenticate says who sent a request by its digest credentials, or answers it
// with a challenge. We are a registrar and a user agent, so it is 401 and
// Authorization (RFC 3261 s22.2); credentials in Proxy-Authorization are read too,
// since phones put them there for a server they call their proxy.
func (e *Edge) authenticate(req *sip.Request, f transport.Flow, password func(string) (string, bool)) (user string, ok bool) {
	lookup := func(user string) (digest.Secret, bool) {
		p, ok := password(user)
		return digest.Secret{Password: p}, ok
	}
	values := append(wire.Values(req, "Authorization"), wire.Values(req, "Proxy-Authorization")...)
	v := e.auth.Verify(time.Now(), string(req.Method), req.Recipient.String(), values, lookup)
	switch v.Outcome {
	case digest.Accepted:
		return v.User, true
	case digest.Malformed:
		e.reply(req, f, 400, dialog.Phrase("Bad Authorization"))
	case digest.Stale:
		e.challenge(req, f, expired)
	default:
		if v.Outcome == digest.Refused {
			e.log.Warn("not authenticated", "method", string(req.Method), "user", v.User, "from", f.String(), "why", v.Why)
		}
		e.challenge(req, f, fresh)
	}
	return "", false
}

// freshness says why a challenge is sent.
type freshness uint8

const (
	// fresh: there were no credentials, or wrong ones.
	fresh freshness = iota
	// expired: they were right and their nonce is used up; the phone need not ask
	// its user (RFC 7616 s3.3, stale=true).
	expired
)

// challenge answers a request with 401.
func (e *Edge) challenge(req *sip.Request, f transport.Flow, why freshness) {
	challenges := e.auth.Challenges(time.Now(), why == expired)
	if knowsOnlyMD5(req) {
		challenges = challenges[len(challenges)-1:] // MD5 is the last
	}
	var list []dialog.Header
	for _, c := range challenges {
		list = append(list, dialog.Header{Name: "WWW-Authenticate", Value: c})
	}
	e.reply(req, f, 401, list...)
}

// answerer answers the challenges of a trunk.
type answerer struct{ *digest.Answerer }

func newAnswerer(user, password string) dialog.Authorizer {
	return answerer{digest.NewAnswerer(user, password, nil)}
}

// Exchange begins a request that has been challenged.
func (a answerer) Exchange(method, uri string, body []byte) dialog.Exchange {
	return exchange{a.Answerer.Exchange(method, uri, body)}
}

type exchange struct{ *digest.Exchange }

// Answer gives the credentials to repeat the request with.
func (x exchange) Answer(status int, challenges []string) (list []dialog.Header, err error) {
	headers, err := x.Exchange.Answer(status, challenges)
	for _, h := range headers {
		list = append(list, dialog.Header{Name: h.Name, Value: h.Value})
	}
	return list, err
}
