package cdr

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/event"
)

const target = "+12065550123"

var (
	busy     = event.Cause{Status: 486, Q850: 17, By: event.PartyCallee, Text: "Busy Here"}
	answered = event.Cause{Status: 200, Q850: 16, By: event.PartyCallee, Text: "answered"}
	byeBy    = func(p event.Party) event.Cause { return event.Cause{Status: 200, Q850: 16, By: p, Text: "bye"} }
)

// talking is a call of alice by the carrier, answered in second 1.
func talking(call string) *story {
	s := incoming(call)
	s.try(2, 1, "carrier")
	s.enter(2, 2, event.ParticipantConnecting)
	s.add(
		event.AttemptEnded{Header: s.at(1000), Attempt: 1, Cause: answered},
		event.ParticipantStateChanged{Header: s.at(1000), Participant: 2, To: event.ParticipantConnected},
		event.CallStateChanged{Header: s.at(1000), From: event.CallConnecting, To: event.CallConnected},
	)
	return s
}

// try begins an attempt over a trunk, or at a user's phone when it has no name.
func (s *story) try(ms, number int, trunk string) *story {
	e := event.AttemptStarted{Header: s.at(ms), Attempt: number, Trunk: trunk, Target: "sip:+12065550123@203.0.113.5", CallerID: "+14255550101"}
	if trunk == "" {
		e.User, e.Target = "bob", "sip:bob@192.0.2.20"
	}
	return s.add(e)
}

func (s *story) tried(ms, number int, c event.Cause) *story {
	return s.add(event.AttemptEnded{Header: s.at(ms), Attempt: number, Cause: c})
}

func (s *story) enter(ms, participant int, to event.ParticipantState) *story {
	return s.add(event.ParticipantStateChanged{Header: s.at(ms), Participant: participant, To: to})
}

// leave ends a party's part in the call, with as many packets as its number.
func (s *story) leave(ms, participant int) *story {
	s.enter(ms, participant, event.ParticipantDisconnected)
	return s.add(event.MediaEnded{Header: s.at(ms), Participant: participant, Stream: event.Stream{Packets: uint64(participant)}})
}

// transfer is one by alice of the party that she has called, unless it is changed.
func (s *story) transfer(ms int, state event.TransferState, change ...func(*event.TransferChanged)) *story {
	e := event.TransferChanged{
		Header: s.at(ms), State: state, Kind: event.TransferBlind, Chain: s.call, Transferor: 1, Transferee: 2,
		By: event.Identity{User: "alice"}, Who: event.Identity{Phone: "+14255550100"}, Target: target,
	}
	for _, c := range change {
		c(&e)
	}
	return s.add(e)
}

func with(party int) func(*event.TransferChanged) {
	return func(e *event.TransferChanged) { e.Party = party }
}
func because(c event.Cause) func(*event.TransferChanged) {
	return func(e *event.TransferChanged) { e.Cause = c }
}
func as(k event.TransferKind) func(*event.TransferChanged) {
	return func(e *event.TransferChanged) { e.Kind = k }
}

func (s *story) disconnect(ms int) *story {
	return s.add(event.CallStateChanged{Header: s.at(ms), From: event.CallConnected, To: event.CallDisconnecting})
}

// all are the records that have been written.
func (b *book) all() (list []Record) {
	b.t.Helper()
	for _, line := range b.lines(b.path) {
		var r Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			b.t.Fatalf("%v in %q", err, line)
		}
		list = append(list, r)
	}
	return list
}

// brief writes a record on one line: what most tests are about.
func brief(r Record) string {
	text := fmt.Sprintf("%s in %s: %s by %s %d %s", r.ID, r.Chain, r.Disposition, r.EndedBy, r.Status, r.Cause)
	if !r.Answered.IsZero() {
		text += fmt.Sprintf(" from %v for %v", r.Answered.Sub(begun), time.Duration(r.Duration)*time.Millisecond)
	}
	for _, a := range r.Attempts {
		text += fmt.Sprintf(" try %s%s:%d", a.Trunk, a.User, a.Status)
	}
	for _, m := range r.Media {
		text += fmt.Sprintf(" heard %d", m.Participant)
	}
	if t := r.Transfer; t != nil {
		text += fmt.Sprintf(" [%s by %s%s of %s%s to %s%s]", t.Kind, t.By.User, t.By.Phone, t.Of.User, t.Of.Phone, t.Target.User, t.Target.Phone)
	}
	return text
}

func (b *book) tells(want ...string) {
	b.t.Helper()
	var got []string
	for _, r := range b.all() {
		got = append(got, brief(r))
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		b.t.Errorf("the records are\n%s\nnot\n%s", g, w)
	}
}

// A blind transfer, to the byte: the first part is written as soon as the transferor
// has gone, and the second when the call ends.
func TestBlindTransfer(t *testing.T) {
	b := newBook(t)
	s := talking("id1").transfer(10_000, event.Transferring).try(10_001, 2, "carrier")
	s.enter(10_001, 3, event.ParticipantConnecting).enter(12_000, 3, event.ParticipantRinging)
	s.enter(13_000, 3, event.ParticipantEarlyMedia).tried(15_000, 2, answered).enter(15_000, 3, event.ParticipantConnected)
	s.transfer(15_000, event.Transferred, with(3))
	b.tell(s.events...)
	b.tells() // its transferor's counts are to come
	s.events = nil
	b.tell(s.leave(15_000, 1).events...)
	b.tells("id1 in id1: answered by caller 200 transferred from 1s for 14s try carrier:200 heard 1")
	s.events = nil
	s.disconnect(75_000).leave(75_000, 2).leave(75_000, 3).end(75_000, 1000, byeBy(event.PartyCallee))
	b.tell(s.events...)
	lines := b.lines(b.path)
	if len(lines) != 2 {
		t.Fatalf("lines are %q", lines)
	}
	want := `{"id":"id1.1","chain_id":"id1","caller":{"trunk":"carrier","asserted":"+14255550100"},"dialled":"+12065550123","callee":"+12065550123",` +
		`"caller_id":"+14255550101","trunk":"carrier",` +
		`"attempts":[{"trunk":"carrier","target":"sip:+12065550123@203.0.113.5","caller_id":"+14255550101",` +
		`"started":"2026-03-04T13:06:17.891Z","ended":"2026-03-04T13:06:22.890Z","status":200,"q850":16,"cause":"answered"}],` +
		`"transfer":{"kind":"blind","by":{"user":"alice"},"of":{"phone":"+14255550100"},"target":{"phone":"+12065550123"}},` +
		`"received":"2026-03-04T13:06:17.890Z","ringing":"2026-03-04T13:06:19.890Z",` +
		`"early_media":"2026-03-04T13:06:20.890Z","answered":"2026-03-04T13:06:22.890Z","ended":"2026-03-04T13:07:22.890Z",` +
		`"duration_ms":60000,"disposition":"answered","ended_by":"caller","status":200,"q850":16,"cause":"bye",` +
		`"media":[{"participant":2,"packets":2,"bytes":0,"lost":0,"jitter_ms":0,"relayed":0},` +
		`{"participant":3,"packets":3,"bytes":0,"lost":0,"jitter_ms":0,"relayed":0}]}` + "\n"
	if lines[1] != want {
		t.Errorf("the record is\n%s\nnot\n%s", lines[1], want)
	}
}

// Without a transfer there is no chain.
func TestNoTransferNoChain(t *testing.T) {
	b := newBook(t)
	b.tell(talking("id1").end(5000, 1000, byeBy(event.PartyCaller)).events...)
	line, _ := b.only()
	for _, key := range []string{"chain_id", "transfer"} {
		if strings.Contains(line, `"`+key) {
			t.Errorf("there is a %s in %s", key, line)
		}
	}
}

// The target does not want the call, which goes on as it was.
func TestFailedTransfers(t *testing.T) {
	for _, c := range []struct {
		cause event.Cause
		want  string
	}{
		{busy, "busy by callee 486 Busy Here"},
		{event.Cause{Status: 480, Q850: 19, By: event.PartyGateway, Text: "rang"}, "no_answer by gateway 480 rang"},
		{event.Cause{Status: 603, Q850: 21, By: event.PartyCallee, Text: "no"}, "refused by callee 603 no"},
		{event.Cause{Status: 503, Q850: 34, By: event.PartyGateway, Text: "full"}, "failed by gateway 503 full"},
	} {
		b := newBook(t)
		s := talking("id1").transfer(10_000, event.Transferring).try(10_001, 2, "").enter(11_000, 3, event.ParticipantEarlyMedia)
		s.tried(12_000, 2, c.cause).leave(12_000, 3).transfer(12_000, event.TransferFailed, because(c.cause))
		b.tell(s.events...)
		failed := fmt.Sprintf("id1.1 in id1: %s try bob:%d heard 3 [blind by alice of +14255550100 to %s]", c.want, c.cause.Status, target)
		b.tells(failed)
		s.events = nil
		s.disconnect(20_000).leave(20_000, 2).leave(20_000, 1).end(20_000, 1000, byeBy(event.PartyCallee))
		b.tell(s.events...)
		b.tells(failed, "id1 in id1: answered by callee 200 bye from 1s for 19s try carrier:200 heard 1 heard 2")
	}
}

// Who is to be transferred hangs up: the attempt ends behind the transfer, and the
// counts of the target's early media come last.
func TestTransfereeHangsUp(t *testing.T) {
	b := newBook(t)
	s := talking("id1").transfer(10_000, event.Transferring).try(10_001, 2, "carrier").enter(11_000, 3, event.ParticipantEarlyMedia)
	gone := event.Cause{Status: 487, Q850: 16, By: event.PartyCallee, Text: "bye"}
	s.transfer(12_000, event.TransferFailed, because(gone)).disconnect(12_000).leave(12_000, 2)
	b.tell(s.events...)
	b.tells() // the attempt is still to end
	s.events = nil
	b.tell(s.tried(12_000, 2, event.Cause{Status: 487, By: event.PartyGateway}).leave(12_000, 3).events...)
	failed := "id1.1 in id1: cancelled by caller 487 bye try carrier:487 heard 3 [blind by alice of +14255550100 to +12065550123]"
	b.tells(failed)
	s.events = nil
	b.tell(s.leave(12_000, 1).end(12_000, 1000, byeBy(event.PartyCallee)).events...)
	b.tells(failed, "id1 in id1: answered by callee 200 bye from 1s for 11s try carrier:200 heard 1 heard 2")
}

// The transferor has hung up when the target turns out to be busy, and is called back.
func TestRecall(t *testing.T) {
	begins := func() *story {
		s := talking("id1").transfer(10_000, event.Transferring).try(10_001, 2, "carrier").leave(10_500, 1)
		s.tried(12_000, 2, busy).transfer(12_000, event.TransferFailed, because(busy))
		return s.try(12_001, 3, "")
	}
	const failed = "id1.1 in id1: busy by callee 486 Busy Here try carrier:486 [blind by alice of +14255550100 to +12065550123]"
	b := newBook(t)
	s := begins().enter(13_000, 4, event.ParticipantRinging).tried(14_000, 3, answered).enter(14_000, 4, event.ParticipantConnected)
	s.transfer(14_000, event.TransferFailed, as(event.TransferRecall), with(4))
	s.disconnect(20_000).leave(20_000, 4).leave(20_000, 2).end(20_000, 1000, byeBy(event.PartyCallee))
	b.tell(s.events...)
	b.tells(failed,
		"id1 in id1: answered by caller 200 recalled from 1s for 13s try carrier:200 heard 1",
		"id1.2 in id1: answered by callee 200 bye from 14s for 6s try bob:200 heard 2 heard 4 [recall by alice of +14255550100 to bob]")
	if r := b.all()[2]; r.AnsweredBy != "bob" || r.Ringing.Sub(begun) != 13*time.Second || r.Received.Sub(begun) != 12_001*time.Millisecond {
		t.Errorf("the recall is %+v", r)
	}

	b = newBook(t)
	s = begins().tried(15_000, 3, event.Cause{Status: 480, Q850: 18, By: event.PartyCallee}).disconnect(15_000)
	s.leave(15_000, 2).end(15_000, 1000, event.Cause{Status: 486, Q850: 17, By: event.PartyGateway, Text: "Busy Here"})
	b.tell(s.events...)
	b.tells(failed,
		"id1.2 in id1: no_answer by callee 480  try bob:480 [recall by alice of +14255550100 to bob]",
		"id1 in id1: answered by gateway 486 Busy Here from 1s for 14s try carrier:200 heard 1 heard 2")
}

// Only for a transferor that has left is anybody called without a transfer.
func TestNoRecallOfWhoIsThere(t *testing.T) {
	b := newBook(t)
	s := talking("id1").transfer(2000, event.Transferring).transfer(3000, event.TransferFailed, because(busy))
	s.try(4000, 2, "").tried(5000, 2, busy).end(6000, 1000, byeBy(event.PartyCaller))
	b.tell(s.events...)
	if list := b.all(); len(list) != 2 || len(list[1].Attempts) != 2 {
		t.Errorf("the records are %+v", list)
	}
}

// The target transfers once more, and then the transferee does: each has its part.
func TestChainOfTransfers(t *testing.T) {
	b := newBook(t)
	s := talking("id1")
	next := func(ms, attempt, by, of int) {
		id := func(e *event.TransferChanged) { e.Transferor, e.Transferee = by, of }
		s.transfer(ms, event.Transferring, id).try(ms, attempt, "").tried(ms+1000, attempt, answered)
		s.enter(ms+1000, attempt+1, event.ParticipantConnected).transfer(ms+1000, event.Transferred, id, with(attempt+1)).leave(ms+1000, by)
	}
	next(2000, 2, 1, 2)
	next(4000, 3, 3, 2)
	next(6000, 4, 2, 4)
	s.disconnect(9000).leave(9000, 5).leave(9000, 4).end(9000, 1000, byeBy(event.PartyCallee))
	b.tell(s.events...)
	const of = " [blind by alice of +14255550100 to +12065550123]"
	b.tells(
		"id1 in id1: answered by caller 200 transferred from 1s for 2s try carrier:200 heard 1",
		"id1.1 in id1: answered by callee 200 transferred from 3s for 2s try bob:200 heard 3"+of,
		"id1.2 in id1: answered by caller 200 transferred from 5s for 2s try bob:200 heard 2"+of,
		"id1.3 in id1: answered by callee 200 bye from 7s for 2s try bob:200 heard 4 heard 5"+of)
	if c := b.all()[3].Caller; c.User != "bob" {
		t.Errorf("the last part's caller is %+v", c)
	}
}

// An attended transfer has nothing to try; the call that is taken from ends with it.
func TestAttendedTransfer(t *testing.T) {
	attended := as(event.TransferAttended)
	to := func(e *event.TransferChanged) { e.Target = "<sip:carol@example.test?Replaces=x%40y>" }
	other := talking("other").add(event.CallJoined{Header: event.Header{Call: "other"}, Into: "id1", Chain: "id1"})
	other.disconnect(8000).enter(8000, 2, event.ParticipantDisconnected).leave(8000, 1).end(8000, 1000, event.Cause{
		Status: 200, Q850: 16, By: event.PartyGateway, Text: "anything",
	})
	s := talking("id1").enter(8000, 3, event.ParticipantConnected).transfer(8000, event.Transferring, attended, to)
	s.transfer(8000, event.Transferred, attended, to, with(3)).leave(8000, 1)
	s.disconnect(10_000).leave(10_000, 3).leave(10_000, 2).end(10_000, 1000, byeBy(event.PartyCallee))
	b := newBook(t)
	b.tell(s.events[0])
	b.tell(other.events...)
	b.tell(s.events[1:]...)
	b.tells(
		"other in id1: answered by gateway 200 transferred from 1s for 7s try carrier:200 heard 1",
		"id1 in id1: answered by caller 200 transferred from 1s for 7s try carrier:200 heard 1",
		"id1.1 in id1: answered by callee 200 bye from 8s for 2s heard 2 heard 3 [attended by alice of +14255550100 to carol]")
}

// A target that still rings comes with its attempt, which is in one record: from when it began
// in the call that it was taken from.
func TestSemiAttendedTransfer(t *testing.T) {
	attended, moved := as(event.TransferAttended), event.Cause{Status: 487, Q850: 16, By: event.PartyCaller, Text: "transferred"}
	other := incoming("other").attempt(10, 1, "backup", busy).try(5000, 2, "carrier").enter(6000, 3, event.ParticipantRinging)
	other.add(event.CallJoined{Header: other.at(8000), Into: "id1", Chain: "id1"})
	other.add(event.AttemptEnded{Header: other.at(8000), Attempt: 2, Cause: moved, Into: "id1"}).enter(8000, 3, event.ParticipantDisconnected)
	other.disconnect(8000).enter(8000, 1, event.ParticipantDisconnected).end(8000, -1, moved)
	s := talking("id1").transfer(8000, event.Transferring, attended)
	s.add(event.AttemptStarted{Header: s.at(8000), Attempt: 2, Trunk: "carrier", Since: other.at(5000).At})
	s.enter(8000, 3, event.ParticipantConnecting).enter(8000, 3, event.ParticipantRinging).tried(9000, 2, answered)
	s.enter(9000, 3, event.ParticipantConnected).transfer(9000, event.Transferred, attended, with(3)).leave(9000, 1)
	s.disconnect(10_000).leave(10_000, 3).leave(10_000, 2).end(10_000, 1000, byeBy(event.PartyCallee))
	b := newBook(t)
	b.tell(s.events[0])
	b.tell(other.events...)
	b.tell(s.events[1:]...)
	b.tells(
		"other in id1: cancelled by caller 487 transferred try backup:486",
		"id1 in id1: answered by caller 200 transferred from 1s for 8s try carrier:200 heard 1",
		"id1.1 in id1: answered by callee 200 bye from 9s for 1s try carrier:200 heard 2 heard 3 [attended by alice of +14255550100 to +12065550123]")
	if r := b.all()[2]; r.Trunk != "carrier" || r.Attempts[0].Started.Sub(begun) != 5*time.Second {
		t.Errorf("the transfer's record is %+v", r)
	}
}

// A call that has a chain keeps it when a party of it goes on in another one, and gives
// it to that.
func TestOneChain(t *testing.T) {
	b := newBook(t)
	s, other := talking("b"), talking("a").transfer(2000, event.Transferring).transfer(2000, event.Transferred, with(3)).leave(2000, 1)
	b.tell(s.events...)
	b.tell(other.events...)
	b.tell(event.CallJoined{Header: other.at(3000), Into: "b", Chain: "b"})
	s.events, other.events = nil, nil
	b.tell(other.end(3000, 1000, byeBy(event.PartyGateway)).events...)
	s.transfer(3000, event.Transferring, as(event.TransferAttended)).transfer(3000, event.Transferred, as(event.TransferAttended), with(3))
	b.tell(s.leave(3000, 1).events...)
	third := talking("c")
	b.tell(third.add(event.CallJoined{Header: third.at(4000), Into: "b", Chain: "b"}).end(4000, 1000, byeBy(event.PartyGateway)).events...)
	s.events = nil
	b.tell(s.end(5000, 1000, byeBy(event.PartyCallee)).events...)
	var chains []string
	for _, r := range b.all() {
		chains = append(chains, r.ID+" in "+r.Chain)
	}
	if got := strings.Join(chains, ", "); got != "a in a, a.1 in a, b in a, c in a, b.1 in a" {
		t.Errorf("the records are %s", got)
	}
}

// The trunk calls the target itself: the call ends here with the transfer.
func TestRelayedTransfer(t *testing.T) {
	b := newBook(t)
	uri := func(e *event.TransferChanged) { e.Target = "sip:carol@carrier.test" }
	s := talking("id1").transfer(5000, event.Transferring, uri).transfer(7000, event.Transferred, uri).disconnect(7000)
	s.leave(7000, 1).leave(7000, 2).end(7000, 1000, event.Cause{Status: 200, Q850: 16, By: event.PartyGateway, Text: "transferred by the trunk itself"})
	b.tell(s.events...)
	b.tells(
		"id1 in id1: answered by caller 200 transferred from 1s for 6s try carrier:200 heard 1",
		"id1.1 in id1: answered by gateway 200 transferred by the trunk itself from 7s for 0s heard 2 [blind by alice of +14255550100 to carol]")
}

// A call that fails inside says nothing more of its transfer: the records are there.
func TestTransferCutShort(t *testing.T) {
	b := newBook(t)
	s := talking("id1").transfer(5000, event.Transferring).try(5001, 2, "carrier")
	b.tell(s.end(6000, 1000, event.Cause{Status: 500, Q850: 41, By: event.PartyGateway, Text: "internal error"}).events...)
	b.tells(
		"id1.1 in id1: failed by gateway 500 internal error try carrier:0 [blind by alice of +14255550100 to +12065550123]",
		"id1 in id1: answered by gateway 500 internal error from 1s for 5s try carrier:200")
}

// Where a target forwards, its routes are the transfer's.
func TestTransferIsForwarded(t *testing.T) {
	b := newBook(t)
	s := talking("id1").transfer(5000, event.Transferring)
	s.add(event.CallForwarded{Header: s.at(5001), Kind: event.RouteForwarded, Reason: "unconditional", Original: event.Identity{User: "bob"}, Final: event.Identity{User: "carol"}})
	s.transfer(6000, event.TransferFailed, because(busy)).end(7000, 1000, byeBy(event.PartyCaller))
	b.tell(s.events...)
	if list := b.all(); len(list) != 2 || len(list[0].CallRoutes) != 1 || len(list[1].CallRoutes) != 0 {
		t.Errorf("the records are %+v", list)
	}
}

func TestTargets(t *testing.T) {
	for text, want := range map[string]Identity{
		"+12065550123":                         {Phone: "+12065550123"},
		"911":                                  {Phone: "911"},
		"bob":                                  {User: "bob"},
		"":                                     {},
		"sip:carol@h":                          {User: "carol"},
		"tel:+12065550123;npdi":                {Phone: "+12065550123"},
		"<sip:+12065550123@h:5060;user=phone>": {Phone: "+12065550123"},
		`"Carol" <sips:carol@h?Replaces=1%3Bx>;a`: {User: "carol"},
		"sip:h.test":   {User: "h.test"},
		"carol@h:5060": {User: "carol"},
	} {
		if got := identityOf(text); got != want {
			t.Errorf("%q is %+v, not %+v", text, got, want)
		}
	}
}
