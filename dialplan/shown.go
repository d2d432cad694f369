package dialplan

// Shown is who the callee is told that the call is from.
type Shown struct {
	// Number is the identity in E.164; empty when it is a name, or digits that
	// are no number here.
	Number Number
	// User is the user part to write: Number, a user's name, or what a trunk
	// said, as it came. Empty when nobody knows who calls.
	User string
	// Display is the display name, unquoted and printable; may be empty.
	Display string
	// Private says that the caller withholds its identity (RFC 3323). Number and
	// User are still the true ones.
	Private bool
	// Unverified says that nobody vouches for it whom we trust.
	Unverified bool
}

// Host says which host a header's URI gets.
type Host uint8

const (
	// HostOwn is the gateway's own domain or address.
	HostOwn Host = iota
	// HostAnonymous is "anonymous.invalid" (RFC 3323 s4.1.1.3).
	HostAnonymous
)

// AnonymousHost is the host to write for [HostAnonymous].
const AnonymousHost = "anonymous.invalid"

// Identity is [Shown] as the headers of one INVITE. All strings are plain,
// neither quoted nor with a URI around them; an empty user means no header.
type Identity struct {
	// FromDisplay, FromUser and FromHost make the From header. FromUser is never
	// empty.
	FromDisplay string
	FromUser    string
	FromHost    Host
	// AssertedDisplay and AssertedUser make P-Asserted-Identity, at HostOwn.
	AssertedDisplay string
	AssertedUser    string
	// RemotePartyDisplay, RemotePartyUser and RemotePartyParams make
	// Remote-Party-ID, at HostOwn; the parameters come with no ";" at the front.
	RemotePartyDisplay string
	RemotePartyUser    string
	RemotePartyParams  string
	// Privacy is the value of the Privacy header; empty for no header.
	Privacy string
}

// Identity writes s for a peer that looks for the caller in the given header.
// A caller that is private is anonymous in From everywhere, and named in
// P-Asserted-Identity or Remote-Party-ID to trusted peers only. What nobody vouches
// for is asserted to nobody: it stands in From, and in a Remote-Party-ID that says
// so.
//
// RFC 3325 s7: "If this token ['id'] is present, proxies MUST remove all the
// P-Asserted-Identity header fields before forwarding messages to elements that
// are not trusted."
func (s Shown) Identity(style CallerID, trusted bool) Identity {
	id := Identity{FromDisplay: s.Display, FromUser: s.User}
	if s.Private || s.User == "" {
		// RFC 3323 s4.1.1.3 has exactly these three.
		id = Identity{FromDisplay: "Anonymous", FromUser: "anonymous", FromHost: HostAnonymous}
	}
	if s.Private {
		id.Privacy = "id"
	}
	if s.User == "" || s.Private && !trusted {
		return id
	}
	switch {
	case style == CallerIDPAI && !s.Unverified:
		id.AssertedDisplay, id.AssertedUser = s.Display, s.User
	case style == CallerIDRPID:
		id.RemotePartyDisplay, id.RemotePartyUser = s.Display, s.User
		id.RemotePartyParams = remotePartyParams(s)
	}
	return id
}

// remotePartyParams are those of a Remote-Party-ID (draft-ietf-sip-privacy-04 s5):
// whose identity it is, whether it has been verified, and what of it is hidden.
func remotePartyParams(s Shown) string {
	switch {
	case s.Unverified && s.Private:
		return "party=calling;screen=no;privacy=full"
	case s.Unverified:
		return "party=calling;screen=no;privacy=off"
	case s.Private:
		return "party=calling;screen=yes;privacy=full"
	}
	return "party=calling;screen=yes;privacy=off"
}
