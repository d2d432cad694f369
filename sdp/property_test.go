package sdp

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// anyCodecs draws a list of codecs with distinct numbers, some of them the same codec.
func anyCodecs() *rapid.Generator[[]Codec] {
	pool := []Codec{pcmu, pcma, g722, g729, cn, opus, dtmf, as(dtmf, 96), as(opus, 97), with(as(g729, 98), "annexb=no"), as(odd97, 99)}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(pool), 0, len(pool), func(c Codec) uint8 { return c.PayloadType })
}

// anyStream draws an m= section of any kind.
func anyStream() *rapid.Generator[Media] {
	return rapid.Custom(func(t *rapid.T) Media {
		m := Media{
			Kind:      rapid.SampledFrom([]string{"audio", "audio", "video", "image"}).Draw(t, "kind"),
			Port:      rapid.SampledFrom([]uint16{0, 4000, 4000, 65535}).Draw(t, "port"),
			PortCount: 1,
			Proto:     rapid.SampledFrom([]string{"RTP/AVP", "RTP/AVP", "RTP/AVPF", "RTP/SAVP", "udptl"}).Draw(t, "proto"),
			Host:      rapid.SampledFrom([]string{"192.0.2.1", "0.0.0.0", "2001:db8::1", "h.example"}).Draw(t, "host"),
			Direction: anyDirection().Draw(t, "direction"),
			RTCPMux:   rapid.Bool().Draw(t, "mux"),
		}
		if m.RTP() {
			m.Codecs = anyCodecs().Draw(t, "codecs")
		} else {
			m.Formats = []string{"t38"}
		}
		return m
	})
}

func anySession() *rapid.Generator[*Description] {
	return rapid.Custom(func(t *rapid.T) *Description {
		return &Description{
			Origin: Origin{ID: 1, Version: 1, Host: "h"}, Timing: "0 0", Direction: anyDirection().Draw(t, "default"),
			Media: rapid.SliceOfN(anyStream(), 0, 4).Draw(t, "media"),
		}
	})
}

func anyLocal() *rapid.Generator[Local] {
	return rapid.Custom(func(t *rapid.T) Local {
		l := ours(anyCodecs().Draw(t, "our codecs")...)
		l.Direction = anyDirection().Draw(t, "wish")
		l.RTCPMux = rapid.Bool().Draw(t, "our mux")
		if rapid.Bool().Draw(t, "secure") {
			l.Protos = []string{"RTP/AVP", "RTP/SAVP"}
		}
		return l
	})
}

// legalAnswer checks an answer of ours against every rule of RFC 3264 section 6.
func legalAnswer(offer, answer *Description, l Local) error {
	if err := checkAnswer(offer, answer); err != nil {
		return err
	}
	active := 0
	for i := range answer.Media {
		o, a := &offer.Media[i], &answer.Media[i]
		switch {
		case a.Kind != o.Kind || a.Proto != o.Proto:
			return fmt.Errorf("m= line %d is %s %s for %s %s", i, a.Kind, a.Proto, o.Kind, o.Proto)
		case len(a.Codecs)+len(a.Formats) == 0:
			return fmt.Errorf("m= line %d has no format", i)
		case a.Port == 0:
			continue
		case !o.Audio() || !l.takes(o.Proto):
			return fmt.Errorf("m= line %d should have been refused", i)
		case a.RTCPMux && !o.RTCPMux:
			return fmt.Errorf("m= line %d multiplexes what was not offered so", i)
		case !speaks(a.Codecs):
			return fmt.Errorf("m= line %d has no speech in %v", i, a.Codecs)
		}
		if active++; active > 1 {
			return errors.New("two streams answered")
		}
		for _, c := range a.Codecs {
			if !offers(o.Codecs, c) {
				return fmt.Errorf("%v as %d was not offered in %v", c, c.PayloadType, o.Codecs)
			}
		}
	}
	if active == 0 {
		return errors.New("nothing was answered")
	}
	return nil
}

// offers reports whether the list has the codec under that very number.
func offers(codecs []Codec, c Codec) bool {
	for _, o := range codecs {
		if o.PayloadType == c.PayloadType {
			return o.Same(c)
		}
	}
	return false
}

func TestAnswersAreLegal(t *testing.T) {
	orders := []Order{nil, OfferOrder, LocalOrder}
	rapid.Check(t, func(t *rapid.T) {
		offer, l := anySession().Draw(t, "offer"), anyLocal().Draw(t, "local")
		answer, err := NewAnswer(offer, l, rapid.SampledFrom(orders).Draw(t, "order"))
		if err != nil {
			if !errors.Is(err, ErrNotAcceptable) {
				t.Fatalf("%v", err)
			}
			return
		}
		if err := legalAnswer(offer, answer, l); err != nil {
			t.Fatalf("%v\noffer\n%v\nanswer\n%v", err, offer, answer)
		}
		offerer, answerer, err := Agreed(offer, mustParseRapid(t, answer))
		switch {
		case err != nil:
			t.Fatalf("the answer cannot be read: %v\n%v", err, answer)
		case offerer.Direction != answerer.Direction.Reverse() || offerer.HeldBy != answerer.HeldBy.Other():
			t.Fatalf("the sides disagree: %+v and %+v", offerer, answerer)
		case answerer.Direction != answer.Media[answerer.Slot].Direction:
			t.Fatalf("answered %v, but %v flows", answer.Media[answerer.Slot].Direction, answerer.Direction)
		}
	})
}

func mustParseRapid(t *rapid.T, s *Description) *Description {
	back, err := Parse(s.Append(nil))
	if err != nil {
		t.Fatalf("our own description cannot be read: %v\n%v", err, s)
	}
	return back
}

// An offer that Like and NewOffer pass on can be answered all the way back.
func TestRelayedAnswersAreLegal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offerA, callee := anySession().Draw(t, "offer"), anyLocal().Draw(t, "callee")
		if offerA.Audio() == nil {
			return
		}
		gateway := ours()
		gateway.Protos = []string{offerA.Audio().Proto}
		callee.Protos = gateway.Protos
		offerB, err := NewOffer(gateway.Like(offerA.Audio()))
		if err != nil {
			return // nothing to hand on
		}
		answerB, err := NewAnswer(offerB, callee, LocalOrder)
		if err != nil {
			return // the callee says 488
		}
		relay := gateway.Like(answerB.Audio())
		answerA, err := NewAnswer(offerA, relay, LocalOrder)
		if err != nil {
			t.Fatalf("no way back: %v\noffer\n%v\ncallee\n%v", err, offerA, answerB)
		}
		if err := legalAnswer(offerA, answerA, relay); err != nil {
			t.Fatalf("%v\noffer\n%v\nanswer\n%v", err, offerA, answerA)
		}
		if got, want := answerA.Audio().Direction, answerB.Audio().Direction; got != want {
			t.Fatalf("the callee says %v, the caller hears %v", want, got)
		}
	})
}

// consistent checks that no two fields of a negotiation contradict each other.
func consistent(n *Negotiation) error {
	switch {
	case n.State > RemoteOffer:
		return fmt.Errorf("state %v", n.State)
	case (n.State == Stable) != (n.Offer == nil):
		return fmt.Errorf("%v with offer %p", n.State, n.Offer)
	case n.State == Stable && n.Preview != nil:
		return errors.New("a preview without an offer")
	case (n.Local == nil) != (n.Remote == nil):
		return errors.New("one description without the other")
	case (n.Offerer == Nobody) != (n.Local == nil) || n.Offerer == Both:
		return fmt.Errorf("offered by %v", n.Offerer)
	case n.Local != nil && n.Offerer == Us && len(n.Remote.Media) > len(n.Local.Media):
		return errors.New("more streams answered than offered")
	}
	return nil
}

func TestNegotiationIsNeverContradictory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var n Negotiation
		draw := func(t *rapid.T) *Description {
			if rapid.IntRange(0, 9).Draw(t, "absent") == 0 {
				return nil
			}
			return anySession().Draw(t, "description")
		}
		// attempt makes a step; one that fails must change nothing.
		attempt := func(t *rapid.T, step func() error) {
			before := n
			if err := step(); err != nil && n != before {
				t.Fatalf("%v, but %+v became %+v", err, before, n)
			}
		}
		answer := func(t *rapid.T) *Description { // often one that is fit
			if n.Offer != nil && rapid.Bool().Draw(t, "fit") {
				if a, err := NewAnswer(n.Offer, anyLocal().Draw(t, "local"), nil); err == nil {
					return a
				}
			}
			return draw(t)
		}
		t.Repeat(map[string]func(*rapid.T){
			"SendOffer":      func(t *rapid.T) { attempt(t, func() error { return n.SendOffer(draw(t)) }) },
			"ReceiveOffer":   func(t *rapid.T) { attempt(t, func() error { return n.ReceiveOffer(draw(t)) }) },
			"SendAnswer":     func(t *rapid.T) { attempt(t, func() error { return n.SendAnswer(answer(t)) }) },
			"ReceiveAnswer":  func(t *rapid.T) { attempt(t, func() error { return n.ReceiveAnswer(answer(t)) }) },
			"PreviewAnswer":  func(t *rapid.T) { attempt(t, func() error { return n.PreviewAnswer(answer(t)) }) },
			"ConfirmPreview": func(t *rapid.T) { attempt(t, n.ConfirmPreview) },
			"Reject": func(t *rapid.T) {
				local, remote, offerer := n.Local, n.Remote, n.Offerer
				attempt(t, n.Reject)
				if n.Local != local || n.Remote != remote || n.Offerer != offerer || n.State != Stable {
					t.Fatalf("a rejection changed what was agreed: %+v", n)
				}
			},
			"": func(t *rapid.T) {
				if err := consistent(&n); err != nil {
					t.Fatalf("%v: %+v", err, n)
				}
				if s, err := n.Stream(); err == nil && s.Direction > SendRecv {
					t.Fatalf("%+v", s)
				}
			},
		})
	})
}

// Versions grow by one exactly when the body does change.
func TestOriginatorNeverReusesAVersion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Originator{Origin: Origin{ID: 1, Version: 1}}
		bodies := map[uint64]string{}
		last := ""
		for range rapid.IntRange(1, 8).Draw(t, "publications") {
			before := o.Origin.Version
			body := o.Publish(anySession().Draw(t, "description"))
			version := o.Origin.Version
			if body == last != (version == before) && last != "" || version > before+1 {
				t.Fatalf("version %d after %d, body changed: %v", version, before, body != last)
			}
			if known, ok := bodies[version]; ok && known != body {
				t.Fatalf("version %d names two bodies", version)
			}
			bodies[version], last = body, body
		}
	})
}
