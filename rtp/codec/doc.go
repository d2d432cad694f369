// Package codec turns sound into payloads and back: linear PCM of 16 bits on
// one side, what goes into RTP packets on the other. It opens nothing, knows no
// call and no clock, and allocates nothing per frame; a frame's slices are the
// caller's.
//
// NewEncoder and NewDecoder make the codec of one stream by what SDP says of it (a
// Format). Whoever transcodes needs no more than the interfaces: Shape says what PCM
// goes in and comes out, and whoever joins two codecs resamples between their rates
// (rtp/audio).
//
//	codec.go               Format, Options, Shape, Encoder, Decoder, the table of codecs
//	g711.go                G.711: the two laws
//	g711_stream.go         the same as Encoder and Decoder
//	g722.go, g722_band.go  G.722: filters and frames; the arithmetic of the bands
//	l16.go                 L16: linear PCM
//	opus.go                Opus: a=fmtp, settings and their defaults
//	opus_packet.go         what can be told of an Opus packet without decoding it
//	opus_cgo.go            Opus by libopus; opus_nocgo.go stands in where there is no cgo
//	conceal.go             what is heard in place of a lost packet
//	noise.go               comfort noise
//
// # Decisions
//
//   - A codec is a file and a line in the table of codec.go. What only some can do
//     has a plain meaning for the rest: Conceal is handed the packet after the loss,
//     in which Opus finds redundancy and others nothing.
//   - G.711 is computed rather than looked up where a table would not fit beside a
//     call's other data in the first-level cache: decoding has a table of 256 entries
//     for each law, encoding a few instructions.
//   - G.722 is 64 kbit/s, bit-exact. Of the 17 test sequences of its Appendix II, two
//     inputs are told in words, and the tests make them and verify the five results
//     that follow by the CRC-32s that the Recommendation prints. Missing here are the
//     recorded input bt1c1.xmt and what follows from it (bt2r1.cod, bt3l1.rc1,
//     bt3h1.rc0), which come with the Recommendation; a test takes them from a
//     directory, and likewise the speech of the ITU's software library (G.191), which
//     has a licence of its own. The other six are for 56 and 48 kbit/s, which are not
//     built: RFC 3551 has 64 kbit/s alone.
//   - Listeners of the same sound may share an encoder: Follow goes from the shared one to
//     one's own without a trace, Joins says when the way back does no harm. What both sound
//     like is measured in follow_test.go.
//   - Losses of G.711, G.722 and L16 are concealed by G.711 Appendix I without its
//     delay of 3.75 ms. G.722's decoder encodes what it made up, to be where the
//     sender is; it is not Appendix III or IV.
//   - Opus is libopus, through cgo. A build without cgo has all but Opus: Known says so,
//     and the constructors say what to do. Nothing of libopus's is in an exported name.
//   - Opus runs at any of its rates on both sides, whatever the far end uses. A
//     transcoder to G.711 should ask for 8,000 Hz: no resampling, and half the work.
//   - What the far end wishes in a=fmtp is obeyed when encoding (mono, bandwidth, bit
//     rate, FEC, DTX) and has no meaning for decoding.
package codec
