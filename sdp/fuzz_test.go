package sdp

import (
	"errors"
	"reflect"
	"testing"
)

// seeds are the bodies that fuzzing begins with.
func seeds(f *testing.F) {
	for _, d := range devices {
		f.Add(d.body)
	}
	f.Add([]byte("v=0\no=  1 2 IN IP6 ::1\nm=audio 1/2 RTP/AVP 0 0 96 x\nc=IN IP4 a.invalid\nc=IN IP6 ::\na=rtpmap:96 a/1/2\na=fmtp:96 x;y=z;\na=ptime:0.5\na=rtcp:1 IN IP4 h"))
	f.Add([]byte("v=0\no=0 0 IN 0 0\nC=0 0 0A\nm=0 0 0\nC=")) // a bad address where none is needed
	f.Add([]byte("v=0\ro=a b 1 2 IN IP4 h\rb=X:1\ra=inactive\ra=ptime:1\rm=video 0 RTP/AVP\rm=x 1 y z"))
}

// FuzzParse: no panic, nothing beyond the limits, and what is read is written so that
// it reads the same again.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := Parse(body)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Fault == "" || e.Fix == "" || len(e.Error()) > 1000 {
				t.Fatalf("error %v", err)
			}
			return
		}
		checkBounds(t, s)
		once := s.Append(nil)
		// The longest expansion is of the two bytes " 0" to an a=rtpmap line.
		if len(once) > 16*len(body)+1000 {
			t.Fatalf("%d bytes became %d", len(body), len(once))
		}
		again, err := Parse(once)
		if err != nil {
			if len(body) < 8<<10 && len(once) < MaxSize {
				checkLines(t, once, err)
			}
			return
		}
		if !reflect.DeepEqual(s, again) {
			t.Fatalf("read again it differs:\n%q\n%+v\n%+v", once, s, again)
		}
	})
}

// checkLines lets through only the failure that a body at the limit of lines has
// grown beyond it by the lines that it left out.
func checkLines(t *testing.T, body []byte, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Line <= MaxLines {
		t.Fatalf("our own form cannot be read: %v\n%q", err, body)
	}
}

func checkBounds(t *testing.T, s *Description) {
	t.Helper()
	if len(s.Media) > MaxMedia || s.Direction > SendRecv || s.Timing == "" {
		t.Fatalf("%+v", s)
	}
	for i := range s.Media {
		m := &s.Media[i]
		if len(m.Codecs) > MaxFormats || len(m.Formats) > MaxFormats || m.PortCount < 1 || m.Direction > SendRecv {
			t.Fatalf("%+v", m)
		}
		if m.Audio() && m.Host == "" {
			t.Fatalf("audio without an address: %+v", m)
		}
		for _, c := range m.Codecs {
			if c.PayloadType > 127 || c.Name != "" && (c.ClockRate <= 0 || c.Channels < 1) {
				t.Fatalf("%+v", c)
			}
		}
	}
}

// FuzzAnswer: every answer to a body from the network is legal and can be read.
func FuzzAnswer(f *testing.F) {
	seeds(f)
	l := ours(pcmu, pcma, g722, g729, opus, dtmf, cn)
	l.RTCPMux = true
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
		if err := legalAnswer(offer, answer, l); err != nil {
			t.Fatalf("%v\noffer\n%v\nanswer\n%v", err, offer, answer)
		}
		read, err := Parse(answer.Append(nil))
		if err != nil {
			t.Fatalf("our answer cannot be read: %v\n%v", err, answer)
		}
		if _, _, err := Agreed(offer, read); err != nil {
			t.Fatalf("our answer agrees on nothing: %v\n%v", err, answer)
		}
		// The body as an answer to an offer of ours must not upset the reader either.
		if _, _, err := Agreed(answer, offer); err != nil && !errors.Is(err, ErrBadAnswer) && !errors.Is(err, ErrRefused) {
			t.Fatal(err)
		}
	})
}
