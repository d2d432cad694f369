package test

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	// The stories run the binary and not these packages; naming them here makes
	// `go test` run the stories again, and not remember them, when the code has
	// changed.
	_ "github.com/tandem-gateway/tandem/gateway"
	_ "github.com/tandem-gateway/tandem/internal/demo"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/test/peers"
)

// binary is the gateway that TestMain has built; TANDEM in the environment names
// another one to put through the stories.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run builds the gateway, runs the stories and sees to it that no program is left.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "tandem-test")
	if err == nil {
		defer os.RemoveAll(dir)
		readCommand()
		if binary = os.Getenv("TANDEM"); binary == "" {
			binary, err = peers.Build(dir)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// Stories wait most of the time: more of them than cores may run at a time.
	flag.Parse()
	_ = flag.Set("test.parallel", strconv.Itoa(max(4, runtime.GOMAXPROCS(0)))) // testing has this flag
	code := m.Run()
	if left := children(); len(left) > 0 {
		fmt.Fprintln(os.Stderr, "still running after the tests:\n"+strings.Join(left, "\n"))
		code = 1
	}
	return code
}

// readCommand opens the files of package main, which cannot be imported, for
// `go test` remembers by what a test opens, too.
func readCommand() {
	files, _ := filepath.Glob("../cmd/tandem/*.go")
	for _, f := range files {
		_, _ = os.ReadFile(f)
	}
}

// children lists the programs that this process has started and that still run.
func children() (left []string) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		content, _ := os.ReadFile(file) // it may have ended meanwhile
		// proc(5): the id, the name in brackets, the state, the parent's id.
		_, after, _ := strings.Cut(string(content), ") ")
		if f := strings.Fields(after); len(f) > 1 && f[1] == strconv.Itoa(os.Getpid()) {
			left = append(left, string(content))
		}
	}
	return left
}

// Who stands where in a story.
const (
	gatewayHost  = 1
	aliceHost    = 11 // alice's phone
	alice2Host   = 12 // her other one
	bobHost      = 13
	carrierHost  = 21
	backupHost   = 22
	strangerHost = 31
)

// patience is how long anything may take that should take milliseconds.
const patience = 10 * time.Second

// house is the configuration that most stories begin with. GATEWAY, CARRIER and
// BACKUP are addresses. Trunks are not asked whether they are there: SIPp takes what
// comes for the next call.
const house = `
region: US
drain: 20s
sip:
  listen: ["udp://GATEWAY", "tcp://GATEWAY"]
cdr:
  path: RECORDS
users:
  - name: alice
    password: correct-horse-battery
    numbers: ["+14255550101"]
    caller_ids: ["+14255550101", "+14255550199"]
    ringing_timeout: 20s
  - name: bob
    password: another-horse-battery
    numbers: ["+14255550102"]
trunks:
  - name: carrier
    address: sip:CARRIER
    sources: [CARRIERHOST/32]
    options_interval: 0s
  - name: backup
    address: sip:BACKUP;transport=udp
    options_interval: 0s
routes:
  - name: us
    to: "+1"
    trunks: [carrier, backup]
    ringing_timeout: 20s
    attempt_timeout: 4s
`

var (
	alice = phone.Credentials{User: "alice", Password: "correct-horse-battery"}
	bob   = phone.Credentials{User: "bob", Password: "another-horse-battery"}
)

// stage is a running gateway with room around it.
type stage struct {
	*testing.T
	*peers.Place
	// six are the parties that are at IPv6 addresses.
	six     map[byte]bool
	place6  *peers.Place6
	dir     string
	gateway *peers.Gateway
	parties int
	// drain is how long the gateway may take to stop.
	drain time.Duration
}

// newStage starts a gateway with a configuration. At the test's end the gateway
// is stopped, if the story has not done it, and must have stopped in order.
func newStage(t *testing.T, config string) *stage {
	t.Helper()
	s := emptyStage(t)
	s.open(config)
	return s
}

// emptyStage is one whose gateway is not there yet.
func emptyStage(t *testing.T) *stage {
	t.Helper()
	t.Parallel()
	place, err := peers.NewPlace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(place.Close)
	return &stage{T: t, Place: place, dir: t.TempDir(), drain: 20 * time.Second}
}

// open starts the gateway.
func (s *stage) open(config string) {
	s.Helper()
	var err error
	s.gateway, err = peers.StartGateway(binary, s.dir, s.fill(config), []string{"--log", "debug", "--trace", "sip"})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(s.gateway.Kill)
	s.Cleanup(s.explain)
	s.Cleanup(s.stop)
}

// SIP is where a party takes SIP.
func (s *stage) SIP(host byte) netip.AddrPort {
	if s.six[host] {
		return s.place6.SIP(host)
	}
	return s.Place.SIP(host)
}

// secure is where a party takes TLS.
func (s *stage) secure(host byte) netip.AddrPort {
	return netip.AddrPortFrom(s.Host(host), s.Port+1)
}

// gatewayFor is where the gateway takes a party's SIP.
func (s *stage) gatewayFor(host byte) netip.AddrPort {
	if s.six[host] {
		return s.place6.SIP(gatewayHost)
	}
	return s.Place.SIP(gatewayHost)
}

// fill puts the addresses of this stage and its directory into a text.
func (s *stage) fill(text string) string {
	if s.six != nil {
		text = strings.NewReplacer("GATEWAY6", s.place6.SIP(gatewayHost).String(), "RELAY6", s.place6.Relay()).Replace(text)
	}
	return strings.NewReplacer(
		"DIRECTORY", s.dir,
		"SECUREGATEWAY", s.secure(gatewayHost).String(), "SECURECARRIER", s.secure(carrierHost).String(),
		"GATEWAY", s.SIP(gatewayHost).String(),
		"CARRIERHOST", s.Host(carrierHost).String(), "CARRIER", s.SIP(carrierHost).String(),
		"BACKUPHOST", s.Host(backupHost).String(), "BACKUP", s.SIP(backupHost).String(),
	).Replace(text)
}

// stop ends the gateway, unless the story has done that, or failed.
func (s *stage) stop() {
	if s.Failed() || !s.gateway.Running() {
		return
	}
	if err := s.gateway.Stop(s.drain); err != nil {
		s.Error(err)
	}
}

// explain shows what the gateway said when the story has failed.
func (s *stage) explain() {
	if s.Failed() {
		said, _ := os.ReadFile(s.gateway.Output)
		s.Logf("== the gateway\n%s", clip(string(said)))
	}
}

// clip keeps the end of a long text.
func clip(text string) string {
	const most = 24_000
	if len(text) > most {
		return "…" + text[len(text)-most:]
	}
	return text
}

// party is a SIPp in a story.
type party struct {
	*stage
	run  *peers.Run
	name string
	over bool
}

// start starts a SIPp; the story ends it by done.
func (s *stage) start(p peers.SIPp) *party {
	s.Helper()
	s.parties++
	p.Name = fmt.Sprintf("%s-%d", p.Name, s.parties)
	run, err := p.Start(s.dir)
	if err != nil {
		s.Fatalf("%s: %v", p.Name, err)
	}
	a := &party{stage: s, run: run, name: p.Name}
	s.Cleanup(func() {
		run.End()
		if s.Failed() {
			s.Log(clip(run.Said()))
		}
	})
	return a
}

// caller is a party that calls the gateway.
func (s *stage) caller(host byte, who phone.Credentials, number string, steps ...string) *party {
	s.Helper()
	return s.start(s.calling(host, who, number, steps...))
}

func (s *stage) calling(host byte, who phone.Credentials, number string, steps ...string) peers.SIPp {
	return peers.SIPp{
		Name: fmt.Sprintf("caller%d", host), Steps: steps, At: s.SIP(host), To: s.gatewayFor(host), Who: who,
		Keys: map[string]string{"user": who.User, "number": number, "audio_port": fmt.Sprint(s.audioAt(host).Port())},
	}
}

// callee is a party that the gateway calls.
func (s *stage) callee(host byte, steps ...string) *party {
	s.Helper()
	return s.start(s.called(host, steps...))
}

func (s *stage) called(host byte, steps ...string) peers.SIPp {
	return peers.SIPp{
		Name: fmt.Sprintf("callee%d", host), Steps: steps, At: s.SIP(host),
		Keys: map[string]string{"audio_port": fmt.Sprint(s.audioAt(host).Port())},
	}
}

// register registers a phone, which then is at its host.
func (s *stage) register(host byte, who phone.Credentials) {
	s.Helper()
	s.bind(host, who, "600")
}

// unregister takes the phone's address away.
func (s *stage) unregister(host byte, who phone.Credentials) {
	s.Helper()
	s.bind(host, who, "0")
}

func (s *stage) bind(host byte, who phone.Credentials, expires string) {
	s.Helper()
	r := s.calling(host, who, "", "register")
	r.Keys["expires"] = expires
	p := s.start(r)
	p.saw("registered")
	p.done()
}

// saw waits for a party's next report, which must be the one, and gives the
// message.
func (p *party) saw(what string) *phone.Message {
	p.Helper()
	report, err := p.run.Next(patience)
	if err != nil {
		p.Fatalf("waiting for %q: %v", what, err)
	}
	if report.Saw != what {
		p.Fatalf("%s saw %q, not %q:\n%s", p.name, report.Saw, what, report.Message)
	}
	return report.Message
}

// proceed ends the party's step "wait".
func (p *party) proceed() {
	p.Helper()
	if err := p.run.Go(patience); err != nil {
		p.Fatal(err)
	}
}

// done waits until a party has gone through all its steps.
func (p *party) done() peers.Stats {
	p.Helper()
	stats, err := p.run.Finish(patience)
	if err != nil {
		p.Fatal(err)
	}
	return stats
}

// record waits for the call records, which must be so many, and gives the last.
func (s *stage) record(n int) peers.Record {
	s.Helper()
	records, err := s.gateway.AllRecords(n, patience)
	if err != nil {
		s.Fatal(err)
	}
	if len(records) != n {
		s.Fatalf("%d call records, not %d", len(records), n)
	}
	return records[n-1]
}

// status tells an error when a response is another one.
func (s *stage) status(m *phone.Message, status int) {
	s.Helper()
	if m.Status != status {
		s.Errorf("got %q, wanted %d:\n%s", m.Name(), status, m)
	}
}

// described is the session description of a message.
func (s *stage) described(m *phone.Message) phone.Description {
	s.Helper()
	body, ok := m.SDP()
	if !ok {
		s.Fatalf("no session description in:\n%s", m)
	}
	d, err := phone.ParseDescription(body)
	if err != nil {
		s.Fatalf("%v in:\n%s", err, m)
	}
	if at := d.Address.Addr(); at != s.Host(gatewayHost) && (s.six == nil || at != netip.IPv6Loopback()) {
		s.Errorf("audio is wanted at %s, which is not the gateway's", d.Address)
	}
	return d
}

// audioPort is where every party hears that has an address of its own.
const audioPort = 30000

// audioAt is where a party hears.
func (s *stage) audioAt(host byte) netip.AddrPort {
	if s.six[host] {
		return s.place6.Audio(host)
	}
	return netip.AddrPortFrom(s.Host(host), audioPort)
}
