package sdp

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
)

// on is an audio description of direction d on a port, ours or the peer's.
func on(t testing.TB, port string, d Direction) *Description {
	return mustParse(t, audio("m=audio "+port+" RTP/AVP 0", "a="+d.String()))
}

// want fails the test unless the step had this result.
func want(t *testing.T, step string, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) || (wanted == nil) != (err == nil) {
		t.Fatalf("%s: %v, want %v", step, err, wanted)
	}
}

func TestNegotiationOfACallThatWeMake(t *testing.T) {
	offer, answer := on(t, "4000", SendRecv), on(t, "6000", SendRecv)
	var n Negotiation
	if _, err := n.Stream(); !errors.Is(err, ErrNothingAgreed) {
		t.Fatalf("a stream before any offer: %v", err)
	}
	want(t, "our offer", n.SendOffer(offer), nil)
	if _, err := n.Stream(); !errors.Is(err, ErrNothingAgreed) {
		t.Fatalf("a stream before any answer: %v", err)
	}
	want(t, "their answer", n.ReceiveAnswer(answer), nil)
	if n != (Negotiation{Local: offer, Remote: answer, Offerer: Us}) {
		t.Fatalf("%+v", n)
	}
	s, err := n.Stream()
	if err != nil || s.Remote.Port() != 6000 {
		t.Fatalf("%+v, %v", s, err)
	}
}

func TestNegotiationOfHoldByThem(t *testing.T) {
	n := Negotiation{Local: on(t, "4000", SendRecv), Remote: on(t, "6000", SendRecv), Offerer: Us}
	hold := on(t, "6000", SendOnly)
	want(t, "their offer", n.ReceiveOffer(hold), nil)
	if s, err := n.Stream(); err != nil || s.Direction != SendRecv {
		t.Fatalf("before the answer %+v, %v", s, err)
	}
	want(t, "an answer that is too open", n.SendAnswer(on(t, "4000", SendRecv)), ErrBadAnswer)
	want(t, "our answer", n.SendAnswer(on(t, "4000", RecvOnly)), nil)
	s, err := n.Stream()
	if err != nil || s.Direction != RecvOnly || s.HeldBy != Them || s.Remote.Port() != 6000 || n.Offerer != Them {
		t.Fatalf("%+v, %v", s, err)
	}
}

// RFC 3261 section 14.1: both re-INVITE at once, both get 491.
func TestNegotiationGlare(t *testing.T) {
	agreed := Negotiation{Local: on(t, "4000", SendRecv), Remote: on(t, "6000", SendRecv), Offerer: Them}
	n := agreed
	want(t, "our offer", n.SendOffer(on(t, "4000", SendOnly)), nil)
	want(t, "theirs crosses it", n.ReceiveOffer(on(t, "6000", SendOnly)), ErrGlare)
	if n.State != LocalOffer {
		t.Fatalf("glare moved the state to %v", n.State)
	}
	want(t, "their 491", n.Reject(), nil)
	if n != agreed {
		t.Fatalf("after the rollback %+v, want %+v", n, agreed)
	}
	want(t, "their second try", n.ReceiveOffer(on(t, "6000", SendOnly)), nil)
}

func TestNegotiationRollsBackTheirOffer(t *testing.T) {
	agreed := Negotiation{Local: on(t, "4000", SendRecv), Remote: on(t, "6000", SendRecv), Offerer: Us}
	n := agreed
	want(t, "their offer", n.ReceiveOffer(on(t, "7000", SendRecv)), nil)
	want(t, "their next offer", n.ReceiveOffer(on(t, "7002", SendRecv)), ErrOfferPending)
	want(t, "our offer", n.SendOffer(on(t, "4000", SendRecv)), ErrAnswerOwed)
	want(t, "our 488", n.Reject(), nil)
	if n != agreed {
		t.Fatalf("after the rollback %+v, want %+v", n, agreed)
	}
}

func TestNegotiationIllegalSteps(t *testing.T) {
	d := on(t, "4000", SendRecv)
	start := map[NegotiationState]Negotiation{
		Stable:      {},
		LocalOffer:  {State: LocalOffer, Offer: d},
		RemoteOffer: {State: RemoteOffer, Offer: d},
	}
	for _, c := range []struct {
		state NegotiationState
		step  string
		do    func(*Negotiation) error
		want  error
	}{
		{Stable, "SendAnswer", func(n *Negotiation) error { return n.SendAnswer(d) }, ErrNoOffer},
		{Stable, "ReceiveAnswer", func(n *Negotiation) error { return n.ReceiveAnswer(d) }, ErrNoOffer},
		{Stable, "PreviewAnswer", func(n *Negotiation) error { return n.PreviewAnswer(d) }, ErrNoOffer},
		{Stable, "ConfirmPreview", func(n *Negotiation) error { return n.ConfirmPreview() }, ErrNoOffer},
		{Stable, "Reject", func(n *Negotiation) error { return n.Reject() }, ErrNoOffer},
		{Stable, "SendOffer(nil)", func(n *Negotiation) error { return n.SendOffer(nil) }, ErrBadOffer},
		{Stable, "ReceiveOffer(nil)", func(n *Negotiation) error { return n.ReceiveOffer(nil) }, ErrBadOffer},
		{LocalOffer, "SendOffer", func(n *Negotiation) error { return n.SendOffer(d) }, ErrOfferOutstanding},
		{LocalOffer, "ReceiveOffer", func(n *Negotiation) error { return n.ReceiveOffer(d) }, ErrGlare},
		{LocalOffer, "SendAnswer", func(n *Negotiation) error { return n.SendAnswer(d) }, ErrNoOffer},
		{LocalOffer, "ConfirmPreview", func(n *Negotiation) error { return n.ConfirmPreview() }, ErrNoPreview},
		{LocalOffer, "ReceiveAnswer(nil)", func(n *Negotiation) error { return n.ReceiveAnswer(nil) }, ErrBadAnswer},
		{LocalOffer, "PreviewAnswer(nil)", func(n *Negotiation) error { return n.PreviewAnswer(nil) }, ErrBadAnswer},
		{RemoteOffer, "SendOffer", func(n *Negotiation) error { return n.SendOffer(d) }, ErrAnswerOwed},
		{RemoteOffer, "ReceiveOffer", func(n *Negotiation) error { return n.ReceiveOffer(d) }, ErrOfferPending},
		{RemoteOffer, "ReceiveAnswer", func(n *Negotiation) error { return n.ReceiveAnswer(d) }, ErrNoOffer},
		{RemoteOffer, "ConfirmPreview", func(n *Negotiation) error { return n.ConfirmPreview() }, ErrNoPreview},
		{RemoteOffer, "SendAnswer(nil)", func(n *Negotiation) error { return n.SendAnswer(nil) }, ErrBadAnswer},
	} {
		n := start[c.state]
		if err := c.do(&n); !errors.Is(err, c.want) {
			t.Errorf("%s in %v: %v, want %v", c.step, c.state, err, c.want)
		}
		if n != start[c.state] {
			t.Errorf("%s in %v failed but changed the state to %+v", c.step, c.state, n)
		}
	}
}

// Several 183 with descriptions, then a 200 with another one: media follows each.
func TestNegotiationPreviews(t *testing.T) {
	var n Negotiation
	want(t, "our offer", n.SendOffer(on(t, "4000", SendRecv)), nil)
	for _, port := range []string{"6000", "6002"} {
		want(t, "183", n.PreviewAnswer(on(t, port, SendRecv)), nil)
		s, err := n.Stream()
		if err != nil || s.Host != "192.0.2.1" || n.State != LocalOffer || n.Remote != nil {
			t.Fatalf("after the 183 from %s: %+v, %v, %+v", port, s, err, n)
		}
	}
	want(t, "183 that breaks the rules", n.PreviewAnswer(mustParse(t, audio("m=video 6000 RTP/AVP 31"))), ErrBadAnswer)
	if s, err := n.Stream(); err != nil || s.Port != 6002 {
		t.Fatalf("the bad 183 counted: %+v, %v", s, err)
	}
	want(t, "200", n.ReceiveAnswer(on(t, "6004", SendRecv)), nil)
	if s, err := n.Stream(); err != nil || s.Port != 6004 || n.Preview != nil {
		t.Fatalf("after the 200: %+v, %v", s, err)
	}
}

func TestNegotiationConfirmsThePreview(t *testing.T) {
	var n Negotiation
	preview := on(t, "6000", SendRecv)
	want(t, "our offer", n.SendOffer(on(t, "4000", SendRecv)), nil)
	want(t, "183", n.PreviewAnswer(preview), nil)
	want(t, "200 without a body", n.ConfirmPreview(), nil)
	if n.State != Stable || n.Remote != preview || n.Offer != nil || n.Preview != nil {
		t.Fatalf("%+v", n)
	}
}

// Our own 183 and 200 towards a caller.
func TestNegotiationPreviewsOurAnswer(t *testing.T) {
	var n Negotiation
	want(t, "their offer", n.ReceiveOffer(on(t, "6000", SendRecv)), nil)
	want(t, "183", n.PreviewAnswer(on(t, "4000", SendOnly)), nil)
	if s, err := n.Stream(); err != nil || s.Direction != SendOnly || s.Port != 6000 {
		t.Fatalf("%+v, %v", s, err)
	}
	want(t, "the caller gives up", n.Reject(), nil)
	if n != (Negotiation{}) {
		t.Fatalf("%+v", n)
	}
}

// Each early dialog of a forked INVITE has a copy.
func TestNegotiationForks(t *testing.T) {
	var n Negotiation
	want(t, "our offer", n.SendOffer(on(t, "4000", SendRecv)), nil)
	one, two := n, n
	want(t, "one", one.ReceiveAnswer(on(t, "6000", SendRecv)), nil)
	want(t, "two", two.PreviewAnswer(on(t, "7000", SendRecv)), nil)
	a, errA := one.Stream()
	b, errB := two.Stream()
	if errA != nil || errB != nil || a.Port != 6000 || b.Port != 7000 || n.State != LocalOffer || n.Preview != nil {
		t.Fatalf("%+v %v, %+v %v, %+v", a, errA, b, errB, n)
	}
}

func TestNegotiationKeepsTheSlotsOfOurOffers(t *testing.T) {
	two := mustParse(t, audio("m=audio 4000 RTP/AVP 0", "m=video 0 RTP/AVP 31"))
	n := Negotiation{Local: two, Remote: two, Offerer: Them}
	want(t, "one slot fewer", n.SendOffer(on(t, "4000", SendRecv)), ErrBadOffer)
	want(t, "slots exchanged", n.SendOffer(mustParse(t, audio("m=video 4002 RTP/AVP 31", "m=audio 4000 RTP/AVP 0"))), ErrBadOffer)
	want(t, "a dead slot reused", n.SendOffer(mustParse(t, audio("m=audio 4000 RTP/AVP 0", "m=image 4002 udptl t38"))), nil)
	want(t, "rejected", n.Reject(), nil)
	next, err := NextOffer(n.Local, ours(pcmu))
	want(t, "NextOffer", err, nil)
	want(t, "its offer", n.SendOffer(next), nil)
}

// State that is written out in the middle of an exchange goes on after it is read.
func TestNegotiationSurvivesItsProcess(t *testing.T) {
	n := Negotiation{Local: on(t, "4000", SendRecv), Remote: on(t, "6000", SendRecv), Offerer: Us}
	want(t, "their offer", n.ReceiveOffer(mustParse(t, devices[5].body)), nil)
	stored, err := json.Marshal(n)
	want(t, "write", err, nil)
	var back Negotiation
	want(t, "read", json.Unmarshal(stored, &back), nil)
	if !reflect.DeepEqual(n, back) {
		t.Fatalf("written\n%+v\nread\n%+v", n, back)
	}
	l := sdes(ProtectionRequired, key80)
	answer, err := NewAnswer(back.Offer, l, nil)
	want(t, "answer", err, nil)
	want(t, "SendAnswer", back.SendAnswer(answer), nil)
}

func TestNegotiationStateNames(t *testing.T) {
	for s, name := range map[NegotiationState]string{Stable: "stable", LocalOffer: "local offer", RemoteOffer: "remote offer", 9: "NegotiationState(9)"} {
		if s.String() != name {
			t.Errorf("%d is %q, want %q", uint8(s), s, name)
		}
	}
}
