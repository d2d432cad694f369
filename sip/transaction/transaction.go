package transaction

// Transaction is what the four machines have in common, and all that there is to write
// out and read back.
type Transaction struct {
	State     State
	Transport Transport
	Timing    Timing
	Timers
}

func newTransaction(timing Timing, transport Transport) Transaction {
	return Transaction{Timing: timing.orDefault(), Transport: transport}
}

// end stops everything: "Once the transaction is in the 'Terminated' state, it MUST be
// destroyed immediately." RFC 6026 section 8.7.
func (t *Transaction) end(with Actions) Actions {
	t.State, t.Timers = Ended, Timers{}
	return with | Terminated
}
