package registrar

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transport"
)

// Binding is one place where an AOR is reachable.
type Binding struct {
	// Contact is the URI to call, as it was registered.
	Contact sip.Uri
	// Flow is what the REGISTER came over.
	Flow transport.Flow
	// Q is the preference from 0 to 1000 (RFC 3261 s20.10).
	Q int
	// Instance and RegID tell a device and its flow (RFC 5626 s4.1); empty when
	// the phone does not say.
	Instance, RegID string
	// Agent is the phone's User-Agent, for people.
	Agent string
	// CallID and CSeq order the updates of one phone.
	CallID string
	CSeq   uint32
	// Until is when the binding ends.
	Until time.Time
}

// Contact is one Contact of a REGISTER.
type Contact struct {
	URI sip.Uri
	// Expires is the parameter in seconds; negative when there is none.
	Expires         int
	Q               int
	Instance, RegID string
}

// Update is what a REGISTER asks for.
type Update struct {
	AOR      string
	CallID   string
	CSeq     uint32
	Contacts []Contact
	// All is set for "Contact: *".
	All bool
	// Expires is the header in seconds; negative when there is none.
	Expires int
	Flow    transport.Flow
	Agent   string
}

// Outcome is what becomes of an Update.
type Outcome struct {
	// Status is 200, or the refusal: 400, 423, 500, 503.
	Status int
	// Phrase says what is wrong when Status is not 200.
	Phrase string
	// MinExpires goes with 423, in seconds.
	MinExpires int
	// Bindings are all that are left, soonest to end last.
	Bindings []Binding
}
