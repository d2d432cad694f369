package test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// The tones that the two sides of a call send.
const (
	high = 620.0
	low  = 440.0
)

// voice is a party's audio: a socket that sends a tone and listens.
type voice struct {
	stage *stage
	pump  *phone.Pump
	look  time.Time // when the pump looks next
	end   context.CancelFunc
	loop  sync.WaitGroup

	mu    sync.Mutex
	audio phone.Audio
	came  []time.Time // when each packet did
	late  []stall
	// decode makes G.711 of packets in another codec; it may be nil.
	decode func([]byte) []byte
	lent   *coder
}

// stall is a time in which a voice had no processor.
type stall struct {
	until time.Time
	took  time.Duration
}

// voice opens a party's audio. It ends with the story.
func (s *stage) voice(host byte, pitch float64) *voice {
	s.Helper()
	return s.voiceAt(s.audioAt(host), pitch)
}

// voiceAt is voice at an address.
func (s *stage) voiceAt(at netip.AddrPort, pitch float64) *voice {
	s.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		s.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	v := &voice{stage: s, pump: phone.NewPump(), end: end, look: time.Now()}
	v.audio = phone.Audio{Local: at, Pitch: pitch, Write: func(b []byte, to netip.AddrPort) {
		_, _ = conn.WriteToUDPAddrPort(b, to) // what does not arrive is counted there
	}}
	v.pump.Open(conn, func(now time.Time, data []byte, _ netip.AddrPort) {
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.decode != nil {
			data = v.decode(data)
		}
		_ = v.audio.Receive(now, data) // what is no RTP is not heard
		v.came = append(v.came, now)
	})
	v.pump.Add(v)
	v.loop.Go(func() { v.pump.Run(ctx, time.Time{}, func() bool { return false }) })
	s.Cleanup(v.close)
	return v
}

func (v *voice) close() {
	v.end()
	v.loop.Wait()
	v.pump.Close()
	if v.lent != nil { // it speaks and hears by that until here
		v.lent.close()
	}
}

// Next and Tick make it a clock of its pump: every 5 ms it looks whether a packet
// is due, for speaking begins while the pump waits.
func (v *voice) Next() time.Time { return v.look }

// Tick sends what is due.
func (v *voice) Tick(now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if took := now.Sub(v.look); took > 10*time.Millisecond {
		v.late = append(v.late, stall{now.Round(0), took})
	}
	v.look = now.Add(5 * time.Millisecond)
	v.audio.Tick(now)
}

// speaks sends the tone to where a message's description wants it.
func (v *voice) speaks(m *phone.Message) {
	v.stage.Helper()
	d := v.stage.described(m)
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.audio.Start(time.Now(), d); err != nil {
		v.stage.Error(err)
	}
}

// hears waits until a tone has come for half a second.
func (v *voice) hears(pitch float64) {
	v.stage.Helper()
	var level float64
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if level = v.level(pitch); level > phone.Audible {
			return
		}
	}
	v.stage.Fatalf("%s does not hear %.0f Hz: %.1f dBm0; packets: %+v", v.audio.Local, pitch, level, v.report())
}

// gets waits until so many packets have come.
func (v *voice) gets(packets int) phone.Report {
	v.stage.Helper()
	var r phone.Report
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if r = v.report(); r.Received >= packets {
			return r
		}
	}
	v.stage.Fatalf("%s has not got %d packets: %+v", v.audio.Local, packets, r)
	return r
}

// silent waits until nothing has come for half a second.
func (v *voice) silent() {
	v.stage.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		before := v.report().Received
		time.Sleep(500 * time.Millisecond)
		if v.report().Received == before {
			return
		}
	}
	v.stage.Fatalf("%s still gets audio", v.audio.Local)
}

// gap is the longest time without a packet since then; until the next one when there is
// none yet.
func (v *voice) gap(since time.Time) (longest time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, at := range append(slices.Clone(v.came), time.Now()) {
		if at = at.Round(0); at.After(since) { // SIPp's watch is not ours
			longest = max(longest, at.Sub(since))
			since = at
		}
	}
	return longest
}

// stalled is for how long a voice has had no processor since then.
func (v *voice) stalled(since time.Time) (total time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range v.late {
		if s.until.After(since) {
			total += s.took
		}
	}
	return total
}

func (v *voice) level(pitch float64) float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.audio.Level(time.Now(), 500*time.Millisecond, pitch)
}

func (v *voice) report() phone.Report {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.audio.Report()
}

// falls silent.
func (v *voice) stops() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.audio.Stop()
}
