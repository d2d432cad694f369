package refer

import (
	"errors"
	"testing"
	"time"
)

// toC is the reference of these stories.
func toC() Reference { return Reference{To: Target{URI: "sip:c@carrier.example"}} }

// sends has a REFER go out under CSeq 101.
func (s *story) sends(ref Reference) {
	s.Helper()
	acts, err := s.r.Refer(s.now, ref)
	if err != nil {
		s.Fatal(err)
	}
	if len(acts) != 1 || acts[0].Send == nil || acts[0].Send.Method != "REFER" {
		s.Fatalf("Refer gives %q", linesOf(acts))
	}
	s.token = acts[0].Send.Token
	checkSent(s, acts[0].Send)
	s.r.Sent(s.now, s.token, 101)
}

func TestReferSucceeds(t *testing.T) {
	s := tell(t, Config{})
	s.sends(toC())
	s.see(s.answered(100))
	s.see(s.answered(202), "Accepted {true}")
	s.see(s.notifies("refer", "active;expires=60", "SIP/2.0 100 Trying\r\n"), "93809823: 200")
	s.see(s.notifies("refer", "active;expires=55", "SIP/2.0 180 Ringing\r\n"), "93809824: 200", "Progressed {180 Ringing}")
	s.see(s.notifies("refer", "active;expires=50", "SIP/2.0 180 Ringing\r\n"), "93809825: 200")
	s.see(s.notifies("refer", "active;expires=50", "SIP/2.0 183 Session Progress\r\n"), "93809826: 200", "Progressed {183 Session Progress}")
	s.see(s.notifies("refer", "terminated;reason=noresource", "SIP/2.0 200 OK\r\n"), "93809827: 200", "Done {200 OK}")
	s.over()
}

func TestReferAnsweredWith200(t *testing.T) {
	// RFC 7647 and RFC 6665 s8.3.1 know no 202 any more.
	s := tell(t, Config{})
	s.sends(toC())
	s.see(s.answered(200), "Accepted {true}")
}

func TestReferRefused(t *testing.T) {
	for _, status := range []int{302, 403, 405, 408, 420, 491, 501, 503, 603} {
		s := tell(t, Config{})
		s.sends(toC())
		acts := s.r.Answered(s.now, s.token, Answer{Status: status, Phrase: "No"})
		if len(acts) != 1 || acts[0].Report != (Refused{Status{status, "No"}}) {
			t.Fatalf("%d: %q", status, linesOf(acts))
		}
		s.see(s.notifies("refer", "active", "SIP/2.0 180 Ringing"), "93809823: 481 Subscription Does Not Exist")
		s.over()
	}
}

func TestReferenceFails(t *testing.T) {
	s := tell(t, Config{})
	s.sends(toC())
	s.see(s.answered(202), "Accepted {true}")
	s.see(s.notifies("refer", "terminated;reason=noresource", "SIP/2.0 486 Busy Here\r\n"), "93809823: 200", "Failed {486 Busy Here}")
	s.over()
}

func TestNotifyBeforeThe202(t *testing.T) {
	// RFC 3515 s2.4.4.
	s := tell(t, Config{})
	s.sends(toC())
	s.see(s.notifies("refer", "active;expires=60", "SIP/2.0 100 Trying\r\n"), "93809823: 200", "Accepted {true}")
	s.see(s.answered(202))
	s.see(s.notifies("refer", "terminated", "SIP/2.0 200 OK"), "93809824: 200", "Done {200 OK}")
	s.over()
}

func TestEverythingBeforeThe202(t *testing.T) {
	s := tell(t, Config{})
	s.sends(toC())
	s.see(s.notifies("refer", "terminated;reason=noresource", "SIP/2.0 200 OK"), "93809823: 200", "Accepted {true}", "Done {200 OK}")
	s.over()
	s.see(s.answered(202))
}

func TestNotifyAndThenNoAnswer(t *testing.T) {
	// The 202 was lost, and all its repetitions: who notifies has accepted.
	for _, status := range []int{408, 503} {
		s := tell(t, Config{})
		s.sends(toC())
		s.see(s.notifies("refer", "active;expires=60", "SIP/2.0 100 Trying"), "93809823: 200", "Accepted {true}")
		s.see(s.answered(status))
		s.see(s.notifies("refer", "terminated", "SIP/2.0 200 OK"), "93809824: 200", "Done {200 OK}")
		s.over()
	}
}

func TestNotifyAndThenARefusal(t *testing.T) {
	s := tell(t, Config{})
	s.sends(toC())
	s.see(s.notifies("refer", "active;expires=60", "SIP/2.0 100 Trying"), "93809823: 200", "Accepted {true}")
	s.see(s.r.Answered(s.now, s.token, Answer{Status: 403, Phrase: "Forbidden"}), "Refused {403 Forbidden}")
	s.over()
}

func TestTimerN(t *testing.T) {
	// RFC 6665 s4.1.2.4: 64*T1 without a NOTIFY.
	s := tell(t, Config{})
	s.sends(toC())
	s.now = s.now.Add(10 * time.Second)
	s.see(s.answered(202), "Accepted {true}")
	s.see(s.waits(31999 * time.Millisecond))
	s.see(s.waits(time.Millisecond), "Lost {no NOTIFY came}")
	s.over()
}

func TestNoAnswerAtAll(t *testing.T) {
	s := tell(t, Config{})
	s.sends(toC())
	s.see(s.waits(32*time.Second), "Lost {the REFER was not answered}")
	s.see(s.answered(408))
	s.over()
}

func TestChallengeStartsAnew(t *testing.T) {
	s := tell(t, Config{})
	s.sends(toC())
	s.now = s.now.Add(20 * time.Second)
	s.r.Sent(s.now, s.token, 102)
	s.see(s.waits(31 * time.Second))
	s.see(s.answered(202), "Accepted {true}")
	s.see(s.notifies("refer;id=101", "active", "SIP/2.0 180 Ringing"), "93809823: 481 Subscription Does Not Exist")
	s.see(s.notifies("refer;id=102", "active", "SIP/2.0 180 Ringing"), "93809824: 200", "Progressed {180 Ringing}")
}

func TestReferSubFalseGranted(t *testing.T) {
	// RFC 4488: "Refer-Sub: false" in the 2xx.
	s := tell(t, Config{})
	ref := toC()
	ref.Silent = true
	s.sends(ref)
	s.see(s.r.Answered(s.now, s.token, Answer{Status: 200, NoSubscription: true}), "Accepted {false}")
	s.over()
	s.see(s.notifies("refer", "active", "SIP/2.0 180 Ringing"), "93809823: 481 Subscription Does Not Exist")
}

func TestReferSubFalseNotUnderstood(t *testing.T) {
	s := tell(t, Config{})
	ref := toC()
	ref.Silent = true
	s.sends(ref)
	s.see(s.answered(202), "Accepted {true}")
	s.see(s.notifies("refer", "terminated;reason=noresource", "SIP/2.0 200 OK"), "93809823: 200", "Done {200 OK}")
}

func TestReferSubFalseContradicted(t *testing.T) {
	s := tell(t, Config{})
	s.sends(toC())
	s.see(s.notifies("refer", "active", "SIP/2.0 180 Ringing"), "93809823: 200", "Accepted {true}", "Progressed {180 Ringing}")
	s.see(s.r.Answered(s.now, s.token, Answer{Status: 200, NoSubscription: true}))
	s.see(s.notifies("refer", "terminated", "SIP/2.0 200 OK"), "93809824: 200", "Done {200 OK}")
}

func TestTerminatedWithoutAnEnd(t *testing.T) {
	for _, c := range []struct{ state, body, want string }{
		{"terminated;reason=timeout", "SIP/2.0 180 Ringing", "Lost {the subscription was terminated before a final status: timeout}"},
		{"terminated", "", "Lost {the subscription was terminated before a final status}"},
		{"TERMINATED ;reason=giveup", "SIP/2.0 100 Trying", "Lost {the subscription was terminated before a final status: giveup}"},
	} {
		s := tell(t, Config{})
		s.sends(toC())
		s.see(s.answered(202), "Accepted {true}")
		acts := s.notifies("refer", c.state, c.body)
		if got := linesOf(acts); got[0] != "93809823: 200" || got[len(got)-1] != c.want {
			t.Errorf("%s: %q", c.state, got)
		}
		s.over()
	}
}

func TestFinalStatusThatDoesNotTerminate(t *testing.T) {
	// Some phones leave the subscription active, and end it later or never.
	s := tell(t, Config{})
	s.sends(toC())
	s.see(s.answered(202), "Accepted {true}")
	s.see(s.notifies("refer", "active;expires=60", "SIP/2.0 200 OK"), "93809823: 200", "Done {200 OK}")
	if s.r.Running() {
		t.Fatal("the end is known")
	}
	s.see(s.notifies("refer", "active;expires=60", "SIP/2.0 486 Busy Here"), "93809824: 200")
	s.see(s.notifies("refer", "terminated;reason=noresource", "SIP/2.0 200 OK"), "93809825: 200")
	s.over()

	s = tell(t, Config{})
	s.sends(toC())
	s.see(s.notifies("refer", "active;expires=60", "SIP/2.0 503 No"), "93809823: 200", "Accepted {true}", "Failed {503 No}")
	s.see(s.waits(time.Minute))
	s.over()
}

func TestSubscriptionExpires(t *testing.T) {
	s := tell(t, Config{})
	s.sends(toC())
	s.see(s.answered(202), "Accepted {true}")
	s.see(s.notifies("refer", "active;expires=60", "SIP/2.0 180 Ringing"), "93809823: 200", "Progressed {180 Ringing}")
	s.now = s.now.Add(50 * time.Second)
	s.see(s.notifies("refer", "active;expires=60", "SIP/2.0 180 Ringing"), "93809824: 200")
	s.see(s.waits(59 * time.Second))
	s.see(s.waits(time.Second), "Lost {the subscription expired before a final status}")
	s.over()
}

func TestExpiryIsBounded(t *testing.T) {
	for _, c := range []struct {
		state string
		want  time.Duration
	}{
		{"active", 5 * time.Minute},
		{"active;expires=0", 5 * time.Minute},
		{"active;expires=soon", 5 * time.Minute},
		{"active;expires=4294967295", time.Hour},
		{"active;expires=99999999999999999999", time.Hour},
		{"pending;expires=7", 7 * time.Second},
		{"waiting;expires=8", 8 * time.Second}, // an extension's state
	} {
		s := tell(t, Config{})
		s.sends(toC())
		s.notifies("refer", c.state, "SIP/2.0 100 Trying")
		if at, ok := s.r.Deadline(); !ok || at.Sub(s.now) != c.want {
			t.Errorf("%s: %v, want %v", c.state, at.Sub(s.now), c.want)
		}
	}
}

func TestBrokenNotifies(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		body  string
		want  string
	}{
		{"no event", []string{"Subscription-State: active"}, "SIP/2.0 200 OK", "93809823: 489 | Allow-Events: refer"},
		{"another package", []string{"Event: dialog", "Subscription-State: active"}, "", "93809823: 489 | Allow-Events: refer"},
		{"another id", []string{"Event: refer;id=7", "Subscription-State: active"}, "", "93809823: 481 Subscription Does Not Exist"},
		{"no number as id", []string{"Event: refer;id=abc", "Subscription-State: active"}, "", "93809823: 481 Subscription Does Not Exist"},
		{"no state", []string{"Event: refer"}, "SIP/2.0 200 OK", "93809823: 400 Missing Subscription-State"},
		{"empty state", []string{"Event: refer", "Subscription-State: ;expires=3"}, "", "93809823: 400 Bad Subscription-State: no state"},
		{"broken state", []string{"Event: refer", "Subscription-State: active;=3"}, "", "93809823: 400 Bad Subscription-State: empty parameter"},
		{"broken body", []string{"Event: refer", "Subscription-State: terminated", "Content-Type: message/sipfrag"}, "INVITE sip:x SIP/2.0\r\n", "93809823: 400 Bad message/sipfrag: no status line at its beginning"},
		{"another body", []string{"Event: refer", "Subscription-State: terminated", "Content-Type: text/plain"}, "SIP/2.0 200 OK", "93809823: 415 | Accept: message/sipfrag"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t, Config{})
			s.sends(toC())
			s.see(s.answered(202), "Accepted {true}")
			s.see(s.comesWith("NOTIFY", c.body, c.lines...), c.want)
			// It has changed nothing.
			s.see(s.notifies("refer", "terminated", "SIP/2.0 200 OK"), "93809824: 200", "Done {200 OK}")
		})
	}
}

func TestSloppyNotifies(t *testing.T) {
	s := tell(t, Config{})
	s.sends(toC())
	s.see(s.answered(202), "Accepted {true}")
	s.see(s.notifies("Refer", "Active", ""), "93809823: 200") // no body: no news
	s.see(s.comesWith("NOTIFY", "SIP/2.0 180", "o: refer", "Subscription-State: active"), "93809824: 200", "Progressed {180 Ringing}")
	s.see(s.comesWith("NOTIFY", "\r\nsip/2.0  200\n", "Event: refer;id=101", "Subscription-State: terminated", "c: Message/SIPfrag"),
		"93809825: 200", "Done {200 OK}")
}

func TestNotifyOfNothing(t *testing.T) {
	s := tell(t, Config{})
	s.see(s.notifies("refer", "active", "SIP/2.0 200 OK"), "93809823: 481 Subscription Does Not Exist")
	s.see(s.notifies("refer", "active", "nonsense"), "93809824: 481 Subscription Does Not Exist")
}

func TestNotifyWithoutIDIsTheNewest(t *testing.T) {
	s := tell(t, Config{})
	s.sends(toC())
	s.see(s.notifies("refer", "active;expires=60", "SIP/2.0 486 Busy Here"), "93809823: 200", "Accepted {true}", "Failed {486 Busy Here}")
	s.sends(Reference{To: Target{URI: "tel:+12015550123"}})
	s.r.Sent(s.now, s.token, 102)
	s.see(s.notifies("refer;id=101", "terminated", "SIP/2.0 486 Busy Here"), "93809824: 200")
	s.see(s.notifies("refer", "active", "SIP/2.0 180 Ringing"), "93809825: 200", "Accepted {true}", "Progressed {180 Ringing}")
	s.see(s.notifies("refer;id=102", "terminated", "SIP/2.0 200 OK"), "93809826: 200", "Done {200 OK}")
	s.over()
}

func TestOneAtATime(t *testing.T) {
	s := tell(t, Config{})
	s.sends(toC())
	if _, err := s.r.Refer(s.now, toC()); !errors.Is(err, ErrRunning) {
		t.Fatalf("a second REFER: %v", err)
	}
	s.see(s.comes("REFER", "Refer-To: <sip:d@h>"), "93809823: 491") // both at once
	s.see(s.answered(403), "Refused {403 Forbidden}")
	s.refers()
	if _, err := s.r.Refer(s.now, toC()); !errors.Is(err, ErrRunning) {
		t.Fatalf("a REFER against theirs: %v", err)
	}
}

func TestUnsafeReferIsNotSent(t *testing.T) {
	s := tell(t, Config{})
	if _, err := s.r.Refer(s.now, Reference{To: Target{URI: "sip:c@h\r\nX: y"}}); !errors.Is(err, ErrUnsafe) {
		t.Fatalf("%v", err)
	}
	s.over()
}

func TestDropOfASubscriber(t *testing.T) {
	s := tell(t, Config{})
	s.sends(toC())
	s.see(s.r.Drop(), "Lost {the dialog has ended}")
	s.over()
	s.sends(toC())
	s.see(s.notifies("refer", "active", "SIP/2.0 200 OK"), "93809823: 200", "Accepted {true}", "Done {200 OK}")
	s.see(s.r.Drop())
	s.over()
}

func TestOtherMethodsAreNotOurs(t *testing.T) {
	s := tell(t, Config{})
	s.see(s.comes("OPTIONS"))
	s.over()
}

func TestOneFinalResponse(t *testing.T) {
	s := tell(t, Config{})
	s.sends(toC())
	s.see(s.answered(202), "Accepted {true}")
	s.see(s.answered(603))
	s.see(s.answered(202))
	s.see(s.notifies("refer", "terminated", "SIP/2.0 200 OK"), "93809823: 200", "Done {200 OK}")
}

func TestIDBeforeTheCSeqIsKnown(t *testing.T) {
	s := tell(t, Config{})
	if _, err := s.r.Refer(s.now, toC()); err != nil {
		t.Fatal(err)
	}
	s.see(s.notifies("refer;id=5", "active", "SIP/2.0 180 Ringing"), "93809823: 200", "Accepted {true}", "Progressed {180 Ringing}")
}
