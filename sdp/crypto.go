package sdp

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/bits"
	"strconv"
	"strings"
)

// Crypto is one a=crypto line: a crypto suite and the keys with which its describer
// protects what it sends (RFC 4568 sections 4 and 9.1).
//
//	a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:<base64>|2^20|1:4 WSH=64
//	         |            |                   |     |    |        |
//	        Tag         Suite     Keys: Secret Lifetime MKI    Params
type Crypto struct {
	Tag    uint32      // names the line within its stream, up to 9 digits; an answer repeats it
	Suite  string      // as written, such as "AES_CM_128_HMAC_SHA1_80"
	Keys   []CryptoKey // at least one
	Params []string    // session parameters as written, such as "UNENCRYPTED_SRTCP"
}

// CryptoKey is one "inline:" key of a Crypto (RFC 4568 section 6.1).
type CryptoKey struct {
	Secret    Secret // master key and, behind it, master salt
	Lifetime  uint64 // packets that may be protected with it; 0 when it is not stated
	MKI       uint64 // the number that packets carry to name the key; counts when MKILength is not 0
	MKILength int    // bytes of the MKI in a packet, 1 to 128; 0 for packets without
}

// Secret is key material, as raw bytes. Formatted in any way and in a structured log
// it is a short digest that tells two keys apart and gives neither away; MarshalText
// writes it out for a store. Do not keep it by value in an unexported field: package
// fmt prints those without asking.
type Secret string

// String is the digest.
func (s Secret) String() string {
	sum := sha256.Sum256([]byte(s))
	return "secret-" + hex.EncodeToString(sum[:4])
}

// Format implements fmt.Formatter: every verb prints the digest.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText writes the key in base64, for a store, never for a log.
func (s Secret) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, []byte(s)), nil
}

// UnmarshalText reads what MarshalText wrote.
func (s *Secret) UnmarshalText(text []byte) error {
	b, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("sdp: the key is no base64: %w", err)
	}
	*s = Secret(b)
	return nil
}

// Inline is a Crypto of one key without lifetime and MKI, for Security: the master key
// with the master salt behind it. Tags are given when a description is made.
func Inline(suite string, secret []byte) Crypto {
	return Crypto{Suite: suite, Keys: []CryptoKey{{Secret: Secret(secret)}}}
}

// String is the line's value with digests in place of the keys.
func (c Crypto) String() string {
	return string(c.append(nil, inDigest))
}

// ParseCrypto reads the value of an a=crypto line; ok is false for one that cannot be
// read or has another key method than inline.
//
// Its grammar is in RFC 4568 section 9.1: a tag, a suite, keys joined by ";", session
// parameters, blanks between them.
func ParseCrypto(value string) (c Crypto, ok bool) {
	tag, rest := cut(value)
	suite, rest := cut(rest)
	keys, rest := cut(rest)
	n, ok := number(tag, 999_999_999) // "tag = 1*9DIGIT"
	if !ok || suite == "" {
		return Crypto{}, false
	}
	c = Crypto{Tag: uint32(n), Suite: suite, Params: fields(nil, rest)}
	for _, param := range strings.Split(keys, ";") {
		key, ok := parseKey(param)
		if !ok {
			return Crypto{}, false
		}
		c.Keys = append(c.Keys, key)
	}
	return c, true
}

// parseKey reads "inline:<base64>[|<lifetime>][|<mki>:<length>]" (RFC 4568 section 9.2).
func parseKey(param string) (k CryptoKey, ok bool) {
	method, info, _ := strings.Cut(param, ":")
	if !strings.EqualFold(method, "inline") {
		return CryptoKey{}, false
	}
	parts := strings.Split(info, "|")
	// Some devices leave the padding out, which RFC 4568 section 6.1 wants.
	secret, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(parts[0], "="))
	if err != nil || len(secret) == 0 || len(parts) > 3 {
		return CryptoKey{}, false
	}
	k.Secret = Secret(secret)
	for _, part := range parts[1:] {
		if strings.Contains(part, ":") {
			ok = k.MKILength == 0 && k.readMKI(part)
		} else {
			ok = k.Lifetime == 0 && k.MKILength == 0 && k.readLifetime(part)
		}
		if !ok {
			return CryptoKey{}, false
		}
	}
	return k, true
}

// readLifetime reads `["2^"] 1*(DIGIT)`: a number of packets, or a power of two.
func (k *CryptoKey) readLifetime(text string) (ok bool) {
	if exponent, power := strings.CutPrefix(text, "2^"); power {
		n, ok := number(exponent, 63)
		k.Lifetime = 1 << n
		return ok
	}
	k.Lifetime, ok = number(text, 1<<63)
	return ok && k.Lifetime > 0
}

// readMKI reads "<value>:<length>"; the value must fit its length.
func (k *CryptoKey) readMKI(text string) bool {
	value, length, _ := strings.Cut(text, ":")
	mki, ok := number(value, 1<<64-1)
	n, fine := number(length, 128)
	if !ok || !fine || n == 0 || n < 8 && mki>>(8*n) != 0 {
		return false
	}
	k.MKI, k.MKILength = mki, int(n)
	return true
}

// MKIBytes is the MKI as packets carry it, the most significant byte first (RFC 4568
// section 6.1); nil for packets without.
func (k *CryptoKey) MKIBytes() []byte {
	if k.MKILength == 0 {
		return nil
	}
	b := make([]byte, k.MKILength)
	for i, v := len(b)-1, k.MKI; i >= 0 && v != 0; i, v = i-1, v>>8 {
		b[i] = byte(v)
	}
	return b
}

// append writes the line's value; secret writes a key.
func (c *Crypto) append(dst []byte, secret func([]byte, Secret) []byte) []byte {
	dst = strconv.AppendUint(dst, uint64(c.Tag), 10)
	dst = appendText(append(dst, ' '), c.Suite)
	for i := range c.Keys {
		separator := byte(';')
		if i == 0 {
			separator = ' '
		}
		dst = c.Keys[i].append(append(dst, separator), secret)
	}
	for _, p := range c.Params {
		dst = appendText(append(dst, ' '), p)
	}
	return dst
}

func (k *CryptoKey) append(dst []byte, secret func([]byte, Secret) []byte) []byte {
	dst = secret(append(dst, "inline:"...), k.Secret)
	switch {
	case k.Lifetime != 0 && bits.OnesCount64(k.Lifetime) == 1:
		dst = strconv.AppendInt(append(dst, "|2^"...), int64(bits.TrailingZeros64(k.Lifetime)), 10)
	case k.Lifetime != 0:
		dst = strconv.AppendUint(append(dst, '|'), k.Lifetime, 10)
	}
	if k.MKILength != 0 {
		dst = strconv.AppendUint(append(dst, '|'), k.MKI, 10)
		dst = strconv.AppendInt(append(dst, ':'), int64(k.MKILength), 10)
	}
	return dst
}

// inBase64 writes a key as it goes on the wire.
func inBase64(dst []byte, s Secret) []byte {
	return base64.StdEncoding.AppendEncode(dst, []byte(s))
}

// inDigest writes it for people.
func inDigest(dst []byte, s Secret) []byte { return append(dst, s.String()...) }

// acceptable reports whether a line of an offer is one that packets here can follow:
// one key, and no session parameter that changes what is done with packets. WSH only
// gives advice on a replay window.
//
// "If an SDP crypto attribute is received with an unknown session parameter that is
// not prefixed with a "-" character, that crypto attribute MUST be considered invalid"
// (RFC 4568 section 6.3.7).
func (c *Crypto) acceptable() bool {
	for _, p := range c.Params {
		if !strings.HasPrefix(p, "-") && !strings.HasPrefix(p, "WSH=") {
			return false
		}
	}
	return len(c.Keys) == 1
}

// same reports whether two lines are for one suite: its name, and as much key.
func (c *Crypto) same(other *Crypto) bool {
	return strings.EqualFold(c.Suite, other.Suite) && len(c.Keys) > 0 && len(other.Keys) > 0 &&
		len(c.Keys[0].Secret) == len(other.Keys[0].Secret)
}
