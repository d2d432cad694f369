package sdp

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"
)

func TestNewAnswerWhole(t *testing.T) {
	offer := mustParse(t, lines("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=call", "c=IN IP4 192.0.2.1", "t=5 6",
		"m=video 4002 RTP/AVP 96", "a=rtpmap:96 H264/90000",
		"m=audio 4000 RTP/AVP 8 96 0 97", "a=rtpmap:96 telephone-event/8000", "a=fmtp:96 0-15", "a=rtpmap:97 opus/48000/2", "a=sendonly",
		"m=audio 4004 RTP/AVP 0",
		"m=image 4006 udptl t38",
		"m=audio 0 RTP/AVP"))
	l := ours(pcmu, pcma, dtmf)
	l.Ptime = 20 * time.Millisecond
	answer, err := NewAnswer(offer, l, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := string(lines("v=0", "o=tandem 77 1 IN IP4 198.51.100.1", "s=-", "c=IN IP4 198.51.100.1", "t=5 6",
		"m=video 0 RTP/AVP 96",
		"m=audio 20000 RTP/AVP 8 0 96", "a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:96 telephone-event/8000", "a=fmtp:96 0-16", "a=ptime:20", "a=recvonly",
		"m=audio 0 RTP/AVP 0",
		"m=image 0 udptl t38",
		"m=audio 0 RTP/AVP 0"))
	if got := answer.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The sixteen cases of RFC 3264 section 6.1, and the hold of RFC 2543.
func TestNewAnswerDirections(t *testing.T) {
	for _, c := range []struct{ offer, wish, want Direction }{
		{SendRecv, SendRecv, SendRecv}, {SendRecv, SendOnly, SendOnly}, {SendRecv, RecvOnly, RecvOnly}, {SendRecv, Inactive, Inactive},
		{SendOnly, SendRecv, RecvOnly}, {SendOnly, SendOnly, Inactive}, {SendOnly, RecvOnly, RecvOnly}, {SendOnly, Inactive, Inactive},
		{RecvOnly, SendRecv, SendOnly}, {RecvOnly, SendOnly, SendOnly}, {RecvOnly, RecvOnly, Inactive}, {RecvOnly, Inactive, Inactive},
		{Inactive, SendRecv, Inactive}, {Inactive, SendOnly, Inactive}, {Inactive, RecvOnly, Inactive}, {Inactive, Inactive, Inactive},
	} {
		l := ours(pcmu)
		l.Direction = c.wish
		answer, err := NewAnswer(mustParse(t, audio("m=audio 4000 RTP/AVP 0", "a="+c.offer.String())), l, nil)
		if err != nil || answer.Media[0].Direction != c.want {
			t.Errorf("%v offered, %v wished: %v, %v; want %v", c.offer, c.wish, answer, err, c.want)
		}
	}
	held := mustParse(t, audio("m=audio 4000 RTP/AVP 0", "c=IN IP4 0.0.0.0", "a=sendrecv"))
	if answer, err := NewAnswer(held, ours(pcmu), nil); err != nil || answer.Media[0].Direction != RecvOnly {
		t.Errorf("held by address: %v, %v; want recvonly", answer, err)
	}
}

func TestNewAnswerOrders(t *testing.T) {
	offer := mustParse(t, audio("m=audio 4000 RTP/AVP 101 0 8 9", "a=rtpmap:101 telephone-event/8000"))
	l := ours(g722, pcma, dtmf, pcmu)
	reversed := func(_, common []Codec) []Codec { slices.Reverse(common); return common }
	onlyPCMA := func(_, common []Codec) []Codec { return []Codec{pcma} }
	greedy := func(offered, common []Codec) []Codec { return append(append(common, common...), opus, odd97) }
	for _, c := range []struct {
		why    string
		choose Order
		want   []uint8
	}{
		{"the default is the offer's order, auxiliaries last", nil, []uint8{0, 8, 9, 101}},
		{"offer's order", OfferOrder, []uint8{0, 8, 9, 101}},
		{"our order", LocalOrder, []uint8{9, 8, 0, 101}},
		{"some other order", reversed, []uint8{0, 8, 9, 101}},
		{"a selection", onlyPCMA, []uint8{8}},
		{"neither repeated nor invented", greedy, []uint8{9, 8, 0, 101}},
	} {
		answer, err := NewAnswer(offer, l, c.choose)
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		var got []uint8
		for _, codec := range answer.Media[0].Codecs {
			got = append(got, codec.PayloadType)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.why, got, c.want)
		}
	}
}

func TestNewAnswerRefusesWithAReason(t *testing.T) {
	none := func(_, _ []Codec) []Codec { return nil }
	for _, c := range []struct {
		why    string
		offer  []string
		choose Order
		want   error
	}{
		{"no streams", nil, nil, ErrNoAudio},
		{"video alone", []string{"m=video 4000 RTP/AVP 31"}, nil, ErrNoAudio},
		{"audio that is off", []string{"m=audio 0 RTP/AVP 0"}, nil, ErrNoAudio},
		{"audio that is no RTP", []string{"m=audio 4000 TCP/FOO 0"}, nil, ErrNoAudio},
		{"SAVP alone", []string{"m=audio 4000 RTP/SAVP 0"}, nil, ErrTransport},
		{"video and SAVP", []string{"m=video 4002 RTP/AVP 31", "m=audio 4000 RTP/SAVP 0"}, nil, ErrTransport},
		{"no codec", []string{"m=audio 4000 RTP/AVP 9"}, nil, ErrNoCommonCodec},
		{"no speech", []string{"m=audio 4000 RTP/AVP 9 101", "a=rtpmap:101 telephone-event/8000"}, nil, ErrNoCommonCodec},
		{"no codec before SAVP", []string{"m=audio 4000 RTP/AVP 9", "m=audio 4000 RTP/SAVP 0"}, nil, ErrNoCommonCodec},
		{"no codec behind SAVP", []string{"m=audio 4000 RTP/SAVP 0", "m=audio 4000 RTP/AVP 9"}, nil, ErrNoCommonCodec},
		{"formats that are none", []string{"m=audio 4000 RTP/AVP x y"}, nil, ErrNoCommonCodec},
		{"the caller wants none", []string{"m=audio 4000 RTP/AVP 0"}, none, ErrNoCommonCodec},
	} {
		answer, err := NewAnswer(mustParse(t, audio(c.offer...)), ours(pcmu, dtmf), c.choose)
		if answer != nil || !errors.Is(err, c.want) || !errors.Is(err, ErrNotAcceptable) {
			t.Errorf("%s: %v, %v; want %v", c.why, answer, err, c.want)
		}
	}
	for _, special := range []error{ErrNoAudio, ErrTransport, ErrNoCommonCodec} {
		for _, other := range []error{ErrNoAudio, ErrTransport, ErrNoCommonCodec} {
			if errors.Is(special, other) != (special == other) {
				t.Errorf("%v and %v are not told apart", special, other)
			}
		}
	}
}

func TestNewAnswerNeedsAnAddress(t *testing.T) {
	offer := mustParse(t, audio("m=audio 4000 RTP/AVP 0"))
	l := ours(pcmu)
	l.Port = 0
	if _, err := NewAnswer(offer, l, nil); !errors.Is(err, ErrLocal) {
		t.Errorf("no port: %v", err)
	}
	l = ours(pcmu)
	l.Address = netip.Addr{}
	if _, err := NewAnswer(offer, l, nil); !errors.Is(err, ErrLocal) {
		t.Errorf("no address: %v", err)
	}
}

func TestNewAnswerTransports(t *testing.T) {
	offer := mustParse(t, audio("m=audio 4000 RTP/SAVP 0", "m=audio 4002 rtp/avpf 0", "m=audio 4004 RTP/AVP 0"))
	for _, c := range []struct {
		takes []string
		slot  int
	}{{nil, 2}, {[]string{"RTP/AVP", "RTP/AVPF"}, 1}, {[]string{"rtp/savp", "RTP/AVP"}, 0}} {
		l := ours(pcmu)
		l.Protos = c.takes
		answer, err := NewAnswer(offer, l, nil)
		if err != nil {
			t.Errorf("%v: %v", c.takes, err)
			continue
		}
		for i, m := range answer.Media {
			if (m.Port != 0) != (i == c.slot) || m.Proto != offer.Media[i].Proto {
				t.Errorf("%v: stream %d is %d over %s", c.takes, i, m.Port, m.Proto)
			}
		}
	}
}

// Multiplexing takes both sides (RFC 5761 section 5.1.1).
func TestNewAnswerMux(t *testing.T) {
	for _, c := range []struct{ offered, wish bool }{{false, false}, {false, true}, {true, false}, {true, true}} {
		offer := mustParse(t, audio("m=audio 4000 RTP/AVP 0"))
		offer.Media[0].RTCPMux = c.offered
		l := ours(pcmu)
		l.RTCPMux = c.wish
		answer, err := NewAnswer(offer, l, nil)
		if err != nil || answer.Media[0].RTCPMux != (c.offered && c.wish) {
			t.Errorf("%+v: %v, %v", c, answer, err)
		}
	}
}

// An Order may do to its lists what it likes: only numbers count that were common.
func TestNewAnswerTrustsNoOrder(t *testing.T) {
	offer := mustParse(t, audio("m=audio 4000 RTP/AVP 0 8", "m=video 4002 RTP/AVP 31"))
	before := offer.String()
	codecs := []Codec{pcma, odd97, pcmu}
	forge := func(_, common []Codec) []Codec {
		for i := range common {
			common[i] = as(opus, common[i].PayloadType)
		}
		return common
	}
	answer, err := NewAnswer(offer, ours(codecs...), forge)
	if err != nil || !slices.Equal(answer.Media[0].Codecs, []Codec{pcma, pcmu}) {
		t.Errorf("forged codecs: %v, %v", answer, err)
	}
	if offer.String() != before || !slices.Equal(codecs, []Codec{pcma, odd97, pcmu}) {
		t.Error("NewAnswer changed its arguments")
	}
}

func TestAgreedBothSides(t *testing.T) {
	offer := mustParse(t, audio("m=audio 4000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:30", "a=rtcp:4100"))
	answer := mustParse(t, lines("v=0", "o=- 1 1 IN IP4 h", "c=IN IP4 203.0.113.9",
		"m=audio 6000 RTP/AVP 8 97 0", "a=rtpmap:97 telephone-event/8000", "a=fmtp:97 0-16", "a=ptime:10", "a=maxptime:40", "a=sendonly"))
	offerer, answerer, err := Agreed(offer, answer)
	if err != nil {
		t.Fatal(err)
	}
	theirs := with(as(dtmf, 97), "0-16")
	mine := with(dtmf, "0-15")
	checkStream(t, "offerer", offerer, Stream{
		Host: "203.0.113.9", Port: 6000, Remote: netip.MustParseAddrPort("203.0.113.9:6000"), RemoteRTCP: netip.MustParseAddrPort("203.0.113.9:6001"),
		Proto: "RTP/AVP", Formats: []Format{{pcma, pcma}, {theirs, mine}, {pcmu, pcmu}},
		Direction: RecvOnly, HeldBy: Them, Ptime: 10 * time.Millisecond, MaxPtime: 40 * time.Millisecond,
	})
	checkStream(t, "answerer", answerer, Stream{
		Host: "192.0.2.1", Port: 4000, Remote: netip.MustParseAddrPort("192.0.2.1:4000"), RemoteRTCP: netip.MustParseAddrPort("192.0.2.1:4100"),
		Proto: "RTP/AVP", Formats: []Format{{pcma, pcma}, {mine, theirs}, {pcmu, pcmu}},
		Direction: SendOnly, HeldBy: Us, Ptime: 30 * time.Millisecond,
	})
	if f, ok := offerer.Speech(); !ok || f.Send != pcma {
		t.Errorf("speech in %v, %v", f, ok)
	}
}

func checkStream(t *testing.T, side string, got, want Stream) {
	t.Helper()
	if !slices.Equal(got.Formats, want.Formats) {
		t.Errorf("%s: formats\n got %+v\nwant %+v", side, got.Formats, want.Formats)
	}
	got.Formats, want.Formats = nil, nil
	if got.Slot != want.Slot || got.Host != want.Host || got.Port != want.Port || got.Remote != want.Remote || got.RemoteRTCP != want.RemoteRTCP ||
		got.RTCPMux != want.RTCPMux || got.Proto != want.Proto || got.Direction != want.Direction || got.HeldBy != want.HeldBy ||
		got.Ptime != want.Ptime || got.MaxPtime != want.MaxPtime {
		t.Errorf("%s:\n got %+v\nwant %+v", side, got, want)
	}
}

func TestAgreedToleratesAnswers(t *testing.T) {
	offer := mustParse(t, audio("m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000", "a=sendonly", "m=video 4002 RTP/AVP 31"))
	for _, c := range []struct {
		why     string
		answer  []string
		formats int
		dir     Direction
		remote  string
	}{
		{"to the letter", []string{"m=audio 6000 RTP/AVP 0", "a=recvonly", "m=video 0 RTP/AVP 31"}, 1, SendOnly, "192.0.2.1:6000"},
		{"the second m= left out", []string{"m=audio 6000 RTP/AVP 0", "a=recvonly"}, 1, SendOnly, "192.0.2.1:6000"},
		{"sendrecv to sendonly", []string{"m=audio 6000 RTP/AVP 0", "a=sendrecv"}, 1, SendOnly, "192.0.2.1:6000"},
		{"no direction to sendonly", []string{"m=audio 6000 RTP/AVP 0"}, 1, SendOnly, "192.0.2.1:6000"},
		{"sendonly to sendonly", []string{"m=audio 6000 RTP/AVP 0", "a=sendonly"}, 1, Inactive, "192.0.2.1:6000"},
		{"codecs that were not offered", []string{"m=audio 6000 RTP/AVP 9 0 8"}, 1, SendOnly, "192.0.2.1:6000"},
		{"a number without a=rtpmap", []string{"m=audio 6000 RTP/AVP 0 101"}, 2, SendOnly, "192.0.2.1:6000"},
		{"feedback profile", []string{"m=audio 6000 RTP/AVPF 0"}, 1, SendOnly, "192.0.2.1:6000"},
		{"held by address", []string{"m=audio 6000 RTP/AVP 0", "c=IN IP4 0.0.0.0"}, 1, Inactive, "0.0.0.0:6000"},
		{"a host name", []string{"m=audio 6000 RTP/AVP 0", "c=IN IP4 media.example"}, 1, SendOnly, "invalid AddrPort"},
		{"another format of a refused stream", []string{"m=audio 6000 RTP/AVP 0", "m=video 0 X/Y z"}, 1, SendOnly, "192.0.2.1:6000"},
	} {
		offerer, answerer, err := Agreed(offer, mustParse(t, audio(c.answer...)))
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		if len(offerer.Formats) != c.formats || offerer.Direction != c.dir || answerer.Direction != c.dir.Reverse() || offerer.Remote.String() != c.remote {
			t.Errorf("%s: %+v", c.why, offerer)
		}
	}
}

func TestAgreedRefusesWhatCannotBeRead(t *testing.T) {
	offer := mustParse(t, audio("m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000", "m=video 4002 RTP/AVP 31"))
	for _, c := range []struct {
		why    string
		answer []string
		want   error
	}{
		{"one m= more", []string{"m=audio 6000 RTP/AVP 0", "m=video 0 RTP/AVP 31", "m=audio 0 RTP/AVP 0"}, ErrBadAnswer},
		{"another order", []string{"m=video 0 RTP/AVP 31", "m=audio 6000 RTP/AVP 0"}, ErrBadAnswer},
		{"another transport", []string{"m=audio 6000 RTP/SAVP 0"}, ErrBadAnswer},
		{"no codec of the offer", []string{"m=audio 6000 RTP/AVP 8"}, ErrBadAnswer},
		{"no speech", []string{"m=audio 6000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"}, ErrBadAnswer},
		{"audio refused", []string{"m=audio 0 RTP/AVP 0", "m=video 6002 RTP/AVP 31"}, ErrRefused},
		{"nothing answered", nil, ErrRefused},
	} {
		if _, _, err := Agreed(offer, mustParse(t, audio(c.answer...))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.why, err, c.want)
		}
	}
	ended := mustParse(t, audio("m=audio 0 RTP/AVP 0"))
	if _, _, err := Agreed(ended, mustParse(t, audio("m=audio 6000 RTP/AVP 0"))); !errors.Is(err, ErrRefused) {
		t.Errorf("an answer revived a stream offered with port 0: %v", err)
	}
}

func TestAgreedMux(t *testing.T) {
	for _, c := range []struct {
		offer, answer, rtcp string
	}{
		{"a=rtcp-mux", "a=rtcp-mux", "192.0.2.1:6000"},
		{"a=rtcp-mux", "", "192.0.2.1:6001"},
		{"", "a=rtcp-mux", "192.0.2.1:6001"},
	} {
		s, _, err := Agreed(mustParse(t, audio("m=audio 4000 RTP/AVP 0", c.offer)), mustParse(t, audio("m=audio 6000 RTP/AVP 0", c.answer)))
		if err != nil || s.RemoteRTCP.String() != c.rtcp || s.RTCPMux != (c.rtcp == "192.0.2.1:6000") {
			t.Errorf("%+v: %+v, %v", c, s, err)
		}
	}
}

func TestHeldBy(t *testing.T) {
	for _, c := range []struct {
		offer, answer Direction
		want          Party // seen from the offerer
	}{
		{SendRecv, SendRecv, Nobody},
		{SendRecv, RecvOnly, Nobody}, // it listens: that is no hold
		{SendRecv, SendOnly, Them},
		{SendRecv, Inactive, Them},
		{SendOnly, RecvOnly, Us},
		{SendOnly, Inactive, Both},
		{Inactive, Inactive, Us},
		{RecvOnly, SendOnly, Nobody},
	} {
		if got := heldBy(c.offer, c.answer); got != c.want {
			t.Errorf("%v answered %v: held by %v, want %v", c.offer, c.answer, got, c.want)
		}
	}
}

func TestMoved(t *testing.T) {
	stream := func(l ...string) *Stream {
		s, _, err := Agreed(mustParse(t, audio("m=audio 4000 RTP/AVP 0")), mustParse(t, audio(l...)))
		if err != nil {
			t.Fatal(err)
		}
		return &s
	}
	at := stream("m=audio 6000 RTP/AVP 0")
	for _, c := range []struct {
		why   string
		after []string
		want  bool
	}{
		{"same", []string{"m=audio 6000 RTP/AVP 0", "a=sendonly"}, false},
		{"port", []string{"m=audio 6002 RTP/AVP 0"}, true},
		{"address", []string{"m=audio 6000 RTP/AVP 0", "c=IN IP4 192.0.2.2"}, true},
		{"RTCP alone", []string{"m=audio 6000 RTP/AVP 0", "a=rtcp:7000"}, true},
		{"host name", []string{"m=audio 6000 RTP/AVP 0", "c=IN IP4 h.example"}, true},
		{"held by address", []string{"m=audio 6000 RTP/AVP 0", "c=IN IP4 0.0.0.0"}, false},
		{"held by name", []string{"m=audio 6000 RTP/AVP 0", "c=IN IP4 x.invalid"}, false},
	} {
		if got := stream(c.after...).Moved(at); got != c.want {
			t.Errorf("%s: moved is %v", c.why, got)
		}
	}
}

// A relay between two phones: A's offer goes to B with our address, B's answer to A
// with our address, and no packet needs another payload number.
func TestRelayStory(t *testing.T) {
	towardsA, towardsB := ours(), ours()
	towardsB.Port = 20002
	offerA := mustParse(t, audio("m=audio 4000 RTP/AVP 9 18 0 8 97 96 100", "a=fmtp:18 annexb=no",
		"a=rtpmap:97 X-FUTURE/16000", "a=fmtp:97 depth=9", "a=rtpmap:96 telephone-event/8000", "a=fmtp:96 0-16", "a=ptime:20",
		"m=video 4002 RTP/AVP 31"))

	offerB := mustOffer(t, towardsB.Like(offerA.Audio()))
	wantB := string(lines("v=0", "o=tandem 77 1 IN IP4 198.51.100.1", "s=-", "c=IN IP4 198.51.100.1", "t=0 0",
		"m=audio 20002 RTP/AVP 9 18 0 8 97 96", "a=rtpmap:9 G722/8000", "a=rtpmap:18 G729/8000", "a=fmtp:18 annexb=no", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000",
		"a=rtpmap:97 X-FUTURE/16000", "a=fmtp:97 depth=9", "a=rtpmap:96 telephone-event/8000", "a=fmtp:96 0-16", "a=ptime:20", "a=sendrecv"))
	if got := offerB.String(); got != wantB {
		t.Errorf("offer to B\n%s\nwant\n%s", got, wantB)
	}

	answerB := mustParse(t, lines("v=0", "o=- 3 3 IN IP4 203.0.113.3", "c=IN IP4 203.0.113.3",
		"m=audio 6000 RTP/AVP 18 97 96", "a=rtpmap:97 x-future/16000", "a=fmtp:97 depth=4", "a=rtpmap:96 telephone-event/8000", "a=fmtp:96 0-15", "a=ptime:30", "a=sendonly"))
	answerA, err := NewAnswer(offerA, towardsA.Like(answerB.Audio()), LocalOrder)
	if err != nil {
		t.Fatal(err)
	}
	wantA := string(lines("v=0", "o=tandem 77 1 IN IP4 198.51.100.1", "s=-", "c=IN IP4 198.51.100.1", "t=0 0",
		"m=audio 20000 RTP/AVP 18 97 96", "a=rtpmap:18 G729/8000", "a=fmtp:18 annexb=no", "a=rtpmap:97 X-FUTURE/16000", "a=fmtp:97 depth=4",
		"a=rtpmap:96 telephone-event/8000", "a=fmtp:96 0-15", "a=ptime:30", "a=sendonly",
		"m=video 0 RTP/AVP 31"))
	if got := answerA.String(); got != wantA {
		t.Errorf("answer to A\n%s\nwant\n%s", got, wantA)
	}

	atA, _, errA := swapped(Agreed(offerA, answerA))
	atB, _, errB := Agreed(offerB, answerB)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if atA.HeldBy != Us || atB.HeldBy != Them || atA.Direction != SendOnly || atB.Direction != RecvOnly {
		t.Errorf("towards A %v held by %v, towards B %v held by %v", atA.Direction, atA.HeldBy, atB.Direction, atB.HeldBy)
	}
	for i := range atA.Formats {
		if atA.Formats[i].Receive.PayloadType != atB.Formats[i].Send.PayloadType || atB.Formats[i].Receive.PayloadType != atA.Formats[i].Send.PayloadType {
			t.Errorf("%v has to be renumbered on its way", atA.Formats[i].Send)
		}
	}
}

func swapped(offerer, answerer Stream, err error) (Stream, Stream, error) {
	return answerer, offerer, err
}

func TestCheckAnswerCatchesOurOwnMistakes(t *testing.T) {
	offer := mustParse(t, audio("m=audio 4000 RTP/AVP 0", "a=sendonly", "m=video 0 RTP/AVP 31"))
	for why, l := range map[string][]string{
		"one line missing":      {"m=audio 6000 RTP/AVP 0", "a=recvonly"},
		"direction too open":    {"m=audio 6000 RTP/AVP 0", "a=sendrecv", "m=video 0 RTP/AVP 31"},
		"revived a dead stream": {"m=audio 6000 RTP/AVP 0", "a=recvonly", "m=video 6002 RTP/AVP 31"},
		"revived it inactive":   {"m=audio 6000 RTP/AVP 0", "a=recvonly", "m=video 6002 RTP/AVP 31", "a=inactive"},
	} {
		if err := checkAnswer(offer, mustParse(t, audio(l...))); !errors.Is(err, ErrBadAnswer) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if err := checkAnswer(offer, mustParse(t, audio("m=audio 6000 RTP/AVP 0", "a=recvonly", "m=video 0 RTP/AVP 31"))); err != nil {
		t.Errorf("a good answer: %v", err)
	}
}
