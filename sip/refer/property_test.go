package refer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// watched drives the references of a dialog with whatever may come, in any order, and
// watches what none of it may break.
type watched struct {
	*rapid.T
	r   *Referrals
	now time.Time
	seq uint32
	// unanswered are the REFERs and other requests that have no response yet.
	unanswered map[uint32]string
	out        map[Token]bool
	// terminated counts the terminating NOTIFYs of each REFER that have not been refused
	// with Retry-After; gone are the subscriptions that had one answered, or failed.
	terminated map[uint32]int
	gone       map[uint32]bool
	concluded  map[uint32]Status
	current    uint32 // the REFER that runs
	ends       int    // reports that end a REFER of ours
	asked      int    // REFERs of ours
}

func watch(t *rapid.T) *watched {
	return &watched{
		T: t, now: epoch,
		r: New(Config{
			Expires:    time.Duration(rapid.IntRange(1, 120).Draw(t, "expires")) * time.Second,
			MaxExpires: 5 * time.Minute,
		}),
		unanswered: map[uint32]string{}, out: map[Token]bool{}, terminated: map[uint32]int{},
		gone: map[uint32]bool{}, concluded: map[uint32]Status{},
	}
}

// take checks actions as they come.
func (w *watched) take(acts []Action) {
	for _, a := range acts {
		switch {
		case a.Respond != nil:
			if w.unanswered[a.Respond.Seq] == "" {
				w.Fatalf("%s answers nothing, or twice", responseLine(a.Respond))
			}
			if a.Respond.Status < 200 || a.Respond.Status > 699 {
				w.Fatalf("%s is no answer", responseLine(a.Respond))
			}
			delete(w.unanswered, a.Respond.Seq)
		case a.Send != nil:
			w.takeSent(a.Send)
		case a.Report != nil:
			w.takeReport(a.Report)
		default:
			w.Fatal("an empty action")
		}
	}
}

func (w *watched) takeSent(r *Request) {
	checkSent(w.T, r)
	if w.out[r.Token] {
		w.Fatalf("%v is out already", r.Token)
	}
	w.out[r.Token] = true
	if r.Method != "NOTIFY" {
		return
	}
	seq := r.Token.Number
	if w.unanswered[seq] != "" {
		w.Fatalf("a NOTIFY before the REFER %d is answered", seq)
	}
	if w.gone[seq] || w.terminated[seq] > 0 {
		w.Fatalf("a NOTIFY after the end: %s", requestLine(r))
	}
	state := value(r, "Subscription-State")
	if !strings.HasPrefix(state, "terminated") {
		return
	}
	w.terminated[seq]++
	status, err := ParseFragment(r.Body)
	if err != nil {
		w.Fatal(err)
	}
	end, known := w.concluded[seq]
	if known != strings.HasSuffix(state, "=noresource") && known != strings.HasSuffix(state, "=rejected") && known != status.Final() {
		w.Fatalf("%s, and concluded is %v", requestLine(r), known)
	}
	if status.Final() && status.Code != end.Code {
		w.Fatalf("%s, and the end was %v", requestLine(r), end)
	}
}

func (w *watched) takeReport(r Report) {
	switch r := r.(type) {
	case Referred:
		if w.current != 0 {
			w.Fatalf("a second REFER is asked about")
		}
		w.current = r.Reference.Seq
	case Unwatched:
		w.gone[w.current] = w.gone[w.current] || r.Status != 0
	case Refused, Done, Failed, Lost:
		w.ends++
	case Accepted:
		if !r.Watched {
			w.ends++
		}
	}
	if w.ends > w.asked {
		w.Fatalf("%T is one end too many", r)
	}
}

// receive hands in a request of theirs.
func (w *watched) receive(method, body string, lines ...string) {
	w.seq++
	w.unanswered[w.seq] = method
	w.take(w.r.Receive(w.now, message(w.T, method, w.seq, body, lines...)))
	if method != "REFER" && w.unanswered[w.seq] != "" {
		w.Fatalf("%s %d has no answer", method, w.seq)
	}
}

func (w *watched) conclude(status Status) {
	seq := w.current
	if seq != 0 {
		w.concluded[seq] = status
	}
	w.current = 0
	w.take(w.r.Conclude(w.now, status))
}

func (w *watched) refuse(status Status) {
	acts := w.r.Refuse(w.now, status)
	if w.current != 0 && !w.stillRuns() {
		w.concluded[w.current] = status
		w.current = 0
	}
	w.take(acts)
}

func (w *watched) stillRuns() bool {
	for _, n := range w.r.notifiers {
		if n.running {
			return true
		}
	}
	return false
}

// answer hands in an answer to one of the requests that are out.
func (w *watched) answer(t Token, a Answer) {
	if a.Status < 200 {
		w.take(w.r.Answered(w.now, t, a))
		return
	}
	delete(w.out, t)
	if t.Method == "NOTIFY" && a.Status >= 300 {
		if a.RetryAfter == 0 || a.Status == 481 {
			w.gone[t.Number] = true
		} else if w.terminated[t.Number] > 0 {
			w.terminated[t.Number]--
		}
	}
	w.take(w.r.Answered(w.now, t, a))
}

// pass lets time go by, with every deadline on the way.
func (w *watched) pass(d time.Duration) {
	end := w.now.Add(d)
	for i := 0; ; i++ {
		at, ok := w.r.Deadline()
		if !ok || at.After(end) {
			break
		}
		if i > 1000 {
			w.Fatalf("the deadline %v does not go away", at.Sub(epoch))
		}
		if at.After(w.now) {
			w.now = at
		}
		w.take(w.r.Tick(w.now))
	}
	w.now = end
}

func (w *watched) event() {
	pick := func(of ...string) string { return rapid.SampledFrom(of).Draw(w.T, "what") }
	event := fmt.Sprintf("Event: refer;id=%d", rapid.Uint32Range(0, w.seq).Draw(w.T, "id"))
	if rapid.Bool().Draw(w.T, "plain") {
		event = "Event: refer"
	}
	status := Status{Code: rapid.SampledFrom([]int{100, 180, 183, 200, 404, 486, 603}).Draw(w.T, "status")}
	switch pick("refer", "subscribe", "notify", "send", "accept", "pend", "refuse", "progress", "progress", "conclude", "answer", "answer", "time", "time") {
	case "refer":
		w.receive("REFER", "", pick("Refer-To: <sip:c@h>", "Refer-To: <sip:c@h>", "Refer-To: x"), pick("Refer-Sub: true", "Refer-Sub: false"))
	case "subscribe":
		w.receive("SUBSCRIBE", "", event, pick("Expires: 0", "Expires: 1", "Expires: 60", "Subject: none"))
	case "notify":
		w.receive("NOTIFY", pick("", "SIP/2.0 180 Ringing", "SIP/2.0 200 OK", "SIP/2.0 486 Busy", "nonsense"), event,
			"Subscription-State: "+pick("active", "active;expires=5", "pending;expires=90", "terminated", "terminated;reason=noresource"))
	case "send":
		acts, err := w.r.Refer(w.now, toC())
		if err == nil {
			w.asked++
		}
		w.take(acts)
	case "accept":
		w.take(w.r.Accept(w.now))
	case "pend":
		w.take(w.r.Pend(w.now))
	case "refuse":
		w.refuse(Status{Code: 603})
	case "progress":
		w.take(w.r.Progress(w.now, status))
	case "conclude":
		if status.Final() {
			w.conclude(status)
		}
	case "answer":
		w.someAnswer()
	case "time":
		w.pass(time.Duration(rapid.IntRange(0, 40_000).Draw(w.T, "ms")) * time.Millisecond)
	}
}

func (w *watched) someAnswer() {
	for _, n := range w.r.notifiers {
		t := Token{"NOTIFY", n.seq}
		if w.out[t] && rapid.Bool().Draw(w.T, "this") {
			w.answer(t, w.drawAnswer())
			return
		}
	}
	for _, s := range w.r.subscribers {
		t := Token{"REFER", s.number}
		if w.out[t] {
			w.answer(t, w.drawAnswer())
			return
		}
	}
}

func (w *watched) drawAnswer() Answer {
	return rapid.SampledFrom([]Answer{
		{Status: 100}, {Status: 200}, {Status: 200}, {Status: 202}, {Status: 202, NoSubscription: true}, {Status: 481}, {Status: 408},
		{Status: 500, RetryAfter: 3 * time.Second}, {Status: 503, RetryAfter: time.Hour}, {Status: 603},
	}).Draw(w.T, "answer")
}

func TestAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := watch(t)
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			w.event()
		}
		// The owner ends what runs, and nothing comes any more: everything ends by itself.
		w.conclude(Status{Code: 480})
		w.pass(5*time.Minute + 2*32*time.Second)
		if _, ok := w.r.Deadline(); ok || !w.r.Idle() || w.r.Running() {
			t.Fatalf("not over: %d notifiers, %d subscribers", len(w.r.notifiers), len(w.r.subscribers))
		}
		if w.ends != w.asked {
			t.Fatalf("%d REFERs of ours, %d ends", w.asked, w.ends)
		}
		for seq, method := range w.unanswered {
			t.Fatalf("%s %d was never answered", method, seq)
		}
	})
}

// TestTheEndArrives: a subscriber that answers its NOTIFYs is told exactly one final status,
// the one that there was, whatever the pace.
func TestTheEndArrives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := tell(t, Config{})
		s.refers()
		var told []Status
		terminated := 0
		out := false
		take := func(acts []Action) {
			for _, a := range acts {
				if a.Send == nil {
					continue
				}
				out, s.token = true, a.Send.Token
				st, err := ParseFragment(a.Send.Body)
				if err != nil || terminated > 0 {
					t.Fatalf("%s: %v, after %d ends", requestLine(a.Send), err, terminated)
				}
				told = append(told, st)
				if strings.HasPrefix(value(a.Send, "Subscription-State"), "terminated") {
					terminated++
				}
			}
		}
		answer := func() {
			if out {
				out = false
				take(s.answered(200))
			}
		}
		if rapid.Bool().Draw(t, "pending") {
			take(s.r.Pend(s.now))
		}
		take(s.r.Accept(s.now))
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			take(s.r.Progress(s.now, code(rapid.IntRange(100, 199).Draw(t, "progress"))))
			if rapid.Bool().Draw(t, "answer") {
				answer()
			}
			take(s.waits(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond))
		}
		end := code(rapid.IntRange(200, 699).Draw(t, "end"))
		take(s.r.Conclude(s.now, end))
		answer()
		answer()
		if terminated != 1 || told[len(told)-1].Code != end.Code {
			t.Fatalf("told %v, %d ends; the end was %v", told, terminated, end)
		}
		s.over()
	})
}

// link joins the two sides of a dialog by a network that may lose what a transaction
// would repeat, and deliver late.
type link struct {
	*rapid.T
	notifier, subscriber *Referrals
	now                  time.Time
	seq                  uint32
	ends                 []Report
	told                 []Status
}

func (l *link) atSubscriber(acts []Action) {
	for _, a := range acts {
		switch {
		case a.Send != nil:
			l.subscriber.Sent(l.now, a.Send.Token, 500)
			l.atNotifier(l.notifier.Receive(l.now, message(l.T, "REFER", 500, "", headerLines(a.Send)...)), Token{})
			l.atNotifier(l.notifier.Accept(l.now), a.Send.Token)
		case a.Report != nil:
			l.note(a.Report)
		}
	}
}

func (l *link) note(r Report) {
	switch r := r.(type) {
	case Progressed:
		l.told = append(l.told, r.Status)
	case Done, Failed, Lost, Refused:
		l.ends = append(l.ends, r)
	}
}

// atNotifier delivers what the notifier sends; asked is the REFER that waits for a response.
func (l *link) atNotifier(acts []Action, asked Token) {
	var response *Response
	late := rapid.Bool().Draw(l.T, "late")
	for _, a := range acts {
		switch {
		case a.Respond != nil && asked != (Token{}) && late:
			response = a.Respond
		case a.Respond != nil && asked != (Token{}):
			l.atSubscriber(l.subscriber.Answered(l.now, asked, Answer{Status: a.Respond.Status}))
		case a.Send != nil:
			l.deliver(a.Send)
		}
	}
	if response != nil {
		l.atSubscriber(l.subscriber.Answered(l.now, asked, Answer{Status: response.Status}))
	}
}

func (l *link) deliver(r *Request) {
	if rapid.IntRange(0, 9).Draw(l.T, "lost") == 0 {
		l.atNotifier(l.notifier.Answered(l.now, r.Token, Answer{Status: 408}), Token{})
		return
	}
	l.seq++
	acts := l.subscriber.Receive(l.now, message(l.T, "NOTIFY", l.seq, string(r.Body), headerLines(r)...))
	status := 0
	for _, a := range acts {
		if a.Respond != nil {
			status = a.Respond.Status
		}
	}
	if status != 200 {
		l.Fatalf("our own NOTIFY gets %d: %s", status, requestLine(r))
	}
	l.atSubscriber(acts)
	l.atNotifier(l.notifier.Answered(l.now, r.Token, Answer{Status: status}), Token{})
}

func headerLines(r *Request) (lines []string) {
	for _, h := range r.Headers {
		lines = append(lines, h.Name+": "+h.Value)
	}
	return lines
}

// pass lets time go by on both sides.
func (l *link) pass(d time.Duration) {
	for end := l.now.Add(d); l.now.Before(end); l.now = l.now.Add(500 * time.Millisecond) {
		l.atNotifier(l.notifier.Tick(l.now), Token{})
		l.atSubscriber(l.subscriber.Tick(l.now))
	}
}

func TestBothSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &link{T: t, notifier: New(Config{}), subscriber: New(Config{}), now: epoch, seq: 1000}
		acts, err := l.subscriber.Refer(l.now, toC())
		if err != nil {
			t.Fatal(err)
		}
		l.atSubscriber(acts)
		for _, progress := range rapid.SliceOfN(rapid.SampledFrom([]int{180, 181, 183}), 0, 4).Draw(t, "progress") {
			l.atNotifier(l.notifier.Progress(l.now, code(progress)), Token{})
			l.pass(time.Duration(rapid.IntRange(0, 5).Draw(t, "seconds")) * time.Second)
		}
		end := code(rapid.SampledFrom([]int{200, 302, 404, 486, 503, 603}).Draw(t, "end"))
		l.atNotifier(l.notifier.Conclude(l.now, end), Token{})
		l.pass(6 * time.Minute)
		if !l.notifier.Idle() || !l.subscriber.Idle() {
			t.Fatal("something is left over")
		}
		if len(l.ends) != 1 {
			t.Fatalf("ends: %v", l.ends)
		}
		checkEnd(t, l.ends[0], end)
	})
}

// checkEnd compares what was reported with what there was.
func checkEnd(t *rapid.T, got Report, end Status) {
	switch r := got.(type) {
	case Done:
		if r.Status.Code != end.Code || !end.Success() {
			t.Fatalf("%v, and the end was %v", r, end)
		}
	case Failed:
		if r.Status.Code != end.Code || end.Success() {
			t.Fatalf("%v, and the end was %v", r, end)
		}
	case Lost:
	default:
		t.Fatalf("%T is no end", got)
	}
}
