package transaction

// State is where a transaction stands. Each machine's diagram shows which of the
// states it uses; the zero value is a transaction that has not begun.
type State uint8

const (
	// Idle has seen no Start.
	Idle State = iota
	// Calling has sent an INVITE and heard nothing.
	Calling
	// Withdrawing is Calling with a CANCEL that waits for a provisional response.
	Withdrawing
	// Trying has sent (client) or received (server) a non-INVITE request, unanswered.
	Trying
	// Proceeding has seen a provisional response; an INVITE server begins here.
	Proceeding
	// Cancelling is a Proceeding INVITE client whose CANCEL has been sent.
	Cancelling
	// Accepted has seen a 2xx to its INVITE (RFC 6026).
	Accepted
	// Completed has seen another final response.
	Completed
	// Confirmed is an INVITE server whose non-2xx response was acknowledged.
	Confirmed
	// Ended transactions do nothing any more; the RFC calls this state Terminated.
	Ended
)

// String returns the state's name in the RFC, in lower case.
func (s State) String() string { return name(stateNames[:], int(s)) }

var stateNames = [...]string{
	"idle", "calling", "withdrawing", "trying", "proceeding", "cancelling", "accepted", "completed", "confirmed", "terminated",
}
