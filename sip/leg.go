package sip

import (
	"bytes"
	"cmp"
	"iter"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/trunk"
)

// leg is a SIP dialog as a leg of a call: the loop around one dialog.Usage. It
// belongs to its call's goroutine.
type leg struct {
	edge        *Edge
	call        *bridge.Call
	participant int
	// made is the leg as its tags and branches name it: by the call that made it.
	made  legKey
	usage *dialog.Usage
	// peer is who is at the other end.
	peer dialplan.Party
	// flow is how the other side is reached; pinned legs stay on it whatever the
	// route set says.
	flow   transport.Flow
	pinned bool
	// carried are the headers of a caller's INVITE that may go on to the callee.
	carried []dialog.Header
	// servers are where the INVITE goes when the present one fails.
	servers servers
	// device is the instance of the phone, where it is reached over a connection and
	// says it.
	device string
	// number is what the party is known by: its number, or its name.
	number string
	// target is the URI that was called, of a leg that we have placed.
	target string
	// trial is the trunk whose health waits for what comes of the INVITE; empty when
	// none does.
	trial string
	// metered is the meter that counts the leg; empty when none does.
	metered string
	// urgency is that of the call, at its caller's leg.
	urgency trunk.Urgency
	// redirection is what the call has been redirected to, at its caller's leg.
	redirection trunk.Redirection
	// click is set for one who dials by REFER, outside of any call.
	click *click
	// talksTo is who the other side has been told that it talks with.
	talksTo dialplan.Shown
	// retryAfter is when a caller that is refused may come again; 0 says nothing.
	retryAfter time.Duration
	// broken is set while a failed send is being told to the usage.
	broken bool
}

// Deadline is when Tick must be called next.
func (l *leg) Deadline() (time.Time, bool) {
	next, ok := l.usage.Deadline()
	if at := l.servers.silentAt; !at.IsZero() && (!ok || at.Before(next)) {
		return at, true
	}
	return next, ok
}

// Tick runs the usage's timers.
func (l *leg) Tick(now time.Time) {
	l.giveUpServer(now)
	l.usage.Tick(now)
	l.flush(now)
}

// Do carries out a command of the call.
func (l *leg) Do(now time.Time, c bridge.Command) {
	if l.click != nil {
		l.doClick(now, c)
		l.flush(now)
		return
	}
	u := l.usage
	switch c := c.(type) {
	case bridge.Ring:
		u.Provisional(now, c.Status, nil)
	case bridge.Progress:
		u.Provisional(now, c.Status, c.SDP)
	case bridge.Answer:
		l.talksTo = c.Connected
		u.Answer(now, c.SDP, l.edge.connectedHeaders(l.peer, c.Connected)...)
	case bridge.Refuse:
		c.RetryAfter = max(c.RetryAfter, l.retryAfter)
		u.Reject(now, c.Cause.Status, refuseHeaders(c)...)
	case bridge.Offer:
		u.Offer(now, c.SDP, l.news(c.Connected)...)
	case bridge.AcceptOffer:
		u.AcceptOffer(now, c.SDP)
	case bridge.RefuseOffer:
		u.RefuseOffer(now, c.Cause.Status, dialog.Phrase(phraseFor(c.Cause)))
	case bridge.Identify:
		l.identify(now, c.Connected)
	case bridge.Press:
		l.press(now, c)
	case bridge.Hangup:
		l.hangup(now, c.Cause)
	default:
		l.doReferral(now, c)
	}
	l.flush(now)
}

// identify tells the party who it talks with, where it may know and that is news.
func (l *leg) identify(now time.Time, who dialplan.Shown) {
	if headers := l.news(who); len(headers) > 0 {
		l.usage.Identify(now, headers...)
	}
}

// news are the headers that tell a party who it talks with now; none when it knows.
func (l *leg) news(who dialplan.Shown) []dialog.Header {
	if who.User == "" || who == l.talksTo {
		return nil
	}
	l.talksTo = who
	return l.edge.connectedHeaders(l.peer, who)
}

// hangup ends the leg in the way its state asks for.
func (l *leg) hangup(now time.Time, c event.Cause) {
	l.triedInVain(c)
	l.usage.Cancel(now, reasonHeaders(c)...) // our INVITE that rings, or nothing
	l.usage.Bye(now, reasonHeaders(c)...)
}

func refuseHeaders(c bridge.Refuse) []dialog.Header {
	list := append(reasonHeaders(c.Cause), dialog.Phrase(phraseFor(c.Cause)))
	if c.Warning != "" {
		list = append(list, dialog.Header{Name: "Warning", Value: c.Warning})
	}
	if c.RetryAfter > 0 {
		seconds := int((c.RetryAfter + time.Second - 1) / time.Second)
		list = append(list, dialog.Header{Name: "Retry-After", Value: strconv.Itoa(seconds)})
	}
	return list
}

// phraseFor is the reason phrase of a failure: the callee's own words are passed
// on, ours are the standard's, since the Reason header has the rest.
func phraseFor(c event.Cause) string {
	if c.By == event.PartyCallee {
		return c.Text
	}
	return ""
}

// receive takes a message that came for the leg.
func (l *leg) receive(now time.Time, msg sip.Message, flow transport.Flow) {
	if flow.Protocol == l.flow.Protocol && flow.Protocol.Reliable() && !l.edge.layer.Alive(l.flow) {
		l.flow = flow // its connection had died, and it is back over another
	}
	l.usage.Receive(now, msg, flow)
	l.flush(now)
}

// flush carries out what the usage wants, until it wants nothing more: a report
// may lead the call to the next command only after this, so order is kept.
func (l *leg) flush(now time.Time) {
	for {
		actions := l.usage.Take()
		if len(actions) == 0 {
			return
		}
		l.carry(now, actions)
	}
}

func (l *leg) carry(now time.Time, actions []dialog.Action) {
	for _, a := range actions {
		if a.Report != nil {
			l.report(now, a.Report)
		} else {
			l.send(now, a)
		}
	}
}

// send writes a message: a response on the flow its request came on, a request to
// the next hop. A way that is known to be broken fails what waits for it at once.
func (l *leg) send(now time.Time, a dialog.Action) {
	flow, message := a.Flow, a.Send
	if flow == (transport.Flow{}) {
		l.comeBack(a.Hop)
		flow = l.way(a.Hop)
		message = l.edge.viaFrom(message, l.flow, flow)
	}
	left := a.Hop != "" && a.Flow != transport.Flow{} // it goes to a server that has been given up
	if err := l.edge.layer.Send(flow, message); err != nil && !l.broken && !left {
		l.edge.log.Warn("message not sent", "call", l.call.ID(), "to", flow.Remote.String(), "err", err)
		l.broken = true
		l.usage.TransportFailed(now)
		l.broken = false
	}
}

// viaFrom corrects the Via of a request that goes another way than its leg's: by the
// protocol or from the address that its next hop asks for. RFC 3261 s18.1.1: the
// sent-by says where responses are to go.
func (e *Edge) viaFrom(message []byte, leg, flow transport.Flow) []byte {
	if leg.Protocol == flow.Protocol && leg.Local == flow.Local {
		return message
	}
	return bytes.Replace(message, []byte(viaOf(e.seen(leg))), []byte(viaOf(e.seen(flow))), 1)
}

// way gives the flow to a request's next hop.
func (l *leg) way(hop string) transport.Flow {
	if l.pinned || l.servers.udp != (transport.Flow{}) || hop == "" {
		return l.flow
	}
	return l.edge.flowTo(hop, l.flow, l.trunk())
}

// report tells the call what the usage reported.
func (l *leg) report(now time.Time, r dialog.Report) {
	l.triedBy(r)
	l.servedBy(now, r)
	switch r := r.(type) {
	case dialog.Trying:
		l.heard()
		l.tell(bridge.Trying{})
	case dialog.Progressed:
		l.heard()
		l.tell(bridge.Ringing{Status: r.Status, SDP: r.SDP})
	case dialog.Accepted:
		l.servers = servers{} // no other one is wanted any more
		l.tell(bridge.Answered{SDP: r.SDP, Connected: l.edge.answerer(l.peer, r.Response)})
	case dialog.Failed:
		l.heard()
		l.tell(l.refused(r))
	case dialog.Offered:
		l.tell(bridge.Offered{SDP: r.SDP})
	case dialog.OfferAnswered:
		l.tell(bridge.OfferAnswered{SDP: r.SDP})
	case dialog.Changed:
		l.tell(bridge.Changed{SDP: r.SDP})
	case dialog.Identified:
		l.tell(bridge.Identified{Connected: l.edge.connected(l.peer, r.Asserted, r.Privacy)})
	case dialog.OfferFailed:
		l.tell(bridge.OfferRefused{Cause: causeOf(r.Status, nil)})
	case dialog.OfferWithdrawn:
		l.tell(bridge.OfferWithdrawn{})
	case dialog.Referral:
		l.referral(now, r.Report)
	case dialog.Informed:
		l.pressed(r)
	case dialog.InfoRefused:
		l.keyRefused(r)
	case dialog.Left:
		l.tell(bridge.HungUp{Cause: leftCause(r)})
	case dialog.Released:
		l.edge.lingering.add(r.Leftovers)
		l.release()
		l.tell(bridge.Released{})
	}
}

func (l *leg) tell(r bridge.Report) { l.call.Report(l.participant, r) }

func responseCause(status int, res *sip.Response) event.Cause {
	if res == nil {
		return causeOf(status, nil)
	}
	return causeOf(status, res)
}

// leftCause says why a party left: 200 and 16 for a plain BYE.
func leftCause(r dialog.Left) event.Cause {
	if r.Request == nil {
		return event.Cause{Status: r.Status, Q850: 102, By: event.PartyGateway, Text: cmp.Or(r.Text, "the dialog is dead: no answer within it")}
	}
	c := causeOf(r.Status, r.Request)
	if c.Q850 == 0 {
		c.Q850, c.Text = 16, "Normal call clearing"
	}
	return c
}

// delivery brings a message to a leg, on its call's goroutine.
type delivery struct {
	edge *Edge
	to   legKey
	msg  sip.Message
	flow transport.Flow
}

// Do hands the message over, or sends it after a leg that has just gone to another call.
func (d *delivery) Do(c *bridge.Call, now time.Time) {
	if d.to.participant == 0 {
		d.to = d.edge.calls.newcomer(d.msg)
	}
	if l, ok := c.LegOf(d.to.call, d.to.participant).(*leg); ok && l != nil {
		l.receive(now, d.msg, d.flow)
	} else if call := d.edge.calls.of(d.to); call != nil && call != c {
		call.Post(d)
	}
}

// lost brings the news that a connection has died.
type lost struct{ flow transport.Flow }

// Do tells every leg that was on the connection.
func (d lost) Do(c *bridge.Call, now time.Time) {
	for l := range legs(c) {
		if l.flow == d.flow {
			l.lost(now)
		}
	}
}

// abandoned is the end of waiting for other sides.
type abandoned struct{}

// Do has every leg released, whatever it waits for.
func (abandoned) Do(c *bridge.Call, _ time.Time) {
	for l := range legs(c) {
		l.tell(bridge.Released{})
	}
}

// legs yields the SIP legs of a call.
func legs(c *bridge.Call) iter.Seq[*leg] {
	return func(yield func(*leg) bool) {
		for participant := callerParticipant; participant <= c.Participants(); participant++ {
			if l, ok := c.Leg(participant).(*leg); ok && l != nil && !yield(l) {
				return
			}
		}
	}
}
