// Package quality tells how well a leg is heard: what is lost and how it is
// clustered, jitter, round trip, and what a listener would think of it, R and MOS
// by the E-model. It is arithmetic on what others have counted; it has no clock and
// no socket.
//
// A Meter takes what one leg has counted so far and gives an Interval every five
// seconds and the totals at the end. What it needs comes from
//
//   - Arrivals, which makes of sequence numbers, or Losses, which is told by a jitter
//     buffer, what was lost in bursts and what in gaps;
//   - RoundTrip, which sees sender reports leave and report blocks come;
//   - Metrics, what the far end says about what it hears (RTCP XR).
//
// Silence tells who of a call is not heard.
//
//	losses.go      bursts and gaps, BurstR
//	arrivals.go    sequence numbers to losses
//	ntp.go         the time of RTCP
//	roundtrip.go   round trip from LSR and DLSR
//	reports.go     SR and RR: read and written
//	metrics.go     the VoIP metrics of RTCP XR: read and written
//	emodel.go      G.107: from impairments to R, from R to MOS
//	codecs.go      what each codec costs in that: Ie and Bpl
//	meter.go       Counters to Interval
//	silence.go     one-way audio
//
// # Decisions
//
//   - R is that of the narrowband E-model (ITU-T G.107) for every codec, so that calls
//     can be compared: 93.2 and MOS 4.41 are the best there is, and a wideband codec
//     without loss has that. What wideband gains is not rated (G.107.1 has another
//     scale).
//   - The telephones are G.107's default ones. What is measured takes the place of
//     a default: packet loss, its burstiness, the delay, and the codec.
//   - What a jitter buffer threw away because it came late is lost to the listener,
//     and is rated like packets that never came (RFC 3611 s4.7.1 counts it apart, as
//     discarded).
//   - Loss is rated where the leg is received. What the far end hears of us is rated
//     by what it reports, where it does.
package quality
