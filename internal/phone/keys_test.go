package phone

import (
	"net/netip"
	"testing"
	"time"
)

// keyed are two parties whose audio is joined: what one sends the other gets, but for what
// lose says.
func keyedPair(t *testing.T, lose func(n int) bool) (from, to *Audio, run func(d time.Duration)) {
	a, b := netip.MustParseAddrPort("192.0.2.1:4000"), netip.MustParseAddrPort("192.0.2.2:4000")
	now, n := time.Unix(0, 0), 0
	to = &Audio{Local: b}
	to.Expect(Describe(b))
	from = &Audio{Local: a, Pitch: 440, Write: func(p []byte, _ netip.AddrPort) {
		if n++; lose != nil && lose(n) {
			return
		}
		if err := to.Receive(now, p); err != nil {
			t.Fatal(err)
		}
	}}
	from.Expect(Describe(a))
	if err := from.Start(now, Describe(b)); err != nil {
		t.Fatal(err)
	}
	return from, to, func(d time.Duration) {
		for end := now.Add(d); now.Before(end); now = now.Add(Frame) {
			from.Tick(now)
		}
	}
}

func TestKeysAsEvents(t *testing.T) {
	for name, lose := range map[string]func(int) bool{
		"all come": nil, "each third is lost": func(n int) bool { return n%3 == 1 },
	} {
		from, to, run := keyedPair(t, lose)
		run(100 * time.Millisecond)
		if err := from.Press("5599*D", 100*time.Millisecond, false); err != nil {
			t.Fatal(err)
		}
		run(2 * time.Second)
		if to.Told() != "5599*D" || to.Heard() != "" || from.Pressing() {
			t.Errorf("%s: told %q, heard %q", name, to.Told(), to.Heard())
		}
		if to.Forget(); to.Told() != "" {
			t.Error("it has not forgotten")
		}
	}
}

func TestKeysAsTones(t *testing.T) {
	from, to, run := keyedPair(t, nil)
	run(100 * time.Millisecond)
	if err := from.Press("0123456789*#ABCD", 60*time.Millisecond, true); err != nil {
		t.Fatal(err)
	}
	run(3 * time.Second)
	if to.Heard() != "0123456789*#ABCD" || to.Told() != "" {
		t.Errorf("told %q, heard %q", to.Told(), to.Heard())
	}
}

func TestKeysThatCannotBePressed(t *testing.T) {
	from, _, _ := keyedPair(t, nil)
	if err := from.Press("5x", time.Second, false); err == nil {
		t.Error("x is no key")
	}
	if err := (&Audio{}).Press("5", time.Second, false); err == nil {
		t.Error("nobody takes telephone-event there")
	}
}
