// Package wire is the one step between bytes and SIP messages: everything that
// comes in passes Parse (or Framer and then Parse), everything that goes out
// passes Append. It knows no transaction, dialog, socket or clock.
//
// # What comes in
//
// Parse normalises, so that nobody behind it parses a header again: compact
// names are written out, known names have their canonical spelling, folded lines
// are joined, blanks around separators are gone, parameter names are in lower
// case, several values on a line become several headers in order, quoted display
// names are plain text, percent escapes of unreserved characters are decoded,
// IPv6 references are checked. Unknown headers are kept as they came.
//
// Parse validates. A message with a flaw never comes out; a Fault does. The fault
// of a request says what to answer (400 and what is wrong, 413, 416, 505, 513) and
// makes that answer; the fault of a response, of an ACK or of a request without a
// usable Via says nothing to the peer (RFC 3261 s18.1.2, s17.1.1.3 and s18.2.2
// leave no one to answer).
//
// Decisions, where the RFCs leave a choice:
//   - RFC 4475 s3.1.2 lets an element be liberal with several of its invalid
//     messages. This one answers 400 to all of them: a guess at what a broken
//     message means is how requests get misrouted.
//   - A Request-URI whose scheme is none of sip, sips, tel and urn gets 416 here;
//     no part of a gateway could route it (urn:service:sos can be routed).
//   - A missing Max-Forwards counts as 70 (RFC 2543 had none); the header is added.
//   - Only the end of a line, CR LF, ends a line. A lone CR or LF is a fault, since
//     two readers may see two different messages.
//   - A repeated parameter with the same value is dropped, with another one a fault.
//   - A response with more than one Via is dropped: RFC 3261 s8.1.3.3, "If more than
//     one Via header field value is present in a response, the UAC SHOULD discard
//     the message"; a gateway is never a proxy.
//   - A malformed Expires is no fault: RFC 3261 s10.2.1.1 reads it as 3600 and so
//     does the accessor.
//   - On a stream a missing Content-Length means 0 when there is no Content-Type.
//
// The messages are sipgo's types, with two conventions to know: the DisplayName of
// an address is plain text (Append quotes and escapes it), and a parameter's value
// is kept as written, with its quotes (Param removes them). sip.Uri.Host keeps the
// brackets of an IPv6 reference, sip.ViaHeader.Host does not, as in sipgo.
//
// The strings of a message are parts of one copy of its header section. Whoever
// keeps one for longer than the message clones it (strings.Clone).
//
// # What goes out
//
// Append writes long names, one value a line and the true Content-Length, and
// refuses any value that could end its line or leave its place (ErrUnsafe).
package wire
