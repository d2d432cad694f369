package wire

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// checkStable writes a message and reads it again: the second message must mean the
// same, and be written the same.
func checkStable(t testing.TB, msg sip.Message) {
	t.Helper()
	text, err := Append(nil, msg)
	if err != nil {
		t.Fatalf("accepted but not written: %v", err)
	}
	if bytes.Index(text, []byte(endOfHead)) > MaxHead {
		return // written out, the compact names no longer fit
	}
	again, fault := Parse(text)
	if fault != nil {
		t.Fatalf("refused what was written: %v\n%q", fault, text)
	}
	if want, got := meaning(msg), meaning(again); !reflect.DeepEqual(got, want) {
		t.Fatalf("read again as\n%#v\nwant\n%#v", got, want)
	}
	second, err := Append(nil, again)
	if err != nil || !bytes.Equal(second, text) {
		t.Fatalf("written again as\n%q (%v)\nwant\n%q", second, err, text)
	}
}

// meaning is a message without the place of its Content-Length.
func meaning(msg sip.Message) (parts []any) {
	switch m := msg.(type) {
	case *sip.Request:
		parts = append(parts, m.Method, m.Recipient)
	case *sip.Response:
		parts = append(parts, m.StatusCode, m.Reason)
	}
	for _, h := range headers(msg) {
		if _, ok := h.(*sip.ContentLengthHeader); !ok {
			parts = append(parts, h)
		}
	}
	return append(parts, msg.Body())
}

func addTortureSeeds(f *testing.F) {
	for _, messages := range []map[string]string{tortureValid, tortureInvalid, tortureOther} {
		for _, text := range messages {
			f.Add([]byte(text))
		}
	}
	for _, test := range rfc5118 {
		f.Add([]byte(test.text))
	}
	f.Add(invite)
	f.Add([]byte("OPTIONS sip:%%34%31@h?&a=b SIP/2.0\r\nVia:SIP/2.0/UDP h\r\nf:A<sip:h>;a=\"\\\"\"\r\nt:sip:h\r\n" +
		"i:1\r\nCSeq:1 OPTIONS\r\nRecord-Route: \"a\" <sip:h;lr>;x, <sip:i>\r\nm:*\r\n\r\n"))
}

func FuzzParse(f *testing.F) {
	addTortureSeeds(f)
	f.Fuzz(func(t *testing.T, datagram []byte) {
		began := time.Now()
		msg, fault := Parse(datagram)
		if took := time.Since(began); took > 5*time.Second {
			t.Fatalf("%d bytes took %v", len(datagram), took)
		}
		if (msg == nil) == (fault == nil) {
			t.Fatalf("message %v and fault %v", msg, fault)
		}
		if fault != nil {
			checkFuzzedAnswer(t, fault)
			return
		}
		checkStable(t, msg)
		useAccessors(msg)
		if req, ok := msg.(*sip.Request); ok {
			checkFuzzedResponse(t, req)
		}
	})
}

func checkFuzzedAnswer(t *testing.T, fault *Fault) {
	_ = fault.Error()
	answer, _ := fault.Response("UDP", stranger)
	if (answer != nil) != fault.Answered() {
		t.Fatalf("Answered %v with %q", fault.Answered(), answer)
	}
	if answer == nil {
		return
	}
	if n := bytes.Count(answer, []byte(endOfHead)); n != 1 || bytes.IndexByte(answer, 0) >= 0 {
		t.Fatalf("answer %q", answer)
	}
}

func checkFuzzedResponse(t *testing.T, req *sip.Request) {
	StampVia(req.Via(), stranger)
	res := NewResponse(req, 404, "", "t")
	text, err := Append(nil, res)
	if err != nil {
		t.Fatalf("response not written: %v", err)
	}
	back, fault := Parse(text)
	if len(req.GetHeaders("Via")) > 1 || bytes.Index(text, []byte(endOfHead)) > MaxHead {
		return
	}
	if fault != nil {
		t.Fatalf("response refused: %v\n%q", fault, text)
	}
	if ToTag(back) == "" || FromTag(back) != FromTag(req) || Branch(back) != Branch(req) {
		t.Fatalf("response lost its ids\n%q", text)
	}
}

// useAccessors runs everything that reads a header later.
func useAccessors(msg sip.Message) {
	for _, h := range headers(msg) {
		_, _ = Addresses(msg, h.Name())
		_ = Tokens(msg, h.Name())
		_, _, _ = SplitParams(h.Value())
	}
	_, _, _ = Reasons(msg), Warnings(msg), Privacy(msg)
	_, _ = RAck(msg)
	_, _ = Expires(msg)
	for _, c := range Contacts(msg) {
		_, _ = ContactExpires(msg, c)
		_ = EqualURI(&c.Address, &c.Address)
	}
}

// FuzzFramer: however a stream is cut, the frames are the same, and each message is
// one that Parse can take.
func FuzzFramer(f *testing.F) {
	addTortureSeeds(f)
	f.Add([]byte("\r\n\r\n\r\nOPTIONS sip:h SIP/2.0\r\nl:3\r\n\r\nabcOPTIONS sip:h SIP/2.0\r\n\r\n\r\n"))
	f.Add([]byte("INVITE sip:h SIP/2.0\r\nContent-Length\t:\r\n 3\r\n\r\nabc"))
	f.Add([]byte("\r\n\rGET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		if len(stream) > 1<<17 {
			return
		}
		whole := frames(stream, len(stream)+1)
		for _, size := range []int{1, 3, 1000} {
			if cut := frames(stream, size); !reflect.DeepEqual(cut, whole) {
				t.Fatalf("cut by %d: %q, whole: %q", size, cut, whole)
			}
		}
	})
}

// frames runs a stream through a Framer in pieces and tells what came out.
func frames(stream []byte, size int) (out []string) {
	var f Framer
	for len(stream) > 0 {
		n := min(size, len(stream))
		f.Push(stream[:n])
		stream = stream[n:]
		for {
			frame := f.Next()
			switch frame.Kind {
			case FramePing:
				out = append(out, "ping")
				continue
			case FrameMessage:
				_, fault := Parse(frame.Data)
				out = append(out, string(frame.Data))
				if fault != nil && fault.Phrase == "Bad Content-Length: larger than the message" {
					return append(out, "framer and parser differ")
				}
				continue
			case FrameBroken:
				return append(out, "broken")
			}
			break
		}
		if len(f.buf) > MaxHead+MaxBody+len(endOfHead)+size {
			return append(out, "buffer grew")
		}
	}
	return out
}

// FuzzURI: a URI is refused, or its normal form is its own and equal to it.
func FuzzURI(f *testing.F) {
	for _, text := range []string{"sip:a:b@h:5060;lr;x=%41%2f?Route=%3Csip:x%3E", "sips:[2001:db8::1]:5061", "tel:+1;ext=2", "urn:service:sos", "sip:%%34%31@h?&=x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		uri, err := ParseURI(text)
		if err != nil {
			return
		}
		written := string(AppendURI(nil, &uri))
		again, err := ParseURI(written)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", text, written, err)
		}
		if !reflect.DeepEqual(again, uri) || !EqualURI(&again, &uri) {
			t.Fatalf("%q was written as %q, which is\n%#v, want\n%#v", text, written, again, uri)
		}
	})
}

// FuzzNameAddr: an address is refused, or is written and read as the same.
func FuzzNameAddr(f *testing.F) {
	for _, text := range []string{`"A \"B\"" <sip:a@h;x>;tag=1;y="z, \\"`, "sip:a@h;tag=1", "Alice <tel:+1>", `<sip:a@h>, "b" <sip:b@h>`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseNameAddrs(text)
		if err != nil {
			return
		}
		for _, a := range list {
			again, err := ParseNameAddr(a.String())
			if err != nil || !reflect.DeepEqual(again, a) {
				t.Fatalf("%q was written as %q: %+v, %v", text, a.String(), again, err)
			}
		}
	})
}
