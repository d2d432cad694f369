// Package cdr makes call records: it folds the events of each call into one record, or
// one for each part of a call that was transferred, and writes it as one line of JSON
// when the call or the part ends. call.go has what is told of a call, transfer.go what of
// a transfer, crowd.go of more than two who talk, record.go a line, media.go what it says of audio.
//
// Decisions:
//
//   - One line per call, with every attempt inside: who pays asks per call, who
//     debugs asks per attempt, and neither has to join lines.
//   - A transfer has a line of its own beside the call's, for it is another call for who
//     pays: to somebody else, at somebody's wish. Its id is the call's with .1, .2 and so
//     on behind it, its caller who was transferred, its attempts those to reach the
//     target. All lines of calls that transfers link have one chain_id, which is the id
//     of the call that the first transfer was in.
//   - Parts of a call do not overlap: the transferor's ends, with the cause
//     "transferred", when the target answers, for until then a failure would give the
//     call back to it; there the transfer's part is answered. A transfer that fails is
//     never answered, and the call's own record goes on. A call back to a transferor that
//     has left, and what is tried to reach it, is a record of the kind recall, and ends
//     the part before as "recalled" when it is answered. A call whose party another one
//     takes (attended transfer) ends as "transferred"; the other's record goes on with it.
//     One that still rang then takes its attempt along: that is in the transfer's record
//     alone, from when it began.
//   - Where more than two talk the record says when each was there: whose leg costs something,
//     and for how long, is not what the two ends of a call say. A party that came from another
//     call (a conference) is in the records of both, one behind the other.
//   - What a party sent is counted over its whole time in the call, so its counts are in
//     the record of the part which it left: the transferor's in that before the transfer,
//     the transferee's in the last one.
//   - A recording is listed where it ended: one that goes on through a transfer is in the
//     record of the last part, and found from the others by the chain_id.
//   - How well a party was heard stands with what it sent, and nothing is said of one of whom
//     nothing could be expected. "silent" is one-way audio: it stays, also when the party
//     was heard later.
//   - Times are RFC 3339 with milliseconds in UTC; what did not happen is left out.
//     Durations are whole milliseconds. Nothing is billed before an answer:
//     duration_ms counts from the answer and is 0 without one.
//   - A line is written with one write to a file opened for appending, so lines of
//     two gateways never mix. A write that fails is logged once until one succeeds
//     again, and never holds up a call: a full disk stops records, not calls.
//   - A line that was cut short, by a full disk or a power failure, is ended before
//     the next one, so that it spoils no other. One that another gateway is just writing
//     looks the same: each marks the file while it writes, by an advisory lock.
//   - The file is opened anew when it has been moved away, as log rotation does, and
//     another one is opened when the configuration names another.
//   - Text of the peers is written as they sent it; what is no UTF-8 becomes U+FFFD
//     and control characters are escaped, so a line stays one line.
package cdr
