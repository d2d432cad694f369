package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
)

// Who speaks is known of those who are mixed, from the mixer: it looks at their sound
// anyhow. Of two who are relayed nobody looks.

// Spoke says that a participant has begun or ended to speak.
type Spoke struct {
	Participant int
	Speaking    bool
}

func (e Spoke) step(m *Machine, now time.Time) {
	if p := m.participant(e.Participant); p != nil && p.inTalk() && m.state < event.CallDisconnecting {
		m.speaks(now, p, e.Speaking)
	}
}

func (m *Machine) speaks(now time.Time, p *participant, speaking bool) {
	if p.speaking == speaking {
		return
	}
	p.speaking = speaking
	m.emit(event.SpeakingChanged{Header: m.at(now), Participant: p.id, Name: p.name, Speaking: speaking})
}

// hush ends the speech of those whom a table does not mix any more.
func (m *Machine) hush(now time.Time, t rtp.Table) {
	for i := range m.participants {
		if p := &m.participants[i]; p.speaking && p.inTalk() && !mixed(t, p.id) {
			m.speaks(now, p, false)
		}
	}
}

// mixed says whether a participant is one of several sources that somebody hears.
func mixed(t rtp.Table, participant int) bool {
	for _, row := range t {
		if len(row) < 2 {
			continue
		}
		for _, h := range row {
			if h.Source == participant {
				return true
			}
		}
	}
	return false
}

// listenToSpeech has the call told who of those that are mixed speaks.
func (c *Call) listenToSpeech(p *rtp.Paths) {
	p.OnSpeech(func(_ time.Time, source int, speaking bool) {
		if source > 0 {
			c.Post(told{Spoke{source, speaking}})
		}
	})
}
