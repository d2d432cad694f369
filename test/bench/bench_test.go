package main

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/test/peers"
)

func TestSearch(t *testing.T) {
	for _, test := range []struct{ limit, from, to int }{
		{50, 100, 100}, {150, 141, 150}, {200, 200, 200}, {1000, 940, 1000}, {1599, 1500, 1599}, {1600, 1500, 1600}, {100_000, 6400, 6400},
	} {
		tried := 0
		got, err := search(200, 6400, 0.06, func(n int) (bool, error) {
			tried++
			return n <= test.limit, nil
		})
		if err != nil || got < test.from || got > test.to || tried > 12 {
			t.Errorf("limit %d: %d after %d tries, %v", test.limit, got, tried, err)
		}
	}
}

func TestSearchFails(t *testing.T) {
	wrong := errors.New("no SIPp")
	if got, err := search(200, 6400, 0.06, func(n int) (bool, error) { return n < 800, keep(n == 800, wrong) }); got != 400 || !errors.Is(err, wrong) {
		t.Errorf("%d, %v", got, err)
	}
}

func keep(is bool, err error) error {
	if is {
		return err
	}
	return nil
}

func TestQuantile(t *testing.T) {
	var values []time.Duration
	for i := range 100 {
		values = append(values, time.Duration(99-i))
	}
	for share, want := range map[float64]time.Duration{0: 0, 0.5: 50, 0.99: 99, 1: 99} {
		if got := quantile(values, share); got != want {
			t.Errorf("quantile %v is %d, not %d", share, got, want)
		}
	}
	if values[0] != 99 || quantile(nil, 0.5) != 0 {
		t.Error("the values were sorted, or there were some")
	}
}

func TestTable(t *testing.T) {
	var table table
	table.add("first", "%d", 1)
	table.add("second", "%s", kib(1536))
	table.remark(1, "disturbed")
	want := "| measured | result |\n|---|---|\n| first | 1 |\n| second | 1.5 KiB (disturbed) |\n"
	if got := table.markdown(); got != want {
		t.Errorf("got\n%swanted\n%s", got, want)
	}
}

func TestOthers(t *testing.T) {
	now := time.Now()
	before := used{at: now, all: time.Second, ours: 500 * time.Millisecond}
	after := used{at: now.Add(2 * time.Second), all: 4 * time.Second, ours: 2500 * time.Millisecond}
	if got := after.others(before); got != 0.5 {
		t.Errorf("others used %v of a core, not a half", got)
	}
}

// TestProc reads what /proc says of a process.
func TestProc(t *testing.T) {
	p, err := peers.Start(t.TempDir(), "sleeper", "sleep", "60")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	self := &target{&peers.Gateway{Process: p}}
	var bytes int
	peers.Until(patience, func() bool { // it has one page when it has just been started
		bytes, err = self.memory()
		return err != nil || bytes > 4<<10
	})
	if err != nil || bytes <= 4<<10 || bytes > 64<<20 {
		t.Errorf("memory is %d, %v", bytes, err)
	}
	if d, err := self.cpu(); err != nil || d > time.Second {
		t.Errorf("cpu is %v, %v", d, err)
	}
	if !strings.Contains(machine(), time.Now().Format("2006-")) || os.Getpid() == p.PID() {
		t.Error(machine())
	}
}

// TestLoad calls itself, without a gateway.
func TestLoad(t *testing.T) {
	place, err := peers.NewPlace()
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	l, err := newLoad(place, place.SIP(farHost))
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	calls, err := l.place(20, 200)
	if err != nil {
		t.Fatal(err)
	}
	// Without a gateway each end sends to where the other hears.
	sent, err := l.audio.talk(calls, 0, 100*time.Millisecond)
	if got, delays := l.audio.counted(); err != nil || sent != 200 || got != sent || len(delays) != got {
		t.Errorf("%d packets sent, %d came, %d delays, %v", sent, got, len(delays), err)
	}
	for _, c := range calls {
		if c.setup <= 0 || c.setup > patience {
			t.Errorf("%s took %v", c.number, c.setup)
		}
	}
	if err := l.hangUp(calls, 200); err != nil {
		t.Error(err)
	}
}
