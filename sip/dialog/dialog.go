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
// Its texts are copies: a message is not kept alive by the dialog it made.
type Dialog struct {
	// RemoteTag tells the forks of one INVITE apart; it is empty for a peer of
	// RFC 2543, which had none.
	RemoteTag string
	// Remote is the other side's To or From value, with its tag.
	Remote string
	// Target is the remote target URI.
	Target string
	// Routes is the route set, first hop first, as name-addrs.
	Routes []string
	// LocalSeq and RemoteSeq are the last CSeq numbers used; 0 before the first
	// request of that side.
	LocalSeq, RemoteSeq uint32
	// Media is the offer/answer state.
	Media sdp.Negotiation
	// Updates says that the other side takes UPDATE.
	Updates bool
	// rseq is the last reliable provisional response that was acknowledged; 0 before.
	rseq uint32
	// ahead are those that came before their turn.
	ahead []*sip.Response
	// ack is the ACK to the 2xx that confirmed the dialog: sent again for each
	// repetition of that 2xx, until the INVITE's transaction ends (timer M).
	ack    []byte
	ackHop string
}

// calleeDialog is the UAS's dialog by RFC 3261 s12.1.1. An INVITE without a Contact
// is refused before it comes here (ReadInvite); where one is not, its From is all
// that there is.
func calleeDialog(req *sip.Request) *Dialog {
	from := req.From()
	d := &Dialog{
		RemoteTag: strings.Clone(wire.FromTag(req)),
		Remote:    party(from.DisplayName, from.Address, from.Params),
		Target:    contactURI(req.Contact()),
		// "The route set MUST be set to the list of URIs in the Record-Route header
		// field from the request, taken in order".
		Routes:    recordRoutes(req),
		RemoteSeq: req.CSeq().SeqNo,
	}
	if d.Target == "" {
		d.Target = reachable(from.Address)
	}
	d.learn(req)
	return d
}

// callerDialog is the UAC's dialog by RFC 3261 s12.1.2, made by a response to its
// INVITE. "A UAC MUST be prepared to receive a response without a tag in the To
// field, in which case the tag is considered to have a value of null." A response
// without a Contact leaves nothing but the URI that was called.
func callerDialog(res *sip.Response, seq uint32, called string) *Dialog {
	to := res.To()
	d := &Dialog{
		RemoteTag: strings.Clone(wire.ToTag(res)),
		Remote:    party(to.DisplayName, to.Address, to.Params),
		Target:    called,
		LocalSeq:  seq,
	}
	d.follow(res)
	return d
}

// follow takes the route set and the target from the response that makes the
// dialog, and again from its 2xx: RFC 3261 s13.2.2.4, "the route set for the dialog
// MUST be recomputed based on the 2xx response".
func (d *Dialog) follow(res *sip.Response) {
	d.retarget(contactURI(res.Contact()))
	d.learn(res)
	// "taken in reverse order and preserving all URI parameters".
	rr := recordRoutes(res)
	for i, j := 0, len(rr)-1; i < j; i, j = i+1, j-1 {
		rr[i], rr[j] = rr[j], rr[i]
	}
	d.Routes = rr
}

// retarget obeys RFC 3261 s12.2.1.2 and s12.2.2: what is accepted as a target refresh
// replaces "the dialog's remote target URI with the URI from the Contact header field
// …, if present".
func (d *Dialog) retarget(uri string) {
	if uri != "" {
		d.Target = uri
	}
}

// nextSeq numbers a new request: RFC 3261 s12.2.1.1, "Requests within a dialog MUST
// contain strictly monotonically increasing and contiguous CSeq sequence numbers".
func (d *Dialog) nextSeq() uint32 {
	d.LocalSeq++
	return d.LocalSeq
}

// path gives the Request-URI, the Route values and the next hop of a request in
// the dialog, RFC 3261 s12.2.1.1.
func (d *Dialog) path() (uri string, routes []string, hop string) {
	if len(d.Routes) == 0 {
		return d.Target, nil, d.Target
	}
	first := strings.Trim(d.Routes[0], "<>")
	parsed, err := wire.ParseURI(first)
	if err != nil { // cannot be: it has been read before
		return d.Target, d.Routes, first
	}
	if _, loose := wire.Param(parsed.UriParams, "lr"); loose {
		return d.Target, d.Routes, first
	}
	// "If the route set is not empty, and its first URI does not contain the lr
	// parameter, the UAC MUST place the first URI from the route set into the
	// Request-URI, stripping any parameters that are not allowed in a Request-URI"
	// and "then place the remote target URI into the Route header field as the last
	// value".
	rest := append(append([]string{}, d.Routes[1:]...), "<"+d.Target+">")
	return requestURI(parsed), rest, first
}

// request begins a request within the dialog.
func (u *Usage) request(d *Dialog, method string, seq uint32) message {
	uri, routes, hop := d.path()
	m := message{method: method, uri: uri, hop: hop, seq: seq, branch: u.branch()}
	m.head = make([]Header, 0, 10+len(routes))
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

// party writes a From or To value for our side of the dialog. Parameters were kept as
// they were written, with their quotes.
func party(name string, uri sip.Uri, params sip.HeaderParams) string {
	b := make([]byte, 0, 128)
	if name != "" {
		b = append(append(b, wire.Quote(name)...), ' ')
	}
	b = append(wire.AppendURI(append(b, '<'), &uri), '>')
	for _, p := range params {
		b = append(append(b, ';'), p.K...)
		if p.V != "" {
			b = append(append(b, '='), p.V...)
		}
	}
	return string(b)
}

// contactURI is the URI of a Contact as a target, empty when there is none that a
// request can be sent to: RFC 3261 s8.1.1.8 wants "exactly one SIP or SIPS URI".
func contactURI(c *sip.ContactHeader) string {
	if c == nil || c.Address.Wildcard || !isSIP(c.Address) {
		return ""
	}
	return requestURI(c.Address)
}

func isSIP(u sip.Uri) bool { return u.Scheme == "sip" || u.Scheme == "sips" }

// reachable is the URI of a From or To as a target, where there is no Contact; one that
// leads nowhere when it is of another scheme. The request then goes where the dialog
// came from.
func reachable(u sip.Uri) string {
	if isSIP(u) {
		return requestURI(u)
	}
	return "sip:anonymous.invalid"
}

// requestURI writes a URI without what RFC 3261 s19.1.1 (table 1) does not allow in a
// Request-URI: headers and the method parameter.
func requestURI(u sip.Uri) string {
	u.Headers = nil
	if _, there := wire.Param(u.UriParams, "method"); there {
		u.UriParams = append(sip.HeaderParams(nil), u.UriParams...)
		u.UriParams.Remove("method")
	}
	return string(wire.AppendURI(make([]byte, 0, 64), &u))
}

// recordRoutes are the Record-Route values in order, each in angle brackets. A proxy
// writes SIP URIs there (RFC 3261 s16.6 step 4); others lead nowhere.
func recordRoutes(m sip.Message) (list []string) {
	addresses, _ := wire.Addresses(m, "Record-Route") // broken ones do not pass wire.Parse
	for _, a := range addresses {
		if !isSIP(a.URI) {
			continue
		}
		list = append(list, string(append(wire.AppendURI([]byte("<"), &a.URI), '>')))
	}
	return list
}
