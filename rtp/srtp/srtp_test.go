package srtp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var everySuite = []Suite{AESCM128HMACSHA180, AESCM128HMACSHA132, AES256CMHMACSHA180, AEADAES128GCM, AEADAES256GCM}

// noon is when the stories begin.
var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// room is a copy of a packet with room for a tag behind it.
func room(packet []byte) []byte {
	return append(make([]byte, 0, len(packet)+Tailroom+maxMKI), packet...)
}

// packet makes an RTP packet of 20 ms of G.711; its payload tells its index.
func packet(ssrc uint32, index int64) []byte {
	p := make([]byte, 172, 172+Tailroom)
	p[0], p[1] = 0x80, 8
	binary.BigEndian.PutUint16(p[2:], uint16(index))
	binary.BigEndian.PutUint32(p[8:], ssrc)
	binary.BigEndian.PutUint64(p[12:], uint64(index))
	return p
}

// report makes an RTCP receiver report.
func report(ssrc uint32) []byte {
	p := make([]byte, 32, 32+Tailroom)
	p[0], p[1], p[3] = 0x81, 201, 7
	binary.BigEndian.PutUint32(p[4:], ssrc)
	return p
}

func outbound(t testing.TB, k Keys) *Outbound {
	t.Helper()
	o, err := NewOutbound(k)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func inbound(t testing.TB, k Keys) *Inbound {
	t.Helper()
	i, err := NewInbound(k)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// protect protects packet number index of an SSRC.
func protect(t testing.TB, o *Outbound, ssrc uint32, index int64) []byte {
	t.Helper()
	p, err := o.Protect(packet(ssrc, index))
	if err != nil {
		t.Fatalf("packet %d of %x: %v", index, ssrc, err)
	}
	return p
}

// opens requires that a protected packet is the index it was made of.
func opens(t testing.TB, i *Inbound, now time.Time, protected []byte, ssrc uint32, index int64) {
	t.Helper()
	p, err := i.Unprotect(now, room(protected))
	if err != nil || !bytes.Equal(p, packet(ssrc, index)) {
		t.Fatalf("packet %d of %x: %v\n%x", index, ssrc, err, p)
	}
}

// refuses requires that a packet is refused, and left as it was.
func refuses(t testing.TB, i *Inbound, now time.Time, protected []byte, want error) {
	t.Helper()
	p := room(protected)
	if got, err := i.Unprotect(now, p); !errors.Is(err, want) || got != nil || !bytes.Equal(p, protected) {
		t.Fatalf("%v, want %v; the packet %x became %x", err, want, protected, p)
	}
}

func each(t *testing.T, story func(t *testing.T, k Keys)) {
	for _, s := range everySuite {
		t.Run(s.String(), func(t *testing.T) { story(t, GenerateKeys(s)) })
	}
}

func TestSuites(t *testing.T) {
	for _, s := range everySuite {
		if got, ok := ParseSuite(strings.ToLower(s.String())); !ok || got != s {
			t.Errorf("%v is read as %v", s, got)
		}
		if GenerateKeys(s).Equal(GenerateKeys(s)) {
			t.Errorf("%v: the same keys twice", s)
		}
	}
	for name, want := range map[string]Suite{"AES_CM_256_HMAC_SHA1_80": AES256CMHMACSHA180, "": 0, "F8_128_HMAC_SHA1_80": 0} {
		if got, ok := ParseSuite(name); got != want || ok != (want != 0) {
			t.Errorf("%q is read as %v", name, got)
		}
	}
	if Suite(0).String() != "Suite(0)" || Suite(99).String() != "Suite(99)" || Suite(99).MasterSize() != 0 {
		t.Error("what is no suite has a name or a size")
	}
}

func TestKeysThatAreNone(t *testing.T) {
	fits := GenerateKeys(AEADAES128GCM)
	long, other := fits, fits
	long.MKI, other.Suite = make([]byte, 129), AEADAES256GCM
	for _, k := range []Keys{{}, {Suite: AEADAES128GCM}, long, other} {
		if _, err := NewOutbound(k); !errors.Is(err, ErrKeys) {
			t.Errorf("%v: %v", k, err)
		}
		if _, err := NewInbound(k); !errors.Is(err, ErrKeys) {
			t.Errorf("%v: %v", k, err)
		}
		if err := outbound(t, fits).Rekey(k); !errors.Is(err, ErrKeys) {
			t.Errorf("%v: %v", k, err)
		}
		if err := inbound(t, fits).Rekey(noon, k); !errors.Is(err, ErrKeys) {
			t.Errorf("%v: %v", k, err)
		}
	}
	for _, c := range []struct {
		suite Suite
		size  int
	}{{0, 30}, {9, 30}, {AESCM128HMACSHA180, 29}, {AESCM128HMACSHA180, 0}, {AEADAES128GCM, 30}} {
		if _, err := NewKeys(c.suite, make([]byte, c.size)); !errors.Is(err, ErrKeys) {
			t.Errorf("%d bytes for %v: %v", c.size, c.suite, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("keys were made for no suite")
		}
	}()
	GenerateKeys(0)
}

func TestKeysAreNotPrinted(t *testing.T) {
	master := []byte("0123456789abcdefghijklmnopqrst")
	k, err := NewKeys(AESCM128HMACSHA180, master)
	if err != nil {
		t.Fatal(err)
	}
	o := outbound(t, k)
	hidden := struct{ keys Keys }{k}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		for _, v := range []any{k, &k, hidden, []Keys{k}, o} {
			text := fmt.Sprintf(verb, v)
			for _, secret := range []string{string(master[:8]), fmt.Sprintf("%x", master[:8]), fmt.Sprint(master[:8])[1:20]} {
				if strings.Contains(text, secret) {
					t.Errorf("%s shows the key: %s", verb, text)
				}
			}
		}
	}
	if Keys.String(Keys{}) != "no keys" || !strings.HasPrefix(k.String(), "AES_CM_128_HMAC_SHA1_80 secret-") {
		t.Errorf("%v and %v", Keys{}, k)
	}
	master[0] = 'x'
	if k.Master()[0] != '0' {
		t.Error("the keys share the caller's bytes")
	}
}

func TestKindOf(t *testing.T) {
	for _, c := range []struct {
		packet []byte
		want   Kind
	}{
		{nil, KindUnknown}, {[]byte{0}, KindSTUN}, {[]byte{3}, KindSTUN}, {[]byte{4}, KindUnknown}, {[]byte{15}, KindUnknown},
		{[]byte{16}, KindZRTP}, {[]byte{19}, KindZRTP}, {[]byte{20}, KindDTLS}, {[]byte{22, 254}, KindDTLS}, {[]byte{63}, KindDTLS},
		{[]byte{64}, KindTURN}, {[]byte{79}, KindTURN}, {[]byte{80}, KindUnknown}, {[]byte{127}, KindUnknown}, {[]byte{128}, KindUnknown},
		{[]byte{128, 0}, KindRTP}, {[]byte{128, 127}, KindRTP}, {[]byte{0x90, 0x80}, KindRTP}, {[]byte{191, 191}, KindRTP},
		{[]byte{128, 192}, KindRTCP}, {[]byte{0x81, 200}, KindRTCP}, {[]byte{128, 223}, KindRTCP}, {[]byte{128, 224}, KindRTP}, {[]byte{192, 0}, KindUnknown},
	} {
		if got := KindOf(c.packet); got != c.want {
			t.Errorf("% x is %d, want %d", c.packet, got, c.want)
		}
	}
}

// Both directions against the reference: headers of all forms, payloads of all lengths,
// any roll-over counter.
func TestAgreesWithTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		suite := rapid.SampledFrom(everySuite).Draw(t, "suite")
		k, _ := NewKeys(suite, rapid.SliceOfN(rapid.Byte(), suite.MasterSize(), suite.MasterSize()).Draw(t, "master"))
		k.MKI = rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "mki")
		ref := newReference(k)
		o, err := NewOutbound(k)
		if err != nil {
			t.Fatal(err)
		}
		i, _ := NewInbound(k)
		index := rapid.Int64Range(0, 1<<16-1).Draw(t, "first")
		for range rapid.IntRange(1, 9).Draw(t, "packets") {
			p := anyPacket().Draw(t, "packet")
			binary.BigEndian.PutUint16(p[2:], uint16(index))
			want := ref.protect(p, uint32(index>>16))
			got, err := o.Protect(room(p))
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("packet %d: %v\n got %x\nwant %x", index, err, got, want)
			}
			back, err := i.Unprotect(noon, want)
			if err != nil || !bytes.Equal(back, p) {
				t.Fatalf("packet %d: %v\n got %x\nwant %x", index, err, back, p)
			}
			index += rapid.Int64Range(1, 1<<15-1).Draw(t, "step")
		}
	})
}

// anyPacket draws an RTP packet of one SSRC.
func anyPacket() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		p := []byte{0x80, rapid.Byte().Draw(t, "type"), 0, 0, 1, 2, 3, 4, 0xca, 0xfe, 0xba, 0xbe}
		sources := rapid.IntRange(0, 15).Draw(t, "csrc")
		p[0] |= byte(sources)
		p = append(p, make([]byte, 4*sources)...)
		if words := rapid.IntRange(-1, 3).Draw(t, "extension"); words >= 0 {
			p[0] |= 0x10
			p = append(p, 0xab, 0xcd, 0, byte(words))
			p = append(p, make([]byte, 4*words)...)
		}
		return append(p, rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "payload")...)
	})
}

func TestRTCPAgreesWithTheReference(t *testing.T) {
	each(t, func(t *testing.T, k Keys) {
		k.MKI = []byte{0, 1}
		ref, o, i := newReference(k), outbound(t, k), inbound(t, k)
		for n := range uint32(5) {
			p := append(report(7), bytes.Repeat([]byte{byte(n)}, 4*int(n))...)
			want := ref.protectRTCP(p, n+1)
			got, err := o.ProtectRTCP(room(p))
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%v\n got %x\nwant %x", err, got, want)
			}
			back, err := i.UnprotectRTCP(noon, room(want))
			if err != nil || !bytes.Equal(back, p) {
				t.Fatalf("%v\n got %x\nwant %x", err, back, p)
			}
			if _, err := i.UnprotectRTCP(noon, room(want)); !errors.Is(err, ErrReplayed) {
				t.Fatalf("again: %v", err)
			}
			want[9] ^= 1
			if _, err := i.UnprotectRTCP(noon, want); err == nil {
				t.Fatal("a changed report was taken")
			}
		}
	})
}

// A late packet is taken, the same one twice or one from before the window is not.
func TestReplay(t *testing.T) {
	each(t, func(t *testing.T, k Keys) {
		o, i := outbound(t, k), inbound(t, k)
		var sent [][]byte
		for n := range int64(300) {
			sent = append(sent, protect(t, o, 1, 1000+n))
		}
		for n := 0; n < 300; n += 2 { // every second one is lost on the first way
			opens(t, i, noon, sent[n], 1, 1000+int64(n))
		}
		for n := 0; n < 300; n += 2 {
			refuses(t, i, noon, sent[n], ErrReplayed)
		}
		for n := 1; n < 298; n += 2 {
			if n > 298-windowSize {
				opens(t, i, noon, sent[n], 1, 1000+int64(n))
			}
			refuses(t, i, noon, sent[n], ErrReplayed)
		}
		opens(t, i, noon, sent[299], 1, 1299)
	})
}

// Three million packets of a call would be two hours of test: the counter is moved up.
func TestRollover(t *testing.T) {
	each(t, func(t *testing.T, k Keys) {
		o, i := outbound(t, k), inbound(t, k)
		for index := int64(65000); index < 6<<16-3; index += 20000 { // by jumps that leave no doubt
			opens(t, i, noon, protect(t, o, 9, index), 9, index)
		}
		for index := int64(6<<16 - 3); index < 6<<16+3; index++ {
			opens(t, i, noon, protect(t, o, 9, index), 9, index)
		}
		refuses(t, i, noon, newReference(k).protect(packet(9, 6<<16+9), 5), ErrAuthentication)
	})
}

// Loss, duplication and reordering within the window, with any number of wraps: each
// packet that arrives is opened once, as what it was.
func TestLossAndReorderingAcrossWraps(t *testing.T) {
	keys := GenerateKeys(AEADAES128GCM)
	rapid.Check(t, func(t *rapid.T) {
		o, _ := NewOutbound(keys)
		i, _ := NewInbound(keys)
		index := rapid.Int64Range(0, 1<<16-1).Draw(t, "first")
		first, taken := index, map[int64]bool{}
		var flying []int64
		sealed := map[int64][]byte{}
		for range rapid.IntRange(1, 60).Draw(t, "packets") {
			p, err := o.Protect(packet(5, index))
			if err != nil {
				t.Fatalf("packet %d: %v", index, err)
			}
			sealed[index] = bytes.Clone(p)
			flying = append(flying, index)
			index += rapid.SampledFrom([]int64{1, 1, 1, 1, 2, 40, 9000, 32000}).Draw(t, "step")
		}
		highest := first
		for len(flying) > 0 {
			at := rapid.IntRange(0, min(3, len(flying)-1)).Draw(t, "which")
			n := flying[at]
			if rapid.IntRange(0, 9).Draw(t, "fate") < 8 { // else it is duplicated
				flying = append(flying[:at:at], flying[at+1:]...)
			}
			if len(taken) > 0 && rapid.IntRange(0, 9).Draw(t, "lost") == 0 {
				continue
			}
			got, err := i.Unprotect(noon, room(sealed[n]))
			switch {
			case err == nil && (taken[n] || !bytes.Equal(got, packet(5, n))):
				t.Fatalf("packet %d, taken before: %v; opened as %x", n, taken[n], got)
			case err == nil:
				taken[n] = true
				highest = max(highest, n)
			case !taken[n] && n > highest-windowSize && n < highest+1<<15:
				t.Fatalf("packet %d after %d: %v", n, highest, err)
			}
		}
	})
}

// What the first packets tell: one from before the first wrap is late, and a stream
// whose beginning was lost together with its first wrap is found.
func TestFirstPackets(t *testing.T) {
	each(t, func(t *testing.T, k Keys) {
		o := outbound(t, k)
		var sent [][]byte
		for n := int64(65534); n < 65540; n++ {
			sent = append(sent, protect(t, o, 3, n))
		}
		i := inbound(t, k)
		opens(t, i, noon, sent[4], 3, 65538)
		opens(t, i, noon, sent[1], 3, 65535)
		opens(t, i, noon, sent[2], 3, 65536)
		opens(t, i, noon, sent[0], 3, 65534)
		opens(t, i, noon, sent[5], 3, 65539)
	})
}

// A stream that went on without us, for longer than a guess reaches: a hold of twenty
// minutes in which the far end sent to somebody else.
func TestStreamThatWentOnDuringHold(t *testing.T) {
	each(t, func(t *testing.T, k Keys) {
		for _, away := range []int64{30000, 33000, 50000, 65400, 65600, 90000, 98303} {
			i, ref := inbound(t, k), newReference(k)
			for n := int64(0); n < 3; n++ {
				opens(t, i, noon, ref.protect(packet(4, n), 0), 4, n)
			}
			for n := 2 + away; n < 5+away; n++ {
				opens(t, i, noon, ref.protect(packet(4, n), uint32(n>>16)), 4, n)
			}
			if _, err := i.Unprotect(noon, ref.protect(packet(4, 1), 0)); err == nil {
				t.Fatal("a replay was taken")
			}
		}
	})
}

// An index is never used twice, whatever the source of the packets does.
func TestOutboundNeverRepeatsAnIndex(t *testing.T) {
	each(t, func(t *testing.T, k Keys) {
		o := outbound(t, k)
		for _, n := range []int64{100, 101, 105, 103, 40} {
			protect(t, o, 1, n)
		}
		for _, n := range []int64{100, 103, 105, 105 + 40000} {
			p := packet(1, n)
			before := bytes.Clone(p)
			if _, err := o.Protect(p); !errors.Is(err, ErrSequence) || !bytes.Equal(p, before) {
				t.Errorf("packet %d: %v", n, err)
			}
		}
		protect(t, o, 1, 104)
		protect(t, o, 2, 105) // another SSRC is another stream
		protect(t, o, 1, 105+1<<15)
		if _, err := o.Protect(packet(1, 106)); !errors.Is(err, ErrSequence) {
			t.Errorf("an old packet: %v", err)
		}
		if err := o.Rekey(GenerateKeys(k.Suite)); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Protect(packet(1, 105+1<<15)); !errors.Is(err, ErrSequence) {
			t.Errorf("the same index under a new key: %v", err)
		}
		if err := o.Rekey(k); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Protect(packet(1, 105+1<<15)); !errors.Is(err, ErrSequence) {
			t.Errorf("the same index under the first key again: %v", err)
		}
	})
}

// Streams of one key do not disturb each other, whenever one begins.
func TestSeveralSources(t *testing.T) {
	each(t, func(t *testing.T, k Keys) {
		o, i := outbound(t, k), inbound(t, k)
		for n := range int64(20) {
			for ssrc := range uint32(n) + 1 {
				index := n + 65530*int64(ssrc%2)
				opens(t, i, noon, protect(t, o, ssrc, index), ssrc, index)
			}
		}
	})
}

func TestTooManySources(t *testing.T) {
	k := GenerateKeys(AEADAES128GCM)
	o, i, ref := outbound(t, k), inbound(t, k), newReference(k)
	for ssrc := range uint32(MaxSources) {
		opens(t, i, noon, protect(t, o, ssrc, 1), ssrc, 1)
		if _, err := o.ProtectRTCP(report(ssrc)); err != nil {
			t.Fatal(err)
		}
		if _, err := i.UnprotectRTCP(noon, ref.protectRTCP(report(ssrc), 1)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.Protect(packet(MaxSources, 1)); !errors.Is(err, ErrSources) {
		t.Error(err)
	}
	refuses(t, i, noon, ref.protect(packet(MaxSources, 1), 0), ErrSources)
	if _, err := o.ProtectRTCP(report(MaxSources)); !errors.Is(err, ErrSources) {
		t.Error(err)
	}
	if _, err := i.UnprotectRTCP(noon, ref.protectRTCP(report(MaxSources), 1)); !errors.Is(err, ErrSources) {
		t.Error(err)
	}
	opens(t, i, noon, protect(t, o, 3, 2), 3, 2) // those that are there go on
}

// Every bit of a packet counts, and a packet that is refused is left as it was.
func TestTampering(t *testing.T) {
	each(t, func(t *testing.T, k Keys) {
		o, i := outbound(t, k), inbound(t, k)
		opens(t, i, noon, protect(t, o, 1, 1), 1, 1)
		good := bytes.Clone(protect(t, o, 1, 2))
		for bit := range 8 * len(good) {
			bad := room(good)
			bad[bit/8] ^= 1 << (bit % 8)
			before := bytes.Clone(bad)
			if got, err := i.Unprotect(noon, bad); err == nil {
				t.Fatalf("bit %d changed: opened as %x", bit, got)
			}
			if !bytes.Equal(bad, before) {
				t.Fatalf("bit %d changed: the packet is not left as it was", bit)
			}
		}
		for n := range good {
			if _, err := i.Unprotect(noon, room(good[:n])); err == nil {
				t.Fatalf("cut to %d bytes it was opened", n)
			}
		}
		opens(t, i, noon, good, 1, 2)
	})
}

func TestWrongKey(t *testing.T) {
	each(t, func(t *testing.T, k Keys) {
		o, i := outbound(t, GenerateKeys(k.Suite)), inbound(t, k)
		refuses(t, i, noon, protect(t, o, 1, 1), ErrAuthentication)
		refuses(t, i, noon, packet(1, 1), ErrAuthentication)
		p, err := o.ProtectRTCP(report(1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := i.UnprotectRTCP(noon, p); !errors.Is(err, ErrAuthentication) {
			t.Error(err)
		}
		if _, err := i.UnprotectRTCP(noon, report(1)); !errors.Is(err, ErrAuthentication) {
			t.Error(err)
		}
	})
}

// A flood of packets from who has no key leaves no trace: the stream goes on, and no
// memory is held.
func TestGarbageChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, k Keys) {
		o, i := outbound(t, k), inbound(t, k)
		opens(t, i, noon, protect(t, o, 1, 65530), 1, 65530)
		for n := range int64(5000) {
			if _, err := i.Unprotect(noon, append(packet(1, n*13), make([]byte, 16)...)); err == nil {
				t.Fatal("garbage was taken")
			}
			refuses(t, i, noon, append(packet(uint32(n)+2, n*13), make([]byte, 16)...), ErrAuthentication)
			_, _ = i.UnprotectRTCP(noon, append(report(uint32(n)), make([]byte, 20)...))
		}
		c := i.current
		if len(c.streams) != 1 || len(c.reports) != 0 || c.left != maxPackets-1 || c.leftRTCP != maxRTCPPackets {
			t.Errorf("%d streams, %d reporters, %d packets left", len(c.streams), len(c.reports), c.left)
		}
		held := 0
		for ssrc := range uint32(5002) {
			if _, known := c.srtp.ROC(ssrc); known {
				held++
			}
		}
		if held > maxProbes+1 {
			t.Errorf("the library holds %d streams", held)
		}
		opens(t, i, noon, protect(t, o, 1, 65540), 1, 65540)
		opens(t, i, noon, protect(t, o, 7, 65535), 7, 65535)
	})
}

// A re-INVITE changes keys: what is under way with the old ones is opened, for as long
// as is said, and then no longer.
func TestRekey(t *testing.T) {
	each(t, func(t *testing.T, old Keys) {
		next := GenerateKeys(old.Suite)
		o, i := outbound(t, old), inbound(t, old)
		opens(t, i, noon, protect(t, o, 1, 70), 1, 70)
		flying := [][]byte{protect(t, o, 1, 71), protect(t, o, 1, 72), protect(t, o, 1, 73)}
		if err := i.Rekey(noon, next); err != nil {
			t.Fatal(err)
		}
		opens(t, i, noon.Add(20*time.Second), flying[0], 1, 71) // nobody has used the new ones yet
		if err := o.Rekey(next); err != nil {
			t.Fatal(err)
		}
		used := noon.Add(21 * time.Second)
		opens(t, i, used, protect(t, o, 1, 74), 1, 74)
		opens(t, i, used, flying[1], 1, 72)
		refuses(t, i, used, flying[1], ErrReplayed)
		opens(t, i, used.Add(time.Second), protect(t, o, 1, 75), 1, 75)
		refuses(t, i, used.Add(Overlap+1), flying[2], ErrAuthentication)
		if i.previous != nil || i.Suite() != next.Suite || o.Suite() != next.Suite {
			t.Error("the old key is still held")
		}
	})
}

func TestOldKeysEndWhenNewOnesAreNeverUsed(t *testing.T) {
	old := GenerateKeys(AESCM128HMACSHA180)
	o, i := outbound(t, old), inbound(t, old)
	if err := i.Rekey(noon, GenerateKeys(AEADAES256GCM)); err != nil {
		t.Fatal(err)
	}
	opens(t, i, noon.Add(Patience), protect(t, o, 1, 1), 1, 1)
	refuses(t, i, noon.Add(Patience+1), protect(t, o, 1, 2), ErrAuthentication)
}

// An offer with new keys is refused and the old ones come back: their replay window is
// still there.
func TestRekeyBack(t *testing.T) {
	each(t, func(t *testing.T, old Keys) {
		o, i := outbound(t, old), inbound(t, old)
		sent := protect(t, o, 1, 1)
		opens(t, i, noon, sent, 1, 1)
		for _, k := range []Keys{GenerateKeys(old.Suite), old} {
			if err := i.Rekey(noon, k); err != nil {
				t.Fatal(err)
			}
			refuses(t, i, noon, sent, ErrReplayed)
			opens(t, i, noon, protect(t, o, 1, int64(o.context.streams[1].highest)+1), 1, o.context.streams[1].highest)
		}
		before := i.current
		if err := i.Rekey(noon, old); err != nil || i.current != before {
			t.Error("the same keys again are not the same")
		}
	})
}

// A key that was in force and forgotten comes back: what was sent with it then is no
// news now.
func TestOldPacketsUnderAKeyThatComesBack(t *testing.T) {
	first, second := GenerateKeys(AEADAES128GCM), GenerateKeys(AEADAES128GCM)
	o, i := outbound(t, first), inbound(t, first)
	sent := protect(t, o, 1, 1)
	opens(t, i, noon, sent, 1, 1)
	now := noon
	for _, k := range []Keys{second, first} {
		now = now.Add(time.Minute)
		if err := errors.Join(i.Rekey(now, k), o.Rekey(k)); err != nil {
			t.Fatal(err)
		}
		for n := range int64(200) {
			if k.Equal(second) {
				opens(t, i, now, protect(t, o, 1, 2+n), 1, 2+n)
			}
			now = now.Add(20 * time.Millisecond)
		}
	}
	refuses(t, i, now, sent, ErrReplayed)
	opens(t, i, now, protect(t, o, 1, 300), 1, 300)
}

// The roll-over counter goes on under a new key, and a device that begins again with 0
// is understood too.
func TestRolloverAcrossRekey(t *testing.T) {
	each(t, func(t *testing.T, old Keys) {
		next := GenerateKeys(old.Suite)
		for _, resets := range []bool{false, true} {
			o, i, ref := outbound(t, old), inbound(t, old), newReference(next)
			for n := int64(30000); n < 4<<16; n += 30000 {
				opens(t, i, noon, protect(t, o, 1, n), 1, n)
			}
			opens(t, i, noon, protect(t, o, 1, 4<<16-1), 1, 4<<16-1)
			if err := errors.Join(i.Rekey(noon, next), o.Rekey(next)); err != nil {
				t.Fatal(err)
			}
			for n := int64(4 << 16); n < 4<<16+5; n++ {
				p := protect(t, o, 1, n)
				same(t, "protected", p, ref.protect(packet(1, n), 4))
				if resets {
					p = ref.protect(packet(1, n), 0)
				}
				opens(t, i, noon, p, 1, n)
			}
		}
	})
}

func TestRTCPAcrossRekey(t *testing.T) {
	each(t, func(t *testing.T, old Keys) {
		next := GenerateKeys(old.Suite)
		o, i := outbound(t, old), inbound(t, old)
		send := func() []byte {
			p, err := o.ProtectRTCP(report(6))
			if err != nil {
				t.Fatal(err)
			}
			return bytes.Clone(p)
		}
		take := func(p []byte, now time.Time, want error) {
			t.Helper()
			if _, err := i.UnprotectRTCP(now, room(p)); !errors.Is(err, want) {
				t.Fatalf("%v, want %v", err, want)
			}
		}
		take(send(), noon, nil)
		late, later := send(), send()
		if err := errors.Join(i.Rekey(noon, next), o.Rekey(next)); err != nil {
			t.Fatal(err)
		}
		p := send()
		same(t, "report", p, newReference(next).protectRTCP(report(6), 4))
		take(p, noon, nil)
		take(p, noon, ErrReplayed)
		take(late, noon, nil)
		take(later, noon.Add(Overlap+1), ErrAuthentication)
	})
}

func TestLifetime(t *testing.T) {
	each(t, func(t *testing.T, k Keys) {
		k.Lifetime = 3
		o, i := outbound(t, k), inbound(t, k)
		for n := range int64(3) {
			opens(t, i, noon, protect(t, o, 1, n), 1, n)
			p, err := o.ProtectRTCP(report(1))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := i.UnprotectRTCP(noon, p); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := o.Protect(packet(1, 3)); !errors.Is(err, ErrUsedUp) {
			t.Error(err)
		}
		refuses(t, i, noon, newReference(k).protect(packet(1, 3), 0), ErrUsedUp)
		if _, err := o.ProtectRTCP(report(1)); !errors.Is(err, ErrUsedUp) {
			t.Error(err)
		}
		if _, err := i.UnprotectRTCP(noon, newReference(k).protectRTCP(report(1), 4)); !errors.Is(err, ErrUsedUp) {
			t.Error(err)
		}
		if err := o.Rekey(GenerateKeys(k.Suite)); err != nil {
			t.Fatal(err)
		}
		protect(t, o, 1, 3)
	})
}

// The last index of all: 2^48 packets of one stream, and 2^31 reports.
func TestLastIndex(t *testing.T) {
	each(t, func(t *testing.T, k Keys) {
		o, i := outbound(t, k), inbound(t, k)
		opens(t, i, noon, protect(t, o, 1, 1), 1, 1)
		*o.context.streams[1] = stream{highest: maxIndex - 1}
		*i.current.streams[1] = stream{highest: maxIndex - 1}
		last := protect(t, o, 1, maxIndex)
		same(t, "the last packet", last, newReference(k).protect(packet(1, maxIndex), 1<<32-1))
		opens(t, i, noon, last, 1, maxIndex)
		if _, err := o.Protect(packet(1, maxIndex+1)); !errors.Is(err, ErrUsedUp) {
			t.Error(err)
		}
		refuses(t, i, noon, newReference(k).protect(packet(1, maxIndex+1), 0), ErrAuthentication)
		o.context.srtp.SetIndex(1, 1<<31-2)
		if p, err := o.ProtectRTCP(report(1)); err != nil || !bytes.Equal(p, newReference(k).protectRTCP(report(1), 1<<31-1)) {
			t.Errorf("%v %x", err, p)
		}
		if _, err := o.ProtectRTCP(report(1)); !errors.Is(err, ErrUsedUp) {
			t.Error(err)
		}
		if got := o.context.left; got != maxPackets-2 {
			t.Errorf("%d packets left", got)
		}
	})
}

func TestTailroomIsAsked(t *testing.T) {
	each(t, func(t *testing.T, k Keys) {
		o := outbound(t, k)
		short := k.Suite.sizes().tag - 1
		if _, err := o.Protect(append(make([]byte, 0, 172+short), packet(1, 1)...)[: 172 : 172+short]); !errors.Is(err, ErrTailroom) {
			t.Error(err)
		}
		if _, err := o.ProtectRTCP(report(1)[:32:36]); !errors.Is(err, ErrTailroom) {
			t.Error(err)
		}
		p := packet(1, 1)
		got, err := o.Protect(p)
		if err != nil || &got[0] != &p[0] || len(got) != len(p)+k.Suite.sizes().tag {
			t.Errorf("%v: %d bytes, in place: %v", err, len(got), &got[0] == &p[0])
		}
		r := report(1)
		reported, err := o.ProtectRTCP(r)
		if err != nil || &reported[0] != &r[0] || len(reported) > len(r)+Tailroom {
			t.Errorf("%v: %d bytes", err, len(reported))
		}
		i := inbound(t, k)
		if back, err := i.Unprotect(noon, got); err != nil || &back[0] != &got[0] {
			t.Errorf("not opened in place: %v", err)
		}
	})
}

func TestMalformed(t *testing.T) {
	k := GenerateKeys(AESCM128HMACSHA180)
	o, i := outbound(t, k), inbound(t, k)
	extended := packet(1, 1)
	extended[0] |= 0x10
	extended[14], extended[15] = 0xff, 0xff
	oneByte := packet(1, 1)
	oneByte[0] |= 0x10
	copy(oneByte[12:], []byte{0xbe, 0xde, 0, 1, 0x1f, 0, 0, 0}) // an element longer than the extension
	for _, p := range [][]byte{nil, {0x80}, packet(1, 1)[:11], append([]byte{0x40}, packet(1, 1)[1:]...), packet(1, 1)[:0], extended, append([]byte{0x8f}, packet(1, 1)[1:13]...)} {
		if _, err := o.Protect(room(p)); !errors.Is(err, ErrMalformed) {
			t.Errorf("% x: %v", p, err)
		}
		if _, err := i.Unprotect(noon, room(p)); !errors.Is(err, ErrMalformed) {
			t.Errorf("% x: %v", p, err)
		}
	}
	if _, err := o.Protect(room(oneByte)); !errors.Is(err, ErrMalformed) {
		t.Error(err)
	}
	for _, p := range [][]byte{nil, report(1)[:7], append([]byte{0x01}, report(1)[1:]...)} {
		if _, err := o.ProtectRTCP(room(p)); !errors.Is(err, ErrMalformed) {
			t.Errorf("% x: %v", p, err)
		}
		if _, err := i.UnprotectRTCP(noon, room(p)); !errors.Is(err, ErrMalformed) {
			t.Errorf("% x: %v", p, err)
		}
	}
}

// The window against a plain set of what there has been.
func TestStreamAgainstASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Int64Range(0, 1<<20).Draw(t, "first")
		s, seen, highest := stream{highest: first}, map[int64]bool{}, first
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			index := max(0, highest+rapid.SampledFrom([]int64{-500, -129, -128, -127, -65, -64, -63, -2, -1, 0, 1, 2, 63, 64, 65, 127, 128, 129, 5000, 32767}).Draw(t, "by"))
			want := index > highest-windowSize && !seen[index]
			if got := s.fresh(index); got != want {
				t.Fatalf("index %d after %d: fresh is %v", index, highest, got)
			}
			if index > highest-1<<15 {
				if got := s.estimate(uint16(index)); got != index {
					t.Fatalf("%d after %d is estimated as %d", index, highest, got)
				}
			}
			if want {
				s.accept(index)
				seen[index], highest = true, max(highest, index)
			}
		}
	})
}

// RFC 3711 section 3.3.1 and appendix A at their borders.
func TestEstimate(t *testing.T) {
	for _, c := range []struct {
		highest  int64
		sequence uint16
		want     int64
	}{
		{0, 0, 0}, {0, 32768, 32768}, {0, 32769, 32769 - 65536},
		{32767, 65535, 65535}, {32768, 0, 0}, {32769, 0, 65536}, {40000, 7232, 7232}, {40000, 7231, 65536 + 7231},
		{65535, 0, 65536}, {65536, 65535, 65535}, {65536, 32768, 65536 + 32768}, {65536, 32769, 32769},
		{5<<16 + 9, 0xfffe, 5<<16 - 2}, {5<<16 + 0xfffe, 3, 6<<16 + 3}, {maxIndex, 0, maxIndex + 1},
	} {
		s := stream{highest: c.highest}
		if got := s.estimate(c.sequence); got != c.want {
			t.Errorf("%d after %d is %d, want %d", c.sequence, c.highest, got, c.want)
		}
	}
}

// FuzzUnprotect: whatever comes, nothing panics, and nothing but an authentic packet
// is taken.
func FuzzUnprotect(f *testing.F) {
	f.Add(byte(0), packet(1, 1))
	f.Add(byte(3), report(1))
	f.Add(byte(4), append(packet(1, 2), make([]byte, 16)...))
	f.Add(byte(7), []byte{0x90, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x1f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		k, _ := NewKeys(everySuite[int(which)%len(everySuite)], make([]byte, everySuite[int(which)%len(everySuite)].MasterSize()))
		if which&0x80 != 0 {
			k.MKI = []byte{0, 0, 1}
		}
		i, o := inbound(t, k), outbound(t, k)
		p, err := o.Protect(room(data))
		if err == nil {
			if back, err := i.Unprotect(noon, p); err != nil || !bytes.Equal(back, data) {
				t.Fatalf("%v: %x became %x", err, data, back)
			}
		}
		if p, err := i.Unprotect(noon, room(data)); err == nil && !bytes.Equal(newReference(k).protect(p, 0), data) {
			t.Fatalf("%x was taken", data)
		}
		if r, err := o.ProtectRTCP(room(data)); err == nil {
			if back, err := i.UnprotectRTCP(noon, r); err != nil || !bytes.Equal(back, data) {
				t.Fatalf("%v: %x became %x", err, data, back)
			}
		}
		_, _ = i.UnprotectRTCP(noon, room(data))
	})
}

// Nothing is allocated for a packet of a stream that is known, also while former keys
// are believed. Of RTCP under AEAD the library allocates 12 bytes, once each way.
func TestNothingIsAllocated(t *testing.T) {
	if racing {
		t.Skip("the race detector makes allocations of its own")
	}
	each(t, func(t *testing.T, k Keys) {
		for _, mki := range [][]byte{nil, {1}} {
			k.MKI = mki
			next := GenerateKeys(k.Suite)
			o, i := outbound(t, k), inbound(t, k)
			buffer, reports := room(packet(1, 0)), room(report(1))
			index, failed := uint16(0), error(nil)
			carry := func() {
				index++
				binary.BigEndian.PutUint16(buffer[2:], index)
				p, err := o.Protect(buffer[:172])
				if err == nil {
					_, err = i.Unprotect(noon, p)
				}
				failed = errors.Join(failed, err)
			}
			reporting := func() {
				p, err := o.ProtectRTCP(reports[:32])
				if err == nil {
					_, err = i.UnprotectRTCP(noon, p)
				}
				failed = errors.Join(failed, err)
			}
			for range 2 {
				carry()
				reporting()
				if n := testing.AllocsPerRun(1000, carry); n != 0 {
					t.Errorf("%v allocations a packet", n)
				}
				if n := testing.AllocsPerRun(1000, reporting); n != 0 && !(k.Suite.aead() && n <= 2) {
					t.Errorf("%v allocations a report", n)
				}
				failed = errors.Join(failed, i.Rekey(noon, next), o.Rekey(next))
			}
			if failed != nil {
				t.Error(failed)
			}
		}
	})
}

// A refused packet costs nothing either, but what the library allocates to say that an
// AEAD tag is wrong, for each of two guesses.
func TestRefusingIsCheap(t *testing.T) {
	if racing {
		t.Skip("the race detector makes allocations of its own")
	}
	each(t, func(t *testing.T, k Keys) {
		o, i := outbound(t, k), inbound(t, k)
		sent := protect(t, o, 1, 1)
		opens(t, i, noon, sent, 1, 1)
		dup, garbage := bytes.Clone(sent), append(packet(1, 9), make([]byte, 16)...)
		if n := testing.AllocsPerRun(100, func() { _, _ = i.Unprotect(noon, dup) }); n != 0 {
			t.Errorf("%v allocations for a replay", n)
		}
		if n := testing.AllocsPerRun(100, func() { _, _ = i.Unprotect(noon, garbage) }); n > 8 {
			t.Errorf("%v allocations for garbage", n)
		}
	})
}

func BenchmarkProtect(b *testing.B) {
	for _, s := range everySuite {
		b.Run(s.String(), func(b *testing.B) {
			o := outbound(b, GenerateKeys(s))
			buffer, n := room(packet(1, 0)), uint16(0)
			b.ReportAllocs()
			for b.Loop() {
				n++
				binary.BigEndian.PutUint16(buffer[2:], n)
				if _, err := o.Protect(buffer[:172]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkUnprotect(b *testing.B) {
	for _, s := range everySuite {
		b.Run(s.String(), func(b *testing.B) {
			k := GenerateKeys(s)
			i, ref := inbound(b, k), newReference(k)
			var sent [][]byte
			for n := range int64(1 << 12) {
				sent = append(sent, ref.protect(packet(1, n*16), 0))
			}
			buffer := make([]byte, 0, 256)
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if n%len(sent) == 0 {
					clear(i.current.streams) // the same packets again
				}
				if _, err := i.Unprotect(noon, append(buffer, sent[n%len(sent)]...)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
