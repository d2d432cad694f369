// Package codec turns sound into payloads and back: linear PCM of 16 bits on
// one side, what goes into RTP packets on the other. It holds no state of a
// call, opens nothing and never allocates; a frame's slices are the caller's.
//
// There is G.711 (g711.go). It is computed rather than looked up where a table
// would not fit beside a call's other data in the first-level cache: decoding
// has a table of 256 entries for each law, encoding a few instructions.
package codec
