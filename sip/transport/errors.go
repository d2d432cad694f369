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
	// ErrDropped: the owner called Drop.
	ErrDropped = errors.New("connection was dropped")
)
