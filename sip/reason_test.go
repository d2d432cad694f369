package sip

import (
	"testing"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// response parses a response to an INVITE with more header lines.
func response(t testing.TB, line string, more ...string) *sip.Response {
	t.Helper()
	text := "SIP/2.0 " + line + "\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\n" +
		"Call-ID: c\r\nCSeq: 1 INVITE\r\n"
	for _, m := range more {
		text += m + "\r\n"
	}
	m, fault := wire.Parse([]byte(text + "\r\n"))
	if fault != nil {
		t.Fatal(fault)
	}
	return m.(*sip.Response)
}

func TestCauseOf(t *testing.T) {
	for _, c := range []struct {
		res  *sip.Response
		want event.Cause
	}{
		{response(t, "486 Busy Here"), event.Cause{Status: 486, Text: "Busy Here"}},
		{response(t, "486 In a meeting"), event.Cause{Status: 486, Text: "In a meeting"}},
		{response(t, "486 "), event.Cause{Status: 486, Text: "Busy Here"}},
		{response(t, "503 No", "Reason: Q.850;cause=34;text=\"No circuit\""), event.Cause{Status: 503, Q850: 34, Text: "No circuit"}},
		{response(t, "503 No", "Reason: q.850 ;cause=34"), event.Cause{Status: 503, Q850: 34, Text: "No"}},
		{response(t, "503 No", "Reason: SIP;cause=404, Q.850;cause=1"), event.Cause{Status: 503, Q850: 1, Text: "No"}},
		{response(t, "503 No", "Reason: SIP;cause=404"), event.Cause{Status: 503, Text: "No"}},
		{response(t, "503 No", "Reason: Q.850;cause=many"), event.Cause{Status: 503, Text: "No"}},
	} {
		if got := responseCause(c.res.StatusCode, c.res); got != c.want {
			t.Errorf("%s: %+v, not %+v", c.res.StartLine(), got, c.want)
		}
	}
	if got := responseCause(408, nil); got.Status != 408 || got.Text == "" {
		t.Errorf("no response: %+v", got)
	}
}

// What a party gave as its reason when it left, and a plain BYE.
func TestLeftCause(t *testing.T) {
	bye := func(more string) *sip.Request {
		return request(t, "BYE sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\n"+
			"Call-ID: c\r\nCSeq: 2 BYE\r\n"+more+"\r\n")
	}
	if got := leftCause(dialog.Left{Status: 200, Request: bye("")}); got.Q850 != 16 || got.Status != 200 || got.By != 0 {
		t.Errorf("plain BYE: %+v", got)
	}
	got := leftCause(dialog.Left{Status: 200, Request: bye("Reason: Q.850;cause=31;text=\"gone\"\r\n")})
	if got.Q850 != 31 || got.Text != "gone" {
		t.Errorf("BYE with a reason: %+v", got)
	}
	if got := leftCause(dialog.Left{Status: 408}); got.Status != 408 || got.Q850 != 102 || got.By != event.PartyGateway {
		t.Errorf("dead dialog: %+v", got)
	}
}

// RFC 3326: what is written is what a peer reads, whatever stands in the text.
func TestReasonHeaders(t *testing.T) {
	for _, c := range []struct {
		cause event.Cause
		want  wire.Reason
	}{
		{event.Cause{Status: 486, Q850: 17, Text: "busy"}, wire.Reason{Protocol: "Q.850", Cause: 17, Text: "busy"}},
		{event.Cause{Status: 486, Q850: 17}, wire.Reason{Protocol: "Q.850", Cause: 17}},
		{event.Cause{Status: 486, Q850: 17, Text: `say "no", \ ;x=y`}, wire.Reason{Protocol: "Q.850", Cause: 17, Text: `say "no", \ ;x=y`}},
		{event.Cause{Status: 200, Q850: 26, Text: "Call completed elsewhere"}, wire.Reason{Protocol: "SIP", Cause: 200, Text: "Call completed elsewhere"}},
	} {
		list := reasonHeaders(c.cause)
		if len(list) != 1 || list[0].Name != "Reason" {
			t.Errorf("%+v: %v", c.cause, list)
			continue
		}
		if got, ok := wire.ReasonOf(response(t, "486 x", "Reason: "+list[0].Value), c.want.Protocol); !ok || got != c.want {
			t.Errorf("%q reads as %+v", list[0].Value, got)
		}
	}
	if list := reasonHeaders(event.Cause{Status: 404, Text: "no"}); list != nil {
		t.Errorf("without a Q.850 value: %v", list)
	}
}
