package transport

import (
	"net"
	"net/netip"
)

const maxDatagram = 64 << 10

// datagrams is a UDP listener: one socket and its reader. One reader, because several
// would lose the order of the wire.
type datagrams struct {
	layer  *Layer
	flow   Flow       // Protocol and Local
	socket PacketConn // written by the reader with Layer.mu locked
}

func (l *Layer) openDatagrams(at netip.AddrPort) (*datagrams, error) {
	s, err := l.network.ListenUDP(at)
	if err != nil {
		return nil, err
	}
	at = netip.AddrPortFrom(at.Addr(), s.LocalAddr().(*net.UDPAddr).AddrPort().Port())
	return &datagrams{layer: l, flow: Flow{Protocol: UDP, Local: at}, socket: s}, nil
}

func (d *datagrams) local() Flow    { return d.flow }
func (d *datagrams) enter(l *Layer) { l.udp[d.flow.Local] = d }
func (d *datagrams) close()         { d.socket.Close() }

func (d *datagrams) run() {
	buf := make([]byte, maxDatagram)
	var failures backoff
	for {
		n, from, err := d.socket.ReadFromUDPAddrPort(buf)
		if err == nil {
			failures = 0
			d.receive(buf[:n], from)
			continue
		}
		if !d.layer.survive(&failures, d.flow, err, d.reopen) {
			return
		}
	}
}

func (d *datagrams) receive(data []byte, from netip.AddrPort) {
	if blank(data) {
		d.layer.count.keepAlives.Add(1)
		return
	}
	f := d.flow
	f.Remote = unmap(from)
	d.layer.receive(f, data)
}

// blank reports whether a datagram only keeps a NAT's mapping open: nothing, CRLFs
// (RFC 5626 section 3.5.1 has them on streams, phones send them on UDP too) or NULs.
func blank(data []byte) bool {
	for _, c := range data {
		switch c {
		case '\r', '\n', ' ', '\t', 0:
		default:
			return false
		}
	}
	return true
}

func (d *datagrams) reopen() error {
	d.socket.Close() // an error would say that it is closed
	s, err := d.layer.network.ListenUDP(d.flow.Local)
	if err != nil {
		return err
	}
	return d.layer.replace(func() { d.socket = s }, s.Close)
}

func (l *Layer) sendDatagram(f Flow, data []byte) error {
	s, err := l.socket(f.Local)
	if err != nil {
		return err
	}
	_, err = s.WriteToUDPAddrPort(data, f.Remote)
	return err
}

func (l *Layer) socket(local netip.AddrPort) (PacketConn, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	switch d := l.udp[local]; {
	case d != nil:
		return d.socket, nil
	case l.closed:
		return nil, ErrClosed
	}
	return nil, ErrGone
}
