package main

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// A packet of G.711: 20 ms are 160 octets.
const (
	frame      = 20 * time.Millisecond
	headerSize = 12
	packetSize = headerSize + 160
)

// streams is the audio of many calls: all of an end's over one socket, since the
// gateway tells them apart by the port that they come to.
type streams struct{ near, far *end }

// end sends and counts.
type end struct {
	local  netip.AddrPort
	conn   *net.UDPConn
	reader sync.WaitGroup
	epoch  time.Time // what the times in packets count from

	mu     sync.Mutex
	got    int
	delays []time.Duration
}

// roomy is how much a socket may keep while we are busy: half a second of 500
// calls.
const roomy = 4 << 20

func newStreams(near, far netip.Addr) (*streams, error) {
	epoch := time.Now()
	a, err := newEnd(near, epoch)
	if err != nil {
		return nil, err
	}
	b, err := newEnd(far, epoch)
	if err != nil {
		a.close()
		return nil, err
	}
	return &streams{a, b}, nil
}

func newEnd(at netip.Addr, epoch time.Time) (*end, error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(at, 0)))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(conn.SetReadBuffer(roomy), conn.SetWriteBuffer(roomy)); err != nil {
		conn.Close()
		return nil, err
	}
	e := &end{conn: conn, epoch: epoch, local: conn.LocalAddr().(*net.UDPAddr).AddrPort()}
	e.reader.Go(e.read) // ends with the socket
	return e, nil
}

func (s *streams) close() {
	s.near.close()
	s.far.close()
}

func (e *end) close() {
	e.conn.Close()
	e.reader.Wait()
}

// read counts packets and how long each was under way.
func (e *end) read() {
	b := make([]byte, 2048)
	for {
		n, _, err := e.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		if n != packetSize {
			continue // RTCP
		}
		delay := time.Since(e.epoch) - time.Duration(binary.BigEndian.Uint64(b[headerSize:]))
		e.mu.Lock()
		e.got++
		e.delays = append(e.delays, delay)
		e.mu.Unlock()
	}
}

// counted gives what has come to both ends since the last time, when nothing is
// under way any more.
func (s *streams) counted() (got int, delays []time.Duration) {
	time.Sleep(100 * time.Millisecond)
	near, a := s.near.counted()
	far, b := s.far.counted()
	return near + far, append(a, b...)
}

func (e *end) counted() (got int, delays []time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	got, delays = e.got, e.delays
	e.got, e.delays = 0, nil
	return got, delays
}

// send sends one packet of a stream (RFC 3550 s5.1), with the time in its payload,
// which a relay leaves as it is.
func (e *end) send(b []byte, stream, n int, to netip.AddrPort) error {
	b[0], b[1] = 0x80, 0
	binary.BigEndian.PutUint16(b[2:], uint16(n))
	binary.BigEndian.PutUint32(b[4:], uint32(n)*160)
	binary.BigEndian.PutUint32(b[8:], uint32(stream)+1)
	binary.BigEndian.PutUint64(b[headerSize:], uint64(time.Since(e.epoch)))
	_, err := e.conn.WriteToUDPAddrPort(b, to)
	return err
}

// talk sends both ends' audio of all calls for a while, the calls spread over the
// 20 ms, and tells how many packets it sent.
func (s *streams) talk(calls []*call, from int, while time.Duration) (sent int, err error) {
	b := make([]byte, packetSize)
	begun := time.Now()
	for n := 0; time.Duration(n)*frame < while; n++ {
		for i, c := range calls {
			due := begun.Add(time.Duration(n)*frame + frame*time.Duration(i)/time.Duration(len(calls)))
			if wait := time.Until(due); wait > 100*time.Microsecond {
				time.Sleep(wait)
			}
			err = errors.Join(err, s.near.send(b, 2*i, from+n, c.nearTo), s.far.send(b, 2*i+1, from+n, c.farTo))
			sent += 2
		}
	}
	return sent, err
}
