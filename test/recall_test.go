package test

import (
	"strings"
	"testing"
)

// leaves are the steps of a transferor that hangs up before its transfer is over, and is
// told of that all the same (RFC 5057 s4.1).
var leaves = []string{"refer", "accepted", "notified", "wait", "hangup", "notified"}

// leaving brings up a call, whose transferor asks for a transfer and hangs up, and whose
// target is busy then. alice's phone is at home.
func (s *stage) leaving(m move, home byte, of ...string) *trio {
	s.Helper()
	s.register(home, alice)
	s.register(bobHost, bob)
	calling := m.callsFrom(s, leaves, of)
	if !isPhone(m.caller) {
		calling = s.beside(calling) // for it may be called back
		calling.Keys["audio_port"] = "30000"
	}
	x := s.talkingAs(m, calling, leaves, of)
	x.target("wait", "refuse")
	x.refer(s.at(x.number))
	x.to.saw("called")
	x.by.proceed()
	x.by.saw("ended")
	x.byVoice.stops()
	return x
}

// failed lets the target say that it is busy, which the transferor is told.
func (x *trio) failed() {
	x.Helper()
	x.to.proceed()
	x.told(486, true)
	x.by.done()
	x.to.done()
}

// TestRecall: transfer_recall says who is called when the target is busy and the transferor
// has gone. The transferee is played something meanwhile, and then talks to that one.
func TestRecall(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, config string
		move
		home, back byte
	}{
		{"back to a phone", "", fromPhone[0], alice2Host, alice2Host},
		{"back to the carrier", "", fromTrunk[0], aliceHost, carrierHost},
		{"to a user", "transfer_recall: user:bob\n", fromPhone[0], alice2Host, bobHost},
		{"to a number", `transfer_recall: "+14255550102"`, fromPhone[0], alice2Host, bobHost},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, moving+test.config)
			x := s.leaving(test.move, test.home, append(learns(test.transferee()), "hungup")...)
			again := s.callee(test.back, append(append([]string{"called", "ring", "wait", "answer"}, learns(test.back)...), "wait", "hangup")...)
			x.failed()
			x.recalled(test.back, again)
			again.proceed()
			x.of.saw("hungup")
			again.done()
			x.of.done()
			x.recallRecorded()
		})
	}
}

// recalled follows the call to who is called for the transferee.
func (x *trio) recalled(back byte, again *party) {
	x.Helper()
	invite := again.saw("called")
	if invite.Has("Replaces") || !strings.Contains(invite.Get("From"), "tag=") {
		x.Errorf("who is called back gets:\n%s", invite)
	}
	x.ofVoice.gets(x.ofVoice.report().Received + 25)
	again.proceed()
	again.saw("acknowledged")
	for host, p := range map[byte]*party{x.transferee(): x.of, back: again} {
		if isPhone(host) {
			p.saw("reinvited")
		}
	}
	voice := x.byVoice
	if back != x.transferor() {
		voice = x.voice(back, targetPitch)
	}
	voice.speaks(invite)
	x.talk(x.ofVoice, voice)
}

// recallRecorded checks the records: the call's, that of the transfer which failed, and that
// of the call back.
func (x *trio) recallRecorded() {
	x.Helper()
	_, moved := x.aside(3)
	if moved.Transfer.Kind != "blind" || moved.Disposition != "busy" || moved.Status != 486 {
		x.Errorf("the transfer's record: %+v", moved)
	}
	records, err := x.gateway.AllRecords(3, patience)
	if err != nil {
		x.Fatal(err)
	}
	for _, r := range records {
		if strings.HasSuffix(r.ID, ".2") && r.Transfer != nil && r.Transfer.Kind == "recall" && r.Disposition == "answered" {
			return
		}
	}
	x.Errorf("no record of the call back: %+v", records)
}

// TestRecallEnd: transfer_recall: end ends the call of a transferee that has nobody.
func TestRecallEnd(t *testing.T) {
	for _, m := range []move{fromPhone[0], fromTrunk[0]} {
		t.Run(m.name, func(t *testing.T) {
			s := newStage(t, moving+"transfer_recall: end\n")
			x := s.leaving(m, aliceHost, "hungup")
			x.failed()
			x.of.saw("hungup")
			x.of.done()
			if _, moved := x.aside(2); moved.Disposition != "busy" {
				s.Errorf("the transfer's record: %+v", moved)
			}
		})
	}
}

// TestTransferorLeavesEarly: the transferor hangs up, and its transfer goes on to its end.
func TestTransferorLeavesEarly(t *testing.T) {
	s := newStage(t, moving)
	s.register(aliceHost, alice)
	by, of := leaves, []string{"wait", "hangup"}
	x := s.talkingAs(fromPhone[0], fromPhone[0].callsFrom(s, by, of), by, of)
	x.target("wait", "answer", "hungup")
	x.refer(s.at(x.number))
	x.invited()
	x.by.proceed()
	x.by.saw("ended")
	x.to.proceed()
	x.to.saw("acknowledged")
	x.told(200, true)
	x.connected()
	x.of.proceed()
	for _, p := range []*party{x.by, x.of, x.to} {
		p.done()
	}
	x.recorded()
}

// TestTransfereeHearsSomething: from the REFER on the transferee hears something, also where
// the target's side does not say that it rings, and where music_on_hold is as it is by itself.
func TestTransfereeHearsSomething(t *testing.T) {
	s := newStage(t, strings.Replace(moving, "music_on_hold: tune\n", "", 1))
	x := s.talking(fromPhone[0], []string{"refer", "accepted", "notified", "notified", "hungup"}, []string{"wait", "hangup"})
	x.target("wait", "answer", "hungup")
	x.refer(s.at(x.number))
	x.invited()
	x.byVoice.silent()
	x.ofVoice.gets(x.ofVoice.report().Received + 25)
	x.to.proceed()
	x.succeeds()
}
