// Package peers runs the real programs of the tests and the benchmark: the
// gateway's own binary, SIPp as telephones and carriers, and baresip as a
// softphone with a voice.
//
//	place.go     loopback addresses that nobody else uses
//	place6.go    ports of ::1 that nobody else uses
//	process.go   a program that was started: its output, its end
//	gateway.go   building, starting, reloading and stopping the gateway
//	records.go   what it wrote about its calls
//	sipp.go      a run of SIPp, put together from the steps in ../sipp
//	report.go    what a run of SIPp tells of what it sees
//	twin.go      how it is told to go on, and what to answer to a challenge
//	stats.go     how a run of SIPp went
//	baresip.go   a softphone that plays a tone and records what it hears
//	wave.go      sound files
//
// Decisions:
//
//   - Every party has an address of its own in 127.0.0.0/8, as it would in the
//     world: a gateway knows a trunk by where its calls come from.
//   - A story waits for what happens and not for time to pass. SIPp reports each
//     message that a step names, whole and as it received it; a step "wait" lasts
//     until the story says so, over the connection that SIPp calls third-party call
//     control.
//   - SIPp knows no digest but MD5 and gives up at a challenge that offers another
//     first, as RFC 8760 wants it. So the answer to a challenge is computed here
//     and handed to SIPp over that connection.
//   - A program that was started dies with the one that started it, by the kernel
//     where the kernel can (prctl(2), PR_SET_PDEATHSIG), and is ended by its id.
package peers
