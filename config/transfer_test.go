package config

import (
	"strings"
	"testing"
)

const transfers = `transfer_caller_id: transferee
transfer_recall: user:bob
disable_forwarding_and_unanswered: true
users:
  - {name: bob, password: correct-horse}
trunks:
  - {name: carrier, address: sip:192.0.2.5, transfer: relay}
  - {name: pbx, address: sip:192.0.2.6, transfer: refuse}
  - {name: backup, address: sip:192.0.2.7}
`

func TestTransfersBecomePlainValues(t *testing.T) {
	c := parsed(t, transfers)
	if c.TransferCallerID != TransferAsTransferee || c.TransferRecall != (Recall{To: Destination{User: "bob"}}) || !c.DisableForwardingAndUnanswered {
		t.Errorf("read %v, %v, %v", c.TransferCallerID, c.TransferRecall, c.DisableForwardingAndUnanswered)
	}
	for i, want := range []TransferWay{TransferRelay, TransferRefuse, TransferLocal} {
		if c.Trunks[i].Transfer != want {
			t.Errorf("%s has %v, not %v", c.Trunks[i].Name, c.Trunks[i].Transfer, want)
		}
	}
	if line, col := c.Position("transfer_recall"); line != 2 || col != 18 {
		t.Errorf("transfer_recall is at %d:%d", line, col)
	}
	if d := Default(); d.TransferCallerID != TransferAsTransferor || d.TransferRecall != (Recall{}) || d.DisableForwardingAndUnanswered {
		t.Errorf("the defaults are %+v", d)
	}
	if len(c.Warnings) != 0 {
		t.Errorf("warnings: %v", c.Warnings)
	}
}

func TestTransferTexts(t *testing.T) {
	for _, r := range []Recall{{}, {End: true}, {To: Destination{Number: "+14255550177"}}, {To: Destination{User: "back"}}} {
		got := Recall{End: true, To: Destination{Status: 480}}
		if err := got.UnmarshalText([]byte(r.String())); err != nil || got != r {
			t.Errorf("%+v is written %q and read as %+v, %v", r, r, got, err)
		}
	}
	for i, name := range transferCallerIDNames {
		var got TransferCallerID
		if err := got.UnmarshalText([]byte(name)); err != nil || int(got) != i || got.String() != name {
			t.Errorf("%s is read as %v, %v", name, got, err)
		}
	}
	for i, name := range transferWayNames {
		var got TransferWay
		if err := got.UnmarshalText([]byte(name)); err != nil || int(got) != i || got.String() != name {
			t.Errorf("%s is read as %v, %v", name, got, err)
		}
	}
}

// What cannot be read leaves what was there.
func TestRecallOfNobody(t *testing.T) {
	for _, text := range []string{"", "Back", "bob", "user:", "reject:486", "reject:0", "+1", "4255550101", "sip:bob@h"} {
		got := Recall{End: true}
		err := got.UnmarshalText([]byte(text))
		if err == nil || got != (Recall{End: true}) || !strings.Contains(err.Error(), "is nobody to call") {
			t.Errorf("%q is read as %v, %v", text, got, err)
		}
	}
}
