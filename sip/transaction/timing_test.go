package transaction

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
	"unsafe"
)

// schedule runs the machine by its deadlines alone and returns when it sent, and when
// it ended, in seconds after the start.
func schedule(m machine, lead ...Event) (sent []float64, end float64) {
	now := epoch
	for _, ev := range lead {
		m.Step(now, ev)
	}
	for at, armed := m.Deadline(); armed; at, armed = m.Deadline() {
		now = at
		acts := m.Step(now, Timer)
		if acts.Has(Send) {
			sent = append(sent, now.Sub(epoch).Seconds())
		}
		if acts.Has(Terminated) {
			end = now.Sub(epoch).Seconds()
		}
	}
	return sent, end
}

func TestSchedules(t *testing.T) {
	capped := []float64{0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5}
	tests := []struct {
		name string
		m    machine
		lead []Event
		sent []float64
		end  float64
	}{
		{"A doubles without a cap until B", inviteClient(Unreliable), []Event{Start}, []float64{0.5, 1.5, 3.5, 7.5, 15.5, 31.5}, 32},
		{"no A on TCP", inviteClient(Reliable), []Event{Start}, nil, 32},
		{"withdrawing repeats the INVITE", inviteClient(Unreliable), []Event{Start, Cancel}, []float64{0.5, 1.5, 3.5, 7.5, 15.5, 31.5}, 32},
		{"proceeding has no timer", inviteClient(Unreliable), []Event{Start, 180}, nil, 0},
		{"cancelling", inviteClient(Unreliable), []Event{Start, 180, Cancel}, nil, 32},
		{"D", inviteClient(Unreliable), []Event{Start, 486}, nil, 32},
		{"D is zero", inviteClient(Reliable), []Event{Start, 486}, nil, 0},
		{"M", inviteClient(Unreliable), []Event{Start, 200}, nil, 32},
		{"M on TCP", inviteClient(Reliable), []Event{Start, 200}, nil, 32},
		{"E doubles up to T2 until F", nonInviteClient(Unreliable), []Event{Start}, capped, 32},
		{"no E on TCP", nonInviteClient(Reliable), []Event{Start}, nil, 32},
		{"E is T2 after a 100", nonInviteClient(Unreliable), []Event{Start, 100}, []float64{0.5, 4.5, 8.5, 12.5, 16.5, 20.5, 24.5, 28.5}, 32},
		{"K", nonInviteClient(Unreliable), []Event{Start, 200}, nil, 5},
		{"K is zero", nonInviteClient(Reliable), []Event{Start, 200}, nil, 0},
		{"G doubles up to T2 until H", inviteServer(Unreliable), []Event{Start, 486}, capped, 32},
		{"no G on TCP", inviteServer(Reliable), []Event{Start, 486}, nil, 32},
		{"I", inviteServer(Unreliable), []Event{Start, 486, Ack}, nil, 5},
		{"I is zero", inviteServer(Reliable), []Event{Start, 486, Ack}, nil, 0},
		{"L", inviteServer(Unreliable), []Event{Start, 200}, nil, 32},
		{"L on TCP", inviteServer(Reliable), []Event{Start, 200}, nil, 32},
		{"J", nonInviteServer(Unreliable), []Event{Start, 200}, nil, 32},
		{"J is zero", nonInviteServer(Reliable), []Event{Start, 200}, nil, 0},
		{"a silent user", nonInviteServer(Unreliable), []Event{Start}, nil, 32},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sent, end := schedule(tt.m, tt.lead...)
			if !slices.Equal(sent, tt.sent) || end != tt.end {
				t.Errorf("sent at %v, ended at %v; want %v and %v", sent, end, tt.sent, tt.end)
			}
		})
	}
}

// A gateway that was stopped for a while comes back late to its timers. It sends once
// and goes on, without a burst and without a deadline in the past.
func TestLateTimerDoesNotCatchUp(t *testing.T) {
	m := NewNonInviteClient(DefaultTiming(), Unreliable)
	m.Step(epoch, Start)
	late := epoch.Add(9 * time.Second)
	if acts := m.Step(late, Timer); acts != Send {
		t.Fatalf("actions %v", acts)
	}
	if at, _ := m.Deadline(); !at.Equal(late.Add(time.Second)) {
		t.Errorf("next deadline %v after the late step, want 1 s", at.Sub(late))
	}
	if acts := m.Step(late, Timer); acts != 0 {
		t.Errorf("a second step at the same moment: %v", acts)
	}
	if acts := m.Step(epoch.Add(time.Hour), Timer); acts != TimedOut|Terminated {
		t.Errorf("an hour later: %v", acts)
	}
}

// A timer that is a little late keeps the RFC's schedule.
func TestSlightlyLateTimerDoesNotDrift(t *testing.T) {
	m := NewInviteClient(DefaultTiming(), Unreliable)
	m.Step(epoch, Start)
	m.Step(epoch.Add(510*time.Millisecond), Timer)
	if at, _ := m.Deadline(); at.Sub(epoch) != 1500*time.Millisecond {
		t.Errorf("second retransmission at %v", at.Sub(epoch))
	}
}

func TestTimingDefaults(t *testing.T) {
	d := DefaultTiming()
	if got := (Timing{}).orDefault(); got != d {
		t.Errorf("zero timing became %+v", got)
	}
	if got := (Timing{T1: time.Second, T2: -1}).orDefault(); got.T1 != time.Second || got.T2 != d.T2 {
		t.Errorf("partial timing became %+v", got)
	}
	if d.Timeout() != 32*time.Second {
		t.Errorf("64*T1 = %v", d.Timeout())
	}
	for _, tt := range []struct{ t1, t2, want time.Duration }{
		{500 * time.Millisecond, 4 * time.Second, 3500 * time.Millisecond},
		{time.Second, time.Second, time.Second},
		{2 * time.Second, time.Second, 2 * time.Second},
		{time.Second, 3 * time.Second, 3 * time.Second},
	} {
		if got := (Timing{T1: tt.t1, T2: tt.t2}).NonInviteTrying(); got != tt.want {
			t.Errorf("T1 %v, T2 %v: %v, want %v", tt.t1, tt.t2, got, tt.want)
		}
	}
}

// Shorter timing, as on a fast local network, moves every timer with it.
func TestOtherTiming(t *testing.T) {
	m := NewInviteClient(Timing{T1: 100 * time.Millisecond, D: time.Second}, Unreliable)
	sent, end := schedule(&m, Start)
	if !slices.Equal(sent, []float64{0.1, 0.3, 0.7, 1.5, 3.1, 6.3}) || end != 6.4 {
		t.Errorf("sent at %v, ended at %v", sent, end)
	}
	m = NewInviteClient(Timing{D: time.Second}, Unreliable)
	if _, end := schedule(&m, Start, 404); end != 1 {
		t.Errorf("timer D took %v s", end)
	}
}

func TestSizes(t *testing.T) {
	for name, size := range map[string]uintptr{
		"InviteClient":    unsafe.Sizeof(InviteClient{}),
		"NonInviteClient": unsafe.Sizeof(NonInviteClient{}),
		"InviteServer":    unsafe.Sizeof(InviteServer{}),
		"NonInviteServer": unsafe.Sizeof(NonInviteServer{}),
	} {
		if size > 128 {
			t.Errorf("%s takes %d bytes", name, size)
		}
	}
}

// A transaction that was written out in the middle goes on elsewhere as if nothing had
// happened.
func TestWrittenOutAndReadBack(t *testing.T) {
	a := NewInviteServer(DefaultTiming(), Unreliable)
	a.Step(epoch, Start)
	a.Step(epoch, 486)
	a.Step(epoch.Add(500*time.Millisecond), Timer)
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var b InviteServer
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	if a != b {
		t.Fatalf("%+v was read back as %+v", a, b)
	}
	sentA, endA := schedule(&a)
	sentB, endB := schedule(&b)
	if !slices.Equal(sentA, sentB) || endA != endB || len(sentB) != 9 {
		t.Errorf("went on differently: %v %v and %v %v", sentA, endA, sentB, endB)
	}
}

func TestNames(t *testing.T) {
	tests := []struct{ got, want string }{
		{Response(180).String(), "180"},
		{Response(99).String(), "none"},
		{Response(700).String(), "none"},
		{TransportError.String(), "transportError"},
		{Event(50).String(), "50"},
		{(SendAck | Deliver).String(), "sendAck+deliver"},
		{Actions(0).String(), "-"},
		{Ended.String(), "terminated"},
		{State(99).String(), "99"},
		{Reliable.String(), "reliable"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
	if Response(486).Status() != 486 || Ack.Status() != 0 {
		t.Error("Status does not undo Response")
	}
}

// Steps are the path of every message and every retransmission.
func TestStepsDoNotAllocate(t *testing.T) {
	for name, m := range map[string]func() machine{
		"InviteClient": func() machine { return inviteClient(Unreliable) }, "NonInviteClient": func() machine { return nonInviteClient(Unreliable) },
		"InviteServer": func() machine { return inviteServer(Unreliable) }, "NonInviteServer": func() machine { return nonInviteServer(Unreliable) },
	} {
		m := m()
		n := testing.AllocsPerRun(100, func() {
			for _, ev := range []Event{Start, Request, Timer, 100, 180, Cancel, 200, 486, Ack, TransportError} {
				m.Step(epoch, ev)
				m.Deadline()
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if n := testing.AllocsPerRun(100, func() { NewInviteClient(Timing{}, Reliable) }); n != 0 {
		t.Errorf("NewInviteClient: %v allocations", n)
	}
	n := testing.AllocsPerRun(100, func() { NewServerKey("INVITE", "z9hG4bK77", "pc33.example.com", 5060) })
	if n != 0 {
		t.Errorf("NewServerKey: %v allocations", n)
	}
}

func BenchmarkInviteClientCall(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		m := NewInviteClient(Timing{}, Unreliable)
		m.Step(epoch, Start)
		m.Step(epoch, 100)
		m.Step(epoch, 180)
		m.Step(epoch, 200)
	}
}

func BenchmarkServerRetransmission(b *testing.B) {
	m := NewNonInviteServer(Timing{}, Unreliable)
	m.Step(epoch, Start)
	m.Step(epoch, 200)
	b.ReportAllocs()
	for b.Loop() {
		m.Step(epoch, Request)
	}
}

func BenchmarkServerKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		NewServerKey("INVITE", "z9hG4bK776asdhds", "pc33.example.com", 5060)
	}
}
