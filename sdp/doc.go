// Package sdp reads, writes and negotiates session descriptions: SDP (RFC 8866,
// which replaced RFC 4566) under the offer/answer model (RFC 3264).
//
// It has three floors, each usable without the next:
//
//   - Parse and Description.Append: one body to one value and back. The reader is
//     tolerant, because a description that cannot be read is a call that cannot
//     be made; the writer is strict, because our peers have readers of their own.
//   - NewOffer, NextOffer, NewAnswer and Agreed: pure functions over descriptions,
//     for a gateway that speaks audio over RTP and refuses every other stream.
//   - Negotiation: the offer/answer machine of one dialog, a plain value without
//     clock, lock or socket. Originator keeps the o= line of one dialog.
//
// # What it decides, and why
//
// A codec is its name, clock rate and channels, never its payload number: two
// sides may number the same codec differently (RFC 3264 section 5.1). Codec.Same
// is the only comparison.
//
// A direction is two bits, send and receive, always seen from the side whose
// description says it. "The other side's view" is Reverse and "both agree" is
// And, so no answer of ours can be more open than the offer. The old spelling of
// hold, c=0.0.0.0, is folded into the same two bits by Media.EffectiveDirection.
//
// Protection is a degree (off, optional, required), what a stream says of its keys is
// a Security, and what both sides make of it a Protected: the keys of SDES for both
// directions, or the certificate and part in the DTLS handshake. Optional offers
// RTP/AVP with keys (RFC 8643), because most phones that know SRTP answer that and
// those that do not take it for plain RTP; required is a secure profile. Of several
// ways offered, SDES is answered before DTLS, and of several a=crypto lines the
// offerer's first whose suite is ours. A line with more than one key, or with a
// session parameter that changes what is done with packets, is not chosen. Key
// material is a Secret, which no formatting prints, and Description.String has
// digests in its place; only Append writes it.
//
// Parse resolves what a description inherits: after it, each Media carries its own
// Host and Direction, whether they stood in the media or in the session section.
//
// Parse fails (with an *Error) only where guessing would be worse than refusing:
// no v=0, no readable o=, an m= line that cannot be read, an active RTP stream
// without an address, NUL bytes, and sizes beyond MaxSize, MaxLines, MaxMedia and
// MaxFormats. Anything else that is wrong is kept as it came or left out. The
// lines i=, u=, e=, p=, r=, z= and k= say nothing that a call needs, and are not kept;
// nor is an a=crypto that cannot be read, since it may hold a key.
//
// Descriptions are shared, not copied: a *Description that has been given to a
// Negotiation or returned by this package must not be changed afterwards.
package sdp
