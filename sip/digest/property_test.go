package digest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// name is any text that may stand in a header.
var name = rapid.StringOfN(rapid.Rune(), 0, 20, -1).Filter(func(s string) bool { return !strings.ContainsAny(s, "\r\n\x00") })

// Whoever the user and whatever the password: an Answerer that knows it is accepted by
// an Authenticator, one that knows another is not, and neither is a replay.
func TestBothSidesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		user, password := name.Draw(t, "user"), name.Filter(func(s string) bool { return s != "" }).Draw(t, "password")
		method, uri := rapid.SampledFrom([]string{"REGISTER", "INVITE", "x"}).Draw(t, "method"), "sip:"+rapid.StringMatching(`[a-z0-9.;=%+]{1,20}`).Draw(t, "uri")
		server, err := NewAuthenticator(Options{Realm: rapid.StringMatching(`[ -~]{1,20}`).Draw(t, "realm"), Opaque: name.Draw(t, "opaque"),
			Algorithms: rapid.SampledFrom([][]Algorithm{{SHA256, MD5}, {MD5}, {SHA512256}, {MD5, SHA512256, SHA256}}).Draw(t, "algorithms")})
		if err != nil {
			t.Fatal(err)
		}
		lookup := func(u string) (Secret, bool) { return Secret{Password: password}, u == user }
		send := func(password string) (values []string, v Verdict) {
			x := NewAnswerer(user, password, nil).Exchange(method, uri, nil)
			headers, err := x.Answer(401, server.Challenges(began, false))
			if err != nil {
				t.Fatal(err)
			}
			values = []string{headers[0].Value}
			return values, server.Verify(began, method, uri, values, lookup)
		}
		values, v := send(password)
		if !validURI(uri) {
			t.Skip("a URI that names nothing")
		}
		if v.Outcome != Accepted || v.User != user {
			t.Fatalf("%q: %+v", values, v)
		}
		if v := server.Verify(began, method, uri, values, lookup); v.Outcome != Stale {
			t.Fatalf("replay: %+v", v)
		}
		if v := server.Verify(began, method+"x", uri, values, lookup); v.Outcome != Refused {
			t.Fatalf("another method: %+v", v)
		}
		if _, v := send(password + "x"); v.Outcome != Refused {
			t.Fatalf("wrong password: %+v", v)
		}
	})
}

func validURI(uri string) bool { return EquivalentURI(uri, uri) }

// Any changed byte of accepted credentials is refused, unless it changes nothing that
// they say.
func TestChangedByteIsRefused(t *testing.T) {
	a := newAuthenticator(t)
	rapid.Check(t, func(t *rapid.T) {
		algorithm := rapid.SampledFrom([]Algorithm{MD5, SHA256, SHA256Sess}).Draw(t, "algorithm")
		value := answer(t, a.Challenges(began, false), algorithm, nil)
		at := rapid.IntRange(0, len(value)-1).Draw(t, "at")
		changed := value[:at] + string(rapid.Byte().Draw(t, "byte")) + value[at+1:]
		before, _ := ParseCredentials(value)
		if after, err := ParseCredentials(changed); err == nil && reflect.DeepEqual(before, after) {
			return
		}
		v := a.Verify(began, "REGISTER", "sip:example.test", []string{changed}, users)
		if v.Outcome == Accepted {
			t.Fatalf("%s is accepted for %s", changed, value)
		}
		if v := a.Verify(began, "REGISTER", "sip:example.test", []string{value}, users); v.Outcome != Accepted {
			t.Fatalf("%s is no longer accepted: %+v", value, v)
		}
	})
}

// The counts are a set with a window: what a plain set says, or no.
func TestCountsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c counts
		seen := map[uint32]bool{}
		var highest uint32
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			nc := rapid.OneOf(rapid.Uint32Range(0, 300), rapid.Uint32Range(highest, highest+min(70, 1<<32-1-highest)), rapid.Uint32()).Draw(t, "count")
			got := c.use(nc)
			within := nc > highest || highest-nc < windowSize
			if want := nc != 0 && !seen[nc] && within; got != want {
				t.Fatalf("count %d after %d: %v, want %v", nc, highest, got, want)
			}
			if got {
				seen[nc] = true
				highest = max(highest, nc)
			}
		}
	})
}

// The ledger accepts no nonce and count twice, whatever its size and however time goes.
func TestLedgerProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 8).Draw(t, "size")
		l := ledger{entries: map[nonceID]*counts{}, max: size}
		type use struct {
			id nonceID
			nc uint32
		}
		accepted := map[use]bool{}
		now := began
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			now = now.Add(rapid.SampledFrom([]time.Duration{0, 1e6, 1e9, 20e9}).Draw(t, "later"))
			issued := now.Add(-rapid.SampledFrom([]time.Duration{0, 1e6, 5e9, 30e9}).Draw(t, "age"))
			u := use{newNonceID(issued, rapid.Uint32Range(0, 3).Draw(t, "nonce")), rapid.Uint32Range(1, 3).Draw(t, "count")}
			fresh := func(at int64) bool { return now.UnixMilli()-at <= 60_000 }
			if !fresh(u.id.issued()) {
				continue
			}
			if l.use(u.id, u.nc, func(at int64) bool { return !fresh(at) }) {
				if accepted[u] {
					t.Fatalf("%v accepted twice", u)
				}
				accepted[u] = true
			}
			if len(l.entries) > size || len(l.order) != len(l.entries) {
				t.Fatalf("%d entries, %d in order", len(l.entries), len(l.order))
			}
		}
	})
}

// FuzzAuthorization: credentials from the network are refused or read, never more.
func FuzzAuthorization(f *testing.F) {
	for _, example := range examples {
		f.Add(example.value)
	}
	f.Add(sound)
	f.Add("NoOneKnowsThisScheme opaque-data=here")
	f.Add(`Digest username="a\"b",,realm=r , nonce="",uri="",response=""`)
	a := newAuthenticator(f)
	f.Add(answer(f, a.Challenges(began, false), SHA256, nil))
	f.Fuzz(func(t *testing.T, value string) {
		c, err := ParseCredentials(value)
		if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrOtherScheme) {
			t.Fatalf("error %v", err)
		}
		if v := verify(a, began, value); v.Outcome == Accepted && v.User != "alice" || v.Outcome == 0 {
			t.Fatalf("%q: %+v", value, v)
		}
		if err == nil {
			checkRewritten(t, c)
		}
	})
}

// checkRewritten writes credentials and reads them again.
func checkRewritten(t *testing.T, c Credentials) {
	text, err := c.Format()
	if errors.Is(err, ErrUnsafe) {
		return
	}
	again, err := ParseCredentials(text)
	if err != nil {
		// A token that was quoted, though it should not have been, may not be one.
		if strings.ContainsAny(c.QOP+c.NC, " \t,\"\\") {
			return
		}
		t.Fatalf("%q: %v", text, err)
	}
	if again.Username != c.Username || again.Nonce != c.Nonce || again.URI != c.URI || again.Realm != c.Realm || again.Response != c.Response {
		t.Fatalf("%q is\n%+v, want\n%+v", text, again, c)
	}
}

// FuzzChallenge: whatever a peer challenges us with is answered soundly or not at all.
func FuzzChallenge(f *testing.F) {
	f.Add(challenge("r", "n", `, qop="auth,auth-int", algorithm=SHA-256, stale=true, opaque="o"`), 401)
	f.Add(challenge(`a\"b`, `\\`, `, qop="auth-int", algorithm=MD5-sess`), 407)
	f.Add("Digest realm=,nonce=", 407)
	f.Fuzz(func(t *testing.T, value string, status int) {
		x := NewAnswerer(`al"ice`, "secret", zeros{}).Exchange("INVITE", "sip:bob@h", []byte("v=0"))
		headers, err := x.Answer(status, []string{value})
		if err != nil {
			if !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrUnsafe) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if strings.ContainsAny(headers[0].Value, "\r\n\x00") {
			t.Fatalf("%q has a line break", headers[0].Value)
		}
		c, err := ParseCredentials(headers[0].Value)
		if err != nil || c.Username != `al"ice` || c.URI != "sip:bob@h" {
			t.Fatalf("%q: %+v, %v", headers[0].Value, c, err)
		}
		if !matchesBody(c, "secret", []byte("v=0")) {
			t.Fatalf("%q does not match", headers[0].Value)
		}
		if _, err := x.Answer(status, []string{value}); !errors.Is(err, ErrRejected) {
			t.Fatalf("the same challenge again: %v", err)
		}
	})
}

func matchesBody(c Credentials, password string, body []byte) bool {
	return c.Response == response(&c, HA1(c.Algorithm, c.Username, c.Realm, password), "INVITE", body)
}

func BenchmarkChallenges(b *testing.B) {
	a := newAuthenticator(b)
	b.ReportAllocs()
	for b.Loop() {
		a.Challenges(began, false)
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, algorithm := range []Algorithm{SHA256, MD5} {
		b.Run(algorithm.String(), func(b *testing.B) {
			a := newAuthenticator(b)
			challenges := a.Challenges(began, false)
			var values []string
			for nc := range 1 << 12 {
				values = append(values, answer(b, challenges, algorithm, func(c *Credentials) { c.NC = fmt.Sprintf("%08x", nc+1) }))
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if v := verify(a, began, values[i%len(values)]); v.Outcome != Accepted && v.Outcome != Stale {
					b.Fatal(v)
				}
			}
		})
	}
}

func BenchmarkAnswer(b *testing.B) {
	challenges := newAuthenticator(b).Challenges(began, false)
	a := NewAnswerer("alice", "secret", nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Exchange("INVITE", "sip:bob@example.test", nil).Answer(401, challenges); err != nil {
			b.Fatal(err)
		}
	}
}
