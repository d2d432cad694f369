package bridge

import (
	"testing"

	"github.com/tandem-gateway/tandem/event"
)

func TestToldCaller(t *testing.T) {
	tests := []struct {
		name  string
		cause event.Cause
		want  string
	}{
		{"nothing at all", event.Cause{}, "480/18 gateway"},
		{"as it is", event.Cause{Status: 486, Q850: 17, By: event.PartyCallee}, "486/17 callee"},
		{"with the carrier's own Q.850", event.Cause{Status: 503, Q850: 42, By: event.PartyCallee}, "503/42 callee"},
		{"with the value of RFC 3398", event.Cause{Status: 404, By: event.PartyCallee}, "404/1 callee"},
		{"of no standard status", event.Cause{Status: 499, By: event.PartyCallee}, "499/31 callee"},
		{"a challenge", event.Cause{Status: 407, By: event.PartyCallee}, "502/21 callee"},
		{"a redirection", event.Cause{Status: 302, By: event.PartyCallee}, "480/31 callee"},
		{"a plain clearing", event.Cause{Status: 200, Q850: 16, By: event.PartyGateway}, "480/16 gateway"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := causeWords(toldCaller(tt.cause)); got != tt.want {
				t.Errorf("the caller is told %s, not %s", got, tt.want)
			}
		})
	}
}

// TestBetter: whichever comes first, the same one is chosen.
func TestBetter(t *testing.T) {
	for _, tt := range []struct{ better, worse int }{
		{603, 486}, {600, 503}, {486, 501}, {404, 408}, {501, 503}, {480, 500}, {504, 302}, {503, 302}, {486, 302}, // a redirection that was followed is no answer
	} {
		a, b := event.Cause{Status: tt.better}, event.Cause{Status: tt.worse}
		if better(a, b) != a || better(b, a) != a {
			t.Errorf("%d is not chosen before %d", tt.better, tt.worse)
		}
	}
	first, second := event.Cause{Status: 486, Text: "first"}, event.Cause{Status: 480}
	if better(first, second) != first {
		t.Error("among equals the first does not stand")
	}
	if better(event.Cause{}, second) != second {
		t.Error("no failure is better than one")
	}
}

// TestQ850 holds the table against what Q.850 has: 7 bits, and no value that means
// a normal clearing of an answered call.
func TestQ850(t *testing.T) {
	for status := 300; status < 700; status++ {
		if v := q850Of(status); v < 1 || v > 127 || v == 16 && status != 487 {
			t.Errorf("status %d has cause %d", status, v)
		}
	}
}
