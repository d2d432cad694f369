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
// Sink, which hears packets, and a Tap, which hears sound.
//
//	socket -> receive -> latch -> reception -> paths -> continuity -> socket
//	                                           |   |
//	          metronome -> Player -> codec ----+   +-> Sink
//
// A path leads to its listener by one of three ways. What needs no more is relayed.
// A source in another codec, or with a gain, goes through a transcoder, when its packet
// comes. Several sources go into a room, which the metronome pulls. Both are listeners to
// the source and sources to the listener:
//
//	path -> transcoder: Sequencer -> ear -> gain -> mouth ---------------> path
//	path -> inlet: jitter Buffer -> ear --+
//	path -> inlet: jitter Buffer -> ear --+-> audio.Mixer -> seat: mouth ----------> path
//	Player -> inlet ----------------------+               -> choir -> seat: mouth -> path
//	                                                      -> seat ---------------> Tap
//
// An ear is the decoders of a source, a mouth the encoder of a listener, its packets'
// length and its stream. They exist only while a table needs them. A choir is the encoder of
// those who hear the same.
//
// # Where to look
//
//	engine.go, ports.go   ports: opened, quarantined, used up
//	session.go            one leg: SetRemote, Stats, Close
//	receive.go            what happens to a packet that arrives
//	latch.go              who is believed (symmetric RTP, comedia)
//	secure.go             SRTP: packets opened on their way in, sealed on their way out
//	handshake.go          keys by DTLS over the RTP port
//	reception.go          loss, duplicates and jitter of a received stream
//	losses.go, measure.go how losses cluster; how well a far end is heard, as a MOS
//	reporter.go           RTCP of our own
//	table.go, path.go     who hears whom, and how it is compiled
//	continuity.go         one outgoing stream while the sources change
//	transcoder.go         one source in another codec: what happens to a packet
//	keys.go, comfort.go   telephone-events and comfort noise beside transcoded sound
//	keyear.go             the keys that a far end presses: told to whoever owns the session
//	keyer.go              keys that a far end is told, in the place of what it hears
//	ear.go, mouth.go      decoders of a source, encoder of a listener
//	handover.go           decoders go on where the way changes
//	volume.go             gains
//	mix.go                which rows take a room, and how it is compiled
//	room.go, inlet.go     several sources: the tick, and what comes into it
//	choir.go              one encoder for those in a room who hear the same
//	tap.go                sound instead of packets, for a recorder
//	player.go             sound of our own, as a source
//	metronome.go, crew.go the one clock that pulls players and rooms
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
//   - Compile decides by what was negotiated at that moment: one source and a common
//     codec is a relay, whatever it was before. A *HearingError says what is left: a codec
//     that is not here (G.729 is relayed only), or a Sink that is to hear a mix.
//   - What a table needs is kept from the one before it where it is the same, found by
//     the path by which the listener hears. So a table put in force again disturbs
//     nothing, and one row that changes leaves the others alone. Decoders and encoders
//     with a memory go on when a transcode becomes a mix, or the other way round.
//   - A transcoder works on the goroutine that brings the packet. Packets in order have
//     no delay; behind a missing one they wait for two packets or 30 ms (rtp/jitter).
//     What is lost is made up to 100 ms and sent together with the packet that shows it;
//     the listener's timestamps follow the source's through losses and pauses.
//   - Sound that is made here is a stream with an SSRC of its own, which continuity joins
//     on to what the listener has heard; its packets are as long as a=ptime asks, else as
//     the source's (20 ms in a mix), within 10 to 60 ms.
//   - Opus is decoded and encoded at the rate of whatever it meets: 8 kHz against G.711,
//     so that nothing is resampled.
//   - A room is all rows of a table that take a mix, at the highest sampling rate which
//     two of its parties have. Two who share no source may be in it: their sums cost no
//     more than in two rooms, and taps of one table keep step.
//   - A room ticks when the clock does, and a source whose packets come in time waits 1 ms
//     and the tick: 21 ms at most. A listener that comes into a room is sent nothing for
//     up to 60 ms until there is sound, rather than silence.
//   - Those in a room who only listen hear the same, and share an encoder if they have one
//     codec in packets of 20 ms (choir). Longer packets, which are rare, have phases; who has
//     them encodes for itself, as who talks does. Each has an encoder of its own all the time,
//     which takes over the state of the shared one when its listener speaks up: nothing is
//     heard of that. The way back is from one stream to another. For Opus it is harmless after
//     half a second of the same sound. For G.722 it is in some packets only, so it waits for
//     one: some seconds while one or two talk; while many do, or of steady tones, it may never
//     come (codec.Encoder has the measurements). In a room of 100 in Opus, 3 or 20 of whom
//     talk, a party takes 0.16 or 0.24 % of a core instead of 0.60 and 0.56, of which 0.12 to
//     0.14 is to decode what all send; in G.722 0.05 or 0.083 instead of 0.082, in G.711 0.005
//     instead of 0.007 (BenchmarkConference).
//   - What is as quiet as a line's noise is sound too: who sends it instead of silence hears a
//     mix of its own.
//   - Keys pass beside transcoded sound where both sides have telephone-event, and not
//     into a mix.
//   - RTCP passes with relayed packets only. Where a far end hears what is made here, or
//     nothing, reports to it are ours: about the stream that it hears and the one that it
//     sends. All that comes is read on its way: the round trip and what the far end says of
//     us (RTCP XR) are known in any case.
//   - Each packet costs nothing for its leg's MOS: losses are noted when a number leaves the
//     window without its packet, and the rest is worked out when somebody asks.
//   - Rooms are pulled by as many goroutines as there are processors, after the players,
//     which they may hear. The clock's goroutine owns the others.
//   - A far end by SRTP is an end like any other: what comes is opened before the latch
//     counts it, so that who has no key is nobody, and what goes is a sealed copy, since
//     other listeners have the same packet. Its lock is held for the half or whole
//     microsecond that this takes. All that it hears is one stream of one SSRC whose numbers
//     do not jump, for SRTP has a roll-over counter to lose.
//   - SSRC, sequence numbers and timestamps pass unchanged while a listener
//     hears its first source: the gateway is then a translator (RFC 3550
//     s7.1), and RTCP passes with them. Once a source has been swapped, all
//     that the listener hears is rewritten into the stream it knows.
//   - A player is heard as a far end is: it has its own SSRC, sequence numbers
//     and timestamps, and continuity makes one stream of it and what came before
//     and comes after. It sends G.711 in frames of 20 ms, and silence too: no
//     listener has to know what a pause in a cadence means. Who takes no G.711 hears it
//     through a transcoder, which gets the sound before it is encoded.
//   - Players and rooms have no goroutine. One clock pulls all of them, and only those
//     that somebody hears: Swap and Close settle who that is. While there is none the
//     clock's goroutine has ended, so an engine need not be closed.
//   - A path is a value of numbers (payload types, a destination, two offsets),
//     which a program in the kernel can be given later.
//   - Telephone-events that both sides of a path have pass with the sound: they are relayed,
//     or rescaled beside a transcoded stream. What else becomes of keys is decided by who
//     owns the sessions: it is told of each (OnKeys) and has others told (PressKey). Such a
//     key cuts in: for as long, the far end's stream is the key alone, as events or tones,
//     whichever path it hears by. So a relay stays one.
//   - Tones are listened for only where a source has no telephone-event and a listener is
//     told keys otherwise: some 6 us for 20 ms of sound. From when they are known to be a key
//     they are kept from that listener, so up to 45 ms of each are heard.
package rtp
