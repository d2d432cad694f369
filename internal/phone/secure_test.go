package phone

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

const suite = "AES_CM_128_HMAC_SHA1_80"

// secure is a description with a key.
func secure(t *testing.T, at string, tag int, seed string) Description {
	t.Helper()
	c, err := MakeCrypto(tag, suite, seed)
	if err != nil {
		t.Fatal(err)
	}
	d := Describe(netip.MustParseAddrPort(at))
	d.Proto, d.Cryptos = "RTP/SAVP", []Crypto{c}
	return d
}

func TestCryptoLines(t *testing.T) {
	d := secure(t, "192.0.2.1:4000", 4, "alice")
	got, err := ParseDescription(d.String())
	if err != nil || !reflect.DeepEqual(got, d) {
		t.Errorf("%v\n%+v\n%+v", err, d, got)
	}
	c, ok := parseCrypto("2 F8_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm|2^20|1:4 KDR=1")
	if want := (Crypto{2, "F8_128_HMAC_SHA1_80", "MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm"}); !ok || c != want {
		t.Errorf("%+v, %v", c, ok)
	}
	for _, text := range []string{"", "1 X", "x X inline:y", "1 X outline:y"} {
		if _, ok := parseCrypto(text); ok {
			t.Errorf("%q was taken", text)
		}
	}
	if _, err := MakeCrypto(1, "ROT13", "x"); err == nil {
		t.Error("a suite that is none was taken")
	}
	if d, err := ParseDescription(d.String() + "a=fingerprint:sha-1 00\r\n"); err != nil || d.Fingerprint != "sha-1 00" {
		t.Errorf("a=fingerprint: %+v, %v", d, err)
	}
}

func TestAnswerWithKeys(t *testing.T) {
	offer, own := secure(t, "192.0.2.1:4000", 7, "alice"), secure(t, "192.0.2.2:4000", 1, "bob")
	a := own.Answer(offer)
	if a.Proto != "RTP/SAVP" || len(a.Cryptos) != 1 || a.Cryptos[0].Tag != 7 || a.Cryptos[0].Key != own.Cryptos[0].Key {
		t.Errorf("%+v", a)
	}
	if a := own.Answer(Describe(offer.Address)); len(a.Cryptos) != 0 || strings.Contains(a.String(), "SAVP") {
		t.Errorf("to a plain offer: %+v", a)
	}
}

// TestSecureAudio: two who have agreed hear each other, through new keys and back to plain
// RTP; one who has the wrong key hears nothing and counts it.
func TestSecureAudio(t *testing.T) {
	now := time.Unix(1000, 0)
	a := &Audio{Local: netip.MustParseAddrPort("192.0.2.1:4000"), Pitch: 500}
	b := &Audio{Local: netip.MustParseAddrPort("192.0.2.2:4000"), Pitch: 700}
	a.Write = func(p []byte, _ netip.AddrPort) {
		if err := b.Receive(now, p); err != nil {
			t.Error(err)
		}
	}
	speak := func(offer Description, n int) {
		t.Helper()
		if err := a.Start(now, offer); err != nil {
			t.Fatal(err)
		}
		for range n {
			a.Tick(now)
			now = now.Add(Frame)
		}
	}
	agree := func(ours, theirs Description) {
		t.Helper()
		if err := a.Secure(now, ours, theirs); err != nil {
			t.Fatal(err)
		}
		if err := b.Secure(now, theirs, ours); err != nil {
			t.Fatal(err)
		}
	}
	one, other := secure(t, "192.0.2.1:4000", 1, "a"), secure(t, "192.0.2.2:4000", 1, "b")
	agree(one, other)
	speak(other, 10)
	agree(secure(t, "192.0.2.1:4000", 1, "a2"), other)
	speak(other, 10)
	agree(Describe(a.Local), Describe(b.Local))
	speak(other, 10)
	if r := b.Report(); r.Received != 30 || r.Unopened != 0 {
		t.Errorf("%+v", r)
	}
	if level := b.Level(now, 100*time.Millisecond, 500); level < -12 {
		t.Errorf("heard at %.1f dBm0", level)
	}
	agree(one, other)
	b.secured = nil // or it would believe the former key for a while
	if err := b.Secure(now, other, secure(t, "192.0.2.1:4000", 1, "somebody")); err != nil {
		t.Fatal(err)
	}
	speak(other, 10)
	if r := b.Report(); r.Received != 30 || r.Unopened != 10 {
		t.Errorf("with the wrong key: %+v", r)
	}
	bad := one
	bad.Cryptos = []Crypto{{1, suite, "no base64"}}
	if err := b.Secure(now, other, bad); err == nil {
		t.Error("a key that cannot be read was taken")
	}
}
