package test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/rtp/codec"
	"github.com/tandem-gateway/tandem/test/peers"
)

// line is a codec as a SIPp describes it.
type line struct {
	format     codec.Format
	kind       byte
	formats    string
	attributes string
}

var (
	ulaw = line{codec.Format{Name: "PCMU", Clock: 8000}, 0, "0 101", "a=ptime:20"}
	alaw = line{codec.Format{Name: "PCMA", Clock: 8000}, 8, "8 101", "a=ptime:20"}
	g722 = line{codec.Format{Name: "G722", Clock: 8000}, 9, "9 101", "a=rtpmap:9 G722/8000\r\na=ptime:20"}
	opus = line{codec.Format{Name: "opus", Clock: 48000, Channels: 2}, 111, "111 101", "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=ptime:20"}
)

// describes has a SIPp speak that codec alone.
func (l line) describes(p peers.SIPp) peers.SIPp {
	p.Keys["formats"], p.Keys["attributes"] = l.formats, l.attributes
	return p
}

// speaks has a voice speak the codec to where a message's description wants it, which must
// have it.
func (l line) speaks(v *voice, m *phone.Message) {
	v.stage.Helper()
	d := v.stage.described(m)
	i := slices.Index(d.Codecs, l.format.Name)
	if i < 0 {
		v.stage.Fatalf("%s is not among %v:\n%s", l.format.Name, d.Codecs, m)
	}
	d.Codecs, d.Types = d.Codecs[i:i+1], d.Types[i:i+1]
	if !strings.HasPrefix(l.format.Name, "PCM") {
		v.stage.coder(l.format, l.kind, byte(d.Types[0])).lend(v)
		d.Codecs, d.Types = []string{"PCMU"}, []int{0}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.audio.Start(time.Now(), d); err != nil {
		v.stage.Error(err)
	}
}

// codecsOf are the names of the codecs for speech in a message's description.
func (s *stage) codecsOf(m *phone.Message) (names []string) {
	s.Helper()
	for _, name := range s.described(m).Codecs {
		if name != "telephone-event" && name != "CN" {
			names = append(names, name)
		}
	}
	return names
}

// TestTranscoding: two that share no codec hear each other, in each direction; who is
// called is offered the caller's codec first, and each is told of its own alone.
func TestTranscoding(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		phone, trunk line
	}{
		{"G.711 µ-law phone, G.722 carrier", ulaw, g722},
		{"Opus phone, G.711 A-law carrier", opus, alaw},
		{"Opus phone, G.722 carrier", opus, g722},
		{"A-law phone, µ-law carrier", alaw, ulaw},
	} {
		t.Run(test.name, func(t *testing.T) {
			bothWays(t, house, func(s *stage, w way) {
				near, far := test.phone, test.trunk
				if w.caller == carrierHost {
					near, far = far, near
				}
				callee := s.start(far.describes(w.called(s, "called", "ring", "answer_as", "hungup")))
				caller := s.start(near.describes(w.calling(s, "call", "ringing", "answered", "wait", "hangup")))
				s.transcoded(w, caller, callee, near, far)
				caller.proceed()
				s.answered(s.finished(caller, callee), "caller")
			})
		})
	}
}

// transcoded follows a call up, and has both sides hear each other.
func (s *stage) transcoded(w way, caller, callee *party, near, far line) {
	s.Helper()
	answer, invite := up(caller, callee)
	if offered := s.codecsOf(invite); offered[0] != near.format.Name || !slices.Contains(offered, far.format.Name) {
		s.Errorf("the callee is offered %v, not %s first and %s too", offered, near.format.Name, far.format.Name)
	}
	if agreed := s.codecsOf(answer); !slices.Equal(agreed, []string{near.format.Name}) {
		s.Errorf("the caller is answered with %v, not %s", agreed, near.format.Name)
	}
	mine, theirs := s.voice(w.caller, low), s.voice(w.callee, high)
	near.speaks(mine, answer)
	far.speaks(theirs, invite)
	mine.hears(high)
	theirs.hears(low)
	a, b := mine.gets(50), theirs.gets(50)
	if a.Lost+b.Lost > 0 {
		s.Errorf("lost on the way: %+v and %+v", a, b)
	}
}

// TestCodecsOfTrunk: a trunk with a list is offered what is on it, and no more.
func TestCodecsOfTrunk(t *testing.T) {
	config := strings.Replace(house, "- name: carrier\n", "- name: carrier\n    codecs: [PCMA, telephone-event]\n", 1)
	s := newStage(t, config)
	s.register(aliceHost, alice)
	w := ways[0]
	callee := s.start(alaw.describes(w.called(s, "called", "ring", "answer_as", "hungup")))
	caller := s.start(ulaw.describes(w.calling(s, "call", "ringing", "answered", "wait", "hangup")))
	answer, invite := up(caller, callee)
	if offered := s.codecsOf(invite); !slices.Equal(offered, []string{"PCMA"}) {
		s.Errorf("the trunk is offered %v", offered)
	}
	mine, theirs := s.voice(w.caller, low), s.voice(w.callee, high)
	mine.speaks(answer)
	theirs.speaks(invite)
	mine.hears(high)
	theirs.hears(low)
	caller.proceed()
	s.answered(s.finished(caller, callee), "caller")
}

// TestNoCodecInCommon: where nothing is to be turned into anything else, 488.
func TestNoCodecInCommon(t *testing.T) {
	config := strings.Replace(house, "- name: carrier\n", "- name: carrier\n    codecs: [G722]\n", 1)
	s := newStage(t, strings.Replace(config, "cdr:\n", "rtp:\n  codecs: []\ncdr:\n", 1))
	s.register(aliceHost, alice)
	caller := s.start(ulaw.describes(ways[0].calling(s, "call", "refused")))
	s.status(caller.saw("refused"), 488)
	caller.done()
	if r := s.record(1); r.Status != 488 {
		s.Errorf("record: %+v", r)
	}
}

// TestSoftphoneCodecs: a real phone that has Opus or G.722 alone, and a carrier with G.711,
// hear each other's tone, whoever calls.
func TestSoftphoneCodecs(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"opus", "g722"} {
		t.Run(name+" phone calls", func(t *testing.T) {
			s := newStage(t, house)
			desk := s.softphone(peers.Baresip{Who: alice, Codec: name}, aliceHost, low)
			desk.registered(alice)
			called := s.called(carrierHost, "called", "ring", "answer_as", "hungup")
			carrier := s.start(ulaw.describes(called))
			desk.do("dial", "(425)555-0100")
			invite := carrier.saw("called")
			if first := s.codecsOf(invite)[0]; !strings.EqualFold(first, name) {
				s.Errorf("the carrier is offered %s before the phone's %s", first, name)
			}
			desk.await("CALL_ESTABLISHED")
			s.softphoneTalks(desk, invite)
			carrier.done()
		})
		t.Run(name+" phone is called", func(t *testing.T) {
			s := newStage(t, house)
			desk := s.softphone(peers.Baresip{Who: alice, Codec: name, Answers: true}, aliceHost, low)
			desk.registered(alice)
			calling := s.calling(carrierHost, nobody, "+14255550101", "call", "ringing", "answered", "hungup")
			carrier := s.start(alaw.describes(calling))
			carrier.saw("ringing")
			answer := carrier.saw("answered")
			desk.await("CALL_ESTABLISHED")
			s.softphoneTalks(desk, answer)
			carrier.done()
		})
	}
}

// softphoneTalks has a softphone and the carrier, who got our description in a message, hear
// each other; the phone hangs up.
func (s *stage) softphoneTalks(desk *softphone, told *phone.Message) {
	s.Helper()
	far := s.voice(carrierHost, high)
	far.speaks(told)
	far.hears(low)
	// -10 dBm0 and the loss of two codecs; Opus at 8 kHz is made for speech, and adds noise to
	// a tone that lasts.
	desk.hearsAbove(high, -15, 6)
	desk.do("hangup", "")
	desk.await("CALL_CLOSED")
	r := s.record(1)
	for _, m := range r.Media {
		if m.Packets == 0 || m.Relayed == 0 {
			s.Errorf("audio of participant %d: %+v", m.Participant, m)
		}
	}
	quit(desk)
}
