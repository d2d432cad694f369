package dialog

import (
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/sip/transport"
)

// part is one of a multipart body's.
func part(headers, body string) string { return "--b\r\n" + headers + "\r\n\r\n" + body + "\r\n" }

func TestDescription(t *testing.T) {
	mixed := []string{"Content-Type: multipart/mixed;boundary=b"}
	isup := part("Content-Type: application/isup;version=itu\r\nContent-Disposition: signal;handling=required", "\x01\x02")
	early := part("Content-Type: application/sdp\r\nContent-Disposition: early-session", strings.Replace(rawOffer, "20000", "30000", 1))
	sdpPart := part("Content-Type: application/sdp", rawOffer)
	kind := func(s string) []string { return []string{"Content-Type: " + s} }
	for _, tt := range []struct {
		name    string
		headers []string
		body    string
		status  int
		port    uint16 // 0: no description
	}{
		{"none", nil, "", 0, 0},
		{"plain", kind("application/sdp"), rawOffer, 0, 20000},
		{"in other case", kind("Application/SDP ; charset=utf-8"), rawOffer, 0, 20000},
		{"with a broken parameter", kind("application/sdp; charset"), rawOffer, 0, 20000},
		{"of a session", append(kind("application/sdp"), "Content-Disposition: Session ;handling=optional"), rawOffer, 0, 20000},
		{"of an early session", append(kind("application/sdp"), "Content-Disposition: early-session;handling=optional"), rawOffer, 0, 0},
		{"of an early session that must be understood", append(kind("application/sdp"), "Content-Disposition: early-session"), rawOffer, 415, 0},
		{"broken", kind("application/sdp"), "v=0\r\n", 400, 0},
		{"broken type", kind("@"), rawOffer, 400, 0},
		{"half a type", kind("application"), rawOffer, 415, 0},
		{"text", kind("text/plain"), "hello", 415, 0},
		{"text that may be ignored", append(kind("text/plain"), "Content-Disposition: render;handling=Optional"), "hello", 0, 0},
		{"compressed", append(kind("application/sdp"), "Content-Encoding: gzip"), rawOffer, 415, 0},
		{"not compressed", append(kind("application/sdp"), "Content-Encoding: Identity"), rawOffer, 0, 20000},
		{"hardly compressed", append(kind("application/sdp"), "Content-Encoding: "), rawOffer, 0, 20000},
		{"first part", mixed, sdpPart + isup + "--b--", 0, 20000},
		{"second part", mixed, isup + sdpPart + "--b--", 0, 20000},
		{"behind an early session", mixed, early + sdpPart + "--b--", 0, 20000},
		{"only an early session", mixed, early + "--b--", 0, 0},
		{"only ISUP", mixed, isup + "--b--", 0, 0},
		{"cut off", mixed, sdpPart, 0, 20000},
		{"no parts", mixed, "hello", 0, 0},
		{"no boundary", kind("multipart/mixed"), sdpPart, 400, 0},
		{"broken part", mixed, part("Content-Type: application/sdp", "v=0") + "--b--", 400, 0},
		{"too many parts", mixed, strings.Repeat(isup, maxParts) + sdpPart + "--b--", 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRaw(t, transport.UDP)
			s, status := Description(r.parse(r.requestText("INVITE", "", tt.headers, tt.body)))
			if status != tt.status || (s != nil) != (tt.port != 0) {
				t.Fatalf("status %d, description %v; want %d, port %d", status, s, tt.status, tt.port)
			}
			if s != nil && s.Audio().Port != tt.port {
				t.Errorf("the port is %d, want %d", s.Audio().Port, tt.port)
			}
		})
	}
}

// RFC 3261 s20.15: a body has a type.
func TestBodyWithoutType(t *testing.T) {
	r := newRaw(t, transport.UDP)
	text := strings.Replace(r.requestText("INVITE", "", nil, rawOffer), "Content-Type: application/sdp\r\n", "", 1)
	if _, status := Description(r.parse(text)); status != 400 {
		t.Errorf("status %d, want 400", status)
	}
}
