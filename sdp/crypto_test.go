package sdp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Keys of the right lengths for their suites, and one that nobody here has.
var (
	key80  = Inline("AES_CM_128_HMAC_SHA1_80", bytes.Repeat([]byte{0x80}, 30))
	key32  = Inline("AES_CM_128_HMAC_SHA1_32", bytes.Repeat([]byte{0x32}, 30))
	keyGCM = Inline("AEAD_AES_128_GCM", bytes.Repeat([]byte{0x6c}, 28))
	keyF8  = Inline("F8_128_HMAC_SHA1_80", bytes.Repeat([]byte{0xf8}, 30))
)

// tagged is c as line n of an offer.
func tagged(c Crypto, n uint32) Crypto {
	c.Tag = n
	return c
}

const (
	// The keys of RFC 4568 section 4's example and section 6.1's.
	base30  = "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR"
	base30b = "YUJDZGVmZ2hpSktMbW9QUXJzVHVWd3l6MTIzNDU2"
)

func TestParseCrypto(t *testing.T) {
	key := CryptoKey{Secret: Secret("=-n@%^x!Bjufr9)?,#5h\\`=&]{qiPQ")}
	other := CryptoKey{Secret: Secret("aBCdefghiJKLmoPQrsTuVwyz123456")}
	with := func(k CryptoKey, lifetime, mki uint64, length int) CryptoKey {
		k.Lifetime, k.MKI, k.MKILength = lifetime, mki, length
		return k
	}
	for _, c := range []struct {
		value string
		want  Crypto
	}{
		{"1 AES_CM_128_HMAC_SHA1_80 inline:" + base30,
			Crypto{Tag: 1, Suite: "AES_CM_128_HMAC_SHA1_80", Keys: []CryptoKey{key}}},
		{"1 AES_CM_128_HMAC_SHA1_80 inline:" + base30 + "|2^20|1:32",
			Crypto{Tag: 1, Suite: "AES_CM_128_HMAC_SHA1_80", Keys: []CryptoKey{with(key, 1<<20, 1, 32)}}},
		{"999999999 X INLINE:" + base30b + "|1048577",
			Crypto{Tag: 999999999, Suite: "X", Keys: []CryptoKey{with(other, 1048577, 0, 0)}}},
		{"07 X inline:" + base30b + "|66051:4",
			Crypto{Tag: 7, Suite: "X", Keys: []CryptoKey{with(other, 0, 66051, 4)}}},
		{"2 X inline:" + base30 + "|2^20|1:4;inline:" + base30b + "|2^20|2:4 FEC_ORDER=FEC_SRTP -later",
			Crypto{Tag: 2, Suite: "X", Keys: []CryptoKey{with(key, 1<<20, 1, 4), with(other, 1<<20, 2, 4)}, Params: []string{"FEC_ORDER=FEC_SRTP", "-later"}}},
		{"3 \t X   inline:AA  KDR=1",
			Crypto{Tag: 3, Suite: "X", Keys: []CryptoKey{{Secret: "\x00"}}, Params: []string{"KDR=1"}}},
		{"4 X inline:" + base30 + "|2^63|18446744073709551615:8",
			Crypto{Tag: 4, Suite: "X", Keys: []CryptoKey{with(key, 1<<63, 1<<64-1, 8)}}},
	} {
		got, ok := ParseCrypto(c.value)
		if !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %v\n got %#v\nwant %#v", c.value, ok, got, c.want)
		}
	}
}

func TestParseCryptoRefuses(t *testing.T) {
	for _, value := range []string{
		"", "1", "1 X", "1 X inline:", "1 X inline", "1 X uri:" + base30, "x X inline:" + base30,
		"1234567890 X inline:" + base30, "-1 X inline:" + base30,
		"1 X inline:a", "1 X inline:!!!!", "1 X inline:AA|", "1 X inline:AA|2^", "1 X inline:AA|2^64", "1 X inline:AA|0",
		"1 X inline:AA|2^20|2^20", "1 X inline:AA|1:4|2^20", "1 X inline:AA|1:4|1:4", "1 X inline:AA|2^20|1:4|5",
		"1 X inline:AA|1:0", "1 X inline:AA|1:129", "1 X inline:AA|256:1", "1 X inline:AA|:1", "1 X inline:AA|1:",
		"1 X inline:AA;", "1 X ;inline:AA", "1 X inline:AA;uri:AA",
	} {
		if c, ok := ParseCrypto(value); ok {
			t.Errorf("%q is read as %#v", value, c)
		}
	}
}

func TestCryptoIsWrittenAsItWasRead(t *testing.T) {
	for _, value := range []string{
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + base30,
		"2 A inline:" + base30 + "|2^48|4:1;inline:" + base30b + "|3|5:1 KDR=1 UNENCRYPTED_SRTCP",
		"3 A inline:AA==|1:128",
	} {
		c, ok := ParseCrypto(value)
		if got := string(c.append(nil, inBase64)); !ok || got != value {
			t.Errorf("%q is written as %q", value, got)
		}
	}
}

func TestMKIBytes(t *testing.T) {
	for _, c := range []struct {
		key  CryptoKey
		want []byte
	}{
		{CryptoKey{}, nil},
		{CryptoKey{MKI: 5}, nil},
		{CryptoKey{MKI: 5, MKILength: 1}, []byte{5}},
		{CryptoKey{MKI: 0x010203, MKILength: 4}, []byte{0, 1, 2, 3}},
		{CryptoKey{MKI: 1<<64 - 1, MKILength: 9}, []byte{0, 255, 255, 255, 255, 255, 255, 255, 255}},
	} {
		if got := c.key.MKIBytes(); !bytes.Equal(got, c.want) {
			t.Errorf("%+v: % x, want % x", c.key, got, c.want)
		}
	}
}

// Whatever prints a description, an error about one or a key, prints no key.
func TestKeysAreNeverPrinted(t *testing.T) {
	const line = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + base30
	raw := "=-n@%^x!Bjufr9)?,#5h\\`=&]{qiPQ"
	s := mustParse(t, audio("m=audio 4000 RTP/SAVP 0", line, "a=crypto:2 X inline:"+base30+"|bad"))
	c := s.Media[0].Security.Cryptos[0]
	var structured bytes.Buffer
	slog.New(slog.NewTextHandler(&structured, nil)).Info("x", "sdp", s, "media", s.Media, "crypto", c, "key", c.Keys[0].Secret)
	stream, _, err := Agreed(s, s)
	if err != nil || stream.Keying() != SDES {
		t.Fatalf("%v, %v", stream.Keying(), err)
	}
	l := sdes(ProtectionRequired, c)
	texts := []string{s.String(), c.String(), structured.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		for _, v := range []any{s, *s, s.Media, &s.Media[0], c, &c, c.Keys, &c.Keys[0], c.Keys[0].Secret, stream, &stream, *stream.Protected, l, &l, s.Media[0].Security} {
			texts = append(texts, fmt.Sprintf(verb, v))
		}
	}
	flood := bytes.Repeat([]byte("i=\r\n"), MaxLines-2)
	_, err = Parse(append(append([]byte("v=0\r\no=- 1 1 IN IP4 h\r\n"), flood...), "a=CRYPTO:1 X InLine:"+base30...))
	texts = append(texts, fmt.Sprint(err))
	for _, text := range texts {
		for _, secret := range []string{base30, raw, fmt.Sprintf("%x", raw), fmt.Sprintf("%X", raw), fmt.Sprint([]byte(raw))} {
			if strings.Contains(text, secret) {
				t.Errorf("a key shows in %q", text)
			}
		}
	}
	if err == nil || !strings.Contains(err.Error(), "CRYPTO:1 X") {
		t.Errorf("the error does not show the rest of its line: %v", err)
	}
	if !bytes.Contains(s.Append(nil), []byte(line)) {
		t.Errorf("the wire form is without its key:\n%s", s.Append(nil))
	}
}

// Two descriptions that differ in a key alone are not the same, as strings either.
func TestStringsTellKeysApart(t *testing.T) {
	a := mustParse(t, audio("m=audio 4000 RTP/SAVP 0", "a=crypto:1 X inline:"+base30))
	b := mustParse(t, audio("m=audio 4000 RTP/SAVP 0", "a=crypto:1 X inline:"+base30b))
	if a.String() == b.String() {
		t.Errorf("both are\n%s", a)
	}
	if again := mustParse(t, a.Append(nil)); again.String() != a.String() {
		t.Errorf("one key, but\n%s\nand\n%s", a, again)
	}
}

func TestKeysSurviveAStore(t *testing.T) {
	before := Security{Cryptos: []Crypto{tagged(key80, 3)}, Fingerprints: []Fingerprint{fingerprint(t, sha256Line)}, Setup: SetupActive}
	text, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	var after Security
	if err := json.Unmarshal(text, &after); err != nil || !reflect.DeepEqual(before, after) {
		t.Errorf("%v: %#v became %#v", err, before, after)
	}
	var s Secret
	if err := s.UnmarshalText([]byte("?")); err == nil {
		t.Error("no base64 was read")
	}
	var f Fingerprint
	if err := f.UnmarshalText([]byte("sha-1 00")); err == nil {
		t.Error("no fingerprint was read")
	}
}

func TestAcceptableParams(t *testing.T) {
	for _, c := range []struct {
		params string
		ok     bool
	}{
		{"", true}, {"WSH=64", true}, {"-new=1", true}, {"WSH=128 -new", true},
		{"KDR=1", false}, {"UNENCRYPTED_SRTP", false}, {"UNENCRYPTED_SRTCP", false}, {"UNAUTHENTICATED_SRTP", false},
		{"FEC_ORDER=FEC_SRTP", false}, {"FEC_KEY=inline:AA", false}, {"WSH=64 later", false},
	} {
		line, ok := ParseCrypto("1 X inline:" + base30 + " " + c.params)
		if !ok || line.acceptable() != c.ok {
			t.Errorf("%q: acceptable is %v", c.params, !c.ok)
		}
	}
	if two, ok := ParseCrypto("1 X inline:AA|1:1;inline:AA|2:1"); !ok || two.acceptable() {
		t.Error("two keys are acceptable")
	}
}

// anyCrypto draws a line of any form that can be written.
func anyCrypto() *rapid.Generator[Crypto] {
	return rapid.Custom(func(t *rapid.T) Crypto {
		c := Crypto{
			Tag:    rapid.Uint32Range(0, 999_999_999).Draw(t, "tag"),
			Suite:  rapid.StringMatching(`[A-Z0-9_]{1,30}`).Draw(t, "suite"),
			Params: rapid.SliceOfN(rapid.StringMatching(`-?[A-Z_]{1,9}(=[!-~]{0,5})?`), 0, 3).Draw(t, "params"),
		}
		for range rapid.IntRange(1, 3).Draw(t, "keys") {
			k := CryptoKey{Secret: Secret(rapid.SliceOfN(rapid.Byte(), 1, 50).Draw(t, "key")), Lifetime: rapid.Uint64Range(0, 1<<63).Draw(t, "lifetime")}
			if k.MKILength = rapid.IntRange(0, 128).Draw(t, "length"); k.MKILength > 0 {
				k.MKI = rapid.Uint64().Draw(t, "mki") >> max(0, 64-8*k.MKILength)
			}
			c.Keys = append(c.Keys, k)
		}
		return c
	})
}

func TestCryptoRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := anyCrypto().Draw(t, "crypto")
		after, ok := ParseCrypto(string(before.append(nil, inBase64)))
		if len(before.Params) == 0 {
			before.Params = nil
		}
		if !ok || !reflect.DeepEqual(before, after) {
			t.Fatalf("%v: %#v became %#v", ok, before, after)
		}
		if !before.Equal(&after) || !before.same(&after) {
			t.Fatalf("%v is not itself", before)
		}
	})
}

// FuzzCrypto: no panic, within the grammar's bounds, and what is read is written so
// that it reads the same again.
func FuzzCrypto(f *testing.F) {
	f.Add("1 AES_CM_128_HMAC_SHA1_80 inline:" + base30 + "|2^20|1:4;inline:" + base30b + "|7 KDR=1 -x")
	f.Add("1 X inline:|")
	f.Add("1 X inline:AA|18446744073709551615:128")
	f.Fuzz(func(t *testing.T, value string) {
		c, ok := ParseCrypto(value)
		if !ok {
			return
		}
		if c.Tag > 999_999_999 || c.Suite == "" || len(c.Keys) == 0 {
			t.Fatalf("%#v", c)
		}
		for _, k := range c.Keys {
			if k.Secret == "" || k.MKILength < 0 || k.MKILength > 128 || len(k.MKIBytes()) != k.MKILength {
				t.Fatalf("%#v", k)
			}
		}
		if strings.ContainsAny(value, "\r\n\x00") {
			return // no line of a description
		}
		once := string(c.append(nil, inBase64))
		if again, ok := ParseCrypto(once); !ok || !reflect.DeepEqual(c, again) {
			t.Fatalf("%q is written as %q", value, once)
		}
	})
}
