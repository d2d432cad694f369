package trunk

import (
	"fmt"
	"time"
)

// HealthState is what is thought of a trunk.
type HealthState uint8

const (
	// Up works as far as anybody knows; a trunk begins here.
	Up HealthState = iota
	// Suspect has failed, but not often enough in a row to be down. Calls go there.
	Suspect
	// Down has failed too often in a row: the circuit breaker is open, and no call
	// goes there but in an emergency, as the last resort.
	Down
	// Trial is down and would be given one call to show what it can, because there
	// are no OPTIONS to try it with. See [Taken].
	Trial
	// Probing is down and has that one call, or an OPTIONS, out.
	Probing
	// Resting has asked to be left alone by a 503 with Retry-After.
	Resting
)

var healthNames = [...]string{"up", "suspect", "down", "trial", "probing", "resting"}

// String gives the state's name.
func (s HealthState) String() string { return name(healthNames[:], int(s)) }

// Admits says whether a call may be sent to a trunk in this state. An emergency call
// may always be, if only after all others have been tried: see [Order].
func (s HealthState) Admits(u Urgency) bool {
	return u == Emergency || s == Up || s == Suspect || s == Trial
}

// HealthSettings say how a trunk is watched. What is not positive takes the default,
// but for Interval.
type HealthSettings struct {
	// Interval is between OPTIONS; 0 sends none, and a trunk that is down is then
	// tried with a call.
	Interval time.Duration
	// Threshold is how many failures in a row are down; 3.
	Threshold int
	// PingWait is how long an OPTIONS may stay unanswered; 4 s, in which UDP has
	// sent it four times.
	PingWait time.Duration
	// Probe is the back-off between probes of a trunk that is down: 5 s to 60 s.
	Probe Backoff
	// TrialWait is how long a trial call may say nothing; 64*T1.
	TrialWait time.Duration
}

// LongestRest bounds a Retry-After: a carrier that writes a year by mistake is not
// forgotten for a year.
const LongestRest = time.Hour

// DefaultHealthSettings gives the times above, and OPTIONS every 30 s.
func DefaultHealthSettings() HealthSettings {
	return HealthSettings{
		Interval: 30 * time.Second, Threshold: 3, PingWait: 4 * time.Second,
		Probe: Backoff{5 * time.Second, 60 * time.Second}, TrialWait: 32 * time.Second,
	}
}

func (s HealthSettings) orDefault() HealthSettings {
	d := DefaultHealthSettings()
	if s.Threshold <= 0 {
		s.Threshold = d.Threshold
	}
	return HealthSettings{
		Interval: max(s.Interval, 0), Threshold: s.Threshold, PingWait: positive(s.PingWait, d.PingWait),
		Probe: s.Probe.orDefault(d.Probe), TrialWait: positive(s.TrialWait, d.TrialWait),
	}
}

// Health is a circuit breaker with OPTIONS pings (RFC 3261 s11). All of it can be
// written out and read back.
//
//	    a failure                        the third one in a row
//	Up -----------> Suspect --------------------------------------> Down <-----------+
//	^                  |                                             |               |
//	|  life            |                                       timer |               |
//	+------------------+                                             |               |
//	|                      with pings: OPTIONS                       |               |
//	|  life           +----------------------------------------------+               |
//	+-------------- Probing <------------- Trial <-------------------+               |
//	|                 |  |       Taken   (without pings)                             |
//	|                 |  +--> Trial, when the call showed nothing                    |
//	|                 |                                  failure: longer back-off    |
//	|                 +--------------------------------------------------------------+
//	|
//	|  Down, Trial -- life --> Up
//	|  any state -- 503 with Retry-After --> Resting
//	|
//	+-- Resting -- timer --> Up, Suspect, or Probing (Trial), by its failures in a row
//
// Up and Suspect send OPTIONS, the latter more often; Resting sends none.
type Health struct {
	State    HealthState
	Settings HealthSettings
	// Failures counts those in a row, Last is the last one.
	Failures int
	Last     Result
	// Probes counts the probes in a row that failed.
	Probes int
	// Ping is the number of the last OPTIONS.
	Ping uint32
	// Ponged says that an OPTIONS has been answered before. There are carriers that
	// answer none and take calls all the same: until the first answer a lost OPTIONS
	// counts for nothing, and only calls can tell that the trunk is down.
	Ponged bool
	// AnswerBy is when the OPTIONS or the trial call that is out is given up; zero
	// when none is.
	AnswerBy time.Time
	// Due is when to send the next OPTIONS or probe, or the end of the rest.
	Due time.Time
}

// NewHealth makes the health of a trunk that waits for [Begin].
func NewHealth(s HealthSettings) Health { return Health{Settings: s.orDefault()} }

// Deadline is when to call Step with [Timer]; it is always later than the last step.
func (h *Health) Deadline() (at time.Time, set bool) { return earliest(h.AnswerBy, h.Due) }

// Reason says why the trunk is not up, and what to do; empty when it is.
func (h *Health) Reason() string {
	switch {
	case h.State == Up:
		return ""
	case h.State == Resting:
		return "the carrier asked to be left alone: " + h.Last.String()
	case h.Failures == 1:
		return "a failure: " + h.Last.String()
	}
	text := fmt.Sprintf("%d failures in a row, the last: %s", h.Failures, h.Last)
	if h.Last.Phrase == noPong && h.State != Suspect {
		text += "; if calls get through all the same, the carrier ignores OPTIONS: set options_interval: 0s"
	}
	return text
}

// HealthEvent is what happens to a trunk: [Begin], [Ponged], [Called], [Taken],
// [Configure] or [Timer].
type HealthEvent interface {
	health(h *Health, now time.Time, random float64) Actions
}

// Step takes the machine through one event and returns what its owner must do.
// Random is a uniform value in [0,1), used for jitter.
func (h *Health) Step(now time.Time, random float64, ev HealthEvent) Actions {
	before := h.State
	acts := h.expire(now, random)
	acts |= ev.health(h, now, random)
	if h.State != before {
		acts |= Report
	}
	return acts
}

// expire does what time has brought.
func (h *Health) expire(now time.Time, random float64) (acts Actions) {
	if reached(h.AnswerBy, now) {
		h.AnswerBy = time.Time{}
		h.unanswered(now, random)
	}
	if !reached(h.Due, now) {
		return 0
	}
	switch h.State {
	case Up, Suspect:
		return h.ping(now, random)
	case Down:
		return h.probe(now)
	case Resting:
		return h.rested(now, random)
	}
	return 0
}

// unanswered is an OPTIONS, or a trial call, without any answer. Of the call its owner
// would have said if it had failed: it has shown nothing, and the next may try.
func (h *Health) unanswered(now time.Time, random float64) {
	switch {
	case h.State == Probing && (h.Settings.Interval == 0 || !h.Ponged):
		h.State = Trial
		return
	case !h.Ponged:
		return // it may be one that ignores OPTIONS; calls will tell
	}
	h.failed(now, random, Result{Fate: TimedOut, Phrase: noPong})
}

// noPong is what a lost OPTIONS says of itself.
const noPong = "no answer to OPTIONS"

// ping sends an OPTIONS, unless one is out.
func (h *Health) ping(now time.Time, random float64) Actions {
	h.schedule(now, random)
	if !h.AnswerBy.IsZero() {
		return 0
	}
	return h.options(now)
}

func (h *Health) options(now time.Time) Actions {
	h.Ping++
	h.AnswerBy = now.Add(h.Settings.PingWait)
	return SendOptions
}

// probe tries a trunk that is down.
func (h *Health) probe(now time.Time) Actions {
	h.Due = time.Time{}
	if h.Settings.Interval == 0 {
		h.State = Trial
		return 0
	}
	h.State = Probing
	return h.options(now)
}

// suspicion is how soon a suspect trunk is asked again: the three failures that make
// it down should not take a minute and a half.
const suspicion = 5 * time.Second

// schedule sets the time of the next OPTIONS.
func (h *Health) schedule(now time.Time, random float64) {
	interval := h.Settings.Interval
	if h.State == Suspect {
		interval = min(interval, suspicion)
	}
	h.Due = time.Time{}
	if interval > 0 {
		h.Due = now.Add(around(interval, random))
	}
}

// lived is a sign of life. It does not shorten a rest: that was asked for.
func (h *Health) lived(now time.Time, random float64) {
	h.Failures, h.Probes = 0, 0
	if h.State == Up || h.State == Resting {
		return
	}
	if h.Settings.Interval == 0 {
		h.AnswerBy = time.Time{} // the trial's
	}
	h.State, h.Last = Up, Result{}
	h.schedule(now, random)
}

// failed counts a failure.
func (h *Health) failed(now time.Time, random float64, why Result) {
	h.Failures++
	if h.State != Resting { // whose reason is the 503
		h.Last = why
	}
	switch h.State {
	case Up, Suspect:
		if h.Failures >= h.Settings.Threshold {
			h.open(now, random)
			return
		}
		h.State = Suspect
		h.schedule(now, random)
	case Probing:
		h.Probes++
		h.open(now, random)
	}
}

// open is the circuit breaker's word for no more calls.
func (h *Health) open(now time.Time, random float64) {
	h.State, h.AnswerBy = Down, time.Time{}
	h.Due = now.Add(h.Settings.Probe.Wait(h.Probes, random))
}

// rest leaves the trunk alone. RFC 3261 s21.5.4: a client that receives a 503 "SHOULD NOT
// forward any other requests to that server for the duration specified in the Retry-After
// header field, if present".
func (h *Health) rest(now time.Time, why Result) {
	until := now.Add(min(why.RetryAfter, LongestRest))
	if h.State != Resting || h.Due.Before(until) {
		h.Due = until
	}
	h.State, h.AnswerBy, h.Last = Resting, time.Time{}, why
}

// rested is the end of the rest.
func (h *Health) rested(now time.Time, random float64) Actions {
	switch {
	case h.Failures >= h.Settings.Threshold:
		return h.probe(now)
	case h.Failures > 0:
		h.State = Suspect
	default:
		h.State = Up
	}
	h.schedule(now, random)
	return 0
}
