package sdp

import "strings"

// Direction says which way media flows, in two bits, seen from the side whose
// description carries it (RFC 3264 section 5.1, RFC 8866 section 6.7). The zero
// value is Inactive, so a direction that nobody set lets nothing through.
type Direction uint8

// The four directions. SendRecv is the two others together, which makes the
// intersection of wishes a bitwise AND.
const (
	Inactive Direction = 0
	SendOnly Direction = 1
	RecvOnly Direction = 2
	SendRecv Direction = SendOnly | RecvOnly
)

// directionNames are the attribute names of RFC 8866 section 6.7, by value.
var directionNames = [4]string{"inactive", "sendonly", "recvonly", "sendrecv"}

// Reverse is the same flow seen from the other side: what one sends the other
// receives.
func (d Direction) Reverse() Direction {
	return d<<1&RecvOnly | d>>1&SendOnly
}

// And is what both wishes allow, both seen from the same side.
func (d Direction) And(other Direction) Direction { return d & other & SendRecv }

// Sends reports whether the describer sends.
func (d Direction) Sends() bool { return d&SendOnly != 0 }

// Receives reports whether the describer wants to receive.
func (d Direction) Receives() bool { return d&RecvOnly != 0 }

// String is the attribute's name as SDP writes it, such as "sendonly".
func (d Direction) String() string { return directionNames[d&SendRecv] }

// parseDirection reads an attribute name; ok is false when it names no direction.
func parseDirection(name string) (d Direction, ok bool) {
	if len(name) != len("sendrecv") { // the length of all four
		return Inactive, false
	}
	for i, n := range directionNames {
		if strings.EqualFold(name, n) {
			return Direction(i), true
		}
	}
	return Inactive, false
}

// Party is a set of the two sides of a negotiation, in two bits.
type Party uint8

// The sets of sides.
const (
	Nobody Party = 0
	Us     Party = 1
	Them   Party = 2
	Both   Party = Us | Them
)

// partyNames are for people who read logs.
var partyNames = [4]string{"nobody", "us", "them", "both"}

// Other is the same set seen from the other side.
func (p Party) Other() Party { return p<<1&Them | p>>1&Us }

// String names the set for a log line.
func (p Party) String() string { return partyNames[p&Both] }
