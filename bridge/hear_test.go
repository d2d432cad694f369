package bridge

import (
	"reflect"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/sdp"
)

// talking is an answered call of parties in these states.
func talking(hold HoldSound, states ...event.ParticipantState) *Machine {
	m := NewMachine("c", &Limits{Hold: hold})
	m.answered = time.Unix(1, 0)
	for i, s := range states {
		m.participants = append(m.participants, participant{
			id: i + 1, state: s, leg: legLive,
			stream: sdp.Stream{Formats: []sdp.Format{{Send: sdp.Static(0), Receive: sdp.Static(0)}}},
		})
	}
	return m
}

func TestWhoHearsWhomOnHold(t *testing.T) {
	const talks, held = event.ParticipantConnected, event.ParticipantHold
	for _, c := range []struct {
		name   string
		hold   HoldSound
		states []event.ParticipantState
		want   rtp.Table
	}{
		{"both talk", HoldMusic, []event.ParticipantState{talks, talks}, rtp.Table{1: {{Source: 2}}, 2: {{Source: 1}}}},
		{"the callee is held", HoldMusic, []event.ParticipantState{talks, held}, rtp.Table{1: {{Source: 2}}, 2: {{Source: -2}}}},
		{"both are held", HoldMusic, []event.ParticipantState{held, held}, rtp.Table{1: {{Source: -1}}, 2: {{Source: -2}}}},
		{"what the holder sends is passed", HoldPass, []event.ParticipantState{talks, held}, rtp.Table{1: {{Source: 2}}, 2: {{Source: 1}}}},
	} {
		if got := talking(c.hold, c.states...).hearing(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestMusicNeedsADirection: a holder that says inactive would leave the held party
// without a way to be sent anything.
func TestMusicNeedsADirection(t *testing.T) {
	for _, c := range []struct {
		hold    HoldSound
		offered sdp.Direction
		want    sdp.Direction
	}{
		{HoldMusic, sdp.Inactive, sdp.SendOnly}, {HoldMusic, sdp.SendOnly, sdp.SendOnly},
		{HoldMusic, sdp.SendRecv, sdp.Inactive}, {HoldMusic, sdp.RecvOnly, sdp.Inactive},
		{HoldPass, sdp.Inactive, sdp.Inactive},
	} {
		m := talking(c.hold, event.ParticipantConnected, event.ParticipantConnected)
		offered := &sdp.Media{Kind: "audio", Port: 4000, Proto: "RTP/AVP", Host: "192.0.2.1", Direction: c.offered}
		if got := m.music(m.participant(2), offered); got != c.want {
			t.Errorf("%v offered %v: %v is added, want %v", c.hold, c.offered, got, c.want)
		}
	}
}
