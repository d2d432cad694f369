package transport

import "errors"

var (
	// ErrClosed: the layer has been closed.
	ErrClosed = errors.New("transport is closed")
	// ErrGone: the flow's connection has ended, or its listener has never been. Connect
	// to the peer anew, if it can be connected to.
	ErrGone = errors.New("flow has ended")
	// ErrQueueFull: the peer of a stream does not read; the message was not taken.
	ErrQueueFull = errors.New("write queue is full")
	// ErrTooMany: the limit of connections is reached.
	ErrTooMany = errors.New("too many connections")
	// ErrNoListener: nothing listens where this peer could be spoken to from.
	ErrNoListener = errors.New("no listener")
	// ErrProtocol: this layer cannot speak the protocol.
	ErrProtocol = errors.New("protocol not available")
	// ErrAddress: not an address to listen on or to connect to.
	ErrAddress = errors.New("bad address")
	// ErrIdle: the peer has sent no whole message in time.
	ErrIdle = errors.New("connection is idle")
	// ErrNoPong: the peer has not answered a ping in time.
	ErrNoPong = errors.New("peer does not answer a ping")
	// ErrHandshake: TLS did not come about; what it wraps says why.
	ErrHandshake = errors.New("TLS handshake failed")
	// ErrIdentity: the peer's certificate is valid and somebody else's.
	ErrIdentity = errors.New("wrong certificate")
	// ErrNoCertificate: TLS listeners need Certify first.
	ErrNoCertificate = errors.New("no certificate")
	// ErrDropped: the owner called Drop.
	ErrDropped = errors.New("connection was dropped")
)
