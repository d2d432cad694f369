package dialog

import (
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// clerk checks everything that a side sends and reports, in every story: messages
// against RFC 3261 s8.1.1, s12 and s17, reports against the order that package doc
// promises.
type clerk struct {
	last     string // the last report
	hungUp   bool   // by its owner
	offering int    // offers of its owner that have no result yet
	offered  bool   // an Offered waits for its owner
	seqs     map[string]uint32
	requests map[string]string // branch and method: the whole request, for repetitions
	// lateOffer is the response that offered last, by its status and RSeq.
	lateOffer string
}

// message checks one message and gives it as it is read.
func (c *clerk) message(p *pair, s *side, a Action) sip.Message {
	p.t.Helper()
	msg, fault := wire.Parse(a.Send)
	if fault != nil {
		p.fail("%s wrote what cannot be read: %v\n%s", s.name, fault, a.Send)
	}
	switch m := msg.(type) {
	case *sip.Request:
		if a.Hop == "" {
			p.fail("%s sent a request without a next hop\n%s", s.name, a.Send)
		}
		c.request(p, s, m, string(a.Send))
	case *sip.Response:
		if a.Flow != s.flow {
			p.fail("%s sent a response on flow %v, its request came on %v", s.name, a.Flow, s.flow)
		}
		c.response(p, s, m)
	}
	return msg
}

// request: RFC 3261 s8.1.1, "a valid SIP request formulated by a UAC MUST, at a minimum,
// contain the following header fields: To, From, CSeq, Call-ID, Max-Forwards, and Via".
func (c *clerk) request(p *pair, s *side, m *sip.Request, text string) {
	p.t.Helper()
	if !strings.Contains(text, "\r\nMax-Forwards: ") {
		p.fail("no Max-Forwards:\n%s", text)
	}
	if wire.FromTag(m) != s.name {
		p.fail("From tag is %q, want %q:\n%s", wire.FromTag(m), s.name, text)
	}
	first := wire.ToTag(m) == ""
	switch m.Method {
	case sip.INVITE:
		if m.Contact() == nil || !strings.Contains(text, "\r\nAllow: ") {
			p.fail("an INVITE without Contact or Allow:\n%s", text)
		}
	case sip.BYE:
		if first {
			p.fail("a BYE without a To tag:\n%s", text)
		}
	case sip.REFER, sip.NOTIFY:
		if m.Contact() == nil || first {
			p.fail("a %s without Contact or To tag:\n%s", m.Method, text)
		}
	}
	key := wire.Branch(m) + " " + string(m.Method)
	if was, again := c.requests[key]; again {
		if was != text {
			p.fail("a repetition differs:\n%s\n%s", was, text)
		}
		return
	}
	if c.requests == nil {
		c.requests, c.seqs = map[string]string{}, map[string]uint32{}
	}
	c.requests[key] = text
	c.sequence(p, m, text)
}

// sequence: RFC 3261 s12.2.1.1, "Requests within a dialog MUST contain strictly
// monotonically increasing and contiguous CSeq sequence numbers (increasing-by-one) in
// each direction (excepting ACK and CANCEL of course, whose numbers equal the requests
// being acknowledged or cancelled)."
func (c *clerk) sequence(p *pair, m *sip.Request, text string) {
	p.t.Helper()
	if m.Method == sip.ACK || m.Method == sip.CANCEL {
		if _, ok := c.requests[wire.Branch(m)+" INVITE"]; m.Method == sip.CANCEL && !ok {
			p.fail("a CANCEL that matches no INVITE:\n%s", text)
		}
		return
	}
	if strings.HasPrefix(wire.Branch(m), "z9hG4bKdisown.") {
		return // made of a 2xx alone, which knows no numbers
	}
	tag := wire.ToTag(m)
	n := m.CSeq().SeqNo
	before, known := c.seqs[tag]
	if !known && tag != "" {
		before, known = c.seqs[""]
	}
	if known && n != before+1 {
		p.fail("CSeq %d after %d:\n%s", n, before, text)
	}
	c.seqs[tag] = n
}

// response: RFC 3261 s8.2.6.2 and s12.1.1.
func (c *clerk) response(p *pair, s *side, m *sip.Response) {
	p.t.Helper()
	c.late(s, m)
	tag := wire.ToTag(m)
	if m.StatusCode > 100 && tag == "" {
		p.fail("%s sent a %d without a To tag", s.name, m.StatusCode)
	}
	if m.StatusCode/100 == 2 && m.CSeq().MethodName == sip.INVITE && m.Contact() == nil {
		p.fail("%s sent a 2xx to an INVITE without Contact", s.name)
	}
	if m.StatusCode == 405 {
		if _, ok := wire.Value(m, "Allow"); !ok {
			p.fail("a 405 without Allow")
		}
	}
}

// late takes note of an offer in a response to an INVITE that had none.
func (c *clerk) late(s *side, m *sip.Response) {
	u := s.usage
	if u.chosen == nil || u.owner == ownsCallID || u.chosen.Media.State != sdp.LocalOffer || len(m.Body()) == 0 ||
		m.CSeq().MethodName != sip.INVITE || m.CSeq().SeqNo != u.assurance.cseq {
		return
	}
	rseq, _ := wire.Value(m, "RSeq")
	if key := fmt.Sprint(m.StatusCode, " ", rseq); key != c.lateOffer {
		c.lateOffer = key
		c.offering++
	}
}

// orders are the reports that may follow a report.
var orders = map[string]string{
	"":               "Trying Progressed Accepted Failed Acknowledged Referral Left Released " + early,
	"Trying":         "Trying Progressed Accepted Failed Released",
	"Progressed":     "Progressed Accepted Failed Released " + early,
	"Accepted":       inCall,
	"Acknowledged":   inCall,
	"Offered":        inCall + " Acknowledged Progressed Accepted Failed",
	"Changed":        inCall,
	"Identified":     inCall + " Acknowledged Progressed Accepted Failed",
	"OfferAnswered":  inCall + " Acknowledged Progressed Accepted Failed",
	"OfferFailed":    inCall + " Acknowledged Progressed Accepted Failed",
	"OfferWithdrawn": inCall + " Acknowledged Progressed Accepted Failed",
	"Referral":       inCall + " Acknowledged",
	"Failed":         "Released",
	"Left":           "Released",
	"Released":       "",
}

// early are what an exchange that 100rel has completed before the 2xx makes possible.
const early = "Identified Offered OfferAnswered OfferFailed OfferWithdrawn"

const inCall = "Referral Identified Changed Offered OfferAnswered OfferFailed OfferWithdrawn Left Released"

func (c *clerk) report(p *pair, s *side, r Report) {
	p.t.Helper()
	kind := strings.TrimPrefix(fmt.Sprintf("%T", r), "dialog.")
	if kind == "OfferFailed" && s.usage.State() <= Early {
		c.offers(p, s, kind) // its owner has offered too early
		return
	}
	if !strings.Contains(" "+orders[c.last]+" ", " "+kind+" ") {
		p.fail("%s reported %s after %q", s.name, kind, c.last)
	}
	if c.hungUp && kind != "Released" {
		p.fail("%s reported %s though its owner has hung up", s.name, kind)
	}
	if kind == "Released" && s.usage.State() != Ended {
		p.fail("%s reported Released and is %v", s.name, s.usage.State())
	}
	c.last = kind
	c.offers(p, s, kind)
}

// offers: one result for each offer, either way.
func (c *clerk) offers(p *pair, s *side, kind string) {
	p.t.Helper()
	switch kind {
	case "Offered":
		if c.offered {
			p.fail("%s was offered twice at once", s.name)
		}
		c.offered = true
	case "OfferWithdrawn":
		if !c.offered {
			p.fail("%s had nothing to be withdrawn", s.name)
		}
		c.offered = false
	case "OfferAnswered", "OfferFailed":
		if c.offering == 0 {
			p.fail("%s reported %s and had offered nothing", s.name, kind)
		}
		c.offering--
	}
}
