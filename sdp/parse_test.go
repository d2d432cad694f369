package sdp

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// lines makes a body of the lines, each ended by CRLF.
func lines(l ...string) []byte { return []byte(strings.Join(l, "\r\n") + "\r\n") }

// mustParse reads a body that has to be readable.
func mustParse(t testing.TB, body []byte) *Description {
	t.Helper()
	s, err := Parse(body)
	if err != nil {
		t.Fatalf("Parse: %v\n%s", err, body)
	}
	return s
}

// head are the lines before the first m=.
var head = []string{"v=0", "o=- 1 2 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"}

// audio is a description of one stream: the m= line and what follows.
func audio(l ...string) []byte { return lines(append(slices.Clone(head), l...)...) }

func TestParseEveryField(t *testing.T) {
	got := mustParse(t, lines(
		"v=0",
		"o=alice 2890844526 2890844527 IN IP4 host.example",
		"s=A call",
		"i=about nothing", "u=http://example.test/", "e=a@example.test", "p=+1 425 555 0100",
		"c=IN IP4 192.0.2.1",
		"b=CT:128",
		"t=3034423619 3042462419",
		"r=7d 1h 0 25h", "k=clear:nothing", "z=0 0",
		"a=tool:thing 1.0",
		"a=sendonly",
		"m=audio 49170/2 RTP/AVP 0 97 101",
		"i=speech",
		"c=IN IP6 2001:db8::1",
		"b=AS:80", "b=TIAS:64000",
		"a=rtpmap:97 opus/48000/2",
		"a=fmtp:97 useinbandfec=1",
		"a=rtpmap:101 telephone-event/8000",
		"a=fmtp:101 0-16",
		"a=ptime:20", "a=maxptime:62.5",
		"a=rtcp:53020 IN IP6 2001:db8::2",
		"a=rtcp-mux",
		"a=recvonly",
		"a=label:1", "a=rtcp-rsize",
		"m=image 49180 udptl t38",
		"a=T38FaxVersion:0",
	))
	want := &Description{
		Origin:     Origin{Username: "alice", ID: 2890844526, Version: 2890844527, Host: "host.example"},
		Name:       "A call",
		Host:       "192.0.2.1",
		Bandwidth:  []Bandwidth{{"CT", 128}},
		Timing:     "3034423619 3042462419",
		Direction:  SendOnly,
		Attributes: []Attribute{{"tool", "thing 1.0"}},
		Media: []Media{{
			Kind: "audio", Port: 49170, PortCount: 2, Proto: "RTP/AVP", Host: "2001:db8::1",
			Codecs:    []Codec{pcmu, with(as(opus, 97), "useinbandfec=1"), dtmf},
			Direction: RecvOnly,
			Ptime:     20 * time.Millisecond, MaxPtime: 62500 * time.Microsecond,
			RTCP: RTCP{Port: 53020, Host: "2001:db8::2"}, RTCPMux: true,
			Bandwidth:  []Bandwidth{{"AS", 80}, {"TIAS", 64000}},
			Attributes: []Attribute{{"label", "1"}, {"rtcp-rsize", ""}},
		}, {
			Kind: "image", Port: 49180, PortCount: 1, Proto: "udptl", Host: "192.0.2.1",
			Formats: []string{"t38"}, Direction: SendOnly,
			Attributes: []Attribute{{"T38FaxVersion", "0"}},
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Each body differs from a plain one by one licence that some device takes; all of
// them must be read as the same description.
func TestParseTolerates(t *testing.T) {
	plain := lines("v=0", "o=- 1 2 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0",
		"m=audio 4000 RTP/AVP 0 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=ptime:20", "a=sendrecv")
	text := string(plain)
	swap := func(old, new string) string {
		if !strings.Contains(text, old) {
			panic("no " + old)
		}
		return strings.Replace(text, old, new, 1)
	}
	want := mustParse(t, plain)
	for why, body := range map[string]string{
		"no final CRLF":             strings.TrimSuffix(text, "\r\n"),
		"bare LF":                   strings.ReplaceAll(text, "\r\n", "\n"),
		"bare CR":                   strings.ReplaceAll(text, "\r\n", "\r"),
		"blank lines":               "\r\n" + strings.ReplaceAll(text, "\r\n", "\r\n\r\n"),
		"byte order mark":           "\ufeff" + text,
		"blanks around lines":       strings.ReplaceAll(text, "\r\n", " \t\r\n  "),
		"upper case letters":        swap("m=audio", "M=AUDIO"),
		"upper case version":        swap("v=0", "V=0"),
		"upper case attributes":     swap("a=rtpmap:0 PCMU", "a=RTPMAP:0 PCMU"),
		"upper case direction":      swap("a=sendrecv", "A=SendRecv"),
		"lower case profile":        swap("RTP/AVP", "rtp/avp"),
		"blank after the colon":     swap("a=rtpmap:0 ", "a=rtpmap: 0  "),
		"blank before the colon":    swap("a=ptime:20", "a=ptime : 20"),
		"blank after the letter":    swap("a=ptime:20", "a= ptime:20"),
		"tabs":                      swap("m=audio 4000 RTP/AVP 0 101", "m=audio\t4000\tRTP/AVP\t0\t101"),
		"many blanks":               swap("m=audio 4000 RTP/AVP 0 101", "m=  audio  4000  RTP/AVP  0  101  "),
		"no s=":                     swap("s=-\r\n", ""),
		"empty s=":                  swap("s=-", "s="),
		"no t=":                     swap("t=0 0\r\n", ""),
		"empty t=":                  swap("t=0 0", "t="),
		"two t=":                    swap("t=0 0", "t=0 0\r\nt=1 2"),
		"no user in o=":             swap("o=- 1", "o=1"),
		"blanks in o=":              swap("o=- 1 2", "o=-  1   2"),
		"two o=":                    swap("s=-", "o=x 3 4 IN IP4 192.0.2.9\r\ns=-"),
		"junk behind o=":            swap("IP4 192.0.2.1\r\ns=", "IP4 192.0.2.1 junk\r\ns="),
		"two c= in the session":     swap("t=0 0", "c=IN IP4 192.0.2.7\r\nt=0 0"),
		"bad second c=":             swap("t=0 0", "c=IN IP4 nowhere!\r\nt=0 0"),
		"bad first c=":              swap("c=IN", "c=IN IP4\r\nc=IN"),
		"lower case c=":             swap("c=IN IP4", "c=in ip4"),
		"wrong type in c=":          swap("c=IN IP4", "c=IN IP6"),
		"TTL in c=":                 swap("c=IN IP4 192.0.2.1", "c=IN IP4 192.0.2.1/127"),
		"no a=rtpmap for static":    swap("a=rtpmap:0 PCMU/8000\r\n", ""),
		"channels of mono":          swap("PCMU/8000", "PCMU/8000/1"),
		"no rate":                   swap("telephone-event/8000", "telephone-event"),
		"junk behind a=rtpmap":      swap("PCMU/8000", "PCMU/8000 the usual"),
		"second a=rtpmap":           swap("a=ptime", "a=rtpmap:0 PCMA/8000\r\na=ptime"),
		"second a=ptime":            swap("a=ptime:20", "a=ptime:20\r\na=ptime:30"),
		"ptime with decimals":       swap("a=ptime:20", "a=ptime:20.000"),
		"second direction":          swap("a=sendrecv", "a=sendrecv\r\na=inactive"),
		"no direction":              swap("a=sendrecv\r\n", ""),
		"one port, said":            swap("m=audio 4000", "m=audio 4000/1"),
		"no ports, said":            swap("m=audio 4000", "m=audio 4000/0"),
		"format twice":              swap("0 101\r\n", "0 101 0\r\n"),
		"format that is no number":  swap("0 101\r\n", "0 x 300 -1 101\r\n"),
		"unknown lines":             swap("t=0 0", "t=0 0\r\nx=1\r\nnonsense\r\n=\r\nq"),
		"unreadable b=":             swap("t=0 0", "b=AS\r\nb=:5\r\nb=AS:many\r\nt=0 0"),
		"attribute without name":    swap("a=ptime", "a=:x\r\na=\r\na=ptime"),
		"another description":       text + "v=0\r\no=- 9 9 IN IP4 192.0.2.9\r\nm=video 9 RTP/AVP 31\r\n",
		"fmtp and rtpmap reordered": swap("a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16", "a=fmtp:101 0-16\r\na=rtpmap:101 telephone-event/8000"),
	} {
		got, err := Parse([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", why, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", why, got, want)
		}
	}
}

func TestParseBandwidthBeforeConnection(t *testing.T) {
	s := mustParse(t, lines("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "b=AS:64", "c=IN IP4 192.0.2.1", "t=0 0",
		"m=audio 4000 RTP/AVP 8", "b=AS:80", "c=IN IP4 192.0.2.2"))
	m := s.Media[0]
	if !slices.Equal(s.Bandwidth, []Bandwidth{{"AS", 64}}) || !slices.Equal(m.Bandwidth, []Bandwidth{{"AS", 80}}) {
		t.Errorf("bandwidths %v and %v", s.Bandwidth, m.Bandwidth)
	}
	if s.Host != "192.0.2.1" || m.Host != "192.0.2.2" {
		t.Errorf("hosts %q and %q", s.Host, m.Host)
	}
}

func TestParseOrigin(t *testing.T) {
	for line, want := range map[string]Origin{
		"o=- 1 2 IN IP4 192.0.2.1":                        {ID: 1, Version: 2, Host: "192.0.2.1"},
		"o=alice 1 2 IN IP6 2001:db8::1":                  {Username: "alice", ID: 1, Version: 2, Host: "2001:db8::1"},
		"o=Alice in Wonderland 1 2 IN IP4 192.0.2.1":      {Username: "Alice_in_Wonderland", ID: 1, Version: 2, Host: "192.0.2.1"},
		"o=Mr IN Between 1 2 in ip4 192.0.2.1":            {Username: "Mr_IN_Between", ID: 1, Version: 2, Host: "192.0.2.1"},
		"o=1 2 IN IP4 192.0.2.1":                          {ID: 1, Version: 2, Host: "192.0.2.1"},
		"o=- 1 2 IN IP4 the_phone":                        {ID: 1, Version: 2, Host: "the_phone"},
		"o=- 9223372036854775807 0 IN IP4 h":              {ID: 1<<63 - 1, Host: "h"},
		"o=a b c d e f g h i j k l m n 1 2 IN IP4 h":      {Username: "a_b_c_d_e_f_g_h_i_j_k_l_m_n", ID: 1, Version: 2, Host: "h"},
		"o=- 1 2 IN IP4 IN":                               {ID: 1, Version: 2, Host: "IN"},
		"o=-\t1 \t2 IN IP4 h":                             {ID: 1, Version: 2, Host: "h"},
		"o=sip:+14255550100@example.test 1 2 IN IP4 h.de": {Username: "sip:+14255550100@example.test", ID: 1, Version: 2, Host: "h.de"},
	} {
		if got := mustParse(t, lines("v=0", line, "s=-", "t=0 0")).Origin; got != want {
			t.Errorf("%s: %+v, want %+v", line, got, want)
		}
	}
}

// A version that is no number of 63 bits still tells change from no change.
func TestParseOriginFoldsWhatIsNoNumber(t *testing.T) {
	origin := func(version string) Origin {
		return mustParse(t, lines("v=0", "o=- 7fea "+version+" IN IP4 h")).Origin
	}
	huge, same, next := origin("99999999999999999999998"), origin("99999999999999999999998"), origin("99999999999999999999999")
	if huge != same || huge == next {
		t.Errorf("%v, %v and %v: want the first two equal, the third not", huge, same, next)
	}
	if huge.ID == 0 || huge.ID > 1<<63-1 || huge.Version > 1<<63-1 {
		t.Errorf("%+v does not fit 63 bits", huge)
	}
}

func TestParseHosts(t *testing.T) {
	v4, v6 := netip.MustParseAddr("192.0.2.5"), netip.MustParseAddr("2001:db8::5")
	for _, c := range []struct {
		line, host string
		addr       netip.Addr
	}{
		{"c=IN IP4 192.0.2.5", "192.0.2.5", v4},
		{"c=IN IP4 233.252.0.1/127/3", "233.252.0.1", netip.MustParseAddr("233.252.0.1")},
		{"c=IN IP6 2001:db8::5", "2001:db8::5", v6},
		{"c=IN IP6 2001:DB8:0::5/3", "2001:DB8:0::5", v6},
		{"c=IN IP6 [2001:db8::5]", "2001:db8::5", v6},
		{"c=IN IP6 ::ffff:192.0.2.5", "::ffff:192.0.2.5", v4},
		{"c=IN IP4 media.example.test", "media.example.test", netip.Addr{}},
		{"c=IN IP4 media.example.test.", "media.example.test.", netip.Addr{}},
		{"c=IN IP4 3com", "3com", netip.Addr{}},
		{"c=IN IP4 my_phone", "my_phone", netip.Addr{}},
	} {
		m := mustParse(t, lines("v=0", "o=- 1 1 IN IP4 h", c.line, "m=audio 4000 RTP/AVP 0")).Media[0]
		if m.Host != c.host || m.Addr() != c.addr {
			t.Errorf("%s: host %q, address %v; want %q, %v", c.line, m.Host, m.Addr(), c.host, c.addr)
		}
		if m.AddrPort().IsValid() != c.addr.IsValid() {
			t.Errorf("%s: AddrPort %v", c.line, m.AddrPort())
		}
	}
}

func TestParseConnectionPerStream(t *testing.T) {
	s := mustParse(t, lines("v=0", "o=- 1 1 IN IP4 h", "m=audio 4000 RTP/AVP 0", "c=IN IP4 192.0.2.1", "m=audio 4002 RTP/AVP 0", "c=IN IP4 192.0.2.2"))
	if s.Host != "" || s.Media[0].Host != "192.0.2.1" || s.Media[1].Host != "192.0.2.2" {
		t.Errorf("hosts %q, %q, %q", s.Host, s.Media[0].Host, s.Media[1].Host)
	}
}

func TestParseKeepsSecondConnectionOfStream(t *testing.T) {
	body := audio("m=audio 4000 RTP/AVP 0", "c=IN IP4 192.0.2.8", "c=IN IP6 2001:db8::8", "c=IN IP4 bad!")
	m := mustParse(t, body).Media[0]
	if m.Host != "192.0.2.8" || !slices.Equal(m.MoreHosts, []string{"2001:db8::8"}) {
		t.Errorf("host %q, more %q", m.Host, m.MoreHosts)
	}
}

func TestParseDirections(t *testing.T) {
	for _, c := range []struct {
		session, stream string
		want            Direction
	}{
		{"", "", SendRecv},
		{"a=inactive", "", Inactive},
		{"a=sendonly", "", SendOnly},
		{"a=inactive", "a=sendrecv", SendRecv},
		{"a=sendrecv", "a=recvonly", RecvOnly},
		{"", "a=sendonly", SendOnly},
		{"", "a=sendonly:really", SendRecv}, // a flag has no value: this is another attribute
	} {
		s := mustParse(t, audio(c.session, "m=audio 4000 RTP/AVP 0", c.stream, "m=audio 4002 RTP/AVP 0"))
		if got := s.Media[0].Direction; got != c.want {
			t.Errorf("session %q, stream %q: %v, want %v", c.session, c.stream, got, c.want)
		}
		if got := s.Media[1].Direction; got != s.Direction {
			t.Errorf("session %q: the second stream is %v, not the default", c.session, got)
		}
	}
}

func TestHoldByAddress(t *testing.T) {
	for _, c := range []struct {
		connection, direction string
		port                  int
		held                  bool
		want                  Direction
	}{
		{"c=IN IP4 192.0.2.1", "a=sendrecv", 4000, false, SendRecv},
		{"c=IN IP4 0.0.0.0", "a=sendrecv", 4000, true, SendOnly},
		{"c=IN IP4 0.0.0.0", "a=sendonly", 4000, true, SendOnly},
		{"c=IN IP4 0.0.0.0", "a=recvonly", 4000, true, Inactive},
		{"c=IN IP4 0.0.0.0", "a=inactive", 4000, true, Inactive},
		{"c=IN IP6 ::", "a=sendrecv", 4000, true, SendOnly},
		{"c=IN IP4 nobody.invalid", "a=sendrecv", 4000, true, SendOnly},
		{"c=IN IP4 nobody.INVALID.", "a=sendrecv", 4000, true, SendOnly},
		{"c=IN IP4 invalid.example", "a=sendrecv", 4000, false, SendRecv},
		{"c=IN IP4 192.0.2.1", "a=sendrecv", 0, false, Inactive},
	} {
		m := mustParse(t, audio(fmt.Sprintf("m=audio %d RTP/AVP 0", c.port), c.connection, c.direction)).Media[0]
		if m.Held() != c.held || m.EffectiveDirection() != c.want {
			t.Errorf("%+v: held %v, direction %v", c, m.Held(), m.EffectiveDirection())
		}
	}
}

func TestParseCodecs(t *testing.T) {
	for _, c := range []struct {
		why  string
		body []string
		want []Codec
	}{
		{"a static number with another meaning", []string{"m=audio 4000 RTP/AVP 0", "a=rtpmap:0 L16/16000/2"},
			[]Codec{{Name: "L16", ClockRate: 16000, Channels: 2}}},
		{"G.722 with the sampling rate for the clock", []string{"m=audio 4000 RTP/AVP 9 110", "a=rtpmap:9 G722/16000", "a=rtpmap:110 g722/16000"},
			[]Codec{g722, {Name: "g722", ClockRate: 8000, Channels: 1, PayloadType: 110}}},
		{"several a=fmtp", []string{"m=audio 4000 RTP/AVP 97", "a=rtpmap:97 AMR/8000", "a=fmtp:97 octet-align=1", "a=fmtp:97  mode-set=7"},
			[]Codec{{Name: "AMR", ClockRate: 8000, Channels: 1, PayloadType: 97, Fmtp: "octet-align=1;mode-set=7"}}},
		{"a dynamic number that nothing explains", []string{"m=audio 4000 RTP/AVP 97", "a=fmtp:97 x=y"},
			[]Codec{with(odd97, "x=y")}},
		{"odd channels are one", []string{"m=audio 4000 RTP/AVP 97", "a=rtpmap:97 X/8000/many"},
			[]Codec{{Name: "X", ClockRate: 8000, Channels: 1, PayloadType: 97}}},
	} {
		if got := mustParse(t, audio(c.body...)).Media[0].Codecs; !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.why, got, c.want)
		}
	}
}

func TestParseKeepsWhatItCannotUse(t *testing.T) {
	m := mustParse(t, audio("m=audio 4000 RTP/AVP 0",
		"a=rtpmap:99 opus/48000/2", // not in the m= line
		"a=rtpmap:0 /8000", "a=rtpmap:0 PCMU/0", "a=rtpmap:x PCMU/8000", "a=rtpmap:0",
		"a=fmtp:0", "a=fmtp:99 x", "a=ptime:soon", "a=ptime:0", "a=ptime:20ms", "a=maxptime:99999", "a=maxptime:10000.5",
		"a=ptime:2.x", "a=rtcp:0", "a=rtcp:99999", "a=rtcp:", "a=rtcp:5000 IN IP4", "a=rtcp:5000 IN IP4 1.2.3",
		"a=rtcp-mux:1", "a=X-Custom: value : with colons", "a=flag")).Media[0]
	if len(m.Attributes) != 21 {
		t.Errorf("%d attributes kept, want 21: %q", len(m.Attributes), m.Attributes)
	}
	if last := m.Attributes[19:]; !slices.Equal(last, []Attribute{{"X-Custom", "value : with colons"}, {"flag", ""}}) {
		t.Errorf("last attributes %q", last)
	}
	if m.Ptime != 0 || m.MaxPtime != 0 || m.RTCP != (RTCP{}) || m.RTCPMux || !slices.Equal(m.Codecs, []Codec{pcmu}) {
		t.Errorf("the unusable was used: %+v", m)
	}
	if v, ok := m.Attribute("x-custom"); !ok || v != "value : with colons" {
		t.Errorf("Attribute = %q, %v", v, ok)
	}
	if _, ok := m.Attribute("none"); ok {
		t.Error("an attribute that is not there was found")
	}
}

func TestParseStreamsThatAreNoAudio(t *testing.T) {
	s := mustParse(t, audio(
		"m=video 5000 RTP/AVPF 96 97", "a=rtpmap:96 VP8/90000",
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
		"m=x-shared 5004 X/Proto a b c",
		"m=audio 0 RTP/AVP",
		"m=audio 0 RTP/AVP 0 8",
		"m=audio 5006 RTP/AVP abc",
		"m=audio 5008 RTP/AVP 8"))
	if len(s.Media) != 7 {
		t.Fatalf("%d streams, want 7", len(s.Media))
	}
	for i, want := range []struct {
		rtp, audio      bool
		codecs, formats int
	}{{true, false, 2, 0}, {false, false, 0, 1}, {false, false, 0, 3}, {true, false, 0, 0}, {true, false, 2, 0}, {true, true, 0, 1}, {true, true, 1, 0}} {
		m := &s.Media[i]
		if m.RTP() != want.rtp || m.Audio() != want.audio || len(m.Codecs) != want.codecs || len(m.Formats) != want.formats {
			t.Errorf("stream %d: RTP %v, audio %v, codecs %v, formats %q; want %+v", i, m.RTP(), m.Audio(), m.Codecs, m.Formats, want)
		}
	}
	if s.Audio() != &s.Media[5] {
		t.Errorf("Audio() = %+v", s.Audio())
	}
	if (&Description{}).Audio() != nil {
		t.Error("a session without streams has audio")
	}
}

func TestParseSessionPtimeIsTheDefault(t *testing.T) {
	s := mustParse(t, audio("a=ptime:30", "m=audio 4000 RTP/AVP 0", "m=audio 4002 RTP/AVP 0", "a=ptime:10"))
	if a, b := s.Media[0].Ptime, s.Media[1].Ptime; a != 30*time.Millisecond || b != 10*time.Millisecond {
		t.Errorf("packet times %v and %v", a, b)
	}
}

func TestRTCPAddress(t *testing.T) {
	for _, c := range []struct{ m, attribute, want string }{
		{"m=audio 4000 RTP/AVP 0", "", "192.0.2.1:4001"},
		{"m=audio 4000 RTP/AVP 0", "a=rtcp:5001", "192.0.2.1:5001"},
		{"m=audio 4000 RTP/AVP 0", "a=rtcp:5001 IN IP4 192.0.2.9", "192.0.2.9:5001"},
		{"m=audio 4000 RTP/AVP 0", "a=rtcp:5001 IN IP4 name.example", "invalid AddrPort"},
		{"m=audio 65535 RTP/AVP 0", "", "invalid AddrPort"},
	} {
		m := mustParse(t, audio(c.m, c.attribute)).Media[0]
		if got := m.RTCPAddrPort().String(); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.m, c.attribute, got, c.want)
		}
	}
}

func TestParseErrorsTeach(t *testing.T) {
	many := func(n int, line string) string { return strings.Repeat(line+"\r\n", n) }
	start := "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\n"
	for _, c := range []struct {
		why, body string
		line      int
		fault     string
	}{
		{"nothing", "", 0, "empty body"},
		{"blank lines", "\r\n\r\n", 0, "empty body"},
		{"another format", "<xml/>", 1, "not SDP"},
		{"another version", "\r\nv=1\r\n", 2, "not SDP"},
		{"no version", "o=- 1 1 IN IP4 h\r\n", 1, "not SDP"},
		{"binary", "v=0\r\no=\x00", 0, "NUL"},
		{"no origin", "v=0\r\ns=-\r\n", 0, "no o="},
		{"origin too short", "v=0\r\no=- 1 IN\r\n", 2, "origin"},
		{"origin without address", "v=0\r\no=- 1 2 IN IP4\r\n", 2, "origin"},
		{"origin of another network", "v=0\r\no=- 1 2 ATM NSAP x\r\n", 2, "origin"},
		{"m= too short", start + "m=audio 4000\r\n", 4, "fewer than four"},
		{"m= empty", start + "m=\r\n", 4, "fewer than four"},
		{"port that is no number", start + "m=audio x RTP/AVP 0\r\n", 4, "port"},
		{"port beyond 65535", start + "m=audio 65536 RTP/AVP 0\r\n", 4, "port"},
		{"port below 0", start + "m=audio -1 RTP/AVP 0\r\n", 4, "port"},
		{"count that is none", start + "m=audio 4000/x RTP/AVP 0\r\n", 4, "number of ports"},
		{"no format", start + "m=audio 4000 RTP/AVP\r\n", 4, "no format"},
		{"no address anywhere", "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nm=audio 4000 RTP/AVP 0\r\na=x\r\n", 4, "no address"},
		{"no address for the first", "v=0\r\no=- 1 1 IN IP4 h\r\nm=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n", 3, "no address"},
		{"session address that is none", "v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 192.0.2.256\r\nm=audio 4000 RTP/AVP 0\r\n", 3, "address"},
		{"stream address that is none", start + "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 -\r\n", 5, "address"},
		{"three numbers", start + "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 1.2.3\r\n", 5, "address"},
		{"an empty label", start + "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 a..example\r\n", 5, "address"},
		{"a bad second c= of another stream", "v=0\r\no=- 1 1 IN IP4 h\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\nc=IN IP4 ?\r\nm=audio 4002 RTP/AVP 0\r\n", 6, "no address"},
		{"a zone", start + "m=audio 4000 RTP/AVP 0\r\nc=IN IP6 fe80::1%eth0\r\n", 5, "address"},
		{"c= too short", start + "m=audio 4000 RTP/AVP 0\r\nc=IN IP4\r\n", 5, "address"},
		{"a name of 256 letters", start + "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 " + strings.Repeat("a", 256) + "\r\n", 5, "address"},
		{"too many bytes", start + strings.Repeat("a", MaxSize), 0, "bytes"},
		{"too many lines", start + many(MaxLines, "a=x"), MaxLines + 1, "lines"},
		{"too many blank lines", start + strings.Repeat("\n", MaxLines) + "a=x", MaxLines + 4, "lines"},
		{"too many streams", start + many(MaxMedia+1, "m=audio 4000 RTP/AVP 0"), MaxMedia + 4, "m= lines"},
		{"too many formats", start + "m=audio 4000 RTP/AVP" + strings.Repeat(" 0", MaxFormats+1), 4, "formats"},
	} {
		s, err := Parse([]byte(c.body))
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v, %v; want an *Error", c.why, s, err)
			continue
		}
		if e.Line != c.line || !strings.Contains(e.Fault, c.fault) || e.Fix == "" || len(e.Text) > 80 {
			t.Errorf("%s: %+v, want line %d, fault %q", c.why, e, c.line, c.fault)
		}
		if text := err.Error(); strings.ContainsAny(text, "\r\n\x00") || !strings.HasPrefix(text, "sdp: ") || !strings.Contains(text, e.Fix) {
			t.Errorf("%s: message %q", c.why, text)
		}
	}
}

func TestParseErrorMessage(t *testing.T) {
	_, err := Parse(audio("m=audio many RTP/AVP 0"))
	const want = `sdp: line 6 "m=audio many RTP/AVP 0": the port is no number from 0 to 65535: write "m=audio <port> RTP/AVP <payload numbers>"`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// What has no need of an address is read without one.
func TestParseNeedsNoAddressWhereNothingIsSent(t *testing.T) {
	mustParse(t, lines("v=0", "o=- 1 1 IN IP4 h", "c=IN IP4 ???", "m=audio 0 RTP/AVP 0", "m=application 9 UDP/BFCP *",
		"m=audio 4000 RTP/AVP 0", "c=IN IP4 192.0.2.1"))
}

// The Description must not change with the buffer that it was read from.
func TestParseCopiesTheBody(t *testing.T) {
	body := audio("m=audio 4000 RTP/AVP 0", "a=label:1")
	s := mustParse(t, body)
	before := s.String()
	for i := range body {
		body[i] = 'x'
	}
	if after := s.String(); after != before {
		t.Errorf("the description changed with the buffer:\n%s\n%s", before, after)
	}
}
