package refer

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/wire"
)

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{
		"sip:alice@atlanta.example.com",
		"<sip:dave@denver.example.org?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994>",
		"<sip:bob@biloxi.example.net?Accept-Contact=sip:bobsdesk.biloxi.example.net&Call-ID%3D55432%40alicepc.atlanta.example.com>",
		"<sip:carol@cleveland.example.org;method=SUBSCRIBE>", "http://www.ietf.org", `"B \"x\"" <tel:+1-201-555-0123;phone-context=h>`,
		"<sip:+358-555;postd=pp22@foo.com;user=phone?Require=replaces%2Cx&Subject=%0d%0a>;x=y", "<sip:[::1]:5>", "",
		"<sip:a@h?Join=x%3Bto-tag%3D1%3Bfrom-tag%3D2>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		target, r := ParseTarget(value)
		if r != nil {
			checkRefusal(t, r)
			return
		}
		written, err := target.Value()
		if err != nil {
			// A URI may hold what we read and do not write, but then it says so.
			if !errors.Is(err, ErrUnsafe) {
				t.Fatalf("%q: %v", value, err)
			}
			return
		}
		if !onLine(written) {
			t.Fatalf("%q becomes %q", value, written)
		}
		again, r := ParseTarget(written)
		if r != nil || !reflect.DeepEqual(again.Replaces, target.Replaces) || !reflect.DeepEqual(again.Join, target.Join) || !reflect.DeepEqual(again.Headers, target.Headers) ||
			!reflect.DeepEqual(again.Require, target.Require) || again.Number != target.Number || again.User != target.User || again.Host != target.Host {
			t.Fatalf("%q\n is %+v\n but %q\n is %+v %v", value, target, written, again, r)
		}
	})
}

// checkRefusal looks at what would go onto the wire.
func checkRefusal(t *testing.T, r *Refusal) {
	t.Helper()
	if r.Status < 400 || r.Status > 699 || !onLine(r.Phrase) || len(r.Phrase) > 400 {
		t.Fatalf("refused with %d %q", r.Status, r.Phrase)
	}
}

func FuzzParseReplaces(f *testing.F) {
	for _, s := range []string{
		"98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff", "12adf2f34456gs5;to-tag=12345;from-tag=54321;early-only",
		"x;to-tag=1;to-tag=2;from-tag=3", "x ; TO-TAG = \"1\" ; from-tag=2", ";", "x,y;to-tag=1;from-tag=2",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		r, err := ParseReplaces(value)
		if err == nil {
			written, err := r.Value()
			if err != nil {
				t.Fatalf("%q is %+v, which cannot be written: %v", value, r, err)
			}
			if again, err := ParseReplaces(written); err != nil || again != r {
				t.Fatalf("%q is %+v, and %q is %+v, %v", value, r, written, again, err)
			}
		}
		if d, ok := ParseTargetDialog(value); ok {
			if _, err := d.Value(); err != nil {
				t.Fatalf("%q is %+v, which cannot be written: %v", value, d, err)
			}
		}
	})
}

func FuzzParseReferredBy(f *testing.F) {
	for _, s := range []string{
		`sip:r@ref.example;cid="2UWQFN309shb3@ref.example"`, "<sip:alice@phone1.example.org>", `"A" <sips:a@h;user=phone>;x=y`, "<", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		by, err := ParseReferredBy(value)
		if err != nil {
			return
		}
		if by.Raw != value {
			t.Fatalf("%q was modified: %q", value, by.Raw)
		}
		if written, err := by.Value(); err == nil && !onLine(written) {
			t.Fatalf("%q leaves its line", written)
		}
	})
}

func FuzzParseFragment(f *testing.F) {
	for _, s := range []string{
		"SIP/2.0 100 Trying\r\n", "SIP/2.0 200 OK", "\r\nsip/2.0  486 Busy\nTo: x", "SIP/2.0 200", "INVITE sip:a@h SIP/2.0\r\n", "", "SIP/2.0 500 \xff\x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := ParseFragment(body)
		if err != nil {
			return
		}
		if s.Code < 100 || s.Code > 699 || !onLine(s.Phrase) || len(s.Phrase) > maxPhrase || !utf8.ValidString(s.Phrase) {
			t.Fatalf("%q is %+v", body, s)
		}
		again, err := ParseFragment(s.Fragment())
		if err != nil || again.Code != s.Code || s.Phrase != "" && again.Phrase != s.Phrase {
			t.Fatalf("%q is %+v, written and read %+v, %v", body, s, again, err)
		}
	})
}

// FuzzReceive hands any message to references in any state: each REFER, SUBSCRIBE and NOTIFY
// is answered or asked about, once, and nothing that is written leaves its line.
func FuzzReceive(f *testing.F) {
	for _, s := range []string{
		"REFER\nRefer-To: <sip:c@h>\nReferred-By: <sip:a@h>\n", "REFER\nRefer-To: <sip:c@h>\nRefer-Sub: false\n",
		"SUBSCRIBE\nEvent: refer;id=1\nExpires: 0\n", "NOTIFY\nEvent: refer;id=101\nSubscription-State: terminated;reason=noresource\n\nSIP/2.0 200 OK",
		"NOTIFY\nEvent: refer\nSubscription-State: active;expires=9\nContent-Type: message/sipfrag\n\nSIP/2.0 180 Ringing",
	} {
		for state := range uint8(4) {
			f.Add(state, s)
		}
	}
	f.Fuzz(func(t *testing.T, state uint8, text string) {
		method, rest, _ := strings.Cut(text, "\n")
		head, body, _ := strings.Cut(rest, "\n\n")
		msg, fault := wire.Parse([]byte(method + " sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nTo: <sip:b@h>;tag=1\r\n" +
			"From: <sip:a@h>;tag=2\r\nCall-ID: x\r\nCSeq: 7 " + method + "\r\n" + strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body))
		if fault != nil {
			return
		}
		req, ok := msg.(*sip.Request)
		if !ok || req.Method != sip.REFER && req.Method != sip.SUBSCRIBE && req.Method != sip.NOTIFY {
			return
		}
		s := tell(t, Config{})
		bring(s, state)
		checkReceived(t, s.r.Receive(s.now, req))
	})
}

// bring brings references into one of four states.
func bring(s *story, state uint8) {
	switch state % 4 {
	case 1:
		s.seq = 0
		s.refers()
		s.r.Accept(s.now)
	case 2:
		s.sends(toC())
	case 3:
		s.sends(toC())
		s.answered(202)
		s.notifies("refer", "active;expires=60", "SIP/2.0 180 Ringing")
	}
}

func checkReceived(t *testing.T, acts []Action) {
	t.Helper()
	answers := 0
	for _, a := range acts {
		switch {
		case a.Respond != nil:
			answers++
			if a.Respond.Seq != 7 || a.Respond.Status < 200 || !onLine(a.Respond.Phrase) {
				t.Fatalf("%s", responseLine(a.Respond))
			}
		case a.Send != nil:
			checkSent(t, a.Send)
		default:
			if _, asked := a.Report.(Referred); asked {
				answers++
			}
		}
	}
	if answers != 1 {
		t.Fatalf("%d answers: %q", answers, linesOf(acts))
	}
}
