// Package simnet is a packet and stream network in memory, for tests that hold whole
// gateways, phones and trunks.
//
// Hosts are IP addresses, v4 or v6; a host exists as soon as something listens on it.
// Sockets have the shape of the net package's: [PacketConn] of *net.UDPConn,
// [Listener] and [Conn] of a TCP listener and connection, with the errors that those
// give (net.ErrClosed, os.ErrDeadlineExceeded, ECONNREFUSED, ECONNRESET, EADDRINUSE).
//
// What it decides, and why:
//
//   - Time is package time's. Inside a testing/synctest bubble it is the bubble's and a
//     delay costs nothing; outside, the network is a real one that happens to be in
//     memory. All waiting is on condition variables, channels and time.AfterFunc,
//     which a bubble sees through; there is no goroutine but the timer's callback.
//   - Chance depends on the seed, the sender, the receiver and how many packets went
//     that way before, and on nothing else. So two runs of one test lose the same
//     packets, however the scheduler interleaves unrelated senders.
//   - One queue orders all arrivals by time and then by when they were sent, because
//     timers that fire at one moment run in no fixed order.
//   - A stream is reliable: loss, duplication and MTU are for datagrams, delay and
//     partitions are for both. A partition holds a stream's bytes until it is healed.
//   - Address 0.0.0.0 or :: is refused: a socket on every address could not say which
//     of them it sends from.
//   - Rules and taps run under the network's lock, in the order of the packets. They
//     must be quick and must not call the network.
package simnet
