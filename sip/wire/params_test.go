package wire

import (
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

func TestParseParams(t *testing.T) {
	for _, test := range []struct{ text, params, rest, flaw string }{
		{"", "", "", ""},
		{";a", "a", "", ""},
		{" ; A = B ; c=\"D;,\\\"E\" ,next", `a=B;c="D;,\"E"`, ",next", ""},
		{";a=1;b=2;c", "a=1;b=2;c", "", ""},
		{";a=[::1];b=1.2.3.4", "a=[::1];b=1.2.3.4", "", ""},
		{";a=;b", "a;b", "", ""},
		{";a=1;a=1;A=1", "a=1", "", ""},
		{";a=1;a=2;b", "a=1;b", "", "parameter 'a' given twice"},
		{";;a", "a", "", "empty parameter"},
		{";a;", "a", "", "empty parameter"},
		{";", "", "", "empty parameter"},
		{";a b;c", "a;c", "", "unexpected 'b;c'"},
		{"x;c,d", "c", ",d", "unexpected 'x;c,d'"},
		{";a=\"b", "", "", "quoted value of 'a' has no end"},
		{";a=\"b\"c;d", "a=\"b\";d", "", "unexpected 'c;d'"},
		{";\"x;y\";c", "c", "", "empty parameter"},
		{";a=<b>;c", "a;c", "", "unexpected '?b?;c'"},
	} {
		var params sip.HeaderParams
		rest, err := parseParams(test.text, &params)
		flaw := ""
		if err != nil {
			flaw = err.Error()
		}
		eq(t, test.text+" rest", rest, test.rest)
		eq(t, test.text+" flaw", flaw, test.flaw)
		eq(t, test.text, strings.TrimPrefix(string(appendParams(nil, params)), ";"), test.params)
	}
}

func TestSplitList(t *testing.T) {
	for value, want := range map[string]string{
		"":                          "",
		"a":                         "a",
		" a , b,c ":                 "a|b|c",
		`"a,b",c`:                   `"a,b"|c`,
		`"a\",b",c`:                 `"a\",b"|c`,
		"<sip:a,b>,c":               "<sip:a,b>|c",
		`"a <", <b>,c`:              `"a <"|<b>|c`,
		`a,"b,c`:                    `a|"b,c`,
		",,":                        "||",
		`SIP;text="x, y",Q.850;c=1`: `SIP;text="x, y"|Q.850;c=1`,
	} {
		eq(t, value, strings.Join(splitList(value), "|"), want)
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]string{
		"0": "", "007": "", "255": "", "256": "'256' is too large", "99999999999999999999999": "'99999999999999999999999' is too large",
		"": "no number", "-1": "'-1' is not a number", "+1": "'+1' is not a number", "1.0": "'1.0' is not a number", "٣": "'?' is not a number",
	} {
		_, err := number(text, 255)
		got := ""
		if err != nil {
			got = err.Error()
		}
		eq(t, text, got, want)
	}
}

func TestExcerpt(t *testing.T) {
	eq(t, "long", excerpt(strings.Repeat("x", 50)), "'"+strings.Repeat("x", 40)+"...'")
	eq(t, "not printable", excerpt("a\r\n\x00\"<é>\\z"), "'a??????"+"??z'")
	eq(t, "not UTF-8", excerpt("\xff"), "'?'")
}

func TestLower(t *testing.T) {
	for text, want := range map[string]string{"": "", "abc": "abc", "aBC": "abc", "É\xffA": "É\xffa"} {
		eq(t, text, lower(text), want)
	}
	if n := testing.AllocsPerRun(10, func() { lower("transport") }); n > 0 {
		t.Errorf("%v allocations for nothing", n)
	}
}

// Messages as common user agents write them are read, and read again when written.
func TestWholeMessages(t *testing.T) {
	for name, test := range map[string]struct {
		text  string
		check func(t *testing.T, msg sip.Message)
	}{
		"INVITE of a load generator": {`INVITE sip:service@127.0.0.1:5060 SIP/2.0
Via: SIP/2.0/UDP 127.0.1.1:5061;branch=z9hG4bK-1-1-0
From: sipp <sip:sipp@127.0.1.1:5061>;tag=1SIPpTag001
To: service <sip:service@127.0.0.1:5060>
Call-ID: 1-1@127.0.1.1
CSeq: 1 INVITE
Contact: sip:sipp@127.0.1.1:5061
Max-Forwards: 70
Subject: Performance Test
Content-Type: application/sdp
Content-Length:     7

v=0
o=-`, func(t *testing.T, msg sip.Message) {
			eq(t, "Contact", Contacts(msg)[0].Address.Port, 5061)
			eq(t, "body", string(msg.Body()), "v=0\r\no=-"[:7])
		}},
		"REGISTER of a phone": {`REGISTER sip:example.test SIP/2.0
Via: SIP/2.0/UDP 192.0.2.9:46019;branch=z9hG4bK1d32d2b8;rport
Contact: <sip:alice-0x55d0@192.0.2.9:46019>;expires=600;+sip.instance="<urn:uuid:d5a8>"
Max-Forwards: 70
To: <sip:alice@example.test>
From: <sip:alice@example.test>;tag=4a3c
Call-ID: 54fdae80
CSeq: 5012 REGISTER
User-Agent: baresip v1.1.0 (x86_64/linux)
Authorization: Digest username="alice", realm="example.test", nonce="n", uri="sip:example.test", response="00", algorithm=MD5
Supported: gruu, outbound, path
Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,NOTIFY,SUBSCRIBE,INFO,MESSAGE,UPDATE,REFER
Content-Length: 0

`, func(t *testing.T, msg sip.Message) {
			seconds, _ := ContactExpires(msg, Contacts(msg)[0])
			eq(t, "expires", seconds, 600)
			eq(t, "outbound", HasOption(msg, "supported", "Outbound"), true)
			eq(t, "allows REFER", Allows(msg, sip.REFER), true)
			eq(t, "credentials", len(Values(msg, "authorization")), 1)
		}},
		"answer of a carrier": {`SIP/2.0 183 Session Progress
v: SIP/2.0/TCP 192.0.2.1:5060;received=192.0.2.1;branch=z9hG4bKg1;rport=40122
Record-Route: <sip:203.0.113.4;transport=tcp;lr>,<sip:203.0.113.5;lr;ftag=a>
f: "Gateway" <sip:+14255550101@example.test>;tag=g1
t: <sip:+14255550100@carrier.test;user=phone>;tag=sansay-77
i: c1@192.0.2.1
CSeq: 101 INVITE
m: <sip:+14255550100@203.0.113.9:5060;transport=tcp>
Require: 100rel
RSeq: 8817
P-Early-Media: sendrecv
Reason: Q.850;cause=1 ;text="Unallocated, number"
c: application/sdp
l: 0

`, func(t *testing.T, msg sip.Message) {
			eq(t, "route set", hosts(t, msg, "Record-Route"), "203.0.113.4 203.0.113.5")
			rseq, _ := DeltaSeconds(msg, "RSeq")
			eq(t, "RSeq", rseq, 8817)
			r, _ := ReasonOf(msg, "q.850")
			eq(t, "cause", r, Reason{Protocol: ReasonQ850, Cause: 1, Text: "Unallocated, number"})
			eq(t, "tag", ToTag(msg), "sansay-77")
		}},
		"REFER with Replaces": {`REFER sip:bob@192.0.2.7;gr SIP/2.0
Via: SIP/2.0/TLS 192.0.2.5:5061;branch=z9hG4bK9
From: <sip:alice@h>;tag=1
To: <sip:bob@h>;tag=2
Call-ID: r1
CSeq: 2 REFER
Refer-To: <sips:carol@h?Replaces=90210%40h%3Bto-tag%3D1%3Bfrom-tag%3D2&Require=replaces>
b: "Alice" <sip:alice@h>
Contact: <sip:alice@192.0.2.5:5061;transport=tls>
Content-Length: 0

`, func(t *testing.T, msg sip.Message) {
			target, err := Addresses(msg, "Refer-To")
			if err != nil {
				t.Fatal(err)
			}
			replaces, _ := Param(target[0].URI.Headers, "replaces")
			id, params, err := SplitParams(Unescape(replaces))
			to, _ := Param(params, "to-tag")
			eq(t, "Replaces", id+" "+to, "90210@h 1")
			eq(t, "error", err, nil)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			msg := mustParse(t, crlf(test.text))
			checkStable(t, msg)
			test.check(t, msg)
		})
	}
}
