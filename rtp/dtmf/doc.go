// Package dtmf is the keys of a telephone as signals beside the sound: the
// telephone-event payload of RFC 4733 and the bodies of SIP INFO requests. Keys
// as tones are in package audio, which speaks of the same Digit and Phase.
//
// A Receiver turns packets into keys that begin, go on and end; a Sender turns
// keys into packets; a Rescaler relays packets between sides whose clocks run at
// different rates. All are pure: they have no clock and no socket, and allocate
// nothing for a packet.
//
//	digit.go      the keys: 0-9 * # A-D and the hook flash
//	payload.go    the payload format; ticks of a clock
//	receiver.go   packets to keys
//	span.go       to which key a packet belongs
//	queue.go      keys that wait until they can be sent, or sounded
//	sender.go     keys to packets
//	rescaler.go   packets to packets of another clock rate
//	info.go       application/dtmf-relay and application/dtmf
//
// # Decisions
//
//   - One key is one digit, never two or none. A key is known by where it lies on
//     the sender's clock: it occupies the time from its timestamp to the end of
//     its duration, and each packet of the same event whose timestamp lies there
//     belongs to it. So duplicates, the three final packets, segments of long
//     keys, and senders that let the timestamp advance, all add nothing; and any
//     one packet, the last too, is enough for a digit.
//   - The marker bit is only asked where that leaves a doubt: whether a packet
//     that joins on the end of a key begins another one.
//   - A key of which nothing was heard for Timeout has ended. What comes of it
//     later is not another digit.
//   - A key whose first packet comes when a later key has begun is reported at
//     once, begun and ended: late is better than never.
//   - A duration of 0 is a key all the same, though RFC 4733 keeps it for events
//     that are states: some senders begin with it.
//   - Keys that a Sender sends, and the pauses behind them, have at least the
//     lengths that receivers of tones accept (MinDuration, MinPause): packets may
//     become tones on their way.
//   - A Sender sends one packet for each packet time and no more. So the three
//     final packets of a segment hold up the first of the next, which then states
//     the time that has passed.
package dtmf
