package trunk

import (
	"testing"
	"time"
)

// What every call does on its way costs no memory but for the order of its trunks.
func TestACallsStepsDoNotAllocate(t *testing.T) {
	h := NewHealth(DefaultHealthSettings())
	user := Meter{Limits: Limits{Calls: 10, CPS: 1e6}}
	lines := Meter{Limits: Limits{Calls: 10, CPS: 1e6}}
	f := Format{Style: StyleE164}
	now := epoch
	var answered HealthEvent = Called{Response(200)}
	n := testing.AllocsPerRun(100, func() {
		now = now.Add(time.Millisecond)
		if Admit(now, Ordinary, &user, &lines) != nil {
			t.Fatal("refused")
		}
		h.Step(now, 0.5, answered)
		f.Write("+14255550100", nanp)
		Failover{}.Judge(Response(486), Ordinary)
		user.Release()
		lines.Release()
	})
	if n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}

func BenchmarkOrder(b *testing.B) {
	list := []Candidate{
		{Entry: Entry{"a", 1, 70}}, {Entry: Entry{"b", 1, 30}}, {Entry: Entry{"c", 2, 0}}, {Entry: Entry{"d", 2, 0}, Health: Down},
	}
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		Order(list, Ordinary, DownSkipped, i)
	}
}

func BenchmarkAdmit(b *testing.B) {
	m := Meter{Limits: Limits{Calls: 1000, CPS: 1e6}}
	b.ReportAllocs()
	for now := epoch; b.Loop(); now = now.Add(time.Microsecond) {
		if err := Admit(now, Ordinary, &m); err != nil {
			b.Fatal(err)
		}
		m.Release()
	}
}

func BenchmarkHealthStep(b *testing.B) {
	h := NewHealth(DefaultHealthSettings())
	var ok HealthEvent = Called{Response(200)}
	b.ReportAllocs()
	for b.Loop() {
		h.Step(epoch, 0.5, ok)
	}
}

func BenchmarkRegistrationRefresh(b *testing.B) {
	r := newRegistration()
	r.Step(epoch, 0, Begin{})
	now := epoch
	b.ReportAllocs()
	for b.Loop() {
		r.Step(now, 0, Accepted{r.CSeq, -1, -1})
		now, _ = r.Deadline()
		r.Step(now, 0, Timer{})
	}
}

func BenchmarkWriteNational(b *testing.B) {
	f := Format{Style: StyleNational}
	b.ReportAllocs()
	for b.Loop() {
		f.Write("+442079460123", britain)
	}
}
