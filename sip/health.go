package sip

import (
	"time"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/trunk"
)

// try notes that an INVITE is being sent to a trunk, whose health waits for what comes
// of it.
func (l *leg) try() {
	if l.peer.Kind == dialplan.PartyTrunk {
		l.trial = l.peer.Name
		l.edge.watch.post(taken{l.trial})
	}
}

// tried tells the trunk's health what came of the INVITE, the first time.
func (l *leg) tried(r trunk.Result) {
	if l.trial != "" {
		l.edge.watch.post(called{l.trial, r})
		l.trial = ""
	}
}

// triedBy reads from a report what the trunk's health must know.
func (l *leg) triedBy(r dialog.Report) {
	if l.trial == "" {
		return
	}
	switch r := r.(type) {
	case dialog.Progressed:
		l.tried(trunk.Response(r.Status))
	case dialog.Accepted:
		l.tried(trunk.Response(200))
	case dialog.Failed:
		l.tried(failedResult(r))
	case dialog.Released:
		l.tried(trunk.Result{Fate: trunk.Abandoned})
	}
}

func failedResult(r dialog.Failed) trunk.Result {
	switch {
	case r.Response != nil:
		return resultOf(r.Response)
	case r.Status == 408:
		return trunk.Result{Fate: trunk.TimedOut}
	}
	return trunk.Result{Fate: trunk.Unreachable}
}

// triedInVain reads from the cause of a CANCEL whether the trunk was silent: the
// attempt timeout says 408 when nothing has come.
func (l *leg) triedInVain(c event.Cause) {
	r := trunk.Result{Fate: trunk.Abandoned}
	if c.By == event.PartyGateway && c.Status == 408 && l.usage.State() == dialog.Calling {
		r.Fate = trunk.TimedOut
	}
	l.tried(r)
}

// fail ends a leg that could not begin.
func (l *leg) fail(c event.Cause) {
	l.usage = dialog.NewUAC(dialog.Config{})
	l.tell(bridge.Refused{Cause: c})
	l.tell(bridge.Released{})
}

// limited refuses a caller that is over its limit, with the limit in a Warning.
func (l *leg) limited(now time.Time, s *Settings, d dialplan.Decision) dialplan.Decision {
	if d.Refusal != nil {
		return d
	}
	l.urgency = urgency(d)
	err := l.admit(now, s, l.urgency)
	if err == nil {
		return d
	}
	l.retryAfter = retryAfter(err)
	d.Attempts, d.Refusal = nil, unavailable(l.edge.config.Domain, err.Error(), circuitsBusy)
	return d
}
