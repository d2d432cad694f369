package digest_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/sip/digest"
)

// A phone registers twice: the first time it is challenged, the second time it uses
// the challenge that it knows.
func Example() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	server, err := digest.NewAuthenticator(digest.Options{Realm: "example.test"})
	if err != nil {
		fmt.Println(err)
		return
	}
	lookup := func(user string) (digest.Secret, bool) {
		return digest.Secret{Password: "secret"}, user == "alice"
	}
	phone := digest.NewAnswerer("alice", "secret", nil)
	for range 2 {
		request := phone.Exchange("REGISTER", "sip:example.test", nil)
		headers, err := request.Preempt()
		for err == nil {
			var values []string
			for _, h := range headers {
				values = append(values, h.Value)
			}
			v := server.Verify(now, "REGISTER", "sip:example.test", values, lookup)
			fmt.Printf("%v %q\n", v.Outcome, v.User)
			if v.Outcome == digest.Accepted {
				break
			}
			headers, err = request.Answer(401, server.Challenges(now, v.Outcome == digest.Stale))
		}
	}
	// Output:
	// challenged ""
	// accepted "alice"
	// accepted "alice"
}

// A wrong password is answered once and not tried again.
func ExampleExchange_Answer() {
	trunk := digest.NewAnswerer("gateway", "wrong", nil).Exchange("INVITE", "sip:+14255550100@carrier.test", nil)
	challenge := `Digest realm="carrier.test", nonce="%d", algorithm=SHA-256, qop="auth"`
	for i := range 2 {
		headers, err := trunk.Answer(407, []string{fmt.Sprintf(challenge, i)})
		if err != nil {
			fmt.Println(err)
			return
		}
		name, _, _ := strings.Cut(headers[0].Value, ",")
		fmt.Println(headers[0].Name+":", name)
	}
	// Output:
	// Proxy-Authorization: Digest username="gateway"
	// digest credentials were rejected: user "gateway", realm "carrier.test"
}
