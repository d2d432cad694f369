package dialog

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// NewUAS makes the usage of a call that is placed to us, and says 100. offer is
// the INVITE's description, nil when it carried none: the 2xx then offers.
func NewUAS(now time.Time, c Config, req *sip.Request, offer *sdp.Description, flow transport.Flow) *Usage {
	u := &Usage{config: c, state: Invited, callID: strings.Clone(req.CallID().Value())}
	u.local = req.To().Value() + ";tag=" + c.Tag // a copy of its own
	d := calleeDialog(req)
	if offer != nil {
		_ = d.Media.ReceiveOffer(offer)
	}
	u.dialogs = []Dialog{d}
	u.invite.offer = offer
	u.invite.server = u.serve(now, req, flow)
	u.respond(now, u.invite.server, 100, nil)
	return u
}

// Provisional sends a provisional response, with the answer to the INVITE's offer
// when there is early media.
func (u *Usage) Provisional(now time.Time, status int, answer *sdp.Description) {
	if u.state != Invited && u.state != Early {
		return
	}
	u.state = Early
	u.respond(now, u.invite.server, status, answer)
}

// Answer accepts the INVITE. The 2xx is sent until the ACK comes.
func (u *Usage) Answer(now time.Time, s *sdp.Description, headers ...Header) {
	if u.state != Invited && u.state != Early {
		return
	}
	u.state = Answered
	u.describeLocal(s)
	u.acceptInvite(now, u.invite.server, s, headers)
}

// describeLocal notes what our 2xx says: the answer, or an offer where there was
// none to answer.
func (u *Usage) describeLocal(s *sdp.Description) {
	if s == nil {
		return
	}
	media := &u.dialog().Media
	if media.SendAnswer(s) != nil {
		_ = media.SendOffer(s)
	}
}

// Reject ends the INVITE with a final failure.
func (u *Usage) Reject(now time.Time, status int, headers ...Header) {
	if u.state != Invited && u.state != Early {
		return
	}
	u.state = Rejected
	u.respond(now, u.invite.server, status, nil, headers...)
	u.settle()
}

// acceptance is a 2xx to an INVITE that waits for its ACK. RFC 3261 s13.3.1.4:
// "The 2xx response is passed to the transport with an interval that starts at T1
// seconds and doubles for each retransmission until it reaches T2 seconds".
type acceptance struct {
	server   *server // nil when nothing waits
	interval time.Duration
	resendAt time.Time
	until    time.Time
}

func (u *Usage) acceptInvite(now time.Time, s *server, body *sdp.Description, headers []Header) {
	u.respond(now, s, 200, body, headers...)
	t1 := u.timing().T1
	u.accept = acceptance{
		server: s, interval: t1, resendAt: now.Add(t1), until: now.Add(u.timing().Timeout()),
	}
}

// resendAnswer repeats the 2xx, also over reliable transports, since it is end to
// end; and gives up when no ACK came: "If the server retransmits the 2xx response
// for 64*T1 seconds without receiving an ACK, the dialog is confirmed, but the
// session SHOULD be terminated. This is accomplished with a BYE".
func (u *Usage) resendAnswer(now time.Time) {
	a := &u.accept
	if a.server == nil || now.Before(a.resendAt) {
		return
	}
	if !now.Before(a.until) {
		u.unacknowledged(now)
		return
	}
	u.out = append(u.out, Action{Send: a.server.last, Flow: a.server.flow})
	a.interval = min(2*a.interval, u.timing().T2)
	a.resendAt = a.resendAt.Add(a.interval)
	if a.resendAt.After(a.until) {
		a.resendAt = a.until
	}
}

func (u *Usage) unacknowledged(now time.Time) {
	u.accept = acceptance{}
	switch u.state {
	case Answered, Confirmed:
		u.state = Leaving
		u.sendBye(now, u.chosen, nil)
		u.report(Left{Status: 408})
	case Leaving:
		u.ackGone(now)
	}
}

func (u *Usage) timing() transaction.Timing {
	if u.config.Timing.T1 <= 0 {
		return transaction.DefaultTiming()
	}
	return u.config.Timing
}

func itoa(n int) string { return strconv.Itoa(n) }

// InviteKey is the key of the INVITE that began the usage, by which its CANCEL
// and its retransmissions find it; zero for a UAC.
func (u *Usage) InviteKey() transaction.ServerKey {
	if u.invite.server == nil {
		return transaction.ServerKey{}
	}
	return u.invite.server.key
}
