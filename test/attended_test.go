package test

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/test/peers"
)

// beside is a second place of a party for SIP: a SIPp has one scenario, and a party that
// has two calls is two of them.
func (s *stage) beside(p peers.SIPp) peers.SIPp {
	p.At = netip.AddrPortFrom(p.At.Addr(), p.At.Port()+30)
	p.Keys["audio_port"] = fmt.Sprint(audioPort + 2)
	return p
}

// replaces names the dialog that an answer has made to the side that has answered.
// RFC 3891 s3: to-tag is the tag of the one who is asked to replace.
func replaces(answer *phone.Message) string {
	return fmt.Sprintf("%s;to-tag=%s;from-tag=%s", answer.Get("Call-ID"), answer.Tag("To"), answer.Tag("From"))
}

// replacing is the Refer-To for the other side of that dialog.
func replacing(answer *phone.Message) string {
	return fmt.Sprintf("<%s?Replaces=%s>", phone.URI(answer.Get("Contact")), url.QueryEscape(replaces(answer)))
}

// attendeds are transfers whose transferor has asked the target before.
var attendeds = []move{
	{"by a phone that has called", ways[0], true, backupHost, seattle, "+14255550101", ""},
	{"by a phone that was called", ways[1], false, backupHost, seattle, "+14255550101", ""},
	{"by the carrier", ways[1], true, bobHost, bobs, "+14255550123", ""},
}

// TestAttendedTransfer: the transferor holds its call, asks the target and connects the
// two. Nobody is called once more, and both its calls end.
func TestAttendedTransfer(t *testing.T) {
	t.Parallel()
	for _, m := range attendeds {
		t.Run(m.name, func(t *testing.T) {
			s := newStage(t, moving)
			s.register(bobHost, bob)
			x := s.talking(m, []string{"wait", "hold", "refer", "accepted", "notified", "notified", "hungup"}, []string{"held", "reinvited", "wait", "hangup"})
			x.by.proceed()
			x.of.saw("held")
			x.by.saw("hold_agreed")
			consult, answer := x.consult("hungup")
			x.refer(replacing(answer))
			x.told(200, true)
			x.by.saw("hungup")
			consult.saw("hungup")
			x.direction(x.of.saw("reinvited"), phone.SendRecv)
			if isPhone(x.host) {
				x.to.saw("reinvited")
			}
			x.talk(x.ofVoice, x.toVoice)
			x.byVoice.silent()
			x.of.proceed()
			x.to.saw("hungup")
			for _, p := range []*party{x.by, x.of, x.to, consult} {
				p.done()
			}
			x.joined()
		})
	}
}

// consult has the transferor call the target, by its other phone.
func (x *trio) consult(steps ...string) (consult *party, answer *phone.Message) {
	x.Helper()
	x.target(append(append([]string{"ring", "answer"}, learns(x.host)...), "hungup")...)
	consult = x.asking(append([]string{"ringing", "answered"}, steps...)...)
	invite := x.to.saw("called")
	consult.saw("ringing")
	answer = consult.saw("answered")
	x.to.saw("acknowledged")
	x.toVoice = x.voice(x.host, targetPitch)
	x.toVoice.speaks(invite)
	return consult, answer
}

// asking is the transferor's other phone, which calls the target.
func (x *trio) asking(steps ...string) *party {
	x.Helper()
	w := x.way
	w.caller, w.number, w.who, w.proves = x.transferor(), x.number, nobody, ""
	if isPhone(w.caller) {
		w.who, w.proves = alice, "_digest"
	}
	return x.start(x.beside(w.calling(x.stage, "call", steps...)))
}

// TestSemiAttendedTransfer: the transferor does not wait for the target's answer. What rings
// rings on: the target gets one INVITE, and the transferee hears it ring.
func TestSemiAttendedTransfer(t *testing.T) {
	t.Parallel()
	for _, m := range attendeds {
		t.Run(m.name, func(t *testing.T) {
			s := newStage(t, moving)
			s.register(bobHost, bob)
			x := s.talking(m, []string{"refer", "accepted", "notified", "notified", "notified", "hungup"}, append(learns(m.transferee()), "wait", "hangup"))
			x.target(append(append([]string{"ring", "wait", "answer"}, learns(x.host)...), "hungup")...)
			consult := x.asking("ringing", "refused")
			invite := x.to.saw("called")
			x.toVoice = x.voice(x.host, targetPitch)
			x.toVoice.speaks(invite)
			x.refer(replacing(consult.saw("ringing")))
			x.told(180, false)
			x.status(consult.saw("refused"), 487)
			x.waits()
			x.to.proceed()
			x.succeeds()
			consult.done()
			main, moved := x.aside(3)
			if main.Disposition != "answered" || main.Cause != "transferred" {
				x.Errorf("the call's record: %+v", main)
			}
			if moved.Disposition != "answered" || moved.Transfer.Kind != "attended" || len(moved.Attempts) != 1 || moved.Attempts[0].Status != 200 {
				x.Errorf("the transfer's record: %+v %+v", moved, moved.Transfer)
			}
		})
	}
}

// joining is the Refer-To for the other side of that dialog, whose transferor stays in it.
func joining(answer *phone.Message) string {
	return strings.Replace(replacing(answer), "?Replaces=", "?Join=", 1)
}

// conferencePitch is what the transferor sends in the conversation that it stays in.
const conferencePitch = 1300.0

// TestConference: the transferor stays (RFC 3911). The one that it had on hold comes to its
// other call, and of the three each hears both others; then one of them leaves.
func TestConference(t *testing.T) {
	t.Parallel()
	for _, m := range attendeds {
		t.Run(m.name, func(t *testing.T) {
			s := newStage(t, moving)
			s.register(bobHost, bob)
			x := s.talking(m, []string{"wait", "hold", "refer", "accepted", "notified", "notified", "hungup"}, []string{"held", "reinvited", "wait", "hangup"})
			x.by.proceed()
			x.of.saw("held")
			x.by.saw("hold_agreed")
			x.target("ring", "answer", "hungup")
			stays := x.asking("ringing", "answered", "wait", "hangup")
			invite := x.to.saw("called")
			x.toVoice = x.voice(x.host, targetPitch)
			x.toVoice.speaks(invite)
			stays.saw("ringing")
			answer := stays.saw("answered")
			x.to.saw("acknowledged")
			voice := x.voiceAt(netip.AddrPortFrom(x.Host(x.transferor()), audioPort+2), conferencePitch)
			voice.speaks(answer)
			x.refer(joining(answer))
			x.told(200, true)
			x.by.saw("hungup")
			x.direction(x.of.saw("reinvited"), phone.SendRecv)
			x.talk(x.ofVoice, x.toVoice)
			x.talk(voice, x.ofVoice)
			x.talk(voice, x.toVoice)
			stays.proceed()
			x.talk(x.ofVoice, x.toVoice)
			voice.silent()
			x.of.proceed()
			x.to.saw("hungup")
			for _, p := range []*party{x.by, x.of, x.to, stays} {
				p.done()
			}
			x.gathered()
		})
	}
}

// gathered checks the records of a conference: the transferee's call, which it has left, and
// the one in which there were three.
func (x *trio) gathered() {
	x.Helper()
	records, err := x.gateway.AllRecords(2, patience)
	if err != nil {
		x.Fatal(err)
	}
	for _, r := range records {
		if left := r.Cause == "transferred"; r.Disposition != "answered" || left != (len(r.Participants) == 0) || !left && len(r.Participants) != 3 {
			x.Errorf("%+v", r)
		}
	}
}

// joined checks the records of an attended transfer: its own, and those of both calls.
func (x *trio) joined() {
	x.Helper()
	main, moved := x.aside(3)
	if main.Disposition != "answered" || main.Cause != "transferred" {
		x.Errorf("the call's record: %+v", main)
	}
	if moved.Disposition != "answered" || moved.Transfer.Kind != "attended" || len(moved.Attempts) != 0 {
		x.Errorf("the transfer's record: %+v %+v", moved, moved.Transfer)
	}
}

// TestAttendedTransferInVain: the dialog to be replaced is gone, or another user's. Both
// calls stay as they are.
func TestAttendedTransferInVain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status string
		spoil  func(string) string
	}{
		"the dialog is gone":            {"481", func(r string) string { return strings.Replace(r, "Replaces=", "Replaces=x", 1) }},
		"early only, and it is not":     {"486", func(r string) string { return strings.TrimSuffix(r, ">") + "%3Bearly-only>" }},
		"a Replaces that is none":       {"400", func(r string) string { return r[:strings.Index(r, "=")+1] + "nonsense>" }},
		"two headers named Replaces":    {"400", func(r string) string { return strings.TrimSuffix(r, ">") + "&" + r[strings.Index(r, "?")+1:] }},
		"a tag that is somebody else's": {"481", func(r string) string { return strings.Replace(r, "from-tag%3D", "from-tag%3Dx", 1) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, moving)
			s.register(aliceHost, alice)
			m := attendeds[0]
			by, of := []string{"refer", "declined", "wait", "hangup"}, []string{"hungup"}
			calling := m.callsFrom(s, by, of)
			calling.Keys["status"] = test.status
			x := s.talkingAs(m, calling, by, of)
			consult, answer := x.consult("wait", "hangup")
			x.by.asks(test.spoil(replacing(answer)))
			x.by.saw("declined")
			x.talk(x.byVoice, x.ofVoice)
			for _, p := range []*party{x.by, consult} {
				p.proceed()
			}
			for _, p := range []*party{x.by, x.of, x.to, consult} {
				p.done()
			}
		})
	}
}
