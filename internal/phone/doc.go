// Package phone is a small SIP user agent for tests and for the demo: a phone
// that registers and calls, a trunk that answers, a stranger that sends what it
// likes.
//
// It shares no SIP code with the gateway, on purpose: it has its own message
// text, its own digest and its own retransmissions, so that one misreading of
// the RFC cannot hide on both sides of a test; its sound too has its own G.711. Its
// SRTP is the gateway's (rtp/srtp), which has reference vectors and real peers of its own;
// what it describes of keys is not. It
// is no product: it reads what a decent peer sends and refuses nothing on its own.
//
// There are three layers, each usable alone:
//
//   - [Message] is the text: parse, build, look at a header.
//   - [Agent] is one party's transactions and calls as a plain value. It has no
//     socket, goroutine or clock: [Agent.Receive] takes a packet and says whether
//     it is new, [Agent.Tick] retransmits what is due, [Agent.Next] says when
//     that will be. A script decides each message; the agent only repeats.
//   - [Phone] and [PSTN] run an agent over a packet connection and decide by
//     themselves: a caller, and a telephone network behind a trunk.
//
// They speak UDP; [Streams] gives TCP the same form. [Audio] is the media of one party: a tone every 20 ms, and what is heard.
package phone
