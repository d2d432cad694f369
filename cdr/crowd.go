package cdr

import (
	"maps"
	"slices"

	"github.com/tandem-gateway/tandem/event"
)

// Presence says when a party was in a call of more than two: from when it could talk and be
// heard until it left. Who pays for a party's leg pays for that time.
type Presence struct {
	// Participant is its number as in Media, Name who it is: a user, a number, a trunk.
	Participant int    `json:"participant"`
	Name        string `json:"name,omitempty"`
	Joined      Time   `json:"joined"`
	Left        Time   `json:"left,omitzero"`
}

// present notes who comes to talk and who leaves, and that more than two are there.
func (c *call) present(e event.ParticipantStateChanged, at Time) {
	p := c.party(e.Participant)
	switch {
	case e.To == event.ParticipantConnected && p.presence.Joined.IsZero():
		p.presence = Presence{Participant: e.Participant, Name: e.Name, Joined: at}
		c.talking++
		c.crowded = c.crowded || c.talking > 2
	case e.To == event.ParticipantDisconnected && !p.presence.Joined.IsZero():
		p.presence.Left = at
		c.talking--
	}
}

// presences are those of the parties that were there in a part of the call, in the order of
// their numbers; none where there were two at the most.
func (c *call) presences(of *Record) (list []Presence) {
	if !c.crowded {
		return nil
	}
	for _, number := range slices.Sorted(maps.Keys(c.parties)) {
		p := c.parties[number].presence
		if !p.Joined.IsZero() && (p.Left.IsZero() || p.Left.After(of.Answered.Time)) {
			list = append(list, p)
		}
	}
	return list
}
