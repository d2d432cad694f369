package bridge

import (
	"fmt"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/rtp/dtmf"
	"github.com/tandem-gateway/tandem/sdp"
	"pgregory.net/rapid"
)

// key is a line about a key: "key 1 down 5", "key 1 up 5 100ms", each with "tones" behind it
// when it is heard so; "key 1 info 5 100ms", and "key 2 refused 5 100ms" of one of ours.
func (s *story) key(participant int, w []string) error {
	d, _ := dtmf.ParseDigit(w[1][0])
	k := rtp.Key{Digit: d, Tones: w[len(w)-1] == "tones"}
	var err error
	if len(w) > 2 && w[2] != "tones" {
		k.Duration, err = time.ParseDuration(w[2])
	}
	told := Pressed{Digit: d, Duration: k.Duration}
	switch w[0] {
	case "up":
		k.Phase = dtmf.Ended
		fallthrough
	case "down":
		s.step(Keyed{Participant: participant, Key: k})
	case "info":
		s.step(Reported{Participant: participant, Report: told})
	case "refused":
		s.step(Reported{Participant: participant, Report: KeyRefused(told)})
	default:
		return errNotation
	}
	return err
}

func keyWords(k Key) string {
	switch {
	case k.From == 0:
		return fmt.Sprintf("key %v for %v to %d", k.Digit, k.Duration, k.Participant)
	case k.Phase == dtmf.Began:
		return fmt.Sprintf("key %v down from %d to %d", k.Digit, k.From, k.Participant)
	}
	return fmt.Sprintf("key up after %v from %d to %d", k.Duration, k.From, k.Participant)
}

// TestKeysOfTelephoneEvent: they are passed on while they are down. The media leaves out
// what has come there by itself.
func TestKeysOfTelephoneEvent(t *testing.T) {
	tell(t, `
	show key digit tell
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
		tell 1 Answer v1 PCMU te
	key 1 down 5
		key 5 down from 1 to 2
	key 1 up 5 120ms
		key up after 120ms from 1 to 2
		digit 5 of 1 by rfc4733 for 120ms
	key 2 down #
		key # down from 2 to 1
	key 2 up # 80ms
		key up after 80ms from 2 to 1
		digit # of 2 by rfc4733 for 80ms
	key 3 down 1
	key 0 up 1 1s
	`)
}

// TestKeysByInfo: one from a party that has telephone-event waits for its double, one from a
// party that has not goes at once unless its tones are listened for.
func TestKeysByInfo(t *testing.T) {
	tell(t, `
	show key digit
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
	key 1 info 5 200ms
	wait 149ms
	key 1 info 6 100ms
	wait 1ms
		digit 5 of 1 by info for 200ms
		key 5 for 200ms to 2
	wait 1s
		digit 6 of 1 by info for 100ms
		key 6 for 100ms to 2
	`)
	tell(t, `
	show key digit
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
	key 1 info 5 200ms
		digit 5 of 1 by info for 200ms
		key 5 for 200ms to 2
	`)
}

// TestKeysToldTwice: a key in the media and by INFO is one, whichever comes first, and each
// counts for one.
func TestKeysToldTwice(t *testing.T) {
	const call = `
	show key digit
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
	`
	for name, text := range map[string]string{
		"info while it is down": `
	key 1 down 5
		key 5 down from 1 to 2
	key 1 info 5 100ms
	wait 3s
	key 1 up 5 3s
		key up after 3s from 1 to 2
		digit 5 of 1 by rfc4733 for 3s
	wait 2s
	`,
		"info behind it": `
	key 1 down 5
		key 5 down from 1 to 2
	key 1 up 5 100ms
		key up after 100ms from 1 to 2
		digit 5 of 1 by rfc4733 for 100ms
	wait 3.9s
	key 1 info 5 100ms
	wait 2s
	`,
		"info before it": `
	key 1 info 5 100ms
	wait 100ms
	key 1 down 5
		key 5 down from 1 to 2
	key 1 up 5 100ms
		key up after 100ms from 1 to 2
		digit 5 of 1 by rfc4733 for 100ms
	wait 2s
	`,
		"info long before it": `
	key 1 info 5 100ms
	wait 200ms
		digit 5 of 1 by info for 100ms
		key 5 for 100ms to 2
	key 1 down 5
	key 1 up 5 100ms
	wait 2s
	`,
		"another key": `
	key 1 down 5
		key 5 down from 1 to 2
	key 1 up 5 100ms
		key up after 100ms from 1 to 2
		digit 5 of 1 by rfc4733 for 100ms
	key 1 info 6 100ms
	wait 2s
		digit 6 of 1 by info for 100ms
		key 6 for 100ms to 2
	`,
		"too late": `
	key 1 down 5
		key 5 down from 1 to 2
	key 1 up 5 100ms
		key up after 100ms from 1 to 2
		digit 5 of 1 by rfc4733 for 100ms
	wait 4s
	key 1 info 5 100ms
	wait 2s
		digit 5 of 1 by info for 100ms
		key 5 for 100ms to 2
	`,
	} {
		t.Run(name, func(t *testing.T) { tell(t, call+text) })
	}
}

// TestInfoThatIsDue is passed on though something else comes before its timer.
func TestInfoThatIsDue(t *testing.T) {
	for _, next := range []Event{
		Keyed{1, rtp.Key{Digit: 6, Phase: dtmf.Began}}, Keyed{1, rtp.Key{Digit: 5, Phase: dtmf.Began}},
		Reported{Participant: 1, Report: Pressed{6, time.Second}},
	} {
		m, told := keyedCall(), ""
		m.Step(time.Unix(1, 0), Reported{Participant: 1, Report: Pressed{5, time.Second}})
		for _, a := range m.Step(time.Unix(3, 0), next) {
			if e, ok := a.(Emit); ok {
				told += e.Event.(event.DigitPressed).Digit
			}
		}
		if told != "5" {
			t.Errorf("before %+v the digits %q are told", next, told)
		}
	}
}

// TestKeysToInfo: who is told by INFO is told when the key is up, and nothing in its media.
// One that refuses it gets tones from then on.
func TestKeysToInfo(t *testing.T) {
	tell(t, `
	given digits info
	show key digit tell
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
		tell 1 Answer v1 PCMU te
	key 1 down 5
	key 1 up 5 120ms
		digit 5 of 1 by rfc4733 for 120ms
		tell 2 Press 5 120ms
	key 2 refused 5 120ms
		key 5 for 120ms to 2
	key 1 down 6
		key 6 down from 1 to 2
	key 1 up 6 100ms
		key up after 100ms from 1 to 2
		digit 6 of 1 by rfc4733 for 100ms
	`)
}

// TestTonesPassByThemselves to who takes tones; to others they are told.
func TestTonesPassByThemselves(t *testing.T) {
	tell(t, `
	show key digit
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
	key 1 down 5 tones
	key 1 up 5 100ms tones
		digit 5 of 1 by inband for 100ms
	`)
	tell(t, `
	given codecs PCMU
	show key digit
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU te
	key 1 down 5 tones
		key 5 down from 1 to 2
	key 1 up 5 100ms tones
		key up after 100ms from 1 to 2
		digit 5 of 1 by inband for 100ms
	`)
}

// TestKeysOnlyByTelephoneEvent: where that was not agreed on nothing is told.
func TestKeysOnlyByTelephoneEvent(t *testing.T) {
	tell(t, `
	given digits rfc4733
	show key digit
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU
	key 1 down 5
	key 1 up 5 100ms
		digit 5 of 1 by rfc4733 for 100ms
	`)
}

// TestKeyOfSomebodyWhoLeaves is up for those who stay.
func TestKeyOfSomebodyWhoLeaves(t *testing.T) {
	tell(t, `
	show key
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
	key 1 down 5
		key 5 down from 1 to 2
	1 hangs up
		key up after 0s from 1 to 2
	key 1 up 5 1s
	key 2 down 6
	`)
	tell(t, `
	show key digit
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
	key 1 info 5 100ms
	1 hangs up
		digit 5 of 1 by info for 100ms
	key 1 info 6 100ms
	key 2 info 7 100ms
	wait 1s
	`)
}

// TestKeysAmongThree come to everybody else, each in the way of its own.
func TestKeysAmongThree(t *testing.T) {
	tell(t, threeTalk+`
	show key digit
	key 1 down 5
		key 5 down from 1 to 2
		key 5 down from 1 to 3
	key 1 up 5 120ms
		key up after 120ms from 1 to 2
		key up after 120ms from 1 to 3
		digit 5 of 1 by rfc4733 for 120ms
	key 3 info 9 100ms
	wait 150ms
		digit 9 of 3 by info for 100ms
		key 9 for 100ms to 1
		key 9 for 100ms to 2
	`)
}

// TestWaysOfKeys: telephone-event is not sent to who is told otherwise.
func TestWaysOfKeys(t *testing.T) {
	formats := []sdp.Format{{Send: codecs["PCMU"]}, {Send: codecs["te"]}}
	for way, want := range map[KeyWay]int{KeysAuto: 2, KeysEvents: 2, KeysInfo: 1, KeysTones: 1} {
		if got := way.sendable(formats); len(got) != want || got[0].Send.Name != "PCMU" {
			t.Errorf("%d: %v", way, got)
		}
	}
}

// TestEachKeyIsOneDigit: a phone tells its keys in the media, by INFO or in both ways, in any
// order of what comes of it within a key: there are as many digits as keys, in their order.
func TestEachKeyIsOneDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := keyedCall()
		now := time.Unix(1000, 0)
		var got, want string
		step := func(e Event) {
			for _, a := range m.Step(now, e) {
				if emitted, ok := a.(Emit); ok {
					if d, ok := emitted.Event.(event.DigitPressed); ok {
						got += d.Digit
					}
				}
			}
		}
		pass := func(d time.Duration) {
			until := now.Add(d)
			for at, due := m.Deadline(); due && !at.After(until); at, due = m.Deadline() {
				now = at
				step(Timer{})
			}
			now = until
		}
		media := rapid.Bool().Draw(t, "media")
		info := !media || rapid.Bool().Draw(t, "info")
		for range rapid.IntRange(1, 12).Draw(t, "keys") {
			d := dtmf.Digit(rapid.IntRange(0, 3).Draw(t, "digit"))
			want += d.String()
			at := rapid.IntRange(0, 2).Draw(t, "info at")
			say := func(when int) {
				if info && at == when {
					step(Reported{Participant: 1, Report: Pressed{d, 100 * time.Millisecond}})
					pass(time.Duration(rapid.IntRange(0, 140).Draw(t, "ms")) * time.Millisecond)
				}
			}
			say(0)
			if media {
				step(Keyed{1, rtp.Key{Digit: d, Phase: dtmf.Began}})
				pass(time.Duration(rapid.IntRange(0, 3000).Draw(t, "down")) * time.Millisecond)
			}
			say(1)
			if media {
				step(Keyed{1, rtp.Key{Digit: d, Phase: dtmf.Ended, Duration: time.Second}})
			}
			say(2)
			pass(700 * time.Millisecond)
		}
		if got != want {
			t.Fatalf("%q was pressed, and told %q", want, got)
		}
	})
}

// keyedCall is a call of two that both have telephone-event.
func keyedCall() *Machine {
	now := time.Unix(0, 0)
	m := NewMachine("c", &Limits{})
	m.Step(now, Arrived{Caller: alice(describe(callerID, []string{"PCMU", "te"})), Decision: plan("trunk carrier")})
	m.Step(now, Located{Attempt: 1, Targets: []Target{target("carrier", 2)}})
	m.Step(now, Reported{Participant: 2, Report: Answered{SDP: describe(2, []string{"PCMU", "te"})}})
	return m
}
