package sip

import (
	"testing"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/wire"
)

func TestPhonesThatGiveUpOnSHA256(t *testing.T) {
	for agent, want := range map[string]bool{
		"baresip v1.0.0 (x86_64/linux)": true,
		"baresip v3.9.0 (x86_64/linux)": false,
		"Yealink SIP-T46S 66.85.0.5":    false,
		"":                              false,
	} {
		text := "REGISTER sip:example.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKq\r\n" +
			"From: <sip:alice@example.test>;tag=1\r\nTo: <sip:alice@example.test>\r\nCall-ID: q\r\nCSeq: 1 REGISTER\r\n"
		if agent != "" {
			text += "User-Agent: " + agent + "\r\n"
		}
		msg, fault := wire.Parse([]byte(text + "\r\n"))
		if fault != nil {
			t.Fatal(fault)
		}
		if got := knowsOnlyMD5(msg.(*sip.Request)); got != want {
			t.Errorf("%q knows only MD5: %v, want %v", agent, got, want)
		}
	}
}
