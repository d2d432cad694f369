package dialog

import (
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transport"
)

// weather understands one type, whose bodies begin with "sun".
var weather = Information{Types: "application/weather", Check: func(kind string, body []byte) int {
	switch {
	case kind != "application/weather":
		return 415
	case !strings.HasPrefix(string(body), "sun"):
		return 400
	}
	return 0
}}

func informedRaw(t *testing.T) *raw {
	r := rawCaller(t, func(c *Config) { c.Info = &weather })
	r.accept("them")
	r.forget()
	return r
}

func (r *raw) info(body string, headers ...string) {
	r.t.Helper()
	r.receive(r.requestText("INFO", "", headers, body))
}

func TestInfo(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		headers    []string
		want       string
		reported   bool
	}{
		{"understood", "sunny", []string{"Content-Type: application/weather"}, "200 INFO", true},
		{"without a body", "", nil, "200 INFO", false},
		{"broken", "rain", []string{"Content-Type: application/weather"}, "400 INFO", false},
		{"another type", "<x/>", []string{"Content-Type: application/media_control+xml"}, "415 INFO", false},
		{"another type, optional", "<x/>", []string{"Content-Type: application/x", "Content-Disposition: render;handling=optional"}, "200 INFO", false},
		{"encoded", "sunny", []string{"Content-Type: application/weather", "Content-Encoding: gzip"}, "415 INFO", false},
		{"a package", "sunny", []string{"Content-Type: application/foo", "Info-Package: foo"}, "469 INFO", false},
		{"a package without a body", "", []string{"Info-Package: foo"}, "469 INFO", false},
		{"a package, but understood", "sunny", []string{"Content-Type: application/weather", "Info-Package: foo"}, "200 INFO", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := informedRaw(t)
			r.info(tt.body, tt.headers...)
			r.expect(tt.want)
			want := []Report{}
			if tt.reported {
				want = append(want, Informed{})
			}
			r.expectReports(want...)
			if tt.reported {
				if got := r.reports[0].(Informed); got.Type != "application/weather" || string(got.Body) != tt.body {
					t.Errorf("reported %q, %q", got.Type, got.Body)
				}
			}
			if accept := header(r.response(), "Accept"); (accept == "application/weather") != (tt.want == "415 INFO") {
				t.Errorf("Accept is %q", accept)
			}
			r.expectState(Confirmed)
		})
	}
}

// A repetition is one INFO: it is answered again, and not told again.
func TestInfoComesTwice(t *testing.T) {
	r := informedRaw(t)
	text := r.requestText("INFO", "", []string{"Content-Type: application/weather"}, "sun")
	r.receive(text)
	r.receive(text)
	r.expect("200 INFO", "200 INFO")
	r.expectReports(Informed{})
}

// Who understands nothing says so, and 405 would be a lie: Allow has INFO.
func TestInfoThatNobodyReads(t *testing.T) {
	r := inCallRaw(t)
	r.info("sun", "Content-Type: application/weather")
	r.expect("415 INFO")
	if !strings.Contains(Allow, "INFO") {
		t.Error("Allow has no INFO")
	}
}

// A callee may be informed while it rings: an early dialog is a dialog.
func TestInfoBeforeTheAnswer(t *testing.T) {
	r := rawCaller(t, func(c *Config) { c.Info = &weather })
	r.ring("them")
	r.forget()
	r.info("sun", "Content-Type: application/weather")
	r.expect("200 INFO")
	r.expectReports(Informed{})
}

func TestInfoAfterTheEnd(t *testing.T) {
	r := informedRaw(t)
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.forget()
	r.info("sun", "Content-Type: application/weather")
	r.expect("481 INFO")
	r.expectReports()
}

func (r *raw) inform(body string) {
	r.t.Helper()
	r.do(func(u *Usage) { u.Inform(r.now, "application/weather", []byte(body)) })
}

// INFOs go out one by one, in order.
func TestInform(t *testing.T) {
	r := inCallRaw(t)
	for _, body := range []string{"sun", "rain", "snow"} {
		r.inform(body)
	}
	for i, body := range []string{"sun", "rain", "snow"} {
		req := r.request(sip.INFO)
		if string(req.Body()) != body || header(req, "Content-Type") != "application/weather" || len(r.sent) != i+1 {
			t.Fatalf("%d: %d sent, the last one is\n%s", i, len(r.sent), req)
		}
		r.respond(sip.INFO, 200, "", nil, "")
	}
	r.expect("INFO", "INFO", "INFO")
	r.expectReports()
}

// One that is lost is sent again by its transaction; the next waits for it.
func TestInformIsRepeated(t *testing.T) {
	r := inCallRaw(t)
	r.inform("sun")
	r.inform("rain")
	r.wait(time.Second)
	r.expect("INFO", "INFO")
	if string(r.bytes[0]) != string(r.bytes[1]) {
		t.Error("the repetition is another request")
	}
	r.respond(sip.INFO, 200, "", nil, "")
	r.expect("INFO", "INFO", "INFO")
}

func TestInformIsRefused(t *testing.T) {
	r := inCallRaw(t)
	r.inform("sun")
	r.inform("rain")
	r.respond(sip.INFO, 415, "", nil, "")
	r.expectReports(InfoRefused{})
	if got := r.reports[0].(InfoRefused); got.Status != 415 || string(got.Body) != "sun" {
		t.Errorf("reported %+v", got)
	}
	r.expect("INFO", "INFO")
	r.expectState(Confirmed)
	r.wait(33 * time.Second) // nothing is answered: the call goes on (fate.go)
	r.expectReports(InfoRefused{}, InfoRefused{})
	r.expectState(Confirmed)
}

// RFC 5057 s5.1: a 404 or a 604 says that there is no such dialog at all.
func TestInformTellsThatTheCallIsGone(t *testing.T) {
	r := inCallRaw(t)
	r.inform("sun")
	r.respond(sip.INFO, 404, "", nil, "")
	r.expectReports(InfoRefused{}, Left{})
	r.expectState(Leaving)
	r.inform("rain")
	r.expect("INFO", "BYE")
}

// Before the call is up it waits.
func TestInformWaitsForTheAnswer(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.inform("sun")
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.forget()
	r.send("ACK")
	r.expect("INFO")
}

func TestTooManyInform(t *testing.T) {
	r := inCallRaw(t)
	for range maxInfos + 1 {
		r.inform("sun")
	}
	r.expectReports()
	r.inform("rain")
	r.expectReports(InfoRefused{})
}

func TestInformAfterTheEnd(t *testing.T) {
	r := inCallRaw(t)
	r.inform("sun")
	r.inform("rain")
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.forget()
	r.respond(sip.INFO, 200, "", nil, "")
	r.inform("snow")
	r.expect()
	r.respond(sip.BYE, 200, "", nil, "")
	r.expectOver()
}

// A challenged INFO is repeated with credentials, and is still the one that others wait for.
func TestInformIsChallenged(t *testing.T) {
	r := rawCaller(t, func(c *Config) { c.Authorize = &password{} })
	r.accept("them")
	r.forget()
	r.inform("sun")
	r.inform("rain")
	r.challenge(sip.INFO, 401, "x")
	r.expect("INFO", "INFO")
	if header(r.request(sip.INFO), "Authorization") == "" || string(r.request(sip.INFO).Body()) != "sun" {
		t.Errorf("sent\n%s", r.bytes[1])
	}
	r.respond(sip.INFO, 200, "", nil, "")
	r.expect("INFO", "INFO", "INFO")
	r.expectReports()
}
