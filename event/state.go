package event

// CallState is what a call is in as its users see it. The zero value is no
// state at all, so that a forgotten field cannot pass for a real one.
//
//	            ┌────────── routed ──────────┐
//	CallIncoming┤                            ├─▶ CallConnecting
//	            └─ refused ─▶ Disconnecting  │        │ 180
//	                                         │        ▼
//	                             183 + SDP ──┤   CallRinging ◀─┐
//	                                         ▼        │ SDP    │ (none goes back)
//	                                   CallEarlyMedia◀┘        │
//	                                         │ 2xx             │
//	                                         ▼                 │
//	       CallLocalHold ◀── hold ──▶ CallConnected ── 2xx ────┘
//	       CallRemoteHold◀── hold ──▶     │
//	       CallInLobby ──── admitted ──▶  │
//	                                      ▼
//	      any state ── BYE, CANCEL, failure ──▶ CallDisconnecting ──▶ CallDisconnected
//
// LocalHold is hold by the party that began the call, RemoteHold by the other
// one. Disconnected is final.
type CallState uint8

// The states of a call, in the order a call may go through them.
const (
	CallIncoming CallState = iota + 1
	CallConnecting
	CallRinging
	CallEarlyMedia
	CallConnected
	CallLocalHold
	CallRemoteHold
	CallInLobby
	CallDisconnecting
	CallDisconnected
)

var callStates = [...]string{
	CallIncoming: "incoming", CallConnecting: "connecting", CallRinging: "ringing",
	CallEarlyMedia: "earlyMedia", CallConnected: "connected", CallLocalHold: "localHold",
	CallRemoteHold: "remoteHold", CallInLobby: "inLobby", CallDisconnecting: "disconnecting",
	CallDisconnected: "disconnected",
}

// String is the state's name in the call resource's vocabulary.
func (s CallState) String() string { return name(callStates[:], int(s)) }

// ParticipantState is what one party of a call is in.
//
//	ParticipantIdle ─ dialled ─▶ ParticipantConnecting ─ 180 ─▶ ParticipantRinging
//	                                   │    │ 183+SDP               │        │
//	                                   │    └▶ ParticipantEarlyMedia ◀───────┤
//	                                   │             │ 2xx                   │ 2xx
//	                                   └──── 2xx ────┴──▶ ParticipantConnected ◀▶ ParticipantHold
//	                                        ParticipantInLobby ─ admitted ─▲
//	any state ──────────────────────────▶ ParticipantDisconnected (final)
type ParticipantState uint8

// The states of a participant, in the order it may go through them.
const (
	ParticipantIdle ParticipantState = iota + 1
	ParticipantConnecting
	ParticipantRinging
	ParticipantEarlyMedia
	ParticipantConnected
	ParticipantHold
	ParticipantInLobby
	ParticipantDisconnected
)

var participantStates = [...]string{
	ParticipantIdle: "idle", ParticipantConnecting: "connecting", ParticipantRinging: "ringing",
	ParticipantEarlyMedia: "earlyMedia", ParticipantConnected: "connected", ParticipantHold: "hold",
	ParticipantInLobby: "inLobby", ParticipantDisconnected: "disconnected",
}

// String is the state's name in the call resource's vocabulary.
func (s ParticipantState) String() string { return name(participantStates[:], int(s)) }

// Party says who did something, an ending above all.
type Party uint8

// Who ended a call: one of its two first parties, or the gateway itself.
const (
	PartyGateway Party = iota + 1
	PartyCaller
	PartyCallee
)

var parties = [...]string{PartyGateway: "gateway", PartyCaller: "caller", PartyCallee: "callee"}

// String is the party's name in a call record.
func (p Party) String() string { return name(parties[:], int(p)) }

// RouteKind says how a call comes to somebody else than was called: the routingType
// of the call resource's callRoutes.
type RouteKind uint8

// RouteForwarded is a call that a user's settings hand on.
const RouteForwarded RouteKind = 1

var routeKinds = [...]string{RouteForwarded: "forwarded"}

// String is the kind's name in the call resource's vocabulary.
func (k RouteKind) String() string { return name(routeKinds[:], int(k)) }

func name(names []string, i int) string {
	if i <= 0 || i >= len(names) {
		return "none"
	}
	return names[i]
}
