package refer

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/wire"
)

// EventPackage is the name of the event package (RFC 3515 s3.1), and what Allow-Events
// says.
const EventPackage = "refer"

// eventValue writes the Event header. RFC 3515 s2.4.6: "for the second and subsequent REFER
// requests a UA receives in a given dialog, it MUST include an id parameter in the Event
// header field of each NOTIFY containing the sequence number (the number from the CSeq
// header field value) of the REFER".
func eventValue(seq uint32, withID bool) string {
	if !withID {
		return EventPackage
	}
	return EventPackage + ";id=" + strconv.FormatUint(uint64(seq), 10)
}

// eventID is the id of an Event header: a REFER's CSeq, or none.
type eventID struct {
	seq   uint32
	given bool
}

// readEvent gives the id of a NOTIFY or SUBSCRIBE. Another package gets 489 with
// Allow-Events (RFC 6665 s4.1.3, s4.2.1.1), and so does none at all; an id that is no
// number cannot be one that we know.
func readEvent(req *sip.Request) (eventID, *Refusal) {
	value, _ := wire.Value(req, "Event")
	name, params, err := wire.SplitParams(value)
	if err != nil {
		return eventID{}, bad("Event", err.Error())
	}
	if !strings.EqualFold(name, EventPackage) {
		return eventID{}, &Refusal{Status: 489, Headers: []Header{{"Allow-Events", EventPackage}}}
	}
	text, given := wire.Param(params, "id")
	if !given {
		return eventID{}, nil
	}
	seq, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return eventID{}, noSubscription()
	}
	return eventID{uint32(seq), true}, nil
}

func noSubscription() *Refusal {
	return &Refusal{Status: 481, Phrase: "Subscription Does Not Exist"}
}

// substate is what a Subscription-State says (RFC 6665 s4.1.3, s8.4).
type substate uint8

const (
	subPending substate = iota
	subActive           // or one that an extension has defined
	subTerminated
)

// notification is what a NOTIFY says.
type notification struct {
	event eventID
	state substate
	// expires is until when the subscription lives; zero when it is not said.
	expires time.Duration
	reason  string // of a termination, "" for none
	status  Status // Code 0 for an empty body
}

// readNotification reads a NOTIFY.
func readNotification(req *sip.Request) (n notification, r *Refusal) {
	if n.event, r = readEvent(req); r != nil {
		return n, r
	}
	if r = n.takeState(req); r != nil {
		return n, r
	}
	return n, n.takeBody(req)
}

// takeState: RFC 3265 s3.2.4, "NOTIFY requests MUST contain "Subscription-State" headers
// which indicate the status of the subscription."
func (n *notification) takeState(req *sip.Request) *Refusal {
	value, ok := wire.Value(req, "Subscription-State")
	if !ok {
		return &Refusal{Status: 400, Phrase: "Missing Subscription-State"}
	}
	name, params, err := wire.SplitParams(value)
	if err == nil && !only(name, tokenChars) {
		return bad("Subscription-State", "no state")
	}
	if err != nil {
		return bad("Subscription-State", err.Error())
	}
	switch {
	case strings.EqualFold(name, "terminated"):
		n.state = subTerminated
	case strings.EqualFold(name, "pending"):
		n.state = subPending
	default:
		n.state = subActive
	}
	text, _ := wire.Param(params, "expires")
	seconds, _ := strconv.ParseUint(text, 10, 32)
	n.expires = time.Duration(seconds) * time.Second
	n.reason, _ = wire.Param(params, "reason")
	return nil
}

// takeBody reads the status. A body of another type gets 415; one without a type is taken
// for what it must be.
func (n *notification) takeBody(req *sip.Request) *Refusal {
	body := req.Body()
	if len(body) == 0 {
		return nil
	}
	if kind := wire.MediaType(req); kind != "" && kind != "message/sipfrag" {
		return &Refusal{Status: 415, Headers: []Header{{"Accept", "message/sipfrag"}}}
	}
	var err error
	if n.status, err = ParseFragment(body); err != nil {
		return bad("message/sipfrag", err.Error())
	}
	return nil
}

// refresh is what a SUBSCRIBE within the dialog asks for.
type refresh struct {
	event   eventID
	expires time.Duration
	given   bool // expires was there
}

func readRefresh(req *sip.Request) (refresh, *Refusal) {
	id, r := readEvent(req)
	seconds, given := wire.Expires(req)
	return refresh{id, time.Duration(seconds) * time.Second, given}, r
}
