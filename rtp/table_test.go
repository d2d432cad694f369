package rtp

import (
	"errors"
	"testing"
	"time"
)

func TestCompileRefuses(t *testing.T) {
	r := newRig(t)
	a := r.leg(plain("192.0.2.1:4000", Payload{Number: 0, Codec: pcmu}, Payload{Number: 101, Codec: events}))
	b := r.leg(plain("192.0.2.2:4000", Payload{Number: 18, Codec: g729}, Payload{Number: 101, Codec: events}))
	fresh, err := r.engine.Open(r.engine.address)
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	feed, err := NewFeed(g729)
	if err != nil {
		t.Fatal(err)
	}
	ends := map[int]End{1: a, 2: b, 3: fresh, 4: feed, 5: NewSink(nil)}
	for _, c := range []struct {
		name  string
		table Table
		want  string
		is    error
	}{
		{"another codec, though the keys are the same", Table{1: {{Source: 2}}},
			"rtp: listener 1 cannot hear source 2: it needs to transcode: the source sends G729/8000, telephone-event/8000, the listener takes PCMU/8000, telephone-event/8000, and there is no codec here for one of them", nil},
		{"a feed of another codec", Table{1: {{Source: 4}}},
			"rtp: listener 1 cannot hear source 4: it needs to transcode: the source sends G729/8000, the listener takes PCMU/8000, telephone-event/8000, and there is no codec here for one of them", nil},
		{"two sources", Table{5: {{Source: 1}, {Source: 2}}},
			"rtp: listener 5 cannot hear source 2: it needs to mix: it hears 2 sources at once", nil},
		{"a gain", Table{5: {{Source: 1, Gain: -6}}},
			"rtp: listener 5 cannot hear source 1: it needs to transcode: a gain of -6 dB changes the sound", nil},
		{"an unknown listener", Table{9: {{Source: 1}}}, "rtp: no such end: listener 9 is not among the ends", ErrNoEnd},
		{"an unknown source", Table{1: {{Source: 9}}}, "rtp: no such end: source 9 is not among the ends", ErrNoEnd},
		{"a feed that listens", Table{4: {{Source: 1}}}, "rtp: no such end: end 4 is no listener", ErrNoEnd},
		{"a sink that speaks", Table{1: {{Source: 5}}}, "rtp: no such end: end 5 is no source", ErrNoEnd},
		{"a source without codecs", Table{1: {{Source: 3}}}, "rtp: nothing negotiated yet: call SetRemote before Compile: source 3", ErrNoCodecs},
		{"a listener without codecs", Table{3: {{Source: 1}}}, "rtp: nothing negotiated yet: call SetRemote before Compile: listener 3", ErrNoCodecs},
	} {
		_, err := Compile(c.table, ends)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v\nwant %s", c.name, err, c.want)
			continue
		}
		var hearing *HearingError
		if c.is != nil && !errors.Is(err, c.is) || c.is == nil && !errors.As(err, &hearing) {
			t.Errorf("%s: %T", c.name, err)
		}
	}
}

func TestCompileHasNoEffectBeforeSwap(t *testing.T) {
	r := newRig(t)
	a := r.leg(plain("192.0.2.1:4000", Payload{Number: 0, Codec: pcmu}))
	b := r.leg(plain("192.0.2.2:4000", Payload{Number: 0, Codec: pcmu}))
	paths, err := Compile(Table{2: {{Source: 1}}}, map[int]End{1: a, 2: b})
	if err != nil {
		t.Fatal(err)
	}
	alice := r.speak(a, "192.0.2.1:4000", 0, 1)
	now := alice.say(start, 2)
	if sent := r.take(); len(sent) != 0 {
		t.Errorf("%d packets before Swap", len(sent))
	}
	paths.Swap()
	alice.say(now, 2)
	if sent := r.take(); len(sent) != 2 {
		t.Errorf("%d packets after Swap", len(sent))
	}
}

func TestWhoIsLeftOutOfATableIsSilent(t *testing.T) {
	r := newRig(t)
	a := r.leg(plain("192.0.2.1:4000", Payload{Number: 0, Codec: pcmu}))
	b := r.leg(plain("192.0.2.2:4000", Payload{Number: 0, Codec: pcmu}))
	alice, bob := r.speak(a, "192.0.2.1:4000", 0, 1), r.speak(b, "192.0.2.2:4000", 0, 2)
	r.bridge(a, b)
	now := bob.say(alice.say(start, 3), 3)
	if sent := r.take(); len(sent) != 6 {
		t.Fatalf("%d packets", len(sent))
	}
	r.hear(Table{1: {{Source: 2}}}, map[int]End{1: a, 2: b}) // bob no longer hears alice
	alice.say(now, 3)
	bob.say(now, 3)
	for _, p := range r.take() {
		if p.from != a.LocalRTP() {
			t.Errorf("a packet from %s", p.from)
		}
	}
	r.hear(Table{1: {}}, map[int]End{1: a, 2: b})
	alice.say(now, 3)
	bob.say(now, 3)
	if sent := r.take(); len(sent) != 0 {
		t.Errorf("%d packets", len(sent))
	}
}

func TestOneSourceManyListeners(t *testing.T) {
	r := newRig(t)
	a := r.leg(plain("192.0.2.1:4000", Payload{Number: 0, Codec: pcmu}))
	b := r.leg(plain("192.0.2.2:4000", Payload{Number: 96, Codec: pcmu}))
	c := r.leg(plain("192.0.2.3:4000", Payload{Number: 0, Codec: pcmu}))
	var heard []Packet
	sink := NewSink(func(_ time.Time, p Packet) { heard = append(heard, p) })
	r.hear(Table{2: {{Source: 1}}, 3: {{Source: 1}}, 4: {{Source: 1}}}, map[int]End{1: a, 2: b, 3: c, 4: sink})
	r.speak(a, "192.0.2.1:4000", 0, 1).say(start, 1)

	numbers := make(map[string]uint8)
	for _, p := range r.take() {
		numbers[p.to.String()] = parsed(t, p.bytes).number
	}
	if len(numbers) != 2 || numbers["192.0.2.2:4000"] != 96 || numbers["192.0.2.3:4000"] != 0 {
		t.Errorf("sent %v", numbers)
	}
	if len(heard) != 1 || !heard[0].Codec.Is(pcmu) || heard[0].SSRC != 1 {
		t.Errorf("heard %+v", heard)
	}
}

func TestCodecIdentity(t *testing.T) {
	for _, c := range []struct {
		a, b Codec
		want bool
	}{
		{pcmu, Codec{Name: "pcmu", Rate: 8000, Channels: 1}, true},
		{pcmu, pcma, false},
		{Codec{Name: "L16", Rate: 44100, Channels: 2}, Codec{Name: "L16", Rate: 44100}, false},
		{Codec{Name: "L16", Rate: 44100}, Codec{Name: "L16", Rate: 8000}, false},
	} {
		if got := c.a.Is(c.b); got != c.want {
			t.Errorf("%s is %s: %v", c.a, c.b, got)
		}
	}
}

func TestNamesAreSDPs(t *testing.T) {
	for got, want := range map[string]string{
		Inactive.String(): "inactive", Sends.String(): "sendonly", Receives.String(): "recvonly", SendRecv.String(): "sendrecv",
		Relay.String(): "relay", Transcode.String(): "transcode", Mix.String(): "mix", opus.String(): "opus/48000/2",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
