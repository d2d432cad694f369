package wire

import (
	"reflect"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
	"pgregory.net/rapid"
)

// spelled is a request with a place for every freedom that RFC 3261 leaves a writer:
// {name|compact} is a header's name, _ a blank that may be any LWS, ^ one that need
// not be, ~ a parameter's name that may have any case.
const spelled = `INVITE sip:bob@example.com;transport=tcp SIP/2.0
{Via|v}^:^SIP^/^2.0^/^UDP_192.0.2.1^:^5060^;^~branch^=^z9hG4bK1^;^~rport^,^SIP/2.0/TCP_h^;~branch=z9hG4bK2
{Max-Forwards}^:^70
{From|f}^:^"A, \"B\"" ^<sip:alice@example.com;lr>^;^~tag^=^a1^;^~x^=^"q; r"
{To|t}^:^sip:bob@example.com^;^~tag^=^b1
{Call-ID|i}^:^1@example.com
{CSeq}^:^7_INVITE
{Contact|m}^:^<sip:alice@192.0.2.1>^;^~expires^=^60^;^~q^=^0.5^,^Alice_<sip:alice@192.0.2.2>
{Route}^:^<sip:r1;lr>^,^<sip:r2;lr>
{Supported|k}^:^timer, 100rel
{Subject|s}^:^some words
{Content-Type|c}^:^application/sdp
{Content-Length|l}^:^3

abc`

// spell writes the request with choices drawn.
func spell(t *rapid.T) string {
	blanks := rapid.SampledFrom([]string{" ", "  ", "\t", "\n ", " \n\t "})
	maybe := rapid.SampledFrom([]string{"", "", " ", "\t", "\n ", " \n  "})
	var out strings.Builder
	head, body, _ := strings.Cut(spelled, "\n\n")
	inName := true // a fold before the colon would end the name
	for i := 0; i < len(head); i++ {
		switch c := head[i]; c {
		case '{':
			end := strings.IndexByte(head[i:], '}')
			out.WriteString(caseOf(t, rapid.SampledFrom(strings.Split(head[i+1:i+end], "|")).Draw(t, "name")))
			i += end
			inName = true
		case '_':
			out.WriteString(blanks.Draw(t, "blank"))
		case '^':
			blank := maybe.Draw(t, "maybe")
			if inName {
				blank = strings.ReplaceAll(blank, "\n", "")
			}
			out.WriteString(blank)
		case '~':
			end := i + 1 + run(head[i+1:], tokenChar)
			out.WriteString(caseOf(t, head[i+1:end]))
			i = end - 1
		default:
			if c == ':' {
				inName = false
			}
			out.WriteByte(c)
		}
	}
	return crlf(out.String()+"\n\n") + body
}

func caseOf(t *rapid.T, s string) string {
	return rapid.SampledFrom([]string{s, strings.ToLower(s), strings.ToUpper(s)}).Draw(t, "case")
}

// However a request is spelled, it is the same message, and a stream cuts it alike.
func TestSpellingProperty(t *testing.T) {
	var want []any
	rapid.Check(t, func(t *rapid.T) {
		text := spell(t)
		msg, fault := Parse([]byte(text))
		if fault != nil {
			t.Fatalf("%v: %q", fault, text)
		}
		got := meaning(msg)
		if want == nil {
			want = got
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q means\n%v\nwant\n%v", text, got, want)
		}
		var f Framer
		f.Push([]byte(text + "INVITE"))
		if frame := f.Next(); string(frame.Data) != text {
			t.Fatalf("cut as %d %q of %q", frame.Kind, frame.Data, text)
		}
	})
}

// A random edit of a message of RFC 4475 is refused or means what it says; whatever
// it is, the answer is sound.
func TestEditProperty(t *testing.T) {
	var seeds []string
	for _, messages := range []map[string]string{tortureValid, tortureInvalid, tortureOther} {
		for _, text := range messages {
			seeds = append(seeds, text)
		}
	}
	edit := rapid.SampledFrom([]string{"", " ", "\r\n ", "\r\n", ";", ",", "\"", "<", ">", "\\", "%", "=", ":", "@", "?", "[", "]",
		"\x00", "\r", "\n", "sip:", ";tag=x", "SIP/2.0", "Via: ", "é", "0", "\x7f"})
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom(seeds).Draw(t, "message")
		for range rapid.IntRange(1, 4).Draw(t, "edits") {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			end := min(len(text), at+rapid.IntRange(0, 3).Draw(t, "cut"))
			text = text[:at] + edit.Draw(t, "edit") + text[end:]
		}
		msg, fault := Parse([]byte(text))
		if fault == nil {
			checkEdited(t, text, msg)
			return
		}
		if answer, _ := fault.Response("UDP", stranger); answer != nil && strings.Count(string(answer), "\r\n\r\n") != 1 {
			t.Fatalf("answer %q", answer)
		}
	})
}

func checkEdited(t *rapid.T, text string, msg sip.Message) {
	b, err := Append(nil, msg)
	if err != nil {
		t.Fatalf("accepted but not written: %v: %q", err, text)
	}
	again, fault := Parse(b)
	if fault != nil {
		t.Fatalf("refused what was written: %v: %q", fault, b)
	}
	if !reflect.DeepEqual(meaning(again), meaning(msg)) {
		t.Fatalf("%q was written as %q", text, b)
	}
}

// What the bounds are for: every one of these is read, looked through by all
// accessors and written in no time that could be felt.
func TestWorkIsBounded(t *testing.T) {
	fill := func(head, piece, tail string) string {
		return head + strings.Repeat(piece, (MaxHead-1000)/len(piece)) + tail
	}
	for _, line := range []string{
		fill("Contact: <sip:a@h>", ";a", ""), fill("Contact: <sip:a@h", ";a", ">"), fill("Contact: ", "<sip:a@h>,", "<sip:a@h>"),
		fill("Contact: ", `"`, ""), fill("Contact: ", `\"`, ""), fill("Contact: ", "<", ""), fill("Contact: ", ";\"", ""),
		fill("v: ", "SIP/2.0/UDP h,", "SIP/2.0/UDP h"), fill("v: SIP/2.0/UDP h", ";;", ""), fill("v: SIP/2.0/UDP h", ";\"", ""),
		fill("Route: ", "<sip:h>;a,", "<sip:h>"), fill("Record-Route: ", "<sip:h>,", "<sip:h>;x"),
		fill("Reason: ", ",", ""), fill("Reason: ", `",`, ""), fill("Subject: a", "\r\n b", ""), fill("Subject: a\r\n", "a:\r\n", "a:"),
		fill("Contact: <sip:", "%", "@h>"), fill("Contact: <sip:h?", "a&", ">"), fill("Accept: ", ",", ""),
	} {
		msg, fault := Parse([]byte(with(line)))
		if fault == nil {
			useAccessors(msg)
			checkStable(t, msg)
		}
	}
}
