package test

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// socket sends what no SIPp would, and keeps what comes back.
type socket struct {
	stage *stage
	conn  *net.UDPConn
	loop  sync.WaitGroup

	mu  sync.Mutex
	got []string
}

// raw opens a party's SIP port.
func (s *stage) raw(host byte) *socket {
	s.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(s.SIP(host)))
	if err != nil {
		s.Fatal(err)
	}
	r := &socket{stage: s, conn: conn}
	r.loop.Go(r.read) // ends with the socket
	s.Cleanup(func() { conn.Close(); r.loop.Wait() })
	return r
}

func (r *socket) read() {
	b := make([]byte, 65536)
	for {
		n, _, err := r.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.got = append(r.got, string(b[:n]))
		r.mu.Unlock()
	}
}

func (r *socket) packets() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got...)
}

func (r *socket) send(text string) {
	r.stage.Helper()
	if _, err := r.conn.WriteToUDPAddrPort([]byte(text), r.stage.SIP(gatewayHost)); err != nil {
		r.stage.Fatal(err)
	}
}

// answer waits for the response to a request of a Call-ID.
func (r *socket) answer(id string) *phone.Message {
	r.stage.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		for _, p := range r.packets() {
			if m, err := phone.Parse([]byte(p)); err == nil && m.Get("Call-ID") == id {
				return m
			}
		}
	}
	r.stage.Fatalf("no answer to %s", id)
	return nil
}

// TestStrangers get no further than 401, whatever they claim.
func TestStrangers(t *testing.T) {
	s := newStage(t, house)
	mallory := phone.Credentials{User: "mallory", Password: "swordfish-and-chips"}
	guess := phone.Credentials{User: "alice", Password: "swordfish-and-chips"}
	tests := []struct {
		name  string
		who   phone.Credentials
		steps []string
	}{
		{"an INVITE from an unknown source", nobody, []string{"call", "refused"}},
		{"an unknown user's INVITE", mallory, []string{"call_digest", "refused"}},
		{"a wrong password's INVITE", guess, []string{"call_digest", "refused"}},
		{"an unknown user's REGISTER", mallory, []string{"register"}},
		{"a wrong password's REGISTER", guess, []string{"register"}},
		{"OPTIONS from an unknown source", nobody, []string{"options"}},
	}
	for _, test := range tests {
		stranger := s.caller(strangerHost, test.who, "+14255550100", test.steps...)
		if m := stranger.saw("refused"); m.Status != 401 && m.Status != 403 {
			t.Errorf("%s gets %q", test.name, m.Name())
		}
		stranger.done()
	}
}

// TestSomebodyElsesName: RFC 3261 s10.3 step 4, a user may not bind another's name,
// nor call in it.
func TestSomebodyElsesName(t *testing.T) {
	s := newStage(t, house)
	r := s.calling(aliceHost, alice, "", "register")
	r.Keys["user"] = "bob"
	thief := s.start(r)
	s.status(thief.saw("refused"), 403)
	thief.done()
	c := s.calling(aliceHost, alice, "+14255550100", "call_digest", "refused")
	c.Keys["user"] = "+14255550102"
	liar := s.start(c)
	s.status(liar.saw("refused"), 403)
	liar.done()
}

// broken are requests that are none, and what they get: 0 is nothing at all.
// RFC 4475 s3.1.2 has most of them.
var broken = []struct {
	name   string
	status int
	text   string
}{
	{"noise", 0, "\x00\x01\x02\xff\xfe garbage\r\n\r\n"},
	{"an empty packet", 0, ""},
	{"line ends", 0, "\r\n\r\n"},
	{"a response to nobody", 0, "SIP/2.0 200 OK\r\nVIA\r\nFROM\r\nTO\r\nCALLID\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"},
	{"methods that differ", 400, "INVITE sip:+14255550100@GATEWAY SIP/2.0\r\nVIA\r\nFROM\r\nTO\r\nCALLID\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"},
	{"a negative length", 400, "INVITE sip:+14255550100@GATEWAY SIP/2.0\r\nVIA\r\nFROM\r\nTO\r\nCALLID\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: -999\r\n\r\n"},
	{"more length than packet", 400, "INVITE sip:+14255550100@GATEWAY SIP/2.0\r\nVIA\r\nFROM\r\nTO\r\nCALLID\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 9999\r\n\r\nv=0\r\n"},
	{"no To", 400, "INVITE sip:+14255550100@GATEWAY SIP/2.0\r\nVIA\r\nFROM\r\nCALLID\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"},
	{"a number too large", 400, "INVITE sip:+14255550100@GATEWAY SIP/2.0\r\nVIA\r\nFROM\r\nTO\r\nCALLID\r\nCSeq: 36893488147419103232 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"},
	{"another version", 505, "INVITE sip:+14255550100@GATEWAY SIP/7.0\r\nVIA\r\nFROM\r\nTO\r\nCALLID\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"},
	{"no hops left", 483, "INVITE sip:+14255550100@GATEWAY SIP/2.0\r\nVIA\r\nFROM\r\nTO\r\nCALLID\r\nCSeq: 1 INVITE\r\nMax-Forwards: 0\r\nContent-Length: 0\r\n\r\n"},
	{"an unknown extension", 420, "INVITE sip:+14255550100@GATEWAY SIP/2.0\r\nVIA\r\nFROM\r\nTO\r\nCALLID\r\nCSeq: 1 INVITE\r\nRequire: nothingSupportsThis\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"},
	{"a description that is none", 400, "INVITE sip:+14255550100@GATEWAY SIP/2.0\r\nVIA\r\nFROM\r\nTO\r\nCALLID\r\nCSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.1>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: 11\r\n\r\nnot an SDP\n"},
	{"a body that is none of ours", 415, "INVITE sip:+14255550100@GATEWAY SIP/2.0\r\nVIA\r\nFROM\r\nTO\r\nCALLID\r\nCSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.1>\r\nMax-Forwards: 70\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"},
	{"a dialog that is none", 481, "BYE sip:+14255550100@GATEWAY SIP/2.0\r\nVIA\r\nFROM\r\nTo: <sip:x@GATEWAY>;tag=none\r\nCALLID\r\nCSeq: 1 BYE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"},
	{"a CANCEL of nothing", 481, "CANCEL sip:+14255550100@GATEWAY SIP/2.0\r\nVIA\r\nFROM\r\nTO\r\nCALLID\r\nCSeq: 1 CANCEL\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"},
	{"an unknown method", 501, "DANCE sip:+14255550100@GATEWAY SIP/2.0\r\nVIA\r\nFROM\r\nTO\r\nCALLID\r\nCSeq: 1 DANCE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"},
	{"a method that is not for us", 405, "SUBSCRIBE sip:+14255550100@GATEWAY SIP/2.0\r\nVIA\r\nFROM\r\nTO\r\nCALLID\r\nCSeq: 1 SUBSCRIBE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"},
}

// fillBroken gives a broken request the headers that it is not about.
func (s *stage) fillBroken(text, id string, from netip.AddrPort) string {
	return s.fill(strings.NewReplacer(
		"VIA", "Via: SIP/2.0/UDP "+from.String()+";branch=z9hG4bK-"+id,
		"FROM", "From: <sip:+14255550123@"+from.Addr().String()+">;tag="+id,
		"TO\r\n", "To: <sip:+14255550100@GATEWAY>\r\n", "CALLID", "Call-ID: "+id,
	).Replace(text))
}

// TestBrokenSIP: what is no SIP is answered or dropped, and a call that is up does
// not notice.
func TestBrokenSIP(t *testing.T) {
	s := newStage(t, strings.Replace(house, "CARRIERHOST/32", "CARRIERHOST/32, BACKUPHOST/32", 1))
	carrier := s.callee(carrierHost, "called", "ring", "answer", "hungup")
	desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "ringing", "answered", "wait", "hangup")
	invite := carrier.saw("called")
	desk.saw("ringing")
	answer := desk.saw("answered")
	mine, theirs := s.talk(aliceHost, answer, carrierHost, invite)

	r := s.raw(backupHost)
	for i, b := range broken {
		id := "broken-" + string(rune('a'+i))
		r.send(s.fillBroken(b.text, id, s.SIP(backupHost)))
		if b.status == 0 {
			continue
		}
		if m := r.answer(id); m.Status != b.status {
			t.Errorf("%s gets %q, not %d", b.name, m.Name(), b.status)
		}
	}
	for i, b := range broken {
		for _, p := range r.packets() {
			if b.status == 0 && strings.Contains(p, "broken-"+string(rune('a'+i))) {
				t.Errorf("%s is answered:\n%s", b.name, p)
			}
		}
	}
	mine.hears(high)
	theirs.hears(low)
	desk.proceed()
	desk.done()
	carrier.done()
	records, err := s.gateway.AllRecords(1, patience)
	if err != nil {
		t.Fatal(err)
	}
	s.answered(records[len(records)-1], "caller")
}
