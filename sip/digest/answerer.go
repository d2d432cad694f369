package digest

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
)

// ErrRejected is wrapped by the error of Exchange.Answer when a peer challenges again
// what was answered: user name or password is wrong, and trying again only locks the
// account.
var ErrRejected = errors.New("digest credentials were rejected")

// ErrUnsupported is wrapped by the error of Exchange.Answer when there is no challenge
// that can be answered.
var ErrUnsupported = errors.New("no digest challenge that can be answered")

// A Header is one header of a request.
type Header struct {
	Name  string // Authorization or Proxy-Authorization
	Value string
}

// An Answerer holds the user name and password for a peer, and the last challenge of
// each of its realms, so that later requests need not be challenged first
// (RFC 7616 s3.6). It may be used by several goroutines.
type Answerer struct {
	user, password string
	random         io.Reader

	mu    sync.Mutex
	known []*known // the latest last
}

// A known is the last challenge of a realm and how often it was answered.
type known struct {
	place
	challenge Challenge
	nc        uint32
}

// A place is where credentials go.
type place struct {
	realm string
	proxy bool
}

// maxKnown bounds the realms of a peer: it decides how many it has.
const maxKnown = 8

// NewAnswerer makes an Answerer; random is for cnonces, crypto/rand's when nil.
func NewAnswerer(user, password string, random io.Reader) *Answerer {
	if random == nil {
		random = rand.Reader
	}
	return &Answerer{user: user, password: password, random: random}
}

// An Exchange is one request and its repetitions with credentials. It is for one
// goroutine.
type Exchange struct {
	answerer    *Answerer
	method, uri string
	body        []byte
	tries       []try
}

// A try is what one realm has been sent in an exchange.
type try struct {
	place
	nonce      string
	challenged bool // by this exchange's responses
	renewed    bool // after stale=true
}

// Exchange begins a request; uri is its Request-URI as written, body is hashed when
// the peer offers nothing but qop=auth-int.
func (a *Answerer) Exchange(method, uri string, body []byte) *Exchange {
	return &Exchange{answerer: a, method: method, uri: uri, body: body}
}

// Preempt returns headers for the first sending of the request, made from challenges
// of earlier ones; none when there are none. The error is the random source's or
// wraps ErrUnsafe.
func (x *Exchange) Preempt() ([]Header, error) {
	for _, k := range x.answerer.remembered() {
		x.tries = append(x.tries, try{place: k.place, nonce: k.challenge.Nonce})
	}
	return x.headers()
}

// Answer returns the headers for sending the request again after a 401 or 407 with
// these WWW-Authenticate or Proxy-Authenticate values. They are all the headers there
// have to be: those for realms that were answered before are made anew (RFC 3261
// s22.3). The error wraps ErrRejected or ErrUnsupported, and then the response is
// final, or ErrUnsafe, or it is the random source's.
func (x *Exchange) Answer(status int, challenges []string) ([]Header, error) {
	if status != 401 && status != 407 {
		return nil, fmt.Errorf("%w: status %d", ErrUnsupported, status)
	}
	chosen := choose(challenges)
	if len(chosen) == 0 {
		return nil, fmt.Errorf("%w: %.200q", ErrUnsupported, challenges)
	}
	for _, c := range chosen {
		if err := x.accept(place{c.Realm, status == 407}, c); err != nil {
			return nil, err
		}
	}
	return x.headers()
}

// choose takes the strongest challenge of each realm, the topmost of equals.
func choose(values []string) (best []Challenge) {
next:
	for _, value := range values {
		c, err := ParseChallenge(value)
		if err != nil || c.Algorithm == 0 || len(c.QOP) > 0 && !c.offers("auth") && !c.offers("auth-int") {
			continue
		}
		for i := range best {
			if best[i].Realm != c.Realm {
				continue
			}
			if c.Algorithm.strength() > best[i].Algorithm.strength() {
				best[i] = c
			}
			continue next
		}
		best = append(best, c)
	}
	return best
}

// accept notes a challenge. A first one is answered, and so is one for credentials
// that were sent unasked with another nonce. One that comes after an answer is only
// when it has another nonce and is the first to say stale=true.
func (x *Exchange) accept(at place, c Challenge) error {
	t := x.find(at)
	switch {
	case t == nil && len(x.tries) == maxKnown:
		return fmt.Errorf("%w: more than %d realms", ErrUnsupported, maxKnown)
	case t == nil:
		x.tries = append(x.tries, try{place: at, nonce: c.Nonce, challenged: true})
	case t.nonce == c.Nonce, t.challenged && (!c.Stale || t.renewed):
		return fmt.Errorf("%w: user %q, realm %q", ErrRejected, x.answerer.user, c.Realm)
	default:
		t.renewed = t.challenged || c.Stale
		t.nonce, t.challenged = c.Nonce, true
	}
	x.answerer.remember(at, c)
	return nil
}

func (x *Exchange) find(at place) *try {
	for i := range x.tries {
		if x.tries[i].place == at {
			return &x.tries[i]
		}
	}
	return nil
}

// headers makes the headers for all realms of the exchange.
func (x *Exchange) headers() (list []Header, err error) {
	for i := range x.tries {
		t := &x.tries[i]
		c, nc, ok := x.answerer.take(t.place)
		if !ok {
			continue
		}
		t.nonce = c.Nonce // another request may have been challenged meanwhile
		value, err := x.credentials(c, nc)
		if err != nil {
			return nil, err
		}
		name := "Authorization"
		if t.proxy {
			name = "Proxy-Authorization"
		}
		list = append(list, Header{name, value})
	}
	return list, nil
}

// credentials answers a challenge.
func (x *Exchange) credentials(challenge Challenge, nc uint32) (string, error) {
	c := Credentials{
		Username: x.answerer.user, Realm: challenge.Realm, Nonce: challenge.Nonce, URI: x.uri,
		Opaque: challenge.Opaque, Algorithm: challenge.Algorithm,
	}
	switch {
	case challenge.offers("auth"):
		c.QOP = "auth"
	case challenge.offers("auth-int"):
		c.QOP = "auth-int"
	}
	if c.QOP != "" || c.Algorithm.session() {
		var b [16]byte
		if _, err := io.ReadFull(x.answerer.random, b[:]); err != nil {
			return "", fmt.Errorf("digest: no random cnonce: %w", err)
		}
		c.CNonce = hex.EncodeToString(b[:])
	}
	if c.QOP != "" {
		c.NC = fmt.Sprintf("%08x", nc)
	}
	ha1 := HA1(c.Algorithm, c.Username, c.Realm, x.answerer.password)
	c.Response = response(&c, ha1, x.method, x.body)
	return c.Format()
}

// remembered returns the challenges that serve another request: with a qop, since
// without one a nonce has no count and may serve once.
func (a *Answerer) remembered() (list []known) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range a.known {
		if len(k.challenge.QOP) > 0 {
			list = append(list, *k)
		}
	}
	return list
}

// remember keeps a realm's challenge. A nonce that is known already goes on counting.
func (a *Answerer) remember(at place, c Challenge) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, k := range a.known {
		if k.place == at {
			if k.challenge.Nonce != c.Nonce {
				k.nc = 0
			}
			k.challenge = c
			a.known = append(append(a.known[:i], a.known[i+1:]...), k)
			return
		}
	}
	if len(a.known) == maxKnown {
		a.known = append(a.known[:0], a.known[1:]...)
	}
	a.known = append(a.known, &known{place: at, challenge: c})
}

// take returns a realm's challenge and the next nonce count.
func (a *Answerer) take(at place) (c Challenge, nc uint32, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range a.known {
		if k.place == at {
			k.nc++
			return k.challenge, k.nc, true
		}
	}
	return Challenge{}, 0, false
}
