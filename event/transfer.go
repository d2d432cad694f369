package event

// TransferChanged says how far a transfer is: somebody hands the other party of a call on
// to a third one. An attempt that the end of a transfer cuts off may end behind it.
//
// When a transfer has failed and its transferor has gone, somebody is called back, which
// only the attempts tell. An answer is told as TransferRecall in TransferFailed, for the
// transfer has been in vain, with the Party; without an answer the call ends.
type TransferChanged struct {
	Header
	State TransferState
	Kind  TransferKind
	// Chain is the id that all calls share which transfers have made of each other: that of
	// the first.
	Chain string
	// Transferor and Transferee are the numbers of the participants.
	Transferor, Transferee int
	// By and Who say who they are.
	By, Who Identity
	// Target is who the transferee is to talk to: a number or a user's name.
	Target string
	// Party is the participant that the transferee talks to; 0 before the transfer has
	// succeeded.
	Party int
	// Cause says why a transfer has failed.
	Cause Cause
}

// CallJoined says that the call goes on as a part of another one: a transfer has
// connected a party of this one with a party of that one.
type CallJoined struct {
	Header
	// Into is the id of the other call, Chain what all of them share.
	Into, Chain string
}

// TransferState is how far a transfer is.
//
//	TransferNone ── REFER, allowed ──▶ Transferring ── the target answers ──▶ Transferred
//	     ▲                                  └── it does not, or a party leaves ──▶ TransferFailed
//	     └── the next one begins anew ──────────────────────────────────────────────┘
type TransferState uint8

// The states of a transfer.
const (
	TransferNone TransferState = iota + 1
	Transferring
	Transferred
	TransferFailed
)

var transferStates = [...]string{
	TransferNone: "none", Transferring: "transferring", Transferred: "transferred", TransferFailed: "failed",
}

// String is the state's name in the call resource's vocabulary.
func (s TransferState) String() string { return name(transferStates[:], int(s)) }

// TransferKind says whether the transferor calls the target first.
type TransferKind uint8

// The kinds of transfer (RFC 5589 s4 and s7), and the call back to a transferor whose
// transfer has failed.
const (
	TransferBlind TransferKind = iota + 1
	TransferAttended
	TransferRecall
)

var transferKinds = [...]string{TransferBlind: "blind", TransferAttended: "attended", TransferRecall: "recall"}

// String is the kind's name.
func (k TransferKind) String() string { return name(transferKinds[:], int(k)) }
