package wire

import (
	"testing"

	"github.com/emiago/sipgo/sip"
)

// invite is a typical INVITE of a phone with a session description.
var invite = []byte(crlf(`INVITE sip:+14255550100@gateway.example.com;user=phone SIP/2.0
Via: SIP/2.0/UDP 192.0.2.17:5060;branch=z9hG4bK776asdhds;rport
Max-Forwards: 70
From: "Alice Example" <sip:alice@gateway.example.com>;tag=1928301774
To: <sip:+14255550100@gateway.example.com;user=phone>
Call-ID: a84b4c76e66710@192.0.2.17
CSeq: 314159 INVITE
Contact: <sip:alice@192.0.2.17:5060;transport=udp>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000a95a0e128>"
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, INFO, UPDATE, PRACK
Supported: replaces, timer, 100rel, outbound
Session-Expires: 1800;refresher=uac
User-Agent: ExamplePhone/4.2.1
P-Preferred-Identity: <sip:alice@gateway.example.com>
Content-Type: application/sdp
Content-Length: 150

`) + sdpBody("192.0.2.3", "192.0.2.4", "0"))

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(invite)))
	for b.Loop() {
		if _, fault := Parse(invite); fault != nil {
			b.Fatal(fault)
		}
	}
}

// BenchmarkParseSipgo is what the parser alone, without normalising, costs.
func BenchmarkParseSipgo(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sip.ParseMessage(invite); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	msg, fault := Parse(invite)
	if fault != nil {
		b.Fatal(fault)
	}
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Append(buf, msg); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendSipgo(b *testing.B) {
	msg, err := sip.ParseMessage(invite)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = msg.String()
	}
}

func BenchmarkNewResponse(b *testing.B) {
	msg, fault := Parse(invite)
	if fault != nil {
		b.Fatal(fault)
	}
	req := msg.(*sip.Request)
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Append(buf, NewResponse(req, 180, "", "314159")); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFramer(b *testing.B) {
	var f Framer
	b.ReportAllocs()
	for b.Loop() {
		f.Push(invite)
		if frame := f.Next(); frame.Kind != FrameMessage {
			b.Fatal(frame)
		}
	}
}
