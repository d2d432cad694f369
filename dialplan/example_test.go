package dialplan_test

import (
	"fmt"

	"github.com/tandem-gateway/tandem/dialplan"
)

func ExamplePlan_Decide() {
	plan, err := dialplan.New(dialplan.Config{
		Region: "US",
		Agent:  "gw.example.test",
		Users:  []dialplan.User{{Name: "alice", CallerIDs: []string{"+14255550101", "+14255550199"}}},
		Trunks: []dialplan.Trunk{{Name: "carrier"}, {Name: "backup", CallerIDPolicy: dialplan.CallerIDReplace}},
		Routes: []dialplan.Route{{Name: "us", From: "users", To: "+1", Trunks: []string{"carrier", "backup"}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, w := range plan.Warnings() {
		fmt.Printf("warning: %s: %s\n", w.Path, w.Text)
	}
	alice := dialplan.Party{Kind: dialplan.PartyUser, Name: "alice"}
	for _, r := range []dialplan.Request{
		{Origin: alice, To: "sip:(425)555-0100@gw.example.test;user=phone"},
		{Origin: alice, To: "tel:+14255550100", PreferredIdentity: "<tel:+14255550199>"},
		{Origin: alice, To: "tel:+14255550100", FromURI: "sip:+12065550000@gw.example.test"},
		{Origin: alice, To: "5550100"},
		{Origin: alice, To: "911"},
	} {
		d := plan.Decide(r)
		fmt.Printf("%s is %q\n", d.Dialled, d.Callee)
		for _, a := range d.Attempts {
			fmt.Printf("  %s: %s as %s\n", a.To.Name, a.Dial, a.Shown.User)
		}
		if d.Refusal != nil {
			fmt.Println("  " + d.Refusal.Error())
		}
	}
	// Output:
	// warning: routes: no route has emergency: true: emergency calls such as 911 will try carrier, backup, in this order; name the trunks that can take them
	// (425)555-0100 is "+14255550100"
	//   carrier: +14255550100 as +14255550101
	//   backup: +14255550100 as +14255550101
	// +14255550100 is "+14255550100"
	//   carrier: +14255550100 as +14255550199
	//   backup: +14255550100 as +14255550199
	// +14255550100 is "+14255550100"
	//   backup: +14255550100 as +14255550101
	// 5550100 is ""
	//   484 Address Incomplete: '5550100' lacks the area code
	// 911 is ""
	//   carrier: 911 as +14255550101
	//   backup: 911 as +14255550101
}
