package bridge

import (
	"net/netip"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/rtp/dtmf"
	"github.com/tandem-gateway/tandem/rtp/record"
	"github.com/tandem-gateway/tandem/sdp"
)

// Machine is a call as a pure state machine; event.CallState draws its states.
// The zero value is not usable: NewMachine makes one. It is a plain value of
// plain values, so a call can be written out and read back; what it points to is
// plain too, and its own but for the Limits.
type Machine struct {
	id           string
	state        event.CallState
	limits       *Limits            // the same for many calls
	request      *dialplan.Request  // what the search is for
	decision     *dialplan.Decision // nil when nobody is looked for
	forwarding   forwarding
	reach        reach
	participants []participant
	hunt         hunt
	exchange     exchange
	silence      silence
	listening    *listening // nil while nobody talks
	ringback     ringback
	transfer     transfer
	recording    recording
	playing      *playing // nil before the first playback
	owed         owed
	surrender    *Surrender // nil when no other call has asked
	// chain is the id that calls share which transfers have made of each other.
	chain string
	// fetching counts what other calls have been asked for and have not answered.
	fetching int
	stale    bool // the hearing table in force is no longer right
	cause    event.Cause
	answered time.Time
	ended    time.Time
	out      []Action
}

// Limits are the times a call keeps.
type Limits struct {
	// Silence ends the call when neither side has sent audio for so long while
	// nobody is on hold; 0 is never.
	Silence time.Duration
	// Quality is how often it is measured how well the parties are heard while they talk;
	// 0 is never.
	Quality time.Duration
	// Hold is what a party hears that is on hold.
	Hold HoldSound
	// Transfer is how transfers are done.
	Transfer Transfers
	// Codecs are those that the gateway can turn into others, in the order in which it
	// offers them behind what the other side has; none where it does not.
	Codecs []sdp.Codec
	// Recorded says which calls are recorded.
	Recorded Recorded
}

// HoldSound is what a party on hold hears.
type HoldSound uint8

// The sounds of hold: what the holder sends, or music of ours.
const (
	HoldPass HoldSound = iota
	HoldMusic
)

// NewMachine makes the machine of the call with the given id.
func NewMachine(id string, l *Limits) *Machine {
	return &Machine{id: id, chain: id, limits: l, out: make([]Action, 0, 8)} // what an answer takes
}

// Event is what a machine is told.
type Event interface {
	step(m *Machine, now time.Time)
}

// The events. Reports of legs and the passing of time are the most of them.
type (
	// Arrived begins the call: a caller with its offer and what the dialplan made
	// of it.
	Arrived struct {
		Caller   Caller
		Decision dialplan.Decision
	}
	// Located answers Locate: where the attempt's phones or trunk are, each with
	// the media address that was opened for it. Failed says why there are none.
	Located struct {
		Attempt int
		Targets []Target
		Failed  event.Cause
	}
	// Forwarded answers Forward: what the dialplan makes of it.
	Forwarded struct {
		Hop      int
		Decision dialplan.Decision
	}
	// Directed answers Direct and CallBack: where the target of a transfer is.
	Directed struct{ Decision dialplan.Decision }
	// Consented answers AskTransferee.
	Consented struct {
		// No: it does not want to be transferred.
		No bool
	}
	// Reported brings what a participant's leg has to say.
	Reported struct {
		Participant int
		Report      Report
	}
	// Heard answers CheckMedia: when audio last came from each participant.
	Heard struct{ Last map[int]time.Time }
	// Stop ends the call from outside: an operator, a drain.
	Stop struct{ Cause event.Cause }
	// Timer says that the time of Deadline has come.
	Timer struct{}
)

// Caller is the party that places a call.
type Caller struct {
	// Name is for people: the user, or the number a trunk shows.
	Name string
	// User or Trunk says whose call it is.
	User, Trunk string
	// SIPCallID, Source and Dialled go into the call's first event.
	SIPCallID, Source, Dialled string
	// Local is the address to receive its audio on, Media what was opened there;
	// Hint is where its signalling comes from.
	Local netip.Addr
	Media netip.AddrPort
	Hint  netip.Addr
	// SRTP says how its audio may be protected, Keys are what was made for that on our
	// side; nil for none.
	SRTP SRTP
	Keys *sdp.Security
	// Offer is its offer, nil when the INVITE carried none.
	Offer *sdp.Description
	// Request is what it asked of the dialplan, for when the call is forwarded.
	Request dialplan.Request
	// Transfers says what it does with a REFER.
	Transfers TransferWay
	// Codecs are the names of those that it may use; nil for any.
	Codecs []string
	// Digits is how it is told keys.
	Digits KeyWay
	// Trusted: it may take any party's place; PicksUp are the users whose calls it may
	// pick up (RFC 3891).
	Trusted bool
	PicksUp []string
	// MaxForwards is what came as Max-Forwards, 70 where nothing did (RFC 3261 s16.6
	// step 3); MaxBreadth as Max-Breadth (RFC 5393 s5.3), 0 where nothing did.
	MaxForwards, MaxBreadth int
}

// Target is one place to call: a phone of a user, or a trunk.
type Target struct {
	// Name is for people.
	Name string
	// URI is the Request-URI.
	URI string
	// Hint is where its signalling comes from, when that is known.
	Hint netip.Addr
	// Transfers says what it does with a REFER.
	Transfers TransferWay
	// Codecs are the names of those that it may be offered; nil for any.
	Codecs []string
	// Digits is how it is told keys.
	Digits KeyWay
	// Local is the address to receive its audio on, Media what was opened there.
	Local netip.Addr
	Media netip.AddrPort
	// SRTP says how its audio may be protected, Keys are what was made for that on our
	// side; nil for none.
	SRTP SRTP
	Keys *sdp.Security
	// Way is the Dialer's own: what Locate has found and Dial goes by.
	Way any
}

// Action is what a machine wants done.
type Action interface{ action() }

// The actions, to be carried out in the order given.
type (
	// Tell gives a command to a participant's leg.
	Tell struct {
		Participant int
		Command     Command
	}
	// Locate asks where an attempt leads; Located is the answer.
	Locate struct {
		Attempt int
		Plan    dialplan.Attempt
	}
	// Dial makes a leg for a new participant and sends it the INVITE.
	Dial struct {
		Participant int
		Target      Target
		Plan        dialplan.Attempt
		Offer       *sdp.Description
		// ReferredBy, Replaces and Join are values for the headers of these names, when a
		// transfer has them (RFC 3892, RFC 3891).
		ReferredBy, Replaces, Join string
		// MaxForwards and MaxBreadth are for the INVITE; a MaxBreadth of 0 is not
		// written.
		MaxForwards, MaxBreadth int
		// Patience is how long the target may stay without any response; 0 is no bound.
		Patience time.Duration
	}
	// Forward asks where the call goes that a user hands on; Forwarded is the answer.
	// Hop counts what has been asked, from 1.
	Forward struct {
		Hop        int
		Request    dialplan.Request
		Forwarding dialplan.Forwarding
	}
	// Direct asks where a transfer leads; Directed is the answer.
	Direct struct{ Transfer dialplan.Transfer }
	// CallBack asks how a transferor is called back; Directed is the answer.
	CallBack struct {
		To         dialplan.Party
		Number     string
		Transferee dialplan.Request
	}
	// AskTransferee asks a party whether it wants to be transferred; Consented is the
	// answer, and after a while its absence.
	AskTransferee struct {
		Participant int
		By          event.Identity
		Target      string
	}
	// Connect tells a participant's media what was agreed with it.
	Connect struct {
		Participant int
		Stream      sdp.Stream
		Hint        netip.Addr
		// Branches are where its other early dialogs send from, the oldest first.
		Branches []netip.AddrPort
		// Digits is how it is told keys.
		Digits KeyWay
	}
	// Key tells a participant's media a key: that it is down, that it is up, or a whole
	// one where From is nobody. What has come there from that one by itself is not told.
	Key struct {
		Participant, From int
		Phase             dtmf.Phase
		Digit             dtmf.Digit
		Duration          time.Duration
	}
	// Hear replaces the hearing table; Sounds are what its negative sources stand for,
	// Taps whom its negative listeners hear, for the recording. Keys are those in whose sound
	// keys are listened for.
	Hear struct {
		Table  rtp.Table
		Sounds Sounds
		Taps   map[int]record.Party
		Keys   []int
	}
	// Shut closes a participant's media and reports its counts.
	Shut struct{ Participant int }
	// CheckMedia asks when audio last came; Heard is the answer.
	CheckMedia struct{}
	// Emit publishes an event.
	Emit struct{ Event event.Event }
	// Forget says that the call is over and nothing of it runs any more.
	Forget struct{}
)

func (Tell) action()          {}
func (Locate) action()        {}
func (Dial) action()          {}
func (Forward) action()       {}
func (Connect) action()       {}
func (Direct) action()        {}
func (CallBack) action()      {}
func (AskTransferee) action() {}
func (Key) action()           {}
func (Hear) action()          {}
func (Shut) action()          {}
func (CheckMedia) action()    {}
func (Emit) action()          {}
func (Forget) action()        {}

// Step takes one event and gives the actions that follow from it. The slice is
// valid until the next Step.
func (m *Machine) Step(now time.Time, ev Event) []Action {
	clear(m.out)
	m.out = m.out[:0]
	if m.forgotten() {
		return nil
	}
	ev.step(m, now)
	m.settle(now)
	return m.out
}

// Deadline is when Timer must be given next; false when nothing is due.
func (m *Machine) Deadline() (time.Time, bool) {
	next := earliest(m.hunt.silentUntil, m.hunt.ringUntil)
	next = earliest(next, earliest(m.silence.checkAt, m.ringback.checkAt))
	next = earliest(next, earliest(m.transfer.consentUntil, m.recording.until))
	next = earliest(next, m.keysDeadline())
	next = earliest(next, m.listening.due())
	return next, !next.IsZero()
}

// State is what the call is in.
func (m *Machine) State() event.CallState { return m.state }

// Cause is why the call ended; zero while it has not.
func (m *Machine) Cause() event.Cause { return m.cause }

func (e Reported) step(m *Machine, now time.Time) {
	p := m.participant(e.Participant)
	if p == nil || p.leg == legReleased {
		return
	}
	switch r := e.Report.(type) {
	case Trying:
		m.trying(p)
	case Elsewhere:
		m.elsewhere(now, p)
	case Ringing:
		m.ringing(now, p, r)
	case Answered:
		m.answer(now, p, r)
	case Refused:
		m.judge(p, r)
		if !m.deflect(now, p, r) {
			m.refused(now, p, r.Cause)
		}
	case Offered:
		m.offered(now, p, r.SDP)
	case OfferAnswered:
		m.offerAnswered(now, p, r.SDP)
	case Changed:
		m.changed(now, p, r.SDP)
	case OfferRefused:
		m.offerRefused(now, p, r.Cause)
	case OfferWithdrawn:
		m.offerWithdrawn(p)
	case Identified:
		m.identified(p, r.Connected)
	case Referred:
		m.referred(p, r)
	case ReferAccepted, ReferProgressed, ReferRefused:
		m.relayed(now, p, r)
	case Pressed:
		m.informed(now, p, r)
	case KeyRefused:
		m.keyRefused(p, Pressed(r))
	case HungUp:
		m.hungUp(now, p, r.Cause)
	case Released:
		m.released(now, p)
	}
}

func (Timer) step(m *Machine, now time.Time) {
	m.silentTrunk(now)
	m.ringingTimeout(now)
	m.checkRinging(now)
	m.checkSilence(now)
	m.measureByTime(now)
	m.consentByTime(now)
	m.keysDue(now)
	m.recordingByTime(now)
}

func (m *Machine) do(a Action) { m.out = append(m.out, a) }

func (m *Machine) tell(p *participant, c Command) {
	if p.leg != legReleased {
		m.do(Tell{Participant: p.id, Command: c})
	}
}

func (m *Machine) emit(e event.Event) { m.do(Emit{Event: e}) }

func (m *Machine) at(now time.Time) event.Header { return event.Header{Call: m.id, At: now} }

// enter changes the call's state and says so; a call never leaves
// CallDisconnected and tells nothing that is no change.
func (m *Machine) enter(now time.Time, s event.CallState) {
	if m.state == s || m.state == event.CallDisconnected {
		return
	}
	from := m.state
	m.state = s
	e := event.CallStateChanged{Header: m.at(now), From: from, To: s}
	if s >= event.CallDisconnecting {
		e.Cause = m.cause
	}
	m.emit(e)
}

// settle does what follows from the state as a whole after each step: the
// recording, the hearing table; the end of the call when its last leg but those given
// up has gone, no target is still to come, with media that must be shut, and the
// recording is complete; and that the call can be forgotten when those have gone too.
func (m *Machine) settle(now time.Time) {
	m.surrenderNow(now)
	m.payOwed()
	m.recordNow(now)
	m.playNow(now)
	m.listenNow(now)
	m.rehear(now)
	if m.state == event.CallDisconnecting && m.everyLeg(legGivenUp) && m.hunt.located == m.hunt.index && m.fetching == 0 &&
		m.recording.until.IsZero() {
		m.end(now)
	}
	if m.forgotten() {
		m.do(Forget{})
	}
}

// forgotten says whether nothing of the call runs any more.
func (m *Machine) forgotten() bool {
	return m.state == event.CallDisconnected && m.everyLeg(legReleased)
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
