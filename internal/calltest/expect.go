package calltest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// expectStep is "NAME <- MESSAGE ..." or, with <-?, one that may not come.
type expectStep struct {
	line
	who string
	// wanted are the alternatives of MESSAGE: methods or statuses; method is what
	// a response must answer, when given.
	wanted   []string
	method   string
	opts     options
	within   time.Duration
	after    time.Duration
	optional bool
	headers  []headerRule
}

// Without loss, how long a line waits for its message, and how long for one that
// may not come.
const (
	promptly = 2 * time.Second
	maybe    = 500 * time.Millisecond
)

var expectKeys = []string{
	"ruri", "sdp", "no-sdp", "codecs", "again", "within", "after", "tag", "call", "proves", "srtp",
}

func parseExpect(l line, words []string) (step, error) {
	e := &expectStep{line: l, who: words[0], optional: words[1] == "<-?"}
	e.wanted = strings.Split(words[2], "/")
	rest := words[3:]
	if len(rest) > 0 && isStatus(e.wanted[0]) && rest[0] == strings.ToUpper(rest[0]) {
		e.method, rest = rest[0], rest[1:]
	}
	var err error
	if e.opts, err = parseOptions(l, rest, expectKeys...); err != nil {
		return nil, err
	}
	otherwise := promptly
	if e.optional {
		otherwise = maybe
	}
	if e.within, err = e.opts.duration("within", otherwise); err != nil {
		return nil, l.errorf("%w", err)
	}
	if e.after, err = e.opts.duration("after", -1); err != nil {
		return nil, l.errorf("%w", err)
	}
	if e.after >= 0 && !e.opts.has("within") {
		e.within = e.after + promptly
	}
	for _, b := range l.block {
		r, err := parseRule(b)
		if err != nil {
			return nil, err
		}
		e.headers = append(e.headers, r)
	}
	return e, nil
}

func (e *expectStep) play(s *stage) error {
	who, err := s.party(e.who)
	if err != nil {
		return e.errorf("%w", err)
	}
	optional := e.optional || (s.lossy() && e.provisional())
	wait := s.patience(e.within)
	if optional {
		wait = e.within
	}
	var i int
	var wrong error
	s.run(wait, func() bool {
		i, wrong = e.find(s, who)
		return i >= 0 || (!s.lossy() && !errors.Is(wrong, errNotYet))
	})
	switch {
	case i >= 0:
		return e.take(s, who, i)
	case optional:
		return nil
	case errors.Is(wrong, errNotYet):
		return e.errorf("%s got nothing of it within %v", e.who, wait)
	}
	return e.errorf("%w", wrong)
}

var errNotYet = errors.New("not yet")

// find is the place in the queue of what the line awaits: the first message of
// its conversation that is not a repetition. When another one stands there, the
// error says so; on a bad network, where messages overtake each other, it may
// stand behind.
func (e *expectStep) find(s *stage, who *party) (int, error) {
	wrong := errNotYet
	for i := 0; i < len(who.queue); i++ {
		a := who.queue[i]
		if !e.concerns(who, a) || a.Again != e.opts.has("again") {
			continue
		}
		err := e.matches(s, who, a)
		if err == nil {
			return i, nil
		}
		if skippable(s, a) {
			who.queue = slices.Delete(who.queue, i, i+1)
			i--
			continue
		}
		if !s.lossy() {
			return -1, err
		}
		if errors.Is(wrong, errNotYet) {
			wrong = err
		}
	}
	return -1, wrong
}

// skippable messages need no line of their own: a 100, which speaks of one hop
// only, a NOTIFY that tells of one, and on a bad network every provisional response, late
// or lost.
func skippable(s *stage, a phone.Arrival) bool {
	return reportsProgress(a.Message) || a.Status == 100 || (s.lossy() && a.Status > 100 && a.Status < 200)
}

// concerns tells whether a message is of the line's conversation, or begins one.
func (e *expectStep) concerns(who *party, a phone.Arrival) bool {
	owner := who.owner(a.Message)
	named := who.call(e.opts["call"])
	if owner == nil {
		return a.IsRequest() || named.id == ""
	}
	return owner == named
}

func (e *expectStep) provisional() bool {
	if len(e.headers) > 0 && strings.HasPrefix(e.headers[len(e.headers)-1].body, "SIP/2.0 1") {
		return true
	}
	for _, w := range e.wanted {
		if n, err := strconv.Atoi(w); err != nil || n >= 200 {
			return false
		}
	}
	return true
}

// matches says what of a message is not as the line wants it.
func (e *expectStep) matches(s *stage, who *party, a phone.Arrival) error {
	if err := e.named(a); err != nil {
		return err
	}
	if e.opts.has("ruri") && !glob(s.expand(e.opts["ruri"]), a.URI) {
		return fmt.Errorf("Request-URI is %s", a.URI)
	}
	if e.opts.has("tag") && a.Tag("To") != e.opts["tag"] {
		return fmt.Errorf("%s has To-tag %q", a.Name(), a.Tag("To"))
	}
	for _, r := range e.headers {
		if err := r.check(s, a.Message); err != nil {
			return fmt.Errorf("%s: %w", a.Name(), err)
		}
	}
	if e.opts.has("proves") {
		if err := who.proof(a.Message, e.opts["proves"]); err != nil {
			return err
		}
	}
	return e.described(s, who, a)
}

func (e *expectStep) named(a phone.Arrival) error {
	_, answers := a.CSeq()
	for _, w := range e.wanted {
		name := a.Method
		if name == "INVITE" && a.Tag("To") != "" {
			name = "re-INVITE"
		}
		if a.IsRequest() && w == name {
			return nil
		}
		if !a.IsRequest() && w == strconv.Itoa(a.Status) && (e.method == "" || e.method == answers) {
			return nil
		}
	}
	if a.IsRequest() {
		return fmt.Errorf("got %s", a.Start())
	}
	return fmt.Errorf("got %s to %s%s", a.Name(), answers, because(a.Message))
}

// because is what a refusal says of its reason.
func because(m *phone.Message) string {
	s := ""
	for _, h := range []string{"Warning", "Reason", "Retry-After"} {
		if m.Has(h) {
			s += fmt.Sprintf(" (%s: %s)", h, m.Get(h))
		}
	}
	return s
}

// take removes the message from the queue and keeps the conversation's books.
func (e *expectStep) take(s *stage, who *party, i int) error {
	a := who.queue[i]
	who.queue = slices.Delete(who.queue, i, i+1)
	c := who.owner(a.Message)
	if c == nil {
		c = who.call(e.opts["call"])
		*c = conversation{id: a.Get("Call-ID"), answered: map[*phone.Message]bool{}}
	}
	if a.Dialog != nil {
		c.dialog = a.Dialog
	}
	if a.IsRequest() {
		c.asked = append(c.asked, a)
	} else if a.Status >= 200 {
		c.finals = append(c.finals, a)
	}
	since := a.At.Sub(who.last)
	who.last = a.At
	if e.after >= 0 && !s.lossy() && (since-e.after).Abs() > e.after/20+s.slack() {
		return e.errorf("came %v after the message before it", since)
	}
	return nil
}

// headerRule is one line below an expectation.
type headerRule struct {
	name    string
	body    string // of a line of the body
	absent  bool
	present bool
	pattern string
	regexp  *regexp.Regexp
	never   bool
}

// parseRule reads "Name: glob", "Name ~ regexp", "Name !~ regexp" (in no line of
// that name), "Name", "!Name" or, for a line of the body, "| glob".
func parseRule(l line) (headerRule, error) {
	if pattern, ok := strings.CutPrefix(l.text, "| "); ok {
		return headerRule{body: pattern}, nil
	}
	for _, operator := range []string{" !~ ", " ~ "} {
		name, value, ok := strings.Cut(l.text, operator)
		if !ok {
			continue
		}
		re, err := regexp.Compile(strings.TrimSpace(value))
		if err != nil {
			return headerRule{}, l.errorf("%w", err)
		}
		return headerRule{name: strings.TrimSpace(name), regexp: re, never: operator == " !~ "}, nil
	}
	if name, value, ok := strings.Cut(l.text, ":"); ok {
		return headerRule{name: strings.TrimSpace(name), pattern: strings.TrimSpace(value)}, nil
	}
	if name, ok := strings.CutPrefix(l.text, "!"); ok {
		return headerRule{name: name, absent: true}, nil
	}
	return headerRule{name: l.text, present: true}, nil
}

// check wants one line of the header to be as the rule says.
func (r headerRule) check(s *stage, m *phone.Message) error {
	if r.body != "" {
		return bodyRule(s, m, r.body)
	}
	values := m.All(r.name)
	switch {
	case r.never && !slices.ContainsFunc(values, r.regexp.MatchString):
		return nil
	case r.never:
		return fmt.Errorf("has %s: %s", r.name, strings.Join(values, " | "))
	case r.absent && len(values) > 0:
		return fmt.Errorf("has %s: %s", r.name, values[0])
	case r.absent:
		return nil
	case len(values) == 0:
		return fmt.Errorf("has no %s", r.name)
	case r.present:
		return nil
	}
	for _, v := range values {
		if (r.regexp != nil && r.regexp.MatchString(v)) || (r.regexp == nil && glob(s.expand(r.pattern), v)) {
			return nil
		}
	}
	return fmt.Errorf("has %s: %s", r.name, strings.Join(values, " | "))
}

// nothingStep is "NAME <- nothing for TIME".
type nothingStep struct {
	line
	who  string
	time time.Duration
}

func parseNothing(l line, words []string) (step, error) {
	d, err := parseTime(l, words[4])
	return &nothingStep{l, words[0], d}, err
}

func (n *nothingStep) play(s *stage) error {
	who, err := s.party(n.who)
	if err != nil {
		return n.errorf("%w", err)
	}
	s.run(n.time, func() bool { return who.unasked(s) != nil })
	if a := who.unasked(s); a != nil {
		return n.errorf("got %s", a.Name())
	}
	return nil
}

// unasked is the first message that needs a line and has none.
func (p *party) unasked(s *stage) *phone.Arrival {
	for i, a := range p.queue {
		if !a.Again && !skippable(s, a) {
			return &p.queue[i]
		}
	}
	return nil
}

// anyOrderStep plays expectations of which each may be the first.
type anyOrderStep struct {
	line
	steps []*expectStep
}

func parseAnyOrder(l line, _ []string) (step, error) {
	a := &anyOrderStep{line: l}
	for _, b := range l.block {
		st, err := parseStep(b)
		if err != nil {
			return nil, err
		}
		e, ok := st.(*expectStep)
		if !ok {
			return nil, b.errorf("only NAME <- MESSAGE may stand in any order")
		}
		a.steps = append(a.steps, e)
	}
	return a, nil
}

func (o *anyOrderStep) play(s *stage) error {
	open := slices.Clone(o.steps)
	var wrong error
	s.run(s.patience(o.within()), func() bool {
		for len(open) > 0 && wrong == nil {
			i := slices.IndexFunc(open, func(e *expectStep) bool { return e.ready(s) })
			if i < 0 {
				return false
			}
			wrong = open[i].play(s)
			open = slices.Delete(open, i, i+1)
		}
		return true
	})
	for _, e := range open {
		if wrong == nil {
			wrong = e.play(s)
		}
	}
	return wrong
}

// within is the longest time that one of them may take.
func (o *anyOrderStep) within() time.Duration {
	longest := promptly
	for _, e := range o.steps {
		longest = max(longest, e.within)
	}
	return longest
}

func (e *expectStep) ready(s *stage) bool {
	who, err := s.party(e.who)
	if err != nil {
		return true
	}
	i, _ := e.find(s, who)
	return i >= 0
}
