// Package rtp is the media edge: it opens ports, decides whose packets are
// believed, and carries them to whoever hears them.
//
// An Engine owns a range of ports. Each leg of a call has one Session: an RTP
// port and the RTCP port above it. A Table says for every listener which
// sources it hears; Compile turns it into Paths, flat lists that hang on the
// sources, and Swap puts them in force. From then on a packet follows its path
// and nothing else: no map, no call object, no signalling is asked. Besides
// sessions a table names sources and listeners inside this process: a Player
// (ringback, music on hold), a Feed (the voice of a phone that lives here), a
// Sink.
//
//	socket -> receive -> latch -> reception -> paths -> continuity -> socket
//	                                           |   |
//	          metronome -> Player -> codec ----+   +-> Sink
//
// # Where to look
//
//	engine.go, ports.go   ports: opened, quarantined, used up
//	session.go            one leg: SetRemote, Stats, Close
//	receive.go            what happens to a packet that arrives
//	latch.go              who is believed (symmetric RTP, comedia)
//	reception.go          loss, duplicates and jitter of a received stream
//	table.go, path.go     who hears whom, and how it is compiled
//	continuity.go         one outgoing stream while the sources change
//	player.go             sound of our own, as a source
//	metronome.go          the one clock that pulls players
//	feed.go, sink.go      sources and listeners inside the process
//	packet.go, report.go  the wire formats of RTP and RTCP
//	network.go            what the package needs of a network
//	poller_linux.go       the network of Linux: epoll, no goroutine per socket
//	packetconn.go         any other network, a test's among them
//
// # Decisions
//
//   - Packets are rewritten where they lie. Header fields are read and written
//     by hand because that costs some nanoseconds and nothing on the heap; the
//     tests hold it against pion's parsers.
//   - Time on the hot path is read once for each batch of packets and passed
//     down. It is the monotonic clock; jitter is as exact as a batch is short,
//     which is well below a millisecond.
//   - A session has one mutex. A relayed packet takes two, one of the session
//     it came to and one of that it leaves from, never both at once, each for
//     some tens of nanoseconds: the price of letting SetRemote and Stats be
//     called from the call's goroutine.
//   - A listener hears one source, and both share a codec: the table is a
//     relay. Tables that ask for transcoding or mixing are refused with a
//     *HearingError that says which. A transcoder and a mixer will be listeners
//     and sources themselves, so that paths stay as they are.
//   - SSRC, sequence numbers and timestamps pass unchanged while a listener
//     hears its first source: the gateway is then a translator (RFC 3550
//     s7.1), and RTCP passes with them. Once a source has been swapped, all
//     that the listener hears is rewritten into the stream it knows.
//   - A player is heard as a far end is: it has its own SSRC, sequence numbers
//     and timestamps, and continuity makes one stream of it and what came before
//     and comes after. It sends G.711 in frames of 20 ms, and silence too: no
//     listener has to know what a pause in a cadence means.
//   - Players have no goroutine. One clock pulls all of them, and only those that
//     somebody hears: Swap and Close settle who that is. While there is none the
//     clock's goroutine has ended, so an engine need not be closed.
//   - A path is a value of numbers (payload types, a destination, two offsets),
//     which a program in the kernel can be given later.
package rtp
