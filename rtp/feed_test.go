package rtp

import (
	"testing"
	"time"
)

func TestFeedToSink(t *testing.T) {
	feed, err := NewFeed(pcmu, events)
	if err != nil {
		t.Fatal(err)
	}
	var heard []Packet
	sink := NewSink(func(now time.Time, p Packet) {
		if !now.Equal(start) {
			t.Errorf("at %v", now)
		}
		p.Payload = append([]byte(nil), p.Payload...)
		heard = append(heard, p)
	})
	paths, err := Compile(Table{2: {{Source: 1}}}, map[int]End{1: feed, 2: sink})
	if err != nil {
		t.Fatal(err)
	}
	paths.Swap()
	frames := []Frame{
		{Codec: pcmu, Marker: true, Timestamp: 160, Payload: []byte{1, 2, 3}},
		{Codec: events, Timestamp: 320, Payload: []byte{4}},
		{Codec: pcmu, Timestamp: 480},
	}
	for _, f := range frames {
		if err := feed.Send(start, f); err != nil {
			t.Fatal(err)
		}
	}
	if len(heard) != len(frames) {
		t.Fatalf("heard %d", len(heard))
	}
	for i, p := range heard {
		f := frames[i]
		if !p.Codec.Is(f.Codec) || p.Marker != f.Marker || p.Timestamp != f.Timestamp || string(p.Payload) != string(f.Payload) ||
			p.SSRC != heard[0].SSRC || p.Sequence != heard[0].Sequence+uint16(i) {
			t.Errorf("frame %d: %+v became %+v", i, f, p)
		}
	}
	if err := feed.Send(start, Frame{Codec: opus}); err == nil {
		t.Error("sent with a codec that it has not")
	}
}

func TestSinkHearsNobodyAfterASwap(t *testing.T) {
	feed, err := NewFeed(pcmu)
	if err != nil {
		t.Fatal(err)
	}
	heard := 0
	sink := NewSink(func(time.Time, Packet) { heard++ })
	ends := map[int]End{1: feed, 2: sink}
	for _, table := range []Table{{2: {{Source: 1}}}, {}} {
		paths, err := Compile(table, ends)
		if err != nil {
			t.Fatal(err)
		}
		paths.Swap()
		if err := feed.Send(start, Frame{Codec: pcmu}); err != nil {
			t.Fatal(err)
		}
	}
	if heard != 1 {
		t.Errorf("heard %d packets, want the first", heard)
	}
}

func TestNewFeedRefuses(t *testing.T) {
	if _, err := NewFeed(); err == nil {
		t.Error("a feed of nothing")
	}
	if _, err := NewFeed(Codec{Name: "x"}); err == nil {
		t.Error("a codec without a clock")
	}
}
