// Package record writes what the parties of a call say into files: a Recording is a
// listener that never holds anybody up.
//
// Who handles media gives it frames of PCM (Track.Put), each with its time on the
// call's clock, and says when it pauses, goes on and stops. A goroutine of the
// recording does everything else: it lays the frames where they belong, brings
// them to one rate, mixes (rtp/audio), encodes (rtp/codec) and writes. The files are a
// WAV or Ogg Opus, and beside them JSON that says what they are (Sidecar).
//
//	recording.go   Config, Start, Track.Put, Pause, Resume, Stop; the queue
//	writer.go      the goroutine: block after block of 20 ms
//	voice.go       one party's frames on the clock: gaps, drift, other rates
//	cut.go         pauses
//	beep.go        the tone that says that it is recorded
//	output.go      a file, and the next when it grows too large
//	format.go      formats and layouts
//	wav.go         WAV
//	ogg.go         pages of Ogg (RFC 3533)
//	opus.go        Opus in Ogg (RFC 7845)
//	sidecar.go     the JSON
//	name.go        what files are called
//	storage.go     where they go: Storage, Directory
//
// # Decisions
//
//   - Files have their final names from the start, and are playable at any moment as
//     they are: twice a second the sound is written, and then a WAV's header says so
//     with sizes that are true, rather than "unknown", of which every player makes
//     something else. Ogg pages hold whole packets. With what waits for late frames, a
//     crash of the process costs 0.7 s at most, and a power failure what the system
//     has not yet written: only at the end is a file synced.
//   - The queue is bounded. When the disk is slow frames find no room, which Config.Lost
//     is told; they are silent in the file, and all others are where they belong.
//     A disk that is full, and any other error, ends the recording with a Result, and
//     what fitted is playable.
//   - A pause is cut out, so that nobody finds silence to skip, and nothing is left
//     where something confidential was. The sidecar has the place and both times.
//   - Times decide where a frame belongs, not how many came before: so the files of a
//     call stay together for as long as it lasts. Clocks that drift are made good
//     a sample at a time.
//   - Sides and mixes are made by an audio.Mixer, in which a file's channel is a
//     listener. So a sum is limited, not clipped; what is below -66 dBFS for 200 ms is
//     silent; and who joins later is faded in over 20 ms. Else samples of a party that
//     is alone in a channel, at the file's own rate, are written as they came.
//   - A file ends at 2 GiB and another goes on, since neither RF64 nor sizes over 2 GiB
//     are understood by all players.
//   - A sidecar that says when the recording stopped is complete; one that does not is
//     of a recording that goes on, or that a crash ended.
//   - What is recorded is personal: files are readable by their owner alone, unless
//     Directory.Group is set, and names have nothing of a peer's but what is safe.
//
// # Limits
//
//   - Times must be those of the call's clock. A time far ahead of all others, by an
//     error of the caller's, would be believed, and silence written up to it.
//   - What waits for more than 200 ms behind another party is too late (Track.Put).
//   - A write that never returns holds the recording's goroutine, and Done, for good;
//     nobody else.
//   - In a file of Opus in stereo, one side is heard on the other some 25 dB down at 8
//     kHz, and 35 dB at higher rates: the codec takes both for one scene. Where sides
//     must be apart, use WAV or Separate.
//
// # Cost
//
// A frame of 20 ms takes some 1 us to put in, most of it to wake the writer, and there
// 2.5 us for a WAV at 8 kHz and 4 us at 16 kHz, 28 and 54 us for Opus (BenchmarkPut,
// BenchmarkFrame): two parties take 0.03% of a core for WAV, 0.3% for Opus at 8 kHz.
// A recording holds 25 KB, and 8 KB at 8 kHz to 46 KB at 48 kHz for each party. A
// frame allocates nothing.
package record
