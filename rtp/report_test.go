package rtp

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/pion/rtcp"
)

// marshal builds a compound packet with pion.
func marshal(t testing.TB, packets ...rtcp.Packet) []byte {
	t.Helper()
	b, err := rtcp.Marshal(packets)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// compound is one packet of each kind that names SSRCs: 1 is the sender's own
// stream, 2 the one it hears, 9 somebody else.
func compound(own, heard uint32, highest, timestamp uint32) []rtcp.Packet {
	blocks := []rtcp.ReceptionReport{
		{SSRC: heard, FractionLost: 3, TotalLost: 70, LastSequenceNumber: highest, Jitter: 5, LastSenderReport: 6, Delay: 7},
		{SSRC: 9, LastSequenceNumber: 0x10001},
	}
	return []rtcp.Packet{
		&rtcp.SenderReport{SSRC: own, NTPTime: 11, RTPTime: timestamp, PacketCount: 12, OctetCount: 13, Reports: blocks},
		&rtcp.ReceiverReport{SSRC: own, Reports: blocks},
		&rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{
			{Source: own, Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: "alice@example.test"}, {Type: rtcp.SDESTool, Text: "phone"}}},
			{Source: 9, Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: "b"}}},
			{Source: own, Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: "abc"}}},
		}},
		&rtcp.PictureLossIndication{SenderSSRC: own, MediaSSRC: heard},
		&rtcp.TransportLayerNack{SenderSSRC: own, MediaSSRC: heard, Nacks: []rtcp.NackPair{{PacketID: 8}}},
		&rtcp.Goodbye{Sources: []uint32{own, 9}, Reason: "done"},
	}
}

func TestShiftReports(t *testing.T) {
	packet := marshal(t, compound(1, 2, 0x3FFFE, 1000)...)
	if !validReports(packet) {
		t.Fatal("not valid")
	}
	sent := shift{active: true, from: 1, to: 0xA, sequence: 5, timestamp: 500}
	heard := shift{active: true, from: 2, to: 0xB, sequence: 3, timestamp: 77}
	shiftReports(packet, sent, heard)

	got, err := rtcp.Unmarshal(packet)
	if err != nil {
		t.Fatal(err)
	}
	// The low half of the highest number wraps, the listener's cycles stay.
	want, err := rtcp.Unmarshal(marshal(t, compound(0xA, 0xB, 0x30001, 1500)...))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestShiftThatIsNotActiveChangesNothing(t *testing.T) {
	packet := marshal(t, compound(1, 2, 3, 4)...)
	before := bytes.Clone(packet)
	shiftReports(packet, shift{from: 1, to: 5, timestamp: 9}, shift{})
	if !bytes.Equal(packet, before) {
		t.Error("changed")
	}
}

func TestShiftBackIsTheInverse(t *testing.T) {
	packet := marshal(t, compound(1, 2, 0x10000, 0)...)
	before := bytes.Clone(packet)
	sent := shift{active: true, from: 1, to: 0xA, sequence: 40000, timestamp: 1 << 31}
	heard := shift{active: true, from: 2, to: 0xB, sequence: 65535, timestamp: 1}
	shiftReports(packet, sent, heard)
	if bytes.Equal(packet, before) {
		t.Fatal("nothing changed")
	}
	shiftReports(packet, sent.back(), heard.back())
	if !bytes.Equal(packet, before) {
		t.Error("there and back is not where we were")
	}
}

func TestExtendedReportAndApplicationNameTheirSender(t *testing.T) {
	for _, kind := range []byte{typeApplication, typeExtendedReport} {
		packet := []byte{2 << 6, kind, 0, 2, 0, 0, 0, 1, 'T', 'E', 'S', 'T'}
		shiftReports(packet, shift{active: true, from: 1, to: 2}, shift{})
		if word(packet, 4) != 2 {
			t.Errorf("type %d: sender is %d", kind, word(packet, 4))
		}
	}
}

func TestValidReports(t *testing.T) {
	rr := []byte{2 << 6, typeReceiverReport, 0, 1, 0, 0, 0, 1}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for _, c := range []struct {
		name   string
		packet []byte
		want   bool
	}{
		{"an empty receiver report", rr, true},
		{"two of them", join(rr, rr), true},
		{"reduced size: feedback only (RFC 5506)", []byte{2<<6 | 1, typePayloadFeedback, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2}, true},
		{"an unknown type", []byte{2 << 6, 210, 0, 0}, true},
		{"a BYE of nobody", []byte{2 << 6, typeGoodbye, 0, 0}, true},
		{"nothing", nil, false},
		{"three octets", rr[:3], false},
		{"length beyond the end", rr[:4], false},
		{"octets left over", join(rr, []byte{0}), false},
		{"version 1", []byte{1 << 6, typeReceiverReport, 0, 1, 0, 0, 0, 1}, false},
		{"no RTCP type", []byte{2 << 6, 100, 0, 1, 0, 0, 0, 1}, false},
		{"padding before the last", join([]byte{2<<6 | 0x20, typeReceiverReport, 0, 1, 0, 0, 0, 1}, rr), false},
		{"a receiver report without its block", []byte{2<<6 | 1, typeReceiverReport, 0, 1, 0, 0, 0, 1}, false},
		{"a sender report that is too short", []byte{2 << 6, typeSenderReport, 0, 1, 0, 0, 0, 1}, false},
		{"a BYE without its sources", []byte{2<<6 | 2, typeGoodbye, 0, 1, 0, 0, 0, 1}, false},
		{"a description whose item runs out", []byte{2<<6 | 1, typeSourceDescription, 0, 2, 0, 0, 0, 1, 1, 9, 'a', 0}, false},
		{"a description that does not end", []byte{2<<6 | 1, typeSourceDescription, 0, 2, 0, 0, 0, 1, 1, 2, 'a', 'b'}, false},
		{"an item type without a length", []byte{2<<6 | 1, typeSourceDescription, 0, 2, 0, 0, 0, 1, 1, 1, 'a', 1}, false},
		{"two chunks announced, one there", []byte{2<<6 | 2, typeSourceDescription, 0, 2, 0, 0, 0, 1, 1, 1, 'a', 0}, false},
		{"feedback without a media source", []byte{2 << 6, typeTransportFeedback, 0, 1, 0, 0, 0, 1}, false},
		{"an extended report without a sender", []byte{2 << 6, typeExtendedReport, 0, 0}, false},
	} {
		if got := validReports(c.packet); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// FuzzReports rewrites whatever is found valid: it must stay so, keep its size,
// and there and back must be the same packet.
func FuzzReports(f *testing.F) {
	f.Add(marshal(f, compound(1, 2, 3, 4)...))
	f.Add([]byte{2<<6 | 1, typeSourceDescription, 0, 2, 0, 0, 0, 1, 1, 1, 'a', 0})
	f.Add([]byte{2<<6 | 31, typeGoodbye, 0, 1, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if !validReports(b) {
			return
		}
		// SSRCs that the packet does not contain, to come back from.
		sent := shift{active: true, from: 1, to: 0xF00DF00D, timestamp: 9}
		heard := shift{active: true, from: 2, to: 0xFEEDFEED, sequence: 9}
		if bytes.Contains(b, []byte{0xF0, 0x0D}) || bytes.Contains(b, []byte{0xFE, 0xED}) {
			return
		}
		before := bytes.Clone(b)
		shiftReports(b, sent, heard)
		if !validReports(b) {
			t.Fatalf("no longer valid: %x, was %x", b, before)
		}
		shiftReports(b, sent.back(), heard.back())
		if !bytes.Equal(b, before) {
			t.Fatalf("there and back: %x, was %x", b, before)
		}
	})
}
