package rtp

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// BenchmarkCalls relays the packets of calls in real time: 50 a second from each
// far end. The far ends are another process, so that the CPU reported is that of
// the relay alone. For one core: go test -bench Calls -cpu 1.
func BenchmarkCalls(b *testing.B) {
	for _, calls := range []int{100, 1500} {
		b.Run(fmt.Sprint(calls), func(b *testing.B) { relayCalls(b, calls) })
	}
}

func relayCalls(b *testing.B, calls int) {
	u, err := NewUDP()
	if err != nil {
		b.Fatal(err)
	}
	defer u.Close()
	e, err := New(Config{Network: u, Address: loopback, First: 20000, Last: 39999})
	if err != nil {
		b.Fatal(err)
	}
	sessions := make([]*Session, 2*calls)
	list := ""
	for i := range sessions {
		sessions[i] = sessionTo(b, e, generatorLeg(i))
		list += fmt.Sprintln(sessions[i].LocalRTP())
	}
	for i := 0; i < len(sessions); i += 2 {
		swap(b, Table{1: {{Source: 2}}, 2: {{Source: 1}}}, map[int]End{1: sessions[i], 2: sessions[i+1]})
	}
	g := startGenerator(b, list, b.N)
	b.ResetTimer()
	before, began := processorTime(), time.Now()
	report := g.wait()
	used, took := processorTime()-before, time.Since(began)
	b.StopTimer()
	var relayed uint64
	for _, s := range sessions {
		relayed += s.Stats().Sent.Packets
	}
	b.ReportMetric(float64(used.Microseconds())/float64(relayed), "cpu-µs/packet")
	b.ReportMetric(100*used.Seconds()/took.Seconds(), "cpu-%")
	b.ReportMetric(report.loss, "loss-%")
	b.ReportMetric(report.p99, "p99-µs")
	b.ReportMetric(0, "ns/op")
}

// processorTime is the CPU that this process has used.
func processorTime() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// The generator is this test binary, started again: the far ends of the calls.
const generatorVariable = "RTP_TEST_GENERATOR"

// generatorLeg is where the far end of a leg is.
func generatorLeg(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), uint16(10000+i))
}

type generator struct {
	b       *testing.B
	command *exec.Cmd
	out     *bufio.Reader
}

// result is what the generator says at the end.
type result struct{ loss, p99 float64 }

func startGenerator(b *testing.B, legs string, packets int) *generator {
	command := exec.Command(os.Args[0], "-test.run=^$")
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%d", generatorVariable, packets))
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	fmt.Fprint(in, legs)
	in.Close()
	g := &generator{b, command, bufio.NewReader(out)}
	if line, err := g.out.ReadString('\n'); line != "ready\n" {
		b.Fatalf("generator: %q, %v", line, err)
	}
	return g
}

func (g *generator) wait() (r result) {
	if _, err := fmt.Fscanf(g.out, "%f %f\n", &r.loss, &r.p99); err != nil {
		g.b.Errorf("generator: %v", err)
	}
	if err := g.command.Wait(); err != nil {
		g.b.Errorf("generator: %v", err)
	}
	return r
}

// runGenerator is the generator's main; false in any other process.
func runGenerator() bool {
	var packets int
	if _, err := fmt.Sscan(os.Getenv(generatorVariable), &packets); err != nil {
		return false
	}
	u, err := NewUDP()
	if err != nil {
		panic(err)
	}
	f := &farEnds{began: time.Now()}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		f.open(u, netip.MustParseAddrPort(lines.Text()))
	}
	fmt.Println("ready")
	if isParties() {
		f.converse(packets)
		fmt.Printf("%f %f\n", 0.0, f.latency(0.99))
		return true
	}
	f.talk(packets)
	fmt.Printf("%f %f\n", f.loss(packets), f.latency(0.99))
	return true
}

// farEnds are the far ends of all legs.
type farEnds struct {
	began   time.Time
	legs    []loopLeg
	came    atomic.Int64
	buckets [100000]atomic.Int32 // of 10 µs
	// probe is when the loud packet of parties was sent that has not been heard; 0 for
	// none. probed is when the last was.
	probe  atomic.Int64
	probed time.Duration
}

func (f *farEnds) open(u *UDP, near netip.AddrPort) {
	receive := f.receive
	if isParties() {
		receive = f.receiveMix
	}
	far, err := u.Open(generatorLeg(len(f.legs)), receive)
	if err != nil {
		panic(err)
	}
	f.legs = append(f.legs, loopLeg{far, near})
}

func (f *farEnds) receive(_ time.Time, packet []byte, _ netip.AddrPort) {
	f.came.Add(1)
	took := time.Since(f.began) - time.Duration(binary.BigEndian.Uint64(packet[headerSize:]))
	f.buckets[min(int(took.Microseconds())/10, len(f.buckets)-1)].Add(1)
}

// talk sends packets in time, the legs spread over the 20 ms, and waits for the
// last ones to come through.
func (f *farEnds) talk(packets int) {
	wire := rtpPacket(0, 0, 0, 0, make([]byte, 160)...)
	apart := float64(20*time.Millisecond) / float64(len(f.legs))
	pace := time.NewTicker(time.Millisecond / 2)
	defer pace.Stop()
	f.began = time.Now()
	for i := 0; i < packets; <-pace.C {
		for now := time.Since(f.began); i < packets && time.Duration(float64(i)*apart) <= now; i++ {
			leg := i % len(f.legs)
			turn := i / len(f.legs)
			header{ssrc: uint32(leg), sequence: uint16(turn), timestamp: uint32(turn) * 160}.write(wire)
			binary.BigEndian.PutUint64(wire[headerSize:], uint64(time.Since(f.began)))
			_ = f.legs[leg].far.Send(wire, f.legs[leg].near)
		}
	}
	for range 200 { // at most 100 ms more
		if f.came.Load() == int64(packets) {
			return
		}
		<-pace.C
	}
}

// loss is in percent.
func (f *farEnds) loss(packets int) float64 {
	return 100 * float64(int64(packets)-f.came.Load()) / float64(packets)
}

// latency is in µs: what this share of packets took at most.
func (f *farEnds) latency(share float64) float64 {
	total := int64(0)
	for i := range f.buckets {
		total += int64(f.buckets[i].Load())
	}
	left := int64(share * float64(total))
	for i := range f.buckets {
		if left -= int64(f.buckets[i].Load()); left <= 0 {
			return float64(i+1) * 10
		}
	}
	return 0
}
