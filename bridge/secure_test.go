package bridge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp/srtp"
	"github.com/tandem-gateway/tandem/sdp"
)

// The ways of SRTP that these tests give to parties.
var (
	optional = SRTP{Protection: sdp.ProtectionOptional, SDES: true, DTLS: true}
	required = SRTP{Protection: sdp.ProtectionRequired, SDES: true, DTLS: true}
)

// keyed is a call whose keys a test can make, without a loop.
func keyed(t testing.TB) *Call {
	t.Helper()
	c, err := srtp.GenerateCertificate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return &Call{env: &Env{Certificate: c}}
}

// secureOffer is what a party describes over a transport, with lines of keys.
func secureOffer(t testing.TB, id int, version int, proto string, lines ...string) *sdp.Description {
	t.Helper()
	text := fmt.Sprintf("v=0\no=them %d %d IN IP4 192.0.2.%d\ns=-\nc=IN IP4 192.0.2.%d\nt=0 0\nm=audio %d %s 0 101\na=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\n",
		100+id, version, id, id, 4000+2*id, proto)
	return parsed(t, text+strings.Join(lines, "\n")+"\n")
}

// cryptoLine is an a=crypto line with new keys.
func cryptoLine(tag int, s srtp.Suite) string {
	c := sdp.Inline(s.String(), srtp.GenerateKeys(s).Master())
	body := string((&sdp.Description{Media: []sdp.Media{{Kind: "audio", Port: 1, Proto: "RTP/SAVP", Host: "h", Security: &sdp.Security{Cryptos: []sdp.Crypto{c}}}}}).Append(nil))
	_, line, _ := strings.Cut(body, "a=crypto:")
	line, _, _ = strings.Cut(line, "\r\n")
	_, line, _ = strings.Cut(line, " ")
	return fmt.Sprintf("a=crypto:%d %s", tag, line)
}

const fingerprintLines = "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\na=setup:actpass"

// secureTalk is a machine whose caller has made an offer, with the carrier dialled.
type secureTalk struct {
	testing.TB
	m       *Machine
	refused *Refuse
	dialled *sdp.Description
	answer  *sdp.Description
	offers  map[int]*sdp.Description
	accepts map[int]*sdp.Description
	streams map[int]sdp.Stream
	refusal *RefuseOffer
}

func newSecureTalk(t testing.TB, offer *sdp.Description, caller, callee SRTP) *secureTalk {
	c := keyed(t)
	s := &secureTalk{TB: t, m: NewMachine("call", &Limits{}), offers: map[int]*sdp.Description{}, accepts: map[int]*sdp.Description{}, streams: map[int]sdp.Stream{}}
	who := alice(offer)
	who.SRTP, who.Keys = caller, c.keys(caller)
	s.step(Arrived{Caller: who, Decision: plan("trunk carrier")})
	whom := target("carrier", 2)
	whom.SRTP, whom.Keys = callee, c.keys(callee)
	s.step(Located{Attempt: 1, Targets: []Target{whom}})
	return s
}

func (s *secureTalk) step(e Event) {
	for _, a := range s.m.Step(begun, e) {
		switch a := a.(type) {
		case Dial:
			s.dialled = a.Offer
		case Connect:
			s.streams[a.Participant] = a.Stream
		case Tell:
			switch c := a.Command.(type) {
			case Refuse:
				s.refused = &c
			case Answer:
				s.answer = c.SDP
			case Offer:
				s.offers[a.Participant] = c.SDP
			case AcceptOffer:
				s.accepts[a.Participant] = c.SDP
			case RefuseOffer:
				s.refusal = &c
			}
		}
	}
}

func (s *secureTalk) says(id int, r Report) { s.step(Reported{Participant: id, Report: r}) }

// looks is the protection of a description, in words.
func looks(d *sdp.Description) string {
	if d == nil || d.Audio() == nil {
		return "nothing"
	}
	a := d.Audio()
	words := []string{a.Proto}
	if a.Security != nil {
		if len(a.Security.Cryptos) > 0 {
			words = append(words, "sdes")
		}
		if len(a.Security.Fingerprints) > 0 {
			words = append(words, "dtls")
		}
	}
	return strings.Join(words, " ")
}

// TestCallersOfferByProtection: what becomes of a caller's offer, whatever the other side
// is: refused, or answered.
func TestCallersOfferByProtection(t *testing.T) {
	crypto := cryptoLine(7, srtp.AEADAES256GCM)
	offers := map[string]*sdp.Description{
		"plain":       secureOffer(t, 1, 1, "RTP/AVP"),
		"best effort": secureOffer(t, 1, 1, "RTP/AVP", crypto),
		"SAVP":        secureOffer(t, 1, 1, "RTP/SAVP", crypto),
		"SAVP bare":   secureOffer(t, 1, 1, "RTP/SAVP"),
		"DTLS":        secureOffer(t, 1, 1, "UDP/TLS/RTP/SAVP", fingerprintLines),
		"F":           secureOffer(t, 1, 1, "RTP/SAVPF", crypto),
	}
	sdesOnly, dtlsOnly := required, required
	sdesOnly.DTLS, dtlsOnly.SDES = false, false
	tests := []struct {
		may  SRTP
		want map[string]string // the answer; "" is 488
	}{
		{SRTP{}, map[string]string{"plain": "RTP/AVP", "best effort": "RTP/AVP"}},
		{SRTP{SDES: true, DTLS: true}, map[string]string{"plain": "RTP/AVP", "best effort": "RTP/AVP"}},
		{SRTP{Protection: sdp.ProtectionOptional}, map[string]string{"plain": "RTP/AVP", "best effort": "RTP/AVP"}},
		{optional, map[string]string{"plain": "RTP/AVP", "best effort": "RTP/AVP sdes", "SAVP": "RTP/SAVP sdes", "DTLS": "UDP/TLS/RTP/SAVP dtls", "F": "RTP/SAVPF sdes"}},
		{required, map[string]string{"SAVP": "RTP/SAVP sdes", "DTLS": "UDP/TLS/RTP/SAVP dtls", "F": "RTP/SAVPF sdes"}},
		{sdesOnly, map[string]string{"SAVP": "RTP/SAVP sdes", "F": "RTP/SAVPF sdes"}},
		{dtlsOnly, map[string]string{"DTLS": "UDP/TLS/RTP/SAVP dtls"}},
		{SRTP{Protection: sdp.ProtectionRequired}, nil},
	}
	for _, tt := range tests {
		for name, offer := range offers {
			s := newSecureTalk(t, offer, tt.may, SRTP{})
			want := tt.want[name]
			if s.refused != nil {
				if want != "" || s.refused.Cause.Status != 488 || s.dialled != nil {
					t.Errorf("%+v, %s: refused with %+v, want %q", tt.may, name, s.refused.Cause, want)
				}
				continue
			}
			if looks(s.dialled) != "RTP/AVP" {
				t.Errorf("%+v, %s: the carrier is offered %s", tt.may, name, looks(s.dialled))
			}
			s.says(2, Answered{SDP: secureOffer(t, 2, 1, "RTP/AVP")})
			if looks(s.answer) != want {
				t.Errorf("%+v, %s: answered with %s, want %q", tt.may, name, looks(s.answer), want)
			}
		}
	}
}

// TestCalleeIsOfferedByProtection: what a plain caller's callee is offered, and what its
// answers lead to.
func TestCalleeIsOfferedByProtection(t *testing.T) {
	for _, tt := range []struct {
		may     SRTP
		offered string
		// plain says whether a plain answer would do.
		plain bool
	}{
		{SRTP{}, "RTP/AVP", true},
		{optional, "RTP/AVP sdes dtls", true},
		{SRTP{Protection: sdp.ProtectionOptional, DTLS: true}, "RTP/AVP dtls", true},
		{required, "RTP/SAVP sdes", false},
		{SRTP{Protection: sdp.ProtectionRequired, DTLS: true}, "UDP/TLS/RTP/SAVP dtls", false},
	} {
		s := newSecureTalk(t, secureOffer(t, 1, 1, "RTP/AVP"), SRTP{}, tt.may)
		if looks(s.dialled) != tt.offered {
			t.Errorf("%+v: offered %s", tt.may, looks(s.dialled))
			continue
		}
		s.says(2, Answered{SDP: secureOffer(t, 2, 1, s.dialled.Audio().Proto)})
		if answered := s.answer != nil; answered != tt.plain {
			t.Errorf("%+v: a plain answer: answered is %v", tt.may, answered)
		}
	}
	s := newSecureTalk(t, secureOffer(t, 1, 1, "RTP/AVP"), SRTP{}, SRTP{Protection: sdp.ProtectionRequired})
	if s.dialled != nil || s.refused == nil || !strings.Contains(s.refused.Cause.Text, "sip.sdes_without_tls") {
		t.Errorf("a callee without a way to keys: dialled %v, refused %+v", s.dialled, s.refused)
	}
}

// TestKeysStayOnTheirSide: with SRTP on both sides neither sees a key, a suite or a tag of
// the other, and each side's keys are of its own.
func TestKeysStayOnTheirSide(t *testing.T) {
	callers, callees := cryptoLine(9, srtp.AEADAES256GCM), ""
	s := newSecureTalk(t, secureOffer(t, 1, 1, "RTP/SAVP", callers), required, required)
	for _, c := range s.dialled.Audio().Security.Cryptos {
		if c.Suite == srtp.AEADAES128GCM.String() {
			callees = strings.Replace(cryptoLine(1, srtp.AEADAES128GCM), ":1 ", fmt.Sprintf(":%d ", c.Tag), 1)
		}
	}
	s.says(2, Answered{SDP: secureOffer(t, 2, 1, "RTP/SAVP", callees)})
	near, far := s.streams[1].Protected, s.streams[2].Protected
	if near == nil || far == nil {
		t.Fatalf("agreed %v and %v", near, far)
	}
	if near.Send.Suite != srtp.AEADAES256GCM.String() || far.Send.Suite != srtp.AEADAES128GCM.String() {
		t.Errorf("suites %s and %s", near.Send.Suite, far.Send.Suite)
	}
	if near.Send.Tag != 9 {
		t.Errorf("the caller's answer has the tag %d", near.Send.Tag)
	}
	secrets := map[sdp.Secret]bool{}
	for _, c := range []sdp.Crypto{near.Send, near.Receive, far.Send, far.Receive} {
		secrets[c.Keys[0].Secret] = true
	}
	if len(secrets) != 4 {
		t.Errorf("%d different keys, not 4", len(secrets))
	}
	sent := string(s.dialled.Append(nil)) + string(s.answer.Append(nil))
	for _, line := range []string{callers, callees} {
		_, key, _ := strings.Cut(line, "inline:")
		if strings.Contains(sent, key) {
			t.Error("a party's key was passed on")
		}
	}
	_, key, _ := strings.Cut(string(s.answer.Append(nil)), "inline:")
	key, _, _ = strings.Cut(key, "\r\n")
	if printed := fmt.Sprintf("%+v %#v", s.m, s.m.participants); strings.Contains(printed, key) || strings.Contains(printed, string(near.Send.Keys[0].Secret)) {
		t.Error("a machine that is printed shows keys")
	}
}

// TestKeysStayThroughHold: a re-INVITE keeps our keys and the transport that a stream has,
// also where an offer of ours would begin with another, and follows new keys of theirs.
func TestKeysStayThroughHold(t *testing.T) {
	crypto := cryptoLine(1, srtp.AESCM128HMACSHA180)
	s := newSecureTalk(t, secureOffer(t, 1, 1, "RTP/SAVP", crypto), optional, SRTP{})
	s.says(2, Answered{SDP: secureOffer(t, 2, 1, "RTP/AVP")})
	before := *s.streams[1].Protected

	s.says(2, Offered{SDP: secureOffer(t, 2, 2, "RTP/AVP", "a=sendonly")})
	if looks(s.offers[1]) != "RTP/SAVP sdes" {
		t.Errorf("the caller is offered %s", looks(s.offers[1]))
	}
	s.says(1, OfferAnswered{SDP: secureOffer(t, 1, 2, "RTP/SAVP", crypto, "a=recvonly")})
	after := *s.streams[1].Protected
	if !after.Send.Equal(&before.Send) || !after.Receive.Equal(&before.Receive) {
		t.Errorf("keys were %v and are %v", before, after)
	}

	fresh := cryptoLine(1, srtp.AESCM128HMACSHA180)
	s.says(1, Offered{SDP: secureOffer(t, 1, 3, "RTP/SAVP", fresh)})
	if looks(s.offers[2]) != "RTP/AVP" {
		t.Errorf("the carrier is offered %s", looks(s.offers[2]))
	}
	s.says(2, OfferAnswered{SDP: secureOffer(t, 2, 3, "RTP/AVP")})
	rekeyed := *s.streams[1].Protected
	if !rekeyed.Send.Equal(&before.Send) || rekeyed.Receive.Equal(&before.Receive) {
		t.Errorf("after new keys of theirs: %v, was %v", rekeyed, before)
	}
	if looks(s.accepts[1]) != "RTP/SAVP sdes" {
		t.Errorf("the caller's new keys are answered with %s", looks(s.accepts[1]))
	}
}

// TestPartInTheHandshakeStays: whoever began it, an answer of ours keeps our part, and RTCP
// goes with RTP.
func TestPartInTheHandshakeStays(t *testing.T) {
	s := newSecureTalk(t, secureOffer(t, 1, 1, "RTP/AVP"), SRTP{}, SRTP{Protection: sdp.ProtectionRequired, DTLS: true})
	active := strings.Replace(fingerprintLines, "actpass", "active", 1)
	s.says(2, Answered{SDP: secureOffer(t, 2, 1, "UDP/TLS/RTP/SAVP", active, "a=rtcp-mux")})
	if p := s.streams[2]; p.Protected.Setup != sdp.SetupPassive || !p.RTCPMux {
		t.Fatalf("agreed %v, RTCP beside RTP: %v", p.Protected, p.RTCPMux)
	}
	s.says(2, Offered{SDP: secureOffer(t, 2, 2, "UDP/TLS/RTP/SAVP", fingerprintLines, "a=rtcp-mux", "a=sendonly")})
	s.says(1, OfferAnswered{SDP: secureOffer(t, 1, 2, "RTP/AVP", "a=recvonly")})
	if p := s.streams[2].Protected; p.Setup != sdp.SetupPassive || s.accepts[2].Audio().Security.Setup != sdp.SetupPassive {
		t.Errorf("after their offer: %v", p)
	}
	s.says(1, Offered{SDP: secureOffer(t, 1, 3, "RTP/AVP")})
	if got := s.offers[2].Audio().Security.Setup; got != sdp.SetupActPass {
		t.Errorf("our offer says %v", got)
	}
	s.says(2, OfferAnswered{SDP: secureOffer(t, 2, 3, "UDP/TLS/RTP/SAVP", active, "a=rtcp-mux")})
	if p := s.streams[2].Protected; p.Setup != sdp.SetupPassive {
		t.Errorf("after our offer: %v", p)
	}
}

// TestRequiredStaysRequired: who must encrypt cannot be talked out of it later.
func TestRequiredStaysRequired(t *testing.T) {
	s := newSecureTalk(t, secureOffer(t, 1, 1, "RTP/SAVP", cryptoLine(1, srtp.AESCM128HMACSHA180)), required, SRTP{})
	s.says(2, Answered{SDP: secureOffer(t, 2, 1, "RTP/AVP")})
	s.says(1, Offered{SDP: secureOffer(t, 1, 2, "RTP/AVP")})
	s.says(2, OfferAnswered{SDP: secureOffer(t, 2, 2, "RTP/AVP")})
	if s.refusal == nil || s.refusal.Cause.Status != 488 {
		t.Errorf("a plain re-INVITE: refused %+v, accepted with %s", s.refusal, looks(s.accepts[1]))
	}
}

func TestSecurityOfWhatWasAgreed(t *testing.T) {
	c := keyed(t)
	c.media = media{}
	ours, theirs := srtp.GenerateKeys(suites()[0]), srtp.GenerateKeys(suites()[0])
	line := func(k srtp.Keys) sdp.Crypto { return sdp.Inline(k.Suite.String(), k.Master()) }
	agreed := &sdp.Protected{Keying: sdp.SDES, Send: line(ours), Receive: line(theirs)}
	agreed.Receive.Keys[0].MKI, agreed.Receive.Keys[0].MKILength = 258, 4
	got, err := c.securityOf(Connect{Stream: sdp.Stream{Protected: agreed}})
	if err != nil || !got.Send.Equal(ours) || !bytes.Equal(got.Receive.Master(), theirs.Master()) || !bytes.Equal(got.Receive.MKI, []byte{0, 0, 1, 2}) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := c.securityOf(Connect{}); got != nil || err != nil {
		t.Errorf("of plain RTP: %v, %v", got, err)
	}
	for name, p := range map[string]*sdp.Protected{
		"without keys":  {Keying: sdp.Unkeyed},
		"a short key":   {Keying: sdp.SDES, Send: sdp.Inline("AES_CM_128_HMAC_SHA1_80", []byte("short")), Receive: line(theirs)},
		"unknown suite": {Keying: sdp.SDES, Send: sdp.Inline("F8_128_HMAC_SHA1_80", ours.Master()), Receive: line(theirs)},
	} {
		if _, err := c.securityOf(Connect{Stream: sdp.Stream{Protected: p}}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for setup, role := range map[sdp.Setup]srtp.Role{sdp.SetupActive: srtp.Client, sdp.SetupPassive: srtp.Server} {
		p := &sdp.Protected{Keying: sdp.DTLS, Setup: setup, Fingerprints: []sdp.Fingerprint{{Hash: "sha-256", Digest: "x"}}}
		got, err := c.securityOf(Connect{Stream: sdp.Stream{Protected: p}})
		if err != nil || got.Handshake.Role != role || got.Handshake.Certificate != c.env.Certificate || len(got.Handshake.Fingerprints) != 1 {
			t.Errorf("%v: %+v, %v", setup, got, err)
		}
	}
}

// TestKeysAreNew: those of two participants are different, and those of one for each suite
// too.
func TestKeysAreNew(t *testing.T) {
	c := keyed(t)
	seen := map[sdp.Secret]bool{}
	for range 10 {
		for _, line := range c.keys(optional).Cryptos {
			if s := line.Keys[0].Secret; seen[s] {
				t.Fatal("a key was given twice")
			} else {
				seen[s] = true
			}
		}
	}
	if len(seen) != 10*len(suites()) || suites()[0] != srtp.AESCM128HMACSHA180 {
		t.Errorf("%d keys for %v", len(seen), suites())
	}
	if c.keys(SRTP{SDES: true}) != nil {
		t.Error("keys without protection")
	}
}

// TestHandshakeThatFailsEndsTheCall: a party that says DTLS and does none would hear nothing
// for ever.
func TestHandshakeThatFailsEndsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.call.env.Certificate = keyed(t).env.Certificate
		s.found["carrier"][0].SRTP = SRTP{Protection: sdp.ProtectionRequired, DTLS: true}
		s.onDial = func(l *stageLeg) {
			answer := secureOffer(t, 2, 1, "UDP/TLS/RTP/SAVP", strings.Replace(fingerprintLines, "actpass", "passive", 1))
			l.says(time.Second, Answered{SDP: answer})
		}
		s.arrive(plan("trunk carrier"))
		pass(10 * time.Second)
		s.look(func(c *Call) {
			if c.machine.State() != event.CallConnected {
				t.Errorf("the call is %v", c.machine.State())
			}
		})
		pass(srtp.DefaultTimeout)
		var cause event.Cause
		s.look(func(c *Call) { cause = c.machine.Cause() })
		pass(time.Second)
		s.over()
		if told := strings.Join(s.legs[1].told, ", "); !strings.Contains(told, "Hangup 488") {
			t.Errorf("the caller was told %s, cause %+v", told, cause)
		}
	})
}

// TestShaken: what comes of a handshake is taken for the party whose media it was for.
func TestShaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.onDial = func(l *stageLeg) { l.says(time.Second, Answered{SDP: describe(2, []string{"PCMU", "te"})}) }
		s.arrive(plan("trunk carrier"))
		pass(2 * time.Second)
		s.call.Post(shaken{s.call, nil, errors.Join(srtp.ErrDTLS, context.DeadlineExceeded)}) // of one that has gone
		s.look(func(c *Call) { c.Post(shaken{c, c.media[2], nil}) })
		pass(time.Second)
		s.look(func(c *Call) {
			if c.machine.State() != event.CallConnected {
				t.Errorf("the call is %v", c.machine.State())
			}
			c.Post(shaken{c, c.media[2], srtp.ErrFingerprint})
		})
		pass(2 * time.Second)
		s.over()
	})
}
