package wire_test

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// A request comes in, is stamped with where it came from, and is answered.
func ExampleParse() {
	source := netip.MustParseAddrPort("198.51.100.7:40112")
	msg, fault := wire.Parse([]byte("OPTIONS sip:gateway.example.com SIP/2.0\r\n" +
		"v: SIP/2.0/UDP 10.0.0.5;rport;branch=z9hG4bK7\r\n" +
		"f: \"Bob\" <sip:bob@example.com>;TAG = 88\r\n" +
		"t: sip:gateway.example.com\r\n" +
		"i: 1@10.0.0.5\r\nCSeq: 1 OPTIONS\r\nk: timer, 100rel\r\n\r\n"))
	if fault != nil {
		fmt.Println(fault)
		return
	}
	req := msg.(*sip.Request)
	wire.StampVia(req.Via(), source)
	fmt.Println(wire.FromTag(req), wire.OptionTags(req, "Supported"))
	text, err := wire.Append(nil, wire.NewResponse(req, 200, "", "g1"))
	fmt.Println(strings.ReplaceAll(string(text), "\r\n", "\n"), err)
	fmt.Println(wire.ResponseDestination(req.Via(), "UDP", source))
	// Output:
	// 88 [timer 100rel]
	// SIP/2.0 200 OK
	// Via: SIP/2.0/UDP 10.0.0.5;rport=40112;branch=z9hG4bK7;received=198.51.100.7
	// From: "Bob" <sip:bob@example.com>;tag=88
	// To: <sip:gateway.example.com>;tag=g1
	// Call-ID: 1@10.0.0.5
	// CSeq: 1 OPTIONS
	// Content-Length: 0
	//
	//  <nil>
	// 198.51.100.7:40112
}

// A broken request is answered without a word from anybody else.
func ExampleFault_Response() {
	_, fault := wire.Parse([]byte("OPTIONS sip:gateway.example.com SIP/2.0\r\n" +
		"Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK7\r\n" +
		"From: <sip:bob@example.com>;tag=88\r\nTo: <sip:gateway.example.com>;tag=2\r\n" +
		"Call-ID: 1@10.0.0.5\r\nCSeq: 1 INVITE\r\n\r\n"))
	fmt.Println(fault)
	answer, to := fault.Response("UDP", netip.MustParseAddrPort("198.51.100.7:40112"))
	line, _, _ := strings.Cut(string(answer), "\r\n")
	fmt.Println(line, "to", to)
	// Output:
	// sip message answered with 400 Bad CSeq: method does not match OPTIONS
	// SIP/2.0 400 Bad CSeq: method does not match OPTIONS to 198.51.100.7:5060
}

// A stream is cut into messages; a ping is for the transport to answer.
func ExampleFramer() {
	var framer wire.Framer
	for _, read := range []string{"\r\n\r\nOPTIONS sip:h SIP/2.0\r\nl: ", "2\r\n\r\nokGET / HT", "TP/1.1\r\n\r\n"} {
		framer.Push([]byte(read))
		for {
			frame := framer.Next()
			switch frame.Kind {
			case wire.FramePing:
				fmt.Println("ping")
				continue
			case wire.FrameMessage:
				fmt.Printf("%q\n", frame.Data)
				continue
			case wire.FrameBroken:
				fmt.Println(frame.Fault)
			}
			break
		}
	}
	// Output:
	// ping
	// "OPTIONS sip:h SIP/2.0\r\nl: 2\r\n\r\nok"
	// sip message dropped: not SIP: 'GET / HTTP/1.1????'
}

// What is asserted of a caller, and why a call ended.
func ExampleAddresses() {
	res := sip.NewResponse(200, "OK")
	res.AppendHeader(sip.NewHeader("P-Asserted-Identity", `"Alice, Sales" <sip:+14255550101@example.com;user=phone>, tel:+14255550101`))
	res.AppendHeader(sip.NewHeader("Reason", wire.Reason{Protocol: wire.ReasonQ850, Cause: 16, Text: "Normal call clearing"}.String()))
	list, err := wire.Addresses(res, "P-Asserted-Identity")
	for _, a := range list {
		fmt.Printf("%q %s\n", a.DisplayName, wire.AppendURI(nil, &a.URI))
	}
	reason, _ := wire.ReasonOf(res, wire.ReasonQ850)
	fmt.Println(err, reason.Cause, reason)
	// Output:
	// "Alice, Sales" sip:+14255550101@example.com;user=phone
	// "" tel:+14255550101
	// <nil> 16 Q.850;cause=16;text="Normal call clearing"
}
