package sip

import (
	"crypto/rand"
	"math"
	random "math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/trunk"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Registering is how the gateway registers with a trunk.
type Registering struct {
	// Registrar is the carrier's domain; empty is no registration.
	Registrar string
	// Expires is the time that is asked for; 0 is an hour.
	Expires time.Duration
}

// line is the gateway's registration at one carrier. It belongs to the watch.
type line struct {
	name string
	// trunk is where the REGISTERs go.
	trunk   *Trunk
	machine trunk.Registration
	// exchange answers the challenges of one attempt, with these credentials.
	exchange    dialog.Exchange
	credentials []dialog.Header
	// out is the REGISTER that has no final response yet, flow the last one's.
	out  *ownRequest
	flow transport.Flow
}

// account is what a trunk's settings say; zero is no registration.
func (t *Trunk) account() trunk.Account {
	if t.Register.Registrar == "" {
		return trunk.Account{}
	}
	return trunk.Account{
		Registrar: "sip:" + t.Register.Registrar,
		AOR:       "sip:" + wire.EscapeUser(t.Username) + "@" + t.Register.Registrar,
		// Our address in it is that of the flow: lineContact.
		Contact:  "sip:" + t.Name + "@" + t.Address.hostPort(),
		Username: t.Username, Password: trunk.Password(t.Password),
	}
}

// registers takes the settings of the trunks' registrations.
func (w *watch) registers(now time.Time, s *Settings) {
	for i := range s.Trunks {
		w.registerAt(now, &s.Trunks[i])
	}
	for _, l := range w.lines {
		if s.trunk(l.name) == nil {
			w.stepLine(now, l, trunk.Stop{})
		}
	}
}

// registerAt begins, changes or ends the registration at one trunk.
func (w *watch) registerAt(now time.Time, t *Trunk) {
	account, pace := t.account(), trunk.Pace{Expires: t.Register.Expires}
	l := w.lines[t.Name]
	switch {
	case l != nil:
		w.stepLine(now, l, trunk.Change{Account: account, Pace: pace})
		l.trunk = t
	case account != trunk.Account{}:
		l = &line{name: t.Name, trunk: t, machine: trunk.NewRegistration(account, rand.Text(), pace)}
		w.lines[t.Name] = l
		if w.watching == sending {
			w.stepLine(now, l, trunk.Begin{})
		}
	}
}

// stepLine takes a registration through an event.
func (w *watch) stepLine(now time.Time, l *line, ev trunk.RegistrationEvent) {
	acts := l.machine.Step(now, random.Float64(), ev)
	if acts.Has(trunk.SendRegister) {
		w.register(l)
	}
	if acts.Has(trunk.Report) {
		w.reportLine(l)
	}
	if acts.Has(trunk.Finished) && w.lines[l.name] == l {
		w.finished(now, l)
	}
}

// finished forgets a registration, or begins it anew where a reload has asked for that
// while it ended.
func (w *watch) finished(now time.Time, l *line) {
	delete(w.lines, l.name)
	w.publish()
	if t := w.edge.settings.Load().trunk(l.name); t != nil && w.watching == sending {
		w.registerAt(now, t)
	}
}

// reportLine tells the log, and the calls to come, of a change.
func (w *watch) reportLine(l *line) {
	level := w.edge.log.Info
	if l.machine.Reason() != "" {
		level = w.edge.log.Warn
	}
	level("registration", "trunk", l.name, "state", l.machine.State.String(), "why", l.machine.Reason())
	w.publish()
}

// register sends the REGISTER that the machine asks for; one that is still out is
// repeated no more.
func (w *watch) register(l *line) {
	if l.out != nil {
		delete(w.requests, l.out.branch)
		l.out = nil
	}
	q := l.machine.Request()
	w.reachTrunk(l.trunk, func(now time.Time, t *Trunk, f transport.Flow, err error) {
		if err != nil {
			w.stepLine(now, l, trunk.Failed{CSeq: q.CSeq, Result: trunk.Result{Fate: trunk.Unreachable, Phrase: err.Error()}})
			return
		}
		l.flow = f
		l.out = w.send(now, f, l.outline(q, w.edge.seen(f)), func(now time.Time, r trunk.Result, res *sip.Response) {
			w.registerAnswered(now, l, q, r, res)
		})
	})
}

// outline is the REGISTER.
func (l *line) outline(q trunk.Register, f transport.Flow) outline {
	return outline{
		method: "REGISTER", uri: q.Account.Registrar, from: q.Account.AOR, to: q.Account.AOR,
		tag: rand.Text(), callID: q.CallID, seq: q.CSeq,
		headers: append([]dialog.Header{
			{Name: "Contact", Value: l.contact(f)},
			{Name: "Expires", Value: strconv.Itoa(q.Expires)},
		}, l.credentials...),
	}
}

// contact is where the carrier reaches us: the trunk's name at our address, by which
// its calls are known.
func (l *line) contact(f transport.Flow) string {
	return strings.Replace(contactOf(f, l.trunk.Address.SIPS), "tandem@", wire.EscapeUser(l.name)+"@", 1)
}

// registerAnswered reads what came of a REGISTER.
func (w *watch) registerAnswered(now time.Time, l *line, q trunk.Register, r trunk.Result, res *sip.Response) {
	l.out = nil
	switch {
	case r.Fate == trunk.Answered && r.Status < 300:
		l.exchange, l.credentials = nil, nil
		contact, expires := l.granted(res)
		w.stepLine(now, l, trunk.Accepted{CSeq: q.CSeq, Contact: contact, Expires: expires})
	case (r.Status == 401 || r.Status == 407) && l.answer(q, res):
		w.stepLine(now, l, trunk.Challenged{CSeq: q.CSeq})
	default:
		if r.Status != 423 {
			l.exchange, l.credentials = nil, nil
		}
		w.stepLine(now, l, trunk.Failed{CSeq: q.CSeq, Result: r, MinExpires: minExpires(res)})
	}
}

// answer finds the credentials that a challenge asks for; false when there are none, or
// they have been refused.
func (l *line) answer(q trunk.Register, res *sip.Response) bool {
	if l.exchange == nil {
		auth := newAnswerer(q.Account.Username, string(q.Account.Password))
		l.exchange = auth.Exchange("REGISTER", q.Account.Registrar, nil)
	}
	header := "WWW-Authenticate"
	if res.StatusCode == 407 {
		header = "Proxy-Authenticate"
	}
	var err error
	l.credentials, err = l.exchange.Answer(res.StatusCode, wire.Values(res, header))
	return err == nil
}

// granted reads the times of a 200, negative where absent. RFC 3261 s10.3 step 8: it
// lists all bindings of the AOR, ours among them.
func (l *line) granted(res *sip.Response) (contact, expires int) {
	contact, expires = -1, -1
	for _, c := range wire.Contacts(res) {
		if _, given := wire.Param(c.Params, "expires"); given && strings.EqualFold(wire.Unescape(c.Address.User), l.name) {
			if seconds, ok := wire.ContactExpires(res, c); ok {
				contact = int(min(seconds, math.MaxInt32))
			}
		}
	}
	if seconds, ok := wire.Expires(res); ok {
		expires = int(min(seconds, math.MaxInt32))
	}
	return contact, expires
}

// minExpires reads a 423 (RFC 3261 s20.23).
func minExpires(res *sip.Response) time.Duration {
	if res == nil {
		return 0
	}
	seconds, _ := wire.DeltaSeconds(res, "Min-Expires")
	return time.Duration(seconds) * time.Second
}

// leave begins the end: every binding is removed, for which the machine waits 4 s.
func (w *watch) leave(now time.Time) {
	w.watching = leaving
	for _, l := range w.lines {
		w.stepLine(now, l, trunk.Stop{})
	}
}

// registrar is where the gateway is registered; zero when it is not.
func (l *line) registrar(now time.Time) netip.Addr {
	if !l.machine.Bound(now) {
		return netip.Addr{}
	}
	return l.flow.Remote.Addr()
}

// lineOf finds the trunk that a request comes from by our registration there: it comes
// from where that is, and where several are there, calls the Contact of one of them.
func (e *Edge) lineOf(s *Settings, req *sip.Request, f transport.Flow) *Trunk {
	found := s.which(func(t *Trunk) bool {
		at := e.watch.of(t.Name).registrar
		return at.IsValid() && at == f.Remote.Addr()
	})
	if named := among(found, func(t *Trunk) bool { return t.named(req) }); len(named) > 0 {
		return named[0]
	}
	return only(found)
}

// named says whether a request calls the Contact that the trunk was given.
func (t *Trunk) named(req *sip.Request) bool {
	return t.Register.Registrar != "" && strings.EqualFold(wire.Unescape(req.Recipient.User), t.Name)
}

// callee is the URI that an INVITE calls. RFC 3261 s16.5: a registrar has put our
// Contact into the Request-URI, and then the number is in To.
func (a *arrival) callee() *sip.Uri {
	if t := a.settings.trunk(a.origin.Name); a.origin.Kind == dialplan.PartyTrunk && t != nil && t.named(a.req) {
		return &a.req.To().Address
	}
	return &a.req.Recipient
}
