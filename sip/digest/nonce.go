package digest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// A nonce is, before base64url:
//
//	0        8      12                    28
//	+--------+-------+--------------------+
//	| issued | count |        MAC         |
//	+--------+-------+--------------------+
//
// issued in Unix milliseconds, count so that no two nonces are the same (they would
// share their nonce counts), MAC the first half of HMAC-SHA256 over realm and both.
const (
	nonceIDSize = 12
	nonceSize   = nonceIDSize + 16
)

// A nonceID is a nonce without its MAC.
type nonceID [nonceIDSize]byte

func newNonceID(now time.Time, count uint32) (id nonceID) {
	binary.BigEndian.PutUint64(id[:], uint64(now.UnixMilli()))
	binary.BigEndian.PutUint32(id[8:], count)
	return id
}

// issued returns when the nonce was made, in Unix milliseconds.
func (id nonceID) issued() int64 { return int64(binary.BigEndian.Uint64(id[:])) }

// seal writes a nonce.
func (a *Authenticator) seal(id nonceID) string {
	var b [nonceSize]byte
	copy(b[:], id[:])
	copy(b[nonceIDSize:], a.mac(id))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// open reads a nonce; ok is false for one that this key did not make for this realm.
func (a *Authenticator) open(nonce string) (id nonceID, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(nonce)
	if err != nil || len(b) != nonceSize {
		return id, false
	}
	copy(id[:], b)
	return id, hmac.Equal(b[nonceIDSize:], a.mac(id))
}

func (a *Authenticator) mac(id nonceID) []byte {
	h := hmac.New(sha256.New, a.key)
	h.Write(id[:])
	h.Write([]byte(a.realm))
	return h.Sum(nil)[:nonceSize-nonceIDSize]
}
