package trunk

import (
	"strconv"
	"strings"
)

// Actions is the set of what an owner must do after a step, in the order of the
// bits.
type Actions uint8

const (
	// SendRegister writes the REGISTER that [Registration.Request] describes. One that
	// is still unanswered, as a removal may be when the wait for it is over, must not
	// be repeated any more: end its transaction.
	SendRegister Actions = 1 << iota
	// SendOptions writes an OPTIONS outside of a dialog; [Health.Ping] is the number
	// that its [Ponged] brings back.
	SendOptions
	// Report says that the state has changed: log it and count it, with the
	// machine's Reason.
	Report
	// Finished says that a registration is over: forget it.
	Finished
)

// Has reports whether all of these actions are in the set.
func (a Actions) Has(all Actions) bool { return a&all == all }

// String lists the actions, joined by "+", or "-" for none.
func (a Actions) String() string {
	if a == 0 {
		return "-"
	}
	var names []string
	for i, n := range actionNames {
		if a&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return strings.Join(names, "+")
}

var actionNames = [...]string{"sendRegister", "sendOptions", "report", "finished"}

// name gives the word for an enumeration's value, or its digits.
func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return strconv.Itoa(i)
}
