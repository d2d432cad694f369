package resolve

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// Exchange answers a query, and takes its time: it runs on a goroutine of its own until
// ctx ends. An error is for what is no answer; negative answers are answers.
type Exchange func(ctx context.Context, q Query) (Answer, error)

// Dial opens a connection to a name server; network is "udp" or "tcp". A UDP connection
// must give datagrams from that server only, and come from a port that is hard to guess,
// as those of [net.Dialer] do (RFC 5452 section 9.2).
type Dial func(ctx context.Context, network string, server netip.AddrPort) (net.Conn, error)

func dialMachine(ctx context.Context, network string, server netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, server.String())
}

// How long name servers may take.
const (
	// serverTime is what one server has for an answer.
	serverTime = time.Second
	// totalTime is what a query has, and what a resolution has.
	totalTime = 4 * time.Second
)

// asker asks name servers over a network.
type asker struct {
	dial    Dial
	servers func() []netip.AddrPort
	// last is the place in the list of the server that answered last.
	last atomic.Uint32
}

// errNoServers is a configuration without name servers.
var errNoServers = errors.New("there are no name servers: list some in /etc/resolv.conf")

// exchange asks one server after the other, and again, until one answers. The second
// round is without EDNS, which some firewalls drop without a word.
func (a *asker) exchange(ctx context.Context, q Query) (Answer, error) {
	servers := a.servers()
	if len(servers) == 0 {
		return Answer{}, errNoServers
	}
	first, err := int(a.last.Load()), ctx.Err()
	for i := 0; i < tries(q, len(servers)) && ctx.Err() == nil; i++ {
		at := (first + i) % len(servers)
		answer, fault := a.ask(ctx, servers[at], q, i < len(servers))
		if fault == nil {
			a.last.Store(uint32(at))
			return answer, nil
		}
		err = fmt.Errorf("%v: %v: %w", servers[at], q, fault)
	}
	return Answer{}, err
}

// tries is how many queries may be sent for one: the last resort of a NAPTR query is to
// do without it, which should not take long.
func tries(q Query, servers int) int {
	if q.Type == NAPTR {
		return max(2, servers)
	}
	return max(3, 2*servers)
}

// ask has one server answer.
func (a *asker) ask(ctx context.Context, server netip.AddrPort, q Query, edns bool) (Answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, serverTime, errSlow)
	defer cancel()
	answer, err := a.over(ctx, "udp", server, q, edns)
	if edns && errors.Is(err, errExtension) {
		// RFC 6891 s7: a FORMERR is from who does not know EDNS.
		answer, err = a.over(ctx, "udp", server, q, false)
	}
	if errors.Is(err, errTruncated) {
		answer, err = a.over(ctx, "tcp", server, q, edns)
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return answer, err
}

// errSlow is a name server's silence.
var errSlow = fmt.Errorf("no answer within %v", serverTime)

// over asks over one transport.
func (a *asker) over(ctx context.Context, network string, server netip.AddrPort, q Query, edns bool) (Answer, error) {
	conn, err := a.dial(ctx, network, server)
	if err != nil {
		return Answer{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	id := identifier()
	packet, err := pack(q, id, edns)
	if err != nil {
		return Answer{}, err
	}
	if network == "tcp" {
		return stream(conn, packet, q, id)
	}
	return datagram(conn, packet, q, id)
}

// identifier is one that cannot be guessed: RFC 5452 s9.2.
func identifier() uint16 {
	var b [2]byte
	rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint16(b[:])
}

// datagram asks over UDP and waits for the answer, whatever else comes.
func datagram(conn net.Conn, packet []byte, q Query, id uint16) (Answer, error) {
	if _, err := conn.Write(packet); err != nil {
		return Answer{}, err
	}
	buffer := make([]byte, 4096) // some send more than was asked for
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return Answer{}, err
		}
		if a, err := unpack(buffer[:n], q, id); !errors.Is(err, errStray) {
			return a, err
		}
	}
}

// stream asks over TCP, RFC 1035 s4.2.2: "The message is prefixed with a two byte length
// field". A server has no reason to send anything else first.
func stream(conn net.Conn, packet []byte, q Query, id uint16) (Answer, error) {
	framed := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(packet)), uint16(len(packet)))
	if _, err := conn.Write(append(framed, packet...)); err != nil {
		return Answer{}, err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return Answer{}, err
	}
	reply := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(conn, reply)
	if err != nil {
		return Answer{}, err
	}
	return unpack(reply, q, id)
}
