// Package transport moves whole SIP messages as bytes between this gateway and its
// peers, over UDP, TCP and TLS: RFC 3261 section 18 without the parts that read a
// message.
// It parses nothing; what comes in goes to one callback, in the order of the wire.
//
// # Flows
//
// A [Flow] says how a peer is reached: the protocol, our listening address, the
// peer's address and, for streams, which connection. Every message comes with its
// flow and is sent over one. A registered phone is called over the flow that it
// registered on (RFC 5626 section 5.3), a response goes back over the flow of its
// request (RFC 3261 section 18.2.2), and requests within a dialog reuse the connection
// that the dialog came on. [Layer.Connect] gives a flow to a peer that has none yet.
//
// # Why not sipgo's transports
//
// sipgo's messages and parser are used, its transport layer is not, because
//
//   - one pool of connections keyed by remote address cannot say which of our
//     addresses a message came on, and may answer from another;
//   - it drops what it cannot parse without a word, where a 400 is owed;
//   - its listeners die of the first read or accept error;
//   - its pool of UDP peers never shrinks;
//   - it refuses to write more than 1300 bytes to UDP, responses too;
//   - its TCP connections cannot be dialled on a simulated network;
//   - it does not tell when a connection dies.
//
// # Decisions
//
//   - Every socket is bound to one address, so that a flow's Local is exact. Listening
//     on 0.0.0.0 or :: opens a socket on every address that the machine has then.
//   - The bytes given to Receive belong to the reader and are valid during the call
//     only: that costs nothing for a message that is dropped or only parsed.
//   - Send never keeps its bytes and never waits for a stream: they are copied to the
//     connection's bounded queue, or refused. A writer runs while there is something
//     to write, so a quiet connection costs one goroutine.
//   - Connect reuses a connection only if this side dialled it, from the same
//     listening address to the same peer. A connection that came in is reached by its
//     flow alone: RFC 5923 section 5 wants proof that its far end is who a new request
//     is for, which TCP does not give.
//   - TLS is one more way to open and to dial a stream, over the same Network. The
//     handshake runs on the connection's own goroutine, within a time; that it failed
//     is logged once for each peer until it has worked.
//   - Whom we dial by TLS must prove to be the name that Connect was given, by RFC
//     5922: names match in their entirety, a wildcard in a certificate matches nothing
//     but itself. Only a Connect for the same name and by the same certificates gets
//     the same connection.
//   - Certificates are replaced for connections to come ([Layer.Certify]); those that
//     are up stay. Files that have not changed change nothing.
//   - A certificate for servers serves a peer that connects to us too: authorities do
//     not sign for clients any more, and a SIP element is both.
//   - A stream that we dialled can be kept alive by pings (RFC 5626 section 4.4.1).
//   - Closed is called once for each stream flow that Connect or Receive ever gave,
//     after the last Receive of that flow, and never from inside Send or Connect.
//   - The first whole message is what a connection proves itself with. One that came in
//     and has none after a while is closed, as is one that has sent nothing for hours.
//   - A listener that fails goes on after a pause and is opened anew when it keeps
//     failing; only Close ends it.
//   - A UDP datagram of blanks or NULs, or of nothing, is a keep-alive of a NAT and is
//     swallowed. On streams the double CRLF is answered (RFC 5626 section 4.4.1).
package transport
