package sdp

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// ours is a gateway that speaks these codecs.
func ours(codecs ...Codec) Local {
	return Local{
		Origin:    Origin{Username: "tandem", ID: 77, Version: 1},
		Address:   netip.MustParseAddr("198.51.100.1"),
		Port:      20000,
		Codecs:    codecs,
		Direction: SendRecv,
	}
}

func mustOffer(t testing.TB, l Local) *Description {
	t.Helper()
	s, err := NewOffer(l)
	if err != nil {
		t.Fatalf("NewOffer: %v", err)
	}
	return s
}

func TestNewOffer(t *testing.T) {
	l := ours(pcmu, pcma, dtmf)
	l.Ptime = 20 * time.Millisecond
	l.Attributes = []Attribute{{"label", "1"}}
	want := string(lines("v=0", "o=tandem 77 1 IN IP4 198.51.100.1", "s=-", "c=IN IP4 198.51.100.1", "t=0 0",
		"m=audio 20000 RTP/AVP 0 8 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16",
		"a=ptime:20", "a=label:1", "a=sendrecv"))
	if got := mustOffer(t, l).String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNewOfferSaysRTCPOnlyWhenItIsElsewhere(t *testing.T) {
	for port, want := range map[uint16]RTCP{0: {}, 20001: {}, 30000: {Port: 30000}} {
		l := ours(pcmu)
		l.RTCPPort = port
		if got := mustOffer(t, l).Media[0].RTCP; got != want {
			t.Errorf("RTCP port %d: %+v, want %+v", port, got, want)
		}
	}
}

func TestNewOfferOverIPv6AndOtherTransport(t *testing.T) {
	l := ours(pcmu)
	l.Address = netip.MustParseAddr("2001:db8::1")
	l.Protos = []string{"RTP/SAVP", "RTP/AVP"}
	l.RTCPMux = true
	want := string(lines("v=0", "o=tandem 77 1 IN IP6 2001:db8::1", "s=-", "c=IN IP6 2001:db8::1", "t=0 0",
		"m=audio 20000 RTP/SAVP 0", "a=rtpmap:0 PCMU/8000", "a=rtcp-mux", "a=sendrecv"))
	if got := mustOffer(t, l).String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	l.Address = netip.MustParseAddr("::ffff:192.0.2.1")
	if got := mustOffer(t, l).Host; got != "192.0.2.1" {
		t.Errorf("mapped address written as %q", got)
	}
}

func TestNewOfferLeavesOutWhatHasNoName(t *testing.T) {
	offered := []Codec{odd97, pcmu, dtmf}
	got := mustOffer(t, ours(offered...)).Media[0].Codecs
	if !slices.Equal(got, []Codec{pcmu, dtmf}) || offered[0] != odd97 {
		t.Errorf("offered %v, the caller's list is %v", got, offered)
	}
}

func TestNewOfferRefusesWhatNobodyCouldAnswer(t *testing.T) {
	for why, change := range map[string]func(*Local){
		"no address":          func(l *Local) { l.Address = netip.Addr{} },
		"address with a zone": func(l *Local) { l.Address = netip.MustParseAddr("fe80::1%lo") },
		"no port":             func(l *Local) { l.Port = 0 },
		"no codec":            func(l *Local) { l.Codecs = nil },
		"no speech":           func(l *Local) { l.Codecs = []Codec{dtmf, cn, odd97} },
		"one number twice":    func(l *Local) { l.Codecs = []Codec{pcmu, as(pcma, 0)} },
		"number over 127":     func(l *Local) { l.Codecs = []Codec{as(pcmu, 128)} },
	} {
		l := ours(pcmu)
		change(&l)
		if s, err := NewOffer(l); !errors.Is(err, ErrLocal) {
			t.Errorf("%s: %v, %v; want ErrLocal", why, s, err)
		}
		if s, err := NextOffer(mustOffer(t, ours(pcmu)), l); !errors.Is(err, ErrLocal) {
			t.Errorf("%s: next offer %v, %v; want ErrLocal", why, s, err)
		}
	}
}

func TestNextOfferKeepsTheSlots(t *testing.T) {
	l := ours(pcmu)
	first := mustOffer(t, l)
	for _, c := range []struct {
		why      string
		previous *Description
		want     []string // kind, and whether it is on
	}{
		{"nothing before", nil, []string{"audio on"}},
		{"no streams before", &Description{}, []string{"audio on"}},
		{"audio alone", first, []string{"audio on"}},
		{"video refused behind audio", answerOf(t, "m=audio 4000 RTP/AVP 0", "m=video 4002 RTP/AVP 31"), []string{"audio on", "video off"}},
		{"video refused before audio", answerOf(t, "m=video 4002 RTP/AVP 31", "m=audio 4000 RTP/AVP 0"), []string{"video off", "audio on"}},
		{"a refused audio before the active one", answerOf(t, "m=audio 4002 RTP/SAVP 0", "m=audio 4000 RTP/AVP 0"), []string{"audio off", "audio on"}},
		{"audio was ended", mustParse(t, audio("m=video 0 RTP/AVP 31", "m=audio 0 RTP/AVP 0")), []string{"video off", "audio on"}},
		{"audio was never there", mustParse(t, audio("m=image 0 udptl t38")), []string{"image off", "audio on"}},
	} {
		next, err := NextOffer(c.previous, l)
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		var got []string
		for _, m := range mustParse(t, next.Append(nil)).Media {
			got = append(got, m.Kind+map[bool]string{true: " on", false: " off"}[m.Port != 0])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
}

// The transport that a stream began with is kept, as long as we take it.
func TestNextOfferKeepsTheTransport(t *testing.T) {
	l := ours(pcmu)
	l.Protos = []string{"RTP/AVP", "RTP/SAVP"}
	secure := mustParse(t, audio("m=audio 4000 RTP/SAVP 0"))
	next, err := NextOffer(secure, l)
	if err != nil || next.Media[0].Proto != "RTP/SAVP" {
		t.Errorf("%v, %v", next, err)
	}
	l.Protos = nil
	secure.Timing = "5 6" // the times of a session cannot be negotiated either
	next, err = NextOffer(secure, l)
	if err != nil || next.Media[0].Proto != "RTP/AVP" || next.Timing != "5 6" {
		t.Errorf("%v, %v", next, err)
	}
}

// answerOf is how we answered an offer of these streams.
func answerOf(t testing.TB, l ...string) *Description {
	t.Helper()
	s, err := NewAnswer(mustParse(t, audio(l...)), ours(pcmu), nil)
	if err != nil {
		t.Fatalf("NewAnswer: %v", err)
	}
	return s
}

func TestLikeTakesTheDescribersPlace(t *testing.T) {
	m := mustParse(t, audio("m=audio 4000 RTP/AVP 8 0", "c=IN IP4 0.0.0.0", "a=ptime:30", "a=maxptime:60")).Audio()
	l := ours(opus).Like(m)
	if !slices.Equal(l.Codecs, []Codec{pcma, pcmu}) || l.Direction != SendOnly || l.Ptime != 30*time.Millisecond || l.MaxPtime != 60*time.Millisecond {
		t.Errorf("%+v", l)
	}
	if l.Port != 20000 || l.Address != netip.MustParseAddr("198.51.100.1") {
		t.Errorf("our own address was lost: %+v", l)
	}
}

func TestOriginatorVersions(t *testing.T) {
	o := Originator{Origin: Origin{ID: 5, Version: 10}}
	l := ours(pcmu, pcma)
	publish := func() string { return o.Publish(mustOffer(t, l)) }
	first := publish()
	if again := publish(); again != first || o.Origin.Version != 10 {
		t.Errorf("unchanged, but version %d:\n%s", o.Origin.Version, again)
	}
	l.Direction = SendOnly
	held := publish()
	if s := mustParse(t, []byte(held)); s.Origin != (Origin{ID: 5, Version: 11, Host: "198.51.100.1"}) || s.Media[0].Direction != SendOnly {
		t.Errorf("changed once:\n%s", held)
	}
	l.Direction = SendRecv
	if s := mustParse(t, []byte(publish())); s.Origin.Version != 12 {
		t.Errorf("changed back: version %d, want 12", s.Origin.Version)
	}
	// Another address changes the streams, not the origin: "the "o=" line of the new
	// SDP MUST be identical".
	l.Address = netip.MustParseAddr("203.0.113.1")
	if s := mustParse(t, []byte(publish())); s.Origin != (Origin{ID: 5, Version: 13, Host: "198.51.100.1"}) || s.Host != "203.0.113.1" {
		t.Errorf("moved: %+v, host %s", s.Origin, s.Host)
	}
}

// A keeper that was written out and read back goes on where it was.
func TestOriginatorIsAPlainValue(t *testing.T) {
	o := Originator{Origin: Origin{ID: 5, Version: 1}}
	s := mustOffer(t, ours(pcmu))
	first := o.Publish(s)
	restored := Originator{Origin: o.Origin, Body: o.Body}
	if again := restored.Publish(mustOffer(t, ours(pcmu))); again != first {
		t.Errorf("after restoring:\n%s\nbefore\n%s", again, first)
	}
	if s.Origin != o.Origin {
		t.Errorf("the published description says %+v, the keeper %+v", s.Origin, o.Origin)
	}
}
