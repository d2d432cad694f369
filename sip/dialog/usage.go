package dialog

import (
	"time"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transaction"
)

// State is how far a usage is.
//
//	UAC  Idle ─Invite─▶ Calling ─1xx─▶ Early
//	                      │  ▲──401, 407──┤
//	                      ├───── 2xx: ACK ┴───────────────────────────▶ Confirmed
//	                      ├───── Cancel ──┴─▶ Withdrawn ─ 3xx-6xx, 64*T1 ──▶ Ended
//	                      │                     └─ 2xx: ACK, BYE ── answered ──┘
//	                      └───── 3xx-6xx, 64*T1 ─▶ Rejected ───────────────▶ Ended
//
//	UAS  Idle ─INVITE─▶ Invited ─1xx─▶ Early
//	                      ├───── 2xx ─────┴─▶ Answered ── ACK ───────▶ Confirmed
//	                      │                      └─ Bye, BYE, 64*T1 ──▶ Leaving
//	                      └───── 3xx-6xx ─┴─▶ Rejected ── ACK, 64*T1 ──────▶ Ended
//	                             CANCEL, BYE, Expires
//
//	both Confirmed ── Bye, BYE; 2xx of ours without ACK; 408, 481 … ──▶ Leaving
//	     Leaving ── BYE answered, 64*T1 ──▶ Ended
//
// Ended is final; a usage reports Released when it enters it. It runs no timer then
// and reports nothing more. What still comes for it is answered from its Leftovers,
// or as nobody's: 481 to a request, ACK and BYE to a 2xx.
type State uint8

// The states of a usage.
const (
	Idle State = iota
	Calling
	Invited
	Early
	Withdrawn
	Rejected
	Answered
	Confirmed
	Leaving
	Ended
)

var stateNames = [...]string{
	"idle", "calling", "invited", "early", "withdrawn", "rejected", "answered", "confirmed", "leaving", "ended",
}

// String is the state's name, for logs and tests.
func (s State) String() string { return stateNames[s] }

// Config is what a usage is made with; it does not change afterwards.
type Config struct {
	// Timing is the RFC's T1, T2 and T4; what is zero is the RFC's value.
	Timing transaction.Timing
	// Transport says whether our requests need retransmission. A request of the
	// other side says it by the flow it comes on.
	Transport transaction.Transport
	// Via is the sent-protocol and sent-by of our requests, as in
	// "SIP/2.0/UDP 192.0.2.1:5060".
	Via string
	// Branch begins every branch parameter of ours; it is unique to the usage and
	// starts with the magic cookie.
	Branch string
	// Tag is our tag in this usage.
	Tag string
	// Contact is our contact as a name-addr, "<sip:192.0.2.1:5060>".
	Contact string
	// Agent goes into User-Agent and Server.
	Agent string
	// SessionExpires is the interval that we ask for (RFC 4028), 0 for none, and MinSE the
	// least that we let others ask for, 0 for the RFC's 90 s.
	SessionExpires, MinSE time.Duration
	// Seed is what the machine's random values are made of: back-off after glare.
	Seed uint64
	// Authorize answers digest challenges; nil when we have no password there.
	Authorize Authorizer
	// Alternatives are the other servers of whom we call; nil when there are none.
	Alternatives Alternatives
	// Info is what is understood in an INFO; nil is nothing.
	Info *Information
}

// complete fills in the RFC's times. RFC 3261 s17.1.1.1 and table 4 have them; package
// transaction knows them.
func (c Config) complete() Config {
	c.Timing = transaction.NewInviteClient(c.Timing, c.Transport).Timing
	return c
}

// Authorizer answers digest challenges.
type Authorizer interface {
	// Exchange begins a request that has been challenged.
	Exchange(method, uri string, body []byte) Exchange
}

// Exchange is one request and its repetitions with credentials.
type Exchange interface {
	// Answer gives all the credentials to repeat the request with, after a 401 or
	// 407 with these challenges. It fails when none of them can be answered, or our
	// answer was refused.
	Answer(status int, challenges []string) ([]Header, error)
}

// Header is one header field to be written.
type Header struct{ Name, Value string }

// Usage is the INVITE usage of one leg; State draws it. Make one with NewUAC or
// NewUAS. It is not safe for concurrent use: it belongs to its call's goroutine.
type Usage struct {
	config    Config
	state     State
	callID    string
	local     string // our From or To value, with our tag
	invite    invite
	dialogs   []*Dialog // one, or several while forks of our INVITE are heard
	chosen    *Dialog   // the one the call is in; nil while forks of our INVITE ring
	clients   []*client
	servers   []*server
	accept    acceptance
	reinvite  reinvite
	assurance assurance
	timer     sessionTimer
	naming    naming
	informing *informing // nil before our first INFO
	bye       farewell
	refer     *references // nil before the first REFER
	owner     ownership
	branches  int
	drawn     uint64 // random numbers
	// correction is what the caller must still be told: our answer, when it is not the
	// one that a reliable provisional response has made.
	correction *sdp.Description
	out        []Action
	taken      []Action
	rest       []Leftover // Ended
}

// State is how far the usage is.
func (u *Usage) State() State { return u.state }

// CallID is the usage's Call-ID.
func (u *Usage) CallID() string { return u.callID }

// Take gives the actions since the last Take, in order. The slice is valid until
// the next Take, which lets go of the messages in it.
func (u *Usage) Take() []Action {
	clear(u.taken)
	u.taken, u.out = u.out, u.taken[:0]
	if len(u.taken) == 0 && len(u.clients) == 0 && len(u.servers) == 0 {
		u.taken, u.out = nil, nil // a call that is only talking needs none
	}
	return u.taken
}

// Deadline is when Tick must be called next; false when no timer runs.
func (u *Usage) Deadline() (time.Time, bool) {
	next := sooner(u.accept.resendAt, sooner(u.invite.repeatAt, u.invite.expireAt))
	next = sooner(next, u.reinvite.deadline())
	next = sooner(sooner(next, u.assurance.resendAt), u.timerDeadline())
	next = sooner(next, u.referDeadline())
	for _, c := range u.clients {
		next = earlier(next, c.tx)
	}
	for _, s := range u.servers {
		next = earlier(next, s.tx)
	}
	return next, !next.IsZero()
}

// Tick runs the timers that are due.
func (u *Usage) Tick(now time.Time) {
	for _, c := range u.clients {
		if due(c.tx, now) {
			u.stepClient(now, c, transaction.Timer, nil)
		}
	}
	for _, s := range u.servers {
		if due(s.tx, now) {
			u.stepServer(now, s, transaction.Timer, nil)
		}
	}
	u.resendAnswer(now)
	u.expireInvite(now)
	u.repeatProvisional(now)
	u.cancelReinvite(now)
	u.resendProvisional(now)
	u.offerAgain(now)
	u.tooLate(now)
	u.runTimer(now)
	u.sayIdentity(now)
	u.tickReferrals(now)
	u.notifyAnswered(now)
	u.informNext(now)
	u.settle()
}

// machine is what the four transactions have in common.
type machine interface {
	Step(now time.Time, ev transaction.Event) transaction.Actions
	Deadline() (time.Time, bool)
}

func due(m machine, now time.Time) bool {
	t, ok := m.Deadline()
	return ok && !now.Before(t)
}

func earlier(next time.Time, m machine) time.Time {
	if t, ok := m.Deadline(); ok {
		return sooner(next, t)
	}
	return next
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// act asks for one thing more.
func (u *Usage) act(a Action) {
	if u.out == nil {
		u.out = make([]Action, 0, 4) // an answered INVITE: ACK, report
	}
	u.out = append(u.out, a)
}

func (u *Usage) report(r Report) { u.act(Action{Report: r}) }

// settle drops the transactions that have ended, and ends the usage when nothing
// of it must be sent any more.
func (u *Usage) settle() {
	if u.state == Ended {
		return
	}
	u.clients = keep(u.clients, func(c *client) bool { return !c.ended })
	u.servers = keep(u.servers, func(s *server) bool { return !s.ended })
	u.closeInvite()
	if u.conversationOver() && u.idle() {
		u.end()
	}
}

// conversationOver says whether the usage is only waiting for its transactions.
func (u *Usage) conversationOver() bool {
	switch u.state {
	case Withdrawn, Rejected, Leaving:
		return true
	}
	return false
}

// idle says whether no transaction has anything left to do but to answer
// retransmissions.
func (u *Usage) idle() bool {
	if u.bye.phase != byeNone || u.owesNotify() {
		return false
	}
	for _, c := range u.clients {
		if !c.lingering() {
			return false
		}
	}
	for _, s := range u.servers {
		if !s.lingering() {
			return false
		}
	}
	return true
}

// end lets go of everything but what is left to answer.
func (u *Usage) end() {
	u.rest = u.leftovers()
	u.state = Ended
	u.clients, u.servers, u.dialogs, u.chosen = nil, nil, nil, nil
	u.invite, u.reinvite, u.accept, u.bye = invite{}, reinvite{}, acceptance{}, farewell{}
	u.assurance, u.timer, u.naming = assurance{}, sessionTimer{}, naming{}
	u.correction, u.refer, u.informing = nil, nil, nil
	u.report(Released{Leftovers: u.rest})
}

func keep[T any](list []T, wanted func(T) bool) []T {
	kept := list[:0]
	for _, e := range list {
		if wanted(e) {
			kept = append(kept, e)
		}
	}
	clear(list[len(kept):])
	if len(kept) == 0 {
		return nil
	}
	return kept
}
