package dialog

import (
	"slices"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// assurance makes our provisional responses arrive, RFC 3262 s3.
//
//	idle ── reliable 18x ──▶ waiting ── PRACK ──▶ idle: what was queued goes out
//	                           │ T1, doubling: the 18x again
//	                           └ 64*T1: 504
//
// It carries the answer to the INVITE's offer, or makes one where the INVITE had none, as
// soon as there is something to be said.
//
// One is under way at a time: "The UAS MUST NOT send a second reliable provisional
// response until the first is acknowledged" is a must for the first of them and a good
// habit for the others.
type assurance struct {
	demand demand
	cseq   uint32 // of the INVITE
	rseq   uint32 // of the last reliable response; 0 before it
	// waiting is the RSeq whose PRACK has not come; 0 for none. It outlives the final
	// response, whose sender "MUST be prepared to process PRACK requests".
	waiting   uint32
	described *sdp.Description // in the response that waits
	offers    bool             // it does: the PRACK has the answer
	again     uint32           // the RSeq whose PRACK was refused, for what it carried
	interval  time.Duration
	resendAt  time.Time
	until     time.Time
	queue     []provisional
	answer    *acceptedWith
}

// provisional is a response that waits for the PRACK to the one before it.
type provisional struct {
	status      int
	description *sdp.Description
}

// acceptedWith is a 2xx that waits so.
type acceptedWith struct {
	answer  *sdp.Description
	headers []Header
}

// demand is which provisional responses the caller gets reliably.
type demand uint8

const (
	// demandNone: it does not know 100rel: then "the UAS MUST NOT send the provisional
	// response reliably".
	demandNone demand = iota
	// demandDescribed: it supports it. What matters is that early media is agreed; a
	// mere 180 is not worth two messages.
	demandDescribed
	// demandAll: it requires it: "The UAS MUST send any non-100 provisional response
	// reliably if the initial request contained a Require header field with the option tag
	// 100rel."
	demandAll
)

func demandOf(req *sip.Request) demand {
	switch {
	case wire.HasOption(req, "Require", "100rel"):
		return demandAll
	case wire.HasOption(req, "Supported", "100rel"):
		return demandDescribed
	}
	return demandNone
}

// firstRSeq begins our numbers. RFC 3262 s3: "between 1 and 2**31 - 1".
const firstRSeq = 1

// maxQueued bounds the provisional responses that wait; what a phone shows is the last.
const maxQueued = 8

// provide sends a provisional response, reliably where the caller wants that, or queues
// it behind the one that waits for its PRACK.
func (u *Usage) provide(now time.Time, p provisional) {
	a := &u.assurance
	switch {
	case a.waiting != 0:
		u.queue(p)
	case a.demand == demandAll && p.description == nil && u.undecided():
		// RFC 3262 s5: without an offer in the INVITE the first reliable response must
		// make it, and the callee has not said yet what it could be. The caller has its
		// 100 and waits for more, or for the 2xx.
	case a.demand == demandAll, a.demand == demandDescribed && u.agreesBy(p.description):
		u.assure(now, p)
	default:
		u.respond(now, u.invite.server, p.status, u.preview(p.description))
	}
}

// queue keeps a provisional response for later, unless it says once more what the one
// before it does, which will arrive.
func (u *Usage) queue(p provisional) {
	a := &u.assurance
	before := provisional{u.invite.server.status, a.described}
	if n := len(a.queue); n > 0 {
		before = a.queue[n-1]
	}
	is, was := p.description, before.description
	news := is != nil && (was == nil || is.String() != was.String())
	if (p.status != before.status || news) && len(a.queue) < maxQueued {
		a.queue = append(a.queue, p)
	}
}

// agreesBy says whether a description is the answer that the INVITE's offer waits for, or
// the offer to a caller that has made none. What waits later is an UPDATE's.
func (u *Usage) agreesBy(s *sdp.Description) bool {
	media := &u.chosen.Media
	return s != nil && media.Local == nil && media.State != sdp.LocalOffer
}

// undecided says whether nobody has offered anything yet.
func (u *Usage) undecided() bool {
	return u.chosen.Media.State == sdp.Stable && u.chosen.Media.Local == nil
}

// preview notes a description in an unreliable response: none after the answer has
// arrived, for RFC 6337 s2.1 has one answer to an offer, and none without an offer, which
// only a reliable message can make.
func (u *Usage) preview(s *sdp.Description) *sdp.Description {
	media := &u.chosen.Media
	if media.State != sdp.RemoteOffer || media.Local != nil {
		return nil
	}
	if s != nil {
		_ = media.PreviewAnswer(s) // a bad one goes out all the same
	}
	return s
}

// assure sends a provisional response reliably: RFC 3262 s3, "The provisional response to
// be sent reliably … MUST contain a Require header field containing the option tag 100rel,
// and MUST include an RSeq header field."
func (u *Usage) assure(now time.Time, p provisional) {
	a, media, described := &u.assurance, &u.chosen.Media, p.description
	a.offers = described != nil && u.undecided()
	switch {
	case a.offers:
		_ = media.SendOffer(described) // the first offer of a dialog
	case !u.agreesBy(described) || media.SendAnswer(described) != nil:
		described = nil
	}
	a.rseq = max(a.rseq+1, firstRSeq)
	s := u.invite.server
	u.respond(now, s, p.status, described, Header{"Require", "100rel"}, Header{"RSeq", strconv.FormatUint(uint64(a.rseq), 10)})
	t1 := u.config.Timing.T1
	a.waiting, a.described = a.rseq, described
	a.interval, a.resendAt, a.until = t1, now.Add(t1), now.Add(u.config.Timing.Timeout())
}

// resendProvisional: RFC 3262 s3, "the reliable provisional response is passed to the
// transaction layer periodically with an interval that starts at T1 seconds and doubles
// for each retransmission". "If a reliable provisional response is retransmitted for
// 64*T1 seconds without reception of a corresponding PRACK, the UAS SHOULD reject the
// original request with a 5xx response."
func (u *Usage) resendProvisional(now time.Time) {
	a := &u.assurance
	switch {
	case a.resendAt.IsZero() || now.Before(a.resendAt):
	case !now.Before(a.until):
		u.refuse(now, 504, []Header{Phrase("No PRACK")})
		u.report(Left{Status: 504, Text: "the provisional response was not acknowledged"})
	default:
		s := u.invite.server // its last response is this one: others wait
		u.act(Action{Send: s.last, Flow: s.flow})
		a.interval *= 2
		a.resendAt = sooner(now.Add(a.interval), a.until)
	}
}

// quieten ends the repetition: with the PRACK, or with the final response, after which
// the UAS "SHOULD NOT continue to retransmit".
func (a *assurance) quieten() {
	a.resendAt, a.queue, a.answer = time.Time{}, nil, nil
}

// postpones says whether a 2xx must wait. RFC 3262 s5: "If the UAS had placed a session
// description in any reliable provisional response that is unacknowledged when the
// INVITE is accepted, the UAS MUST delay sending the 2xx until the provisional response
// is acknowledged."
func (u *Usage) postpones(s *sdp.Description, headers []Header) bool {
	a := &u.assurance
	if a.answer == nil && (a.waiting != 0 && a.described != nil || u.reinvite.phase == reinviteReceived) {
		a.answer = &acceptedWith{s, headers}
	}
	return a.answer != nil
}

// receivePrack matches a PRACK. RFC 3262 s3: "If a PRACK request is received by the UA
// core that does not match any unacknowledged reliable provisional response, the UAS MUST
// respond to the PRACK with a 481 response. If the PRACK does match … it MUST be responded
// to with a 2xx response."
func (u *Usage) receivePrack(now time.Time, s *server, d *Dialog) {
	a := &u.assurance
	rack, ok := wire.RAck(s.request)
	switch {
	case !ok:
		u.respond(now, s, 400, nil, Phrase("Bad RAck"))
	case rack.RSeq == 0 || rack.CSeq != a.cseq || rack.Method != sip.INVITE:
		u.respond(now, s, 481, nil)
	case rack.RSeq == a.waiting:
		u.arrived(now, s, d)
		u.release(now)
	case rack.RSeq == a.again:
		a.again = 0
		u.receiveOffer(now, s, d)
		u.prackRefused(s)
	default:
		u.respond(now, s, 481, nil)
	}
}

// arrived takes the PRACK to the response that waits for it.
func (u *Usage) arrived(now time.Time, s *server, d *Dialog) {
	a := &u.assurance
	a.waiting, a.described, a.resendAt = 0, nil, time.Time{}
	if a.offers {
		a.offers = false
		u.takeAnswer(s.request)
		u.respond(now, s, 200, nil)
		return
	}
	u.receiveOffer(now, s, d)
	u.prackRefused(s)
}

// prackRefused lets a PRACK come once more whose offer was refused. RFC 3262 s3 wants a
// 2xx to each that matches; RFC 6337 s2.3 knows a 488 too, and a UAC that then sends the
// PRACK again without an offer. The response that it is for has arrived either way.
func (u *Usage) prackRefused(s *server) {
	if s.key.Method == string(sip.PRACK) && s.status >= 300 {
		u.assurance.again = u.assurance.rseq
	}
}

// release sends what has waited for a PRACK, or for the answer to an offer in it.
func (u *Usage) release(now time.Time) {
	a := &u.assurance
	if a.waiting != 0 || !u.ringing() || u.reinvite.phase == reinviteReceived {
		return
	}
	if w := a.answer; w != nil {
		a.answer = nil
		u.Answer(now, w.answer, w.headers...)
		return
	}
	for len(a.queue) > 0 && a.waiting == 0 {
		next := a.queue[0]
		a.queue = a.queue[1:]
		u.provide(now, next)
	}
}

// inSequence says whether it is the turn of a provisional response to our INVITE. RFC
// 3262 s4: "if the UAC receives another reliable provisional response to the same request,
// and its RSeq value is not one higher than the value of the sequence number, that
// response MUST NOT be acknowledged with a PRACK, and MUST NOT be processed further by the
// UAC. An implementation MAY discard the response, or MAY cache the response in the hopes
// of receiving the missing responses." One that comes too early is kept; one that is
// behind is a repetition.
func (u *Usage) inSequence(d *Dialog, res *sip.Response) bool {
	rseq, ok := reliableSeq(res)
	switch {
	case !ok, d.rseq == 0:
		return true
	case rseq == d.rseq+1 && !u.owes(d, true):
		return true
	case rseq > d.rseq:
		d.keep(res)
	}
	return false
}

// maxAhead bounds what is kept of the responses that came too early. Those over it come
// again: nobody has acknowledged them.
const maxAhead = 4

// keep keeps a reliable response until those before it have come, once.
func (d *Dialog) keep(res *sip.Response) {
	rseq, _ := reliableSeq(res)
	if len(d.ahead) < maxAhead && !slices.ContainsFunc(d.ahead, hasSeq(rseq)) {
		d.ahead = append(d.ahead, res)
	}
}

// hasSeq looks for the reliable response with this number.
func hasSeq(rseq uint32) func(*sip.Response) bool {
	return func(res *sip.Response) bool {
		n, _ := reliableSeq(res)
		return n == rseq
	}
}

// catchUp hears the responses whose turn has come with the one before them.
func (u *Usage) catchUp(now time.Time, c *client, d *Dialog) {
	for u.calling() && !u.owes(d, true) {
		i := slices.IndexFunc(d.ahead, hasSeq(d.rseq+1))
		if i < 0 {
			return
		}
		res := d.ahead[i]
		d.ahead = slices.Delete(d.ahead, i, i+1)
		u.hear(now, c, d, res)
	}
}

// sendPrack acknowledges the reliable response with this number; the answer is to the
// offer in it, nil where there was none.
func (u *Usage) sendPrack(now time.Time, c *client, d *Dialog, rseq uint32, answer *sdp.Description) {
	m := u.request(d, "PRACK", d.nextSeq())
	m.add("RAck", strconv.FormatUint(uint64(rseq), 10)+" "+cseqValue(c.message.seq, "INVITE"))
	u.addAgent(&m)
	m.describe(answer)
	u.send(now, m, d)
}

// reliableSeq is the number of a reliable provisional response.
func reliableSeq(res *sip.Response) (uint32, bool) {
	rseq, ok := wire.DeltaSeconds(res, "RSeq") // a number of 32 bits too
	return rseq, ok && rseq != 0 && wire.HasOption(res, "Require", "100rel")
}
