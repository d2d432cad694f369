// Package srtp protects RTP and RTCP: Secure RTP (RFC 3711, RFC 7714) with keys of SDES
// (RFC 4568) or of a DTLS handshake in the media path (RFC 5763, RFC 5764).
//
// Outbound is what one direction is protected with, Inbound what the other is opened
// with. Both work on the caller's buffer, where the packet lies:
//
//	capacity  |<--------------------------------------------------->|
//	before    | header | payload            | Tailroom (and the MKI) |
//	after     | header | encrypted payload  | tag (index, MKI)  |    |
//
// No headroom is needed, 20 bytes of tailroom are, and what is returned begins at the
// first byte of what was given. A packet that is refused is left as it was.
//
// # Where to look
//
//	suite.go, keys.go        crypto suites and their keys
//	protect.go, unprotect.go the two directions, and what a new key does to them
//	context.go               one direction under one key
//	index.go                 roll-over counter, replay window
//	header.go                what kind of packet it is, RTP headers
//	dtls.go, wire.go         the handshake, over a function that sends
//	records.go               what is let through to it
//	certificate.go           certificates and their fingerprints
//
// # Decisions
//
//   - The ciphers are pion/srtp's, the packet indices are ours: the library is told the
//     roll-over counter of each packet. So one place decides what a packet's index is,
//     a sender cannot use one twice, and a receiver may try a second guess.
//   - That second guess is one roll-over counter further, and costs an attacker's packet
//     twice the work: with it a stream is found again that went on for 2^15 to 98,000
//     packets while nobody listened, as in a long hold. The replay window is 128
//     packets.
//   - A sequence number that jumps by more than 2^15 on our way out is refused by
//     ErrSequence, because every receiver would take it for an old one. The engine
//     renumbers its streams when a source changes; it has to do so here too.
//   - New keys (a re-INVITE): what we send changes at once, by Outbound.Rekey, which
//     belongs behind the answer. What we receive is opened with the new and with the
//     former keys, until Overlap after the first packet under the new ones, at most for
//     Patience. The roll-over counter goes on, as RFC 3711 section 3.3.1 demands, and a
//     peer that sets it to 0 is understood. A new SSRC needs nothing of this.
//   - Contexts outlive a hold and a move of the media: keep them as long as the keys.
//   - An MKI is understood where the keys have one, and must then be in every packet;
//     several keys at once, told apart by MKIs, are not taken. Our own keys have none.
//   - Nothing is allocated for a packet of a known SSRC, nor anything kept of a packet
//     that is not authentic, but for 64 counters that a second guess may leave. RTCP
//     under AEAD allocates 12 bytes in the library. One key serves MaxSources SSRCs.
//   - A Keys prints as its suite and a digest. Description and packet meet in the suite's
//     name and the master key with the salt behind it: ParseSuite and NewKeys make keys of
//     an a=crypto line, Suite.String and Keys.Master write one.
//   - A handshake has one goroutine with the library's below it, which all end with
//     Close. The association stays until then, since the far end may need our last
//     flight again. It has no data of its own, and a new handshake needs a new DTLS.
//   - A handshake may begin before the other side's fingerprint is known (Trust), but
//     gives no keys before it is compared.
//   - Records that no handshake has are kept from the library, which would give up.
package srtp
