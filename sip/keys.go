package sip

import (
	"errors"
	"time"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/rtp/dtmf"
	"github.com/tandem-gateway/tandem/sip/dialog"
)

// keyBodies are what a leg understands in an INFO: keys.
var keyBodies = dialog.Information{Types: dtmf.RelayType + ", " + dtmf.PlainType, Check: judgeKey}

func judgeKey(contentType string, body []byte) (refuse int) {
	switch _, err := dtmf.ParseInfo(contentType, body); {
	case err == nil:
		return 0
	case errors.Is(err, dtmf.ErrType):
		return 415
	}
	return 400
}

// press tells the other side a key. A time that the other side could not read as one is the
// usual one.
func (l *leg) press(now time.Time, k bridge.Press) {
	info := dtmf.Info{Digit: k.Digit, Duration: min(k.Duration, dtmf.MaxDuration)}
	if info.Duration < time.Millisecond {
		info.Duration = dtmf.DefaultDuration
	}
	l.usage.Inform(now, dtmf.RelayType, info.AppendRelay(nil))
}

// pressed tells the call a key of the other side.
func (l *leg) pressed(r dialog.Informed) {
	if info, err := dtmf.ParseInfo(r.Type, r.Body); err == nil {
		l.tell(bridge.Pressed(info))
	}
}

// keyRefused tells the call that the other side does not take a key by INFO. One that was
// not answered may have been heard.
func (l *leg) keyRefused(r dialog.InfoRefused) {
	info, err := dtmf.ParseInfo(dtmf.RelayType, r.Body)
	if err != nil || r.Status == 408 {
		return
	}
	l.edge.log.Warn("a key was refused by INFO: it goes as a tone, and so do the next ones", "call", l.call.ID(), "party", l.peer.Name, "status", r.Status)
	l.tell(bridge.KeyRefused(info))
}

// digits is how a party is told keys.
func (s *Settings) digits(p dialplan.Party) bridge.KeyWay {
	if p.Kind == dialplan.PartyUser {
		return s.Users[p.Name].Digits
	}
	if t := s.trunk(p.Name); t != nil {
		return t.Digits
	}
	return bridge.KeysAuto
}
