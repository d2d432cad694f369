package dialplan

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// PartyKind says what a [Party] is.
type PartyKind uint8

const (
	// PartyUser is a user with its registered phones.
	PartyUser PartyKind = iota
	// PartyTrunk is a trunk.
	PartyTrunk
)

// String gives "user" or "trunk".
func (k PartyKind) String() string {
	return nameOf([]string{PartyUser: "user", PartyTrunk: "trunk"}, int(k))
}

// Party is one of the two kinds of peers, by its name in the [Config]: where a
// call comes from, or where an [Attempt] goes.
type Party struct {
	Kind PartyKind
	Name string
}

// origin says whose calls a route takes.
type origin uint8

const (
	originUsers origin = iota
	originTrunk
	originAny
)

// route is a compiled [Route].
type route struct {
	name           string
	origin         origin
	originTrunk    string         // for originTrunk
	prefix         string         // E.164 prefix; "" when there is a pattern or neither
	pattern        *regexp.Regexp // nil when there is a prefix or neither
	digits         string         // of an emergency route: its one emergency number
	trunks         []*Trunk
	user           *User
	callerID       Number
	ringingTimeout time.Duration
	attemptTimeout time.Duration
	ringback       Ringback
	emergency      bool
}

// takesFrom is true when the route's `from` covers the party.
func (rt *route) takesFrom(from Party) bool {
	switch rt.origin {
	case originUsers:
		return from.Kind == PartyUser
	case originTrunk:
		return from == Party{PartyTrunk, rt.originTrunk}
	}
	return true
}

// takes is true when the route covers a call from the party to the number.
func (rt *route) takes(from Party, to Number) bool {
	if !rt.takesFrom(from) {
		return false
	}
	if rt.pattern != nil {
		return rt.pattern.MatchString(string(to))
	}
	return rt.prefix != "" && strings.HasPrefix(string(to), rt.prefix)
}

// names is true when the route is for this number alone.
func (rt *route) names(to Number) bool { return rt.prefix == string(to) }

// trunksFor are the trunks that a call from the party can take: never the one it
// came from, unless the route names that one as where its calls come from.
func (rt *route) trunksFor(from Party) []*Trunk {
	if from.Kind != PartyTrunk || rt.origin == originTrunk && rt.originTrunk == from.Name {
		return rt.trunks
	}
	return slices.DeleteFunc(slices.Clone(rt.trunks), func(t *Trunk) bool { return t.Name == from.Name })
}

// routeTo finds what takes a call from the party to the number: a route, or the
// user whose number it is as a route without a name. Nil when nothing does.
func (p *Plan) routeTo(from Party, to Number) *route {
	own := p.owners[to]
	for _, rt := range p.routes {
		if rt.takes(from, to) && (own == nil || rt.names(to)) {
			return rt
		}
	}
	if own == nil {
		return nil
	}
	return &route{user: own}
}

// emergencyRoutes are the routes for an emergency call, best first: for this
// caller and these digits, for this caller, for others, and last the one made of
// all trunks that users have, or else of all there are.
func (p *Plan) emergencyRoutes(from Party, digits string) []*route {
	var exact, fitting, others []*route
	for _, rt := range p.routes {
		switch {
		case !rt.emergency:
		case !rt.takesFrom(from):
			others = append(others, rt)
		case rt.digits == "" || rt.digits == digits:
			exact = append(exact, rt)
		default:
			fitting = append(fitting, rt)
		}
	}
	return append(slices.Concat(exact, fitting, others), p.lastResort)
}
