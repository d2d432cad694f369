package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sdp"
)

// Three and more can be in one call: the same object with more participants. Somebody is
// added by a hunt like any other, while those who are there go on talking; whoever answers
// hears all of them and is heard by all. Each then negotiates with the gateway alone: an
// offer of one of them is answered here and changes nothing for the others, and who holds
// only stops listening. When two are left they talk as any two do, without a mixer.

// Add asks for somebody to be called into a call that has been answered. The Request is
// decided as a call of its Origin.
type Add struct{ Request dialplan.Request }

// Remove has a participant leave. The call goes on while two are left.
type Remove struct {
	Participant int
	Cause       event.Cause
}

// Add calls somebody into the call, from any goroutine. What comes of it is in the call's
// events.
func (c *Call) Add(r dialplan.Request) { c.Post(told{Add{r}}) }

// Remove has a participant leave the call, from any goroutine.
func (c *Call) Remove(participant int, cause event.Cause) { c.Post(told{Remove{participant, cause}}) }

// told is an event for the machine from outside.
type told struct{ event Event }

func (w told) Do(c *Call, _ time.Time) { c.tellMachine(w.event) }

func (e Add) step(m *Machine, now time.Time) {
	target := e.Request.To
	switch {
	case m.state == event.CallDisconnected: // nobody listens any more
	case m.answered.IsZero() || m.state >= event.CallDisconnecting:
		m.addRefused(now, target, event.Cause{Status: 481, Text: "there is no conversation to be added to"})
	case m.transfer.phase != transferIdle || m.surrender != nil:
		m.addRefused(now, target, event.Cause{Status: 491, Text: "a transfer is under way, or somebody else is being added"})
	default:
		m.transfer = transfer{phase: transferAdding, asked: &Referred{Request: e.Request}, target: target}
		m.do(Direct{Transfer: dialplan.Transfer{Request: e.Request}})
	}
}

func (m *Machine) addRefused(now time.Time, target string, c event.Cause) {
	if c.By == 0 {
		c.By = event.PartyGateway
	}
	c.Q850 = orQ850(c.Q850, c.Status)
	m.emit(event.ParticipantNotAdded{Header: m.at(now), Target: target, Cause: c})
}

// addDirected begins the hunt for who is to be added.
func (m *Machine) addDirected(now time.Time, d dialplan.Decision, refused event.Cause) {
	if !refused.IsZero() {
		m.addFailed(now, refused)
		return
	}
	m.request = &m.transfer.asked.Request
	m.huntFor(now, d)
}

// addFailed is the end of the hunt: those who talk go on.
func (m *Machine) addFailed(now time.Time, c event.Cause) {
	target := m.transfer.target
	m.huntOver()
	m.transfer = transfer{}
	m.addRefused(now, target, c)
}

// addAnswered lets who has answered in.
func (m *Machine) addAnswered(now time.Time, p *participant, r Answered) {
	if m.comesToTalk(now, p, r) {
		m.transfer = transfer{}
		m.watchSilence(now)
		m.rehold(now)
	}
}

// crowd is how many talk.
func (m *Machine) crowd() (n int) {
	for i := range m.participants {
		if m.participants[i].inTalk() {
			n++
		}
	}
	return n
}

// crowdThins lets one of several go; false where it is one of two.
func (m *Machine) crowdThins(now time.Time, p *participant, c event.Cause) bool {
	if m.crowd() <= 2 || !p.inTalk() {
		return false
	}
	m.part(p)
	m.leave(now, p, c)
	if m.crowd() == 2 {
		q := m.counterpart(p)
		m.align(q.id, m.counterpart(q).id)
	}
	m.watchSilence(now)
	m.rehold(now)
	return true
}

func (e Remove) step(m *Machine, now time.Time) {
	p := m.participant(e.Participant)
	if p == nil || !p.inTalk() || m.state >= event.CallDisconnecting {
		return
	}
	if m.crowd() <= 2 {
		m.close(now, e.Cause)
		m.dismiss(now, e.Cause)
		return
	}
	m.tell(p, Hangup{Cause: e.Cause})
	m.crowdThins(now, p, e.Cause)
}

// answerAlone answers an offer of one of several, or asks for one with ours.
func (m *Machine) answerAlone(now time.Time, p *participant, offer *sdp.Description) {
	switch {
	case offer != nil:
	case m.exchange.phase != exchangeIdle:
		m.refuseOffer(p, 491, errBusy.Error())
		return
	default:
		m.offerOurs(p)
		return
	}
	l := p.local.base()
	l.Codecs = m.ownCodecs(p)
	answer, err := sdp.NewAnswer(offer, l, sdp.OfferOrder)
	if err == nil {
		p.offered = offer
		answer, err = m.settleOn(p, answer)
	}
	if err != nil {
		m.refuseOffer(p, 488, err.Error())
		return
	}
	m.tell(p, AcceptOffer{SDP: answer})
	m.rehold(now)
}
