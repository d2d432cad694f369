// Package test is Tandem's binary against real peers: SIPp as phones and carriers,
// baresip as a softphone, all on loopback addresses. Each test is a story that
// reads from its first line to its last; package peers runs the programs, package
// sipp has what SIPp plays.
//
//	stage_test.go      the gateway of a story and the parties around it
//	ways_test.go       a call that a phone begins, and the same from the carrier
//	voice_test.go      their audio
//	outbound_test.go   a phone calls a number
//	inbound_test.go    the carrier calls a user
//	early_test.go      what is heard before the answer
//	reliable_test.go   PRACK
//	late_test.go       an INVITE without an offer
//	hold_test.go       hold and resume, in each spelling, and the music
//	transfer_test.go   blind transfer, how it fails, who may
//	attended_test.go   the transferor has asked the target before
//	recall_test.go     the transferor does not wait for the end
//	takeover_test.go   an INVITE with Replaces
//	ringback_test.go   the ringing tone where the callee sends nothing
//	codec_test.go      who shares no codec, by coder_test.go's voices and baresip's
//	timer_test.go      session timers
//	refusal_test.go    calls that fail, each in its way
//	trunk_test.go      the next trunk, redirection, digest
//	registration_test.go  a trunk that we register with
//	tls_test.go        TLS, by baresip and OpenSSL
//	ipv6_test.go       IPv6, and IPv4 on the other side
//	strangers_test.go  who is not let in, and what is no SIP
//	running_test.go    many calls, reload, drain
//	softphone_test.go  baresip
//	softphone_hold_test.go  baresip holds and resumes
//	softphone_transfer_test.go  baresip transfers
//
// This is the only place where tests take real time. What a story waits for is an
// event, and the seconds beside it are how long it waits before it gives up.
package test
