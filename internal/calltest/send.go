package calltest

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// sendStep is "NAME -> METHOD [URI] ..." or "NAME -> STATUS [METHOD] ...".
type sendStep struct {
	line
	who, message string
	// uri is a new request's target; method is what a response answers.
	uri, method string
	opts        options
}

var sendKeys = []string{
	"sdp", "codecs", "claims", "moves", "tag", "call", "auth", "noauth", "replay", "expires", "contact", "keys",
}

func parseSend(l line, words []string) (step, error) {
	s := &sendStep{line: l, who: words[0], message: words[2]}
	rest := words[3:]
	if len(rest) > 0 && !strings.Contains(rest[0], "=") {
		switch {
		case isStatus(s.message) && rest[0] == strings.ToUpper(rest[0]):
			s.method, rest = rest[0], rest[1:]
		case strings.Contains(rest[0], ":"):
			s.uri, rest = rest[0], rest[1:]
		}
	} else if len(rest) > 0 && strings.HasPrefix(rest[0], "sip:") {
		s.uri, rest = rest[0], rest[1:]
	}
	var err error
	s.opts, err = parseOptions(l, rest, sendKeys...)
	return s, err
}

func (st *sendStep) play(s *stage) error {
	who, err := s.party(st.who)
	if err != nil {
		return st.errorf("%w", err)
	}
	c := who.call(st.opts["call"])
	m, err := st.build(s, who, c)
	if err == nil {
		err = st.describe(s, who, c, m)
	}
	if err != nil {
		return st.errorf("%w", err)
	}
	st.edit(s, m)
	if st.opts.has("noauth") {
		who.bare[m] = true
	}
	s.send(who, c, m)
	return nil
}

// build makes the message without description and own headers.
func (st *sendStep) build(s *stage, who *party, c *conversation) (*phone.Message, error) {
	switch {
	case isStatus(st.message):
		return st.response(who, c)
	case st.opts.has("auth"):
		return st.retry(who, c)
	case st.opts.has("replay"):
		return st.replay(who, c)
	case st.message == "REGISTER":
		*c = conversation{answered: map[*phone.Message]bool{}}
		return st.register(who), nil
	case st.uri != "":
		*c = conversation{answered: map[*phone.Message]bool{}}
		return who.agent.Request(st.message, s.expand(st.uri)), nil
	case st.message == "ACK":
		return st.ack(who, c)
	case st.message == "CANCEL":
		return st.cancel(s, who, c)
	}
	return st.inDialog(who, c)
}

func (st *sendStep) response(who *party, c *conversation) (*phone.Message, error) {
	request := c.toAnswer(st.method)
	if request == nil {
		return nil, fmt.Errorf("%s has no request that it could answer", who.name)
	}
	status := number(st.message)
	if status >= 200 {
		c.answered[request] = true
	}
	m := who.agent.Respond(request, status, st.opts["tag"])
	if d := who.agent.Find(c.id, m.Tag("To"), m.Tag("From")); d != nil {
		c.dialog = d
	}
	return m, nil
}

func (st *sendStep) register(who *party) *phone.Message {
	m := who.agent.Register(3600)
	if st.opts.has("expires") {
		m.Set("Expires", st.opts["expires"])
	}
	if st.opts.has("contact") {
		m.Set("Contact", st.opts["contact"])
		if st.opts["contact"] == "" {
			m.Del("Contact")
			m.Del("Expires")
		}
	}
	return m
}

// retry sends the last request once more with the answer to its challenge.
func (st *sendStep) retry(who *party, c *conversation) (*phone.Message, error) {
	if c.request == nil || len(c.finals) == 0 {
		return nil, errors.New("there is no challenge to answer")
	}
	return who.agent.Retry(c.request, c.finals[len(c.finals)-1].Message)
}

// replay sends the last request once more as a new one, credentials and all.
func (st *sendStep) replay(who *party, c *conversation) (*phone.Message, error) {
	if c.request == nil {
		return nil, errors.New("there is no request to replay")
	}
	return who.agent.Again(c.request), nil
}

func (st *sendStep) ack(who *party, c *conversation) (*phone.Message, error) {
	for _, f := range slices.Backward(c.finals) {
		_, method := f.CSeq()
		if method == "INVITE" && (!st.opts.has("tag") || f.Tag("To") == st.opts["tag"]) {
			return who.agent.Ack(f.Message)
		}
	}
	return nil, fmt.Errorf("%s has seen no final response to an INVITE", who.name)
}

// cancel waits for a provisional response first: RFC 3261 section 9.1, "if no
// provisional response has been received, the CANCEL request MUST NOT be sent".
func (st *sendStep) cancel(s *stage, who *party, c *conversation) (*phone.Message, error) {
	if c.invite == nil {
		return nil, fmt.Errorf("%s has sent no INVITE", who.name)
	}
	s.run(s.patience(0), func() bool { return s.answeredAtAll[c.invite.Branch()] })
	return who.agent.Cancel(c.invite), nil
}

func (st *sendStep) inDialog(who *party, c *conversation) (*phone.Message, error) {
	d := c.dialog
	if st.opts.has("tag") && d != nil {
		d = who.agent.Find(c.id, st.opts["tag"], d.RemoteTag)
	}
	if d == nil {
		return nil, fmt.Errorf("%s has no dialog; a request outside of one needs its URI", who.name)
	}
	return who.agent.In(d, strings.TrimPrefix(st.message, "re-")), nil
}

// describe adds the session description that sdp asks for.
func (st *sendStep) describe(s *stage, who *party, c *conversation, m *phone.Message) error {
	if !st.opts.has("sdp") {
		return nil
	}
	offer := st.offer(who, c, m)
	words := strings.Split(st.opts["sdp"], ",")
	if slices.Contains(words, "answer") && offer == nil {
		return errors.New("there is no offer that it could answer")
	}
	if slices.Contains(words, "offer") && offer != nil {
		return errors.New("there is an offer already: this must be its answer")
	}
	if st.opts.has("moves") {
		if err := s.move(who, st.opts["moves"]); err != nil {
			return err
		}
	}
	d := who.describe(offer, st.opts)
	if st.opts.has("claims") {
		claimed, err := netip.ParseAddrPort(st.opts["claims"])
		if err != nil {
			return fmt.Errorf("claims=%s is no address and port", st.opts["claims"])
		}
		d.Address = claimed
	}
	who.ours = d
	who.audio.Expect(d)
	if err := who.agreed(d, offer); err != nil {
		return err
	}
	m.SetSDP(d.String())
	return nil
}

// offer is what a message answers: the offer of its request, or of the 2xx that
// an ACK acknowledges (RFC 3261 section 13.2.1).
func (st *sendStep) offer(who *party, c *conversation, m *phone.Message) *phone.Description {
	var from *phone.Message
	switch {
	case !m.IsRequest():
		from = c.toAnswer(st.method)
		if asked := who.agent.Original(m); asked != nil {
			from = asked
		}
	case m.Method == "ACK":
		from = c.accepted()
	}
	if from == nil {
		return nil
	}
	body, ok := from.SDP()
	if !ok {
		return nil
	}
	d, err := phone.ParseDescription(body)
	if err != nil {
		return nil
	}
	return &d
}

// accepted is the final response to an INVITE that came last, nil before one came.
func (c *conversation) accepted() *phone.Message {
	for _, f := range slices.Backward(c.finals) {
		if _, method := f.CSeq(); method == "INVITE" {
			return f.Message
		}
	}
	return nil
}

// edit applies the block: "Name: value" sets, "+Name: value" adds, "!Name" takes
// away, "| ..." is a line of the body.
func (st *sendStep) edit(s *stage, m *phone.Message) {
	for _, l := range st.block {
		name, value, _ := strings.Cut(l.text, ":")
		value = s.expand(strings.TrimSpace(value))
		switch {
		case strings.HasPrefix(l.text, "|"):
		case strings.HasPrefix(name, "!"):
			m.Del(name[1:])
		case strings.HasPrefix(name, "+"):
			m.Add(name[1:], value)
		default:
			m.Set(name, value)
		}
	}
	if body := bars(st.block); body != "" {
		m.Body = s.expand(body)
		if !m.Has("Content-Type") {
			m.Set("Content-Type", "application/sdp")
		}
	}
}

// send puts a message on the wire and keeps the conversation's books.
func (s *stage) send(who *party, c *conversation, m *phone.Message) {
	if m.IsRequest() {
		c.id = m.Get("Call-ID")
		if m.Method == "INVITE" {
			c.invite = m
		}
		if m.Method != "ACK" && m.Method != "CANCEL" {
			c.request = m
		}
		if m.Method == "BYE" {
			who.audio.Stop()
		}
	}
	if challenge := m.Get("WWW-Authenticate") + m.Get("Proxy-Authenticate"); challenge != "" {
		who.challenge = phone.ParseChallenge(challenge)
	}
	who.agent.Send(time.Now(), m)
}

// rawStep is "NAME -> raw" with the packet as a text block.
type rawStep struct {
	line
	who string
}

func parseRaw(l line, words []string) (step, error) {
	if len(l.block) == 0 {
		return nil, l.errorf("needs the packet below it, each line after a |")
	}
	return &rawStep{l, words[0]}, nil
}

func (r *rawStep) play(s *stage) error {
	who, err := s.party(r.who)
	if err != nil {
		return r.errorf("%w", err)
	}
	who.agent.SendRaw([]byte(s.expand(bars(r.block))), who.agent.Proxy)
	return nil
}
