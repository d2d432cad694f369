package sdp

import (
	"fmt"
	"slices"
	"strings"
)

// Security is what a stream says of the keys of its packets: by SDES, where they stand
// in the description, or by DTLS, where they are agreed on in the media path and the
// description names the certificate. The offer may say both, an answer one.
type Security struct {
	Cryptos      []Crypto      // a=crypto, in order of preference (RFC 4568)
	Fingerprints []Fingerprint // a=fingerprint (RFC 8122)
	Setup        Setup         // a=setup
}

// stated is what is said of keys; nothing when nothing is.
func (s *Security) stated() Security {
	if s == nil {
		return Security{}
	}
	return *s
}

// keyed reports whether anything is said of keys.
func (s *Security) keyed() bool { return s != nil && len(s.Cryptos)+len(s.Fingerprints) > 0 }

// held is s as a stream holds it: most have none, and there are many streams.
func (s Security) held() *Security {
	if !s.keyed() {
		return nil
	}
	own := s
	return &own
}

// String is what its lines say, with digests in place of keys.
func (s Security) String() string {
	text := string(s.append(nil, nil, inDigest))
	return strings.ReplaceAll(strings.TrimSuffix(text, "\r\n"), "\r\n", ", ")
}

// Format implements fmt.Formatter: every verb prints String.
func (s Security) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// Protection says whether our audio is to be protected by SRTP.
type Protection uint8

// The degrees of protection.
const (
	// ProtectionOff: plain RTP is offered and answered; what the other side says of keys
	// is passed over.
	ProtectionOff Protection = iota
	// ProtectionOptional: RTP/AVP is offered with our keys, for whoever can take them
	// (RFC 8643); every offer is answered, with keys where it has some.
	ProtectionOptional
	// ProtectionRequired: secure profiles alone are offered and answered.
	ProtectionRequired
)

// protectionNames are the words of the configuration.
var protectionNames = [...]string{"off", "optional", "required"}

// String names the degree.
func (p Protection) String() string {
	if int(p) < len(protectionNames) {
		return protectionNames[p]
	}
	return fmt.Sprintf("Protection(%d)", uint8(p))
}

// Keying is how the two sides of a stream come to their keys.
type Keying uint8

// The ways.
const (
	Plain   Keying = iota // there are none: RTP as it is
	SDES                  // the descriptions hold them (RFC 4568)
	DTLS                  // by a DTLS handshake in the media path (RFC 5763)
	Unkeyed               // a secure profile without any: nothing can be understood
)

// keyingNames are for people who read logs.
var keyingNames = [...]string{"RTP", "SRTP by SDES", "SRTP by DTLS", "SRTP without keys"}

// String names the way for a log line.
func (k Keying) String() string {
	if int(k) < len(keyingNames) {
		return keyingNames[k]
	}
	return fmt.Sprintf("Keying(%d)", uint8(k))
}

// Keying is how the packets of the stream come to their keys.
func (s *Stream) Keying() Keying {
	if s.Protected == nil {
		return Plain
	}
	return s.Protected.Keying
}

// Protected is how the packets of an agreed stream are protected, seen from one side.
type Protected struct {
	Keying       Keying
	Send         Crypto        // SDES: what this side protects with; it has one key
	Receive      Crypto        // SDES: what the other side protects with; it has one key
	Fingerprints []Fingerprint // DTLS: of the other side's certificate
	Setup        Setup         // DTLS: this side's part, SetupActive or SetupPassive
}

// String is the way, and with what, digests in place of keys.
func (p Protected) String() string {
	switch p.Keying {
	case SDES:
		return fmt.Sprintf("%v, sends with %v, receives %v", p.Keying, p.Send, p.Receive)
	case DTLS:
		return fmt.Sprintf("%v, %v with %v", p.Keying, p.Setup, p.Fingerprints)
	}
	return p.Keying.String()
}

// Format implements fmt.Formatter: every verb prints String.
func (p Protected) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }

// Equal reports whether two lines are for the same suite and key, whatever their tags:
// where a re-INVITE changes nothing in one, the stream goes on as it was.
func (c *Crypto) Equal(other *Crypto) bool {
	return strings.EqualFold(c.Suite, other.Suite) && slices.Equal(c.Keys, other.Keys)
}

// The transports that the degrees of protection take, that offered first.
var (
	optionalProtos = []string{"RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"}
	requiredProtos = []string{"RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"}
)

// protectedProtos are the transports of a Local that names none.
func (l *Local) protectedProtos() []string {
	switch {
	case l.Protection == ProtectionOptional:
		return optionalProtos
	case l.Protection == ProtectionRequired && len(l.Security.Cryptos) == 0:
		return requiredProtos[2:]
	case l.Protection == ProtectionRequired:
		return requiredProtos
	}
	return defaultProtos
}

// secure reports whether a transport promises protection, and dtls whether it promises
// a handshake (RFC 5764 section 8).
func secure(proto string) bool { return strings.Contains(strings.ToUpper(proto), "SAVP") }
func dtls(proto string) bool   { return strings.Contains(strings.ToUpper(proto), "/TLS/") }

// checkSecurity refuses protection without keys.
func (l *Local) checkSecurity() error {
	s := &l.Security
	if l.Protection == ProtectionOff {
		return nil
	}
	if !s.keyed() {
		return fmt.Errorf("%w: Protection %v without keys: give Security Cryptos, Fingerprints or both", ErrLocal, l.Protection)
	}
	for i := range s.Cryptos {
		if c := &s.Cryptos[i]; len(c.Keys) != 1 || c.Keys[0].Secret == "" {
			return fmt.Errorf("%w: Crypto %v: give it one key", ErrLocal, c)
		}
	}
	return nil
}

// offerSecurity is what our offer over a transport says: over RTP/AVP all that we have.
func (l *Local) offerSecurity(proto string) (s Security) {
	if l.Protection == ProtectionOff {
		return s
	}
	if !dtls(proto) && len(l.Security.Cryptos) > 0 {
		s.Cryptos = slices.Clone(l.Security.Cryptos)
		for i := range s.Cryptos {
			s.Cryptos[i].Tag = uint32(i + 1)
		}
	}
	if (dtls(proto) || !secure(proto)) && len(l.Security.Fingerprints) > 0 {
		s.Fingerprints, s.Setup = l.Security.Fingerprints, l.Security.Setup
		if s.Setup == SetupUnstated {
			// "The endpoint that is the offerer MUST use the setup attribute value of
			// setup:actpass" (RFC 5763 section 5).
			s.Setup = SetupActPass
		}
	}
	return s
}

// answerSecurity is what our answer to a stream says: SDES where a line of it is one of
// ours, else DTLS, else nothing where the stream may be plain. The error is ErrKeys.
func (l *Local) answerSecurity(m *Media) (Security, error) {
	if l.Protection == ProtectionOff && !(secure(m.Proto) && m.Security.keyed()) {
		return Security{}, nil
	}
	if c, ok := l.answerCrypto(m); ok {
		return Security{Cryptos: []Crypto{c}}, nil
	}
	offered := m.Security.stated()
	if len(offered.Fingerprints) > 0 && len(l.Security.Fingerprints) > 0 {
		if setup, ok := offered.Setup.answer(l.Security.Setup); ok {
			return Security{Fingerprints: l.Security.Fingerprints, Setup: setup}, nil
		}
	}
	if secure(m.Proto) || l.Protection == ProtectionRequired {
		return Security{}, ErrKeys
	}
	return Security{}, nil
}

// answerCrypto chooses among the lines of an offer: the first, as the offerer orders
// them by preference, whose suite we have. The answer repeats its tag and has our key
// (RFC 4568 section 5.1.2).
func (l *Local) answerCrypto(m *Media) (Crypto, bool) {
	if dtls(m.Proto) {
		return Crypto{}, false
	}
	cryptos := m.Security.stated().Cryptos
	for i := range cryptos {
		offered := &cryptos[i]
		ours := slices.IndexFunc(l.Security.Cryptos, func(c Crypto) bool { return c.same(offered) })
		if ours >= 0 && offered.acceptable() {
			return Crypto{Tag: offered.Tag, Suite: offered.Suite, Keys: l.Security.Cryptos[ours].Keys}, true
		}
	}
	return Crypto{}, false
}

// protect reads how an answered stream is protected, for both sides; nil when it is not.
// The error wraps ErrBadAnswer: the answer chooses what was not offered, or nothing of it.
func protect(o, a *Media) (offerer, answerer *Protected, err error) {
	offer, answer := o.Security.stated(), a.Security.stated()
	switch {
	case len(offer.Cryptos) > 0 && len(answer.Cryptos) > 0 && !dtls(o.Proto):
		return protectSDES(offer.Cryptos, answer.Cryptos)
	case len(offer.Fingerprints) > 0 && len(answer.Fingerprints) > 0:
		return protectDTLS(&offer, &answer)
	case !secure(o.Proto):
		return nil, nil, nil
	case offer.keyed():
		return nil, nil, fmt.Errorf("%w: a protected stream without keys: answer with one of the a=crypto lines or with a=fingerprint", ErrBadAnswer)
	}
	return &Protected{Keying: Unkeyed}, &Protected{Keying: Unkeyed}, nil
}

// protectSDES finds the offered line that the answer chose, by its tag.
func protectSDES(offered, answered []Crypto) (offerer, answerer *Protected, err error) {
	for _, theirs := range answered {
		for _, ours := range offered {
			if ours.Tag == theirs.Tag && ours.same(&theirs) && ours.acceptable() && theirs.acceptable() {
				return &Protected{Keying: SDES, Send: ours, Receive: theirs}, &Protected{Keying: SDES, Send: theirs, Receive: ours}, nil
			}
		}
	}
	return nil, nil, fmt.Errorf("%w: %v is none of the lines offered: repeat tag and suite of one", ErrBadAnswer, answered[0])
}

// protectDTLS settles who begins the handshake.
func protectDTLS(o, a *Security) (offerer, answerer *Protected, err error) {
	first, second, ok := roles(o.Setup, a.Setup)
	if !ok {
		return nil, nil, fmt.Errorf("%w: a=setup:%v for an offered %v: answer actpass with active or passive, each of these with the other",
			ErrBadAnswer, a.Setup, o.Setup)
	}
	return &Protected{Keying: DTLS, Fingerprints: a.Fingerprints, Setup: first},
		&Protected{Keying: DTLS, Fingerprints: o.Fingerprints, Setup: second}, nil
}

// security takes the attributes of keys; name is in lower case. An a=crypto that cannot
// be read, or stands where it may not, is left out: kept, it could end in a log.
//
// A fingerprint of the session is that of every stream which has none of its own (RFC
// 8122 section 5), and so is a=setup (RFC 4145 section 4).
func (p *parser) security(name, value string) bool {
	switch name {
	case "crypto":
		if c, ok := ParseCrypto(value); ok && p.media != nil {
			to := p.keys()
			to.Cryptos = append(to.Cryptos, c)
		}
		return true
	case "fingerprint":
		return p.fingerprint(value)
	case "setup":
		setup, ok := parseSetup(value)
		if ok && p.first(gaveSetup) {
			p.keys().Setup = setup
		}
		return ok
	}
	return false
}

// keys is what the section being read says of keys, apart from what others inherit.
func (p *parser) keys() *Security {
	at := &p.session.Security
	if p.media != nil {
		at = &p.media.Security
	}
	if *at == nil || p.media != nil && *at == p.session.Security {
		own := (*at).stated()
		*at = &own
	}
	return *at
}

// fingerprint adds to a section's own; the first one ends what it inherits.
func (p *parser) fingerprint(value string) bool {
	f, ok := ParseFingerprint(value)
	if !ok {
		return false
	}
	to := p.keys()
	if p.first(gaveFingerprint) {
		to.Fingerprints = nil
	}
	to.Fingerprints = append(to.Fingerprints, f)
	return true
}

// append writes what a section says beyond what it inherits; secret writes a key.
func (s *Security) append(dst []byte, inherited *Security, secret func([]byte, Secret) []byte) []byte {
	if s == nil || s == inherited {
		return dst
	}
	from := inherited.stated()
	for i := range s.Cryptos {
		dst = s.Cryptos[i].append(append(dst, "a=crypto:"...), secret)
		dst = append(dst, "\r\n"...)
	}
	if !slices.Equal(s.Fingerprints, from.Fingerprints) {
		for _, f := range s.Fingerprints {
			dst = f.append(append(dst, "a=fingerprint:"...))
			dst = append(dst, "\r\n"...)
		}
	}
	if s.Setup != from.Setup && s.Setup != SetupUnstated {
		dst = appendLine(dst, "a=setup:", s.Setup.String())
	}
	return dst
}
