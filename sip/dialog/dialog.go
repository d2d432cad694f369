package dialog

import (
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Dialog is the state of one dialog, RFC 3261 s12: "A dialog contains certain
// pieces of state needed for further message transmissions within the dialog."
type Dialog struct {
	// RemoteTag tells the forks of one INVITE apart.
	RemoteTag string
	// Remote is the other side's To or From value, with its tag.
	Remote string
	// Target is the remote target URI.
	Target string
	// Routes is the route set, first hop first, as name-addrs.
	Routes []string
	// LocalSeq and RemoteSeq are the last CSeq numbers used; RemoteSeq is 0 before
	// the first request from the other side.
	LocalSeq, RemoteSeq uint32
	// Media is the offer/answer state.
	Media sdp.Negotiation
	// ack is the ACK to the 2xx that confirmed the dialog, or to the last
	// re-INVITE's: sent again for each retransmission of that 2xx.
	ack    []byte
	ackHop string
	ackSeq uint32
}

// calleeDialog is the UAS's dialog by RFC 3261 s12.1.1.
func calleeDialog(req *sip.Request) Dialog {
	return Dialog{
		RemoteTag: strings.Clone(wire.FromTag(req)),
		Remote:    strings.Clone(req.From().Value()),
		Target:    contactURI(req),
		// "The route set MUST be set to the list of URIs in the Record-Route header
		// field from the request, taken in order".
		Routes:    recordRoutes(req),
		LocalSeq:  firstSeq,
		RemoteSeq: req.CSeq().SeqNo,
	}
}

// callerDialog is the UAC's dialog by RFC 3261 s12.1.2.
func callerDialog(res *sip.Response, seq uint32) Dialog {
	d := Dialog{
		RemoteTag: strings.Clone(wire.ToTag(res)),
		Remote:    strings.Clone(res.To().Value()),
		LocalSeq:  seq,
	}
	d.follow(res)
	return d
}

// follow takes the route set and the target from a response that may still
// change them: before it is confirmed a dialog's route set is recomputed from the
// 2xx (RFC 3261 s13.2.2.4).
func (d *Dialog) follow(res *sip.Response) {
	if t := contactURI(res); t != "" {
		d.Target = t
	}
	// "taken in reverse order and preserving all URI parameters".
	rr := recordRoutes(res)
	for i, j := 0, len(rr)-1; i < j; i, j = i+1, j-1 {
		rr[i], rr[j] = rr[j], rr[i]
	}
	d.Routes = rr
}

// firstSeq is the CSeq number our requests in a dialog start from.
const firstSeq = 1

// path gives the Request-URI, the Route values and the next hop of a request in
// the dialog, RFC 3261 s12.2.1.1.
func (d *Dialog) path() (uri string, routes []string, hop string) {
	if len(d.Routes) == 0 {
		return d.Target, nil, d.Target
	}
	first := strings.Trim(d.Routes[0], "<>")
	if looseRouter(first) {
		return d.Target, d.Routes, first
	}
	// "If the route set is not empty, and its first URI does not contain the lr
	// parameter, the UAC MUST place the first URI from the route set into the
	// Request-URI" and "the remote target URI into the Route header field as the
	// last value".
	rest := append(append([]string{}, d.Routes[1:]...), "<"+d.Target+">")
	return first, rest, first
}

// request begins a request within the dialog.
func (u *Usage) request(d *Dialog, method string, seq uint32) message {
	uri, routes, hop := d.path()
	m := message{method: method, uri: uri, hop: hop, seq: seq, branch: u.branch()}
	m.head = make([]Header, 0, 12)
	m.add("Via", viaValue(u.config.Via, m.branch))
	for _, r := range routes {
		m.add("Route", r)
	}
	m.add("Max-Forwards", "70")
	m.add("From", u.local)
	m.add("To", d.Remote)
	m.add("Call-ID", u.callID)
	m.add("CSeq", cseqValue(seq, method))
	return m
}

// branch makes a new branch parameter.
func (u *Usage) branch() string {
	u.branches++
	return u.config.Branch + "." + strconv.Itoa(u.branches)
}

// contactURI is the URI of the first Contact, or empty.
func contactURI(m sip.Message) string {
	if c := wire.Contacts(m); len(c) > 0 && !c[0].Address.Wildcard {
		return c[0].Address.String()
	}
	return ""
}

// recordRoutes are the Record-Route values in order, each in angle brackets.
func recordRoutes(m sip.Message) (list []string) {
	addresses, _ := wire.Addresses(m, "Record-Route") // broken ones do not pass wire.Parse
	for _, a := range addresses {
		list = append(list, "<"+a.URI.String()+">")
	}
	return list
}

// looseRouter says whether a route's URI has the lr parameter (RFC 3261 s19.1.1).
func looseRouter(uri string) bool {
	u, err := wire.ParseURI(uri)
	if err != nil {
		return true
	}
	_, lr := wire.Param(u.UriParams, "lr")
	return lr
}
