package bridge

import (
	"slices"
	"testing"

	"github.com/tandem-gateway/tandem/sdp"
)

// TestTranscode: the callee shares no codec with the caller, and each is answered with its
// own.
func TestTranscode(t *testing.T) {
	tell(t, `
	given codecs opus G722 PCMU PCMA
	show tell dial hear connect
	alice calls with PCMU te
	found 1: carrier
		dial 2 sip:carrier with v1 PCMU opus G722 PCMA te
	2 answers G722 te
		connect 2 to 192.0.2.2:4004 G722 te
		connect 1 to 192.0.2.1:4002 PCMU te
		tell 1 Answer v1 PCMU te
		hear 1<2 2<1
	# What the callee speaks need not change when the caller holds.
	1 offers v2 PCMU te sendonly
		tell 2 Offer v2 PCMU opus G722 PCMA te sendonly
	2 agrees v2 G722 te recvonly
		connect 2 to 192.0.2.2:4004 G722 te sendonly
		connect 1 to 192.0.2.1:4002 PCMU te recvonly
		tell 1 AcceptOffer v2 PCMU te recvonly
		hear 1<2 2<1
	`)
}

// TestTranscodeIsSpared: a callee that prefers what the caller does not have is offered
// what both have.
func TestTranscodeIsSpared(t *testing.T) {
	tell(t, `
	given codecs opus G722 PCMU PCMA
	show tell
	alice calls with PCMU te
	found 1: carrier
	2 answers G722 PCMU te
		tell 1 Answer v1 PCMU te
		tell 2 Offer v2 PCMU te
	2 agrees v2 PCMU te
	1 hangs up
		tell 2 Hangup 200/16 caller
	`)
}

// TestNoTranscode: what the gateway cannot decode is offered as it is, and a call whose
// sides have nothing in common then gets 488.
func TestNoTranscode(t *testing.T) {
	tell(t, `
	given codecs opus G722
	show tell dial
	alice calls with PCMA
	found 1: carrier
		dial 2 sip:carrier with v1 PCMA opus G722 te
	2 refuses 488
		tell 1 Refuse 488/65 callee
	`)
	tell(t, `
	show tell dial
	alice calls with PCMA
	found 1: carrier
		dial 2 sip:carrier with v1 PCMA
	2 answers PCMU
		tell 2 Hangup 488/65 gateway
		tell 1 Refuse 488/65 gateway
	`)
}

// TestCodecLists: a party is offered what its list has, and is heard in nothing else.
func TestCodecLists(t *testing.T) {
	p := &participant{codecs: []string{"pcma", "G729"}}
	m := NewMachine("c", &Limits{Codecs: []sdp.Codec{codecs["G722"], codecs["PCMA"]}})
	for _, c := range []struct{ theirs, want []string }{
		{[]string{"PCMU", "te"}, []string{"PCMA", "te"}},
		{[]string{"PCMA", "PCMU", "te"}, []string{"PCMA", "te"}},
		{[]string{"opus"}, []string{"PCMA", "te"}},
	} {
		var theirs []sdp.Codec
		for _, name := range c.theirs {
			theirs = append(theirs, codecs[name])
		}
		if got := codecWords(m.offerable(p, theirs)); !slices.Equal(got, c.want) {
			t.Errorf("for %v it is offered %v, want %v", c.theirs, got, c.want)
		}
	}
	if d := restricted(describe(1, []string{"PCMU", "PCMA", "te"}), p.codecs); !slices.Equal(codecWords(d.Media[0].Codecs), []string{"PCMA", "te"}) {
		t.Errorf("its offer is read as %v", codecWords(d.Media[0].Codecs))
	}
}

// TestPayloadNumbersDoNotCollide: the gateway's codec finds its number taken.
func TestPayloadNumbersDoNotCollide(t *testing.T) {
	taken := codecs["te"]
	taken.PayloadType = codecs["opus"].PayloadType
	if c := numbered(codecs["opus"], []sdp.Codec{taken}); c.PayloadType != 96 {
		t.Errorf("opus gets %d, want 96", c.PayloadType)
	}
}
