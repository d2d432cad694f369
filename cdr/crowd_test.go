package cdr

import (
	"testing"

	"github.com/tandem-gateway/tandem/event"
)

// party tells that a participant has come into a state.
func (s *story) party(ms, participant int, name string, to event.ParticipantState) *story {
	return s.add(event.ParticipantStateChanged{Header: s.at(ms), Participant: participant, Name: name, To: to})
}

// talk is alice's call to a carrier, answered.
func talk() *story {
	return incoming("id1").attempt(10, 1, "carrier", event.Cause{Status: 200, Q850: 16}).
		party(1000, 2, "carrier", event.ParticipantConnected).party(1000, 1, "alice", event.ParticipantConnected)
}

// TestPresence: of three the record says when each was there; of two nothing.
func TestPresence(t *testing.T) {
	over := event.Cause{Status: 200, Q850: 16, By: event.PartyCaller}
	three := talk().
		party(2000, 2, "carrier", event.ParticipantHold).party(2500, 2, "carrier", event.ParticipantConnected).
		party(3000, 3, "bob", event.ParticipantRinging).party(4000, 3, "bob", event.ParticipantConnected).
		party(5000, 4, "busy", event.ParticipantConnecting).party(5500, 4, "busy", event.ParticipantDisconnected).
		party(6000, 2, "carrier", event.ParticipantDisconnected).
		party(7000, 1, "alice", event.ParticipantDisconnected).party(7000, 3, "bob", event.ParticipantDisconnected).
		end(7000, 1000, over)
	b := newBook(t)
	b.tell(three.events...)
	for _, e := range talk().party(3000, 2, "carrier", event.ParticipantDisconnected).end(3000, 1000, over).events {
		b.Add(e)
	}
	records := b.all()
	if len(records) != 2 || len(records[1].Participants) != 0 {
		t.Fatalf("%+v", records)
	}
	at := func(ms int) Time { return Time{three.at(ms).At} }
	want := []Presence{{1, "alice", at(1000), at(7000)}, {2, "carrier", at(1000), at(6000)}, {3, "bob", at(4000), at(7000)}}
	got := records[0].Participants
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, w := range want {
		if g := got[i]; g.Participant != w.Participant || g.Name != w.Name || g.Joined.Sub(w.Joined.Time).Abs() > 1e6 || g.Left.Sub(w.Left.Time).Abs() > 1e6 {
			t.Errorf("%+v, want %+v", g, w)
		}
	}
}
