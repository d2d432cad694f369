package srtp

import (
	"fmt"
	"strings"

	"github.com/pion/srtp/v3"
)

// Suite is a crypto suite of SRTP: a cipher, an authentication tag and the sizes of
// their keys. The zero Suite is none.
type Suite uint8

// The suites, named as IANA's registry of SDP security descriptions does.
const (
	AESCM128HMACSHA180 Suite = iota + 1 // AES_CM_128_HMAC_SHA1_80 (RFC 4568 section 6.2.1)
	AESCM128HMACSHA132                  // AES_CM_128_HMAC_SHA1_32 (RFC 4568 section 6.2.2)
	AES256CMHMACSHA180                  // AES_256_CM_HMAC_SHA1_80 (RFC 6188)
	AEADAES128GCM                       // AEAD_AES_128_GCM (RFC 7714)
	AEADAES256GCM                       // AEAD_AES_256_GCM (RFC 7714)
)

// suite is what there is to know of one.
type suite struct {
	name      string
	key, salt int // bytes
	tag       int // bytes behind an RTP packet
	tagRTCP   int // bytes behind an RTCP packet, without the index
	profile   srtp.ProtectionProfile
	handshake bool // it has a number in DTLS (RFC 5764 section 4.1.2, RFC 7714 section 14.2)
}

// suites is indexed by Suite.
//
// The tag of SRTCP is 80 bits also where that of SRTP is 32 (the table of RFC 4568
// section 6.2); RTCP of those who shorten it too is not opened.
var suites = [...]suite{
	AESCM128HMACSHA180: {"AES_CM_128_HMAC_SHA1_80", 16, 14, 10, 10, srtp.ProtectionProfileAes128CmHmacSha1_80, true},
	AESCM128HMACSHA132: {"AES_CM_128_HMAC_SHA1_32", 16, 14, 4, 10, srtp.ProtectionProfileAes128CmHmacSha1_32, true},
	AES256CMHMACSHA180: {"AES_256_CM_HMAC_SHA1_80", 32, 14, 10, 10, srtp.ProtectionProfileAes256CmHmacSha1_80, false},
	AEADAES128GCM:      {"AEAD_AES_128_GCM", 16, 12, 16, 16, srtp.ProtectionProfileAeadAes128Gcm, true},
	AEADAES256GCM:      {"AEAD_AES_256_GCM", 32, 12, 16, 16, srtp.ProtectionProfileAeadAes256Gcm, true},
}

// sizes is the entry of a suite; the zero one for what is none.
func (s Suite) sizes() suite {
	if int(s) < len(suites) {
		return suites[s]
	}
	return suite{}
}

// ParseSuite finds a suite by the name that a=crypto gives it, in any case. Some
// devices write AES_CM_256_HMAC_SHA1_80 for AES_256_CM_HMAC_SHA1_80.
func ParseSuite(name string) (s Suite, ok bool) {
	if strings.EqualFold(name, "AES_CM_256_HMAC_SHA1_80") {
		return AES256CMHMACSHA180, true
	}
	for i := range suites {
		if i > 0 && strings.EqualFold(name, suites[i].name) {
			return Suite(i), true
		}
	}
	return 0, false
}

// String is the name as a=crypto writes it.
func (s Suite) String() string {
	if name := s.sizes().name; name != "" {
		return name
	}
	return fmt.Sprintf("Suite(%d)", uint8(s))
}

// MasterSize is how many bytes of key material the suite takes: master key and, behind
// it, master salt. It is 0 for what is no suite.
func (s Suite) MasterSize() int { return s.sizes().key + s.sizes().salt }

// aead reports whether opening a packet in vain destroys it.
func (s Suite) aead() bool { return s == AEADAES128GCM || s == AEADAES256GCM }
