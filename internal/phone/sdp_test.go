package phone

import (
	"errors"
	"net/netip"
	"reflect"
	"testing"
)

func TestDescription(t *testing.T) {
	for _, at := range []string{"192.0.2.1:4000", "[2001:db8::1]:4000"} {
		d := Describe(netip.MustParseAddrPort(at), "PCMA", "opus", "telephone-event")
		d.Direction, d.Version = SendOnly, 3
		got, err := ParseDescription(d.String())
		if err != nil || !reflect.DeepEqual(got, d) {
			t.Errorf("%v\n%+v\n%+v", err, d, got)
		}
	}
}

func TestParseDescription(t *testing.T) {
	d, err := ParseDescription("v=0\no=- 1 7 IN IP4 h\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=video 9 RTP/AVP 31\n" +
		"c=IN IP4 192.0.2.9\nm=audio 4002 RTP/AVP 97 0\nc=IN IP4 192.0.2.2\na=rtpmap:97 PCMA/8000\na=inactive\nm=video 1 x 9\na=sendonly\n")
	want := Description{
		Address: netip.MustParseAddrPort("192.0.2.2:4002"), Codecs: []string{"PCMA", "PCMU"},
		Types: []int{97, 0}, Direction: Inactive, Version: 7, Proto: "RTP/AVP",
	}
	if err != nil || !reflect.DeepEqual(d, want) {
		t.Errorf("%v\n%+v", err, d)
	}
	if _, err := ParseDescription("v=0\r\n"); !errors.Is(err, ErrNoAudio) {
		t.Errorf("no audio: %v", err)
	}
	if _, err := ParseDescription("m=audio 5 RTP/AVP 0\r\nc=IN IP4 host\r\n"); err == nil {
		t.Error("a host name was taken")
	}
}

func TestAnswerDescription(t *testing.T) {
	offer := Description{Codecs: []string{"G729", "PCMA", "PCMU"}, Types: []int{18, 97, 0}, Direction: SendOnly}
	own := Describe(netip.MustParseAddrPort("192.0.2.1:4000"))
	a := own.Answer(offer)
	if !reflect.DeepEqual(a.Codecs, []string{"PCMA", "PCMU"}) || !reflect.DeepEqual(a.Types, []int{97, 0}) {
		t.Errorf("%+v", a)
	}
	for _, c := range [][3]string{
		{SendRecv, SendRecv, SendRecv}, {SendRecv, SendOnly, RecvOnly}, {SendRecv, RecvOnly, SendOnly},
		{SendRecv, Inactive, Inactive}, {SendOnly, SendOnly, Inactive}, {SendOnly, SendRecv, SendOnly},
		{Inactive, SendRecv, Inactive}, {RecvOnly, SendOnly, RecvOnly},
	} {
		own.Direction, offer.Direction = c[0], c[1]
		if got := own.Answer(offer).Direction; got != c[2] {
			t.Errorf("own %s, offer %s: answer %s, not %s", c[0], c[1], got, c[2])
		}
	}
}

func FuzzParseDescription(f *testing.F) {
	f.Add(Describe(netip.MustParseAddrPort("192.0.2.1:4000")).String())
	f.Add("m=audio 1 x 0\nc=IN IP6 ::1\na=rtpmap:0 \na=rtpmap:x y")
	f.Fuzz(func(t *testing.T, body string) {
		d, err := ParseDescription(body)
		if err == nil && len(d.Codecs) != len(d.Types) {
			t.Fatalf("%+v", d)
		}
	})
}
