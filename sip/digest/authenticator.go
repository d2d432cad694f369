package digest

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// An Outcome is what Verify found; each has its answer.
type Outcome uint8

// The outcomes of Verify.
const (
	// Accepted: the request is Verdict.User's.
	Accepted Outcome = iota + 1
	// Challenged: no credentials for our realm. Answer 401 or 407 with
	// Challenges(now, false).
	Challenged
	// Stale: right credentials with a nonce that is too old, not ours or was used with
	// this count. Answer 401 or 407 with Challenges(now, true); the phone tries again
	// without asking its user (RFC 7616 s3.3).
	Stale
	// Refused: wrong credentials; whether user or password is not told. Answer 401 or
	// 407 with Challenges(now, false).
	Refused
	// Malformed: answer 400.
	Malformed
)

// String names the outcome for a log.
func (o Outcome) String() string {
	return [...]string{"none", "accepted", "challenged", "stale", "refused", "malformed"}[min(int(o), 5)]
}

// A Verdict is what Verify says of a request.
type Verdict struct {
	Outcome Outcome
	User    string // with Accepted; with Refused and Stale the one that was named
	Why     string // for our log only, never for the peer
}

// A Secret is what is known of a user: the password, or hashes as HA1 makes them by
// their plain algorithm (not -sess), or both. A hash goes before the password. An
// empty password is none: nobody is accepted with it.
type Secret struct {
	Password string
	HA1      map[Algorithm]string
}

// A Lookup finds a user's secret by the user name as it was typed.
type Lookup func(user string) (Secret, bool)

// Options are an Authenticator's. Only Realm has no default.
type Options struct {
	Realm      string        // the domain, "shown to users so they know which username and password to use"
	Key        []byte        // signs nonces, 16 bytes or more; random when empty: a restart then makes all stale
	Lifetime   time.Duration // of a nonce; 5 minutes when 0
	Algorithms []Algorithm   // offered, the preferred first; SHA-256 and MD5 when empty
	Opaque     string        // sent when not empty; nothing is expected of it
	MaxNonces  int           // remembered at a time; 65536 when 0, of 100 bytes each
	Random     io.Reader     // for Key; crypto/rand's when nil
}

// An Authenticator challenges requests and verifies their credentials. It may be used
// by several goroutines.
type Authenticator struct {
	realm      string
	key        []byte
	lifetime   time.Duration
	algorithms []Algorithm
	opaque     string
	issued     atomic.Uint32 // nonces
	used       ledger
}

// NewAuthenticator checks the options. Errors say which one is wrong.
func NewAuthenticator(o Options) (*Authenticator, error) {
	a := &Authenticator{
		realm: o.Realm, key: slices.Clone(o.Key), lifetime: o.Lifetime, algorithms: slices.Clone(o.Algorithms), opaque: o.Opaque,
		used: ledger{entries: make(map[nonceID]*counts), max: o.MaxNonces},
	}
	if a.lifetime == 0 {
		a.lifetime = 5 * time.Minute
	}
	if len(a.algorithms) == 0 {
		a.algorithms = []Algorithm{SHA256, MD5}
	}
	if a.used.max == 0 {
		a.used.max = 1 << 16
	}
	if len(a.key) == 0 {
		if err := a.drawKey(o.Random); err != nil {
			return nil, err
		}
	}
	return a, a.check()
}

func (a *Authenticator) drawKey(random io.Reader) error {
	if random == nil {
		random = rand.Reader
	}
	a.key = make([]byte, 32)
	if _, err := io.ReadFull(random, a.key); err != nil {
		return fmt.Errorf("digest: no random key: %w", err)
	}
	return nil
}

func (a *Authenticator) check() error {
	switch {
	case a.realm == "" || strings.ContainsAny(a.realm+a.opaque, "\r\n\x00"):
		return errors.New("digest: realm must not be empty, realm and opaque must not have CR, LF or NUL")
	case len(a.key) < 16:
		return errors.New("digest: key must have 16 bytes or more")
	case a.lifetime < 0 || a.used.max < 0:
		return errors.New("digest: lifetime and number of nonces must not be negative")
	}
	for _, algorithm := range a.algorithms {
		if algorithm.strength() == 0 || algorithm.session() {
			return fmt.Errorf("digest: algorithm %d cannot be offered", algorithm)
		}
	}
	return nil
}

// Challenges returns the values of the WWW-Authenticate or Proxy-Authenticate headers
// of a 401 or 407, one header each, in this order.
func (a *Authenticator) Challenges(now time.Time, stale bool) []string {
	nonce := a.seal(newNonceID(now, a.issued.Add(1)))
	values := make([]string, len(a.algorithms))
	for i, algorithm := range a.algorithms {
		c := Challenge{Realm: a.realm, Nonce: nonce, Opaque: a.opaque, Stale: stale, Algorithm: algorithm, QOP: []string{"auth"}}
		values[i], _ = c.Format() // check has seen to its strings
	}
	return values
}

// Verify looks at the values of all Authorization or Proxy-Authorization headers of a
// request with this method and Request-URI.
func (a *Authenticator) Verify(now time.Time, method, uri string, values []string, lookup Lookup) Verdict {
	c, err := a.choose(values)
	switch {
	case err != nil:
		return Verdict{Outcome: Malformed, Why: err.Error()}
	case c == nil:
		return Verdict{Outcome: Challenged, Why: "no digest credentials for realm " + a.realm}
	case !EquivalentURI(c.URI, uri):
		return Verdict{Outcome: Malformed, Why: fmt.Sprintf("digest-uri %.80q names another resource than %.80q", c.URI, uri)}
	}
	if why := a.acceptable(c); why != "" {
		return Verdict{Outcome: Refused, User: c.Username, Why: why}
	}
	secret, known := lookup(c.Username)
	if right := matches(c, secret, method); !known || !right {
		return Verdict{Outcome: Refused, User: c.Username, Why: refusal(known)}
	}
	if why := a.useNonce(now, c); why != "" {
		return Verdict{Outcome: Stale, User: c.Username, Why: why}
	}
	return Verdict{Outcome: Accepted, User: c.Username}
}

func refusal(known bool) string {
	if known {
		return "wrong password"
	}
	return "unknown user"
}

// choose returns the first credentials for our realm. A request that passed proxies
// has credentials for their realms too (RFC 3261 s22.3), which are not ours to judge.
func (a *Authenticator) choose(values []string) (*Credentials, error) {
	var broken error
	for _, value := range values {
		c, err := ParseCredentials(value)
		switch {
		case errors.Is(err, ErrOtherScheme):
		case err != nil:
			broken = err
		case c.Realm == a.realm:
			return &c, nil
		}
	}
	return nil, broken
}

// acceptable says why credentials are of a kind that was not offered, "" when they
// are not.
func (a *Authenticator) acceptable(c *Credentials) string {
	switch {
	case !slices.Contains(a.algorithms, c.Algorithm.plain()):
		return "algorithm was not offered"
	case c.UserHash:
		return "userhash was not offered"
	case c.QOP == "" && c.Algorithm != MD5:
		return "no qop with " + c.Algorithm.String()
	case c.QOP != "" && !strings.EqualFold(c.QOP, "auth"):
		return "qop " + c.QOP + " was not offered"
	}
	return ""
}

// matches compares the response with what it must be. The user name is hashed as it
// was typed, and then with the escapes of its quotes, as some phones do. The work is
// the same for any secret, an empty one too.
func matches(c *Credentials, secret Secret, method string) bool {
	right := matchesAs(c, c.Username, secret, method)
	if c.rawUsername != c.Username {
		right |= matchesAs(c, c.rawUsername, secret, method)
	}
	return right == 1
}

func matchesAs(c *Credentials, user string, secret Secret, method string) int {
	ha1 := HA1(c.Algorithm, user, c.Realm, secret.Password)
	usable := 1
	if stored, ok := secret.HA1[c.Algorithm.plain()]; ok {
		ha1 = strings.ToLower(stored)
	} else if secret.Password == "" {
		usable = 0 // a user without a password is not one that needs none
	}
	return usable & subtle.ConstantTimeCompare([]byte(response(c, ha1, method, nil)), []byte(c.Response))
}

// useNonce says why a nonce cannot serve, "" when it can and now has.
func (a *Authenticator) useNonce(now time.Time, c *Credentials) string {
	id, ours := a.open(c.Nonce)
	switch {
	case !ours:
		return "nonce is not ours"
	case !a.fresh(now, id.issued()):
		return "nonce has expired"
	case !a.used.use(id, c.count(), func(issued int64) bool { return a.expired(now, issued) }):
		return fmt.Sprintf("nonce count %d was used before", c.count())
	}
	return ""
}
