package calltest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// Ports of every party: SIP, and the first one of its audio.
const (
	sipPort = 5060
	rtpPort = 4000
)

// tones are the pitches of the parties in the order in which they appear; none
// is a multiple of another, nor near to what a ringing tone is made of (ITU-T E.180).
var tones = []float64{1500, 700, 1100, 1300, 1700, 1900, 2300, 2900}

// party is one phone, trunk or stranger of a script.
type party struct {
	name  string
	agent *phone.Agent
	audio *phone.Audio
	rtp   phone.PacketConn
	// streams are its TCP or TLS connections, nil for a party that has UDP only.
	streams *phone.Streams
	byHand  bool
	// pings are how often it was asked whether it is there, pongs the answers to its own
	// question that no line has asked for.
	pings, pongs int
	// progress is what a NOTIFY of a REFER that still runs gets.
	progress int

	// queue is what came and no line has asked for yet.
	queue []phone.Arrival
	// last is when the message came that a line asked for last.
	last  time.Time
	calls map[string]*conversation
	// theirs is the latest session description that came.
	theirs *phone.Description
	// bare are the requests whose challenge the script itself answers.
	bare map[*phone.Message]bool
	// challenge is the latest that we sent in a 401 or 407.
	challenge phone.Challenge
	// ours is our latest session description, described counts them, for their o=
	// version.
	ours      phone.Description
	described int
	// keys is its SRTP.
	keys keys
}

// conversation is what a script calls by call=NAME: one Call-ID.
type conversation struct {
	id string
	// invite is our latest INVITE, request our latest request of any kind.
	invite, request *phone.Message
	// asked are the requests that a line has seen, oldest first; answered marks
	// those with a final response.
	asked    []phone.Arrival
	answered map[*phone.Message]bool
	// finals are final responses to our INVITEs that a line has seen.
	finals []phone.Arrival
	dialog *phone.Dialog
}

// partyStep is "phone NAME ADDRESS ...": the party exists from this line on.
type partyStep struct {
	line
	kind, name string
	address    netip.Addr
	opts       options
	registers  bool
	byHand     bool
}

func parseParty(l line, words []string) (step, error) {
	address, err := netip.ParseAddr(words[2])
	if err != nil {
		return nil, l.errorf("%q is no address such as 192.0.2.10", words[2])
	}
	s := &partyStep{line: l, kind: words[0], name: words[1], address: address}
	rest := words[3:]
	if i := slices.Index(rest, "by"); i >= 0 && i+1 < len(rest) && rest[i+1] == "hand" {
		s.byHand, rest = true, slices.Delete(slices.Clone(rest), i, i+2)
	}
	s.opts, err = parseOptions(l, rest, "registers", "user", "password", "login", "md5", "notify", "tcp", "tcp-too", "tls", "sips", "srtp", "suite", "gateway")
	if err != nil {
		return nil, err
	}
	s.registers = s.opts.has("registers")
	return s, s.checkSide()
}

func (p *partyStep) play(s *stage) error {
	who, err := s.enter(p)
	if err != nil {
		return p.errorf("%w", err)
	}
	if !p.registers {
		return nil
	}
	if err := s.register(who); err != nil {
		return p.errorf("%w", err)
	}
	return nil
}

// caller is who calls through a trunk when the script does not say.
const caller = "+12065550123"

// agent is the party's SIP side. A phone's user is its name and its domain the
// gateway's; a trunk's user is whoever calls through it, its domain its address.
func (p *partyStep) agent() *phone.Agent {
	a := &phone.Agent{
		Name: p.name, Domain: gatewayDomain, Local: netip.AddrPortFrom(p.address, sipPort),
		Proxy: netip.AddrPortFrom(p.side(), sipPort), Reliable: !p.byHand, MD5Only: p.opts.has("md5"),
	}
	switch {
	case p.opts.has("tcp"):
		a.Transport = "TCP"
	case p.secure():
		a.Transport, a.SIPS = "TLS", p.opts.has("sips")
		a.Local = netip.AddrPortFrom(p.address, tlsPort)
		a.Proxy = netip.AddrPortFrom(p.side(), tlsPort)
	}
	if p.kind == "trunk" {
		a.Name, a.Domain = caller, p.host()
	}
	if p.opts.has("user") {
		a.Name = p.opts["user"]
	}
	if a.Name != p.name {
		a.Unique = "-" + p.name
	}
	a.Credentials = phone.Credentials{User: a.Name, Password: "secret-of-" + a.Name}
	if p.opts.has("password") {
		a.Credentials.Password = p.opts["password"]
	}
	if p.opts.has("login") {
		a.Credentials.User, a.Credentials.Password, _ = strings.Cut(p.opts["login"], ":")
	}
	return a
}

// register brings REGISTER, 401, REGISTER, 200 behind the party.
func (s *stage) register(who *party) error {
	c := who.call("")
	s.send(who, c, who.agent.Register(3600))
	final := func(a phone.Arrival) bool { _, m := a.CSeq(); return m == "REGISTER" && a.Status >= 200 }
	s.run(s.patience(2*time.Second), func() bool { return slices.ContainsFunc(who.queue, final) })
	i := slices.IndexFunc(who.queue, final)
	if i < 0 {
		return fmt.Errorf("no final response to the REGISTER of %s", who.name)
	}
	got := who.queue[i]
	who.queue = slices.Delete(who.queue, i, i+1)
	if got.Status != 200 {
		return fmt.Errorf("REGISTER of %s got %s", who.name, got.Name())
	}
	return nil
}

// call is the conversation of that name, made when it is new.
func (p *party) call(name string) *conversation {
	if p.calls[name] == nil {
		p.calls[name] = &conversation{answered: map[*phone.Message]bool{}}
	}
	return p.calls[name]
}

// owner is the conversation a message belongs to, or nil when it is new.
func (p *party) owner(m *phone.Message) *conversation {
	for _, c := range p.calls {
		if c.id != "" && c.id == m.Get("Call-ID") {
			return c
		}
	}
	return nil
}

// toAnswer is the request that a response of the script answers: the latest
// without a final response, else the latest at all, of a method when given.
func (c *conversation) toAnswer(method string) *phone.Message {
	var fallback *phone.Message
	for _, a := range slices.Backward(c.asked) {
		if a.Method == "ACK" || (method != "" && a.Method != method) {
			continue
		}
		if !c.answered[a.Message] {
			return a.Message
		}
		if fallback == nil {
			fallback = a.Message
		}
	}
	return fallback
}

// describe is our session description: an answer to theirs when there is an
// offer to answer, else an offer.
func (p *party) describe(offer *phone.Description, o options) phone.Description {
	if slices.Contains(strings.Split(o["sdp"], ","), "same") {
		return p.ours
	}
	var codecs []string
	if o.has("codecs") {
		codecs = strings.Split(o["codecs"], ",")
	}
	own := phone.Describe(p.audio.Local, codecs...)
	for _, word := range strings.Split(o["sdp"], ",") {
		switch word {
		case phone.SendOnly, phone.RecvOnly, phone.Inactive:
			own.Direction = word
		}
	}
	p.described++
	own.Version = p.described
	p.keys.describe(&own, p.described, o["keys"])
	if offer != nil {
		own = own.Answer(*offer)
	}
	return own
}
