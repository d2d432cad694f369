package sdp

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Fingerprint is one a=fingerprint line: the hash of the certificate with which its
// describer will do its DTLS handshake (RFC 8122 section 5). Several lines of one
// stream are several hashes, of one certificate or of several that it may use.
type Fingerprint struct {
	Hash   string // "sha-256" …, in lower case
	Digest string // its raw bytes
}

// digestSizes are the hash functions of RFC 8122 section 5 with the bytes of their
// digests.
var digestSizes = map[string]int{
	"sha-1": 20, "sha-224": 28, "sha-256": 32, "sha-384": 48, "sha-512": 64, "md5": 16, "md2": 16,
}

// ParseFingerprint reads "<hash-func> <hh:hh:…>"; ok is false for what is none, and for
// a digest that its hash function cannot have made.
func ParseFingerprint(value string) (f Fingerprint, ok bool) {
	hash, text := cut(value)
	hash = strings.ToLower(hash)
	digest, err := hex.DecodeString(strings.ReplaceAll(text, ":", ""))
	if size, known := digestSizes[hash]; err != nil || !known || len(digest) != size || len(text) != 3*size-1 {
		return Fingerprint{}, false
	}
	return Fingerprint{Hash: hash, Digest: string(digest)}, true
}

// String is the line's value, its digits in upper case as RFC 8122 section 5 has them.
func (f Fingerprint) String() string { return string(f.append(nil)) }

// MarshalText writes the line's value, for a store.
func (f Fingerprint) MarshalText() ([]byte, error) { return f.append(nil), nil }

// UnmarshalText reads what MarshalText wrote.
func (f *Fingerprint) UnmarshalText(text []byte) error {
	read, ok := ParseFingerprint(string(text))
	if !ok {
		return fmt.Errorf("sdp: %q is no fingerprint: write a hash function and its digest, sha-256 AA:BB:…", text)
	}
	*f = read
	return nil
}

func (f Fingerprint) append(dst []byte) []byte {
	const digits = "0123456789ABCDEF"
	dst = appendText(dst, f.Hash)
	separator := byte(' ')
	for i := range len(f.Digest) {
		dst = append(dst, separator, digits[f.Digest[i]>>4], digits[f.Digest[i]&15])
		separator = ':'
	}
	return dst
}

// Setup is an a=setup attribute: who begins the DTLS handshake (RFC 4145 section 4,
// RFC 5763 section 5).
type Setup uint8

// The values; 0 is a description that does not say.
const (
	SetupUnstated Setup = iota
	SetupActive         // the describer begins: it is the DTLS client
	SetupPassive        // the describer waits: it is the DTLS server
	SetupActPass        // either, as the answerer likes
	SetupHoldConn       // not now
)

// setupNames are the attribute's values, by number.
var setupNames = [...]string{"", "active", "passive", "actpass", "holdconn"}

// String is the attribute's value, "" when it is unstated.
func (s Setup) String() string {
	if int(s) >= len(setupNames) {
		return ""
	}
	return setupNames[s]
}

// parseSetup reads an attribute's value.
func parseSetup(value string) (s Setup, ok bool) {
	i := slices.IndexFunc(setupNames[1:], func(name string) bool { return strings.EqualFold(name, value) })
	return Setup(i + 1), i >= 0
}

// answer is our role where an offer says s and we have a wish: what is left to us to
// choose is active, as RFC 5763 section 5 recommends, unless we wish to be passive.
// The error is for an offer that wants no handshake now.
//
// "The default value of the setup attribute in an offer/answer exchange is 'active' in
// the offer and 'passive' in the answer" (RFC 4145 section 4.1).
func (s Setup) answer(wish Setup) (ours Setup, ok bool) {
	switch {
	case s == SetupActPass && wish == SetupPassive, s == SetupActive, s == SetupUnstated:
		return SetupPassive, true
	case s == SetupActPass, s == SetupPassive:
		return SetupActive, true
	}
	return SetupUnstated, false
}

// roles are both sides' parts in the handshake, from what they say; ok is false when
// these do not go together.
func roles(offer, answer Setup) (offerer, answerer Setup, ok bool) {
	if answer == SetupUnstated {
		answer, _ = offer.answer(SetupPassive)
	}
	switch {
	case answer == SetupActive && (offer == SetupActPass || offer == SetupPassive):
		return SetupPassive, SetupActive, true
	case answer == SetupPassive && offer != SetupPassive && offer != SetupHoldConn:
		return SetupActive, SetupPassive, true
	}
	return SetupUnstated, SetupUnstated, false
}
