package rtp

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// UDP is the network of this machine: sockets without a goroutine and without a
// buffer, read by as many pollers as there are processors.
//
// A poller is an epoll set of sockets and one goroutine. How the goroutine waits
// was measured, with a bare relay on one core (two legs a call, 50 packets/s
// each):
//
//	µs of CPU a packet                           100 calls   1,500 calls
//	a goroutine for each net.UDPConn               10.4          4.5
//	goroutine blocked in epoll_wait                10.3          3.4
//	epoll set as a file in Go's own poller          5.7          3.1
//
// So the set is an os.File: while it is empty the goroutine is parked like any
// other that waits for input. A thread blocked in epoll_wait, on the other hand,
// costs a hand-over of the processor each time it falls asleep and wakes up.
//
// Sockets are level-triggered and read once for each event: edges would need a
// second read for each packet, to see that there is none. recvmmsg and
// sendmmsg gain nothing, since a leg's socket holds one packet at a time, and
// neither do connected sockets, which spare the kernel the route.
type UDP struct {
	pollers    []*poller
	sockets    socketTable
	generation atomic.Uint32
}

// NewUDP starts the pollers. The network must be closed, after its sockets.
func NewUDP() (*UDP, error) {
	u := new(UDP)
	for range runtime.GOMAXPROCS(0) {
		p, err := newPoller(&u.sockets)
		if err != nil {
			return nil, errors.Join(err, u.Close())
		}
		u.pollers = append(u.pollers, p)
		go p.run()
	}
	return u, nil
}

// Close ends the pollers and waits until they have: no Receive is called after
// it. It must not be called from one. Sockets stay bound until they are closed.
func (u *UDP) Close() error {
	var errs []error
	for _, p := range u.pollers {
		errs = append(errs, p.set.Close())
		<-p.ended
	}
	return errors.Join(errs...)
}

// batch is how many sockets are read for one question to the kernel, and with
// one reading of the clock: at 4 µs a packet, half a millisecond.
const batch = 128

// poller reads the sockets of one epoll set.
type poller struct {
	set     *os.File
	conn    syscall.RawConn
	sockets *socketTable
	ended   chan struct{}
	events  [batch]unix.EpollEvent
	in      inbound
}

func newPoller(sockets *socketTable) (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("rtp: epoll_create1: %w", err)
	}
	// os.NewFile gives a file to Go's poller when it finds it non-blocking.
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, errors.Join(fmt.Errorf("rtp: epoll set: %w", err), unix.Close(fd))
	}
	set := os.NewFile(uintptr(fd), "epoll")
	conn, err := set.SyscallConn()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("rtp: epoll set: %w", err), set.Close())
	}
	return &poller{set: set, conn: conn, sockets: sockets, ended: make(chan struct{})}, nil
}

// run reads until the set is closed, which is the only error there is.
func (p *poller) run() {
	defer close(p.ended)
	_ = p.conn.Read(func(set uintptr) (done bool) {
		p.drain(int(set))
		return false
	})
}

// drain reads what there is. It lets other goroutines run after each batch:
// signalling must not wait for media to become quiet.
func (p *poller) drain(set int) {
	for {
		n := poll(set, p.events[:])
		if n == 0 {
			return
		}
		now := time.Now()
		for i := range p.events[:n] {
			p.read(now, &p.events[i])
		}
		if n == batch {
			runtime.Gosched()
		}
	}
}

// read takes one packet off the socket that an event is about. The event may be
// older than the socket: a number that was closed and given out again is known
// by its generation.
func (p *poller) read(now time.Time, event *unix.EpollEvent) {
	s := p.sockets.at(int(event.Fd))
	if s == nil || s.generation != event.Pad || !s.hold() {
		return
	}
	if packet, from, ok := p.in.receive(s.fd); ok {
		s.receive(now, packet, from)
	}
	s.release()
}

// add puts a socket into the set.
func (p *poller) add(s *udpSocket) error {
	var failed error
	err := p.conn.Control(func(set uintptr) {
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(s.fd), Pad: s.generation}
		failed = unix.EpollCtl(int(set), unix.EPOLL_CTL_ADD, s.fd, &event)
	})
	if err != nil {
		return ErrClosed
	}
	return failed
}

// Open binds a socket.
func (u *UDP) Open(local netip.AddrPort, receive Receive) (Socket, error) {
	fd, bound, err := bind(local)
	if err != nil {
		return nil, fmt.Errorf("rtp: open %s: %w", local, err)
	}
	s := &udpSocket{
		network:    u,
		receive:    receive,
		local:      bound,
		fd:         fd,
		generation: int32(u.generation.Add(1)),
	}
	if err := u.enter(s); err != nil {
		s.Close()
		return nil, fmt.Errorf("rtp: open %s: %w", local, err)
	}
	return s, nil
}

// enter makes a socket known. The pair of ports of one session goes to one
// poller, by halving, and pairs are spread.
func (u *UDP) enter(s *udpSocket) error {
	if err := u.sockets.set(s.fd, s); err != nil {
		return err
	}
	return u.pollers[int(s.local.Port()/2)%len(u.pollers)].add(s)
}

// udpSocket is a socket in a poller's set. It is a hundred octets or so: an idle
// call has four of them.
type udpSocket struct {
	network *UDP
	receive Receive
	local   netip.AddrPort
	fd      int
	// generation tells this socket from others that had the same number.
	generation int32
	// users counts who is just using fd; the bit closing is set by Close. The last
	// one out closes the number, so that nobody ever uses one that is somebody
	// else's by now, and Close need not wait for a Receive that may have called it.
	users atomic.Uint32
}

const closing = 1 << 31

// hold keeps fd open until release; false when the socket is closed.
func (s *udpSocket) hold() bool {
	for {
		n := s.users.Load()
		if n&closing != 0 {
			return false
		}
		if s.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (s *udpSocket) release() {
	if s.users.Add(^uint32(0)) == closing {
		s.network.sockets.clear(s.fd)
		unix.Close(s.fd) // also takes it out of the epoll set
	}
}

func (s *udpSocket) Send(packet []byte, to netip.AddrPort) error {
	if !s.hold() {
		return ErrClosed
	}
	err := send(s.fd, packet, to, s.local.Addr().Is4())
	s.release()
	return err
}

func (s *udpSocket) Local() netip.AddrPort { return s.local }

func (s *udpSocket) Close() error {
	if !s.hold() {
		return ErrClosed
	}
	old := s.users.Or(closing)
	s.release()
	if old&closing != 0 {
		return ErrClosed
	}
	return nil
}

// socketTable finds sockets by their number without a lock: pages of slots that
// are made when they are first needed.
type socketTable struct {
	pages [4096]atomic.Pointer[socketPage]
}

type socketPage [256]atomic.Pointer[udpSocket]

func (t *socketTable) at(fd int) *udpSocket {
	if page := t.pages[uint(fd)/256%4096].Load(); page != nil {
		return page[uint(fd)%256].Load()
	}
	return nil
}

func (t *socketTable) set(fd int, s *udpSocket) error {
	if fd >= len(t.pages)*len(socketPage{}) {
		return fmt.Errorf("file number %d: %w", fd, syscall.EMFILE)
	}
	slot := &t.pages[fd/256]
	if slot.Load() == nil {
		slot.CompareAndSwap(nil, new(socketPage))
	}
	slot.Load()[fd%256].Store(s)
	return nil
}

func (t *socketTable) clear(fd int) {
	if page := t.pages[uint(fd)/256%4096].Load(); page != nil {
		page[uint(fd)%256].Store(nil)
	}
}
