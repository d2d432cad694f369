package test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/test/peers"
)

// moving is a house where transfers are made: alice and bob are users, +1206 is behind
// another trunk than the rest of the world.
const moving = `
region: US
drain: 20s
music_on_hold: tune
sip:
  listen: ["udp://GATEWAY", "tcp://GATEWAY"]
cdr:
  path: RECORDS
users:
  - name: alice
    password: correct-horse-battery
    numbers: ["+14255550101"]
  - name: bob
    password: another-horse-battery
    numbers: ["+14255550102"]
    ringing_timeout: 20s
trunks:
  - name: carrier
    address: sip:CARRIER
    sources: [CARRIERHOST/32]
  - name: backup
    address: sip:BACKUP
    sources: [BACKUPHOST/32]
routes:
  - {name: seattle, to: "+1206", trunks: [backup], ringing_timeout: 20s, attempt_timeout: 1s}
  - {name: us, to: "+1", trunks: [carrier]}
`

// The tones of the three: neither the music nor the ringing tone has them.
const (
	transferorPitch = 990.0
	transfereePitch = 620.0
	targetPitch     = 1370.0
)

// longestGap is how long a party may hear nothing because others move.
const longestGap = 200 * time.Millisecond

// seattle is a number that the trunk backup has, and bobs bob's.
const (
	seattle = "+12065550177"
	bobs    = "+14255550102"
)

// move is a transfer: who calls whom, which of the two transfers the other, and to whom.
type move struct {
	name string
	way
	// caller tells that the caller transfers, and not the callee.
	callerMoves bool
	host        byte // where the target is
	number      string
	// shown is the target's caller, and referrer is in the Referred-By that it gets.
	shown, referrer string
}

// fromPhone are transfers by alice's phone, and fromTrunk those by the carrier.
var (
	fromPhone = []move{
		{"the phone has called, to a number", ways[0], true, backupHost, seattle, "+14255550101", "alice"},
		{"the phone was called, to a number", ways[1], false, backupHost, seattle, "+14255550101", "alice"},
		{"the phone has called, to a user", ways[0], true, bobHost, bobs, "alice", "alice"},
	}
	fromTrunk = []move{
		{"the carrier has called, to a user", ways[1], true, bobHost, bobs, "+14255550123", "+14255550123"},
		{"the carrier was called, to a user", ways[0], false, bobHost, bobs, "+14255550100", "+14255550100"},
	}
)

// transferor and transferee are where the two are.
func (m move) transferor() byte {
	if m.callerMoves {
		return m.caller
	}
	return m.callee
}

func (m move) transferee() byte { return m.caller + m.callee - m.transferor() }

// trio are the three of a transfer.
type trio struct {
	*stage
	move
	by, of, to                *party
	byVoice, ofVoice, toVoice *voice
	answer                    *phone.Message // the caller's, to its INVITE
}

// isPhone tells a phone from a trunk: only phones are told of whom they talk to now.
func isPhone(host byte) bool { return host < carrierHost }

// learns are the steps of one that is connected with another: a phone is told who that is.
func learns(host byte) []string {
	if isPhone(host) {
		return []string{"reinvited"}
	}
	return nil
}

// talking brings up the call that is to be transferred, with audio, by alice whose phone
// is registered. by and of are what the two do when it is up.
func (s *stage) talking(m move, by, of []string) *trio {
	s.Helper()
	s.register(aliceHost, alice)
	return s.talkingAs(m, m.callsFrom(s, by, of), by, of)
}

// callsFrom is the caller of the call that is to be transferred.
func (m move) callsFrom(s *stage, by, of []string) peers.SIPp {
	if !m.callerMoves {
		by = of
	}
	return m.calling(s, "call", append([]string{"ringing", "answered"}, by...)...)
}

// talkingAs is talking with a caller that is not as usual.
func (s *stage) talkingAs(m move, calling peers.SIPp, by, of []string) *trio {
	s.Helper()
	if m.callerMoves {
		by = of
	}
	callee := s.start(m.called(s, append([]string{"called", "ring", "answer"}, by...)...))
	caller := s.start(calling)
	answer, invite := up(caller, callee)
	x := &trio{stage: s, move: m, by: caller, of: callee, answer: answer}
	told := map[byte]*phone.Message{m.caller: answer, m.callee: invite}
	if !m.callerMoves {
		x.by, x.of = callee, caller
	}
	x.byVoice, x.ofVoice = s.voice(m.transferor(), transferorPitch), s.voice(m.transferee(), transfereePitch)
	x.byVoice.speaks(told[m.transferor()])
	x.ofVoice.speaks(told[m.transferee()])
	x.talk(x.byVoice, x.ofVoice)
	return x
}

// talk waits until two hear each other.
func (x *trio) talk(a, b *voice) {
	x.Helper()
	a.hears(b.audio.Pitch)
	b.hears(a.audio.Pitch)
}

// target is whom the transferee is to talk to.
func (x *trio) target(steps ...string) {
	x.Helper()
	x.to = x.callee(x.host, append([]string{"called"}, steps...)...)
}

// refer has the transferor ask for it, and follows it to the first NOTIFY.
func (x *trio) refer(to string) {
	x.Helper()
	x.by.asks(to)
	x.status(x.by.saw("accepted"), 202)
	x.told(100, false)
}

// asks ends the step "refer".
func (p *party) asks(to string) {
	p.Helper()
	if err := p.run.GoWith(to, patience); err != nil {
		p.Fatal(err)
	}
}

// at is how a number or a user is written in Refer-To.
func (s *stage) at(user string) string { return fmt.Sprintf("<sip:%s@%s>", user, s.SIP(gatewayHost)) }

// told follows the transferor to its next NOTIFY. RFC 3515 s2.4.4: its body is a
// message/sipfrag that begins with a status line; s2.4.7: the last one terminates.
func (x *trio) told(status int, last bool) {
	x.Helper()
	m := x.by.saw("notified")
	state := m.Get("Subscription-State")
	if m.Get("Event") != "refer" || !strings.HasPrefix(m.Get("Content-Type"), "message/sipfrag") ||
		!strings.HasPrefix(m.Body, fmt.Sprintf("SIP/2.0 %d ", status)) ||
		last != strings.HasPrefix(state, "terminated") || !last && !strings.HasPrefix(state, "active;expires=") {
		x.Errorf("not a NOTIFY of %d, the last one: %t:\n%s", status, last, m)
	}
}

// invited checks the INVITE to the target, which rings then.
func (x *trio) invited() *phone.Message {
	x.Helper()
	m := x.to.saw("called")
	if by := m.Get("Referred-By"); phone.User(phone.URI(by)) != x.referrer {
		x.Errorf("Referred-By: %s, not %s", by, x.referrer)
	}
	if shown := phone.User(phone.URI(cmp.Or(m.Get("P-Asserted-Identity"), m.Get("From")))); shown != x.shown {
		x.Errorf("the target is shown %s, not %s:\n%s", shown, x.shown, m)
	}
	if m.Has("Replaces") {
		x.Errorf("the target is to replace something:\n%s", m)
	}
	x.toVoice = x.voice(x.host, targetPitch)
	x.toVoice.speaks(m)
	return m
}

// waits checks what is heard while the target rings: the transferee hears it ring, and
// neither hears the other.
func (x *trio) waits() {
	x.Helper()
	for _, pitch := range ringingTone {
		x.ofVoice.hears(pitch)
	}
	x.byVoice.silent()
	before := x.ofVoice.report().Received
	x.ofVoice.gets(before + 50)
	for _, pitch := range []float64{transferorPitch, targetPitch} {
		if level := x.ofVoice.level(pitch); level > phone.Audible {
			x.Errorf("the transferee hears %.0f Hz at %.0f dBm0", pitch, level)
		}
	}
}

// connected checks that the transferee and the target talk, and came to it without a gap.
func (x *trio) connected() {
	x.Helper()
	answered, err := x.to.run.Sent("SIP/2.0 200 OK")
	if err != nil {
		x.Fatal(err)
	}
	x.talk(x.ofVoice, x.toVoice)
	ofGap, toGap := x.ofVoice.gap(answered), x.toVoice.gap(answered)
	ours := x.ofVoice.stalled(answered) + x.toVoice.stalled(answered) // it is a busy machine at times
	for name, gap := range map[string]time.Duration{"transferee": ofGap, "target": toGap} {
		if gap > longestGap+ours {
			x.Errorf("the %s hears nothing for %v after the answer, %v of it for want of a processor", name, gap, ours)
		}
	}
	x.byVoice.silent()
}

// aside is the record of the transfer, beside that of the call.
func (s *stage) aside(n int) (main, moved peers.Record) {
	s.Helper()
	records, err := s.gateway.AllRecords(n, patience)
	if err != nil {
		s.Fatal(err)
	}
	byID := map[string]peers.Record{}
	for _, r := range records {
		if r.Chain == "" || r.Chain != records[0].Chain {
			s.Errorf("chain %q, and %q in another record", r.Chain, records[0].Chain)
		}
		if byID[r.ID] = r; r.Transfer != nil && strings.HasSuffix(r.ID, ".1") {
			moved = r
		}
	}
	main, ok := byID[strings.TrimSuffix(moved.ID, ".1")]
	if len(records) != n || !ok {
		s.Fatalf("%d records, not %d: %+v", len(records), n, records)
	}
	return main, moved
}

// recorded checks the record of a blind transfer that succeeded.
func (x *trio) recorded() {
	x.Helper()
	main, moved := x.aside(2)
	if main.Disposition != "answered" || main.Cause != "transferred" {
		x.Errorf("the call's record: %+v", main)
	}
	if moved.Disposition != "answered" || moved.Transfer.Kind != "blind" || moved.Status != 200 || moved.Answered.Before(main.Answered) {
		x.Errorf("the transfer's record: %+v %+v", moved, moved.Transfer)
	}
	if n := len(moved.Attempts); n != 1 || moved.Attempts[0].Status != 200 || moved.Attempts[0].CallerID != x.shown {
		x.Errorf("%d attempts: %+v", n, moved.Attempts)
	}
	if moved.Callee != x.number {
		x.Errorf("the transfer's callee is %q, not %q", moved.Callee, x.number)
	}
}

func TestBlindTransferByPhone(t *testing.T) { blindTransfers(t, fromPhone) }
func TestBlindTransferByTrunk(t *testing.T) { blindTransfers(t, fromTrunk) }

// blindTransfers: the transferee hears the house until the target answers, the transferor is
// told and hung up, and the two others talk.
func blindTransfers(t *testing.T, moves []move) {
	t.Parallel()
	for _, m := range moves {
		t.Run(m.name, func(t *testing.T) {
			s := newStage(t, moving)
			if m.host == bobHost {
				s.register(bobHost, bob)
			}
			x := s.talking(m, []string{"refer", "accepted", "notified", "notified", "notified", "hungup"}, append(learns(m.transferee()), "wait", "hangup"))
			x.target(append(append([]string{"ring", "wait", "answer"}, learns(m.host)...), "hungup")...)
			x.refer(s.at(x.number))
			x.invited()
			x.told(180, false)
			x.waits()
			x.to.proceed()
			x.succeeds()
			x.recorded()
		})
	}
}

// succeeds follows a transfer from the target's answer to the transferee's BYE.
func (x *trio) succeeds() {
	x.Helper()
	x.to.saw("acknowledged")
	x.told(200, true)
	x.by.saw("hungup") // after the last NOTIFY
	for host, p := range map[byte]*party{x.transferee(): x.of, x.host: x.to} {
		if isPhone(host) {
			p.saw("reinvited")
		}
	}
	x.connected()
	x.of.proceed()
	x.to.saw("hungup")
	for _, p := range []*party{x.by, x.of, x.to} {
		p.done()
	}
}

// TestTransferCallerID: the target sees the transferee where the house has it so.
func TestTransferCallerID(t *testing.T) {
	s := newStage(t, moving+"transfer_caller_id: transferee\n")
	m := fromPhone[1]
	m.shown = "+14255550123"
	x := s.talking(m, []string{"refer", "accepted", "notified", "notified", "hungup"}, []string{"wait", "hangup"})
	x.target("answer", "hungup")
	x.refer(s.at(x.number))
	x.invited()
	x.succeeds()
	x.recorded()
}

// TestTransferFails: the target does not come, in each way, and the two have each other
// again. The NOTIFY says why.
func TestTransferFails(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		steps        []string
		status, rung int
		disposition  string
	}{
		{"the target is busy", []string{"refuse"}, 486, 0, "busy"},
		{"the target rings and does not answer", []string{"ring", "cancelled"}, 480, 1, "no_answer"},
		{"the target is silent", []string{"ignore"}, 480, 0, "no_answer"},
	} {
		for _, m := range []move{fromPhone[0], fromPhone[1]} {
			t.Run(test.name+": "+m.name, func(t *testing.T) {
				s := newStage(t, strings.ReplaceAll(moving, "ringing_timeout: 20s", "ringing_timeout: 2s"))
				told := slices.Repeat([]string{"notified"}, 2+test.rung)
				x := s.talking(m, slices.Concat([]string{"refer", "accepted"}, told, []string{"wait", "hangup"}), []string{"hungup"})
				x.target(test.steps...)
				x.refer(s.at(x.number))
				x.invited()
				if test.rung > 0 {
					x.told(180, false)
				}
				x.told(test.status, true)
				x.talk(x.byVoice, x.ofVoice)
				x.by.proceed()
				x.of.saw("hungup")
				x.by.done()
				x.of.done()
				if test.name != "the target is silent" {
					x.to.done()
				}
				main, moved := x.aside(2)
				if main.Disposition != "answered" || main.Cause == "transferred" {
					s.Errorf("the call's record: %+v", main)
				}
				if moved.Disposition != test.disposition || moved.Status != test.status || moved.Duration != 0 || len(moved.Attempts) != 1 {
					s.Errorf("the transfer's record: %+v", moved)
				}
			})
		}
	}
}

// TestTransferForwarded: the target is busy and forwards its calls, which is followed or
// not as disable_forwarding_and_unanswered says.
func TestTransferForwarded(t *testing.T) {
	t.Parallel()
	forwarding := strings.Replace(moving, "- name: bob\n", "- name: bob\n    forward: {busy: \""+seattle+"\"}\n", 1)
	m := fromPhone[0]
	m.host, m.number, m.shown = bobHost, bobs, "alice"
	t.Run("followed", func(t *testing.T) {
		s := newStage(t, forwarding)
		s.register(bobHost, bob)
		x := s.talking(m, []string{"refer", "accepted", "notified", "notified", "hungup"}, []string{"wait", "hangup"})
		busy := s.callee(bobHost, "called", "refuse")
		x.host = backupHost
		x.target("answer", "hungup")
		x.refer(s.at(x.number))
		busy.saw("called")
		x.toVoice = x.voice(x.host, targetPitch)
		x.toVoice.speaks(x.to.saw("called"))
		x.succeeds()
		busy.done()
		if _, moved := x.aside(2); moved.Disposition != "answered" || moved.Trunk != "backup" || len(moved.Attempts) != 2 {
			s.Errorf("the transfer's record: %+v", moved)
		}
	})
	t.Run("not followed", func(t *testing.T) {
		s := newStage(t, forwarding+"disable_forwarding_and_unanswered: true\n")
		s.register(bobHost, bob)
		x := s.talking(m, []string{"refer", "accepted", "notified", "notified", "wait", "hangup"}, []string{"hungup"})
		x.target("refuse")
		x.refer(s.at(x.number))
		x.invited()
		x.told(486, true)
		x.talk(x.byVoice, x.ofVoice)
		x.by.proceed()
		for _, p := range []*party{x.by, x.of, x.to} {
			p.done()
		}
		if _, moved := x.aside(2); moved.Disposition != "busy" || len(moved.Attempts) != 1 {
			s.Errorf("the transfer's record: %+v", moved)
		}
	})
}

// TestTransfereeHangsUp: the one that is transferred does not wait for the target, which is
// no longer called then, and the transferor's call ends too.
func TestTransfereeHangsUp(t *testing.T) {
	s := newStage(t, moving)
	x := s.talking(fromPhone[0], []string{"refer", "accepted", "notified", "notified", "notified", "hungup"}, []string{"wait", "hangup"})
	x.target("ring", "cancelled")
	x.refer(s.at(x.number))
	x.invited()
	x.told(180, false)
	x.of.proceed()
	x.to.saw("cancelled")
	x.told(487, true)
	x.by.saw("hungup")
	for _, p := range []*party{x.by, x.of, x.to} {
		p.done()
	}
	if main, moved := x.aside(2); main.EndedBy != "callee" || moved.Disposition == "answered" || moved.Status == 200 {
		s.Errorf("records: %+v %+v", main, moved)
	}
}

// TestTransferRefused: what may not or cannot be asked for changes nothing.
func TestTransferRefused(t *testing.T) {
	t.Parallel()
	may := strings.Replace(moving, "sources: [CARRIERHOST/32]\n", "sources: [CARRIERHOST/32]\n    transfer: refuse\n", 1)
	for _, test := range []struct {
		name, config, to, status string
		move
	}{
		{"a trunk that may not transfer", may, "<sip:+14255550102@GATEWAY>", "403", fromTrunk[0]},
		{"a number that has no route", moving, "<sip:+442079460123@GATEWAY>", "404", fromPhone[0]},
		{"another scheme", moving, "<mailto:bob@example.test>", "416", fromPhone[0]},
		{"a Refer-To that is none", moving, "<sip:>", "400", fromPhone[0]},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, test.config)
			s.register(aliceHost, alice)
			by, of := []string{"refer", "declined", "wait", "hangup"}, []string{"hungup"}
			calling := test.callsFrom(s, by, of)
			calling.Keys["status"] = test.status
			x := s.talkingAs(test.move, calling, by, of)
			x.by.asks(s.fill(test.to))
			x.by.saw("declined")
			x.talk(x.byVoice, x.ofVoice)
			x.by.proceed()
			if r := s.finished(x.by, x.of); r.Disposition != "answered" || r.Chain != "" {
				s.Errorf("record: %+v", r)
			}
		})
	}
}

// TestTransferRelayed: a trunk that is to make transfers itself is sent the REFER, and what
// it tells is told.
func TestTransferRelayed(t *testing.T) {
	s := newStage(t, strings.Replace(moving, "sources: [CARRIERHOST/32]\n", "sources: [CARRIERHOST/32]\n    transfer: relay\n", 1))
	x := s.talking(fromPhone[0], []string{"refer", "accepted", "notified", "notified", "hungup"}, []string{"referred", "wait", "notify", "hungup"})
	x.by.asks(s.at("+14155550199")) // which that trunk has
	refer := x.of.saw("referred")
	if to := phone.User(phone.URI(refer.Get("Refer-To"))); to != "+14155550199" || phone.User(phone.URI(refer.Get("Referred-By"))) != "alice" {
		s.Errorf("the trunk is asked for %q:\n%s", to, refer)
	}
	s.status(x.by.saw("accepted"), 202)
	x.told(100, false)
	x.of.proceed()
	x.of.saw("notify_heard")
	x.told(200, true)
	x.by.saw("hungup")
	x.of.saw("hungup")
	x.by.done()
	x.of.done()
}
