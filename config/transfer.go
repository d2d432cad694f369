package config

import "fmt"

// TransferCallerID is whose number the target of a transfer is shown.
type TransferCallerID int

// Who transfers, or who is transferred.
const (
	TransferAsTransferor TransferCallerID = iota
	TransferAsTransferee
)

var transferCallerIDNames = []string{TransferAsTransferor: "transferor", TransferAsTransferee: "transferee"}

// String gives the file's word.
func (t TransferCallerID) String() string { return enumName(transferCallerIDNames, int(t)) }

// UnmarshalText reads transferor or transferee.
func (t *TransferCallerID) UnmarshalText(text []byte) error {
	return setEnum(t, transferCallerIDNames, text)
}

// TransferWay is who does the transfers of calls that go over a trunk.
type TransferWay int

// The gateway calls the target; the trunk is asked to, and the gateway does where it
// refuses; or the trunk's own transfers are refused.
const (
	TransferLocal TransferWay = iota
	TransferRelay
	TransferRefuse
)

var transferWayNames = []string{TransferLocal: "local", TransferRelay: "relay", TransferRefuse: "refuse"}

// String gives the file's word.
func (t TransferWay) String() string { return enumName(transferWayNames, int(t)) }

// UnmarshalText reads local, relay or refuse.
func (t *TransferWay) UnmarshalText(text []byte) error { return setEnum(t, transferWayNames, text) }

// The words of transfer_recall that are no destination.
const (
	recallBack = "back"
	recallEnd  = "end"
)

// Recall is what becomes of who has been transferred to somebody that does not answer,
// when the one who transferred has hung up. The zero Recall calls that one back.
type Recall struct {
	// End ends the call.
	End bool
	// To is called instead; its Status is 0.
	To Destination
}

// String writes it as the file does.
func (r Recall) String() string {
	switch {
	case r.End:
		return recallEnd
	case r.To != (Destination{}):
		return r.To.String()
	}
	return recallBack
}

// UnmarshalText reads back, end, a number or user:NAME.
func (r *Recall) UnmarshalText(text []byte) error {
	switch string(text) {
	case recallBack:
		*r = Recall{}
		return nil
	case recallEnd:
		*r = Recall{End: true}
		return nil
	}
	var to Destination
	if err := to.UnmarshalText(text); err != nil || to.Status != 0 || to == (Destination{}) {
		return fmt.Errorf(`%q is nobody to call: write back, end, a number such as "+14255550101", or user:NAME%s`,
			text, suggest(string(text), []string{recallBack, recallEnd}))
	}
	*r = Recall{To: to}
	return nil
}

// checkRecall looks that there is the user who is called.
func (c *checker) checkRecall(cfg *Config) {
	if cfg.TransferRecall.To.User == "" {
		return
	}
	var known []string
	refs := references{checker: c, known: map[string]bool{}}
	for i := range cfg.Users {
		known = append(known, cfg.Users[i].Name)
		refs.known["user "+cfg.Users[i].Name] = true
	}
	refs.checkReference("transfer_recall", "user", cfg.TransferRecall.To.User, known)
}
