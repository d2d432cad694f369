package rtp

import (
	"errors"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var loopback = netip.MustParseAddr("127.0.0.1")

func TestOpenSkipsPortsOfOthers(t *testing.T) {
	w := newWire()
	e, err := New(Config{Network: w, Address: loopback, First: 20000, Last: 20007, Quarantine: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	w.taken[20000] = true // an RTP port
	w.taken[20005] = true // an RTCP port
	w.taken[20006] = true
	s, err := e.Open(netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	if s.LocalRTP() != addr("127.0.0.1:20002") || s.LocalRTCP() != addr("127.0.0.1:20003") {
		t.Errorf("got %s and %s", s.LocalRTP(), s.LocalRTCP())
	}
	if _, err := e.Open(netip.Addr{}); !errors.Is(err, ErrNoPorts) {
		t.Errorf("a second one: %v", err)
	}
	if e.InUse() != 1 || len(w.sockets) != 2 || e.Pairs() != 4 {
		t.Errorf("%d of %d in use, %d sockets", e.InUse(), e.Pairs(), len(w.sockets))
	}
	s.Close()
	if e.InUse() != 0 || len(w.sockets) != 0 {
		t.Errorf("%d in use, %d sockets", e.InUse(), len(w.sockets))
	}
}

func TestOpenReportsOtherErrors(t *testing.T) {
	w := newWire()
	w.fails = syscall.EMFILE
	e, err := New(Config{Network: w, Address: loopback, First: 20000, Last: 20007})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Open(netip.Addr{}); !errors.Is(err, syscall.EMFILE) || e.InUse() != 0 {
		t.Errorf("%v, %d in use", err, e.InUse())
	}
}

func TestPortsComeBackAfterQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := New(Config{Network: newWire(), Address: loopback, First: 20000, Last: 20001, Quarantine: DefaultQuarantine})
		if err != nil {
			t.Fatal(err)
		}
		s, err := e.Open(netip.Addr{})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if _, err := e.Open(netip.Addr{}); !errors.Is(err, ErrNoPorts) {
			t.Errorf("at once: %v", err)
		}
		<-time.After(DefaultQuarantine)
		s, err = e.Open(netip.Addr{})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
	})
}

func TestOpenOnAnAddressOfItsOwn(t *testing.T) {
	w := newWire()
	e, err := New(Config{Network: w, First: 20000, Last: 20007})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Open(netip.Addr{}); err == nil {
		t.Error("opened without an address")
	}
	s, err := e.Open(netip.MustParseAddr("::ffff:10.0.0.7"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := s.LocalRTP().Addr(); got != netip.MustParseAddr("10.0.0.7") {
		t.Errorf("bound to %s", got)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]Config{
		"no network":            {First: 20000, Last: 20001},
		"no pair":               {Network: newWire(), First: 20001, Last: 20002},
		"a negative quarantine": {Network: newWire(), First: 20000, Last: 20001, Quarantine: -1},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
