package bridge

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sdp"
)

// The notation of descriptions: "v2 PCMU te sendonly" is version 2 of a
// description that offers PCMU and telephone-event. Further words: another RTP
// port ("@6000"), hold by the address ("c=0"), a refused stream ("port0"), another
// transport ("SAVP"), no audio at all ("video"), another payload number
// ("te/96"). Without codecs and without "video" it is PCMU alone.

// codecs are those that a description may name, under the names of the notation.
var codecs = map[string]sdp.Codec{
	"PCMU": sdp.Static(0), "PCMA": sdp.Static(8), "G722": sdp.Static(9), "G729": sdp.Static(18),
	"te":   {Name: "telephone-event", ClockRate: 8000, Channels: 1, PayloadType: 101, Fmtp: "0-16"},
	"opus": {Name: "opus", ClockRate: 48000, Channels: 2, PayloadType: 111},
}

var directions = map[string]sdp.Direction{
	"sendrecv": sdp.SendRecv, "sendonly": sdp.SendOnly, "recvonly": sdp.RecvOnly, "inactive": sdp.Inactive,
}

// describe makes the description that a party at 192.0.2.participant sends.
func describe(participant int, words []string) *sdp.Description {
	s := &sdp.Description{
		Origin: sdp.Origin{Username: "them", ID: uint64(100 + participant), Version: 1},
		Host:   fmt.Sprintf("192.0.2.%d", participant), Direction: sdp.SendRecv,
	}
	m := sdp.Media{Kind: "audio", Port: uint16(4000 + 2*participant), Proto: "RTP/AVP", Direction: sdp.SendRecv}
	for _, w := range words {
		switch {
		case w == "c=0":
			s.Host = "0.0.0.0"
		case w == "port0":
			m.Port = 0
		case w == "SAVP":
			m.Proto = "RTP/SAVP"
		case w == "video":
			m.Kind = "video"
		case w[0] == '@':
			m.Port = uint16(number(w[1:]))
		case w[0] == 'v':
			s.Origin.Version = uint64(number(w[1:]))
		default:
			if d, ok := directions[w]; ok {
				m.Direction = d
			} else {
				m.Codecs = append(m.Codecs, codecNamed(w))
			}
		}
	}
	if len(m.Codecs) == 0 {
		m.Codecs = []sdp.Codec{codecs["PCMU"]}
	}
	s.Origin.Host, m.Host = s.Host, s.Host
	s.Media = []sdp.Media{m}
	return s
}

func codecNamed(word string) sdp.Codec {
	name, payload, renumbered := strings.Cut(word, "/")
	c, ok := codecs[name]
	if !ok {
		panic("no codec is called " + word)
	}
	if renumbered {
		c.PayloadType = uint8(number(payload))
	}
	return c
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

// described writes a description of ours in the notation.
func described(s *sdp.Description) string {
	if s == nil {
		return "nothing"
	}
	words := []string{fmt.Sprintf("v%d", s.Origin.Version)}
	for _, m := range s.Media {
		if m.Port == 0 {
			words = append(words, "port0")
		}
		words = append(words, codecWords(m.Codecs)...)
		if m.Direction != sdp.SendRecv {
			words = append(words, m.Direction.String())
		}
	}
	return strings.Join(words, " ")
}

func codecWords(list []sdp.Codec) (words []string) {
	for _, c := range list {
		word := c.String()
		for name, known := range codecs {
			if known.Same(c) {
				word = name
				if c.PayloadType != known.PayloadType {
					word += "/" + strconv.Itoa(int(c.PayloadType))
				}
			}
		}
		words = append(words, word)
	}
	return words
}

// The notation of what a machine wants done: a line for each action.

func actionLine(a Action) string {
	switch a := a.(type) {
	case Tell:
		if c, ok := a.Command.(Identify); ok {
			return fmt.Sprintf("introduce %s to %d", c.Connected.User, a.Participant)
		}
		return fmt.Sprintf("tell %d %s", a.Participant, commandWords(a.Command))
	case Locate:
		return fmt.Sprintf("locate %d %v %s", a.Attempt, a.Plan.To.Kind, a.Plan.To.Name)
	case Dial:
		return fmt.Sprintf("dial %d %s with %s", a.Participant, a.Target.URI, described(a.Offer)) + reachWords(a)
	case Forward:
		f := a.Forwarding
		return fmt.Sprintf("forward %d %s by %s to %s", a.Hop, f.Why, f.By, forwardWords(f.To)) + pastWords(f.History)
	case Direct:
		return fmt.Sprintf("direct %s by %s", a.Transfer.Request.To, a.Transfer.Request.Origin.Name)
	case CallBack:
		return fmt.Sprintf("call back %s", a.To.Name)
	case AskTransferee:
		return fmt.Sprintf("ask %d about %s by %s", a.Participant, a.Target, identityWords(a.By))
	case Bring:
		return fmt.Sprintf("bring %d into %s of %s", a.Transferor, a.Into.Call, a.By.Name)
	case RefuseBring:
		return fmt.Sprintf("refuse bring of %s %d", a.Call, a.Cause.Status)
	case Fetch:
		return fmt.Sprintf("fetch from %s for %s", a.Replaces.Call, a.By.Name)
	case Give:
		return fmt.Sprintf("give %d", a.Participant)
	case Keep:
		return fmt.Sprintf("keep %d", a.Cause.Status)
	case GiveHunt:
		return huntWords(a)
	case Connect:
		return fmt.Sprintf("connect %d to %s", a.Participant, streamWords(a.Stream))
	case Hear:
		return "hear" + hearWords(a)
	case Key:
		return keyWords(a)
	case StartRecording:
		words := fmt.Sprintf("record %d %v %v %d of %s and %s", a.Number, a.As.Layout, a.As.Format, a.Rate, a.Labels.Caller, a.Labels.Callee)
		if a.As.Beep {
			words += " with beep"
		}
		return words
	case CutRecording:
		return fmt.Sprintf("record pause %v", a.Pause)
	case EndRecording:
		return "record end"
	case Load:
		return fmt.Sprintf("load %d", a.Number)
	case Unload:
		return fmt.Sprintf("unload %d", a.Number)
	case Shut:
		return fmt.Sprintf("shut %d", a.Participant)
	case MeasureMedia:
		return "measure media"
	case CheckMedia:
		return "check media"
	case Emit:
		return eventLine(a.Event)
	case Forget:
		return "forget"
	}
	panic(fmt.Sprintf("%T has no notation", a))
}

// reachWords are what a Dial says of Max-Forwards and Max-Breadth, when that is not
// what it says for a call of alice to one phone.
func reachWords(d Dial) (words string) {
	if d.MaxForwards != 69 {
		words += fmt.Sprintf(" hops %d", d.MaxForwards)
	}
	if d.MaxBreadth > 0 {
		words += fmt.Sprintf(" breadth %d", d.MaxBreadth)
	}
	return words
}

func forwardWords(f dialplan.Forward) string { return f.User + string(f.Number) }

// pastWords are the users that have handed the call on before.
func pastWords(history []dialplan.Diversion) (words string) {
	for _, d := range history {
		words += " after " + d.By
	}
	return words
}

func commandWords(c Command) string {
	switch c := c.(type) {
	case Ring:
		return fmt.Sprintf("Ring %d", c.Status)
	case Progress:
		return fmt.Sprintf("Progress %d %s", c.Status, described(c.SDP))
	case Answer:
		words := "Answer " + described(c.SDP)
		if c.Connected.User != "" {
			words += " as " + c.Connected.User
		}
		return words
	case Refuse:
		words := "Refuse " + causeWords(c.Cause)
		if c.Warning != "" {
			words += " warning " + c.Warning
		}
		return words
	case Offer:
		words := "Offer " + described(c.SDP)
		if c.Connected.User != "" {
			words += " of " + c.Connected.User
		}
		return words
	case AcceptOffer:
		return "AcceptOffer " + described(c.SDP)
	case RefuseOffer:
		return fmt.Sprintf("RefuseOffer %d", c.Cause.Status)
	case Identify:
		return "Identify " + c.Connected.User
	case AcceptRefer:
		return "AcceptRefer"
	case RefuseRefer:
		return "RefuseRefer " + causeWords(c.Cause)
	case Notify:
		return fmt.Sprintf("Notify %d", c.Cause.Status)
	case Refer:
		return "Refer " + c.To
	case Press:
		return fmt.Sprintf("Press %v %v", c.Digit, c.Duration)
	case Hangup:
		return "Hangup " + causeWords(c.Cause)
	}
	panic(fmt.Sprintf("%T has no notation", c))
}

// causeWords is status, Q.850 value and who: "486/17 callee".
func causeWords(c event.Cause) string {
	return fmt.Sprintf("%d/%d %v", c.Status, c.Q850, c.By)
}

func streamWords(s sdp.Stream) string {
	words := []string{s.Remote.String()}
	for _, f := range s.Formats {
		word := codecWords([]sdp.Codec{f.Send})[0]
		if f.Send.PayloadType != f.Receive.PayloadType {
			word += fmt.Sprintf("<%d", f.Receive.PayloadType)
		}
		words = append(words, word)
	}
	if s.Direction != sdp.SendRecv {
		words = append(words, s.Direction.String())
	}
	return strings.Join(words, " ")
}

// hearWords is listener<source for each pair.
func hearWords(h Hear) string {
	var words []string
	for listener, sources := range h.Table {
		for _, s := range sources {
			words = append(words, " "+endWords(h, listener)+"<"+endWords(h, s.Source))
		}
	}
	if len(words) == 0 {
		return " nothing"
	}
	slices.Sort(words)
	return strings.Join(words, "")
}

// endWords is an end of a table: "beep", and "left2" for who hears 2 for the left side of a
// recording.
func endWords(h Hear, number int) string {
	party, tap := h.Taps[number]
	switch {
	case tap:
		return fmt.Sprintf("%v%d", party.Side, tapFor(number))
	case number == beepNumber:
		return "beep"
	case isPlayback(number):
		return fmt.Sprintf("play%d", h.Sounds[number].Playback)
	}
	return strconv.Itoa(number)
}

func recordingWords(e event.RecordingChanged) string {
	words := fmt.Sprintf("recording %d %v", e.Recording, e.State)
	if e.Cause != 0 {
		words += fmt.Sprintf(", %v: %v in %d files", e.Cause, e.Duration, len(e.Files))
	}
	if e.Error != "" {
		words += ", " + e.Error
	}
	if e.Lost > 0 {
		words += fmt.Sprintf(", %v lost", e.Lost)
	}
	return words
}

func eventLine(e event.Event) string {
	switch e := e.(type) {
	case event.MediaQuality:
		return fmt.Sprintf("quality of %d", e.Participant)
	case event.OneWayAudio:
		return fmt.Sprintf("one way: nothing of %d, %s", e.Participant, e.Name)
	case event.DigitPressed:
		return fmt.Sprintf("digit %s of %d by %v for %v", e.Digit, e.Participant, e.By, e.Duration)
	case event.CallReceived:
		return fmt.Sprintf("call received from %s%s to %s", e.User, e.Trunk, e.Dialled)
	case event.CallRouted:
		return fmt.Sprintf("call routed %s to %s as %s", e.Route, e.Callee, e.CallerID)
	case event.CallForwarded:
		return fmt.Sprintf("call %v %s from %s to %s", e.Kind, e.Reason, identityWords(e.Original), identityWords(e.Final)) +
			causeSuffix(e.Refused)
	case event.CallStateChanged:
		return fmt.Sprintf("call %v->%v%s", e.From, e.To, causeSuffix(e.Cause))
	case event.ParticipantStateChanged:
		return fmt.Sprintf("party %d %v->%v%s", e.Participant, e.From, e.To, causeSuffix(e.Cause))
	case event.AttemptStarted:
		return fmt.Sprintf("attempt %d to %s%s at %s as %s", e.Attempt, e.User, e.Trunk, e.Target, e.CallerID)
	case event.AttemptEnded:
		return fmt.Sprintf("attempt %d ended%s", e.Attempt, causeSuffix(e.Cause))
	case event.TransferChanged:
		return fmt.Sprintf("transfer %v %v of %d by %d to %s%s", e.Kind, e.State, e.Transferee, e.Transferor, e.Target, causeSuffix(e.Cause))
	case event.ParticipantNotAdded:
		return "not added " + e.Target + causeSuffix(e.Cause)
	case event.RecordingChanged:
		return recordingWords(e)
	case event.PlaybackChanged:
		return playbackWords(e)
	case event.SpeakingChanged:
		return fmt.Sprintf("speech of %d: %v", e.Participant, e.Speaking)
	case event.CallJoined:
		return "joined into " + e.Into
	case event.CallEnded:
		answered := "never answered"
		if !e.Answered.IsZero() {
			answered = "answered at " + e.Answered.Sub(begun).String()
		}
		return fmt.Sprintf("ended%s, %s", causeSuffix(e.Cause), answered)
	}
	panic(fmt.Sprintf("%T has no notation", e))
}

func identityWords(i event.Identity) string {
	if i.User != "" && i.Phone != "" {
		return i.User + "@" + i.Phone
	}
	return i.User + i.Phone
}

func causeSuffix(c event.Cause) string {
	if c.IsZero() {
		return ""
	}
	return " " + causeWords(c)
}

// plan makes a decision: "trunk carrier, user bob". A user's forwards are behind it:
// "user bob busy>carol no-answer>+14255550177 unavailable>603 answers>bob".
func plan(attempts string) dialplan.Decision {
	d := dialplan.Decision{
		Dialled: "(425) 555-0100", Callee: "+14255550100", Route: "us", RingingTimeout: time.Minute,
		Ringback: dialplan.RingbackPass, // unless the test is about it
	}
	for a := range strings.SplitSeq(attempts, ", ") {
		words := strings.Fields(a)
		to := dialplan.Party{Kind: dialplan.PartyTrunk, Name: words[1]}
		if words[0] == "user" {
			to.Kind = dialplan.PartyUser
		}
		d.Attempts = append(d.Attempts, dialplan.Attempt{
			To: to, Dial: "+14255550100", Shown: dialplan.Shown{Number: "+14255550101", User: "+14255550101"},
		})
		readForwards(&d.Attempts[len(d.Attempts)-1], words[2:])
	}
	return d
}

// readForwards reads "busy>carol" and the like; "answers>carol" is who the caller is
// told has answered.
func readForwards(a *dialplan.Attempt, words []string) {
	f := &a.Forwards
	for _, w := range words {
		why, where, _ := strings.Cut(w, ">")
		var to dialplan.Forward
		switch c := where[0]; {
		case c == '+':
			to.Number = dialplan.Number(where)
		case c >= '0' && c <= '9':
			to.Status = number(where)
		default:
			to.User = where
		}
		switch why {
		case "always":
			f.Always = to
		case "busy":
			f.Busy = to
		case "no-answer":
			f.NoAnswer = to
		case "unavailable":
			f.Unavailable = to
		case "answers":
			a.Answers = dialplan.Shown{User: where}
		default:
			panic("nobody forwards for " + why)
		}
	}
}

// ourMedia is the address that was opened for a participant.
func ourMedia(participant int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, 1}), uint16(20000+2*participant))
}

// alice is the caller of these tests.
func alice(offer *sdp.Description) Caller {
	return Caller{
		Name: "alice", User: "alice", SIPCallID: "1@192.0.2.1", Source: "192.0.2.1:5060", Dialled: "(425) 555-0100",
		Media: ourMedia(callerID), Hint: netip.AddrFrom4([4]byte{192, 0, 2, 1}), Offer: offer, MaxForwards: 70,
		Request: dialplan.Request{Origin: dialplan.Party{Kind: dialplan.PartyUser, Name: "alice"}, To: "sip:+14255550100"},
	}
}

// target is a phone or trunk of that name, with media for a participant.
func target(name string, participant int) Target {
	return Target{Name: name, URI: "sip:" + name, Media: ourMedia(participant)}
}
