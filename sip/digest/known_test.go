package digest

import "testing"

// The examples that the RFCs print, as Authorization values with their passwords.
var examples = []struct {
	name, password, method, value string
	body                          string
}{
	{name: "RFC 2617 s3.5", password: "Circle Of Life", method: "GET",
		value: `Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ` +
			`uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", ` +
			`response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"`},
	// RFC 2069's own response is wrong; this is its erratum's.
	{name: "RFC 2069 s2.4", password: "CircleOfLife", method: "GET",
		value: `Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ` +
			`uri="/dir/index.html", response="1949323746fe6a43ef61f9606e7febea", opaque="5ccc069c403ebaf9f0171e9517f40e41"`},
	{name: "RFC 7616 s3.9.1 MD5", password: "Circle of Life", method: "GET",
		value: `Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=MD5, ` +
			`nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, ` +
			`cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, ` +
			`response="8ca523f5e9506fed4657c9700eebdbec", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`},
	{name: "RFC 7616 s3.9.1 SHA-256", password: "Circle of Life", method: "GET",
		value: `Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=SHA-256, ` +
			`nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, ` +
			`cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, ` +
			`response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`},
	// The RFC cut SHA-512; this is erratum 4897's response, by SHA-512/256.
	{name: "RFC 7616 s3.9.2", password: "Secret, or not?", method: "GET",
		value: `Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm="api@example.org", uri="/doe.json", algorithm=SHA-512-256, ` +
			`nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", nc=00000001, ` +
			`cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", qop=auth, ` +
			`response="3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5", ` +
			`opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", userhash=false`},
}

func TestExamplesOfTheRFCs(t *testing.T) {
	for _, example := range examples {
		t.Run(example.name, func(t *testing.T) {
			c, err := ParseCredentials(example.value)
			if err != nil {
				t.Fatal(err)
			}
			ha1 := HA1(c.Algorithm, c.Username, c.Realm, example.password)
			if got := response(&c, ha1, example.method, []byte(example.body)); got != c.Response {
				t.Errorf("response is %s, want %s", got, c.Response)
			}
			if !matches(&c, Secret{Password: example.password}, example.method) {
				t.Error("right password does not match")
			}
			if matches(&c, Secret{Password: example.password + " "}, example.method) {
				t.Error("wrong password matches")
			}
			if !matches(&c, Secret{HA1: map[Algorithm]string{c.Algorithm: ha1}}, example.method) {
				t.Error("stored hash does not match")
			}
		})
	}
}

// RFC 7616 s3.4.4's hashed user name shows which function SHA-512-256 is.
func TestSHA512256(t *testing.T) {
	const want = "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
	if got := SHA512256.sum("Jäsøn Doe", "api@example.org"); got != want {
		t.Errorf("hash is %s, want %s", got, want)
	}
}

// An auth-int response hashes the body, a -sess one the nonces into the secret; the
// values are those of independent computations by the formulas of RFC 7616 s3.4.
func TestSessionAndIntegrity(t *testing.T) {
	c := Credentials{
		Username: "u", Realm: "r", Nonce: "n", URI: "sip:h", Algorithm: MD5Sess, QOP: "auth-int", NC: "00000001", CNonce: "c",
	}
	a1 := MD5.sum(MD5.sum("u", "r", "p"), "n", "c")
	a2 := MD5.sum("INVITE", "sip:h", MD5.sum("v=0"))
	want := MD5.sum(a1, "n", "00000001", "c", "auth-int", a2)
	if got := response(&c, HA1(MD5Sess, "u", "r", "p"), "INVITE", []byte("v=0")); got != want {
		t.Errorf("response is %s, want %s", got, want)
	}
	if other := response(&c, HA1(MD5Sess, "u", "r", "p"), "INVITE", []byte("v=1")); other == want {
		t.Error("another body has the same response")
	}
}

func TestAlgorithmNames(t *testing.T) {
	for name, want := range map[string]Algorithm{
		"": MD5, "MD5": MD5, "md5": MD5, "MD5-sess": MD5Sess, "sha-256": SHA256, "SHA-256-SESS": SHA256Sess,
		"SHA-512-256": SHA512256, "sha-512-256-sess": SHA512256Sess,
	} {
		if got, ok := ParseAlgorithm(name); !ok || got != want {
			t.Errorf("%q is %v, %v", name, got, ok)
		}
	}
	for _, name := range []string{"SHA", "MD5 ", "AKAv1-MD5", "SHA-512"} {
		if got, ok := ParseAlgorithm(name); ok {
			t.Errorf("%q is %v", name, got)
		}
	}
	if Algorithm(0).String() != "" || Algorithm(99).String() != "" || SHA256.String() != "SHA-256" {
		t.Error("names")
	}
	if Algorithm(0).strength() != 0 || MD5Sess.strength() >= SHA256.strength() {
		t.Error("strengths")
	}
}
