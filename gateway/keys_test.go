package gateway

import (
	"testing"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/config"
)

// The file's words for keys are the call's, one for one.
func TestWaysOfKeys(t *testing.T) {
	for word, want := range map[config.DTMF]bridge.KeyWay{
		config.DTMFAuto: bridge.KeysAuto, config.DTMFRFC4733: bridge.KeysEvents,
		config.DTMFInfo: bridge.KeysInfo, config.DTMFInband: bridge.KeysTones,
	} {
		c, err := config.Parse("t.yaml", []byte("users:\n  - {name: alice, password: correct-horse, dtmf: "+word.String()+"}\n"+
			"trunks:\n  - {name: carrier, address: \"sip:192.0.2.5\", dtmf: "+word.String()+"}\n"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := compile(c)
		if err != nil {
			t.Fatal(err)
		}
		if s.Users["alice"].Digits != want || s.Trunks[0].Digits != want {
			t.Errorf("%s is %v and %v, want %v", word, s.Users["alice"].Digits, s.Trunks[0].Digits, want)
		}
	}
}
