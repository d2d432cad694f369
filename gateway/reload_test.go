package gateway_test

import (
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

func gatewayPeer(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// reload puts the base configuration with changes into force.
func (h *house) reload(changes ...string) {
	h.t.Helper()
	if err := h.gateway.Reload(h.config(changes...)); err != nil {
		h.t.Fatal(err)
	}
}

const bob = `    numbers: ["+14255550101"]
  - name: bob
    password: secret-of-bob
    numbers: ["+14255550102"]
`

// Users, trunks and routes come and go for the next call, while a call goes on.
func TestReload(t *testing.T) {
	play(t, func(h *house) {
		backupAt := gatewayPeer("203.0.113.6:5060")
		h.pstn(carrierAt)
		h.pstn(backupAt)
		alice := h.phone("alice", aliceAt)
		h.call(alice, "4255550100")

		second := h.caller("bob", gatewayPeer("192.0.2.20:5060"))
		if err := second.Register(h.t.Context(), 600); err == nil {
			t.Error("bob has registered, who is nobody yet")
		}
		h.reload("    numbers: [\"+14255550101\"]\n", bob,
			"    sources: [203.0.113.5/32]\n", "    sources: [203.0.113.5/32]\n  - name: backup\n    address: sip:203.0.113.6:5060\n",
			"    trunks: [carrier]\n", "    trunks: [backup]\n")
		h.says("changed", "users[bob] added")
		h.says("changed", "trunks[backup] added")
		h.says("changed", "routes[us].trunks changed")
		h.says("reloaded")
		if err := second.Register(h.t.Context(), 600); err != nil {
			t.Error(err)
		}
		h.call(second, "4255550100")
		h.hangup(second)

		h.clearLog()
		h.reload(`to: "+1"`, `to: "+44"`, "name: alice", "name: carol")
		h.says("changed", "users[bob] removed")
		h.says("changed", "users[alice] removed")
		h.says("changed", "users[carol] added")
		third := h.caller("alice", gatewayPeer("192.0.2.30:5060"))
		h.refused(third, "4255550100", 401)
		if alice.HungUp() {
			t.Error("the call that was up has ended")
		}
		alice.Run(h.t.Context(), time.Second)
		h.hangup(alice)
		h.pass(time.Second)
		list := h.wantRecords(h.records(), "answered", "answered")
		if list[0].Trunk != "backup" || list[0].Caller.User != "bob" || list[1].Trunk != "carrier" {
			t.Errorf("records: %+v", list)
		}
	})
}

// What only a restart changes is named, each time, and stays as it was.
func TestReloadThatNeedsARestart(t *testing.T) {
	play(t, func(h *house) {
		h.pstn(carrierAt)
		alice := h.phone("alice", aliceAt)
		changes := []string{
			"udp://198.51.100.1:5060, tcp://198.51.100.1:5060", "udp://198.51.100.1:6060",
			"domain: example.test", "domain: other.test", "20000-20099", "30000-30099", "drain: 10s", "drain: 20s",
		}
		for range 2 {
			h.clearLog()
			h.reload(changes...)
			for _, key := range []string{"sip.listen", "sip.domain", "rtp.ports"} {
				h.says("level=WARN", "needs a restart", key)
			}
			h.call(alice, "4255550100")
			h.hangup(alice)
		}
		h.clearLog()
		h.reload()
		h.says("changed", "drain")
		if strings.Contains(h.logged(), "restart") {
			t.Errorf("back where it was, a restart is still asked for:\n%s", h.logged())
		}
		h.pass(time.Second)
		h.wantRecords(h.records(), "answered", "answered")
	})
}

// A configuration that is wrong changes nothing at all.
func TestReloadOfAWrongConfiguration(t *testing.T) {
	play(t, func(h *house) {
		h.pstn(carrierAt)
		alice := h.phone("alice", aliceAt)
		err := h.gateway.Reload(h.config(`"+14255550101"`, `"+142555501"`, `to: "+1"`, `to: "+44"`, "calls.jsonl", "other.jsonl"))
		if err == nil || !strings.Contains(err.Error(), "tandem.yaml:10:15: ") {
			t.Errorf("error is %v", err)
		}
		err = h.gateway.Reload(h.config("calls.jsonl", "none/calls.jsonl", `to: "+1"`, `to: "+44"`))
		if err == nil || !strings.Contains(err.Error(), "none/calls.jsonl") {
			t.Errorf("error is %v", err)
		}
		h.call(alice, "4255550100")
		h.hangup(alice)
		h.pass(time.Second)
		h.wantRecords(h.records(), "answered")
		if entries, _ := os.ReadDir(h.dir); len(entries) != 1 {
			t.Errorf("files: %v", entries)
		}
	})
}

// The records go on in another file, also that of a call that was up.
func TestReloadMovesTheRecords(t *testing.T) {
	play(t, func(h *house) {
		h.pstn(carrierAt)
		alice := h.phone("alice", aliceAt)
		h.refused(alice, "4255550101", 486)
		h.call(alice, "4255550100")
		h.pass(time.Second)
		h.reload("calls.jsonl", "other.jsonl")
		h.says("changed", "cdr.path")
		h.hangup(alice)
		h.pass(time.Second)
		h.wantRecords(h.records(), "busy")
		h.wantRecords(strings.Replace(h.records(), "calls", "other", 1), "answered")
		h.reload(`cdr: {path: "`+h.records()+`"}`, "")
		h.refused(alice, "4255550103", 404)
		h.pass(time.Second)
		h.reload()
		h.refused(alice, "4255550103", 404)
		h.pass(time.Second)
		h.wantRecords(h.records(), "busy", "refused")
	})
}

// Times change for the next call: the silence after which one is ended.
func TestReloadOfTimes(t *testing.T) {
	play(t, func(h *house) {
		h.pstn(carrierAt)
		alice := h.phone("alice", aliceAt)
		h.reload("{ports: 20000-20099}", "{ports: 20000-20099, timeout: 5s}", "drain: 10s", "drain: 0s")
		h.call(alice, "4255550100")
		alice.Run(h.t.Context(), 20*time.Second) // the callee talks
		if alice.HungUp() {
			t.Error("the call has ended while one side talked")
		}
		h.net.Partition(carrierAt.Addr(), gatewayAt.Addr())
		alice.Run(h.t.Context(), 10*time.Second)
		if !alice.HungUp() {
			t.Error("a call without a sound goes on")
		}
		h.net.Heal(carrierAt.Addr(), gatewayAt.Addr())
		h.pass(40 * time.Second)
		r := h.wantRecords(h.records(), "answered")[0]
		if r.EndedBy != "gateway" || r.Status != 408 || r.Q850 != 102 {
			t.Errorf("record: %+v", r)
		}
		if d := h.drained(); d > time.Second {
			t.Errorf("stopped after %v", d)
		}
	})
}
