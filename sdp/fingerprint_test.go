package sdp

import (
	"reflect"
	"strings"
	"testing"
)

// The certificate of RFC 8122 section 5's example, by SHA-1, and one by SHA-256.
const (
	sha1Line   = "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB"
	sha256Line = "sha-256 12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD"
)

func fingerprint(t testing.TB, line string) Fingerprint {
	t.Helper()
	f, ok := ParseFingerprint(line)
	if !ok {
		t.Fatalf("%q cannot be read", line)
	}
	return f
}

func TestParseFingerprint(t *testing.T) {
	for _, line := range []string{sha1Line, sha256Line} {
		f := fingerprint(t, line)
		if f.String() != line || len(f.Digest) != digestSizes[f.Hash] {
			t.Errorf("%q is read as %+v", line, f)
		}
		hash, digits, _ := strings.Cut(line, " ")
		if lower := fingerprint(t, strings.ToUpper(hash)+"\t "+strings.ToLower(digits)); lower != f {
			t.Errorf("%q in other cases is read as %+v", line, lower)
		}
	}
}

func TestParseFingerprintRefuses(t *testing.T) {
	digits := strings.TrimPrefix(sha1Line, "sha-1 ")
	for _, line := range []string{
		"", "sha-1", "sha-1 ", digits, "sha-256 " + digits, "sha-3 " + digits, "sha-1 " + digits + ":00", "sha-1 " + digits[3:],
		"sha-1 " + strings.ReplaceAll(digits, ":", ""), "sha-1 " + strings.ReplaceAll(digits, "A", "G"), "sha-1 " + digits + " x",
	} {
		if f, ok := ParseFingerprint(line); ok {
			t.Errorf("%q is read as %+v", line, f)
		}
	}
}

func TestSetupNames(t *testing.T) {
	for s, name := range map[Setup]string{SetupActive: "active", SetupPassive: "passive", SetupActPass: "actpass", SetupHoldConn: "holdconn"} {
		if got, ok := parseSetup(strings.ToUpper(name)); !ok || got != s || s.String() != name {
			t.Errorf("%q is read as %v, and written as %q", name, got, s)
		}
	}
	if _, ok := parseSetup(""); ok || Setup(9).String() != "" || SetupUnstated.String() != "" {
		t.Error("what is no setup has a name")
	}
}

// The answers of RFC 4145 section 4.1 and RFC 5763 section 5.
func TestSetupAnswer(t *testing.T) {
	for _, c := range []struct{ offered, wish, want Setup }{
		{SetupActPass, SetupUnstated, SetupActive},
		{SetupActPass, SetupActPass, SetupActive},
		{SetupActPass, SetupActive, SetupActive},
		{SetupActPass, SetupPassive, SetupPassive},
		{SetupActive, SetupActive, SetupPassive},
		{SetupPassive, SetupPassive, SetupActive},
		{SetupUnstated, SetupActive, SetupPassive},
		{SetupHoldConn, SetupActive, SetupUnstated},
	} {
		got, ok := c.offered.answer(c.wish)
		if got != c.want || ok != (c.want != SetupUnstated) {
			t.Errorf("%v is answered with %v, %v where we wish %v; want %v", c.offered, got, ok, c.wish, c.want)
		}
		if !ok {
			continue
		}
		offerer, answerer, ok := roles(c.offered, got)
		if !ok || answerer != got || offerer == answerer {
			t.Errorf("offered %v, answered %v: %v and %v, %v", c.offered, got, offerer, answerer, ok)
		}
	}
}

func TestRoles(t *testing.T) {
	for _, c := range []struct {
		offer, answer, offerer Setup
	}{
		{SetupActPass, SetupActive, SetupPassive},
		{SetupActPass, SetupPassive, SetupActive},
		{SetupActPass, SetupUnstated, SetupActive},
		{SetupPassive, SetupUnstated, SetupPassive},
		{SetupUnstated, SetupUnstated, SetupActive},
		{SetupActive, SetupPassive, SetupActive},
		{SetupPassive, SetupActive, SetupPassive},
		{SetupActive, SetupActive, SetupUnstated},
		{SetupPassive, SetupPassive, SetupUnstated},
		{SetupActPass, SetupActPass, SetupUnstated},
		{SetupActPass, SetupHoldConn, SetupUnstated},
		{SetupHoldConn, SetupPassive, SetupUnstated},
		{SetupHoldConn, SetupUnstated, SetupUnstated},
	} {
		offerer, answerer, ok := roles(c.offer, c.answer)
		if offerer != c.offerer || ok != (c.offerer != SetupUnstated) || ok && offerer == answerer {
			t.Errorf("offered %v, answered %v: %v and %v, %v; want %v for the offerer", c.offer, c.answer, offerer, answerer, ok, c.offerer)
		}
	}
}

// A stream has the session's fingerprints and setup unless it has its own, and reads
// the same after it has been written.
func TestFingerprintsAreInherited(t *testing.T) {
	s := mustParse(t, lines("v=0", "o=- 1 1 IN IP4 192.0.2.1", "c=IN IP4 192.0.2.1", "a=setup:actpass", "a=setup:active", "a=fingerprint:"+sha1Line, "a=fingerprint:"+sha256Line,
		"a=crypto:1 X inline:"+base30,
		"m=audio 4000 UDP/TLS/RTP/SAVPF 0",
		"m=audio 4002 UDP/TLS/RTP/SAVPF 0", "a=fingerprint:"+sha256Line, "a=fingerprint:none", "a=setup:passive", "a=setup:later",
		"m=audio 4004 UDP/TLS/RTP/SAVPF 0", "a=setup:active", "a=crypto:1 X inline:"+base30))
	both := []Fingerprint{fingerprint(t, sha1Line), fingerprint(t, sha256Line)}
	for i, want := range []Security{
		{Fingerprints: both, Setup: SetupActPass},
		{Fingerprints: both[1:], Setup: SetupPassive},
		{Fingerprints: both, Setup: SetupActive, Cryptos: s.Media[2].Security.Cryptos},
	} {
		if got := s.Media[i].Security.stated(); !reflect.DeepEqual(got, want) {
			t.Errorf("stream %d has %+v, want %+v", i, got, want)
		}
	}
	if want := []Attribute{{"fingerprint", "none"}, {"setup", "later"}}; !reflect.DeepEqual(s.Media[1].Attributes, want) {
		t.Errorf("what cannot be read is kept as %+v, want %+v", s.Media[1].Attributes, want)
	}
	if len(s.Attributes) != 0 || len(s.Security.stated().Cryptos) != 0 {
		t.Errorf("the session kept %+v and %+v", s.Attributes, s.Security)
	}
	if again := mustParse(t, s.Append(nil)); !reflect.DeepEqual(again, s) {
		t.Errorf("written and read again it is\n%s\nwas\n%s", again, s)
	}
}

// A stream that says nothing has nothing, and costs nothing.
func TestPlainStreamsHaveNoSecurity(t *testing.T) {
	for _, extra := range []string{"a=label:1", "a=crypto:1 X", "a=fingerprint:x", "a=setup:x"} {
		s := mustParse(t, audio("m=audio 4000 RTP/AVP 0", extra))
		if s.Security != nil || s.Media[0].Security != nil {
			t.Errorf("%s: %+v", extra, s.Media[0].Security)
		}
	}
	if s := mustOffer(t, sdes(ProtectionOff, key80)); s.Media[0].Security != nil {
		t.Errorf("%+v", s.Media[0].Security)
	}
}

// FuzzFingerprint: no panic, and what is read is written so that it reads the same.
func FuzzFingerprint(f *testing.F) {
	f.Add(sha1Line)
	f.Add(sha256Line)
	f.Add("sha-1 " + strings.Repeat(":", 59))
	f.Fuzz(func(t *testing.T, line string) {
		print, ok := ParseFingerprint(line)
		if !ok {
			return
		}
		if again, ok := ParseFingerprint(print.String()); !ok || again != print || len(print.Digest) != digestSizes[print.Hash] {
			t.Fatalf("%q is read as %+v and then as %+v", line, print, again)
		}
	})
}
