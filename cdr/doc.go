// Package cdr makes call records: it folds the events of each call into one record
// and writes it as one line of JSON when the call ends.
//
// Decisions:
//
//   - One line per call, with every attempt inside: who pays asks per call, who
//     debugs asks per attempt, and neither has to join lines.
//   - Times are RFC 3339 with milliseconds in UTC; what did not happen is left out.
//     Durations are whole milliseconds. Nothing is billed before an answer:
//     duration_ms counts from the answer and is 0 without one.
//   - A line is written with one write to a file opened for appending, so lines of
//     two gateways never mix. A write that fails is logged once until one succeeds
//     again, and never holds up a call: a full disk stops records, not calls.
//   - A line that was cut short, by a full disk or a power failure, is ended before
//     the next one, so that it spoils no other.
//   - The file is opened anew when it has been moved away, as log rotation does, and
//     another one is opened when the configuration names another.
//   - Text of the peers is written as they sent it; what is no UTF-8 becomes U+FFFD
//     and control characters are escaped, so a line stays one line.
package cdr
