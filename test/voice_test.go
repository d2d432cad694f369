package test

import (
	"context"
	"net"
	"net/netip"
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
}

// voice opens a party's audio. It ends with the story.
func (s *stage) voice(host byte, pitch float64) *voice {
	s.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(s.audioAt(host)))
	if err != nil {
		s.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	v := &voice{stage: s, pump: phone.NewPump(), end: end, look: time.Now()}
	v.audio = phone.Audio{Local: s.audioAt(host), Pitch: pitch, Write: func(b []byte, to netip.AddrPort) {
		_, _ = conn.WriteToUDPAddrPort(b, to) // what does not arrive is counted there
	}}
	v.pump.Open(conn, func(now time.Time, data []byte, _ netip.AddrPort) {
		v.mu.Lock()
		defer v.mu.Unlock()
		_ = v.audio.Receive(now, data) // what is no RTP is not heard
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
}

// Next and Tick make it a clock of its pump: every 5 ms it looks whether a packet
// is due, for speaking begins while the pump waits.
func (v *voice) Next() time.Time { return v.look }

// Tick sends what is due.
func (v *voice) Tick(now time.Time) {
	v.look = now.Add(5 * time.Millisecond)
	v.mu.Lock()
	defer v.mu.Unlock()
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
