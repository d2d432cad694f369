package sip

import (
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/rtp/dtmf"
)

func TestJudgeKey(t *testing.T) {
	for _, tt := range []struct {
		kind, body string
		want       int
	}{
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", 0},
		{"application/dtmf; charset=x", "*", 0},
		{"application/dtmf-relay", "Duration=160\r\n", 400},
		{"application/dtmf", "x", 400},
		{"application/media_control+xml", "5", 415},
		{"", "5", 415},
	} {
		if got := judgeKey(tt.kind, []byte(tt.body)); got != tt.want {
			t.Errorf("%s %q: %d, want %d", tt.kind, tt.body, got, tt.want)
		}
	}
}

// What we write others can read, and we too.
func TestKeysAreWrittenAsTheyAreRead(t *testing.T) {
	for d := dtmf.Digit(0); d.Valid(); d++ {
		info := dtmf.Info{Digit: d, Duration: 120 * time.Millisecond}
		if got, err := dtmf.ParseInfo(dtmf.RelayType, info.AppendRelay(nil)); err != nil || got != info {
			t.Errorf("%v is read as %+v, %v", d, got, err)
		}
	}
}

func TestDigitsOfParties(t *testing.T) {
	s := &Settings{
		Users:  map[string]User{"alice": {Digits: bridge.KeysTones}},
		Trunks: []Trunk{{Name: "carrier", Digits: bridge.KeysInfo}},
	}
	for party, want := range map[dialplan.Party]bridge.KeyWay{
		{Kind: dialplan.PartyUser, Name: "alice"}:    bridge.KeysTones,
		{Kind: dialplan.PartyUser, Name: "bob"}:      bridge.KeysAuto,
		{Kind: dialplan.PartyTrunk, Name: "carrier"}: bridge.KeysInfo,
		{Kind: dialplan.PartyTrunk, Name: "gone"}:    bridge.KeysAuto,
	} {
		if got := s.digits(party); got != want {
			t.Errorf("%+v: %v, want %v", party, got, want)
		}
	}
}
