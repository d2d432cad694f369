package dialog

import (
	"runtime"
	"testing"
	"time"
)

// idleBytes is what a usage may cost whose call is only talking, with all that it refers
// to: its texts, its dialog, both descriptions.
const idleBytes = 4 << 10

// A gateway that holds ten thousand calls holds twenty thousand usages.
func TestIdleUsageIsSmall(t *testing.T) {
	for _, who := range []string{"caller", "callee"} {
		t.Run(who, func(t *testing.T) {
			const n = 1000
			usages := make([]*Usage, n)
			before := heap()
			for i := range usages {
				usages[i] = idleUsage(t, who)
			}
			each := int(heap()-before) / n
			runtime.KeepAlive(usages)
			t.Logf("an idle %s costs %d bytes", who, each)
			if each > idleBytes || each < 500 {
				t.Errorf("an idle %s costs %d bytes, want at most %d", who, each, idleBytes)
			}
		})
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// idleUsage is one side of a call that has been up for a minute.
func idleUsage(t *testing.T, who string) *Usage {
	now := time.Unix(0, 0).UTC()
	caller, callee := connect(t, now, offer(), answer())
	later := now.Add(time.Minute)
	for _, u := range []*Usage{caller, callee} {
		for at, ok := u.Deadline(); ok && at.Before(later); at, ok = u.Deadline() {
			u.Tick(at)
		}
		if u.State() != Confirmed || len(u.Take()) != 0 {
			t.Fatalf("the usage is %v and not idle", u.State())
		}
		if len(u.clients)+len(u.servers)+len(u.dialogs) != 1 {
			t.Fatalf("%d transactions and %d dialogs are kept", len(u.clients)+len(u.servers), len(u.dialogs))
		}
		if i := u.invite; i.client != nil || i.server != nil || i.offer != nil || u.chosen.ack != nil {
			t.Fatal("the INVITE is not forgotten")
		}
	}
	if who == "caller" {
		return caller
	}
	return callee
}

// What is left of a call that has ended is what its leftovers need.
func TestEndedUsageIsSmall(t *testing.T) {
	const n = 1000
	usages := make([]*Usage, 0, 2*n)
	before := heap()
	now := time.Unix(0, 0).UTC()
	for range n {
		caller, callee := callOnce(t, now)
		usages = append(usages, caller, callee)
	}
	each := int(heap()-before) / (2 * n)
	runtime.KeepAlive(usages)
	t.Logf("an ended usage costs %d bytes", each)
	if each > idleBytes*5/8 {
		t.Errorf("an ended usage costs %d bytes, want at most %d", each, idleBytes*5/8)
	}
}
