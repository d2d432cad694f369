package refer

import (
	"testing"
	"time"
)

func code(n int) Status { return Status{Code: n} }

// The CSeq of the first REFER in a story is that of RFC 3515 s4.1, F1.

func TestPrototypicalCallFlow(t *testing.T) {
	// RFC 3515 s4.1, from F1 to F6.
	s := tell(t, Config{})
	s.refers()
	s.see(s.r.Accept(s.now),
		"93809823: 202",
		"NOTIFY refer | active;expires=300 | 100 Trying")
	s.see(s.answered(200))
	s.now = s.now.Add(4 * time.Second)
	s.see(s.r.Conclude(s.now, code(200)),
		"NOTIFY refer | terminated;reason=noresource | 200 OK")
	s.see(s.answered(200))
	s.over()
}

func TestSecondReferHasAnID(t *testing.T) {
	// RFC 3515 s4.2, F7 to F12.
	s := tell(t, Config{})
	s.refers()
	s.r.Accept(s.now)
	s.see(s.r.Answered(s.now, Token{"NOTIFY", 93809823}, Answer{Status: 200}))
	s.see(s.r.Conclude(s.now, code(486)), "NOTIFY refer | terminated;reason=noresource | 486 Busy Here")
	s.see(s.answered(200))
	s.refers()
	s.see(s.r.Accept(s.now), "93809824: 202", "NOTIFY refer;id=93809824 | active;expires=300 | 100 Trying")
	s.see(s.answered(200))
	s.see(s.r.Conclude(s.now, code(200)), "NOTIFY refer;id=93809824 | terminated;reason=noresource | 200 OK")
	s.see(s.answered(200))
	s.over()
}

func TestRefusedReferCountsAsReceived(t *testing.T) {
	// RFC 3515 s2.4.6: "the second and subsequent REFER requests a UA receives".
	s := tell(t, Config{})
	s.see(s.comes("REFER"), "93809823: 400 Missing Refer-To")
	s.refers()
	s.see(s.r.Accept(s.now), "93809824: 202", "NOTIFY refer;id=93809824 | active;expires=300 | 100 Trying")
}

func TestProgressIsTold(t *testing.T) {
	s := tell(t, Config{})
	s.refers()
	s.r.Accept(s.now)
	s.see(s.r.Answered(s.now, Token{"NOTIFY", 93809823}, Answer{Status: 200}))
	s.now = s.now.Add(2 * time.Second)
	s.see(s.r.Progress(s.now, code(180)), "NOTIFY refer | active;expires=298 | 180 Ringing")
	s.see(s.answered(200))
	s.see(s.r.Progress(s.now, code(180))) // said before
	s.see(s.r.Progress(s.now, code(100))) // older than what was said
	s.see(s.r.Progress(s.now, code(200))) // no progress: Conclude says ends
	s.now = s.now.Add(2 * time.Second)
	s.see(s.r.Progress(s.now, Status{183, "Session Progress"}), "NOTIFY refer | active;expires=296 | 183 Session Progress")
	s.see(s.answered(200))
	s.see(s.r.Conclude(s.now, Status{480, "Gone\r\nInjected: yes"}),
		"NOTIFY refer | terminated;reason=noresource | 480 Gone  Injected: yes")
	s.see(s.answered(200))
	s.over()
}

func TestProgressOncePerSecond(t *testing.T) {
	// RFC 3515 s3.10. What comes too early is told by the next one, the last of it.
	s := tell(t, Config{})
	s.refers()
	s.r.Accept(s.now)
	s.token = Token{"NOTIFY", 93809823}
	s.see(s.answered(200))
	s.now = s.now.Add(100 * time.Millisecond)
	s.see(s.r.Progress(s.now, code(180)))
	s.now = s.now.Add(100 * time.Millisecond)
	s.see(s.r.Progress(s.now, code(183)))
	s.see(s.waits(799 * time.Millisecond))
	s.see(s.waits(time.Millisecond), "NOTIFY refer | active;expires=299 | 183 Session Progress")
	s.see(s.answered(200))
	// The end does not wait.
	s.see(s.r.Conclude(s.now, code(200)), "NOTIFY refer | terminated;reason=noresource | 200 OK")
}

func TestOneNotifyAtATime(t *testing.T) {
	s := tell(t, Config{})
	s.refers()
	s.see(s.r.Accept(s.now), "93809823: 202", "NOTIFY refer | active;expires=300 | 100 Trying")
	s.now = s.now.Add(5 * time.Second)
	s.see(s.r.Progress(s.now, code(180)))
	s.see(s.r.Progress(s.now, code(183)))
	s.see(s.r.Conclude(s.now, code(486)))
	s.see(s.r.Progress(s.now, code(180))) // a straggler
	s.see(s.r.Conclude(s.now, code(200))) // too late
	s.now = s.now.Add(5 * time.Second)
	s.see(s.answered(200), "NOTIFY refer | terminated;reason=noresource | 486 Busy Here")
	s.see(s.answered(100)) // a NOTIFY may be slow: nothing yet
	s.see(s.answered(200))
	s.over()
}

func TestCoalescedProgressAfterAnswer(t *testing.T) {
	s := tell(t, Config{})
	s.refers()
	s.see(s.r.Accept(s.now), "93809823: 202", "NOTIFY refer | active;expires=300 | 100 Trying")
	s.now = s.now.Add(5 * time.Second)
	s.see(s.r.Progress(s.now, code(180)))
	s.see(s.r.Progress(s.now, code(183)))
	s.see(s.answered(200), "NOTIFY refer | active;expires=295 | 183 Session Progress")
}

func TestNotifyFailsAndTheReferenceGoesOn(t *testing.T) {
	// RFC 3265 s3.2.2 with RFC 3515 s2.4.4.
	for _, status := range []int{481, 408, 503, 500, 405, 489, 603} {
		s := tell(t, Config{})
		s.refers()
		s.see(s.r.Accept(s.now), "93809823: 202", "NOTIFY refer | active;expires=300 | 100 Trying")
		s.see(s.r.Progress(s.now, code(180)))
		acts := s.answered(status)
		if len(acts) != 1 || acts[0].Report != (Unwatched{status}) {
			t.Fatalf("%d: %q", status, linesOf(acts))
		}
		if !s.r.Running() || s.r.Idle() {
			t.Fatalf("%d: the reference is forgotten", status)
		}
		s.see(s.waits(time.Hour))
		s.see(s.r.Progress(s.now, code(183)))
		s.see(s.comes("REFER", "Refer-To: <sip:d@atlanta.example.com>"), "93809824: 491")
		s.see(s.r.Conclude(s.now, code(200)))
		s.over()
	}
}

func TestFinalNotifyFails(t *testing.T) {
	s := tell(t, Config{})
	s.refers()
	s.r.Accept(s.now)
	s.token = Token{"NOTIFY", 93809823}
	s.see(s.answered(200))
	s.see(s.r.Conclude(s.now, code(200)), "NOTIFY refer | terminated;reason=noresource | 200 OK")
	s.see(s.answered(481))
	s.over()
}

func TestRetryAfter(t *testing.T) {
	s := tell(t, Config{})
	s.refers()
	s.see(s.r.Accept(s.now), "93809823: 202", "NOTIFY refer | active;expires=300 | 100 Trying")
	rest := Answer{Status: 500, RetryAfter: 7 * time.Second}
	s.see(s.r.Answered(s.now, s.token, rest))
	s.now = s.now.Add(2 * time.Second)
	s.see(s.r.Progress(s.now, code(180)))
	s.see(s.r.Conclude(s.now, code(200))) // rest is rest
	s.see(s.waits(4 * time.Second))
	s.see(s.waits(time.Second), "NOTIFY refer | terminated;reason=noresource | 200 OK")
	for range maxRefused - 1 {
		s.see(s.r.Answered(s.now, s.token, rest))
		s.see(s.waits(7*time.Second), "NOTIFY refer | terminated;reason=noresource | 200 OK")
	}
	s.see(s.r.Answered(s.now, s.token, rest)) // that was the fourth
	s.over()
}

func TestRetryAfterBeyondPatience(t *testing.T) {
	s := tell(t, Config{})
	s.refers()
	s.r.Accept(s.now)
	s.see(s.r.Answered(s.now, Token{"NOTIFY", 93809823}, Answer{Status: 503, RetryAfter: time.Hour}))
	s.see(s.r.Conclude(s.now, code(200)))
	s.see(s.waits(64 * time.Second))
	s.over()
}

func Test481WithRetryAfterIsGone(t *testing.T) {
	s := tell(t, Config{})
	s.refers()
	s.r.Accept(s.now)
	s.see(s.r.Answered(s.now, Token{"NOTIFY", 93809823}, Answer{Status: 481, RetryAfter: time.Second}), "Unwatched {481}")
}

func TestPendingThenAccepted(t *testing.T) {
	s := tell(t, Config{})
	s.refers()
	s.see(s.r.Pend(s.now), "93809823: 202", "NOTIFY refer | pending;expires=300 | 100 Trying")
	s.see(s.answered(200))
	s.see(s.r.Progress(s.now, code(180))) // RFC 3515 s2.4.5: 100 only
	s.now = s.now.Add(10 * time.Second)
	s.see(s.r.Accept(s.now), "NOTIFY refer | active;expires=290 | 100 Trying")
	s.see(s.r.Accept(s.now)) // once is enough
	s.see(s.r.Pend(s.now))   // and no way back
	s.see(s.answered(200))
	s.see(s.r.Conclude(s.now, code(200)), "NOTIFY refer | terminated;reason=noresource | 200 OK")
	s.see(s.answered(200))
	s.over()
}

func TestPendingThenRefused(t *testing.T) {
	// RFC 3515 s2.4.5: "SIP/2.0 603 Declined" when "approval was subsequently denied".
	s := tell(t, Config{})
	s.refers()
	s.see(s.r.Pend(s.now), "93809823: 202", "NOTIFY refer | pending;expires=300 | 100 Trying")
	s.see(s.answered(200))
	s.see(s.r.Refuse(s.now, Status{603, "Declined"}), "NOTIFY refer | terminated;reason=rejected | 603 Declined")
	s.see(s.answered(200))
	s.over()
}

func TestPendingForever(t *testing.T) {
	s := tell(t, Config{Expires: time.Minute})
	s.refers()
	s.see(s.r.Pend(s.now), "93809823: 202", "NOTIFY refer | pending;expires=60 | 100 Trying")
	s.see(s.answered(200))
	s.see(s.waits(time.Minute), "NOTIFY refer | terminated;reason=giveup | 100 Trying", "Unwatched {0}")
	s.see(s.answered(200))
	if !s.r.Running() {
		t.Fatal("nobody has said that the reference ends")
	}
	s.see(s.r.Refuse(s.now, code(603))) // nobody hears it
	s.see(s.r.Conclude(s.now, code(603)))
	s.over()
}

func TestOwnerTakesTooLong(t *testing.T) {
	// RFC 3515 s2.4.2: "the UA MUST return a 202 Accepted response before the REFER
	// transaction expires."
	s := tell(t, Config{AnswerWithin: 3 * time.Second})
	s.refers()
	s.see(s.waits(2999 * time.Millisecond))
	s.see(s.waits(time.Millisecond), "93809823: 202", "NOTIFY refer | pending;expires=300 | 100 Trying")
	s.see(s.r.Refuse(s.now, code(403))) // waits for the NOTIFY that is out
	s.see(s.answered(200), "NOTIFY refer | terminated;reason=rejected | 403 Forbidden")
	s.see(s.answered(200))
	s.over()
}

func TestRefuse(t *testing.T) {
	for _, c := range []struct {
		status Status
		want   string
	}{
		{code(403), "93809823: 403"},
		{Status{603, "Not\nNow"}, "93809823: 603 Not Now"},
		{code(200), "93809823: 603"}, // a refusal is no success
		{code(0), "93809823: 603"},
	} {
		s := tell(t, Config{})
		s.refers()
		s.see(s.r.Refuse(s.now, c.status), c.want)
		s.over()
	}
}

func TestActiveIsTooLateToRefuse(t *testing.T) {
	s := tell(t, Config{})
	s.refers()
	s.r.Accept(s.now)
	s.see(s.r.Refuse(s.now, code(603)))
	if !s.r.Running() {
		t.Fatal("the reference was ended by Refuse")
	}
}

func TestConcludeAtOnce(t *testing.T) {
	// RFC 3515 s2.4.4 lets an agent end the subscription with its first NOTIFY; here the
	// owner knows the end before it has accepted.
	s := tell(t, Config{})
	s.refers()
	s.see(s.r.Conclude(s.now, code(180))) // no end
	s.see(s.r.Conclude(s.now, code(404)), "93809823: 202", "NOTIFY refer | active;expires=300 | 100 Trying")
	s.see(s.answered(200), "NOTIFY refer | terminated;reason=noresource | 404 Not Found")
	s.see(s.answered(200))
	s.over()
}

func TestReferSubFalse(t *testing.T) {
	// RFC 4488: no subscription, and the 2xx says so.
	s := tell(t, Config{})
	s.refers("Refer-Sub: false", "Supported: norefersub")
	s.see(s.r.Accept(s.now), "93809823: 200 | Refer-Sub: false")
	s.see(s.r.Progress(s.now, code(180)))
	s.see(s.comes("SUBSCRIBE", "Event: refer"), "93809824: 403 No Such Subscription")
	s.see(s.waits(time.Hour))
	if !s.r.Running() {
		t.Fatal("the reference is forgotten")
	}
	s.see(s.comes("REFER", "Refer-To: <sip:c@h>"), "93809825: 491")
	s.see(s.r.Conclude(s.now, code(200)))
	s.over()
}

func TestReferSubFalsePending(t *testing.T) {
	s := tell(t, Config{})
	s.refers("Refer-Sub: FALSE;x=y")
	s.see(s.waits(5*time.Second), "93809823: 200 | Refer-Sub: false")
	s.see(s.r.Accept(s.now))
	s.see(s.r.Conclude(s.now, code(200)))
	s.over()
}

func TestReferSubFalseRefusedLater(t *testing.T) {
	s := tell(t, Config{})
	s.refers("Refer-Sub: false")
	s.see(s.r.Pend(s.now), "93809823: 200 | Refer-Sub: false")
	s.see(s.r.Refuse(s.now, code(603)))
	s.over()
}

func TestReferSubTrueIsAnOrdinaryRefer(t *testing.T) {
	s := tell(t, Config{})
	s.refers("Refer-Sub: true")
	s.see(s.r.Accept(s.now), "93809823: 202", "NOTIFY refer | active;expires=300 | 100 Trying")
}

func TestRefreshExtends(t *testing.T) {
	s := tell(t, Config{Expires: time.Minute})
	s.refers()
	s.see(s.r.Accept(s.now), "93809823: 202", "NOTIFY refer | active;expires=60 | 100 Trying")
	s.see(s.answered(200))
	s.now = s.now.Add(50 * time.Second)
	s.see(s.comes("SUBSCRIBE", "Event: refer", "Expires: 90"),
		"93809824: 200 | Expires: 90",
		"NOTIFY refer | active;expires=90 | 100 Trying")
	s.see(s.answered(200))
	s.see(s.waits(89 * time.Second))
	s.see(s.waits(time.Second), "NOTIFY refer | terminated;reason=timeout | 100 Trying", "Unwatched {0}")
	s.see(s.answered(200))
	s.see(s.r.Conclude(s.now, code(200)))
	s.over()
}

func TestRefreshTimes(t *testing.T) {
	for _, c := range []struct{ lines, want string }{
		{"Event: refer", "93809824: 200 | Expires: 300"},
		{"Event: refer;id=93809823\r\nExpires: 30", "93809824: 200 | Expires: 30"},
		{"Event: refer\r\nExpires: 999999", "93809824: 200 | Expires: 3600"},
		{"Event: REFER\r\nExpires: soon", "93809824: 200 | Expires: 3600"},
	} {
		s := tell(t, Config{})
		s.refers()
		s.r.Accept(s.now)
		s.see(s.comes("SUBSCRIBE", c.lines), c.want) // the NOTIFY waits for the one before
	}
}

func TestRefreshOfNothing(t *testing.T) {
	// RFC 3515 s2.4.4: 403; another package: 489.
	s := tell(t, Config{})
	s.see(s.comes("SUBSCRIBE", "Event: refer"), "93809823: 403 No Such Subscription")
	s.see(s.comes("SUBSCRIBE", "Event: presence"), "93809824: 489 | Allow-Events: refer")
	s.see(s.comes("SUBSCRIBE"), "93809825: 489 | Allow-Events: refer")
	s.see(s.comes("SUBSCRIBE", "Event: refer;id=x"), "93809826: 481 Subscription Does Not Exist")
	s.refers()
	s.see(s.comes("SUBSCRIBE", "Event: refer"), "93809828: 403 No Such Subscription") // not accepted yet
	s.r.Accept(s.now)
	s.see(s.comes("SUBSCRIBE", "Event: refer;id=1"), "93809829: 403 No Such Subscription")
	s.see(s.comes("SUBSCRIBE", "Event: refer;id=a;id=b"), "93809830: 400 Bad Event: parameter 'id' given twice")
}

func TestRefreshOfTheSecondNeedsItsID(t *testing.T) {
	s := tell(t, Config{})
	s.see(s.comes("REFER"), "93809823: 400 Missing Refer-To")
	s.refers()
	s.r.Accept(s.now)
	s.see(s.comes("SUBSCRIBE", "Event: refer"), "93809825: 403 No Such Subscription")
	s.see(s.comes("SUBSCRIBE", "Event: refer;id=93809824"), "93809826: 200 | Expires: 300")
}

func TestUnsubscribe(t *testing.T) {
	// RFC 3515 s2.4.4: the referenced request is not withdrawn.
	s := tell(t, Config{})
	s.refers()
	s.r.Accept(s.now)
	s.token = Token{"NOTIFY", 93809823}
	s.see(s.answered(200))
	s.now = s.now.Add(3 * time.Second)
	s.see(s.comes("SUBSCRIBE", "Event: refer", "Expires: 0"),
		"93809824: 200 | Expires: 0",
		"NOTIFY refer | terminated;reason=timeout | 100 Trying",
		"Unwatched {0}")
	s.see(s.answered(481)) // it has gone, as it said
	s.see(s.r.Progress(s.now, code(180)))
	if !s.r.Running() {
		t.Fatal("the reference was withdrawn")
	}
	s.see(s.r.Conclude(s.now, code(200)))
	s.over()
}

func TestTheEndOvertakesAnUnsentTimeout(t *testing.T) {
	// The subscription ends while a NOTIFY is out, then the reference does: the one
	// terminating NOTIFY says the latter.
	s := tell(t, Config{})
	s.refers()
	s.see(s.r.Accept(s.now), "93809823: 202", "NOTIFY refer | active;expires=300 | 100 Trying")
	s.see(s.comes("SUBSCRIBE", "Event: refer", "Expires: 0"), "93809824: 200 | Expires: 0", "Unwatched {0}")
	s.see(s.r.Conclude(s.now, code(486)))
	s.see(s.answered(200), "NOTIFY refer | terminated;reason=noresource | 486 Busy Here")
	s.see(s.answered(200))
	s.over()
}

func TestExpiry(t *testing.T) {
	s := tell(t, Config{Expires: 30 * time.Second})
	s.refers()
	s.see(s.r.Accept(s.now), "93809823: 202", "NOTIFY refer | active;expires=30 | 100 Trying")
	s.see(s.answered(200))
	s.see(s.waits(10 * time.Second))
	s.see(s.r.Progress(s.now, code(180)), "NOTIFY refer | active;expires=20 | 180 Ringing")
	s.see(s.answered(200))
	s.see(s.waits(20*time.Second), "NOTIFY refer | terminated;reason=timeout | 180 Ringing", "Unwatched {0}")
	s.see(s.answered(200))
	s.see(s.r.Conclude(s.now, code(200)))
	s.over()
}

func TestSilentDialogIsGivenUp(t *testing.T) {
	// Nobody ever answers, and the transaction is never heard of again.
	s := tell(t, Config{Expires: 30 * time.Second})
	s.refers()
	s.see(s.r.Accept(s.now), "93809823: 202", "NOTIFY refer | active;expires=30 | 100 Trying")
	s.see(s.waits(30*time.Second), "Unwatched {0}")
	s.see(s.r.Conclude(s.now, code(200)))
	s.see(s.waits(64 * time.Second))
	s.over()
}

func TestLateCommandsMeetTheExpiry(t *testing.T) {
	// The owner's timer was late: what is due comes first.
	s := tell(t, Config{Expires: 30 * time.Second})
	s.refers()
	s.see(s.r.Accept(s.now), "93809823: 202", "NOTIFY refer | active;expires=30 | 100 Trying")
	s.see(s.answered(200))
	s.now = s.now.Add(31 * time.Second)
	s.see(s.r.Progress(s.now, code(180)), "NOTIFY refer | terminated;reason=timeout | 100 Trying", "Unwatched {0}")
}

func TestAnswersThatNobodyAwaits(t *testing.T) {
	s := tell(t, Config{})
	s.see(s.r.Answered(s.now, Token{"NOTIFY", 1}, Answer{Status: 200}))
	s.see(s.r.Answered(s.now, Token{}, Answer{Status: 481}))
	s.refers()
	s.see(s.r.Answered(s.now, Token{"NOTIFY", 93809823}, Answer{Status: 481}))
	s.see(s.r.Accept(s.now), "93809823: 202", "NOTIFY refer | active;expires=300 | 100 Trying")
}

func TestDropOfANotifier(t *testing.T) {
	s := tell(t, Config{})
	s.refers()
	s.see(s.r.Drop(), "93809823: 481")
	s.over()
	s.refers()
	s.r.Accept(s.now)
	s.see(s.r.Drop())
	s.see(s.r.Conclude(s.now, code(200)))
	s.over()
}

func TestRefusalsInARowAreCounted(t *testing.T) {
	s := tell(t, Config{})
	s.refers()
	s.see(s.r.Accept(s.now), "93809823: 202", "NOTIFY refer | active;expires=300 | 100 Trying")
	rest := Answer{Status: 503, RetryAfter: time.Second}
	for _, left := range []string{"299", "298", "297"} {
		s.see(s.r.Answered(s.now, s.token, rest))
		s.see(s.waits(time.Second), "NOTIFY refer | active;expires="+left+" | 100 Trying")
	}
	s.see(s.answered(200)) // and the count begins anew
	s.see(s.r.Progress(s.now, code(180)))
	s.see(s.waits(time.Second), "NOTIFY refer | active;expires=296 | 180 Ringing")
	s.see(s.r.Answered(s.now, s.token, rest))
	s.see(s.waits(time.Second), "NOTIFY refer | active;expires=295 | 180 Ringing")
}
