package trunk_test

import (
	"fmt"
	"time"

	"github.com/tandem-gateway/tandem/sip/trunk"
)

// One call over a route of two trunks: the first is down, the second has a place left.
func Example() {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	carrier := trunk.NewHealth(trunk.DefaultHealthSettings())
	backup := trunk.NewHealth(trunk.DefaultHealthSettings())
	for range 3 {
		carrier.Step(now, 0.5, trunk.Called{Result: trunk.Result{Fate: trunk.Unreachable, Phrase: "connection refused"}})
	}
	alice := trunk.Meter{Of: "user alice", Limits: trunk.Limits{Calls: 2}}
	lines := trunk.Meter{Of: "trunk backup", Limits: trunk.Limits{Calls: 30, CPS: 5}}

	var candidates []trunk.Candidate
	for i, entry := range trunk.InOrder("carrier", "backup") {
		h := [...]*trunk.Health{&carrier, &backup}[i]
		candidates = append(candidates, trunk.Candidate{Entry: entry, Health: h.State, Why: h.Reason()})
	}
	candidates[1].Limit = lines.Check(now, trunk.Ordinary)

	choice := trunk.Order(candidates, trunk.Ordinary, trunk.DownSkipped, 1)
	for _, s := range choice.Skipped {
		fmt.Println(s.Text)
	}
	fmt.Println("try", choice.Trunks, trunk.Admit(now, trunk.Ordinary, &alice, &lines))

	busy := trunk.Response(486)
	backup.Step(now, 0.5, trunk.Called{Result: busy})
	lines.Release()
	fmt.Println(busy, "→", trunk.Failover{}.Judge(busy, trunk.Ordinary))
	// Output:
	// trunk carrier is down: 3 failures in a row, the last: unreachable: connection refused
	// try [backup] <nil>
	// 486 → give up
}

func ExampleRegistration() {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := trunk.NewRegistration(trunk.Account{
		Registrar: "sip:carrier.example", AOR: "sip:4711@carrier.example", Contact: "sip:gw@192.0.2.1:5060",
		Username: "4711", Password: "secret",
	}, "f81d4fae@gw.example", trunk.Pace{})

	show := func(acts trunk.Actions) {
		q := r.Request()
		fmt.Printf("%-20v %-11v CSeq %d, Expires %d\n", acts, r.State, q.CSeq, q.Expires)
	}
	show(r.Step(now, 0.5, trunk.Begin{}))
	show(r.Step(now, 0.5, trunk.Challenged{CSeq: 1}))
	show(r.Step(now, 0.5, trunk.Accepted{CSeq: 2, Contact: 600, Expires: -1}))
	refresh, _ := r.Deadline()
	fmt.Println("refresh after", refresh.Sub(now))
	show(r.Step(refresh, 0.5, trunk.Timer{}))
	show(r.Step(refresh, 0.5, trunk.Failed{CSeq: 3, Result: trunk.Response(403)}))
	fmt.Println(r.Reason())
	// Output:
	// sendRegister+report  registering CSeq 1, Expires 3600
	// sendRegister         registering CSeq 2, Expires 3600
	// report               registered  CSeq 2, Expires 3600
	// refresh after 9m0s
	// sendRegister+report  refreshing  CSeq 3, Expires 3600
	// report               lapsing     CSeq 3, Expires 3600
	// sip:carrier.example: 403: the registrar refuses this account: check username, password and whether the carrier has it enabled
}
