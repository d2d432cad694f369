package gateway_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/event"
)

// A call may go on while the gateway drains, new ones are told to come again later,
// and when it is over the gateway stops without waiting for the rest of its time.
func TestDrainWaitsForCalls(t *testing.T) {
	play(t, func(h *house) {
		h.pstn(carrierAt)
		alice, other := h.phone("alice", aliceAt), h.caller("+12065550123", gatewayPeer("203.0.113.5:5070"))
		h.call(alice, "4255550104") // the callee hangs up after 5 s
		h.stop()
		h.pass(time.Second)
		h.says("draining", "calls=1", "for=10s")
		refused := h.refused(other, "+14255550101", 503)
		if n, err := strconv.Atoi(refused.Get("Retry-After")); err != nil || n < 1 || n > 11 {
			t.Errorf("Retry-After is %q", refused.Get("Retry-After"))
		}
		if live := h.gateway.Live(); live.Calls != 1 {
			t.Errorf("live: %+v", live)
		}
		if d := h.drained(); d > 5*time.Second {
			t.Errorf("stopped %v after the call could have ended", d)
		}
		if !alice.HungUp() {
			t.Error("alice's call goes on")
		}
		r := h.wantRecords(h.records(), "answered")[0]
		if r.EndedBy != "callee" {
			t.Errorf("record: %+v", r)
		}
	})
}

// What is still up when the time is over is ended by the gateway, both sides, with
// its record.
func TestDrainEndsCalls(t *testing.T) {
	play(t, func(h *house) {
		h.pstn(carrierAt)
		alice := h.phone("alice", aliceAt)
		h.call(alice, "4255550100")
		if d := h.drained(); d < 10*time.Second || d > 11*time.Second {
			t.Errorf("stopped after %v", d)
		}
		if !alice.HungUp() {
			t.Error("alice's call goes on")
		}
		h.says("ending calls", "calls=1")
		r := h.wantRecords(h.records(), "answered")[0]
		if r.EndedBy != "gateway" || r.Cause != "the gateway is shutting down" {
			t.Errorf("record: %+v", r)
		}
	})
}

// A call that rings when the time is over is refused to its caller and withdrawn
// from its callee.
func TestDrainEndsRinging(t *testing.T) {
	play(t, func(h *house) {
		h.pstn(carrierAt)
		alice := h.phone("alice", aliceAt)
		alice.Dial("sip:4255550102@example.test") // it rings for ever
		if _, err := alice.Ringing(h.t.Context(), 5*time.Second); err != nil {
			t.Fatal(err)
		}
		if d := h.drained(); d < 10*time.Second || d > 11*time.Second {
			t.Errorf("stopped after %v", d)
		}
		r := h.wantRecords(h.records(), "failed")[0]
		if r.Status != 503 || r.EndedBy != "gateway" || len(r.Attempts) != 1 || r.Attempts[0].Ended.IsZero() {
			t.Errorf("record: %+v", r)
		}
	})
}

// A drain of nothing ends the calls at once.
func TestNoDrain(t *testing.T) {
	play(t, func(h *house) {
		h.pstn(carrierAt)
		alice := h.phone("alice", aliceAt)
		h.call(alice, "4255550100")
		if d := h.drained(); d > time.Second {
			t.Errorf("stopped after %v", d)
		}
		h.wantRecords(h.records(), "answered")
	}, "drain: 10s", "drain: 0s")
}

// Parties that do not answer their BYE any more hold up nothing for long: the
// records are written, and no goroutine, port or call is left.
func TestDrainOfDeadParties(t *testing.T) {
	play(t, func(h *house) {
		h.pstn(carrierAt)
		alice := h.phone("alice", aliceAt)
		h.call(alice, "4255550100")
		h.net.Partition(aliceAt.Addr(), gatewayAt.Addr())
		h.net.Partition(carrierAt.Addr(), gatewayAt.Addr())
		if d := h.drained(); d < 14*time.Second || d > 16*time.Second {
			t.Errorf("stopped after %v", d)
		}
		if live := h.gateway.Live(); live.Calls != 0 || live.Ports != 0 || live.Records != 0 {
			t.Errorf("left: %+v", live)
		}
		r := h.wantRecords(h.records(), "answered")[0]
		if r.EndedBy != "gateway" || r.Duration < 10_000 || r.Duration > 10_100 {
			t.Errorf("record: %+v", r)
		}
		ended := 0
		for _, e := range h.told() {
			if _, is := e.(event.CallEnded); is {
				ended++
			}
		}
		if ended != 1 {
			t.Errorf("the call has ended %d times", ended)
		}
	})
}
