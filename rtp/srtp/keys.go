package srtp

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Keys are what one direction of a stream is protected with. They are a value that can
// be passed around and printed: the key material itself is out of sight, and String gives
// a digest of it.
type Keys struct {
	// Suite is what they are for.
	Suite Suite
	// MKI is what packets carry to name the key, at most 128 bytes; nil for packets
	// without (RFC 3711 section 3.1). Every packet must carry it then.
	MKI []byte
	// Lifetime is how many RTP packets, and how many of RTCP, may be protected; 0 is as
	// many as RFC 3711 section 9.2 allows, 2^48 and 2^31.
	Lifetime uint64

	// master gives the key and, behind it, the salt. A function's bytes are out of sight
	// of whatever prints structs; nil for zero Keys.
	master func() []byte
}

// held puts key material out of sight.
func held(s Suite, master []byte) Keys {
	return Keys{Suite: s, master: func() []byte { return master }}
}

// GenerateKeys makes new random keys for a suite. It panics for what is no suite.
//
// RFC 4568 section 6.1 wants the master key to be random and unique to its stream.
func GenerateKeys(s Suite) Keys {
	if s.MasterSize() == 0 {
		panic("srtp: GenerateKeys for " + s.String())
	}
	master := make([]byte, s.MasterSize())
	_, _ = rand.Read(master) // it never fails (crypto/rand)
	return held(s, master)
}

// NewKeys makes keys of what a=crypto or a handshake gave: the master key and, behind
// it, the master salt, together Suite.MasterSize bytes, which are copied. The error
// wraps ErrKeys.
func NewKeys(s Suite, master []byte) (Keys, error) {
	if s.MasterSize() == 0 {
		return Keys{}, fmt.Errorf("%w: %v: give one of the suites of this package", ErrKeys, s)
	}
	if len(master) != s.MasterSize() {
		return Keys{}, fmt.Errorf("%w: %d bytes for %v: give its master key and salt, %d bytes", ErrKeys, len(master), s, s.MasterSize())
	}
	return held(s, bytes.Clone(master)), nil
}

// Master is the master key and, behind it, the master salt, as "inline:" of a=crypto
// wants them; nil for zero Keys. The caller must not change it, nor let it be printed.
func (k Keys) Master() []byte {
	if k.master == nil {
		return nil
	}
	return k.master()
}

// String is the suite and a digest of the key that tells two apart.
func (k Keys) String() string {
	if k.master == nil {
		return "no keys"
	}
	sum := sha256.Sum256(k.Master())
	return k.Suite.String() + " secret-" + hex.EncodeToString(sum[:4])
}

// GoString is String: %#v prints no key either.
func (k Keys) GoString() string { return k.String() }

// Equal reports whether both protect packets in the same way.
func (k Keys) Equal(other Keys) bool {
	return k.Suite == other.Suite && bytes.Equal(k.Master(), other.Master()) && slices.Equal(k.MKI, other.MKI)
}

// check refuses keys from which nothing can be made.
func (k Keys) check() error {
	switch {
	case k.master == nil:
		return fmt.Errorf("%w: none are given: make them by NewKeys or GenerateKeys", ErrKeys)
	case k.Suite.MasterSize() != len(k.Master()):
		return fmt.Errorf("%w: they were made for another suite than %v", ErrKeys, k.Suite)
	case len(k.MKI) > maxMKI:
		return fmt.Errorf("%w: MKI of %d bytes: give at most %d (RFC 4568 section 9.2)", ErrKeys, len(k.MKI), maxMKI)
	}
	return nil
}

// maxMKI is the longest that SDES can announce.
const maxMKI = 128
