package trunk

import "time"

// The events of a trunk's health.
type (
	// Ponged is the result of an OPTIONS. What counts as alive is every response but
	// 408 and 503: 200, and also 401, 404, 405, 486 and the like, for only somebody who
	// is there can refuse.
	Ponged struct {
		// Ping is the number of the OPTIONS.
		Ping   uint32
		Result Result
	}
	// Called is the result of an INVITE, to be told once for each that was sent: at its
	// first response above 100 or, without one, at its end. A failure is no response, no
	// connection, or 503; a 408, 500, 502 or 504 counts neither way, since it may speak
	// of the callee's side.
	Called struct{ Result Result }
	// Taken says that a call is being sent to the trunk. It matters to a trunk on
	// [Trial], which is then for no other call.
	Taken struct{}
	// Configure gives other settings, as after a reload.
	Configure struct{ Settings HealthSettings }
)

// health sends the first OPTIONS soon, each trunk's at a moment of its own.
func (Begin) health(h *Health, now time.Time, random float64) Actions {
	if d := min(h.Settings.Interval, suspicion); d > 0 && h.State == Up && h.Due.IsZero() {
		h.Due = now.Add(atLeast(between(0, d, random)))
	}
	return 0
}

// health has nothing left to do: Step looks at the time before every event.
func (Timer) health(*Health, time.Time, float64) Actions { return 0 }

// health takes a late answer for a sign of life, but not for a failure, which has been
// counted already.
func (e Ponged) health(h *Health, now time.Time, random float64) Actions {
	s := e.Result.ofPing()
	if s == signNone || e.Ping == 0 || e.Ping > h.Ping {
		return 0
	}
	current := e.Ping == h.Ping && !h.AnswerBy.IsZero() && h.Settings.Interval > 0
	if current {
		h.AnswerBy = time.Time{}
	}
	switch {
	case s == signLife:
		h.Ponged = true
		h.lived(now, random)
	case s == signRest:
		h.rest(now, e.Result)
	case current && !h.Ponged:
		h.unanswered(now, random)
	case current:
		h.failed(now, random, e.Result)
	}
	return 0
}

func (e Called) health(h *Health, now time.Time, random float64) Actions {
	switch e.Result.ofCall() {
	case signLife:
		h.lived(now, random)
	case signRest:
		h.rest(now, e.Result)
	case signFailure:
		h.calledInVain(now, random, e.Result)
	case signNone:
		if h.State == Probing && h.Settings.Interval == 0 {
			h.State, h.AnswerBy = Trial, time.Time{}
		}
	}
	return 0
}

// calledInVain counts a call's failure. While an OPTIONS probes the trunk the failure
// is that of an older call, or of an emergency, and the probe will tell.
func (h *Health) calledInVain(now time.Time, random float64, why Result) {
	if h.State == Probing && h.Settings.Interval > 0 {
		h.Last = why
		return
	}
	h.failed(now, random, why)
}

func (Taken) health(h *Health, now time.Time, _ float64) Actions {
	if h.State == Trial {
		h.State, h.AnswerBy = Probing, now.Add(h.Settings.TrialWait)
	}
	return 0
}

// health keeps what is thought of the trunk, and begins its waits anew.
func (e Configure) health(h *Health, now time.Time, random float64) Actions {
	h.Settings = e.Settings.orDefault()
	switch h.State {
	case Up, Suspect:
		h.AnswerBy = time.Time{}
		h.schedule(now, random)
	case Down, Trial, Probing:
		h.open(now, random)
	}
	return 0
}
