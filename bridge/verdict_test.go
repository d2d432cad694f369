package bridge

import (
	"testing"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

func TestLeadsOn(t *testing.T) {
	for _, tt := range []struct {
		verdict   Verdict
		status    int
		emergency bool
		want      bool
	}{
		{ByStatus, 503, false, true},
		{ByStatus, 486, false, false},
		{ByStatus, 486, true, true},
		{TryNext, 404, false, true},
		{GiveUp, 503, false, false},
		{GiveUp, 503, true, true},
	} {
		m := &Machine{decision: &dialplan.Decision{Emergency: tt.emergency}}
		m.hunt.verdict, m.hunt.best.Status = tt.verdict, tt.status
		if m.leadsOn() != tt.want {
			t.Errorf("%+v", tt)
		}
	}
}

// What a trunk redirects to comes before the route's next trunk.
func TestJudgeInsertsWhatIsCalledInstead(t *testing.T) {
	m := &Machine{decision: &dialplan.Decision{Attempts: []dialplan.Attempt{{Dial: "+1"}, {Dial: "+1", Style: 1}}}}
	m.hunt.index = 1
	p := &participant{id: 2, state: event.ParticipantConnecting}
	m.judge(p, Refused{Verdict: TryNext, Instead: []string{"sip:a", "sip:b"}})
	list := m.decision.Attempts
	if len(list) != 4 || list[1].URI != "sip:a" || list[2].URI != "sip:b" || list[3].Style != 1 || m.hunt.verdict != TryNext {
		t.Errorf("%+v", list)
	}
	p.state = event.ParticipantDisconnected
	m.judge(p, Refused{Verdict: GiveUp, Instead: []string{"sip:c"}})
	if len(m.decision.Attempts) != 4 || m.hunt.verdict != TryNext {
		t.Error("one that has been given up is listened to")
	}
}
