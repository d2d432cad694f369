package gateway

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

const transferring = `users:
  - {name: alice, password: correct-horse, numbers: ["+14255550101", "+14255550102"]}
  - {name: bob, password: correct-horse}
trunks:
  - {name: a, address: sip:192.0.2.1}
  - {name: b, address: sip:192.0.2.2, transfer: relay}
  - {name: c, address: sip:192.0.2.3, transfer: refuse}
`

func TestTransfersCompile(t *testing.T) {
	for text, want := range map[string]bridge.Transfers{
		"": {},
		"transfer_caller_id: transferor\ntransfer_recall: back\n": {},
		"transfer_caller_id: transferee\n":                        {CallerID: dialplan.TransferAsTransferee},
		"transfer_recall: end\n":                                  {Recall: bridge.Recall{Kind: bridge.RecallEnd}},
		"transfer_recall: \"+14255550177\"\n":                     {Recall: bridge.Recall{Kind: bridge.RecallTo, To: "+14255550177"}},
		"transfer_recall: user:alice\n":                           {Recall: bridge.Recall{Kind: bridge.RecallTo, To: "+14255550101"}},
		"transfer_recall: user:bob\n":                             {Recall: bridge.Recall{Kind: bridge.RecallTo, To: "bob"}},
		"disable_forwarding_and_unanswered: true\n":               {EndUnanswered: true},
	} {
		s, err := compile(parsed(t, text+transferring))
		if err != nil {
			t.Fatal(err)
		}
		if s.Limits.Transfer != want {
			t.Errorf("%q is %+v, not %+v", text, s.Limits.Transfer, want)
		}
		for i, way := range []bridge.TransferWay{bridge.TransferLocal, bridge.TransferRelay, bridge.TransferRefuse} {
			if got := s.Trunks[i].Transfers; got != way {
				t.Errorf("trunk %s has %v, not %v", s.Trunks[i].Name, got, way)
			}
		}
	}
}

// The words of the file and of the dialplan are the same, in the same order.
func TestTransferWords(t *testing.T) {
	for c := config.TransferAsTransferor; c <= config.TransferAsTransferee; c++ {
		if d := dialplan.TransferCallerID(c); d.String() != c.String() {
			t.Errorf("%v becomes %v", c, d)
		}
	}
}

// journaled is the log of one event.
func journaled(e event.Event) string {
	var b bytes.Buffer
	journal(slog.New(slog.NewTextHandler(&b, nil)), e)
	return b.String()
}

func TestJournalOfTransfers(t *testing.T) {
	h := event.Header{Call: "id1", At: time.Unix(0, 0)}
	e := event.TransferChanged{
		Header: h, State: event.Transferring, Kind: event.TransferBlind, By: event.Identity{User: "alice"},
		Who: event.Identity{Phone: "+14255550100"}, Target: "+12065550123",
	}
	failed, done := e, e
	failed.State, failed.Cause = event.TransferFailed, event.Cause{Status: 486, Q850: 17, Text: "Busy Here"}
	done.State, done.Party = event.Transferred, 3
	const of = `level=INFO msg="call transfer" call=id1 state=`
	const who = ` kind=blind by=alice of=+14255550100 target=+12065550123`
	for want, e := range map[string]event.Event{
		of + "transferring" + who:                                             e,
		of + "failed" + who + ` status=486 q850=17 cause="Busy Here"`:         failed,
		of + "transferred" + who + " participant=3":                           done,
		`level=INFO msg="call joined" call=id1 into=id2 chain=id2`:            event.CallJoined{Header: h, Into: "id2", Chain: "id2"},
		`level=WARN msg="call not forwarded" call=id1 user=bob called="" rea`: event.CallForwarded{Header: h, Original: event.Identity{User: "bob"}, Refused: event.Cause{Status: 404}},
	} {
		if got := journaled(e); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
