package test

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestManyCalls: 200 calls at 20 a second, each with its own challenge, are all
// answered, and each has its record.
func TestManyCalls(t *testing.T) {
	const calls = 200
	s := newStage(t, house)
	s.register(aliceHost, alice)
	called := s.called(carrierHost, "called", "ring", "answer", "hungup")
	calling := s.calling(aliceHost, alice, "+14255550100", "call_digest", "ringing", "answered", "talk", "hangup")
	called.Calls, calling.Calls = calls, calls
	called.Rate, calling.Rate = 20, 20
	called.Limit, calling.Limit = time.Minute, time.Minute
	calling.Talk = time.Second
	carrier, desk := s.start(called), s.start(calling)
	stats, err := desk.run.Finish(time.Minute)
	if err != nil || stats.Succeeded != calls {
		t.Fatalf("%+v: %v", stats, err)
	}
	if stats := carrier.done(); stats.Succeeded != calls {
		t.Errorf("the carrier's side: %+v", stats)
	}
	s.record(calls)
	records, err := s.gateway.AllRecords(calls, patience)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range records {
		if r.Disposition != "answered" || r.Duration < 900 || seen[r.ID] {
			t.Errorf("record: %+v", r)
		}
		seen[r.ID] = true
	}
}

// TestReload: a call that is up goes on under a new configuration, and the next
// one is routed by it.
func TestReload(t *testing.T) {
	s := newStage(t, house)
	carrier := s.callee(carrierHost, "called", "ring", "answer", "hungup")
	desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "ringing", "answered", "wait", "hangup")
	invite := carrier.saw("called")
	desk.saw("ringing")
	answer := desk.saw("answered")
	mine, theirs := s.talk(aliceHost, answer, carrierHost, invite)

	if err := s.gateway.Reload(s.fill(strings.Replace(house, "trunks: [carrier, backup]", "trunks: [backup]", 1))); err != nil {
		t.Fatal(err)
	}
	backup := s.callee(backupHost, "called", "ring", "answer", "hungup")
	second := s.caller(bobHost, bob, "+14255550100", "call_digest", "ringing", "answered", "wait", "hangup")
	backup.saw("called")
	second.saw("ringing")
	second.saw("answered")
	second.proceed()
	second.done()
	backup.done()
	if r := s.record(1); r.Trunk != "backup" {
		t.Errorf("record of the second call: %+v", r)
	}

	mine.hears(high)
	theirs.hears(low)
	desk.proceed()
	desk.done()
	carrier.done()
	s.answered(s.record(2), "caller")
}

// TestReloadOfNonsense: a configuration with a fault changes nothing and is named
// by line and column.
func TestReloadOfNonsense(t *testing.T) {
	s := newStage(t, house)
	if err := s.gateway.Write("region: US\nsip:\n  lisen: [udp://127.0.0.1:5060]\n"); err != nil {
		t.Fatal(err)
	}
	s.gateway.Signal(syscall.SIGHUP)
	if err := s.gateway.Printed("not reloaded", patience); err != nil {
		t.Fatal(err)
	}
	if s.gateway.Count(":3:3") == 0 {
		t.Error("the log does not say line 3, column 3")
	}
	s.register(aliceHost, alice)
}

// TestDrain: after SIGTERM new calls are refused, and the one that is up goes on
// until it ends; then the gateway ends.
func TestDrain(t *testing.T) {
	s := newStage(t, house)
	carrier := s.callee(carrierHost, "called", "ring", "answer", "hungup")
	desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "ringing", "answered", "wait", "hangup")
	invite := carrier.saw("called")
	desk.saw("ringing")
	answer := desk.saw("answered")
	mine, theirs := s.talk(aliceHost, answer, carrierHost, invite)

	s.gateway.Signal(syscall.SIGTERM)
	if err := s.gateway.Printed("msg=draining", patience); err != nil {
		t.Fatal(err)
	}
	late := s.caller(bobHost, bob, "+14255550100", "call_digest", "refused")
	m := late.saw("refused")
	s.status(m, 503)
	// RFC 3261 s21.5.4: "The server MAY indicate when the client should retry the
	// request in a Retry-After header field".
	if seconds, err := strconv.Atoi(m.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("Retry-After: %q", m.Get("Retry-After"))
	}
	late.done()
	mine.hears(high)
	theirs.hears(low)
	desk.proceed()
	desk.done()
	carrier.done()
	if code, err := s.gateway.Wait(patience); err != nil || code != 0 {
		t.Errorf("the gateway's end: code %d, %v", code, err)
	}
	records, err := s.gateway.AllRecords(1, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.answered(records[len(records)-1], "caller")
}

// TestDrainIsOver: a call that outlives the drain time is ended on both sides.
func TestDrainIsOver(t *testing.T) {
	s := newStage(t, strings.Replace(house, "drain: 20s", "drain: 500ms", 1))
	carrier := s.callee(carrierHost, "called", "ring", "answer", "hungup")
	desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "ringing", "answered", "hungup")
	carrier.saw("called")
	desk.saw("ringing")
	desk.saw("answered")
	carrier.saw("acknowledged")
	if err := s.gateway.Stop(0); err != nil {
		t.Error(err)
	}
	for _, p := range []*party{desk, carrier} {
		if reason := p.saw("hungup").Get("Reason"); reason == "" {
			t.Errorf("%s is hung up on without a Reason", p.name)
		}
		p.done()
	}
	if r := s.record(1); r.Disposition != "answered" || r.EndedBy != "gateway" {
		t.Errorf("record: %+v", r)
	}
}
