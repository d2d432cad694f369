package phone

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/rtp/srtp"
)

// Certificate is what a party proves itself with in DTLS handshakes.
type Certificate struct{ own *srtp.Certificate }

// NewCertificate makes one.
func NewCertificate(now time.Time) (Certificate, error) {
	own, err := srtp.GenerateCertificate(now)
	return Certificate{own}, err
}

// Fingerprint is the value of its a=fingerprint line (RFC 8122 section 5).
func (c Certificate) Fingerprint() string {
	f := c.own.Fingerprint()
	pairs := make([]string, len(f.Digest))
	for i := range pairs {
		pairs[i] = strings.ToUpper(hex.EncodeToString([]byte{f.Digest[i]}))
	}
	return f.Hash + " " + strings.Join(pairs, ":")
}

// parseFingerprint reads the value of such a line.
func parseFingerprint(value string) (srtp.Fingerprint, error) {
	hash, digits, _ := strings.Cut(value, " ")
	digest, err := hex.DecodeString(strings.ReplaceAll(digits, ":", ""))
	if err != nil {
		return srtp.Fingerprint{}, fmt.Errorf("a=fingerprint:%s: %w", value, err)
	}
	return srtp.Fingerprint{Hash: strings.ToLower(hash), Digest: string(digest)}, nil
}

// answerSetup is our part in the handshake, as an answer says it: RFC 5763 section 5 would
// have an answerer begin.
func answerSetup(offered string) string {
	if offered == "active" {
		return "passive"
	}
	return "active"
}

// association is a party's DTLS association, by what it was agreed.
type association struct {
	*srtp.DTLS
	by, role string
	keyed    bool
}

// Shake agrees on keys by a handshake, in the part that the other side's answer leaves, or
// ours takes. What is agreed already goes on. End ends it.
func (a *Audio) Shake(own Certificate, ours, theirs Description) error {
	role := ours.Setup
	if role == "actpass" {
		role = answerSetup(theirs.Setup)
	}
	if s := a.shaken; s != nil && s.by == theirs.Fingerprint && s.role == role {
		return nil
	}
	f, err := parseFingerprint(theirs.Fingerprint)
	if err != nil {
		return err
	}
	a.End()
	to, write := theirs.Address, a.Write
	c := srtp.DTLSConfig{Role: srtp.Server, Certificate: own.own, Remote: []srtp.Fingerprint{f}, Send: func(b []byte) { write(b, to) }}
	if role == "active" {
		c.Role = srtp.Client
	}
	d, err := srtp.NewDTLS(c)
	if err != nil {
		return err
	}
	a.shaken, a.secured = &association{DTLS: d, by: theirs.Fingerprint, role: role}, new(protection)
	return nil
}

// End ends the handshake's association, if there is one, and tells the other side.
func (a *Audio) End() {
	if a.shaken != nil {
		a.shaken.Close()
		a.shaken = nil
	}
}

// settle puts the keys of a handshake in force, once they are there.
func (a *Audio) settle() {
	if a.shaken == nil || a.shaken.keyed {
		return
	}
	select {
	case <-a.shaken.Done():
	default:
		return
	}
	a.shaken.keyed = true
	send, receive, err := a.shaken.Keys()
	if err != nil {
		return // it stays silent and deaf
	}
	if out, err := srtp.NewOutbound(send); err == nil {
		a.secured.out = out
	}
	if in, err := srtp.NewInbound(receive); err == nil {
		a.secured.in = in
	}
}

// handshook takes a packet of a handshake; false when it is none.
func (a *Audio) handshook(packet []byte) bool {
	if srtp.KindOf(packet) != srtp.KindDTLS {
		return false
	}
	if a.shaken != nil {
		a.shaken.Receive(packet)
	}
	return true
}
