package gateway_test

import (
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/gateway"
)

// What is wrong with a trunk's codes, numbers and headers is told with its line.
func TestFaultsOfATrunk(t *testing.T) {
	for key, want := range map[string]string{
		`failover: {next: ["99"]}`:                       "99",
		`failover: {next: ["403"], stop: ["4xx"]}`:       "both stops and leads",
		`numbers: {called: {format: national}}`:          "country's calling code",
		`numbers: {caller: {prefix: "+x"}}`:              "is not what can be dialled",
		`numbers: {inbound: {strip: "a"}}`:               "is not the beginning of a number",
		`headers: [{set: X-A, value: a}, {remove: Via}]`: "headers[1]",
		`headers: [{add: Call-ID, value: a}]`:            "headers[0]",
	} {
		c, err := config.Parse("t.yaml", []byte("trunks:\n  - name: a\n    address: sip:192.0.2.1\n    "+key+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gateway.Check(c); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "t.yaml:4:") {
			t.Errorf("%s: %v", key, err)
		}
	}
}
