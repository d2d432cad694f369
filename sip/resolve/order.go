package resolve

import (
	"cmp"
	"slices"
)

// ordered puts SRV records in the order of trying, RFC 2782: "A client MUST attempt to
// contact the target host with the lowest-numbered priority it can reach; target hosts
// with the same priority SHOULD be tried in an order defined by the weight field".
func ordered(records []Server, chance func(n int) int) []Server {
	records = slices.Clone(records)
	slices.SortStableFunc(records, byPriority)
	for rest := records; len(rest) > 0; {
		n := peers(rest)
		weigh(rest[:n], chance)
		rest = rest[n:]
	}
	return records
}

func byPriority(a, b Server) int { return cmp.Compare(a.Priority, b.Priority) }

// peers counts the records that share the first one's priority.
func peers(records []Server) int {
	n := slices.IndexFunc(records, func(r Server) bool { return r.Priority != records[0].Priority })
	if n < 0 {
		return len(records)
	}
	return n
}

// weigh orders records of one priority: "arrange all SRV RRs (that have not been ordered
// yet) in any order, except that all those with weight 0 are placed at the beginning of
// the list." Any order is a random one here, or servers of weight 0 would not share.
func weigh(records []Server, chance func(n int) int) {
	shuffle(records, chance)
	slices.SortStableFunc(records, func(a, b Server) int {
		return cmp.Compare(min(a.Weight, 1), min(b.Weight, 1))
	})
	for i := range records {
		take(records[i:], chance)
	}
}

// take moves the selected record to the front: "choose a uniform random number between 0
// and the sum computed (inclusive), and select the RR whose running sum value is the
// first in the selected order which is greater than or equal to the random number".
func take(records []Server, chance func(n int) int) {
	at := drawn(records, chance)
	chosen := records[at]
	copy(records[1:at+1], records[:at])
	records[0] = chosen
}

func drawn(records []Server, chance func(n int) int) (at int) {
	sum := 0
	for _, r := range records {
		sum += int(r.Weight)
	}
	left := chance(sum+1) - int(records[0].Weight)
	for ; left > 0; left -= int(records[at].Weight) {
		at++
	}
	return at
}

func shuffle(records []Server, chance func(n int) int) {
	for i := len(records) - 1; i > 0; i-- {
		j := chance(i + 1)
		records[i], records[j] = records[j], records[i]
	}
}
