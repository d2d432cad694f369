package wire

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// ticket is a message with a body, as a stream carries it.
func ticket(id string, body string) string {
	return strings.Replace(with("Call-ID: "+id, "Content-Length: "+itoa(len(body))), "UDP", "TCP", 1) + body
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

func TestFramerCutsMessages(t *testing.T) {
	first, second, third := ticket("1", "hello"), ticket("2", ""), ticket("3", "\r\n\r\n\r\n\r\n")
	stream := "\r\n" + first + second + "\r\n\r\n" + third + "\r\n\r\n\r\n" + first[:20]
	want := []string{first, second, "ping", third, "ping"}
	for size := 1; size < len(stream); size += 7 {
		got := frames([]byte(stream), size)
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Fatalf("cut by %d: %q", size, got)
		}
	}
}

// Two CRLF are a ping only when both are there: RFC 5626 s3.5.1.
func TestFramerPing(t *testing.T) {
	var f Framer
	for _, step := range []struct {
		push string
		want FrameKind
	}{{"\r", FramePartial}, {"\n", FramePartial}, {"\r", FramePartial}, {"\n", FramePing}, {"", FramePartial}, {"\r\n", FramePartial}} {
		f.Push([]byte(step.push))
		eq(t, "after "+step.push, f.Next().Kind, step.want)
	}
	f.Push([]byte(ticket("1", "")))
	eq(t, "message after one CRLF", f.Next().Kind, FrameMessage)
}

func TestFramerSpellsContentLength(t *testing.T) {
	for _, header := range []string{
		"Content-Length: 3", "content-length:3", "CONTENT-LENGTH \t: 3", "l: 3", "L :3", "Content-Length:\r\n 3",
		"Content-Length\t:\r\n \t3\r\n ", "Content-Length: 0003", "Content-Length: 3\r\nl: 3",
	} {
		var f Framer
		f.Push([]byte(with(header) + "abcINVITE"))
		frame := f.Next()
		if frame.Kind != FrameMessage || !strings.HasSuffix(string(frame.Data), "\r\n\r\nabc") {
			t.Errorf("%q: kind %d, %q", header, frame.Kind, frame.Data)
			continue
		}
		msg, fault := Parse(frame.Data)
		if fault != nil || string(msg.Body()) != "abc" {
			t.Errorf("%q: %v", header, fault)
		}
	}
}

// A Content-Length in the body, in a value or in a longer name is none.
func TestFramerFindsNoOtherContentLength(t *testing.T) {
	for _, text := range []string{
		with("Subject: l: 5"), with("X-Content-Length: 5"), with("Content-Length-X: 5"),
		with("Subject: a\r\n l: 5"), with("Subject: a\r\n\tContent-Length: 5"),
	} {
		var f Framer
		f.Push([]byte(text))
		frame := f.Next()
		eq(t, text, string(frame.Data), text)
	}
}

func TestFramerBreaks(t *testing.T) {
	for _, test := range []struct{ name, stream, phrase string }{
		{"not SIP", "GET / HTTP/1.1\r\n", "not SIP: 'GET / HTTP/1.1??'"},
		{"TLS", "\x16\x03\x01", "not SIP"},
		{"lone CR", "\rx", "not SIP"},
		{"blank", " OPTIONS sip:h SIP/2.0\r\n", "not SIP"},
		{"endless start line", strings.Repeat("a", MaxHead), "not SIP"},
		{"endless headers", with()[:40] + "\r\n" + strings.Repeat("a: b\r\n", MaxHead/6), "Message Too Large"},
		{"long headers", with("Subject: " + strings.Repeat("a", MaxHead)), "Message Too Large"},
		{"body over 64 KiB", with("Content-Length: 65537"), "Request Entity Too Large"},
		{"Content-Length negative", with("Content-Length: -1"), "Bad Content-Length: '-1' is not a number"},
		{"Content-Length word", with("Content-Length: x"), "Bad Content-Length: 'x' is not a number"},
		{"Content-Lengths differ", with("Content-Length: 3", "l: 4"), "Bad Content-Length: two values that differ"},
		{"Content-Length missing", with("Content-Type: application/sdp"), "Missing Content-Length"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var f Framer
			f.Push([]byte(test.stream))
			frame := f.Next()
			if frame.Kind != FrameBroken || !strings.HasPrefix(frame.Fault.Phrase, test.phrase) {
				t.Fatalf("kind %d, fault %v", frame.Kind, frame.Fault)
			}
			f.Push([]byte(with()))
			eq(t, "kind of the next frame", f.Next().Kind, FrameBroken)
			eq(t, "its fault", f.Next().Fault, frame.Fault)
			eq(t, "bytes kept", len(f.buf), 0)
		})
	}
}

// The message that breaks a stream is answered before the connection is closed.
func TestFramerBreaksWithAnswer(t *testing.T) {
	var f Framer
	f.Push([]byte(strings.Replace(tortureInvalid["ncl"], "UDP", "TCP", 1)))
	answer, to := f.Next().Fault.Response("TCP", stranger)
	eq(t, "destination", to, stranger)
	if !strings.HasPrefix(string(answer), "SIP/2.0 400 Bad Content-Length: '-999' is not a number\r\nVia: SIP/2.0/TCP 192.0.2.53;") {
		t.Errorf("answer %q", answer)
	}
}

// RFC 4475 s3.1.2.2: on a stream a Content-Length that is too large just waits.
func TestFramerWaits(t *testing.T) {
	var f Framer
	f.Push([]byte(tortureInvalid["clerr"]))
	eq(t, "kind", f.Next().Kind, FramePartial)
	f.Push(make([]byte, 9999))
	eq(t, "kind", f.Next().Kind, FrameMessage)
}

// Bytes that come one by one are looked at once, however long the message.
func TestFramerWorkIsBounded(t *testing.T) {
	message := []byte(ticket("1", strings.Repeat("b", MaxBody)))
	var f Framer
	for i := range message[:len(message)-1] {
		f.Push(message[i : i+1])
		if kind := f.Next().Kind; kind != FramePartial {
			t.Fatalf("kind %d after %d bytes", kind, i)
		}
	}
	f.Push(message[len(message)-1:])
	eq(t, "message", string(f.Next().Data), string(message))
	f.Push([]byte("\r\n"))
	eq(t, "memory is given back", cap(f.buf) < 1024, true)
}

func TestFramerReusesItsBuffer(t *testing.T) {
	var f Framer
	message := []byte(ticket("1", "hello"))
	got := testing.AllocsPerRun(100, func() {
		f.Push(message)
		if f.Next().Kind != FrameMessage || f.Next().Kind != FramePartial {
			t.Fatal("no message")
		}
	})
	if got > 2 {
		t.Errorf("%v allocations a message, want 2 at most", got)
	}
}

// However messages and pings follow each other and however they are cut, they come
// out in order.
func TestFramerProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream string
		var want []string
		for i := range rapid.IntRange(1, 6).Draw(t, "parts") {
			switch rapid.IntRange(0, 2).Draw(t, "part") {
			case 0:
				body := rapid.StringMatching(`[a\r\n]{0,40}`).Draw(t, "body")
				want = append(want, ticket(itoa(i), body))
				stream += want[len(want)-1]
			case 1:
				want = append(want, "ping")
				stream += "\r\n\r\n"
			case 2:
				// One CR LF is skipped when a message follows it.
				want = append(want, ticket(itoa(i), ""))
				stream += "\r\n" + want[len(want)-1]
			}
		}
		var f Framer
		var got []string
		for rest := []byte(stream); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "read")
			f.Push(rest[:n])
			clear(rest[:n]) // what was pushed is the Framer's own
			rest = rest[n:]
			for frame := f.Next(); frame.Kind != FramePartial; frame = f.Next() {
				if frame.Kind == FrameBroken {
					t.Fatalf("%v in %q", frame.Fault, stream)
				}
				if frame.Kind == FramePing {
					got = append(got, "ping")
				} else {
					got = append(got, string(frame.Data))
				}
			}
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}
