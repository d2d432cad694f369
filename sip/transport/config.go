package transport

import (
	"log/slog"
	"time"
)

// Config is what a Layer needs. Receive is called by many goroutines, but for one
// connection or one UDP listener by one at a time, in the order of the wire.
type Config struct {
	// Network opens sockets; nil is the machine's network.
	Network Network
	// Log gets what an operator should know; nil is silence.
	Log *slog.Logger
	// Receive takes each message. It must be quick and must not call Layer.Close.
	Receive func(Inbound)
	// Closed tells that a stream flow has ended and why: io.EOF (wrapped) when the
	// peer closed it, ErrIdle, ErrNoPong, ErrDropped, ErrHandshake, what the framer
	// said, or the network's error; messages that were queued are lost. It must not
	// call Layer.Close. Connections that Layer.Close ends are not reported, nor those
	// that came in and have never brought a message.
	Closed func(Flow, error)
	// NewFramer returns the framer for one connection. Streams need it.
	NewFramer func(Flow) Framer
	// Trace sees each message as it comes and as it is sent; nil is none. The bytes
	// are valid during the call.
	Trace func(Direction, Flow, []byte)
	// Limits bound what peers can make us hold.
	Limits Limits
}

// Inbound is one message from a peer.
type Inbound struct {
	Flow Flow
	// Data is one datagram, or one message as the framer cut it. It is valid until
	// Receive returns.
	Data []byte
}

// Limits bound a Layer. What is zero takes the default.
type Limits struct {
	Connections int           // streams at a time, 10000
	PerHost     int           // of these, streams that came in from one IPv4 address or IPv6 /64, 256
	Queue       int           // bytes that wait to be written to one stream, 256 KiB
	Dial        time.Duration // how long a connection may take to come about, TLS included, 5 s
	Handshake   time.Duration // how long an incoming connection may take for TLS, 10 s
	Write       time.Duration // how long a stream may take no bytes, 10 s
	FirstWhole  time.Duration // how long an incoming stream may take for its first message, 30 s
	Quiet       time.Duration // how long a stream may be silent after that, 2 h
}

func (l Limits) orDefault() Limits {
	fill(&l.Connections, 10_000)
	fill(&l.PerHost, 256)
	fill(&l.Queue, 256<<10)
	fill(&l.Dial, 5*time.Second)
	fill(&l.Handshake, 10*time.Second)
	fill(&l.Write, 10*time.Second)
	fill(&l.FirstWhole, 30*time.Second)
	fill(&l.Quiet, 2*time.Hour)
	return l
}

func fill[T int | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// FrameKind says what a framer has found.
type FrameKind uint8

const (
	// Partial: nothing whole yet, push more.
	Partial FrameKind = iota
	// Message: Data is one message.
	Message
	// Ping: a double CRLF between messages, to be answered with one (RFC 5626 section
	// 4.4.1).
	Ping
	// Broken: the stream is beyond repair. Data, if any, is written as the answer
	// before the connection is closed; Err says why.
	Broken
)

// Frame is one step through a stream.
type Frame struct {
	Kind FrameKind
	Data []byte // valid until the next Push
	Err  error
}

// Framer cuts a stream into messages: RFC 3261 section 18.3. It bounds what it holds.
type Framer interface {
	// Push adds what was read. The bytes are the reader's and must be copied.
	Push(data []byte)
	// Next returns the next frame; it is called until it says Partial or Broken.
	Next() Frame
}
