package sdp

import (
	"strings"
	"testing"
	"time"
)

func TestAppendEveryField(t *testing.T) {
	s := &Description{
		Origin:     Origin{Username: "Mr T", ID: 7, Version: 8, Host: "2001:db8::1"},
		Name:       "A call",
		Host:       "192.0.2.1",
		Bandwidth:  []Bandwidth{{"CT", 128}},
		Timing:     "1 2",
		Direction:  RecvOnly,
		Attributes: []Attribute{{"tool", "x"}},
		Media: []Media{{
			Kind: "audio", Port: 4000, PortCount: 2, Proto: "RTP/AVP", Host: "2001:db8::1", MoreHosts: []string{"h.example"},
			Codecs:    []Codec{pcmu, opus, odd97},
			Direction: RecvOnly, Ptime: 20 * time.Millisecond, MaxPtime: 62500 * time.Microsecond,
			RTCP: RTCP{Port: 5000, Host: "192.0.2.2"}, RTCPMux: true,
			Bandwidth:  []Bandwidth{{"AS", 80}},
			Attributes: []Attribute{{"label", "1"}, {"rtcp-rsize", ""}},
		}, {
			Kind: "video", Proto: "RTP/AVP", Host: "192.0.2.1", Formats: []string{"31"}, Direction: RecvOnly,
		}, {
			Kind: "image", Port: 4002, Proto: "udptl", Host: "192.0.2.1", Formats: []string{"t38"}, Direction: SendRecv,
		}},
	}
	want := string(lines("v=0", "o=Mr_T 7 8 IN IP6 2001:db8::1", "s=A call", "c=IN IP4 192.0.2.1", "b=CT:128", "t=1 2", "a=recvonly", "a=tool:x",
		"m=audio 4000/2 RTP/AVP 0 111 97", "c=IN IP6 2001:db8::1", "c=IN IP4 h.example", "b=AS:80",
		"a=rtpmap:0 PCMU/8000", "a=rtpmap:111 opus/48000/2", "a=fmtp:111 useinbandfec=1",
		"a=ptime:20", "a=maxptime:62.5", "a=rtcp:5000 IN IP4 192.0.2.2", "a=rtcp-mux", "a=label:1", "a=rtcp-rsize", "a=recvonly",
		"m=video 0 RTP/AVP 31",
		"m=image 4002 udptl t38", "a=sendrecv"))
	if got := s.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := string(s.Append([]byte("before"))); got != "before"+want {
		t.Errorf("Append does not append: %s", got)
	}
}

// The first c= of a stream is its own, so it cannot be left out before a second.
func TestAppendRepeatsTheHostBeforeMore(t *testing.T) {
	body := string(audio("m=audio 4000 RTP/AVP 0", "c=IN IP4 192.0.2.1", "c=IN IP4 192.0.2.2", "a=rtpmap:0 PCMU/8000", "a=sendrecv"))
	if got := mustParse(t, []byte(body)).String(); got != body {
		t.Errorf("got\n%s\nwant\n%s", got, body)
	}
}

func TestAppendFillsWhatSDPDemands(t *testing.T) {
	got := (&Description{Direction: SendRecv}).String()
	want := string(lines("v=0", "o=- 0 0 IN IP4 0.0.0.0", "s=-", "t=0 0"))
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Values come from users and peers: none may add a line.
func TestAppendLetsNothingBreakOut(t *testing.T) {
	const evil = "x\r\na=evil:1\x00\ny"
	s := &Description{
		Origin: Origin{Username: evil, Host: evil}, Name: evil, Host: evil, Timing: evil, Direction: SendRecv,
		Bandwidth:  []Bandwidth{{evil, 1}},
		Attributes: []Attribute{{evil, evil}},
		Media: []Media{{
			Kind: evil, Port: 1, Proto: evil, Host: "h" + evil, MoreHosts: []string{evil}, Formats: []string{evil},
			Codecs:     []Codec{{Name: evil, ClockRate: 1, Fmtp: evil}},
			RTCP:       RTCP{Port: 1, Host: evil},
			Attributes: []Attribute{{evil, evil}},
		}},
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(s.String(), "\r\n"), "\r\n") {
		if strings.HasPrefix(line, "a=evil") || strings.ContainsAny(line, "\r\n\x00") || len(line) < 2 || line[1] != '=' {
			t.Errorf("line %q", line)
		}
	}
}

func TestAppendTimes(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                       "",
		-time.Millisecond:       "",
		20 * time.Millisecond:   "a=ptime:20\r\n",
		2500 * time.Microsecond: "a=ptime:2.5\r\n",
		time.Nanosecond:         "a=ptime:0.000001\r\n",
		10 * time.Second:        "a=ptime:10000\r\n",
	} {
		got := string(appendTime(nil, "a=ptime:", d))
		if got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
		if d > 0 {
			value := strings.TrimSuffix(strings.TrimPrefix(got, "a=ptime:"), "\r\n")
			if back, ok := milliseconds(value); !ok || back != d {
				t.Errorf("%q is read as %v, %v; want %v", value, back, ok, d)
			}
		}
	}
}

// A body in our own form is read and written without a change.
func TestOwnFormIsAFixedPoint(t *testing.T) {
	for _, d := range devices {
		once := string(mustParse(t, d.body).Append(nil))
		if twice := string(mustParse(t, []byte(once)).Append(nil)); twice != once {
			t.Errorf("%s:\nonce\n%s\ntwice\n%s", d.name, once, twice)
		}
	}
}
