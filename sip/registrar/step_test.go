package registrar

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// flow is one of a few connections.
func flow(n uint64) transport.Flow {
	return transport.Flow{
		Protocol: transport.TCP, Local: netip.MustParseAddrPort("198.51.100.1:5060"),
		Remote: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.10"), uint16(40000+n)), Conn: n,
	}
}

// contact reads "sip:a@h;q=0.5" and the like: a URI of its own in angle brackets.
func contact(t testing.TB, uri string, expires int) Contact {
	t.Helper()
	u, err := wire.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	return Contact{URI: u, Expires: expires, Q: 1000}
}

// house is a registrar and the clock that it is told.
type house struct {
	*Registrar
	t   testing.TB
	now time.Time
}

func newHouse(t testing.TB) *house {
	return &house{New(Bounds{Min: time.Minute, Default: time.Hour, Max: 2 * time.Hour, Bindings: 3}), t, start}
}

// register carries out a REGISTER of alice's with one contact after another; an
// expiry of -1 is left out.
func (h *house) register(call string, seq uint32, expires int, uris ...string) Outcome {
	h.t.Helper()
	u := Update{AOR: "alice", CallID: call, CSeq: seq, Expires: expires, Flow: flow(1)}
	for _, uri := range uris {
		u.Contacts = append(u.Contacts, contact(h.t, uri, -1))
	}
	return h.Register(h.now, u)
}

func (h *house) pass(d time.Duration) { h.now = h.now.Add(d) }

// want compares alice's bindings with "sip:a@h 3600" and so on, the preferred one
// first: the contact, and the seconds that are left.
func (h *house) want(list ...string) {
	h.t.Helper()
	if got := h.list(h.Bindings(h.now, "alice")); !slices.Equal(got, list) {
		h.t.Errorf("bindings are %q, not %q", got, list)
	}
}

func (h *house) list(bindings []Binding) (list []string) {
	for _, b := range bindings {
		list = append(list, fmt.Sprintf("%s %d", b.Contact.String(), int(b.Until.Sub(h.now).Seconds())))
	}
	return list
}

func (h *house) status(o Outcome, want int) Outcome {
	h.t.Helper()
	if o.Status != want {
		h.t.Errorf("status is %d %s, not %d", o.Status, o.Phrase, want)
	}
	return o
}

const desk, soft = "sip:alice@192.0.2.10:5060", "sip:alice@192.0.2.11:5060"

// RFC 3261 s10.2.3: without a Contact the request only asks.
func TestQuery(t *testing.T) {
	h := newHouse(t)
	if o := h.status(h.register("q", 1, -1), 200); len(o.Bindings) != 0 {
		t.Errorf("bindings are %v", h.list(o.Bindings))
	}
	h.register("a", 1, 600, desk)
	if o := h.status(h.register("q", 1, 600), 200); !slices.Equal(h.list(o.Bindings), []string{desk + " 600"}) {
		t.Errorf("bindings are %v", h.list(o.Bindings))
	}
	h.want(desk + " 600")
}

// Step 7: "the registrar MUST take the parameter as the requested expiration", else
// the header, else the default; shorter than the minimum is refused, longer than
// the maximum is shortened.
func TestExpires(t *testing.T) {
	const none = -1
	for _, c := range []struct{ parameter, header, status, granted int }{
		{none, none, 200, 3600},
		{none, 600, 200, 600},
		{90, 600, 200, 90},
		{60, none, 200, 60},
		{7200, none, 200, 7200},
		{7201, none, 200, 7200},
		{1<<32 - 1, none, 200, 7200},
		{none, 1<<32 - 1, 200, 7200},
		{59, 600, 423, 0},
		{1, none, 423, 0},
		{none, 59, 423, 0},
		{0, 600, 200, 0},
		{none, 0, 200, 0},
	} {
		h := newHouse(t)
		o := h.Register(h.now, Update{
			AOR: "alice", CallID: "a", CSeq: 1, Expires: c.header, Contacts: []Contact{contact(t, desk, c.parameter)},
		})
		h.status(o, c.status)
		if c.granted > 0 {
			h.want(fmt.Sprintf("%s %d", desk, c.granted))
		} else {
			h.want()
		}
		if (o.MinExpires == 60) != (c.status == 423) {
			t.Errorf("%+v: Min-Expires is %d", c, o.MinExpires)
		}
	}
}

// A minimum above an hour may not refuse an hour: step 7's "smaller than one hour".
func TestAnHourIsNeverTooBrief(t *testing.T) {
	r := New(Bounds{Min: 2 * time.Hour, Default: 3 * time.Hour, Max: 4 * time.Hour, Bindings: 1})
	for _, c := range []struct{ seconds, status int }{{3599, 423}, {3600, 200}} {
		o := r.Register(start, Update{AOR: "a", CallID: "x", CSeq: 1, Expires: c.seconds, Contacts: []Contact{contact(t, desk, -1)}})
		if o.Status != c.status {
			t.Errorf("%d s: status %d", c.seconds, o.Status)
		}
	}
}

func TestExpiry(t *testing.T) {
	h := newHouse(t)
	h.register("a", 1, 60, desk)
	h.register("b", 1, 120, soft)
	h.pass(60*time.Second - 1)
	h.want(soft+" 60", desk+" 0")
	h.pass(1)
	h.want(soft + " 60")
	if n := h.Len(h.now); n != 1 {
		t.Errorf("%d AORs", n)
	}
	h.pass(time.Minute)
	if n := h.Len(h.now); n != 0 {
		t.Errorf("%d AORs", n)
	}
	h.want()
}

// Refreshing prolongs and keeps one binding, whatever writes the URI differently
// and means the same (s19.1.4).
func TestRefresh(t *testing.T) {
	h := newHouse(t)
	h.register("a", 1, 60, desk)
	h.pass(30 * time.Second)
	h.status(h.register("a", 2, 60, desk), 200)
	h.want(desk + " 60")
	h.status(h.register("a", 3, 90, "sip:%61lice@192.0.2.10:5060"), 200)
	if n := len(h.Bindings(h.now, "alice")); n != 1 {
		t.Errorf("%d bindings", n)
	}
	// A name's case counts, and so does a port that is left out.
	h.status(h.register("b", 1, 90, "sip:Alice@192.0.2.10:5060", "sip:alice@192.0.2.10"), 200)
	if n := len(h.Bindings(h.now, "alice")); n != 3 {
		t.Errorf("%d bindings", n)
	}
}

// A refresh of one of two contacts that came in one request is no new phone, and
// takes nothing from the other.
func TestRefreshOfOneOfTwo(t *testing.T) {
	for _, uri := range []string{desk, soft} {
		h := newHouse(t)
		h.register("a", 1, 60, desk, soft)
		h.pass(10 * time.Second)
		h.status(h.register("a", 2, 60, uri), 200)
		other := desk + " 50"
		if uri == desk {
			other = soft + " 50"
		}
		h.want(uri+" 60", other)
	}
}

// Step 6: "*" removes everything, and only with an expiry of zero.
func TestRemoveAll(t *testing.T) {
	all := func(h *house, call string, seq uint32, expires int, others ...Contact) Outcome {
		return h.Register(h.now, Update{AOR: "alice", CallID: call, CSeq: seq, Expires: expires, All: true, Contacts: others})
	}
	h := newHouse(t)
	h.register("a", 5, 600, desk)
	h.register("b", 5, 600, soft)
	for _, expires := range []int{-1, 1, 3600} {
		if o := h.status(all(h, "c", 1, expires), 400); o.Phrase == "" {
			t.Error("400 does not say why")
		}
	}
	h.status(all(h, "c", 1, 0, contact(t, desk, 0)), 400)
	// "If the value of the Call-ID agrees, the registrar MUST remove the binding only
	// if the CSeq in the request is higher … Otherwise, the request fails", and then
	// the other binding stays too.
	h.status(all(h, "b", 5, 0), 500)
	h.want(desk+" 600", soft+" 600")
	h.status(all(h, "b", 6, 0), 200)
	h.want()
	if h.Len(h.now) != 0 || len(h.flows) != 0 {
		t.Errorf("%d AORs and %d flows are left", h.Len(h.now), len(h.flows))
	}
	h.status(all(h, "b", 1, 0), 200) // nothing is there that it could be older than
}

// Step 7: the same Call-ID needs a higher CSeq, another one does not.
func TestOrder(t *testing.T) {
	h := newHouse(t)
	h.register("a", 10, 600, desk)
	h.status(h.register("a", 10, 900, desk), 500)
	h.status(h.register("a", 9, 0, desk), 500)
	h.want(desk + " 600")
	h.status(h.register("b", 1, 900, desk), 200)
	h.want(desk + " 900")
	h.status(h.register("b", 2, 0, desk), 200)
	h.want()
	h.status(h.register("b", 1, 600, desk), 200) // it is gone, and so is its CSeq
}

// "The binding updates MUST be committed if and only if all … succeed": one bad
// contact among three.
func TestAllOrNothing(t *testing.T) {
	h := newHouse(t)
	h.register("a", 10, 600, desk)
	brief := Update{AOR: "alice", CallID: "a", CSeq: 11, Expires: -1, Contacts: []Contact{
		contact(t, desk, 0), contact(t, soft, 600), contact(t, "sip:alice@192.0.2.12", 30),
	}}
	h.status(h.Register(h.now, brief), 423)
	h.want(desk + " 600")
	old := Update{AOR: "alice", CallID: "a", CSeq: 10, Expires: -1, Contacts: []Contact{
		contact(t, soft, 600), contact(t, desk, 900),
	}}
	h.status(h.Register(h.now, old), 500)
	h.want(desk + " 600")
	many := Update{AOR: "alice", CallID: "a", CSeq: 12, Expires: 700, Contacts: []Contact{
		contact(t, desk, -1), contact(t, "sip:1@h", -1), contact(t, "sip:2@h", -1), contact(t, "sip:3@h", -1),
	}}
	if o := h.status(h.Register(h.now, many), 503); o.Phrase == "" || len(o.Bindings) != 0 {
		t.Errorf("outcome is %+v", o)
	}
	h.want(desk + " 600")
}

// Several contacts in one request, each with its own expiry; one that is named
// twice counts as the last says.
func TestSeveralContacts(t *testing.T) {
	h := newHouse(t)
	u := Update{AOR: "alice", CallID: "a", CSeq: 1, Expires: 300, Contacts: []Contact{
		contact(t, desk, 100), contact(t, soft, -1), contact(t, desk, 200),
	}}
	h.status(h.Register(h.now, u), 200)
	h.want(soft+" 300", desk+" 200")
	u.CSeq, u.Contacts = 2, []Contact{contact(t, desk, 0), contact(t, "sip:alice@192.0.2.12", -1)}
	h.status(h.Register(h.now, u), 200)
	h.want(soft+" 300", "sip:alice@192.0.2.12 300")
}

func TestLimit(t *testing.T) {
	h := newHouse(t)
	for i := range 3 {
		h.status(h.register(fmt.Sprint("c", i), 1, 600, fmt.Sprintf("sip:alice@192.0.2.1%d", i)), 200)
	}
	h.status(h.register("d", 1, 600, "sip:alice@192.0.2.19"), 503)
	h.status(h.register("c1", 2, 900, "sip:alice@192.0.2.11"), 200)                 // its own again
	h.status(h.register("c1", 3, 900, "sip:alice@192.0.2.11", "sip:alice@h"), 503)  // a second one
	h.status(h.register("c1", 4, 0, "sip:alice@192.0.2.11"), 200)                   // one less
	h.status(h.register("d", 2, 600, "sip:alice@192.0.2.19"), 200)                  // one more
	if o := h.Register(h.now, Update{AOR: "bob", CallID: "b", CSeq: 1, Expires: 60, // another's limit
		Contacts: []Contact{contact(t, desk, -1)}}); o.Status != 200 {
		t.Errorf("bob: %d", o.Status)
	}
}

// q decides who comes first (RFC 3261 s20.10), then who has just registered.
func TestPreference(t *testing.T) {
	h := newHouse(t)
	for i, q := range []int{300, 1000, 300} {
		c := contact(t, fmt.Sprintf("sip:%d@h", i), 600+i)
		c.Q = q
		h.Register(h.now, Update{AOR: "alice", CallID: fmt.Sprint(i), CSeq: 1, Contacts: []Contact{c}})
	}
	h.want("sip:1@h 601", "sip:2@h 602", "sip:0@h 600")
}

// A device that says who it is has one binding, wherever it registers from: RFC
// 5626 s6. Its flows are told apart by reg-id.
func TestDevice(t *testing.T) {
	h := newHouse(t)
	device := func(call string, seq uint32, uri, instance, reg string) Outcome {
		c := contact(t, uri, 600)
		c.Instance, c.RegID = instance, reg
		return h.Register(h.now, Update{AOR: "alice", CallID: call, CSeq: seq, Contacts: []Contact{c}})
	}
	h.status(device("before-reboot", 90, desk, "<urn:uuid:1>", ""), 200)
	h.status(device("after-reboot", 1, soft, "<urn:uuid:1>", ""), 200)
	h.want(soft + " 600")
	h.status(device("other", 1, desk, "<urn:uuid:2>", ""), 200)
	h.want(soft+" 600", desk+" 600")
	// Moving to an address that another one has had: that one is replaced too.
	h.status(device("after-reboot", 2, desk, "<urn:uuid:1>", ""), 200)
	h.want(desk + " 600")
	h.status(device("after-reboot", 3, "sip:1@h", "<urn:uuid:1>", "1"), 200)
	h.status(device("after-reboot", 4, "sip:2@h", "<urn:uuid:1>", "2"), 200)
	if n := len(h.Bindings(h.now, "alice")); n != 3 {
		t.Errorf("%d bindings, of two flows and an older one", n)
	}
}

// A device that moves in one request: the new address, and the old one with zero.
func TestDeviceSwapsInOneRequest(t *testing.T) {
	for _, order := range [][]int{{0, 1}, {1, 0}} {
		h := newHouse(t)
		had := contact(t, desk, 600)
		had.Instance = "<urn:uuid:1>"
		h.Register(h.now, Update{AOR: "alice", CallID: "a", CSeq: 1, Contacts: []Contact{had}})
		gone, comes := contact(t, desk, 0), contact(t, soft, 600)
		comes.Instance = had.Instance
		both := []Contact{gone, comes}
		u := Update{AOR: "alice", CallID: "a", CSeq: 2, Contacts: []Contact{both[order[0]], both[order[1]]}}
		h.status(h.Register(h.now, u), 200)
		h.want(soft + " 600")
	}
}

// A phone that does not say who it is, and comes back from another address with
// the same Call-ID, has moved; one with a Call-ID of its own is another phone.
func TestRoaming(t *testing.T) {
	h := newHouse(t)
	h.register("a", 1, 600, desk)
	h.status(h.register("a", 2, 600, soft), 200)
	h.want(soft + " 600")
	h.status(h.register("b", 1, 600, desk), 200)
	h.want(soft+" 600", desk+" 600")
	// Tidying up after the move removes nothing that is in use.
	h.status(h.register("a", 3, 0, "sip:alice@192.0.2.77"), 200)
	h.want(soft+" 600", desk+" 600")
	// Another scheme or user is another contact, of the same phone.
	h.status(h.register("a", 4, 600, "mailto:alice@example.test"), 200)
	h.want(soft+" 600", desk+" 600", "mailto:alice@example.test 600")
}

// A connection that closes takes what is registered over it, and no more.
func TestBroken(t *testing.T) {
	h := newHouse(t)
	over := func(aor, uri string, n uint64) {
		h.Register(h.now, Update{AOR: aor, CallID: uri, CSeq: 1, Expires: 600, Flow: flow(n), Contacts: []Contact{contact(t, uri, -1)}})
	}
	over("alice", desk, 1)
	over("alice", soft, 2)
	over("bob", "sip:bob@192.0.2.10", 1)
	over("carol", "sip:carol@192.0.2.10", 3)
	if !h.From(h.now, flow(1)) || !h.From(h.now, flow(2)) || h.From(h.now, flow(9)) {
		t.Error("From is wrong")
	}
	if got := h.Broken(flow(1)); !slices.Equal(got, []string{"alice", "bob"}) {
		t.Errorf("broken for %v", got)
	}
	h.want(soft + " 600")
	if h.From(h.now, flow(1)) || h.Len(h.now) != 2 || len(h.Broken(flow(1))) != 0 {
		t.Errorf("%d AORs", h.Len(h.now))
	}
	// A phone that came again over another connection is not lost with the first.
	over("carol", "sip:carol@192.0.2.10", 3)
	h.Register(h.now, Update{AOR: "carol", CallID: "sip:carol@192.0.2.10", CSeq: 2, Expires: 600, Flow: flow(4),
		Contacts: []Contact{contact(t, "sip:carol@192.0.2.10", -1)}})
	if got := h.Broken(flow(3)); len(got) != 0 {
		t.Errorf("broken for %v", got)
	}
	if n := len(h.Bindings(h.now, "carol")); n != 1 {
		t.Errorf("carol has %d bindings", n)
	}
}

// From forgets with the binding: by time, and by the phone's own wish.
func TestFromEnds(t *testing.T) {
	h := newHouse(t)
	h.register("a", 1, 60, desk)
	h.pass(time.Minute)
	if h.From(h.now, flow(1)) || len(h.flows) != 0 {
		t.Errorf("an expired phone is still known: %v", h.flows)
	}
	h.register("a", 2, 60, desk)
	h.register("a", 3, 0, desk)
	if h.From(h.now, flow(1)) || len(h.flows) != 0 {
		t.Errorf("a phone that left is still known: %v", h.flows)
	}
}

// What is handed out stays as it was: calls read it while phones register.
func TestOutcomesAreCopies(t *testing.T) {
	h := newHouse(t)
	o := h.register("a", 1, 60, desk, soft)
	before := strings.Join(h.list(o.Bindings), " ")
	list := h.Bindings(h.now, "alice")
	clear(h.Bindings(h.now, "alice")) // its own
	h.register("a", 2, 0, desk)
	h.pass(time.Hour)
	h.want()
	h.now = start
	if after := strings.Join(h.list(o.Bindings), " "); after != before {
		t.Errorf("was %s, is %s", before, after)
	}
	if after := strings.Join(h.list(list), " "); after != before {
		t.Errorf("was %s, is %s", before, after)
	}
}
