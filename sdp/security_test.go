package sdp

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// secured is our side with protection.
func secured(p Protection, s Security) Local {
	l := ours(pcmu, dtmf)
	l.Protection, l.Security = p, s
	return l
}

// sdes is our side with keys for SDES.
func sdes(p Protection, cryptos ...Crypto) Local { return secured(p, Security{Cryptos: cryptos}) }

func dtlsSide(t testing.TB, p Protection, setup Setup) Local {
	return secured(p, Security{Fingerprints: []Fingerprint{fingerprint(t, sha256Line)}, Setup: setup})
}

func cryptoLines(s *Description) (found []string) {
	for line := range strings.SplitSeq(s.String(), "\r\n") {
		for _, prefix := range []string{"m=", "a=crypto", "a=fingerprint", "a=setup"} {
			if strings.HasPrefix(line, prefix) {
				found = append(found, line)
			}
		}
	}
	return found
}

func TestOffersOfProtection(t *testing.T) {
	d80, d32 := key80.Keys[0].Secret.String(), key32.Keys[0].Secret.String()
	both := secured(ProtectionOptional, Security{Cryptos: []Crypto{key80}, Fingerprints: []Fingerprint{fingerprint(t, sha256Line)}})
	for _, c := range []struct {
		name  string
		local Local
		want  []string
	}{
		{"off says nothing, also with keys", sdes(ProtectionOff, key80), []string{"m=audio 20000 RTP/AVP 0 101"}},
		{"required is SAVP with the suites in our order", sdes(ProtectionRequired, tagged(key32, 7), key80), []string{"m=audio 20000 RTP/SAVP 0 101",
			"a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:" + d32, "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:" + d80}},
		{"optional is AVP with keys", sdes(ProtectionOptional, key80), []string{"m=audio 20000 RTP/AVP 0 101", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + d80}},
		{"DTLS is either role unless we wish one", dtlsSide(t, ProtectionRequired, SetupUnstated), []string{"m=audio 20000 UDP/TLS/RTP/SAVP 0 101", "a=fingerprint:" + sha256Line, "a=setup:actpass"}},
		{"DTLS as the server", dtlsSide(t, ProtectionRequired, SetupPassive), []string{"m=audio 20000 UDP/TLS/RTP/SAVP 0 101", "a=fingerprint:" + sha256Line, "a=setup:passive"}},
		{"optional offers all there is", both, []string{"m=audio 20000 RTP/AVP 0 101", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + d80, "a=fingerprint:" + sha256Line, "a=setup:actpass"}},
	} {
		if got := cryptoLines(mustOffer(t, c.local)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestProtectionWithoutKeysIsNoLocal(t *testing.T) {
	two := key80
	two.Keys = append(two.Keys[:1:1], two.Keys[0])
	for _, l := range []Local{
		secured(ProtectionOptional, Security{}), secured(ProtectionRequired, Security{}),
		sdes(ProtectionRequired, Crypto{Suite: "X"}), sdes(ProtectionRequired, two), sdes(ProtectionOptional, Inline("X", nil)),
	} {
		if _, err := NewOffer(l); !errors.Is(err, ErrLocal) {
			t.Errorf("%v %+v: %v", l.Protection, l.Security, err)
		}
		if _, err := NewAnswer(mustOffer(t, ours(pcmu)), l, nil); !errors.Is(err, ErrLocal) {
			t.Errorf("%v %+v: %v", l.Protection, l.Security, err)
		}
	}
}

// Who answers what: every degree of protection against every offer.
func TestAnswersOfProtection(t *testing.T) {
	avp, savp := "m=audio 4000 RTP/AVP 0", "m=audio 4000 RTP/SAVP 0"
	tls, savpf := "m=audio 4000 UDP/TLS/RTP/SAVPF 0", "m=audio 4000 RTP/SAVPF 0"
	f8 := "a=crypto:1 F8_128_HMAC_SHA1_80 inline:" + base30
	c32 := "a=crypto:4 AES_CM_128_HMAC_SHA1_32 inline:" + base30
	c80 := "a=crypto:9 aes_cm_128_hmac_sha1_80 inline:" + base30 + "|2^31|1:1"
	short := "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA"
	print, actpass := "a=fingerprint:"+sha1Line, "a=setup:actpass"
	off, optional, required := sdes(ProtectionOff), sdes(ProtectionOptional, key80, key32), sdes(ProtectionRequired, key80)
	handshake, either := dtlsSide(t, ProtectionRequired, SetupUnstated), dtlsSide(t, ProtectionOptional, SetupUnstated)
	either.Security.Cryptos = []Crypto{key80}
	for _, c := range []struct {
		name    string
		local   Local
		offer   []string
		err     error
		keying  Keying
		receive uint32 // tag of the line chosen
	}{
		{"off, plain", off, []string{avp}, nil, Plain, 0},
		{"off, best effort", off, []string{avp, c80}, nil, Plain, 0},
		{"off, secure", off, []string{savp, c80}, ErrTransport, 0, 0},
		{"optional, plain", optional, []string{avp}, nil, Plain, 0},
		{"optional, best effort: the offerer's order counts, past what we have not", optional, []string{avp, f8, c32, c80}, nil, SDES, 4},
		{"optional, best effort without a suite of ours", optional, []string{avp, f8}, nil, Plain, 0},
		{"optional, secure", optional, []string{savp, c80}, nil, SDES, 9},
		{"optional, secure with feedback", optional, []string{savpf, c80}, nil, SDES, 9},
		{"optional, secure without a suite of ours", optional, []string{savp, f8}, ErrKeys, 0, 0},
		{"optional, secure with a key too short", optional, []string{savp, short}, ErrKeys, 0, 0},
		{"optional, secure without keys", optional, []string{savp}, ErrKeys, 0, 0},
		{"optional, secure with a parameter that we do not follow", optional, []string{savp, c80 + " UNENCRYPTED_SRTP"}, ErrKeys, 0, 0},
		{"optional, a handshake that we cannot do", optional, []string{tls, print, actpass}, ErrKeys, 0, 0},
		{"required, plain", required, []string{avp}, ErrTransport, 0, 0},
		{"required, best effort", required, []string{avp, c80}, ErrTransport, 0, 0},
		{"required, secure", required, []string{savp, c32, c80}, nil, SDES, 9},
		{"required, handshake alone", handshake, []string{tls, print, actpass}, nil, DTLS, 0},
		{"required, handshake alone, SDES offered", handshake, []string{savp, c80}, ErrTransport, 0, 0},
		{"handshake over the profile that old browsers write", either, []string{savpf, print, actpass}, nil, DTLS, 0},
		{"keys in the description go before a handshake", either, []string{savpf, print, actpass, c80}, nil, SDES, 9},
		{"a=crypto has no place beside a handshake's profile", either, []string{tls, print, actpass, c80}, nil, DTLS, 0},
		{"opportunistic handshake", either, []string{avp, print, actpass}, nil, DTLS, 0},
		{"no handshake now", either, []string{tls, print, "a=setup:holdconn"}, ErrKeys, 0, 0},
		{"no certificate named", either, []string{tls, actpass}, ErrKeys, 0, 0},
	} {
		offer := mustParse(t, audio(c.offer...))
		answer, err := NewAnswer(offer, c.local, nil)
		if c.err != nil {
			if !errors.Is(err, c.err) || !errors.Is(err, ErrNotAcceptable) {
				t.Errorf("%s: %v, want %v", c.name, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		theirs, mine, err := Agreed(offer, mustParse(t, answer.Append(nil)))
		p := protected(mine)
		if err != nil || mine.Keying() != c.keying || theirs.Keying() != c.keying || p.Receive.Tag != c.receive || p.Send.Tag != c.receive {
			t.Errorf("%s: %v, %v by line %d, want %v by line %d\n%s", c.name, err, mine.Keying(), p.Receive.Tag, c.keying, c.receive, answer)
		}
		checkTwoSides(t.Errorf, theirs, mine)
	}
}

// protected is how a stream is protected, the zero value for plain RTP.
func protected(s Stream) Protected {
	if s.Protected == nil {
		return Protected{}
	}
	return *s.Protected
}

// checkTwoSides: what one sends with, the other receives with; one begins the
// handshake, the other waits.
func checkTwoSides(fail func(string, ...any), offerer, answerer Stream) {
	a, b := protected(offerer), protected(answerer)
	ok := a.Keying == b.Keying && reflect.DeepEqual(a.Send, b.Receive) && reflect.DeepEqual(a.Receive, b.Send)
	switch a.Keying {
	case SDES:
		ok = ok && len(a.Send.Keys) == 1 && len(a.Receive.Keys) == 1 && a.Send.same(&a.Receive)
	case DTLS:
		ok = ok && a.Setup != b.Setup && len(a.Fingerprints) > 0 && len(b.Fingerprints) > 0
		for _, p := range []Protected{a, b} {
			ok = ok && (p.Setup == SetupActive || p.Setup == SetupPassive)
		}
	}
	if !ok {
		fail("the sides do not go together: %+v and %+v", a, b)
	}
}

func TestAnswersThatAgreeOnNoKey(t *testing.T) {
	c1, c2 := "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"+base30, "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:"+base30
	print := "a=fingerprint:" + sha1Line
	for _, c := range []struct {
		name          string
		offer, answer []string
	}{
		{"no key", []string{"RTP/SAVP", c1}, nil},
		{"a tag that was not offered", []string{"RTP/SAVP", c1}, []string{c2}},
		{"a tag of another suite", []string{"RTP/SAVP", c1, c2}, []string{strings.Replace(c2, ":2", ":1", 1)}},
		{"a key too short", []string{"RTP/SAVP", c1}, []string{c1[:len(c1)-8]}},
		{"two keys", []string{"RTP/SAVP", c1}, []string{c1 + "|1:1;inline:" + base30b + "|2:1"}},
		{"a parameter that changes packets", []string{"RTP/SAVP", c1}, []string{c1 + " UNENCRYPTED_SRTP"}},
		{"best effort that answers another line", []string{"RTP/AVP", c1}, []string{c2}},
		{"two clients", []string{"UDP/TLS/RTP/SAVP", print, "a=setup:active"}, []string{print, "a=setup:active"}},
		{"neither client nor server", []string{"UDP/TLS/RTP/SAVP", print, "a=setup:actpass"}, []string{print, "a=setup:actpass"}},
		{"SDES for a handshake", []string{"UDP/TLS/RTP/SAVP", print, c1}, []string{c1}},
	} {
		m := "m=audio 4000 " + c.offer[0] + " 0"
		offer, answer := mustParse(t, audio(append([]string{m}, c.offer[1:]...)...)), mustParse(t, audio(append([]string{m}, c.answer...)...))
		if _, _, err := Agreed(offer, answer); !errors.Is(err, ErrBadAnswer) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Devices answer with every line that they were offered, or with keys that nobody
// asked for, or use a secure profile without any.
func TestAnswersOfLaxDevices(t *testing.T) {
	c1, c2 := "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"+base30, "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:"+base30
	for _, c := range []struct {
		name          string
		offer, answer []string
		keying        Keying
	}{
		{"both lines answered", []string{"m=audio 4000 RTP/SAVP 0", c1, c2}, []string{"m=audio 4000 RTP/SAVP 0", c2, c1}, SDES},
		{"keys not asked for", []string{"m=audio 4000 RTP/AVP 0"}, []string{"m=audio 4000 RTP/AVP 0", c1}, Plain},
		{"no keys at all", []string{"m=audio 4000 RTP/SAVP 0"}, []string{"m=audio 4000 RTP/SAVP 0"}, Unkeyed},
		{"keys of the answer alone", []string{"m=audio 4000 RTP/SAVP 0"}, []string{"m=audio 4000 RTP/SAVP 0", c1}, Unkeyed},
	} {
		offerer, answerer, err := Agreed(mustParse(t, audio(c.offer...)), mustParse(t, audio(c.answer...)))
		if err != nil || offerer.Keying() != c.keying {
			t.Errorf("%s: %v, %v", c.name, err, offerer.Keying())
		}
		checkTwoSides(t.Errorf, offerer, answerer)
	}
}

// A re-INVITE with new keys: the version grows, the profile stays, both sides see which
// direction has changed, and a refused offer leaves the old keys in force.
func TestKeysChangeByReinvite(t *testing.T) {
	var n Negotiation
	origin := Originator{Origin: Origin{ID: 1, Version: 1}}
	exchange := func(ours, theirs Local) Stream {
		t.Helper()
		offer, err := NextOffer(n.Local, ours)
		if err != nil || n.SendOffer(offer) != nil {
			t.Fatal(err)
		}
		origin.Publish(offer)
		answer, err := NewAnswer(mustParse(t, offer.Append(nil)), theirs, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.ReceiveAnswer(mustParse(t, answer.Append(nil))); err != nil {
			t.Fatal(err)
		}
		s, err := n.Stream()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	mine, theirs := sdes(ProtectionOptional, key80), sdes(ProtectionRequired, key80)
	theirs.Protos = []string{"RTP/AVP"}
	theirs.Security.Cryptos = []Crypto{Inline("AES_CM_128_HMAC_SHA1_80", []byte(strings.Repeat("t", 30)))}
	first := exchange(mine, theirs)
	version := origin.Origin.Version
	mine.Security.Cryptos = []Crypto{Inline("AES_CM_128_HMAC_SHA1_80", []byte(strings.Repeat("n", 30)))}
	second := exchange(mine, theirs)
	switch {
	case first.Proto != "RTP/AVP" || second.Proto != "RTP/AVP" || second.Protected.Keying != SDES:
		t.Errorf("%s by %v, then %s by %v", first.Proto, first.Protected.Keying, second.Proto, second.Protected.Keying)
	case second.Protected.Send.Equal(&first.Protected.Send) || !second.Protected.Receive.Equal(&first.Protected.Receive):
		t.Errorf("we changed our key, but %+v became %+v", first.Protected, second.Protected)
	case origin.Origin.Version != version+1:
		t.Errorf("version %d after %d", origin.Origin.Version, version)
	}
	offer, err := NextOffer(n.Local, sdes(ProtectionRequired, keyGCM))
	if err != nil || offer.Media[0].Proto != "RTP/SAVP" || n.SendOffer(offer) != nil || n.Reject() != nil {
		t.Fatalf("%v\n%v", err, offer)
	}
	if after, err := n.Stream(); err != nil || !reflect.DeepEqual(after.Protected, second.Protected) {
		t.Errorf("%v: refused, but %+v became %+v", err, second.Protected, after.Protected)
	}
}

// anySecured draws a side with any protection.
func anySecured() *rapid.Generator[Local] {
	return rapid.Custom(func(t *rapid.T) Local {
		l := ours(pcmu)
		l.Protection = rapid.SampledFrom([]Protection{ProtectionOff, ProtectionOptional, ProtectionRequired}).Draw(t, "protection")
		l.Security.Cryptos = rapid.SliceOfNDistinct(rapid.SampledFrom([]Crypto{key80, key32, keyGCM, keyF8}), 0, 4, func(c Crypto) string { return c.Suite }).Draw(t, "cryptos")
		if len(l.Security.Cryptos) == 0 || rapid.Bool().Draw(t, "handshake") {
			f, _ := ParseFingerprint(sha256Line)
			l.Security.Fingerprints = []Fingerprint{f}
			l.Security.Setup = rapid.SampledFrom([]Setup{SetupUnstated, SetupActive, SetupPassive, SetupActPass}).Draw(t, "setup")
		}
		return l
	})
}

// Whatever two sides want, they agree on something that both want, or on nothing.
func TestTwoSidesAgreeOnProtection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anySecured().Draw(t, "offerer"), anySecured().Draw(t, "answerer")
		offer, err := NewOffer(a)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := NewAnswer(mustParseRapid(t, offer), b, nil)
		if err != nil {
			if b.Protection != ProtectionRequired && a.Protection != ProtectionRequired || !errors.Is(err, ErrNotAcceptable) {
				t.Fatalf("%v\n%s", err, offer)
			}
			return
		}
		offerer, answerer, err := Agreed(offer, mustParseRapid(t, answer))
		if err != nil {
			t.Fatalf("%v\n%s%s", err, offer, answer)
		}
		checkTwoSides(t.Fatalf, offerer, answerer)
		keying := offerer.Keying()
		for _, l := range []Local{a, b} {
			if l.Protection == ProtectionRequired && keying != SDES && keying != DTLS || l.Protection == ProtectionOff && keying != Plain {
				t.Fatalf("%v, but it is %v", l.Protection, keying)
			}
		}
	})
}

// FuzzSecureAnswer: every answer of a side with keys can be read, with keys that go
// together; a body from the network as an answer never upsets the reader.
func FuzzSecureAnswer(f *testing.F) {
	seeds(f)
	f.Add(audio("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"+base30+"|2^20|1:4", "a=fingerprint:"+sha1Line, "a=setup:actpass"))
	f.Add(audio("m=audio 4000 UDP/TLS/RTP/SAVPF 0", "a=fingerprint:"+sha256Line, "a=setup:passive"))
	l := dtlsSide(f, ProtectionOptional, SetupUnstated)
	l.Security.Cryptos = []Crypto{key80, keyGCM}
	f.Fuzz(func(t *testing.T, body []byte) {
		offer, err := Parse(body)
		if err != nil {
			return
		}
		answer, err := NewAnswer(offer, l, nil)
		if err != nil {
			if !errors.Is(err, ErrNotAcceptable) {
				t.Fatal(err)
			}
			return
		}
		theirs, mine, err := Agreed(offer, mustParse(t, answer.Append(nil)))
		if err != nil {
			t.Fatalf("our answer agrees on nothing: %v\n%v", err, answer)
		}
		checkTwoSides(t.Fatalf, theirs, mine)
		if mine.Keying() == Unkeyed {
			t.Fatalf("answered without keys:\n%s", answer)
		}
		if _, _, err := Agreed(answer, offer); err != nil && !errors.Is(err, ErrBadAnswer) && !errors.Is(err, ErrRefused) {
			t.Fatal(err)
		}
	})
}

// What a log shows of keys.
func TestSecurityForPeople(t *testing.T) {
	side := dtlsSide(t, ProtectionOptional, SetupPassive)
	side.Security.Cryptos = []Crypto{tagged(key80, 1)}
	digest := key80.Keys[0].Secret.String()
	line := "1 AES_CM_128_HMAC_SHA1_80 inline:" + digest
	for got, want := range map[string]string{
		side.Security.String(): "a=crypto:" + line + ", a=fingerprint:" + sha256Line + ", a=setup:passive",
		Security{}.String():    "",
		Protected{Keying: SDES, Send: tagged(key80, 1), Receive: tagged(key80, 1)}.String():                         "SRTP by SDES, sends with " + line + ", receives " + line,
		Protected{Keying: DTLS, Setup: SetupActive, Fingerprints: []Fingerprint{fingerprint(t, sha1Line)}}.String(): "SRTP by DTLS, active with [" + sha1Line + "]",
		Protected{Keying: Unkeyed}.String(): "SRTP without keys",
		Plain.String():                      "RTP",
		Keying(9).String():                  "Keying(9)",
		ProtectionOff.String():              "off",
		ProtectionOptional.String():         "optional",
		ProtectionRequired.String():         "required",
		Protection(9).String():              "Protection(9)",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
