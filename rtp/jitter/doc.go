// Package jitter brings the packets of one received stream back into order and
// into time. There are two ways, and which one is right depends on who listens.
//
// A Sequencer is for a transcode, one stream to one listener. A packet that comes
// in order goes out at once, so the gateway adds no delay: the listener's own
// buffer takes care of the jitter, as it would without a gateway. Only where a
// number is missing are the packets behind it held back, until the missing one
// has come or is given up. Whoever drives it hands it each packet on arrival and
// asks again at Due.
//
// A Buffer is for a mix, where a clock wants sound of every party every 20 ms. It
// holds packets for as long as the network makes necessary, 10 to 200 ms, and says
// for every tick what is to sound: a packet, a concealed loss, comfort noise or
// silence.
//
//	packet.go      Packet, Frame and what they may be
//	store.go       the slots that packets wait in
//	numbering.go   sequence numbers and SSRCs as one row of numbers
//	timeline.go    timestamps as one axis of time, whatever jumps they make
//	transit.go     the fastest packet, the jitter, the delay that it asks for
//	buffer.go      Buffer: what is put in
//	playout.go     Buffer: what is taken out
//	sequencer.go   Sequencer
//	fit.go         a frame of sound made a little longer or shorter
//
// Both are pure: time is a parameter. They copy what they are given into slots of
// their own, of which there are at most 64 of at most MaxPayload octets, and do not
// allocate once they have as many as the stream needs, each as long as its packets.
//
// # Decisions of both
//
//   - Timestamps of different SSRCs, and those before and after a jump, are laid
//     end to end on one axis. A stream that begins anew goes on where the old one
//     ended, or where the time that has passed says, if that is later by more
//     than 60 ms.
//   - Packets that are no sound (telephone-event) are to be put in too, as Event:
//     their numbers are not missing.
//   - How long a packet sounds is told by whoever puts it in (codec.Decoder.Length
//     and Shape.Ticks). So the packet time may be anything and change at will.
//
// # Decisions of the Buffer
//
//   - The delay is counted from the fastest packet of the last 14 to 16 s: drift of
//     the far end's clock moves that and is followed. The target is the 99th
//     percentile of what packets took longer than that; those further back than
//     the last 250 to 500 count half as much with every 250.
//   - Up is fast: when there is nothing to play, that is concealed and no packet is given
//     up for it, so that late ones are played and not thrown away. A delay that was too
//     short is therefore long enough after one interruption.
//   - Down is slow: voice is shortened by at most 1/32, a quarter of a millisecond
//     in most frames (Frame.Ticks against Frame.Length; Fit does it). A drift of
//     200 ppm takes one and a half seconds of such frames in a hundred seconds.
//     At the beginning of a talk-spurt the delay is set to the target at once, and
//     the pause before it becomes longer or shorter.
//   - Sound is pulled in ticks, so up to a tick more delay than the target is as
//     good as can be had and is left alone.
//   - Nothing is known of what packets sound like, so none is dropped for being
//     silent. Only when the delay is above the ceiling by more than a tick, as
//     after an outage whose packets come all at once, are the oldest skipped.
//   - Silence without a word (Opus DTX, phones that stop sending) looks like loss
//     for the first 100 ms and is concealed, then it is Silence.
package jitter
