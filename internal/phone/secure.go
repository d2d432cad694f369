package phone

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/rtp/srtp"
)

// Crypto is one a=crypto line with one key (RFC 4568 section 9.1).
type Crypto struct {
	Tag   int
	Suite string
	// Key is what stands behind "inline:".
	Key string
}

// MakeCrypto is a line with a key that follows from a seed, so that every run has the same.
func MakeCrypto(tag int, suite, seed string) (Crypto, error) {
	s, ok := srtp.ParseSuite(suite)
	if !ok {
		return Crypto{}, fmt.Errorf("%q is no crypto suite such as AES_CM_128_HMAC_SHA1_80", suite)
	}
	var master []byte
	for i := 0; len(master) < s.MasterSize(); i++ {
		sum := sha256.Sum256([]byte(seed + strconv.Itoa(i)))
		master = append(master, sum[:]...)
	}
	return Crypto{tag, suite, base64.StdEncoding.EncodeToString(master[:s.MasterSize()])}, nil
}

// String is the line without its name.
func (c Crypto) String() string { return fmt.Sprintf("%d %s inline:%s", c.Tag, c.Suite, c.Key) }

// parseCrypto reads the value of a line; lifetime, MKI and session parameters are passed
// over.
func parseCrypto(value string) (Crypto, bool) {
	f := strings.Fields(value)
	if len(f) < 3 {
		return Crypto{}, false
	}
	tag, err := strconv.Atoi(f[0])
	key, inline := strings.CutPrefix(f[2], "inline:")
	key, _, _ = strings.Cut(key, "|")
	return Crypto{tag, f[1], key}, err == nil && inline
}

// keys are those of the line.
func (c Crypto) keys() (srtp.Keys, error) {
	suite, ok := srtp.ParseSuite(c.Suite)
	if !ok {
		return srtp.Keys{}, fmt.Errorf("a=crypto:%d has the unknown suite %s", c.Tag, c.Suite)
	}
	master, err := base64.StdEncoding.DecodeString(c.Key)
	if err != nil {
		return srtp.Keys{}, fmt.Errorf("a=crypto:%d: %w", c.Tag, err)
	}
	return srtp.NewKeys(suite, master)
}

// answerCrypto is our answer to the lines of an offer: the first whose suite we have, with
// its tag and our key (RFC 4568 section 5.1.2).
func answerCrypto(own, offered []Crypto) []Crypto {
	for _, o := range offered {
		for _, c := range own {
			if strings.EqualFold(o.Suite, c.Suite) {
				return []Crypto{{o.Tag, o.Suite, c.Key}}
			}
		}
	}
	return nil
}

// paired finds the lines of both descriptions, one of which answers the other, that were
// agreed on.
func paired(ours, theirs []Crypto) (our, their Crypto, ok bool) {
	for _, our := range ours {
		for _, their := range theirs {
			if our.Tag == their.Tag && strings.EqualFold(our.Suite, their.Suite) {
				return our, their, true
			}
		}
	}
	return our, their, false
}

// protection is the SRTP of one party's audio; without keys while a handshake runs.
type protection struct {
	out *srtp.Outbound
	in  *srtp.Inbound
}

// Secure protects the audio by what two descriptions, one of which answers the other, agree
// on: with their keys, or not at all where they have none. Keys that are in force go on, and
// others take over at once.
func (a *Audio) Secure(now time.Time, ours, theirs Description) error {
	our, their, ok := paired(ours.Cryptos, theirs.Cryptos)
	if !ok {
		a.End()
		a.secured = nil
		return nil
	}
	send, err := our.keys()
	if err != nil {
		return err
	}
	receive, err := their.keys()
	if err != nil {
		return err
	}
	a.End()
	if s := a.secured; s != nil && s.out != nil {
		if err := s.in.Rekey(now, receive); err != nil {
			return err
		}
		return s.out.Rekey(send)
	}
	s := new(protection)
	if s.out, err = srtp.NewOutbound(send); err != nil {
		return err
	}
	if s.in, err = srtp.NewInbound(receive); err != nil {
		return err
	}
	a.secured = s
	return nil
}

// send sends a packet as the other side can open it; without keys there is none.
func (a *Audio) send(packet []byte) {
	a.settle()
	switch {
	case a.secured == nil:
		a.Write(packet, a.to)
		return
	case a.secured.out == nil:
		return
	}
	sealed, err := a.secured.out.Protect(append(make([]byte, 0, len(packet)+srtp.Tailroom), packet...))
	if err != nil {
		panic("phone: its own numbers go astray: " + err.Error())
	}
	a.Write(sealed, a.to)
}

// open reads a packet that came; false when its sender has not the key.
func (a *Audio) open(now time.Time, packet []byte) ([]byte, bool) {
	a.settle()
	switch {
	case a.secured == nil:
		return packet, true
	case a.secured.in == nil:
		a.report.Unopened++
		return nil, false
	}
	plain, err := a.secured.in.Unprotect(now, append([]byte(nil), packet...))
	if err != nil {
		a.report.Unopened++
	}
	return plain, err == nil
}
