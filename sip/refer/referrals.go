package refer

import (
	"errors"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Config are the times of a dialog's references. What is zero has its default.
type Config struct {
	// Timeout is 64*T1: a transaction's, and timer N of RFC 6665. 32 s.
	Timeout time.Duration
	// AnswerWithin is how long the owner may think before the 202 goes out by itself;
	// 5 s. It must be well under Timeout.
	AnswerWithin time.Duration
	// Expires is how long a subscription lives when nobody says otherwise; 5 minutes.
	// RFC 3515 s3.4: it "SHOULD be chosen to be longer than the time the referenced
	// request will be given to complete".
	Expires time.Duration
	// MaxExpires bounds what the other side may ask for; an hour.
	MaxExpires time.Duration
}

func (c Config) orDefault() Config {
	for _, f := range []struct {
		v   *time.Duration
		def time.Duration
	}{
		{&c.Timeout, 32 * time.Second}, {&c.AnswerWithin, 5 * time.Second},
		{&c.Expires, 5 * time.Minute}, {&c.MaxExpires, time.Hour},
	} {
		if *f.v <= 0 {
			*f.v = f.def
		}
	}
	return c
}

// ErrRunning is what Refer gives while a reference of the dialog has no end: try again
// after it, or leave it.
var ErrRunning = errors.New("a REFER is under way in this dialog; wait for its end")

// Referrals are the references of one dialog, in both directions. It belongs to the
// dialog's goroutine.
type Referrals struct {
	config      Config
	received    int    // REFERs that came, whatever became of them
	sent        uint32 // REFERs that went out
	notifiers   []*notifier
	subscribers []*subscriber
}

// New makes the references of a dialog that has none yet.
func New(config Config) *Referrals { return &Referrals{config: config.orDefault()} }

// Receive takes a REFER, SUBSCRIBE or NOTIFY of the dialog, once: repetitions are the
// transaction's. Each is answered at once, but for a REFER that the owner is asked about
// (Referred).
func (r *Referrals) Receive(now time.Time, req *sip.Request) []Action {
	acts := r.Tick(now)
	switch req.Method {
	case sip.REFER:
		acts = append(acts, r.receiveRefer(now, req)...)
	case sip.SUBSCRIBE:
		acts = append(acts, r.receiveSubscribe(now, req)...)
	case sip.NOTIFY:
		acts = append(acts, r.receiveNotify(now, req)...)
	}
	r.sweep()
	return acts
}

func (r *Referrals) receiveRefer(now time.Time, req *sip.Request) []Action {
	r.received++
	ref, refusal := ReadReference(req)
	switch {
	case refusal != nil:
		return refusal.respond(req.CSeq().SeqNo)
	case r.Running():
		return (&Refusal{Status: 491}).respond(ref.Seq)
	}
	r.notifiers = append(r.notifiers, newNotifier(now, ref, r.received > 1, r.config))
	return report(Referred{ref})
}

func (r *Referrals) receiveSubscribe(now time.Time, req *sip.Request) []Action {
	seq := req.CSeq().SeqNo
	wish, refusal := readRefresh(req)
	if refusal != nil {
		return refusal.respond(seq)
	}
	for _, n := range r.notifiers {
		// RFC 3515 s2.4.6: a SUBSCRIBE "MUST contain this id parameter"; the first
		// REFER's may leave it out.
		if wish.event.seq == n.seq || !wish.event.given && !n.withID {
			return n.refresh(now, seq, wish)
		}
	}
	return unknownEvent().respond(seq)
}

func (r *Referrals) receiveNotify(now time.Time, req *sip.Request) []Action {
	seq := req.CSeq().SeqNo
	note, refusal := readNotification(req)
	if refusal != nil && refusal.Status == 489 {
		return refusal.respond(seq)
	}
	s := r.subscriber(note.event)
	switch {
	case s == nil:
		return noSubscription().respond(seq)
	case refusal != nil:
		return refusal.respond(seq)
	}
	return s.notified(now, seq, note)
}

// subscriber finds the subscription that a NOTIFY belongs to; without an id the newest,
// since the ones before it have had their end.
func (r *Referrals) subscriber(id eventID) *subscriber {
	for i := len(r.subscribers) - 1; i >= 0; i-- {
		if r.subscribers[i].owns(id) {
			return r.subscribers[i]
		}
	}
	return nil
}

// Running says whether a reference has no end yet, in either direction.
func (r *Referrals) Running() bool {
	for _, n := range r.notifiers {
		if n.running {
			return true
		}
	}
	for _, s := range r.subscribers {
		if s.state < subscriberSettled {
			return true
		}
	}
	return false
}

// Owing says whether the other side is still to be told of a REFER of its own: its answer,
// or how it goes.
func (r *Referrals) Owing() bool {
	for _, n := range r.notifiers {
		if n.state == notifierAsked || n.state != notifierEnded && !n.silent {
			return true
		}
	}
	return false
}

// Concluding says whether the last NOTIFY about a REFER is still to be sent or answered.
func (r *Referrals) Concluding() bool {
	for _, n := range r.notifiers {
		if n.state == notifierEnding {
			return true
		}
	}
	return false
}

// Idle says whether nothing is left that waits for anything: the dialog may go.
func (r *Referrals) Idle() bool { return len(r.notifiers)+len(r.subscribers) == 0 }

// Refer sends a REFER. The error is ErrRunning, or wraps ErrUnsafe.
func (r *Referrals) Refer(now time.Time, ref Reference) ([]Action, error) {
	if r.Running() {
		return nil, ErrRunning
	}
	s, acts, err := newSubscriber(now, ref, r.sent+1, r.config)
	if err != nil {
		return nil, err
	}
	r.sent++
	r.subscribers = append(r.subscribers, s)
	return acts, nil
}

// Sent tells which CSeq a request got, each time that it is sent as a new transaction.
func (r *Referrals) Sent(now time.Time, t Token, seq uint32) {
	for _, s := range r.subscribers {
		if t == (Token{"REFER", s.number}) {
			s.Sent(now, seq)
		}
	}
}

// Answered takes what came back for a request. A challenge that is answered by a new
// request is none of it.
func (r *Referrals) Answered(now time.Time, t Token, a Answer) (acts []Action) {
	for _, n := range r.notifiers {
		if t == (Token{"NOTIFY", n.seq}) {
			acts = n.Answered(now, a)
		}
	}
	for _, s := range r.subscribers {
		if t == (Token{"REFER", s.number}) {
			acts = s.Answered(now, a)
		}
	}
	r.sweep()
	return acts
}

// running applies a command to the reference that came and runs; without one it is
// ignored.
func (r *Referrals) running(do func(*notifier) []Action) (acts []Action) {
	for _, n := range r.notifiers {
		if n.running {
			acts = append(acts, do(n)...)
		}
	}
	r.sweep()
	return acts
}

// Accept follows the reference: 202 and NOTIFY, or the end of Pend.
func (r *Referrals) Accept(now time.Time) []Action {
	return r.running(func(n *notifier) []Action { return n.Accept(now) })
}

// Pend accepts the REFER and leaves open whether it is followed: Accept or Refuse says so.
func (r *Referrals) Pend(now time.Time) []Action {
	return r.running(func(n *notifier) []Action { return n.Pend(now) })
}

// Refuse answers the REFER with a status from 300, or tells it after Pend.
func (r *Referrals) Refuse(now time.Time, status Status) []Action {
	return r.running(func(n *notifier) []Action { return n.Refuse(now, status) })
}

// Progress tells a provisional status of the reference.
func (r *Referrals) Progress(now time.Time, status Status) []Action {
	return r.running(func(n *notifier) []Action { return n.Progress(now, status) })
}

// Conclude tells the final status of the reference.
func (r *Referrals) Conclude(now time.Time, status Status) []Action {
	return r.running(func(n *notifier) []Action { return n.Conclude(now, status) })
}

// Drop ends everything: the dialog has gone. A reference that runs is the owner's to end
// or to go on with; it hears Lost of its own.
func (r *Referrals) Drop() (acts []Action) {
	for _, n := range r.notifiers {
		acts = append(acts, n.Drop()...)
	}
	for _, s := range r.subscribers {
		acts = append(acts, s.Drop()...)
	}
	r.notifiers, r.subscribers = nil, nil
	return acts
}

// Deadline is when Tick is due next; ok is false for never.
func (r *Referrals) Deadline() (at time.Time, ok bool) {
	sooner := func(t time.Time, set bool) {
		if set && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	for _, n := range r.notifiers {
		sooner(n.Deadline())
	}
	for _, s := range r.subscribers {
		sooner(s.Deadline())
	}
	return at, ok
}

// Tick does what is due.
func (r *Referrals) Tick(now time.Time) (acts []Action) {
	for _, n := range r.notifiers {
		acts = append(acts, n.Tick(now)...)
	}
	for _, s := range r.subscribers {
		acts = append(acts, s.Tick(now)...)
	}
	r.sweep()
	return acts
}

// sweep forgets what is over.
func (r *Referrals) sweep() {
	notifiers, subscribers := r.notifiers[:0], r.subscribers[:0]
	for _, n := range r.notifiers {
		if n.running || n.state != notifierEnded {
			notifiers = append(notifiers, n)
		}
	}
	for _, s := range r.subscribers {
		if s.state != subscriberOver {
			subscribers = append(subscribers, s)
		}
	}
	clear(r.notifiers[len(notifiers):])
	clear(r.subscribers[len(subscribers):])
	r.notifiers, r.subscribers = notifiers, subscribers
}
