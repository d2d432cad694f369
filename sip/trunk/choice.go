package trunk

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Entry is one trunk of a route.
type Entry struct {
	Trunk string
	// Priority orders: all trunks of a lower number come before those of a higher.
	Priority int
	// Weight shares calls among trunks of the same priority, in proportion. 0 is for
	// trunks that hardly ever come first, as long as another of their priority has
	// more; where all are 0 they keep the order in which they are written.
	Weight int
}

// InOrder gives the entries of a route that only names its trunks: each has a priority
// of its own, so they are tried as they are written.
func InOrder(trunks ...string) []Entry {
	entries := make([]Entry, len(trunks))
	for i, t := range trunks {
		entries[i] = Entry{Trunk: t, Priority: i + 1}
	}
	return entries
}

// Binding says whether a carrier that we register with knows where we are.
type Binding uint8

const (
	// Unneeded is a trunk without `register: true`.
	Unneeded Binding = iota
	// Bound has a binding of ours.
	Bound
	// Unbound has none: it may refuse our calls, so it comes after those that will not.
	Unbound
)

// Candidate is an entry with what is known of its trunk now.
type Candidate struct {
	Entry
	Health HealthState
	// Why is the health's reason.
	Why     string
	Binding Binding
	// Limit is what [Meter.Check] says; nil when a call may begin.
	Limit error
}

// DownPolicy says what becomes of trunks that are down.
type DownPolicy uint8

const (
	// DownSkipped leaves them out, so that a call which all others have refused fails
	// at once.
	DownSkipped DownPolicy = iota
	// DownLast tries them after all others.
	DownLast
)

var downPolicyNames = [...]string{"skip", "last"}

// String gives the word in the configuration.
func (p DownPolicy) String() string { return name(downPolicyNames[:], int(p)) }

// SkipReason says why a trunk is not tried.
type SkipReason uint8

const (
	// SkipDown is a trunk that is down, or being probed.
	SkipDown SkipReason = iota + 1
	// SkipResting is one that asked to be left alone (503 with Retry-After).
	SkipResting
	// SkipFull is one that a limit keeps from taking the call.
	SkipFull
)

var skipNames = [...]string{"none", "down", "resting", "full"}

// String gives one word.
func (r SkipReason) String() string { return name(skipNames[:], int(r)) }

// Skip is a trunk that is not tried, and why.
type Skip struct {
	Trunk  string
	Reason SkipReason
	// Text says it in words, for the log and the call record.
	Text string
}

// Choice is the order in which to try the trunks of a route.
type Choice struct {
	Trunks  []string
	Skipped []Skip
}

// Order chooses. The seed is a random value, new for each call.
//
// Trunks that work come first, by priority and weight; a trunk on [Trial] is among
// them, in its place, since only a call can show that it works again. Behind them come
// trunks without their binding, and with DownLast those that are down. Full and resting
// trunks are left out.
//
// For an emergency nothing is left out and no limit counts: after the trunks that work
// come those without binding, on trial, down, and resting, in that order.
func Order(candidates []Candidate, u Urgency, down DownPolicy, seed uint64) Choice {
	var choice Choice
	var tiers [tierCount][]Entry
	for i := range candidates {
		c := &candidates[i]
		if s, skipped := c.skip(u, down); skipped {
			choice.Skipped = append(choice.Skipped, s)
			continue
		}
		tier := c.tier(u)
		tiers[tier] = append(tiers[tier], c.Entry)
	}
	random := rand.New(rand.NewPCG(seed, seed))
	for _, entries := range tiers {
		choice.Trunks = appendOrdered(choice.Trunks, entries, random)
	}
	return choice
}

// tier parts trunks before priorities do.
type tier uint8

const (
	tierWorking tier = iota
	tierUnbound
	tierTrial
	tierDown
	tierResting
	tierCount
)

func (c *Candidate) tier(u Urgency) tier {
	switch {
	case c.Health == Resting:
		return tierResting
	case c.Health == Down || c.Health == Probing:
		return tierDown
	case c.Health == Trial && u == Emergency:
		return tierTrial
	case c.Binding == Unbound:
		return tierUnbound
	}
	return tierWorking
}

func (c *Candidate) skip(u Urgency, down DownPolicy) (Skip, bool) {
	s := Skip{Trunk: c.Trunk}
	switch {
	case u == Emergency:
		return Skip{}, false
	case c.Health == Resting:
		s.Reason, s.Text = SkipResting, c.text()
	case (c.Health == Down || c.Health == Probing) && down == DownSkipped:
		s.Reason, s.Text = SkipDown, c.text()
	case c.Limit != nil:
		s.Reason, s.Text = SkipFull, c.Limit.Error()
	default:
		return Skip{}, false
	}
	return s, true
}

func (c *Candidate) text() string {
	if c.Why == "" {
		return fmt.Sprintf("trunk %s is %s", c.Trunk, c.Health)
	}
	return fmt.Sprintf("trunk %s is %s: %s", c.Trunk, c.Health, c.Why)
}

// appendOrdered appends the trunks of a tier by priority and weight.
func appendOrdered(trunks []string, entries []Entry, random *rand.Rand) []string {
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Priority, b.Priority) })
	for len(entries) > 0 {
		n := 1
		for n < len(entries) && entries[n].Priority == entries[0].Priority {
			n++
		}
		trunks = appendWeighted(trunks, entries[:n], random)
		entries = entries[n:]
	}
	return trunks
}

// appendWeighted appends trunks of one priority. RFC 2782: "To select a target to be
// contacted next, arrange all SRV RRs (that have not been ordered yet) in any order,
// except that all those with weight 0 are placed at the beginning of the list." The list
// is used up.
func appendWeighted(trunks []string, list []Entry, random *rand.Rand) []string {
	slices.SortStableFunc(list, func(a, b Entry) int { return cmp.Compare(min(a.weight(), 1), min(b.weight(), 1)) })
	for len(list) > 0 {
		i := pick(list, random)
		trunks = append(trunks, list[i].Trunk)
		list = slices.Delete(list, i, i+1)
	}
	return trunks
}

// pick goes on: "Compute the sum of the weights of those RRs, and with each RR associate
// the running sum in the selected order. Then choose a uniform random number between 0
// and the sum computed (inclusive), and select the RR whose running sum value is the
// first in the selected order which is greater than or equal to the random number
// selected." Where no weight is 0 the 0 is left out: it would fall to the first, which
// of two trunks of weight 1 would then get two calls in three.
func pick(list []Entry, random *rand.Rand) int {
	sum, least := uint64(0), uint64(0)
	for _, e := range list {
		sum += e.weight()
	}
	if list[0].weight() > 0 {
		least = 1
	}
	chosen, running := least+random.Uint64N(sum+1-least), uint64(0)
	for i, e := range list {
		if running += e.weight(); running >= chosen {
			return i
		}
	}
	return len(list) - 1
}

// mostWeight is RFC 2782's; it keeps sums from overflowing.
const mostWeight = 65535

func (e Entry) weight() uint64 { return uint64(min(max(e.Weight, 0), mostWeight)) }
