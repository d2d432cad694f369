package config

import "slices"

// Audio is how the audio of a user or a trunk is protected on its way to us and back. Each
// side of a call is by itself: one may have SRTP and the other plain RTP.
type Audio struct {
	// Codecs are those that it may use, by their names in SDP; empty for any. Default: any.
	Codecs []string `yaml:"codecs"`
	// SRTP is whether it is encrypted (RFC 3711). Default off.
	SRTP SRTP `yaml:"srtp"`
	// SRTPKeys are the ways to come to keys that are offered and taken. Default both.
	SRTPKeys SRTPKeys `yaml:"srtp_keys"`
	// DTMF is how it is told the keys that others press. Default auto.
	DTMF DTMF `yaml:"dtmf"`
}

// DTMF is a way to tell keys. How a party tells its own is its own affair: all are heard.
type DTMF int

// By telephone-event where that was agreed on, else by tones; by nothing but
// telephone-event (RFC 4733); by SIP INFO; by tones.
const (
	DTMFAuto DTMF = iota
	DTMFRFC4733
	DTMFInfo
	DTMFInband
)

var dtmfNames = []string{DTMFAuto: "auto", DTMFRFC4733: "rfc4733", DTMFInfo: "info", DTMFInband: "inband"}

// String gives the file's word.
func (d DTMF) String() string { return enumName(dtmfNames, int(d)) }

// UnmarshalText reads auto, rfc4733, info or inband.
func (d *DTMF) UnmarshalText(text []byte) error { return setEnum(d, dtmfNames, text) }

// SRTP is a degree of protection.
type SRTP int

// Not at all; where the other side has it too; or not without it.
const (
	SRTPOff SRTP = iota
	SRTPOptional
	SRTPRequired
)

var srtpNames = []string{SRTPOff: "off", SRTPOptional: "optional", SRTPRequired: "required"}

// String gives the file's word.
func (s SRTP) String() string { return enumName(srtpNames, int(s)) }

// UnmarshalText reads off, optional or required.
func (s *SRTP) UnmarshalText(text []byte) error { return setEnum(s, srtpNames, text) }

// SRTPKeys are the ways to come to keys.
type SRTPKeys int

// Keys in the descriptions (SDES, RFC 4568), by a handshake in the media path (DTLS-SRTP,
// RFC 5763), or whichever the other side has.
const (
	SRTPKeysBoth SRTPKeys = iota
	SRTPKeysSDES
	SRTPKeysDTLS
)

var srtpKeysNames = []string{SRTPKeysBoth: "both", SRTPKeysSDES: "sdes", SRTPKeysDTLS: "dtls"}

// String gives the file's word.
func (k SRTPKeys) String() string { return enumName(srtpKeysNames, int(k)) }

// UnmarshalText reads both, sdes or dtls.
func (k *SRTPKeys) UnmarshalText(text []byte) error { return setEnum(k, srtpKeysNames, text) }

// SDES and DTLS say whether the way is one of them.
func (k SRTPKeys) SDES() bool { return k != SRTPKeysDTLS }

// DTLS is like SDES.
func (k SRTPKeys) DTLS() bool { return k != SRTPKeysSDES }

// checkAudio tests the protection of users and trunks: what must be encrypted must have a
// way to keys.
func (c *checker) checkAudio(cfg *Config) {
	tls := slices.ContainsFunc(cfg.SIP.Listen, func(l Listen) bool { return l.Transport == TransportTLS })
	for i := range cfg.Users {
		c.checkKeys(index("users", i), &cfg.Users[i].Audio, tls || cfg.SIP.SDESWithoutTLS,
			"no tls:// in sip.listen")
	}
	for i := range cfg.Trunks {
		t := &cfg.Trunks[i]
		clear := t.Address.Transport == TransportUDP || t.Address.Transport == TransportTCP
		c.checkKeys(index("trunks", i), &t.Audio, !clear || cfg.SIP.SDESWithoutTLS, "the trunk's address goes by "+t.Address.Transport.String())
	}
}

// checkKeys tests one of them; secret says whether SDES is possible, why why it is not.
func (c *checker) checkKeys(path string, a *Audio, secret bool, why string) {
	at := path + ".srtp_keys"
	switch {
	case a.SRTP == SRTPOff && c.given(at) && a.SRTPKeys != SRTPKeysBoth:
		c.warn(at, "has no effect while srtp is off: write srtp: optional or required")
	case a.SRTP != SRTPOff && a.SRTPKeys == SRTPKeysSDES && !secret:
		c.report(at, "sdes keys travel by TLS only, and %s: use TLS, write both or dtls, or set sip.sdes_without_tls", why)
	}
}
