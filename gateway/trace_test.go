package gateway

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/sip/transport"
)

func TestTraceHidesKeys(t *testing.T) {
	const secret = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
	for text, want := range map[string]string{
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + secret + "|2^20|1:4 WSH=64\r\na=x\r\n": "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:(hidden)|2^20|1:4 WSH=64\r\na=x\r\n",
		"inline:" + secret + ";INLINE:" + secret + "\r\n":                                     "inline:(hidden);INLINE:(hidden)\r\n",
		"a=crypto:1 X inline:" + secret:                                                       "a=crypto:1 X inline:(hidden)",
		"no keys here":                                                                        "no keys here",
		"":                                                                                    "",
	} {
		if got := string(withoutKeys([]byte(text))); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	var b strings.Builder
	at := netip.MustParseAddrPort("192.0.2.1:5060")
	tracer(&b)(transport.Sent, transport.Flow{Protocol: transport.TLS, Local: at, Remote: at}, []byte("INVITE\r\na=crypto:1 X inline:"+secret+"\r\n"))
	if got := b.String(); strings.Contains(got, secret) || !strings.Contains(got, "INVITE") {
		t.Errorf("traced: %s", got)
	}
	if tracer(nil) != nil {
		t.Error("without a writer there is a tracer")
	}
}
