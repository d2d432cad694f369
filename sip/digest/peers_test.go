package digest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// respelled changes how credentials are written and not what they say; phones write
// them in all these ways.
var respelled = map[string]func(string) string{
	"scheme in capitals":     func(s string) string { return strings.Replace(s, "Digest", "DIGEST", 1) },
	"scheme in small":        func(s string) string { return strings.Replace(s, "Digest", "digest", 1) },
	"no blanks after commas": func(s string) string { return strings.ReplaceAll(s, ", ", ",") },
	"blanks around signs":    func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "=\"", " = \""), ",", " ,") },
	"tabs":                   func(s string) string { return strings.ReplaceAll(s, ", ", ",\t") },
	"blanks around it all":   func(s string) string { return "  " + s + " \t" },
	"empty members":          func(s string) string { return strings.ReplaceAll(s, ", ", ", ,, ") + "," },
	"names in capitals": func(s string) string {
		return strings.Replace(strings.Replace(s, "nonce=", "NONCE=", 1), "uri=", "URI=", 1)
	},
	"quoted algorithm":        func(s string) string { return strings.Replace(s, "algorithm=SHA-256", `algorithm="SHA-256"`, 1) },
	"quoted qop":              func(s string) string { return strings.Replace(s, "qop=auth", `qop="auth"`, 1) },
	"quoted count":            func(s string) string { return strings.Replace(s, "nc=00000001", `nc="00000001"`, 1) },
	"user name without need":  func(s string) string { return strings.Replace(s, `username="alice"`, `username=alice`, 1) },
	"response in capitals":    upperResponse,
	"escapes without need":    func(s string) string { return strings.Replace(s, `realm="example.test"`, `realm="exa\mple.test"`, 1) },
	"unknown parameters":      func(s string) string { return s + `, auth-param="x, y", z=1` },
	"name as extended value":  func(s string) string { return strings.Replace(s, `username="alice"`, `username*=utf-8'en'%61lice`, 1) },
	"opaque that we not sent": func(s string) string { return s + `, opaque="mine"` },
}

func upperResponse(s string) string {
	before, after, _ := strings.Cut(s, `response="`)
	return before + `response="` + strings.ToUpper(after[:64]) + after[64:]
}

func TestHabitsOfPhones(t *testing.T) {
	a := newAuthenticator(t)
	for habit, respell := range respelled {
		value := answer(t, a.Challenges(began, false), SHA256, nil)
		changed := respell(value)
		if changed == value {
			t.Errorf("%s: nothing changed", habit)
		}
		if v := verify(a, began, changed); v.Outcome != Accepted || v.User != "alice" {
			t.Errorf("%s: %+v for %s", habit, v, changed)
		}
	}
}

// A user that does not exist costs what a wrong password costs, and looks the same.
func TestUnknownUserLooksLikeWrongPassword(t *testing.T) {
	a := newAuthenticator(t)
	wrong := strings.Replace(answer(t, a.Challenges(began, false), SHA256, nil), `response="`, `response="0`, 1)
	unknown := strings.Replace(wrong, `"alice"`, `"nobdy"`, 1)
	stored := strings.Replace(wrong, `"alice"`, `"hashed"`, 1)
	cost := func(value string) float64 {
		return testing.AllocsPerRun(50, func() {
			if v := verify(a, began, value); v.Outcome != Refused {
				t.Fatalf("%+v", v)
			}
		})
	}
	if w, u := cost(wrong), cost(unknown); w != u {
		t.Errorf("wrong password makes %v allocations, unknown user %v", w, u)
	}
	if verify(a, began, stored).Outcome != Refused {
		t.Error("wrong response for a stored hash")
	}
	if len(a.used.entries) != 0 {
		t.Error("refused credentials take memory")
	}
}

// Whatever a hostile peer answers, an exchange ends, and no nonce and count are used
// twice, over all exchanges (of a peer that does not come back to an older nonce: only
// the last of a realm is known).
func TestHostileChallengesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := NewAnswerer("a", "p", zeros{})
		used := map[string]bool{}
		last := map[string]int{} // nonce by realm and status
		note := func(headers []Header) {
			for _, h := range headers {
				c, err := ParseCredentials(h.Value)
				if err != nil {
					t.Fatal(err)
				}
				key := fmt.Sprint(h.Name, c.Realm, c.Nonce, c.NC)
				if c.NC != "" && used[key] {
					t.Fatalf("%s was used before", key)
				}
				used[key] = true
			}
		}
		for range rapid.IntRange(1, 5).Draw(t, "exchanges") {
			x := a.Exchange("INVITE", "sip:h", nil)
			headers, err := x.Preempt()
			if err != nil {
				t.Fatal(err)
			}
			note(headers)
			answered := 0
			for ; err == nil; answered++ {
				if answered > 3*maxKnown {
					t.Fatal("the exchange does not end")
				}
				status := rapid.SampledFrom([]int{401, 407}).Draw(t, "status")
				headers, err = x.Answer(status, drawChallenges(t, status, last))
				note(headers)
			}
			if !errors.Is(err, ErrRejected) && !errors.Is(err, ErrUnsupported) {
				t.Fatal(err)
			}
		}
		if len(a.known) > maxKnown {
			t.Fatalf("%d realms are known", len(a.known))
		}
	})
}

// drawChallenges makes challenges with the last nonce of a realm or a new one.
func drawChallenges(t *rapid.T, status int, last map[string]int) (values []string) {
	for range rapid.IntRange(1, 3).Draw(t, "challenges") {
		realm := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "realm")
		at := fmt.Sprint(realm, status)
		if rapid.Bool().Draw(t, "new nonce") {
			last[at]++
		}
		values = append(values, challenge(realm, fmt.Sprint(last[at]),
			rapid.SampledFrom([]string{"", `, qop="auth"`, `, qop="auth", stale=true`, `, qop="auth-int", algorithm=SHA-256`}).Draw(t, "more")))
	}
	return values
}

// A nonce lives from its issue to its lifetime's end, whatever the clock's reading.
func TestNonceLifetimeProperty(t *testing.T) {
	a := newAuthenticator(t, func(o *Options) { o.Lifetime = time.Minute })
	rapid.Check(t, func(t *rapid.T) {
		issued := time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "issued"))
		id, ok := a.open(a.seal(newNonceID(issued, rapid.Uint32().Draw(t, "count"))))
		if !ok || id.issued() != issued.UnixMilli() {
			t.Fatalf("opened %v, %v", id, ok)
		}
		later := time.Duration(rapid.Int64Range(-120_000, 120_000).Draw(t, "later")) * time.Millisecond
		if got, want := a.fresh(issued.Add(later), id.issued()), later >= 0 && later <= time.Minute; got != want {
			t.Fatalf("fresh after %v: %v", later, got)
		}
	})
}
