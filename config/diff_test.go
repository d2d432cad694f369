package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

// diffTests change one thing of designExample by text.
var diffTests = []struct {
	old, new string
	want     string
	restart  bool
}{
	{"udp://127.0.0.1:5060", "udp://127.0.0.1:5062", "sip.listen changed", true},
	{"domain: example.test", "domain: other.test", "sip.domain changed", true},
	{"address: 127.0.0.1", "address: 127.0.0.2", "rtp.address changed", true},
	{"  ports:", "  bind: 127.0.0.3\n  ports:", "rtp.bind changed", true},
	{"domain: example.test", "domain: example.test\n  advertise: 203.0.113.5", "sip.advertise changed", true},
	{"ports: 20000-29999", "ports: 20000-29997", "rtp.ports changed", true},
	{"region: US", "region: GB", "region changed", false},
	{"region: US", "region: US\ndrain: 1s", "drain changed", false},
	{"region: US", "region: US\ntransfer_caller_id: transferee", "transfer_caller_id changed", false},
	{"region: US", "region: US\ntransfer_recall: user:alice", "transfer_recall changed", false},
	{"region: US", "region: US\ndisable_forwarding_and_unanswered: true", "disable_forwarding_and_unanswered changed", false},
	{"caller_id: pai", "caller_id: pai\n    transfer: relay", "trunks[carrier].transfer changed", false},
	{"region: US", "region: US\ncdr: {path: a}", "cdr.path changed", false},
	{"  ports:", "  timeout: 1s\n  ports:", "rtp.timeout changed", false},
	{"password: secret", "password: terces", "users[alice].password changed", false},
	{`, "+14255550199"`, "", "users[alice].caller_ids changed", false},
	{"sip:127.0.0.1:5080", "sip:127.0.0.1:5082", "trunks[carrier].address changed", false},
	{"caller_id: pai", "caller_id: from", "trunks[carrier].caller_id changed", false},
	{"sources: [127.0.0.1/32]", "sources: [127.0.0.2]", "trunks[carrier].sources changed", false},
	{"ringing_timeout: 60s", "ringing_timeout: 50s", "routes[us].ringing_timeout changed", false},
	{"[carrier, backup]", "[backup, carrier]", "routes[us].trunks changed", false},
	{"- name: inbound", "- name: incoming", "routes[incoming] added", false},
	{"- name: inbound", "- name: incoming", "routes[inbound] removed", false},
	{"users:", "users:\n  - {name: bob, password: long enough}", "users[bob] added", false},
	{"trunks:\n", "trunks:\n  - {name: pbx, address: \"sip:p.test\"}\n", "trunks[pbx] added", false},
}

func TestDiff(t *testing.T) {
	before := mustParse(t, designExample)
	for _, tt := range diffTests {
		text := strings.Replace(designExample, tt.old, tt.new, 1)
		changes := Diff(before, mustParse(t, text))
		i := slices.IndexFunc(changes, func(ch Change) bool { return strings.HasPrefix(ch.String(), tt.want+": ") })
		if i < 0 {
			t.Errorf("%s to %s: %v, want %s", tt.old, tt.new, changes, tt.want)
			continue
		}
		if changes[i].Restart != tt.restart || changes[i].Why == "" {
			t.Errorf("%s: restart %v, want %v; why: %q", tt.want, changes[i].Restart, tt.restart, changes[i].Why)
		}
		if !strings.Contains(tt.old, "inbound") && len(changes) != 1 {
			t.Errorf("%s to %s is one change: %v", tt.old, tt.new, changes)
		}
	}
}

func TestDiffOfOrder(t *testing.T) {
	routes := func(names ...string) *Config {
		var b strings.Builder
		b.WriteString("users: [{name: u, password: long enough}]\nroutes:\n")
		for _, n := range names {
			fmt.Fprintf(&b, "- {name: %s, to: /%[1]s/, user: u}\n", n)
		}
		return mustParse(t, b.String())
	}
	tests := []struct {
		before, after []string
		moved         bool
	}{
		{[]string{"a", "b"}, []string{"b", "a"}, true},
		{[]string{"a", "b"}, []string{"a", "c", "b"}, false},
		{[]string{"a", "b", "c"}, []string{"a", "c"}, false},
		{[]string{"a", "b", "c"}, []string{"c", "a"}, true},
	}
	for _, tt := range tests {
		moved := slices.ContainsFunc(Diff(routes(tt.before...), routes(tt.after...)), func(ch Change) bool { return ch.Kind == Moved })
		if moved != tt.moved {
			t.Errorf("%v to %v moved: %v", tt.before, tt.after, moved)
		}
	}
}

func TestDiffIgnoresPlaceAndOrderOfEntries(t *testing.T) {
	a := mustParse(t, "users: [{name: a, password: long enough}, {name: b, password: long enough}]")
	b := mustParse(t, "# moved\n\nusers: [{name: b, password: long enough}, {name: a, password: long enough}]")
	if changes := Diff(a, b); len(changes) != 0 {
		t.Error(changes)
	}
}

func TestPasswordIsNeverShown(t *testing.T) {
	c := mustParse(t, designExample)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("config", "user", c.Users[0], "password", c.Users[0].Password)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("config", "user", c.Users[0])
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	changes := fmt.Sprint(Diff(c, mustParse(t, strings.Replace(designExample, "password: secret", "password: secret2", 1))))
	shown := []string{log.String(), string(text), changes, c.Users[0].Password.String(), c.Warnings.Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown = append(shown, fmt.Sprintf(verb, c), fmt.Sprintf(verb, c.Users[0].Password), fmt.Sprintf(verb, &c.Users[0]))
	}
	for _, s := range shown {
		if strings.Contains(s, "secret") || strings.Contains(s, "736563726574") {
			t.Errorf("the password is in %s", s)
		}
	}
	if c.Users[0].Password.Reveal() != "secret" {
		t.Error("the password is lost")
	}
}

func TestErrorsKeepSecrets(t *testing.T) {
	for _, entry := range []string{`{name: bob, password: 9876543}`, `{name: bob, password: [9876543]}`, "{name: bob, password: \"9876543\\n\"}", `{name: bob, password: {9876543: a}}`} {
		if _, err := Parse("t.yaml", []byte(withEntry("users", entry))); err == nil || strings.Contains(err.Error(), "9876543") {
			t.Errorf("%s says %v", entry, err)
		}
	}
}
