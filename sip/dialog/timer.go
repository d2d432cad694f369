package dialog

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// sessionTimer is RFC 4028's: an agreed interval within which one side refreshes the
// session, by UPDATE or re-INVITE, or it is over.
//
//	off ── 2xx with Session-Expires ──▶ running ── refresh ──▶ running
//	                                      └─ expiry: BYE
type sessionTimer struct {
	interval  time.Duration // 0: off
	least     time.Duration // the largest Min-SE that was asked for
	refresher refresher
	refreshAt time.Time // zero unless we refresh
	endAt     time.Time
	client    *client // our refresh by UPDATE
}

// refresher is whose task it is.
type refresher uint8

const (
	nobodyRefreshes refresher = iota
	weRefresh
	theyRefresh
)

// shortest is the least interval there is: RFC 4028 s4, "The absolute minimum for the
// Session-Expires header field is 90 seconds." A configuration may go below for a test
// bench; this is what a peer that names no Min-SE wants.
const shortest = 90 * time.Second

// least is the shortest interval that we let in.
func (c *Config) least() time.Duration {
	if c.MinSE > 0 {
		return c.MinSE
	}
	return shortest
}

// TooBrief gives the Min-SE for a request whose Session-Expires is below what we let in.
// RFC 4028 s9: the UAS "MAY reject" it "with a 422 (Session Interval Too Small) response",
// but only to a UAC that supports timers.
func TooBrief(req *sip.Request, least time.Duration) (h Header, brief bool) {
	interval, _ := expiry(req)
	brief = interval > 0 && interval < least && knowsTimer(req)
	return Header{"Min-SE", seconds(least)}, brief
}

func (u *Usage) tooBrief(now time.Time, s *server) bool {
	h, brief := TooBrief(s.request, u.config.least())
	if brief {
		u.respond(now, s, 422, nil, h)
	}
	return brief
}

// knowsTimer says whether the other side knows session timers.
func knowsTimer(m sip.Message) bool {
	return wire.HasOption(m, "Supported", "timer") || wire.HasOption(m, "Require", "timer")
}

// expiry reads Session-Expires: "delta-seconds *(SEMI se-params)"; 0 without one.
func expiry(m sip.Message) (interval time.Duration, by string) {
	value, _ := wire.Value(m, "Session-Expires")
	text, params, err := wire.SplitParams(value)
	if err != nil {
		return 0, ""
	}
	by, _ = wire.Param(params, "refresher")
	return delta(text), strings.ToLower(by)
}

func minSE(m sip.Message) time.Duration {
	value, _ := wire.Value(m, "Min-SE")
	text, _, _ := strings.Cut(value, ";")
	return delta(text)
}

func delta(text string) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// timerHeaders are what an INVITE or UPDATE of ours asks for. RFC 4028 s7.1: the first
// leaves the choice of the refresher to the other side; s7.4: later ones keep it.
func (u *Usage) timerHeaders() (list []Header) {
	t := &u.timer
	interval := t.interval
	if interval == 0 {
		interval = max(u.config.SessionExpires, t.least)
	}
	if u.config.SessionExpires == 0 && t.interval == 0 {
		return nil
	}
	value := seconds(interval)
	switch t.refresher {
	case weRefresh:
		value += ";refresher=uac"
	case theyRefresh:
		value += ";refresher=uas"
	}
	return []Header{{"Session-Expires", value}, {"Min-SE", seconds(max(t.least, u.config.least()))}}
}

// agreeTimer decides for a request that we accept, and gives the headers of the 2xx. RFC
// 4028 s9 table 2: the UAC's choice of the refresher stands; a UAC that does not know
// timers cannot be it. Without a choice it is the UAC, where it asked at all.
func (u *Usage) agreeTimer(now time.Time, req *sip.Request) []Header {
	asked, by := expiry(req)
	interval := asked
	if ours := u.config.SessionExpires; interval == 0 || ours > 0 && ours < interval {
		interval = ours
	}
	if interval == 0 {
		u.stopTimer()
		return nil
	}
	// s9: it may be lowered, not below the Min-SE, and it may not be raised.
	interval = max(interval, minSE(req), u.config.least())
	if asked > 0 {
		interval = min(interval, asked)
	}
	if !knowsTimer(req) || by == "uas" || by == "" && asked == 0 {
		u.startTimer(now, interval, weRefresh)
		return []Header{{"Session-Expires", seconds(interval) + ";refresher=uas"}}
	}
	// "If the refresher parameter … has a value of "uac", the UAS MUST place a Require
	// header field into the response with the value "timer"."
	u.startTimer(now, interval, theyRefresh)
	return []Header{{"Session-Expires", seconds(interval) + ";refresher=uac"}, {"Require", "timer"}}
}

// takeTimer takes what a 2xx to a request of ours has decided. RFC 4028 s7.2: "If the 2xx
// response did not contain a Session-Expires header field, there is no session
// expiration."
func (u *Usage) takeTimer(now time.Time, res *sip.Response) {
	interval, by := expiry(res)
	switch {
	case interval == 0:
		u.stopTimer()
	case by == "uas":
		u.startTimer(now, interval, theyRefresh)
	default:
		u.startTimer(now, interval, weRefresh)
	}
}

func (u *Usage) stopTimer() { u.timer = sessionTimer{least: u.timer.least} }

// startTimer begins an interval. RFC 4028 s7.2: "It is RECOMMENDED that this refresh be
// sent once half the session interval has elapsed." The end is called "slightly before
// the session expiration. The minimum of 32 seconds and one third of the session interval
// is RECOMMENDED" (s10).
func (u *Usage) startTimer(now time.Time, interval time.Duration, by refresher) {
	t := &u.timer
	t.interval, t.refresher, t.client, t.refreshAt = interval, by, nil, time.Time{}
	t.endAt = now.Add(interval - min(32*time.Second, interval/3))
	if by == weRefresh {
		t.refreshAt = now.Add(interval / 2)
	}
}

// timerDeadline is when the timer has something to do.
func (u *Usage) timerDeadline() time.Time {
	if u.state != Confirmed || u.timer.interval == 0 {
		return time.Time{}
	}
	return sooner(u.timer.endAt, u.timer.refreshAt)
}

// runTimer refreshes, or ends what was not refreshed: RFC 4028 s10, "if the side not
// performing refreshes does not receive a session refresh request before the session
// expiration, it SHOULD send a BYE to terminate the session".
func (u *Usage) runTimer(now time.Time) {
	at := u.timerDeadline()
	switch {
	case at.IsZero() || now.Before(at):
	case !now.Before(u.timer.endAt):
		u.stopTimer()
		u.leave(now)
		u.sendBye(now, u.chosen, []Header{{"Reason", `SIP;cause=408;text="Session Expired"`}})
		u.report(Left{Status: 408, Text: "session expired"})
	default:
		u.refresh(now)
	}
}

// refresh asks the other side whether the session stands. RFC 4028 s7.4: "If
// a UAC knows that its peer supports the UPDATE method, it is RECOMMENDED that UPDATE be
// used instead of a re-INVITE." The UPDATE has no description, the re-INVITE the one that
// is in force. A refresh that fails is tried again in half of what is left.
func (u *Usage) refresh(now time.Time) {
	t, d := &u.timer, u.chosen
	t.refreshAt = now.Add(max(t.endAt.Sub(now)/2, time.Second))
	switch {
	case u.naming.client != nil: // it refreshes too
	case d.Updates:
		m := u.request(d, "UPDATE", d.nextSeq())
		u.addContact(&m)
		u.addAgent(&m)
		t.client = u.send(now, m, d)
	case u.reinvite.phase == reinviteNone && u.accept.server == nil && d.Media.State == sdp.Stable && d.Media.Local != nil:
		u.sendReinvite(now, reinvite{offer: d.Media.Local, purpose: refreshing})
	}
}

// refreshed takes the answer to a refresh by UPDATE.
func (u *Usage) refreshed(now time.Time, c *client, status int, res *sip.Response) {
	u.timer.client = nil
	if !u.updated(now, c, status, res) {
		u.refresh(now)
	}
}

// updated takes the response to an UPDATE of ours without a description. False for a side
// that does not take UPDATE, though it has said so: what it was for must be done otherwise.
func (u *Usage) updated(now time.Time, c *client, status int, res *sip.Response) (taken bool) {
	switch {
	case u.conversationOver():
	case status < 300:
		c.dialog.retarget(contactURI(res.Contact()))
		u.takeTimer(now, res)
	case status == 405 || status == 501:
		c.dialog.Updates = false
		return false
	default:
		u.dialogLost(now, c, status)
	}
	return true
}

// lengthen repeats a request of ours whose interval was too small. RFC 4028 s7.3 has
// it repeated with the larger of both: the Min-SE of the 422 is the least from here on.
func (u *Usage) lengthen(now time.Time, c *client, res *sip.Response) bool {
	least := minSE(res)
	if least <= u.timer.least || !u.wanted(c) {
		return false // it asks for nothing, or for what it has got
	}
	u.timer.least = least
	if u.timer.interval > 0 {
		u.timer.interval = max(u.timer.interval, least)
	}
	m := c.message
	m.head = append(without(m.head, "Session-Expires", "Min-SE"), u.timerHeaders()...)
	u.repeat(now, c, m, c.message.credentials())
	return true
}

// without are the headers that have none of the names.
func without(list []Header, names ...string) (rest []Header) {
	for _, h := range list {
		if !slices.Contains(names, h.Name) {
			rest = append(rest, h)
		}
	}
	return rest
}
