package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/cdr"
	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/gateway"
	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/internal/simnet"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// Who stands where.
var (
	gatewayAt = netip.MustParseAddrPort("198.51.100.1:5060")
	carrierAt = netip.MustParseAddrPort("203.0.113.5:5060")
	aliceAt   = netip.MustParseAddrPort("192.0.2.10:5060")
)

// network gives a simulated network the gateway's form.
type network struct{ *simnet.Net }

func (n network) ListenUDP(at netip.AddrPort) (transport.PacketConn, error) {
	return n.Net.ListenUDP(at)
}

// base is the configuration of most stories; RECORDS is where its records go.
const base = `sip:
  listen: [udp://198.51.100.1:5060, tcp://198.51.100.1:5060]
  domain: example.test
rtp: {ports: 20000-20099}
cdr: {path: "RECORDS"}
drain: 10s
users:
  - name: alice
    password: secret-of-alice
    numbers: ["+14255550101"]
trunks:
  - name: carrier
    address: sip:203.0.113.5:5060
    sources: [203.0.113.5/32]
routes:
  - name: us
    to: "+1"
    trunks: [carrier]
`

// house is a gateway on a simulated network with the parties around it, which run
// while the story waits. It lives in a synctest bubble.
type house struct {
	t       *testing.T
	net     *simnet.Net
	pump    *phone.Pump
	dir     string
	gateway *gateway.Gateway
	stop    context.CancelFunc
	done    chan error

	mu     sync.Mutex // of what calls and readers write
	log    bytes.Buffer
	events []event.Event
}

// Write is the log's.
func (h *house) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.Write(b)
}

func (h *house) publish(e event.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

// logged is the whole log.
func (h *house) logged() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.String()
}

// told is what the embedder has heard of the calls.
func (h *house) told() []event.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.events)
}

// says wants a line of the log with all of these words.
func (h *house) says(words ...string) {
	h.t.Helper()
	for line := range strings.Lines(h.logged()) {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
			return
		}
	}
	h.t.Errorf("no line of the log says %q", words)
}

// clearLog forgets what the log says.
func (h *house) clearLog() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log.Reset()
}

// play runs a story in a house with the base configuration, changed by pairs of old
// and new text.
func play(t *testing.T, story func(h *house), changes ...string) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.start(h.config(changes...))
		story(h)
		h.end()
	})
}

func newHouse(t *testing.T) *house {
	return &house{t: t, net: simnet.New(1), pump: phone.NewPump(), dir: t.TempDir()}
}

// text is the base configuration with changes.
func (h *house) text(changes ...string) string {
	h.t.Helper()
	text := strings.Replace(base, "RECORDS", h.records(), 1)
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			h.t.Fatalf("the configuration has no %q", changes[i])
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	return text
}

func (h *house) config(changes ...string) *config.Config {
	h.t.Helper()
	c, err := config.Parse("tandem.yaml", []byte(h.text(changes...)))
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func (h *house) options(c *config.Config) gateway.Options {
	return gateway.Options{
		Config: c, Network: network{h.net}, Events: h.publish,
		Log: slog.New(slog.NewTextHandler(h, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

func (h *house) start(c *config.Config) { h.run(h.options(c)) }

func (h *house) run(o gateway.Options) {
	h.t.Helper()
	g, err := gateway.New(o)
	if err != nil {
		h.t.Fatal(err)
	}
	h.gateway, h.done = g, make(chan error, 1)
	var ctx context.Context
	ctx, h.stop = context.WithCancel(context.Background())
	go func() { h.done <- g.Run(ctx) }()
	h.t.Cleanup(func() {
		h.drained()
		h.leave()
		if h.t.Failed() {
			h.t.Logf("the log:\n%s", h.logged())
		}
	})
}

// end stops the gateway and wants nothing to be left: not of it, nor a socket, nor,
// as the bubble sees to, a goroutine.
func (h *house) end() {
	h.t.Helper()
	h.drained()
	if live := h.gateway.Live(); live.Calls != 0 || live.Ports != 0 || live.Records != 0 {
		h.t.Errorf("left: %+v", live)
	}
	h.leave()
	if open := h.net.Open(); len(open) > 0 {
		h.t.Errorf("open: %v", open)
	}
}

// drained stops the gateway, while the parties go on, and gives how long it took.
func (h *house) drained() time.Duration {
	h.t.Helper()
	began := time.Now()
	if h.stop == nil {
		return 0
	}
	h.stop()
	h.stop = nil
	ctx, stopped := context.WithCancel(context.Background())
	go func() {
		if err := <-h.done; err != nil {
			h.t.Error(err)
		}
		stopped()
	}()
	h.pump.Run(ctx, began.Add(time.Hour), never)
	if ctx.Err() == nil {
		h.t.Error("the gateway does not stop")
	}
	return time.Since(began)
}

// leave ends the parties.
func (h *house) leave() {
	if h.pump != nil {
		h.pump.Close()
		h.pump = nil
	}
	synctest.Wait()
}

// pass lets time go by.
func (h *house) pass(d time.Duration) {
	h.pump.Run(context.Background(), time.Now().Add(d), never)
	synctest.Wait()
}

func never() bool { return false }

// place is where a party stands.
func (h *house) place(at netip.AddrPort) phone.Place {
	return phone.Place{
		Pump: h.pump, Local: at, Gateway: gatewayAt,
		Listen: func(at netip.AddrPort) (phone.PacketConn, error) { return h.net.ListenUDP(at) },
	}
}

// phone enters one that has registered.
func (h *house) phone(user string, at netip.AddrPort) *phone.Phone {
	h.t.Helper()
	p := h.caller(user, at)
	if err := p.Register(h.t.Context(), 3600); err != nil {
		h.t.Fatal(err)
	}
	return p
}

// caller enters a party that has not registered: a trunk's, say.
func (h *house) caller(user string, at netip.AddrPort) *phone.Phone {
	h.t.Helper()
	p, err := phone.NewPhone(h.place(at), phone.Credentials{User: user, Password: "secret-of-" + user}, "example.test")
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// pstn enters a telephone network that answers by its numbers.
func (h *house) pstn(at netip.AddrPort) {
	h.t.Helper()
	if _, err := phone.NewPSTN(h.place(at)); err != nil {
		h.t.Fatal(err)
	}
}

// call dials and wants an answer.
func (h *house) call(p *phone.Phone, number string) {
	h.t.Helper()
	p.Dial("sip:" + number + "@example.test")
	if _, err := p.Answered(h.t.Context(), 10*time.Second); err != nil {
		h.t.Fatalf("call to %s: %v", number, err)
	}
}

// refused dials and wants a status.
func (h *house) refused(p *phone.Phone, number string, status int) *phone.Message {
	h.t.Helper()
	p.Dial("sip:" + number + "@example.test")
	_, err := p.Answered(h.t.Context(), 40*time.Second)
	if refusal, ok := err.(*phone.Refused); ok && refusal.Response.Status == status {
		return refusal.Response
	}
	h.t.Fatalf("call to %s: %v, not %d", number, err, status)
	return nil
}

func (h *house) hangup(p *phone.Phone) {
	h.t.Helper()
	if err := p.Hangup(h.t.Context()); err != nil {
		h.t.Errorf("hang up: %v", err)
	}
}

func (h *house) records() string { return filepath.Join(h.dir, "calls.jsonl") }

// recorded are the records of a file.
func (h *house) recorded(path string) (list []cdr.Record) {
	h.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		h.t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		var r cdr.Record
		if err := d.Decode(&r); err == io.EOF {
			return list
		} else if err != nil {
			h.t.Fatalf("%v in %s", err, text)
		}
		list = append(list, r)
	}
}

// wantRecords wants the dispositions of a file's records.
func (h *house) wantRecords(path string, dispositions ...string) []cdr.Record {
	h.t.Helper()
	list := h.recorded(path)
	var got []string
	for _, r := range list {
		got = append(got, r.Disposition)
	}
	if fmt.Sprint(got) != fmt.Sprint(dispositions) {
		h.t.Errorf("records say %v, not %v", got, dispositions)
	}
	return list
}
