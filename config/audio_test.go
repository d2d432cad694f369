package config

import (
	"reflect"
	"strings"
	"testing"
)

const encrypted = `sip:
  sdes_without_tls: true
users:
  - {name: bob, password: correct-horse, srtp: required, srtp_keys: sdes, codecs: [PCMA], dtmf: info}
  - {name: carol, password: correct-horse}
trunks:
  - {name: carrier, address: "sip:192.0.2.5", srtp: required, srtp_keys: dtls}
  - {name: backup, address: "sip:192.0.2.7;transport=udp", srtp: optional, srtp_keys: sdes}
`

func TestAudioBecomesPlainValues(t *testing.T) {
	c := parsed(t, encrypted)
	for who, want := range map[*Audio]Audio{
		&c.Users[0].Audio:  {SRTP: SRTPRequired, SRTPKeys: SRTPKeysSDES, Codecs: []string{"PCMA"}, DTMF: DTMFInfo},
		&c.Users[1].Audio:  {},
		&c.Trunks[0].Audio: {SRTP: SRTPRequired, SRTPKeys: SRTPKeysDTLS},
		&c.Trunks[1].Audio: {SRTP: SRTPOptional, SRTPKeys: SRTPKeysSDES},
	} {
		if !reflect.DeepEqual(*who, want) {
			t.Errorf("read %v, not %v", *who, want)
		}
	}
	if !c.SIP.SDESWithoutTLS || Default().SIP.SDESWithoutTLS {
		t.Error("sip.sdes_without_tls")
	}
	if len(c.Warnings) != 0 {
		t.Errorf("warnings: %v", c.Warnings)
	}
}

func TestKeysNeedTLS(t *testing.T) {
	_, err := Parse("t.yaml", []byte(strings.Replace(encrypted, "sdes_without_tls: true", "sdes_without_tls: false", 1)))
	wantProblem(t, err, "users[0].srtp_keys: sdes keys travel by TLS only, and no tls:// in sip.listen")
	wantProblem(t, err, "trunks[1].srtp_keys: sdes keys travel by TLS only, and the trunk's address goes by udp")
	if strings.Contains(err.Error(), "trunks[0]") {
		t.Errorf("of a trunk with dtls: %v", err)
	}
}

func TestKeysOfNothing(t *testing.T) {
	c := parsed(t, "users:\n  - {name: bob, password: correct-horse, srtp_keys: dtls}\n")
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings.Error(), "users[0].srtp_keys: has no effect while srtp is off") {
		t.Errorf("warnings: %v", c.Warnings)
	}
}

func TestAudioTexts(t *testing.T) {
	for i, name := range srtpNames {
		var got SRTP
		if err := got.UnmarshalText([]byte(name)); err != nil || int(got) != i || got.String() != name {
			t.Errorf("%s is read as %v, %v", name, got, err)
		}
	}
	for i, name := range srtpKeysNames {
		var got SRTPKeys
		if err := got.UnmarshalText([]byte(name)); err != nil || int(got) != i || got.String() != name {
			t.Errorf("%s is read as %v, %v", name, got, err)
		}
	}
	for i, name := range dtmfNames {
		var got DTMF
		if err := got.UnmarshalText([]byte(name)); err != nil || int(got) != i || got.String() != name {
			t.Errorf("%s is read as %v, %v", name, got, err)
		}
	}
	if !SRTPKeysBoth.SDES() || !SRTPKeysBoth.DTLS() || SRTPKeysDTLS.SDES() || SRTPKeysSDES.DTLS() {
		t.Error("which ways are which")
	}
}
