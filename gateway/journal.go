package gateway

import (
	"cmp"
	"log/slog"

	"github.com/tandem-gateway/tandem/event"
)

// journal writes one line for each thing an operator may want to know of a call:
// every change of its state, every attempt, every transfer, and its end.
func journal(log *slog.Logger, e event.Event) {
	id := slog.String("call", e.Of().Call)
	switch e := e.(type) {
	case event.CallReceived:
		log.Info("call received", id, "user", e.User, "trunk", e.Trunk, "from", e.Asserted,
			"dialled", e.Dialled, "source", e.Source, "sip_call_id", e.SIPCallID)
	case event.CallRouted:
		log.Info("call routed", id, "callee", e.Callee, "route", e.Route, "caller_id", e.CallerID,
			"private", e.Private, "emergency", e.Emergency)
	case event.CallForwarded:
		forwarded(log, id, e)
	case event.TransferChanged:
		transferred(log, id, e)
	case event.RecordingChanged:
		recordingChanged(log, id, e)
	case event.PlaybackChanged:
		playbackChanged(log, id, e)
	case event.ParticipantNotAdded:
		log.Warn("participant not added", id, "target", e.Target, "status", e.Cause.Status, "q850", e.Cause.Q850, "cause", e.Cause.Text)
	case event.CallJoined:
		log.Info("call joined", id, "into", e.Into, "chain", e.Chain)
	case event.CallStateChanged:
		attrs := []any{id, "from", e.From.String(), "to", e.To.String()}
		if !e.Cause.IsZero() {
			attrs = append(attrs, "cause", e.Cause.Text, "status", e.Cause.Status, "q850", e.Cause.Q850, "by", e.Cause.By.String())
		}
		log.Info("call state", attrs...)
	case event.OneWayAudio:
		log.Warn("one-way audio: nothing comes from this party", id, "participant", e.Participant, "name", e.Name)
	case event.AttemptStarted:
		log.Info("attempt", id, "attempt", e.Attempt, "trunk", e.Trunk, "user", e.User, "target", e.Target)
	case event.AttemptEnded:
		log.Info("attempt ended", id, "attempt", e.Attempt, "status", e.Cause.Status, "cause", e.Cause.Text)
	case event.SpeakingChanged:
		log.Debug("participant speaks", id, "participant", e.Participant, "name", e.Name, "speaking", e.Speaking)
	case event.ParticipantStateChanged:
		log.Debug("participant state", id, "participant", e.Participant, "name", e.Name,
			"from", e.From.String(), "to", e.To.String())
	}
}

// forwarded says where a call was handed on to, or that the user's wish cannot be
// followed, which its administrator should mend.
func forwarded(log *slog.Logger, id slog.Attr, e event.CallForwarded) {
	attrs := []any{
		id, "user", e.Original.User, "called", e.Original.Phone, "reason", e.Reason,
		"to_user", e.Final.User, "to", e.Final.Phone, "route", e.Route,
	}
	if e.Refused.IsZero() {
		log.Info("call forwarded", attrs...)
		return
	}
	log.Warn("call not forwarded", append(attrs, "status", e.Refused.Status, "cause", e.Refused.Text)...)
}

// transferred says how far a transfer is. A transferor that was called back and has
// answered comes as a recall with a party.
func transferred(log *slog.Logger, id slog.Attr, e event.TransferChanged) {
	attrs := []any{
		id, "state", e.State.String(), "kind", e.Kind.String(), "by", nameOf(e.By), "of", nameOf(e.Who), "target", e.Target,
	}
	if e.Party != 0 {
		attrs = append(attrs, "participant", e.Party)
	}
	if !e.Cause.IsZero() {
		attrs = append(attrs, "status", e.Cause.Status, "q850", e.Cause.Q850, "cause", e.Cause.Text)
	}
	log.Info("call transfer", attrs...)
}

// nameOf is a party in one word.
func nameOf(i event.Identity) string { return cmp.Or(i.User, i.Phone) }

// playbackChanged says how far a playback is. One that cannot be played is a warning, one
// that nobody was there to hear is none.
func playbackChanged(log *slog.Logger, id slog.Attr, e event.PlaybackChanged) {
	attrs := []any{id, "playback", e.Playback, "participant", e.Participant, "state", e.State.String()}
	if e.Reference != "" {
		attrs = append(attrs, "reference", e.Reference)
	}
	if e.Cause != 0 {
		attrs = append(attrs, "cause", e.Cause.String())
	}
	if e.Digit != "" {
		attrs = append(attrs, "digit", e.Digit)
	}
	if e.Cause == event.PlaybackBroken {
		log.Warn("call playback", append(attrs, "err", e.Error)...)
		return
	}
	log.Info("call playback", attrs...)
}
