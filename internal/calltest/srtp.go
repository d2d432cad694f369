package calltest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// keys is the SRTP of a party.
type keys struct {
	// how is off, sdes (RTP/SAVP with keys, RFC 4568), best-effort (RTP/AVP with keys, RFC
	// 8643) or dtls (a handshake, RFC 5763).
	how, suite, seed string
	certificate      phone.Certificate
	// secret is what the description says, held what the party uses; they are the same but
	// where a script has it lie.
	secret, held phone.Crypto
	// offered: our latest description was an offer.
	offered bool
}

// The ways of a party, and those of a line that expects some.
const (
	srtpOff        = "off"
	srtpSDES       = "sdes"
	srtpBestEffort = "best-effort"
	srtpDTLS       = "dtls"
)

func keysOf(from *partyStep) (k keys, err error) {
	k = keys{how: srtpOff, suite: "AES_CM_128_HMAC_SHA1_80", seed: from.name}
	if from.opts.has("srtp") {
		k.how = from.opts["srtp"]
	}
	if from.opts.has("suite") {
		k.suite = from.opts["suite"]
	}
	if !slices.Contains([]string{srtpOff, srtpSDES, srtpBestEffort, srtpDTLS}, k.how) {
		return k, fmt.Errorf("srtp=%s is none of off, sdes, best-effort, dtls", k.how)
	}
	if k.certificate, err = phone.NewCertificate(time.Now()); err != nil {
		return k, err
	}
	k.secret, err = phone.MakeCrypto(1, k.suite, k.seed)
	k.held = k.secret
	return k, err
}

// describe puts the party's keys into a description: new ones with keys=new, with
// keys=false those that it does not use.
func (k *keys) describe(d *phone.Description, version int, which string) {
	switch k.how {
	case srtpOff:
		return
	case srtpDTLS:
		d.Proto, d.Setup, d.Fingerprint = "UDP/TLS/RTP/SAVP", "actpass", k.certificate.Fingerprint()
		if which == "false" {
			last := len(d.Fingerprint) - 1
			d.Fingerprint = d.Fingerprint[:last] + map[bool]string{true: "1", false: "0"}[d.Fingerprint[last] == '0']
		}
		return
	}
	fresh, err := phone.MakeCrypto(1, k.suite, fmt.Sprint(k.seed, version))
	switch {
	case err != nil:
	case which == "new":
		k.secret, k.held = fresh, fresh
	case which == "false":
		k.secret = fresh
	}
	d.Cryptos = []phone.Crypto{k.secret}
	if k.how == srtpSDES {
		d.Proto = "RTP/SAVP"
	}
}

// agreed takes note of a description of ours: an offer waits for its answer, an answer (to
// an offer) is in force.
func (p *party) agreed(ours phone.Description, offer *phone.Description) error {
	p.keys.offered = offer == nil
	if offer == nil {
		return nil
	}
	return p.secure(*offer)
}

// secure has the audio follow what is agreed with their description.
func (p *party) secure(theirs phone.Description) error {
	ours := p.ours
	ours.Cryptos = slices.Clone(ours.Cryptos)
	for i := range ours.Cryptos {
		ours.Cryptos[i].Key = p.keys.held.Key
	}
	if ours.Fingerprint != "" && theirs.Fingerprint != "" {
		return p.audio.Shake(p.keys.certificate, ours, theirs)
	}
	return p.audio.Secure(time.Now(), ours, theirs)
}

// protected wants a description with the protection that a line names.
func protected(d phone.Description, want string) error {
	got := srtpOff
	switch {
	case len(d.Cryptos) > 0 && strings.Contains(d.Proto, "SAVP"):
		got = srtpSDES
	case len(d.Cryptos) > 0:
		got = srtpBestEffort
	case d.Fingerprint != "":
		got = srtpDTLS
	case d.Proto != "RTP/AVP":
		got = d.Proto
	}
	if want != "" && want != got {
		return fmt.Errorf("SRTP is %s", got)
	}
	return nil
}
