package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// wantProblem fails unless one line of err contains what is wanted.
func wantProblem(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Errorf("loaded; want %s", want)
	} else if !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// problemTests are all that can be wrong with one key: the file, and the one
// line that says so.
var problemTests = []struct{ yaml, want string }{
	// Keys.
	{"sip:\n  listn: []", "2:3: sip.listn: unknown key, did you mean listen?"},
	{"listen: []", "1:1: listen: unknown key here, did you mean sip.listen?"},
	{"zebra: 1", "1:1: zebra: unknown key; the keys here are cdr, disable_forwarding_and_unanswered, drain, music_on_hold, prompts, recording, region, routes, rtp, sip, transfer_caller_id, transfer_recall, trunks, users"},
	{"region: US\nregion: DE", "2:1: region: is given twice, first on line 1"},
	{"zebra: 1\nzebra: 2", "2:1: zebra: is given twice"},
	{"rtp:\n  timeout: 1s\n  timeout: 2s", "3:3: rtp.timeout: is given twice, first on line 2"},
	{"1: x", "1:1: 1: unknown key"},
	{"\"\": x", "1:1: unknown key"},
	// Recording.
	{"recording: {layout: sterio}", `1:21: recording.layout: "sterio" is not one of stereo, mixed, separate, did you mean stereo?`},
	{"recording: {format: mp3}", `1:21: recording.format: "mp3" is not one of wav, ogg`},
	{"users: [{name: a, password: long-enough, record: true}]", "1:50: users[0].record: there is no directory for recordings: name it in recording.path"},
	{"trunks: [{name: t, address: \"sip:192.0.2.1\"}]\nroutes: [{name: r, to: \"+\", trunks: [t], record: true}]", "2:50: routes[0].record: there is no directory for recordings"},
	{"recording: {path: /tmp, beep: sometimes}", "1:31: recording.beep: is neither true nor false"},
	// Types.
	{"sip: [a]", "1:6: sip: is a list, not a section"},
	{"sip: text", "1:6: sip: is text, not a section"},
	{"users: {a: b}", "1:8: users: is a section, not a list"},
	{"users: [alice]", "1:9: users[0]: is text, not a section"},
	{"region: [US]", "1:9: region: is a list, not a single value"},
	{"region: {a: b}", "1:9: region: is a section, not a single value"},
	{"region:", "1:1: region: has no value"},
	{"region: 12", `1:9: region: is a number to YAML, not text: put it in quotes, "12"`},
	{"region: true", "1:9: region: is true or false to YAML, not text"},
	{"- a", "1:1: is a list, not a section"},
	{"text", "1:1: is text, not a section"},
	{"cdr: {path: \"a\\nb\"}", "1:13: cdr.path: contains a line break"},
	{"cdr:\n  path: |\n    a\n", "2:9: cdr.path: contains a line break"},
	// Values.
	{"region: us", `1:9: region: "us" is not a country`},
	{"region: USA", "region"},
	{"drain: 30", "1:8: drain: 30 has no unit: write a duration such as 30s or 30m"},
	{"drain: soon", `"soon" is not a duration`},
	{"drain: -1s", "drain: -1s is negative"},
	{"sip: {listen: []}", "1:15: sip.listen: the list is empty"},
	{"sip: {listen: [\"tls://127.0.0.1:5061\"]}", `1:16: sip.listen[0]: tls://127.0.0.1:5061 needs a certificate: name its file in sip.tls.certificate`},
	{"sip: {listen: [\"wss://127.0.0.1:5061\"]}", `1:16: sip.listen[0]: transport "wss" is not there yet: use udp, tcp or tls`},
	{"sip: {listen: [\"quic://127.0.0.1:5061\"]}", `unknown transport "quic": use udp, tcp or tls`},
	{"sip: {listen: [\"127.0.0.1:5060\"]}", "names no transport: write udp://127.0.0.1:5060"},
	{"sip: {listen: [\"udp://localhost:5060\"]}", `"localhost:5060" is not an IP address`},
	{"sip: {listen: [\"udp://127.0.0.1:70000\"]}", "is not an IP address with a port"},
	{"sip: {listen: [\"udp://127.0.0.1\", \"udp://127.0.0.1:5060\"]}", "1:35: sip.listen[1]: udp://127.0.0.1:5060 is listed twice"},
	{"sip: {listen: [\"udp://0.0.0.0:5060\"]}", "sip.domain: needed, because udp://0.0.0.0:5060 is a wildcard"},
	{"sip: {domain: a b}", `sip.domain: "a b" is not a host`},
	{"sip: {domain: \"a:5060\"}", "is not a host"},
	{"sip: {domain: 192.0.2.300}", "is not an IPv4 address"},
	{"sip: {domain: \"::1\"}", `write "[::1]"`},
	{"sip: {domain: \"[::1\"}", "is not an IPv6 address in brackets"},
	{"rtp: {address: example.test}", "is not an IP address"},
	{"rtp: {address: 0.0.0.0}", "1:16: rtp.address[0]: 0.0.0.0 is nobody's address"},
	{"rtp: {address: [192.0.2.1, 192.0.2.2]}", "1:28: rtp.address[1]: 192.0.2.2 is the second of its family"},
	{"rtp: {address: [192.0.2.1, \"2001:db8::1\", \"2001:db8::2\"]}", "1:43: rtp.address[2]: 2001:db8::2 is the second of its family"},
	{"rtp: {address: \"fe80::1%eth0\"}", "fe80::1%eth0 has a zone"},
	{"rtp: {bind: 0.0.0.0}", "1:13: rtp.bind[0]: 0.0.0.0 is nobody's address"},
	{"rtp: {address: 203.0.113.5, bind: \"2001:db8::1\"}", "rtp.bind[0]: rtp.address has no address of the family of 2001:db8::1"},
	{"sip: {advertise: [203.0.113.5, 203.0.113.6]}", "1:32: sip.advertise[1]: 203.0.113.6 is the second of its family"},
	{"rtp: {address: {a: b}}", "1:16: rtp.address: is a section, not a list"},
	{"rtp: {address: [192.0.2.1, x]}", `rtp.address[1]: "x" is not an IP address`},
	{"rtp: {ports: 5000}", "put it in quotes"},
	{"rtp: {ports: \"5000\"}", "is not a range of ports"},
	{"rtp: {ports: 20001-29999}", "begins with an odd port"},
	{"rtp: {ports: 20000-20000}", "holds no pair of ports: end it at 20001"},
	{"rtp: {ports: 20000-70000}", "is not a range of ports"},
	{"rtp: {ports: 0-100}", "is not a range of ports"},
	{"rtp: {ports: 5000-6000}", "rtp.ports: 5000-6000 contains the port of sip.listen[0], udp://127.0.0.1:5060"},
	{"transfer_caller_id: transferer", `1:21: transfer_caller_id: "transferer" is not one of transferor, transferee, did you mean transfer`},
	{"transfer_recall: bakc", `1:18: transfer_recall: "bakc" is nobody to call: write back, end, a number such as "+14255550101", or user:NAME, did you mean back?`},
	{"transfer_recall: reject:480", `"reject:480" is nobody to call`},
	{"transfer_recall: \"\"", `"" is nobody to call`},
	{"transfer_recall: \"user:\"", `"user:" is nobody to call`},
	{"transfer_recall: \"911\"", `"911" is nobody to call`},
	{"transfer_recall: +14255550101", `put it in quotes, "+14255550101"`},
	{"transfer_recall: \"user:bob\"", `1:18: transfer_recall: there is no user "bob"`},
	{"disable_forwarding_and_unanswered: yes", "disable_forwarding_and_unanswered: is neither true nor false"},
	{"rtp: {timeout: -5s}", "rtp.timeout: -5s is negative"},
	{"sip: {min_se: 60s}", "sip.min_se: 1m0s is less than RFC 4028 allows"},
	{"sip: {session_expires: 60s}", "sip.session_expires: 1m0s is less than sip.min_se, 1m30s"},
	{"sip: {session_expires: 600s, min_se: 700s}", "sip.session_expires: 10m0s is less than sip.min_se, 11m40s"},
	{"sip: {session_expires: -1s}", "sip.session_expires: -1s is negative"},
	// What is not there yet.
	// YAML.
	{"sip: [", "1:6: not YAML"},
	{"region: \"US", "1:9: not YAML"},
	{"\tregion: US", "1:7: not YAML"},
	{"region: &x US", "1:9: anchors and aliases"},
	{"region: *x", "1:9: anchors and aliases"},
	{"<<: {a: b}", "1:1: anchors and aliases"},
	{"region: !!str US", "1:9: tags and directives"},
	{"region: US\n---\ndrain: 1s", "2:1: a second YAML document"},
	{"a: " + strings.Repeat("[", 100), "nested too deeply"},
	{strings.Repeat("- ", 100), "nested too deeply"},
	{strings.Repeat("? ", 100), "nested too deeply"},
	{"#" + strings.Repeat("x", maxSize), "1:1: the file has 16777217 bytes"},
}

func TestProblems(t *testing.T) {
	for _, tt := range problemTests {
		_, err := Parse("t.yaml", []byte(tt.yaml))
		wantProblem(t, err, tt.want)
		if err != nil && strings.Count(err.Error(), "\n") > 0 && !strings.Contains(tt.yaml, "zebra: 2") {
			t.Errorf("%q is told more than once:\n%v", tt.yaml, err)
		}
	}
}

// entryTests are faults of one user, trunk or route, put into a list that has
// sound ones of each beside it.
var entryTests = []struct{ list, entry, want string }{
	{"users", `{password: long enough}`, "users[1].name: required"},
	{"users", `{name: bob}`, "users[1].password: required"},
	{"users", `{name: bob, password: ""}`, "users[1].password: required"},
	{"users", `{name: bob, pasword: long enough}`, "users[1].pasword: unknown key, did you mean password?"},
	{"users", `{name: bob, password: 12345678}`, "users[1].password: is a number to YAML: put it in quotes"},
	{"users", `{name: b b, password: long enough}`, `users[1].name: "b b" is not a name`},
	{"users", `{name: 101, password: long enough}`, `put it in quotes, "101"`},
	{"users", `{name: alice, password: long enough}`, "users[1].name: there is another user alice on line 2"},
	{"users", `{name: bob, password: long enough, numbers: [+14255550101]}`, `put it in quotes, "+14255550101"`},
	{"users", `{name: bob, password: long enough, numbers: ["14255550102"]}`, `"14255550102" is not an E.164 number`},
	{"users", `{name: bob, password: long enough, numbers: ["+1 425 555 0102"]}`, "is not an E.164 number"},
	{"users", `{name: bob, password: long enough, numbers: ["+1425"]}`, "is not an E.164 number"},
	{"users", `{name: bob, password: long enough, numbers: ["+04255550102"]}`, "is not an E.164 number"},
	{"users", `{name: bob, password: long enough, numbers: ["+1234567890123456"]}`, "is not an E.164 number"},
	{"users", `{name: bob, password: long enough, numbers: ["+14255550101"]}`, "users[1].numbers[0]: +14255550101 already belongs to user alice"},
	{"users", `{name: bob, password: long enough, numbers: ["+14255550105", "+14255550105"]}`, "users[1].numbers[1]: +14255550105 is listed twice"},
	{"users", `{name: bob, password: long enough, caller_ids: [x]}`, "users[1].caller_ids[0]: \"x\" is not an E.164 number"},
	{"users", `{name: bob, password: long enough, ringing_timeout: 0s}`, "users[1].ringing_timeout: 0s is no time at all"},
	{"users", `{name: bob, password: long enough, forward: carol}`, "users[1].forward: is text, not a section"},
	{"users", `{name: bob, password: long enough, forward: {allways: "user:alice"}}`, "users[1].forward.allways: unknown key, did you mean always?"},
	{"users", `{name: bob, password: long enough, forward: {always: "user:carol"}}`, `users[1].forward.always: there is no user "carol"`},
	{"users", `{name: bob, password: long enough, forward: {always: "user:bob"}}`, "users[1].forward.always: user bob forwards to itself"},
	{"users", `{name: bob, password: long enough, forward: {busy: "user:"}}`, `users[1].forward.busy: "user:" is no destination`},
	{"users", `{name: bob, password: long enough, forward: {busy: alice}}`, `users[1].forward.busy: "alice" is no destination: write a number such as "+14255550101", user:NAME, or reject:STATUS`},
	{"users", `{name: bob, password: long enough, forward: {busy: "4255550101"}}`, `"4255550101" is no destination`},
	{"users", `{name: bob, password: long enough, forward: {busy: "911"}}`, `"911" is no destination`},
	{"users", `{name: bob, password: long enough, forward: {busy: "reject:busy"}}`, `"busy" is no status that refuses a call`},
	{"users", `{name: bob, password: long enough, forward: {busy: "reject:302"}}`, `"302" is no status that refuses a call`},
	{"users", `{name: bob, password: long enough, forward: {busy: "reject:407"}}`, `"407" is no status that refuses a call`},
	{"users", `{name: bob, password: long enough, forward: {busy: "reject:500"}}`, `"500" is no status that refuses a call`},
	{"users", `{name: bob, password: long enough, forward: {no_answer_after: 20s}}`, "users[1].forward.no_answer_after: does nothing without no_answer"},
	{"users", `{name: bob, password: long enough, forward: {no_answer: "user:alice", no_answer_after: 0s}}`, "users[1].forward.no_answer_after: 0s is no time at all"},
	{"trunks", `{name: b, address: "sip:b.test", diversion: none}`, `trunks[1].diversion: "none" is not one of diversion, history-info, both, off`},
	{"trunks", `{name: b, address: "sip:b.test", pass_headers: ["X A"]}`, `trunks[1].pass_headers[0]: "X A" is no header name`},
	{"trunks", `{name: b, address: "sip:b.test", pass_headers: ["X-A: b"]}`, `"X-A: b" is no header name`},
	{"trunks", `{name: b, address: "sip:b.test", pass_headers: ["*"]}`, `"*" is no header name`},
	{"trunks", `{name: b, address: "sip:b.test", pass_headers: ["P-*"]}`, "P-* may stand for headers that the gateway writes itself"},
	{"trunks", `{name: b, address: "sip:b.test", pass_headers: [x]}`, "x is a header's short form"},
	{"trunks", `{name: b, address: "sip:b.test", pass_headers: [X-A, x-a]}`, "trunks[1].pass_headers[1]: x-a is listed twice"},
	{"trunks", `{name: b, address: "sip:b.test", pass_headers: [Via]}`, "trunks[1].pass_headers[0]: Via is written by the gateway itself"},
	{"trunks", `{name: b, address: "sip:b.test", pass_headers: [P-Asserted-Identity]}`, "P-Asserted-Identity is written by the gateway itself"},
	{"trunks", `{address: "sip:b.test"}`, "trunks[1].name: required"},
	{"trunks", `{name: b, address: "sip:b.test", headers: [{value: x}]}`, "trunks[1].headers[0]: has 0 verbs"},
	{"trunks", `{name: b, address: "sip:b.test", headers: [{add: X-A, remove: X-B}]}`, "trunks[1].headers[0]: has 2 verbs"},
	{"trunks", `{name: b, address: "sip:b.test", headers: [{remove: X-B, value: x}]}`, "trunks[1].headers[0].value: does nothing beside remove"},
	{"trunks", `{name: b, address: "sip:b.test", from_domain: "a b"}`, "trunks[1].from_domain: "},
	{"trunks", `{name: b, address: "sip:b.test", numbers: {called: {format: local}}}`, `"local" is not one of e164, plain, national`},
	{"routes", `{name: r, to: "+2", trunks: [{weight: 1}]}`, "routes[1].trunks[0].name: required"},
	{"routes", `{name: r, to: "+2", trunks: [{name: carrier, wait: 1}]}`, "the keys here are name, priority, weight"},
	{"routes", `{name: r, to: "+2", trunks: [{name: carrier}, carrier]}`, "trunk carrier is listed twice"},
	{"users", `{name: bob, password: long enough, picks_up: [alicia]}`, `users[1].picks_up[0]: there is no user "alicia", did you mean alice?`},
	{"users", `{name: bob, password: long enough, codecs: [PCMU, pcmu]}`, `users[1].codecs[1]: pcmu is listed twice`},
	{"trunks", `{name: b, address: "sip:b.test", codecs: ["PCMA/8000"]}`, `trunks[1].codecs[0]: "PCMA/8000" is no codec`},
	{"routes", `{name: r, to: "+2", trunks: [carrier], ringback: loud}`, `"loud" is not one of auto, local, pass`},
	{"routes", `{name: r, to: "+2", trunks: [carrier], down_trunks: first}`, `"first" is not one of skip, last`},
	{"trunks", `{name: b}`, "trunks[1].address: required"},
	{"trunks", `{name: carrier, address: "sip:b.test"}`, "trunks[1].name: there is another trunk carrier on line 5"},
	{"trunks", `{name: b, address: b.test}`, "is not a SIP URI"},
	{"trunks", `{name: b, address: "sips:b.test"}`, "trunks[1].address: goes by TLS, and no address in sip.listen begins with tls://"},
	{"trunks", `{name: b, address: "sip:b.test;transport=tls"}`, "trunks[1].address: goes by TLS, and no address in sip.listen"},
	{"trunks", `{name: b, address: "sips:b.test;transport=udp"}`, "sips: goes by TLS, which is not over udp"},
	{"trunks", `{name: b, address: "sip:b.test", tls: {server_name: b.test}}`, "trunks[1].tls.server_name: does nothing: the trunk's address goes by another transport"},
	{"trunks", `{name: b, address: "sip:b.test", tls: {ca: ca.pem}}`, "trunks[1].tls.ca: does nothing"},
	{"trunks", `{name: b, address: "sip:b.test", tls: {key: k.pem}}`, "trunks[1].tls.key: does nothing"},
	{"trunks", `{name: b, address: "sip:b.test", tls: {cert: ca.pem}}`, "trunks[1].tls.cert: unknown key; the keys here are ca, certificate, key, server_name"},
	{"trunks", `{name: b, address: "sip:b.test", keepalive: 5s}`, "trunks[1].keepalive: 5s is under 10s"},
	{"trunks", `{name: b, address: "sip:b.test", keepalive: -1s}`, "trunks[1].keepalive: -1s is under 10s"},
	{"trunks", `{name: b, address: "sip:b.test;transport=udp", keepalive: 120s}`, "trunks[1].keepalive: does nothing: the trunk's address goes by UDP"},
	{"trunks", `{name: b, address: "sip:x@b.test"}`, "has a user"},
	{"trunks", `{name: b, address: "sip:"}`, "the host is empty"},
	{"trunks", `{name: b, address: "sip:b.test:x"}`, `"x" is not a port`},
	{"trunks", `{name: b, address: "sip:b.test:0"}`, `"0" is not a port`},
	{"trunks", `{name: b, address: "sip:b_$.test"}`, "is not a host"},
	{"trunks", `{name: b, address: "sip:b.test;lr"}`, `parameter "lr" means nothing here`},
	{"trunks", `{name: b, address: "sip:b.test;transport=ws"}`, `transport "ws" is not there yet`},
	{"trunks", `{name: b, address: "sip:b.test;transport=pigeon"}`, `unknown transport "pigeon"`},
	{"trunks", `{name: b, address: "sip:b.test", sources: [x]}`, `trunks[1].sources[0]: "x" is not a network`},
	{"trunks", `{name: b, address: "sip:b.test", sources: [10.0.0.1/8]}`, "write 10.0.0.0/8 for the network, or 10.0.0.1 for the one address"},
	{"trunks", `{name: b, address: "sip:b.test", sources: [0.0.0.0/0]}`, "lets everybody call"},
	{"trunks", `{name: b, address: "sip:b.test:5080", sources: [192.0.2.0/24]}`, "trunks[1].sources[0]: 192.0.2.0/24 is also a source of trunk carrier (line 5)"},
	{"trunks", `{name: b, address: "sip:b.test:5080", sources: [192.0.2.1], domain: b.test}`, "give each its own domain"},
	{"trunks", `{name: b, address: "sip:b.test", domain: b.test}`, "trunks[1].domain: does nothing without sources"},
	{"trunks", `{name: b, address: "sip:b.test", sources: [10.0.0.1], domain: b b}`, "trunks[1].domain: \"b b\" is not a host"},
	{"trunks", `{name: b, address: "sip:b.test", username: u}`, "trunks[1].username: has no password beside it"},
	{"trunks", `{name: b, address: "sip:b.test", password: p}`, "trunks[1].password: has no username beside it"},
	{"trunks", `{name: b, address: "sip:b.test", caller_id: pia}`, `"pia" is not one of pai, from, rpid, did you mean pai?`},
	{"trunks", `{name: b, address: "sip:b.test", caller_id_policy: allow}`, `"allow" is not one of refuse, replace`},
	{"trunks", `{name: b, address: "sip:b.test", trusted: yes}`, "trunks[1].trusted: is neither true nor false"},
	{"trunks", `{name: b, address: "sip:b.test", register: true}`, "trunks[1].register: needs username and password"},
	{"trunks", `{name: b, address: "sip:b.test", registrar: c.test}`, "trunks[1].registrar: does nothing without register"},
	{"trunks", `{name: b, address: "sip:b.test", register: true, username: u, password: p, registrar: "a b"}`, "trunks[1].registrar: "},
	{"trunks", `{name: b, address: "sip:b.test", register_expires: 1s}`, "trunks[1].register_expires: 1s is not between"},
	{"trunks", `{name: b, address: "sip:b.test", register: [a]}`, "trunks[1].register: "},
	{"trunks", `{name: b, address: "sip:b.test", srtp: on}`, `trunks[1].srtp: "on" is not one of off, optional, required`},
	{"trunks", `{name: b, address: "sip:b.test", srtp: optional, srtp_keys: sds}`, `trunks[1].srtp_keys: "sds" is not one of both, sdes, dtls, did you mean sdes?`},
	{"trunks", `{name: b, address: "sip:b.test;transport=udp", srtp: required, srtp_keys: sdes}`, "trunks[1].srtp_keys: sdes keys travel by TLS only, and the trunk's address goes by udp: use TLS"},
	{"trunks", `{name: b, address: "sip:b.test;transport=tcp", srtp: optional, srtp_keys: sdes}`, "trunks[1].srtp_keys: sdes keys travel by TLS only"},
	{"trunks", `{name: b, address: "sip:b.test", max_calls: -1}`, "trunks[1].max_calls: \"-1\" is not a number that fits here: write a whole number"},
	{"trunks", `{name: b, address: "sip:b.test", max_cps: .inf}`, "trunks[1].max_cps: \".inf\" is not a number that fits here"},
	{"trunks", `{name: b, address: "sip:b.test", options_interval: 1s}`, "trunks[1].options_interval: 1s is under 4s"},
	{"trunks", `{name: b, address: "sip:b.test", down_after: 0}`, "trunks[1].down_after: 0 would take the trunk for down"},
	{"trunks", `{name: b, address: "sip:b.test", transfer: lokal}`, `trunks[1].transfer: "lokal" is not one of local, relay, refuse, did you mean local?`},
	{"users", `{name: b, password: secret-of-b, max_calls: many}`, "users[1].max_calls: \"many\" is not a number that fits here"},
	{"routes", `{to: "+2", trunks: [carrier]}`, "routes[1].name: required"},
	{"routes", `{name: r, trunks: [carrier]}`, "routes[1].to: required"},
	{"routes", `{name: us, to: "+2", trunks: [carrier]}`, "routes[1].name: there is another route us on line 8"},
	{"routes", `{name: r, to: "2", trunks: [carrier]}`, "is neither the beginning of an E.164 number"},
	{"routes", `{name: r, to: "+0", trunks: [carrier]}`, "is neither the beginning"},
	{"routes", `{name: r, to: "//", trunks: [carrier]}`, "is neither the beginning"},
	{"routes", `{name: r, to: "/(/", trunks: [carrier]}`, "routes[1].to: error parsing regexp: missing closing )"},
	{"routes", `{name: r, emergency: true, to: "1", trunks: [carrier]}`, "is neither the beginning"},
	{"routes", `{name: r, to: "911", trunks: [carrier]}`, "is neither the beginning"},
	{"routes", `{name: r, to: "+2"}`, "routes[1]: leads nowhere: give it trunks or a user"},
	{"routes", `{name: r, to: "+2", usr: alice}`, "routes[1].usr: unknown key, did you mean user?"},
	{"routes", `{name: r, to: "+2", trunks: [carrier], user: alice}`, "routes[1].user: a route leads either to a user or to trunks"},
	{"routes", `{name: r, emergency: true, user: alice}`, "routes[1]: an emergency route leads to trunks"},
	{"routes", `{name: r, to: "+2", user: alicia}`, `routes[1].user: there is no user "alicia", did you mean alice?`},
	{"routes", `{name: r, to: "+2", trunks: [carier]}`, `routes[1].trunks[0]: there is no trunk "carier", did you mean carrier?`},
	{"routes", `{name: r, to: "+2", trunks: [carrier, carrier]}`, "routes[1].trunks[1]: trunk carrier is listed twice"},
	{"routes", `{name: r, to: "+2", trunks: carrier}`, "routes[1].trunks: is text, not a list"},
	{"routes", `{name: r, to: "+2", from: trunk, user: alice}`, `routes[1].from: "trunk" is not an origin`},
	{"routes", `{name: r, to: "+2", from: "trunk:", user: alice}`, `"trunk:" is not an origin`},
	{"routes", `{name: r, to: "+2", from: "trunk:pbx", user: alice}`, `routes[1].from: there is no trunk "pbx"`},
	{"routes", `{name: r, to: "+2", user: alice, caller_id: "425"}`, `routes[1].caller_id: "425" is not an E.164 number`},
	{"routes", `{name: r, to: "+2", user: alice, ringing_timeout: 0s}`, "routes[1].ringing_timeout: 0s is no time at all"},
	{"routes", `{name: r, to: "+2", user: alice, attempt_timeout: -1s}`, "routes[1].attempt_timeout: -1s is no time"},
	{"routes", `{name: r, to: "+2", user: alice, attempt_timeout: 40s}`, "routes[1].attempt_timeout: 40s is over 32s"},
	{"routes", `{name: r, to: "+2", user: alice, emergency: 1}`, "routes[1].emergency: is neither true nor false"},
}

// withEntry adds an entry to one of three lists that have a sound one each.
func withEntry(list, entry string) string {
	sound := map[string]string{
		"users":  `{name: alice, password: long enough, numbers: ["+14255550101"]}`,
		"trunks": `{name: carrier, address: "sip:c.test:5080", sources: [192.0.2.1, 192.0.2.2]}`,
		"routes": `{name: us, to: "+1", trunks: [carrier]}`,
	}
	var b strings.Builder
	for _, name := range []string{"users", "trunks", "routes"} {
		fmt.Fprintf(&b, "%s:\n- %s\n", name, sound[name])
		if name == list {
			fmt.Fprintf(&b, "- %s\n", entry)
		} else {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func TestEntryProblems(t *testing.T) {
	mustParse(t, withEntry("", ""))
	for _, tt := range entryTests {
		_, err := Parse("t.yaml", []byte(withEntry(tt.list, tt.entry)))
		wantProblem(t, err, tt.want)
		if err != nil && strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s is told more than once:\n%v", tt.entry, err)
		}
	}
}

// TestEveryProblemHasAPlace makes sure that no message lacks the line and column
// that DESIGN.md asks for, and that none lies outside the file.
func TestEveryProblemHasAPlace(t *testing.T) {
	place := regexp.MustCompile(`^t\.yaml:[1-9]\d*:[1-9]\d*: .`)
	for _, tt := range problemTests {
		_, err := Parse("t.yaml", []byte(tt.yaml))
		for _, p := range allProblems(t, err) {
			if !place.MatchString(p.Error()) || p.Line > strings.Count(tt.yaml, "\n")+1 {
				t.Errorf("no place in the file: %s", p)
			}
		}
	}
}

func allProblems(t *testing.T, err error) Problems {
	t.Helper()
	var ps Problems
	if !errors.As(err, &ps) {
		t.Fatalf("%v is not Problems", err)
	}
	return ps
}

func TestSharedSourcesThatDiffer(t *testing.T) {
	for _, second := range []string{
		`{name: b, address: "sip:b.test:5090", sources: [192.0.2.1]}`,
		`{name: b, address: "sip:b.test", sources: [192.0.2.0/24]}`,
		`{name: b, address: "sip:b.test:5080", sources: [198.51.100.0/24]}`,
	} {
		mustParse(t, withEntry("trunks", second))
	}
	mustParse(t, `trunks:
- {name: a, address: "sip:t.test:5080", sources: [192.0.2.1], domain: a.test}
- {name: b, address: "sip:t.test:5080", sources: [192.0.2.1], domain: b.test}`)
	_, err := Parse("t.yaml", []byte(`trunks:
- {name: a, address: "sip:t.test:5080", sources: [192.0.2.1], domain: a.test}
- {name: b, address: "sip:t.test:5080", sources: [192.0.2.1], domain: A.TEST}`))
	wantProblem(t, err, "nothing tells the two apart")
}

func TestAllProblemsInTheFilesOrder(t *testing.T) {
	_, err := Parse("t.yaml", []byte("drain: x\nregion: us\nsip: {listn: 1, domain: a b}\nrtp:\n  ports: 1-2\n"))
	var paths []string
	for _, p := range allProblems(t, err) {
		paths = append(paths, p.Path)
	}
	if got, want := strings.Join(paths, " "), "drain region sip.listn sip.domain rtp.ports"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var p *Problem
	if !errors.As(err, &p) || p.Path != "drain" {
		t.Errorf("the first problem is not found: %v", p)
	}
}

func TestManyProblemsAreBounded(t *testing.T) {
	_, err := Parse("t.yaml", []byte(strings.Repeat("x: 1\n", 100)))
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != maxShown+1 || lines[maxShown] != "and 80 more" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

func TestWarnings(t *testing.T) {
	tests := []struct{ yaml, want string }{
		{withEntry("users", `{name: bob, password: short}`), "users[1].password: the password has fewer than 8 characters"},
		{withEntry("users", `{name: bobobobo, password: bobobobo}`), "users[1].password: the password is the user's name"},
	}
	for _, tt := range tests {
		if got := mustParse(t, tt.yaml).Warnings.Error(); !strings.Contains(got, tt.want) {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestNoWarningWithoutCause(t *testing.T) {
	for _, yaml := range []string{
		"",
		"sip: {session_expires: 0s, min_se: 90s}\nmusic_on_hold: pass",
		"trunks: [{name: a, address: \"sip:a.test\", options_interval: 0s, srtp: off, register: false, max_calls: 0}]",
		withEntry("routes", `{name: e, emergency: true, trunks: [carrier]}`),
		withEntry("routes", `{name: e, emergency: true, to: "911", trunks: [carrier]}`),
	} {
		if w := mustParse(t, yaml).Warnings; len(w) != 0 {
			t.Errorf("%s\nis warned of: %v", yaml, w)
		}
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"listen", "domain", "user", "trunks"}
	tests := map[string]string{
		"listn": "listen", "lisetn": "listen", "Listen": "listen", "usr": "user",
		"trunk": "trunks", "domian": "domain", "x": "", "us": "", "": "", "something": "",
	}
	for name, want := range tests {
		got := suggest(name, known)
		if want == "" && got != "" || want != "" && got != ", did you mean "+want+"?" {
			t.Errorf("%q suggests %q, want %q", name, got, want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "ab", 1}, {"abc", "xbc", 1}, {"kitten", "sitting", 3}, {"a", "abcdefgh", 5}}
	for _, tt := range tests {
		if got := editDistance(tt.a, tt.b, 5); got != tt.want {
			t.Errorf("%s to %s is %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := editDistance(tt.b, tt.a, 5); got != tt.want {
			t.Errorf("%s to %s is %d, want %d", tt.b, tt.a, got, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(designExample)
	for _, tt := range problemTests {
		if len(tt.yaml) < 1000 {
			f.Add(tt.yaml)
		}
	}
	for _, tt := range entryTests {
		f.Add(withEntry(tt.list, tt.entry))
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("f.yaml", []byte(text))
		if err != nil {
			for _, p := range allProblems(t, err) {
				if p.Line < 1 || p.Column < 1 || p.Message == "" {
					t.Errorf("no place or no message: %+v", p)
				}
			}
			return
		}
		if len(c.SIP.Listen) == 0 || c.SIP.Domain == "" || c.RTP.Ports.Pairs() < 1 {
			t.Errorf("incomplete: %+v", c)
		}
		if changes := Diff(c, c); len(changes) != 0 {
			t.Errorf("differs from itself: %v", changes)
		}
	})
}
