package dialplan

import (
	"slices"
	"time"
)

// Forwards says where the calls to a user go that its phones do not take. The zero
// value is nowhere.
type Forwards struct {
	// Always takes every call; no phone rings.
	Always Forward
	// Busy takes calls that a phone says it is busy for.
	Busy Forward
	// NoAnswer takes calls that nobody answers, after NoAnswerAfter of ringing, or
	// where that is 0 when the ringing timeout is over.
	NoAnswer      Forward
	NoAnswerAfter time.Duration
	// Unavailable takes calls while no phone is registered, or can be reached.
	Unavailable Forward
}

// For gives where calls go for a reason; the zero Forward for reasons that nothing
// can be set for.
func (f Forwards) For(why Reason) Forward {
	switch why {
	case ReasonUnconditional:
		return f.Always
	case ReasonBusy:
		return f.Busy
	case ReasonNoAnswer:
		return f.NoAnswer
	case ReasonUnavailable:
		return f.Unavailable
	}
	return Forward{}
}

// Forward is where a user's calls go instead: one of the three, or none of them for
// a user who does not forward.
type Forward struct {
	// Number is a phone number. In a [Config] it may be written in any way that a
	// person of the region would dial it.
	Number Number
	// User is a user's name.
	User string
	// Status refuses the call, with a SIP status from 400 to 699.
	Status int
}

// IsZero tells that nothing is forwarded.
func (f Forward) IsZero() bool { return f == Forward{} }

// Forwarding is a call that a user hands on.
type Forwarding struct {
	// By is the user, Called the number at which it was called, empty where it was
	// called by its name.
	By     string
	Called Number
	Why    Reason
	// To is where it goes: a number or a user.
	To Forward
	// History are the diversions of this call that were ours, oldest first.
	History []Diversion
}

// maxDiversions is how often a call may have been diverted, by us and by others. It
// is what ISUP's redirection counter allows at most (ITU-T Q.732.2 s2.7.2).
const maxDiversions = 5

// Forward says where a call goes that one of our users hands on. It is decided as if
// that user had dialled: by its routes and what it may call. The callee is shown the
// original caller where it is told of the diversion too, else the user that forwards.
// [Decision].Diversion is the diversion that has been added.
//
// A call that comes back to a user who has handed it on is refused with 482, and so
// is one that has been diverted five times.
func (p *Plan) Forward(r Request, f Forwarding) Decision {
	by := p.users[f.By]
	if by == nil {
		return Decision{Refusal: p.forbidden("there is no user %s here", quoted(f.By))}
	}
	from := Party{PartyUser, by.Name}
	past := slices.Concat(history(&r), f.History)
	d := Decision{Callee: f.To.Number, Dialled: string(f.To.Number)}
	if f.To.User != "" {
		d.Dialled = f.To.User
	}
	rt := p.forwardRoute(from, f.To)
	switch {
	case rt == nil:
		d.Refusal = p.notFound(causeNoRoute, "no route leads from user %s to %s", quoted(by.Name), quoted(d.Dialled))
		return d
	case p.diverts(past, by) || rt.user == by || rt.user != nil && p.diverts(past, rt.user):
		d.Refusal = p.loop("user %s forwards a call back to where it has been", quoted(by.Name))
		return d
	case count(past) >= maxDiversions:
		d.Refusal = p.loop("the call has been diverted %d times already", count(past))
		return d
	}
	d.Diversion = Diversion{By: by.Name, User: p.divertedAs(by, f.Called), Reason: f.Why, Count: 1}
	f.History = append(slices.Clip(f.History), d.Diversion)
	c, own := p.callerOf(&r), caller{user: by, callerIDs: p.callerIDs[by.Name]}
	p.decideAttempts(&d, rt, asking{request: &r, from: from, caller: &c, forwards: &own, history: f.History})
	return d
}

// forwardRoute finds what takes a forwarded call; nil when nothing does.
func (p *Plan) forwardRoute(from Party, to Forward) *route {
	if to.User == "" {
		return p.routeTo(from, to.Number)
	}
	if u := p.users[to.User]; u != nil {
		return &route{user: u}
	}
	return nil
}

// divertedAs is the user part of who was called: the number, which may be one that a
// route leads to the user, or what stands for the user outside when it was called by
// its name.
func (p *Plan) divertedAs(by *User, called Number) string {
	ids := p.callerIDs[by.Name]
	switch {
	case called != "":
		return string(called)
	case len(ids) > 0:
		return string(ids[0])
	}
	return by.Name
}

// diverts is true when a user has diverted the call before, here or, as its number
// in what came with the call tells, through somebody else's hands.
func (p *Plan) diverts(past []Diversion, u *User) bool {
	return slices.ContainsFunc(past, func(d Diversion) bool {
		return d.By == u.Name || d.By == "" && p.owners[p.identity(d.URI, carried).number] == u
	})
}

// told are the diversions that a peer is told of, oldest first: those of this call
// and those that a trunk's call came by. What a phone says of itself is not passed
// on. RFC 7044 s10.1: who wants privacy is anonymous for those who are not trusted.
func (a *asking) told(trusted bool) []Diversion {
	var list []Diversion
	if a.request.Origin.Kind == PartyTrunk {
		list = history(a.request)
	}
	for i, d := range list {
		if d.Private && !trusted {
			list[i] = d.anonymous()
		}
	}
	return append(list, a.history...)
}
