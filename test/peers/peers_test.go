package peers

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestPlacesAreApart(t *testing.T) {
	a, err := NewPlace()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := NewPlace()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if a.Host(1) == b.Host(1) {
		t.Errorf("two places have %s", a.Host(1))
	}
	if !a.Host(7).IsLoopback() || a.SIP(7) != netip.AddrPortFrom(a.Host(7), a.Port) {
		t.Errorf("host 7 is %s", a.SIP(7))
	}
	if !free(a.SIP(7)) {
		t.Errorf("%s is not free", a.SIP(7))
	}
}

func TestPlaces6AreApart(t *testing.T) {
	a, err := NewPlace6()
	if err != nil {
		t.Skip("no IPv6: ", err)
	}
	defer a.Close()
	b, err := NewPlace6()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ports := map[uint16]bool{}
	for _, p := range []*Place6{a, b} {
		for n := byte(1); n < 50; n++ {
			for _, at := range []netip.AddrPort{p.SIP(n), p.Audio(n)} {
				if !at.Addr().Is6() || !at.Addr().IsLoopback() || ports[at.Port()] {
					t.Errorf("party %d is at %s", n, at)
				}
				ports[at.Port()] = true
			}
		}
	}
	if a.Relay() == b.Relay() {
		t.Errorf("two gateways have the ports %s", a.Relay())
	}
}

func TestProcess(t *testing.T) {
	p, err := Start(t.TempDir(), "greeter", "sh", "-c", "echo hello; echo hello; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	if code, err := p.Wait(startTime); code != 3 || err != nil {
		t.Errorf("exit code %d, %v", code, err)
	}
	if err := p.PrintedTimes(2, "hello", 0); err != nil {
		t.Error(err)
	}
	if err := p.PrintedTimes(3, "hello", startTime); err == nil {
		t.Error("it printed hello three times")
	}
	if p.Running() {
		t.Error("it runs")
	}
}

func TestProcessIsEnded(t *testing.T) {
	p, err := Start(t.TempDir(), "sleeper", "sleep", "60")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(time.Millisecond); err == nil {
		t.Error("it has ended by itself")
	}
	p.Signal(syscall.SIGTERM)
	if code, err := p.Wait(startTime); code != -1 || err != nil {
		t.Errorf("after a signal: exit code %d, %v", code, err)
	}
	p.Kill() // once more does no harm
}

func TestProcessThatIsNotThere(t *testing.T) {
	_, err := Start(t.TempDir(), "nothing", "no-such-program-anywhere")
	if err == nil || !strings.Contains(err.Error(), "make deps") {
		t.Errorf("error is %v", err)
	}
}

func TestReports(t *testing.T) {
	dir := t.TempDir()
	p, err := Start(dir, "mute", "true")
	if err != nil {
		t.Fatal(err)
	}
	r := &Run{Process: p, dir: dir}
	message := "SIP/2.0 180 Ringing\r\nCall-ID: a@b\r\nContent-Length: 0\r\n\r\n"
	text := "{saw ringing a@b " + message + "saw}{saw answered c@d " + strings.Replace(message, "180", "200", 1) + "saw}\n{saw hal"
	if err := os.WriteFile(filepath.Join(dir, reportsFile), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		saw, call string
		status    int
	}{{"ringing", "a@b", 180}, {"answered", "c@d", 200}} {
		got, err := r.Next(startTime)
		if err != nil || got.Saw != want.saw || got.Call != want.call || got.Message.Status != want.status {
			t.Errorf("got %+v, %v, wanted %+v", got, err, want)
		}
	}
	if _, err := r.Next(startTime); err == nil {
		t.Error("half a report is a report")
	}
}

func TestStats(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stats.csv")
	text := "CallRate(P);SuccessfulCall(C);FailedCall(C);Retransmissions(C);\n1;1;0;0;\n9.5;20;3;4;\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := readStats(file); err != nil || got != (Stats{20, 3, 4}) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := os.WriteFile(file, []byte("SuccessfulCall(C)\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readStats(file); err == nil {
		t.Error("statistics without values are read")
	}
}

func TestWave(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sound.wav")
	want := []int16{0, 1, -1, 32767, -32768, 440}
	if err := WriteWave(file, want); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadWave(file); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	growing := slices.Clone(b[:len(b)-3])
	copy(growing[40:44], []byte{0, 0, 0, 0})
	stereo := slices.Clone(b)
	stereo[22] = 2
	fast := slices.Clone(b)
	copy(fast[24:28], []byte{0x80, 0x3e, 0, 0}) // 16,000
	odd := slices.Clone(b)
	copy(odd[24:28], []byte{0x44, 0xac, 0, 0}) // 44,100
	for _, test := range []struct {
		name string
		file []byte
		want []int16
	}{{"still written", growing, want[:4]}, {"stereo", stereo, []int16{0, 16383, -16164}}, {"16 kHz", fast, []int16{0, 16383, -16164}},
		{"44.1 kHz", odd, nil}, {"no sound", []byte("hello"), nil}, {"no data", b[:36], nil}} {
		if err := os.WriteFile(file, test.file, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := ReadWave(file)
		if !slices.Equal(got, test.want) || (test.want == nil) != errors.Is(err, ErrWave) {
			t.Errorf("%s: %v, %v", test.name, got, err)
		}
	}
}

func TestRecords(t *testing.T) {
	g := &Gateway{Records: filepath.Join(t.TempDir(), "calls.jsonl")}
	if _, err := g.AllRecords(1, 0); err == nil {
		t.Error("there is a record without a file")
	}
	if err := os.WriteFile(g.Records, []byte(`{"id":"a","status":200}`+"\n"+`{"id":"b"`), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := g.AllRecords(1, 0); err != nil || len(got) != 1 || got[0].ID != "a" || got[0].Status != 200 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTabled(t *testing.T) {
	for at, want := range map[string]string{
		"127.16.0.1:5060": "0100107F:13C4",
		"[::1]:11019":     "00000000000000000000000001000000:2B0B",
	} {
		if got := tabled(netip.MustParseAddrPort(at)); got != want {
			t.Errorf("%s is %s, not %s", at, got, want)
		}
	}
}

func TestSent(t *testing.T) {
	r := &Run{Process: &Process{Name: "one"}, dir: t.TempDir()}
	if _, err := r.Sent("SIP/2.0 200"); err == nil {
		t.Error("something was sent without a file")
	}
	text := messageBegin + "2026-11-20 14:00:23.049663\nUDP message sent (3 bytes):\n\nSIP/2.0 180 Ringing\n\n" +
		messageBegin + "2026-11-20 14:00:23.050859\nUDP message sent (6 bytes):\n\nSIP/2.0 200 OK\nVia: x\n\n" +
		messageBegin + "2026-11-20 14:00:24\nUDP message received [5] bytes :\n\nSIP/2.0 200 OK\n\n"
	if err := os.WriteFile(filepath.Join(r.dir, messagesFile), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	want := time.Date(2026, 11, 20, 14, 0, 23, 50859000, time.Local)
	if at, err := r.Sent("SIP/2.0 200"); err != nil || !at.Equal(want) {
		t.Errorf("%v, %v", at, err)
	}
	if at, err := r.Sent("SIP/2.0 486"); err == nil {
		t.Errorf("sent at %v", at)
	}
}
