package digest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// zeros is a source of randomness for repeatable tests.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func challenge(realm, nonce, more string) string {
	return fmt.Sprintf(`Digest realm="%s", nonce="%s"%s`, realm, nonce, more)
}

func TestAnswer(t *testing.T) {
	x := NewAnswerer("alice", "secret", zeros{}).Exchange("INVITE", "sip:bob@h", nil)
	headers, err := x.Answer(407, []string{challenge("r", "n1", `, qop="auth,auth-int", algorithm=SHA-256, opaque="o"`)})
	if err != nil || len(headers) != 1 || headers[0].Name != "Proxy-Authorization" {
		t.Fatal(headers, err)
	}
	const cnonce = "00000000000000000000000000000000"
	ha1, ha2 := SHA256.sum("alice", "r", "secret"), SHA256.sum("INVITE", "sip:bob@h")
	want := `Digest username="alice", realm="r", nonce="n1", uri="sip:bob@h", response="` +
		SHA256.sum(ha1, "n1", "00000001", cnonce, "auth", ha2) + `", algorithm=SHA-256, cnonce="` + cnonce + `", qop=auth, nc=00000001, opaque="o"`
	if headers[0].Value != want {
		t.Errorf("value is\n%s, want\n%s", headers[0].Value, want)
	}
}

func parsed(t *testing.T, headers []Header, err error) (list []Credentials) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		c, err := ParseCredentials(h.Value)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
	}
	return list
}

// The strongest, of equals the topmost (RFC 8760 s2.4).
func TestAnswerChooses(t *testing.T) {
	of := func(algorithm, more string) string {
		return challenge("r", algorithm, `, algorithm=`+algorithm+more)
	}
	for _, test := range []struct {
		name   string
		values []string
		want   string
	}{
		{"MD5 only", []string{of("MD5", "")}, "MD5"},
		{"SHA-256 on top", []string{of("SHA-256", `, qop="auth"`), of("MD5", `, qop="auth"`)}, "SHA-256"},
		{"MD5 on top", []string{of("MD5", `, qop="auth"`), of("SHA-256", `, qop="auth"`)}, "SHA-256"},
		{"two strong", []string{of("SHA-512-256", `, qop="auth"`), of("SHA-256", `, qop="auth"`)}, "SHA-512-256"},
		{"two strong, other order", []string{of("MD5", ""), of("SHA-256", `, qop="auth"`), of("SHA-512-256", `, qop="auth"`)}, "SHA-256"},
		{"unknown on top", []string{of("AKAv1-MD5", ""), "Basic realm=x", "Digest broken", of("MD5", "")}, "MD5"},
		{"qop unknown", []string{of("SHA-256", `, qop="future"`), of("MD5", `, qop="auth"`)}, "MD5"},
		{"session", []string{of("MD5-sess", `, qop="auth"`)}, "MD5-sess"},
	} {
		t.Run(test.name, func(t *testing.T) {
			headers, err := NewAnswerer("a", "p", zeros{}).Exchange("INVITE", "sip:h", nil).Answer(401, test.values)
			list := parsed(t, headers, err)
			if len(list) != 1 || list[0].Algorithm.String() != test.want || list[0].Nonce != test.want || headers[0].Name != "Authorization" {
				t.Errorf("answer %+v", headers)
			}
		})
	}
}

func TestAnswerUnsupported(t *testing.T) {
	for name, values := range map[string][]string{
		"none": nil, "other scheme": {"Basic realm=x"}, "broken": {"Digest x"},
		"algorithm": {challenge("r", "n", ", algorithm=X")}, "qop": {challenge("r", "n", `, qop="x"`)},
	} {
		if _, err := NewAnswerer("a", "p", zeros{}).Exchange("INVITE", "sip:h", nil).Answer(401, values); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewAnswerer("a", "p", zeros{}).Exchange("INVITE", "sip:h", nil).Answer(403, []string{challenge("r", "n", "")}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("403: %v", err)
	}
}

func TestAnswerForms(t *testing.T) {
	body := []byte("v=0\r\n")
	x := NewAnswerer("a", "p", zeros{}).Exchange("INVITE", "sip:h", body)
	headers, err := x.Answer(401, []string{challenge("r", "n", `, qop="auth-int"`)})
	c := parsed(t, headers, err)[0]
	if c.QOP != "auth-int" || c.Response != response(&c, HA1(MD5, "a", "r", "p"), "INVITE", body) {
		t.Errorf("auth-int: %+v", c)
	}
	headers, err = NewAnswerer("a", "p", zeros{}).Exchange("INVITE", "sip:h", body).Answer(401, []string{challenge("r", "n", "")})
	c = parsed(t, headers, err)[0]
	if c.QOP != "" || c.NC != "" || c.CNonce != "" || c.Response != MD5.sum(MD5.sum("a", "r", "p"), "n", MD5.sum("INVITE", "sip:h")) {
		t.Errorf("RFC 2069: %+v", c)
	}
	headers, err = NewAnswerer("a", "p", zeros{}).Exchange("INVITE", "sip:h", nil).Answer(401, []string{challenge("r", "n", ", algorithm=MD5-sess")})
	if c = parsed(t, headers, err)[0]; c.CNonce == "" {
		t.Errorf("-sess without cnonce: %+v", c)
	}
}

// steps are responses to one exchange and what must become of them.
func runExchange(t *testing.T, x *Exchange, steps []struct {
	nonce string
	stale bool
	want  error
}) {
	t.Helper()
	for i, step := range steps {
		more := `, qop="auth"`
		if step.stale {
			more += ", stale=true"
		}
		headers, err := x.Answer(401, []string{challenge("r", step.nonce, more)})
		if !errors.Is(err, step.want) {
			t.Fatalf("step %d: error %v, want %v", i, err, step.want)
		}
		if step.want == nil {
			if c := parsed(t, headers, err)[0]; c.Nonce != step.nonce {
				t.Errorf("step %d: nonce %s", i, c.Nonce)
			}
		}
	}
}

type steps = []struct {
	nonce string
	stale bool
	want  error
}

func TestAnswerGivesUp(t *testing.T) {
	for name, s := range map[string]steps{
		"wrong password":            {{"1", false, nil}, {"2", false, ErrRejected}},
		"same nonce":                {{"1", false, nil}, {"1", true, ErrRejected}},
		"stale once":                {{"1", false, nil}, {"2", true, nil}, {"3", false, ErrRejected}},
		"stale twice":               {{"1", false, nil}, {"2", true, nil}, {"3", true, ErrRejected}},
		"stale at once, then stale": {{"1", true, nil}, {"2", true, nil}, {"3", true, ErrRejected}},
	} {
		t.Run(name, func(t *testing.T) {
			runExchange(t, NewAnswerer("a", "p", zeros{}).Exchange("INVITE", "sip:h", nil), s)
		})
	}
}

func TestPreempt(t *testing.T) {
	a := NewAnswerer("alice", "secret", zeros{})
	first := a.Exchange("REGISTER", "sip:h", nil)
	headers, err := first.Preempt()
	if err != nil || len(headers) != 0 {
		t.Fatal(headers, err)
	}
	if _, err := first.Answer(401, []string{challenge("r", "n1", `, qop="auth"`)}); err != nil {
		t.Fatal(err)
	}
	for nc := 2; nc < 5; nc++ {
		headers, err := a.Exchange("REGISTER", "sip:h", nil).Preempt()
		if c := parsed(t, headers, err)[0]; c.Nonce != "n1" || c.NC != fmt.Sprintf("%08x", nc) {
			t.Errorf("%+v, want count %d", c, nc)
		}
	}
	for name, s := range map[string]steps{
		"refused with the same nonce":   {{"n1", false, ErrRejected}},
		"nonce has become stale":        {{"n2", true, nil}, {"n3", true, ErrRejected}},
		"new nonce, not called stale":   {{"n3", false, nil}, {"n4", true, nil}, {"n5", true, ErrRejected}},
		"new nonce, then wrong":         {{"n5", false, nil}, {"n6", false, ErrRejected}},
		"stale, then wrong":             {{"n6", true, nil}, {"n7", false, ErrRejected}},
		"another nonce count from here": {{"n8", false, nil}},
	} {
		b := NewAnswerer("alice", "secret", zeros{})
		if _, err := b.Exchange("REGISTER", "sip:h", nil).Answer(401, []string{challenge("r", "n1", `, qop="auth"`)}); err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			x := b.Exchange("REGISTER", "sip:h", nil)
			if _, err := x.Preempt(); err != nil {
				t.Fatal(err)
			}
			runExchange(t, x, s)
		})
	}
}

// A nonce without count serves once, so it is not sent unasked.
func TestPreemptNeedsCount(t *testing.T) {
	a := NewAnswerer("a", "p", zeros{})
	if _, err := a.Exchange("INVITE", "sip:h", nil).Answer(401, []string{challenge("r", "n", "")}); err != nil {
		t.Fatal(err)
	}
	if headers, err := a.Exchange("INVITE", "sip:h", nil).Preempt(); err != nil || len(headers) != 0 {
		t.Error(headers, err)
	}
}

// RFC 3261 s22.3: a request through two proxies to a server collects credentials.
func TestSeveralRealms(t *testing.T) {
	a := NewAnswerer("a", "p", zeros{})
	x := a.Exchange("INVITE", "sip:h", nil)
	_, err := x.Answer(407, []string{challenge("p1", "1", `, qop="auth"`), challenge("p2", "2", `, qop="auth"`)})
	if err != nil {
		t.Fatal(err)
	}
	headers, err := x.Answer(401, []string{challenge("uas", "3", `, qop="auth"`)})
	var got []string
	for i, c := range parsed(t, headers, err) {
		got = append(got, headers[i].Name+" "+c.Realm+" "+c.Nonce+" "+c.NC)
	}
	want := "Proxy-Authorization p1 1 00000002, Proxy-Authorization p2 2 00000002, Authorization uas 3 00000001"
	if strings.Join(got, ", ") != want {
		t.Errorf("headers %q, want %s", got, want)
	}
	if headers, err = a.Exchange("BYE", "sip:h", nil).Preempt(); err != nil || len(headers) != 3 {
		t.Error(headers, err)
	}
	// The same realm of a proxy and a server are two places.
	if _, err = x.Answer(407, []string{challenge("uas", "4", `, qop="auth"`)}); err != nil {
		t.Error(err)
	}
}

// A peer that invents realms is not followed for ever, and does not fill memory.
func TestRealmsAreBounded(t *testing.T) {
	a := NewAnswerer("a", "p", zeros{})
	x := a.Exchange("INVITE", "sip:h", nil)
	var err error
	tries := 0
	for ; err == nil && tries < 100; tries++ {
		_, err = x.Answer(401, []string{challenge(fmt.Sprint("r", tries), "n", `, qop="auth"`)})
	}
	if !errors.Is(err, ErrUnsupported) || tries != maxKnown+1 {
		t.Errorf("%d tries, %v", tries, err)
	}
	for i := range 20 {
		if _, err := a.Exchange("INVITE", "sip:h", nil).Answer(401, []string{challenge(fmt.Sprint("s", i), "n", "")}); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.known) != maxKnown || a.known[maxKnown-1].realm != "s19" {
		t.Errorf("%d realms are known", len(a.known))
	}
}

func TestAnswererErrors(t *testing.T) {
	x := NewAnswerer("a", "p", failing{}).Exchange("INVITE", "sip:h", nil)
	if _, err := x.Answer(401, []string{challenge("r", "n", `, qop="auth"`)}); !errors.Is(err, errNoEntropy) {
		t.Errorf("no randomness: %v", err)
	}
	x = NewAnswerer("a\r\nEvil: 1", "p", nil).Exchange("INVITE", "sip:h", nil)
	if _, err := x.Answer(401, []string{challenge("r", "n", `, qop="auth"`)}); !errors.Is(err, ErrUnsafe) {
		t.Errorf("injection: %v", err)
	}
}

// Two exchanges of one Answerer at a time never use a count twice.
func TestSharedNonceCounts(t *testing.T) {
	a := NewAnswerer("a", "p", nil)
	seen := map[string]bool{}
	for range 3 {
		x := a.Exchange("INVITE", "sip:h", nil)
		headers, err := x.Answer(401, []string{challenge("r", "same", `, qop="auth"`)})
		c := parsed(t, headers, err)[0]
		if seen[c.NC] {
			t.Errorf("count %s twice", c.NC)
		}
		seen[c.NC] = true
	}
}

// Both sides of this package in a conversation, over the life of a nonce.
func TestConversation(t *testing.T) {
	server := newAuthenticator(t, func(o *Options) { o.Lifetime = time.Minute })
	client := NewAnswerer("alice", "secret", bytes.NewReader(bytes.Repeat([]byte("random bytes, sixteen"), 100)))
	now := began
	register := func() (challenged int) {
		x := client.Exchange("REGISTER", "sip:example.test", nil)
		headers, err := x.Preempt()
		for {
			var values []string
			for _, h := range headers {
				values = append(values, h.Value)
			}
			v := server.Verify(now, "REGISTER", "sip:example.test", values, users)
			if v.Outcome == Accepted {
				return challenged
			}
			challenged++
			if headers, err = x.Answer(401, server.Challenges(now, v.Outcome == Stale)); err != nil {
				t.Fatal(v, err)
			}
		}
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {time.Second, 0}, {30 * time.Second, 0}, {time.Hour, 1}, {time.Second, 0}} {
		now = now.Add(step.after)
		if got := register(); got != step.want {
			t.Errorf("after %v: challenged %d times, want %d", step.after, got, step.want)
		}
	}
}
