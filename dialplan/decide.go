package dialplan

import (
	"cmp"
	"time"
)

// Request is what is known about a call when somebody asks for it.
type Request struct {
	// Origin is the user that has authenticated, or the trunk that the source
	// address belongs to.
	Origin Party
	// To is the Request-URI ("sip:…", "tel:…", "urn:service:sos") or anything that
	// a person dials: "(425) 555-0100", "bob".
	To string
	// FromURI and FromDisplay are the From header's URI and its display name,
	// unquoted.
	FromURI     string
	FromDisplay string
	// PreferredIdentity is the value of P-Preferred-Identity; read for users.
	// Several header lines are joined by commas, here and below.
	PreferredIdentity string
	// AssertedIdentity is the value of P-Asserted-Identity; read for trusted
	// trunks, ignored otherwise.
	AssertedIdentity string
	// Privacy is the value of the Privacy header.
	Privacy string
	// Diversion and HistoryInfo are the values of the headers that tell whom the call
	// has been diverted from (RFC 5806, RFC 7044). A trunk's are passed on; a user's
	// only count against loops.
	Diversion   string
	HistoryInfo string
}

// Attempt is one try to reach the callee.
type Attempt struct {
	// To is the trunk to send the INVITE to, or the user whose phones ring.
	To Party
	// Dial is the Request-URI's user part: an E.164 number, emergency digits as
	// dialled, or the user's name.
	Dial string
	// URI is what a redirection has the trunk called at instead; empty for Dial.
	URI string
	// Shown is who the callee is told is calling.
	Shown Shown
	// Identity is Shown in the headers that this trunk looks at; a user is shown
	// From alone.
	Identity Identity
	// Diversions are what the callee is told of the call's way to it, oldest first,
	// in the header of Style.
	Diversions []Diversion
	Style      DiversionStyle
	// Forwards is where the call goes when the user that is called does not take it.
	Forwards Forwards
	// Answers is who the caller is told has answered, when a user has; a trunk says
	// it itself, see [Plan.Answerer].
	Answers Shown
}

// Decision is what becomes of a [Request]: attempts, in the order to try them,
// or a refusal, never both and never neither. What was found out before a
// refusal is set too, for the record.
type Decision struct {
	// Dialled is the user part of To as it was dialled, or the service URN.
	Dialled string
	// Callee is the number dialled; empty for a user's name and for emergencies.
	Callee Number
	// Service is the URN when one was dialled, in lower case; else empty.
	Service string
	// Route is the route's name; empty for a call to a user's own number or name
	// and for an emergency call without emergency route.
	Route    string
	Attempts []Attempt
	// RingingTimeout is how long the callee may ring, per attempt.
	RingingTimeout time.Duration
	// AttemptTimeout is how long an attempt may stay without any response before
	// the next one begins; 0 for no limit of the dialplan's.
	AttemptTimeout time.Duration
	// Ringback is what the caller hears while the callee is rung, Country whose tone, by
	// its ISO 3166 code of two letters.
	Ringback Ringback
	Country  string
	// Emergency calls are free of every limit and go out at once.
	Emergency bool
	// Diversion is what [Plan.Forward] has added to the call's history.
	Diversion Diversion
	// Refusal is nil when there are attempts.
	Refusal *Refusal
}

// Decide says where a call goes, or why it goes nowhere.
func (p *Plan) Decide(r Request) Decision { return p.decide(r, nil) }

// decide says where the call of a transferor goes, which shows the transferee; nil for a
// call that shows its own caller.
func (p *Plan) decide(r Request, transferee *caller) Decision {
	by := typed
	if r.Origin.Kind == PartyTrunk {
		by = carried
	}
	to := p.callee(r.To, by)
	d := Decision{Dialled: to.dialled, Callee: to.number, Service: to.service}
	if to.kind == calleeEmergency {
		d.Emergency = true
		p.decideEmergency(&d, &r, to.digits)
		return d
	}
	if d.Refusal = p.refuseOrigin(r.Origin); d.Refusal != nil {
		return d
	}
	switch to.kind {
	case calleeNone:
		d.Refusal = to.refusal
	case calleeUser:
		p.decideRoute(&d, &r, &route{user: to.user}, transferee)
	case calleeNumber:
		if rt := p.routeTo(r.Origin, to.number); rt != nil {
			p.decideRoute(&d, &r, rt, transferee)
		} else {
			d.Refusal = p.notFound(causeNoRoute, "no route leads from %s %s to %s",
				r.Origin.Kind, quoted(r.Origin.Name), to.number)
		}
	}
	return d
}

// refuseOrigin refuses callers that the configuration does not know, as after a
// reload that took them out.
func (p *Plan) refuseOrigin(from Party) *Refusal {
	if from.Kind == PartyUser && p.users[from.Name] != nil ||
		from.Kind == PartyTrunk && p.trunks[from.Name] != nil {
		return nil
	}
	return p.forbidden("there is no %s %s here", from.Kind, quoted(from.Name))
}

// decideRoute turns the route into attempts for the party that asks.
func (p *Plan) decideRoute(d *Decision, r *Request, rt *route, transferee *caller) {
	c := p.callerOf(r)
	p.decideAttempts(d, rt, asking{request: r, from: r.Origin, caller: &c, transferee: transferee})
}

// asking is whose call is decided: the party that asked, or a user that forwards.
type asking struct {
	request *Request
	// from is whose routes are taken.
	from   Party
	caller *caller
	// transferee is who is shown in the place of a caller that transfers; nil for none.
	transferee *caller
	// forwards is the user that forwards, nil for a call as it came; history are the
	// diversions that it and others here have made.
	forwards *caller
	history  []Diversion
}

// decideAttempts turns the route into attempts, without the trunks whose policy
// forbids the caller ID; when that leaves none, the call is refused.
func (p *Plan) decideAttempts(d *Decision, rt *route, a asking) {
	d.Route, d.RingingTimeout, d.AttemptTimeout = rt.name, rt.ringing(), rt.attemptTimeout
	p.ring(d, rt)
	if rt.user != nil {
		if s, ok := a.shownInside(rt); ok {
			d.Attempts = []Attempt{p.toUser(rt.user, s, d.Callee, &a)}
		} else {
			d.Refusal = p.refuseCallerID(a.caller)
		}
		return
	}
	trunks := rt.trunksFor(a.from)
	d.Attempts = make([]Attempt, 0, len(trunks))
	for _, t := range trunks {
		if s, ok := a.shown(rt, t); ok {
			d.Attempts = append(d.Attempts, toTrunk(t, string(d.Callee), s, &a))
		}
	}
	switch {
	case len(trunks) == 0:
		d.Refusal = p.notFound(causeNoRoute, "route %s leads back into trunk %s", quoted(rt.name), quoted(a.from.Name))
	case len(d.Attempts) == 0:
		d.Refusal = p.refuseCallerID(a.caller)
	}
}

// shownInside is who a user is shown as the caller.
func (a *asking) shownInside(rt *route) (Shown, bool) {
	if s, ok := a.caller.shown(rt.callerID, CallerIDRefuse, true); ok || a.forwards == nil {
		return a.instead(s, rt, ok, true)
	}
	return a.forwards.shown(rt.callerID, CallerIDReplace, true)
}

// shown is who a trunk is shown as the caller. A forwarded call is the original
// caller's where the trunk is told who forwards it, else the forwarding user's own.
func (a *asking) shown(rt *route, t *Trunk) (Shown, bool) {
	if a.forwards == nil {
		s, ok := a.caller.shown(rt.callerID, t.CallerIDPolicy, false)
		return a.instead(s, rt, ok, false)
	}
	if t.Diversion != DiversionOff {
		if s, ok := a.caller.shown(rt.callerID, t.CallerIDPolicy, false); ok {
			return s, true
		}
	}
	return a.forwards.shown(rt.callerID, CallerIDReplace, false)
}

// instead shows the transferee in the place of a transferor that may call, unless it asks
// for a caller ID that is not its own.
func (a *asking) instead(s Shown, rt *route, ok, inside bool) (Shown, bool) {
	if !ok || a.transferee == nil {
		return s, ok
	}
	if t, own := a.transferee.shown(rt.callerID, CallerIDRefuse, inside); own {
		return t, true
	}
	return s, true
}

// decideEmergency finds attempts for an emergency call, whoever calls and
// whatever caller ID was asked for. The caller is never private to those
// who come to help.
func (p *Plan) decideEmergency(d *Decision, r *Request, digits string) {
	c := p.callerOf(r)
	c.private = false
	a := asking{request: r, from: r.Origin, caller: &c}
	for _, rt := range p.emergencyRoutes(r.Origin, digits) {
		s, _ := c.shown(rt.callerID, CallerIDReplace, false)
		for _, t := range rt.trunksFor(r.Origin) {
			d.Attempts = append(d.Attempts, toTrunk(t, digits, s, &a))
		}
		if rt.user != nil {
			d.Attempts = []Attempt{p.toUser(rt.user, s, "", &a)}
		}
		if len(d.Attempts) > 0 {
			d.Route, d.RingingTimeout = rt.name, rt.ringing()
			p.ring(d, rt)
			d.AttemptTimeout = min(cmp.Or(rt.attemptTimeout, emergencyAttempt), emergencyAttempt)
			return
		}
	}
	d.Refusal = p.notFound(causeNoRoute, "no trunk can take the emergency call to %s", digits)
}

// emergencyAttempt is the longest that an emergency call waits for a trunk which
// says nothing.
const emergencyAttempt = 4 * time.Second

// ringing is the time after which the route's user forwards what it does not answer,
// else the route's ringing timeout, else its user's, else the default.
func (rt *route) ringing() time.Duration {
	switch {
	case rt.user != nil && rt.user.Forwards.NoAnswerAfter > 0 && !rt.user.Forwards.NoAnswer.IsZero():
		return rt.user.Forwards.NoAnswerAfter
	case rt.ringingTimeout > 0:
		return rt.ringingTimeout
	case rt.user != nil && rt.user.RingingTimeout > 0:
		return rt.user.RingingTimeout
	}
	return DefaultRingingTimeout
}

func (p *Plan) toUser(u *User, s Shown, called Number, a *asking) Attempt {
	return Attempt{
		To:         Party{PartyUser, u.Name},
		Dial:       u.Name,
		Shown:      s,
		Identity:   s.Identity(CallerIDFrom, false),
		Diversions: a.told(false),
		Forwards:   u.Forwards,
		Answers:    p.answers(u, called, a.request.Origin.Kind),
	}
}

func toTrunk(t *Trunk, dial string, s Shown, a *asking) Attempt {
	to := Attempt{
		To:       Party{PartyTrunk, t.Name},
		Dial:     dial,
		Shown:    s,
		Identity: s.Identity(t.CallerID, t.Trusted),
		Style:    t.Diversion,
	}
	if t.Diversion != DiversionOff {
		to.Diversions = a.told(t.Trusted)
	}
	return to
}
