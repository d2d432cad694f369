package dialog

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/refer"
)

// REFER within the dialog, from either side (RFC 3515, RFC 5589). What is said is decided
// by package refer; here it gets its numbers, its transactions and its place beside the
// call. RFC 5057 s4.1: the subscription is a usage of the dialog of its own, and what ends
// one of the two does not end the other:
//
//   - a BYE of the other side leaves the subscription. Phones hang up behind the 202 and
//     want to hear all the same what has become of their REFER; the usage stays until that
//     has been told, at most as long as the subscription.
//   - a BYE of ours comes behind the NOTIFY that says how the reference ended: a phone that
//     gets them the other way round takes the transfer for failed. It waits for the answer
//     to that NOTIFY for two of T1, no longer.
//   - a failure of a REFER or a NOTIFY, whatever RFC 5057 s5.1 says of its status, does not
//     end the call: a 404 to a REFER speaks of its target, and a call that talks must not
//     be lost for a header.

// receiveReferral takes a REFER, and the SUBSCRIBE and NOTIFY that go with one; false is
// for others, which nobody here understands.
func (u *Usage) receiveReferral(now time.Time, s *server, d *Dialog) bool {
	method := s.request.Method
	switch {
	case method == sip.REFER && (d != u.chosen || u.state != Answered && u.state != Confirmed):
		u.respond(now, s, u.tooEarlyOrLate(d), nil)
		return true
	case d != u.chosen || method == sip.SUBSCRIBE && u.refer == nil:
		return false
	case u.refer == nil && method == sip.NOTIFY:
		u.perform(now, u.newReferrals().Receive(now, s.request))
		return true
	case u.refer == nil:
		u.refer = u.newReferrals()
	}
	u.perform(now, u.refer.Receive(now, s.request))
	return true
}

// tooEarlyOrLate is for a REFER in a call that is not up: 481 when it is over, 403 while
// it rings, since nobody is there yet who could be transferred.
func (u *Usage) tooEarlyOrLate(d *Dialog) int {
	if u.over(d) {
		return 481
	}
	return 403
}

// references are those of the dialog, and what depends on them.
type references struct {
	*refer.Referrals
	alone bool      // the first REFER is outside of any call
	byeBy time.Time // when a BYE goes that waits for a NOTIFY; zero while none does
}

func (u *Usage) newReferrals() *references {
	return &references{Referrals: refer.New(refer.Config{Timeout: u.config.Timing.Timeout()})}
}

// perform does what the references want.
func (u *Usage) perform(now time.Time, list []refer.Action) {
	for _, a := range list {
		switch {
		case a.Respond != nil:
			u.respondReferral(now, *a.Respond)
		case a.Send != nil:
			u.sendReferral(now, *a.Send)
		case !u.conversationOver():
			u.report(Referral{Report: a.Report})
		}
	}
}

// respondReferral answers the request with a CSeq. RFC 3515 s2.2: Contact is mandatory in
// a 2xx to REFER.
func (u *Usage) respondReferral(now time.Time, r refer.Response) {
	headers := append(make([]Header, 0, 2+len(r.Headers)), Phrase(r.Phrase))
	if r.Status < 300 {
		headers = append(headers, Header{"Contact", u.config.Contact})
	}
	for _, h := range r.Headers {
		headers = append(headers, Header(h))
	}
	for _, s := range u.servers {
		if s.seq == r.Seq && s.request != nil && referral(s.request.Method) {
			u.respond(now, s, r.Status, nil, headers...)
			return
		}
	}
}

func referral(m sip.RequestMethod) bool {
	return m == sip.REFER || m == sip.SUBSCRIBE || m == sip.NOTIFY
}

// sendReferral sends a REFER or a NOTIFY. RFC 3515 s2.2 and RFC 6665 s8.1 have a Contact in
// both.
func (u *Usage) sendReferral(now time.Time, r refer.Request) {
	d := u.chosen
	m := u.request(d, r.Method, d.nextSeq())
	m.add("Contact", u.config.Contact)
	u.addAgent(&m)
	for _, h := range r.Headers {
		m.typed = m.typed || h.Name == "Content-Type"
		m.add(h.Name, h.Value)
	}
	m.body = r.Body
	c := &client{message: m, dialog: d, refers: r.Token}
	u.refer.Sent(now, r.Token, m.seq)
	u.start(now, c)
}

// referralAnswered hands on what came back for one.
func (u *Usage) referralAnswered(now time.Time, c *client, status int, res *sip.Response) {
	if u.refer != nil && status >= 200 {
		u.perform(now, u.refer.Answered(now, c.refers, refer.ReadAnswer(status, res)))
	}
}

// AcceptRefer answers the REFER that was reported: 202, and a NOTIFY with "100 Trying". To
// one that has been answered since, because it took long, a NOTIFY says it.
func (u *Usage) AcceptRefer(now time.Time) {
	if u.refer != nil {
		u.perform(now, u.refer.Accept(now))
		u.settle()
	}
}

// RefuseRefer rejects it, with a status from 300.
func (u *Usage) RefuseRefer(now time.Time, status refer.Status) {
	if u.refer != nil {
		u.perform(now, u.refer.Refuse(now, status))
		u.settle()
	}
}

// Notify tells the other side what has become of its REFER: a provisional status, or the
// final one, after which nothing follows.
func (u *Usage) Notify(now time.Time, status refer.Status) {
	switch {
	case u.refer == nil:
		return
	case status.Final():
		u.perform(now, u.refer.Conclude(now, status))
	default:
		u.perform(now, u.refer.Progress(now, status))
	}
	u.settle()
}

// Refer asks the other side of a call that is up to call somebody. What comes of it is
// reported as Referral; Refused with 491 at once where a REFER is under way, with 400 where
// it cannot be written.
func (u *Usage) Refer(now time.Time, ref refer.Reference) {
	if u.state != Confirmed {
		return // the report that made it out of date is on its way
	}
	if u.refer == nil {
		u.refer = u.newReferrals()
	}
	acts, err := u.refer.Refer(now, ref)
	if err != nil {
		status := refer.Status{Code: 491, Phrase: err.Error()}
		if err != refer.ErrRunning {
			status.Code = 400
		}
		u.report(Referral{Report: refer.Refused{Status: status}})
		return
	}
	u.perform(now, acts)
}

// tickReferrals lets the references' timers run.
func (u *Usage) tickReferrals(now time.Time) {
	if u.refer != nil {
		u.perform(now, u.refer.Tick(now))
	}
}

func (u *Usage) referDeadline() (at time.Time) {
	if u.refer != nil {
		at, _ = u.refer.Deadline()
		at = sooner(at, u.refer.byeBy)
	}
	return at
}

// owesNotify says whether the other side is still to be told of its REFER.
func (u *Usage) owesNotify() bool {
	return u.refer != nil && (u.refer.Owing() || u.refer.alone && u.refer.Running())
}

// quitReferrals ends what the other side has asked for, as the owner hangs up.
func (u *Usage) quitReferrals(now time.Time) {
	if u.refer != nil {
		gone := refer.Status{Code: 487}
		u.perform(now, u.refer.Refuse(now, gone))
		u.perform(now, u.refer.Conclude(now, gone))
	}
}

// notifyPatience is how many T1 a BYE of ours waits for the answer to the last NOTIFY.
const notifyPatience = 2

// byeAfterNotify sends the BYE, behind the last NOTIFY where there is one.
func (u *Usage) byeAfterNotify(now time.Time, reason []Header) {
	if u.refer == nil || !u.refer.Concluding() {
		u.sendBye(now, u.chosen, reason)
		return
	}
	u.bye = farewell{phase: byeWaitsForNotify, reason: reason}
	u.refer.byeBy = now.Add(notifyPatience * u.config.Timing.T1)
}

// notifyAnswered sends the BYE that waited, when the last NOTIFY has been answered or has
// had its time.
func (u *Usage) notifyAnswered(now time.Time) {
	b := u.bye
	if b.phase != byeWaitsForNotify || u.refer.Concluding() && now.Before(u.refer.byeBy) {
		return
	}
	u.bye, u.refer.byeBy = farewell{}, time.Time{}
	u.sendBye(now, u.chosen, b.reason)
}
