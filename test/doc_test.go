// Package test is Tandem's binary against real peers: SIPp as phones and carriers,
// baresip as a softphone, all on loopback addresses. Each test is a story that
// reads from its first line to its last; package peers runs the programs, package
// sipp has what SIPp plays.
//
//	stage_test.go      the gateway of a story and the parties around it
//	voice_test.go      their audio
//	outbound_test.go   a phone calls a number
//	inbound_test.go    the carrier calls a user
//	hold_test.go       hold and resume
//	refusal_test.go    calls that fail, each in its way
//	trunk_test.go      the next trunk, digest, TCP
//	strangers_test.go  who is not let in, and what is no SIP
//	running_test.go    many calls, reload, drain
//	softphone_test.go  baresip
//
// This is the only place where tests take real time. What a story waits for is an
// event, and the seconds beside it are how long it waits before it gives up.
package test
