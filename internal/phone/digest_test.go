package phone

import (
	"strings"
	"testing"
)

// RFC 7616 section 3.9.1.
func TestAnswer(t *testing.T) {
	who := Credentials{"Mufasa", "Circle of Life"}
	for algorithm, want := range map[string]string{
		"MD5":     "8ca523f5e9506fed4657c9700eebdbec",
		"SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
	} {
		c := ParseChallenge(`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=` + algorithm +
			`, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`)
		answer := c.Answer(who, "GET", "/dir/index.html", 1, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
		if !strings.Contains(answer, `response="`+want+`"`) || !strings.Contains(answer, "nc=00000001") {
			t.Errorf("%s: %s", algorithm, answer)
		}
		if err := c.Verify(who, "GET", answer); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
		if err := c.Verify(Credentials{"Mufasa", "guess"}, "GET", answer); err == nil {
			t.Errorf("%s: another password is as good", algorithm)
		}
		if err := c.Verify(who, "PUT", answer); err == nil {
			t.Errorf("%s: another method is as good", algorithm)
		}
	}
}

// RFC 2617 section 3.5 without qop is RFC 2069's form.
func TestAnswerWithoutQOP(t *testing.T) {
	c := ParseChallenge(`Digest realm="r", nonce="n", stale=TRUE`)
	if !c.Stale || c.Algorithm != "" {
		t.Fatalf("%+v", c)
	}
	answer := c.Answer(Credentials{"u", "p"}, "REGISTER", "sip:r", 1, "c")
	if strings.Contains(answer, "qop") || strings.Contains(answer, "cnonce") || strings.Contains(answer, "algorithm") {
		t.Errorf("%s", answer)
	}
	if err := c.Verify(Credentials{"u", "p"}, "REGISTER", answer); err != nil {
		t.Error(err)
	}
}

func TestTopmost(t *testing.T) {
	c, ok := topmost([]string{`Digest realm="a", algorithm=SHA-512-256`, `Digest realm="b", algorithm=SHA-256`, `Digest realm="c"`}, "", "MD5", "SHA-256")
	if !ok || c.Realm != "b" {
		t.Errorf("%+v", c)
	}
	if _, ok := topmost([]string{`Digest algorithm=X`}, "", "MD5", "SHA-256"); ok {
		t.Error("an unknown algorithm was taken")
	}
}
