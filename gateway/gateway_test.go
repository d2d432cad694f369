package gateway_test

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/gateway"
	"github.com/tandem-gateway/tandem/internal/phone"
)

// A new gateway listens where its configuration says, and is nothing any more when
// Run has returned.
func TestBinds(t *testing.T) {
	play(t, func(h *house) {
		if got := h.gateway.Addresses(); !slices.Equal(got, []netip.AddrPort{gatewayAt, gatewayAt}) {
			t.Errorf("listens on %v", got)
		}
		want := []string{"listen " + gatewayAt.String(), "udp " + gatewayAt.String()}
		if open := h.net.Open(); !slices.Equal(open, want) {
			t.Errorf("open: %v", open)
		}
		h.says("listening", "UDP", gatewayAt.String())
		if live := h.gateway.Live(); live != (gateway.Live{}) {
			t.Errorf("live: %+v", live)
		}
		if d := h.drained(); d > 100*time.Millisecond {
			t.Errorf("stopping an idle gateway took %v", d)
		}
	})
}

// What cannot be had is an error that names it, and leaves nothing open.
func TestWhatCannotBeHad(t *testing.T) {
	for _, c := range []struct {
		name    string
		take    func(h *house) error
		changes []string
		want    string
	}{
		{"UDP port", func(h *house) error { _, err := h.net.ListenUDP(gatewayAt); return err }, nil, "udp://198.51.100.1:5060"},
		{"TCP port", func(h *house) error { _, err := h.net.ListenTCP(gatewayAt); return err }, nil, "tcp://198.51.100.1:5060"},
		{"records", nil, []string{"calls.jsonl", "none/calls.jsonl"}, "none/calls.jsonl"},
		{"number", nil, []string{`"+14255550101"`, `"+142555501"`}, "tandem.yaml:10:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				if c.take != nil {
					if err := c.take(h); err != nil {
						t.Fatal(err)
					}
				}
				before := h.net.Open()
				g, err := gateway.New(h.options(h.config(c.changes...)))
				if g != nil {
					over, cancel := context.WithCancel(t.Context())
					cancel()
					_ = g.Run(over)
				}
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error is %v, and does not name %s", err, c.want)
				}
				synctest.Wait()
				if open := h.net.Open(); !slices.Equal(open, before) {
					t.Errorf("open: %v", open)
				}
				h.net.Close()
			})
		})
	}
}

// The least that a gateway needs: no log, no trace, no events, no records.
func TestBareOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.run(gateway.Options{Config: h.config(`cdr: {path: "`+h.records()+`"}`, ""), Network: network{h.net}})
		h.pstn(carrierAt)
		alice := h.phone("alice", aliceAt)
		h.call(alice, "4255550100")
		h.hangup(alice)
		h.end()
		if _, err := os.Stat(h.records()); !os.IsNotExist(err) {
			t.Errorf("there are records: %v", err)
		}
	})
}

// A call from registering to its record, as an operator reads it.
func TestCall(t *testing.T) {
	play(t, func(h *house) {
		h.pstn(carrierAt)
		alice := h.phone("alice", aliceAt)
		if live := h.gateway.Live(); live.Phones != 1 {
			t.Errorf("live: %+v", live)
		}
		h.call(alice, "4255550100")
		if live := h.gateway.Live(); live != (gateway.Live{Calls: 1, Ports: 2, Phones: 1, Records: 1}) {
			t.Errorf("live: %+v", live)
		}
		if err := alice.Talk(); err != nil {
			t.Error(err)
		}
		alice.Run(h.t.Context(), 2*time.Second)
		h.hangup(alice)
		h.pass(time.Second)
		if live := h.gateway.Live(); live != (gateway.Live{Phones: 1}) {
			t.Errorf("live: %+v", live)
		}

		r := h.wantRecords(h.records(), "answered")[0]
		if r.Caller.User != "alice" || r.Callee != "+14255550100" || r.Trunk != "carrier" || r.CallerID != "+14255550101" ||
			r.EndedBy != "caller" || r.Status != 200 || r.Q850 != 16 || r.Duration < 2000 || r.Duration > 2100 {
			t.Errorf("record: %+v", r)
		}
		if len(r.Media) != 2 || r.Media[0].Participant != 1 || r.Media[0].Packets < 90 || r.Media[1].Packets < 90 ||
			r.Media[0].Relayed < 90 || r.Media[1].Relayed < 90 {
			t.Errorf("media: %+v", r.Media)
		}
		id := "call=" + r.ID
		h.says("call received", id, "user=alice", `dialled=4255550100`, "source=192.0.2.10:5060")
		h.says("call routed", id, "callee=+14255550100", "route=us")
		h.says("attempt", id, "trunk=carrier", "target=")
		for _, s := range []string{"connecting", "earlyMedia", "connected", "disconnecting", "disconnected"} {
			h.says("call state", id, "to="+s)
		}
		h.says("call state", id, "to=disconnecting", "by=caller", "status=200", "q850=16")
	})
}

// The embedder hears of a call's end when its record is written.
func TestRecordComesBeforeTheEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		o := h.options(h.config())
		records := -1
		o.Events = func(e event.Event) {
			if _, ends := e.(event.CallEnded); ends {
				records = len(h.recorded(h.records()))
			}
		}
		h.run(o)
		h.pstn(carrierAt)
		alice := h.phone("alice", aliceAt)
		h.refused(alice, "4255550103", 404)
		h.pass(time.Second)
		if records != 1 {
			t.Errorf("%d records at the end of the call", records)
		}
		h.end()
	})
}

// Two gateways in one process, one the other's trunk: each has its own calls,
// numbers, records and sockets.
func TestTwoGateways(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		second := netip.MustParseAddrPort("203.0.113.5:5060") // where the first has its carrier
		h.start(h.config())
		other := newHouse(t)
		other.net, other.pump = h.net, h.pump
		other.start(other.config("udp://198.51.100.1:5060, tcp://198.51.100.1:5060", "udp://"+second.String(),
			"203.0.113.5:5060\n", "198.51.100.1:5060\n", "203.0.113.5/32", "198.51.100.1/32",
			"+14255550101", "+12065550177", "name: alice", "name: bob", "secret-of-alice", "secret-of-bob"))
		alice := h.phone("alice", aliceAt)
		place := h.place(netip.MustParseAddrPort("192.0.2.20:5060"))
		place.Gateway = second
		bob, err := phone.NewPhone(place, phone.Credentials{User: "bob", Password: "secret-of-bob"}, "example.test")
		if err != nil {
			t.Fatal(err)
		}
		if err := bob.Register(t.Context(), 600); err != nil {
			t.Fatal(err)
		}
		h.refused(alice, "2065550177", 486) // a phone of this kind is busy for everybody
		h.pass(2 * time.Second)
		first, last := h.wantRecords(h.records(), "busy")[0], other.wantRecords(other.records(), "busy")[0]
		if first.Caller.User != "alice" || last.Caller.Trunk != "carrier" || first.ID == last.ID {
			t.Errorf("records:\n%+v\n%+v", first, last)
		}
		if len(h.told()) == 0 || len(other.told()) == 0 || h.told()[0].Of().Call == other.told()[0].Of().Call {
			t.Error("the events are mixed up")
		}
		// One stops, the other goes on.
		other.drained()
		h.refused(alice, "2065550177", 408)
		h.end()
		other.pump = nil
	})
}

// --trace sip prints every message whole, with its way.
func TestTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		var trace bytes.Buffer
		o := h.options(h.config())
		o.Trace = &trace
		h.run(o)
		h.phone("alice", aliceAt)
		h.end()
		for _, want := range []string{
			"UDP 198.51.100.1:5060 <- 192.0.2.10:5060\nREGISTER sip:example.test SIP/2.0\r\n",
			"UDP 198.51.100.1:5060 -> 192.0.2.10:5060\nSIP/2.0 401 Unauthorized\r\n", "SIP/2.0 200 OK\r\n",
		} {
			if !strings.Contains(trace.String(), want) {
				t.Errorf("the trace has no %q:\n%s", want, &trace)
			}
		}
	})
}

// What is wrong with the dialplan is told with file, line and column, everything at
// once and each thing once.
func TestFaultsOfTheDialplan(t *testing.T) {
	h := newHouse(t)
	const short = `"+142555501"` // a number whose form is right, and which is none
	number := []string{`["+14255550101"]`, `["+14255550101", ` + short + `]`}
	route := []string{`to: "+1"`, "to: \"+1\"\n    caller_id: " + short}
	const numberFault, routeFault = `tandem.yaml:10:31: users[0].numbers[1]: "+142555501"`, `tandem.yaml:18:16: routes[0].caller_id: "+142555501"`
	for _, c := range []struct{ change, want []string }{
		{number, []string{numberFault}},
		{route, []string{routeFault}},
		{append(number, route...), []string{numberFault, routeFault}},
	} {
		_, err := gateway.Check(h.config(c.change...))
		if err == nil {
			t.Errorf("%q is good", c.change)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(c.want) {
			t.Errorf("%d faults, not %d:\n%v", len(lines), len(c.want), err)
			continue
		}
		for i, want := range c.want {
			if !strings.HasPrefix(lines[i], want+": ") {
				t.Errorf("fault is\n%s\nnot\n%s", lines[i], want)
			}
		}
	}
	warnings, err := gateway.Check(h.config())
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "routes: ") || !strings.Contains(warnings[0], "emergency") {
		t.Errorf("the base configuration: %v %v", warnings, err)
	}
}

// Ports used up: 503 for the one call that finds none, and the log says why; the
// others go on, and when they end there is room again.
func TestNoPortsLeft(t *testing.T) {
	play(t, func(h *house) {
		h.pstn(carrierAt)
		alice, second := h.phone("alice", aliceAt), h.phone("alice", netip.MustParseAddrPort("192.0.2.11:5060"))
		h.call(alice, "4255550100")
		h.refused(second, "4255550100", 503)
		h.says("no media", "level=ERROR")
		h.pass(time.Second)
		h.hangup(alice)
		h.pass(time.Minute) // the ports rest after use
		h.call(second, "4255550100")
		h.hangup(second)
		h.pass(time.Second)
		h.wantRecords(h.records(), "failed", "answered", "answered")
	}, "20000-20099", "20000-20003")
}

// Nobody is disturbed by a full disk: the call goes on and is only not recorded.
func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full here; it is on every Linux")
	}
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		c := h.config(h.records(), "/dev/full")
		h.start(c)
		h.pstn(carrierAt)
		alice := h.phone("alice", aliceAt)
		for range 3 {
			h.call(alice, "4255550100")
			h.hangup(alice)
		}
		h.says("call records are being lost", "no space left")
		if n := strings.Count(h.logged(), "being lost"); n != 1 {
			t.Errorf("it is said %d times", n)
		}
		h.end()
	})
}
