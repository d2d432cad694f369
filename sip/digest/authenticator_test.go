package digest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newAuthenticator(t testing.TB, change ...func(*Options)) *Authenticator {
	t.Helper()
	o := Options{Realm: "example.test", Key: []byte("0123456789abcdef")}
	for _, f := range change {
		f(&o)
	}
	a, err := NewAuthenticator(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// users is the Lookup of these tests.
func users(name string) (Secret, bool) {
	switch name {
	case "alice", `al"i\ce`, "élise":
		return Secret{Password: "secret"}, true
	case "hashed":
		return Secret{HA1: map[Algorithm]string{SHA256: strings.ToUpper(HA1(SHA256, "hashed", "example.test", "secret"))}}, true
	case "empty":
		return Secret{}, true
	}
	return Secret{}, false
}

// A reporter is a test, a benchmark or a property.
type reporter interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// answer makes credentials for the first challenge with an algorithm, as a phone would.
func answer(t reporter, challenges []string, algorithm Algorithm, change func(*Credentials)) string {
	t.Helper()
	for _, value := range challenges {
		c, err := ParseChallenge(value)
		if err != nil {
			t.Fatal(err)
		}
		if c.Algorithm != algorithm.plain() {
			continue
		}
		made := Credentials{Username: "alice", Realm: c.Realm, Nonce: c.Nonce, URI: "sip:example.test", Algorithm: algorithm,
			QOP: "auth", NC: "00000001", CNonce: "0a4f113b", Opaque: c.Opaque}
		if change != nil {
			change(&made)
		}
		made.Response = response(&made, HA1(algorithm, made.Username, made.Realm, "secret"), "REGISTER", nil)
		text, err := made.Format()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	t.Fatalf("no %v in %q", algorithm, challenges)
	return ""
}

func verify(a *Authenticator, now time.Time, values ...string) Verdict {
	return a.Verify(now, "REGISTER", "sip:example.test", values, users)
}

func want(t testing.TB, v Verdict, outcome Outcome, why string) {
	t.Helper()
	if v.Outcome != outcome || !strings.Contains(v.Why, why) {
		t.Errorf("verdict %v %q, want %v %q", v.Outcome, v.Why, outcome, why)
	}
}

// RFC 8760 s2.3: one header each, the preferred on top.
func TestChallenges(t *testing.T) {
	a := newAuthenticator(t, func(o *Options) { o.Opaque = "o" })
	values := a.Challenges(began, true)
	if len(values) != 2 {
		t.Fatal(values)
	}
	for i, algorithm := range []Algorithm{SHA256, MD5} {
		c, err := ParseChallenge(values[i])
		if err != nil || c.Algorithm != algorithm || c.Realm != "example.test" || !c.Stale || !c.offers("auth") || len(c.QOP) != 1 || c.Opaque != "o" {
			t.Errorf("challenge %d is %+v, %v", i, c, err)
		}
	}
	if !strings.Contains(values[0], `stale=true, algorithm=SHA-256, qop="auth"`) {
		t.Errorf("challenge is %s", values[0])
	}
	if strings.Contains(a.Challenges(began, false)[0], "stale") {
		t.Error("stale without cause")
	}
}

func TestVerify(t *testing.T) {
	a := newAuthenticator(t)
	for _, algorithm := range []Algorithm{SHA256, MD5, SHA256Sess, MD5Sess} {
		v := verify(a, began, answer(t, a.Challenges(began, false), algorithm, nil))
		if v != (Verdict{Outcome: Accepted, User: "alice"}) {
			t.Errorf("%v: %+v", algorithm, v)
		}
	}
	for _, test := range []struct {
		name    string
		change  func(*Credentials)
		outcome Outcome
		why     string
	}{
		{"quotes in the name", func(c *Credentials) { c.Username = `al"i\ce` }, Accepted, ""},
		{"UTF-8 in the name", func(c *Credentials) { c.Username = "élise" }, Accepted, ""},
		{"stored hash", func(c *Credentials) { c.Username = "hashed" }, Accepted, ""},
		{"qop in capitals", func(c *Credentials) { c.QOP = "AUTH" }, Accepted, ""},
		{"uri with parameters", func(c *Credentials) { c.URI = "sip:Example.test:5060;transport=udp" }, Accepted, ""},
		{"unknown user", func(c *Credentials) { c.Username = "bob" }, Refused, "unknown user"},
		{"user without password", func(c *Credentials) { c.Username = "empty" }, Refused, "wrong password"},
		{"uri of another", func(c *Credentials) { c.URI = "sip:other.test" }, Malformed, "another resource"},
		{"no qop with SHA-256", func(c *Credentials) { c.QOP, c.NC, c.CNonce = "", "", "" }, Refused, "no qop with SHA-256"},
		{"auth-int", func(c *Credentials) { c.QOP = "auth-int" }, Refused, "qop auth-int was not offered"},
		{"count zero", func(c *Credentials) { c.NC = "00000000" }, Stale, "nonce count 0 was used"},
		{"nonce of a stranger", func(c *Credentials) { c.Nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093" }, Stale, "nonce is not ours"},
		{"another realm", func(c *Credentials) { c.Realm = "other.test" }, Challenged, "no digest credentials for realm example.test"},
	} {
		t.Run(test.name, func(t *testing.T) {
			value := answer(t, a.Challenges(began, false), SHA256, test.change)
			want(t, verify(a, began, value), test.outcome, test.why)
		})
	}
}

func TestVerifyEmptyPassword(t *testing.T) {
	a := newAuthenticator(t)
	c, _ := ParseChallenge(a.Challenges(began, false)[0])
	made := Credentials{Username: "empty", Realm: c.Realm, Nonce: c.Nonce, URI: "sip:example.test", Algorithm: SHA256, QOP: "auth", NC: "00000001", CNonce: "c"}
	made.Response = response(&made, HA1(SHA256, "empty", c.Realm, ""), "REGISTER", nil)
	value, _ := made.Format()
	want(t, verify(a, began, value), Refused, "wrong password")
	made.Username = "hashed"
	made.Algorithm = MD5
	made.Response = response(&made, HA1(MD5, "hashed", c.Realm, ""), "REGISTER", nil)
	value, _ = made.Format()
	want(t, verify(a, began, value), Refused, "wrong password")
}

func TestVerifyRefusesOtherAlgorithms(t *testing.T) {
	a := newAuthenticator(t, func(o *Options) { o.Algorithms = []Algorithm{SHA256} })
	value := answer(t, a.Challenges(began, false), SHA256, nil)
	for _, other := range []string{"algorithm=MD5", "algorithm=SHA-512-256", "algorithm=AKAv1-MD5"} {
		want(t, verify(a, began, strings.Replace(value, "algorithm=SHA-256", other, 1)), Refused, "algorithm was not offered")
	}
	want(t, verify(a, began, value+", userhash=true"), Refused, "userhash was not offered")
	want(t, verify(a, began, strings.Replace(value, "SHA-256", "sha-256", 1)), Accepted, "")
}

// A phone that hashes the user name with its escapes is understood too.
func TestVerifyEscapedName(t *testing.T) {
	a := newAuthenticator(t)
	c, _ := ParseChallenge(a.Challenges(began, false)[0])
	made := Credentials{Username: `al"i\ce`, Realm: c.Realm, Nonce: c.Nonce, URI: "sip:example.test", Algorithm: SHA256, QOP: "auth", NC: "00000001", CNonce: "c"}
	made.Response = response(&made, HA1(SHA256, `al\"i\\ce`, c.Realm, "secret"), "REGISTER", nil)
	value, _ := made.Format()
	v := verify(a, began, value)
	if v.Outcome != Accepted || v.User != `al"i\ce` {
		t.Errorf("verdict %+v", v)
	}
}

// Only what is ours is judged: RFC 3261 s22.3.
func TestVerifyChooses(t *testing.T) {
	a := newAuthenticator(t)
	ours := answer(t, a.Challenges(began, false), SHA256, nil)
	other := answer(t, a.Challenges(began, false), SHA256, func(c *Credentials) { c.Realm = "proxy.test" })
	want(t, verify(a, began), Challenged, "")
	want(t, verify(a, began, "NoOneKnowsThisScheme opaque-data=here"), Challenged, "")
	want(t, verify(a, began, other), Challenged, "")
	want(t, verify(a, began, "Digest nonsense"), Malformed, "no value for nonsense")
	want(t, verify(a, began, other, "Basic x", "Digest nonsense", ours), Accepted, "")
}

func TestVerifyMethod(t *testing.T) {
	a := newAuthenticator(t)
	value := answer(t, a.Challenges(began, false), SHA256, nil)
	want(t, a.Verify(began, "INVITE", "sip:example.test", []string{value}, users), Refused, "wrong password")
}

// RFC 7616 s3.3: stale tells "that the previous request from the client was rejected
// because the nonce value was stale".
func TestNonceExpires(t *testing.T) {
	a := newAuthenticator(t, func(o *Options) { o.Lifetime = time.Minute })
	challenges := a.Challenges(began, false)
	next := func(nc string) string {
		return answer(t, challenges, SHA256, func(c *Credentials) { c.NC = nc })
	}
	want(t, verify(a, began, next("00000001")), Accepted, "")
	want(t, verify(a, began.Add(time.Minute), next("00000002")), Accepted, "")
	want(t, verify(a, began.Add(time.Minute+time.Millisecond), next("00000003")), Stale, "nonce has expired")
	want(t, verify(a, began.Add(-time.Millisecond), next("00000004")), Stale, "nonce has expired")
	wrong := strings.Replace(next("00000005"), `username="alice"`, `username="bob"`, 1)
	want(t, verify(a, began.Add(time.Hour), wrong), Refused, "unknown user")
}

func TestNonceIsSigned(t *testing.T) {
	a := newAuthenticator(t)
	for name, other := range map[string]*Authenticator{
		"key":   newAuthenticator(t, func(o *Options) { o.Key = []byte("another key, 16 bytes") }),
		"realm": newAuthenticator(t, func(o *Options) { o.Realm = "other.test" }),
	} {
		c, _ := ParseChallenge(other.Challenges(began, false)[0])
		if _, ok := a.open(c.Nonce); ok {
			t.Errorf("nonce of another %s is taken", name)
		}
	}
	nonce := a.seal(newNonceID(began, 7))
	if id, ok := a.open(nonce); !ok || id.issued() != began.UnixMilli() {
		t.Errorf("own nonce %s is not taken", nonce)
	}
	for i := range nonce {
		for _, c := range []byte("Ab0_-=") {
			changed := nonce[:i] + string(c) + nonce[i+1:]
			if _, ok := a.open(changed); ok && changed != nonce {
				t.Errorf("changed nonce %s is taken", changed)
			}
		}
	}
	for _, bad := range []string{"", "x", nonce + "A", nonce[1:], nonce + "="} {
		if _, ok := a.open(bad); ok {
			t.Errorf("nonce %q is taken", bad)
		}
	}
}

func TestNoncesDiffer(t *testing.T) {
	a := newAuthenticator(t)
	seen := map[string]bool{}
	for range 1000 {
		c, _ := ParseChallenge(a.Challenges(began, false)[0])
		if seen[c.Nonce] {
			t.Fatal("two nonces of one millisecond are the same")
		}
		seen[c.Nonce] = true
	}
}

func TestReplayIsRefused(t *testing.T) {
	a := newAuthenticator(t)
	challenges := a.Challenges(began, false)
	send := func(nc uint32) Verdict {
		return verify(a, began, answer(t, challenges, SHA256, func(c *Credentials) { c.NC = fmt.Sprintf("%08x", nc) }))
	}
	for _, step := range []struct {
		nc   uint32
		want Outcome
	}{
		{1, Accepted}, {1, Stale}, {2, Accepted}, {5, Accepted}, {4, Accepted}, {4, Stale}, {3, Accepted}, {3, Stale}, {5, Stale},
		{70, Accepted}, {6, Stale}, {7, Accepted}, {7, Stale}, {1 << 31, Accepted}, {70, Stale}, {1<<31 - 63, Accepted}, {1<<31 - 64, Stale},
		{1<<32 - 1, Accepted}, {1<<32 - 1, Stale}, {0, Stale},
	} {
		if v := send(step.nc); v.Outcome != step.want {
			t.Errorf("count %d: %v, want %v", step.nc, v.Outcome, step.want)
		}
	}
}

// Without qop a nonce serves once, with MD5.
func TestLegacyAnswer(t *testing.T) {
	a := newAuthenticator(t)
	value := answer(t, a.Challenges(began, false), MD5, func(c *Credentials) { c.QOP, c.NC, c.CNonce = "", "", "" })
	want(t, verify(a, began, value), Accepted, "")
	want(t, verify(a, began, value), Stale, "nonce count 1 was used before")
}

// A full ledger forgets, and accepts nothing again that it has forgotten.
func TestLedgerIsBounded(t *testing.T) {
	a := newAuthenticator(t, func(o *Options) { o.MaxNonces = 3 })
	var values []string
	for i := range 5 {
		at := began.Add(time.Duration(i) * time.Second)
		values = append(values, answer(t, a.Challenges(at, false), SHA256, nil))
	}
	now := began.Add(10 * time.Second)
	for i, value := range values {
		want(t, verify(a, now, value), Accepted, "")
		if n := len(a.used.entries); n > 3 || n != len(a.used.order) {
			t.Fatalf("%d entries after %d", n, i+1)
		}
	}
	for _, value := range values {
		want(t, verify(a, now, value), Stale, "was used before")
	}
	// Everything expires.
	late := now.Add(time.Hour)
	want(t, verify(a, late, answer(t, a.Challenges(late, false), SHA256, nil)), Accepted, "")
	if n := len(a.used.entries); n != 1 || len(a.used.order) != 1 {
		t.Errorf("%d entries", n)
	}
}

func TestOptions(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no realm":           func(o *Options) { o.Realm = "" },
		"line in realm":      func(o *Options) { o.Realm = "a\r\nb" },
		"line in opaque":     func(o *Options) { o.Opaque = "a\nb" },
		"short key":          func(o *Options) { o.Key = []byte("short") },
		"negative lifetime":  func(o *Options) { o.Lifetime = -1 },
		"negative nonces":    func(o *Options) { o.MaxNonces = -1 },
		"no algorithm":       func(o *Options) { o.Algorithms = []Algorithm{0} },
		"-sess algorithm":    func(o *Options) { o.Algorithms = []Algorithm{MD5Sess} },
		"no random for keys": func(o *Options) { o.Key, o.Random = nil, failing{} },
	} {
		o := Options{Realm: "r", Key: make([]byte, 16)}
		change(&o)
		if _, err := NewAuthenticator(o); err == nil || !strings.HasPrefix(err.Error(), "digest: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	a := newAuthenticator(t, func(o *Options) { o.Key = nil })
	b := newAuthenticator(t, func(o *Options) { o.Key = nil })
	if len(a.key) != 32 || string(a.key) == string(b.key) {
		t.Error("keys are not random")
	}
}

type failing struct{}

var errNoEntropy = errors.New("no entropy")

func (failing) Read([]byte) (int, error) { return 0, errNoEntropy }

var _ io.Reader = failing{}

// Several goroutines with one nonce: each count is accepted once.
func TestConcurrentReplay(t *testing.T) {
	a := newAuthenticator(t)
	challenges := a.Challenges(began, false)
	const counts, senders = 40, 4
	accepted := make([]int, senders)
	var wait sync.WaitGroup
	for s := range senders {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for nc := 1; nc <= counts; nc++ {
				value := answer(t, challenges, MD5, func(c *Credentials) { c.NC = fmt.Sprintf("%08x", nc) })
				if verify(a, began, value).Outcome == Accepted {
					accepted[s]++
				}
			}
		}()
	}
	wait.Wait()
	total := 0
	for _, n := range accepted {
		total += n
	}
	if total != counts {
		t.Errorf("%d accepted, want %d", total, counts)
	}
}

func TestOutcomeNames(t *testing.T) {
	for o, name := range map[Outcome]string{0: "none", Accepted: "accepted", Challenged: "challenged", Stale: "stale", Refused: "refused", Malformed: "malformed"} {
		if o.String() != name {
			t.Errorf("%d is %s", o, o)
		}
	}
}
