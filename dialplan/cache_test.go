package dialplan

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"unsafe"
)

func TestCacheKeepsWhatIsAskedFor(t *testing.T) {
	var c cache[int]
	c.put("hot", typed, 42)
	for i := range 10 * cacheSize {
		c.put(strconv.Itoa(i), typed, i)
		if v, ok := c.get("hot", typed); !ok || v != 42 {
			t.Fatalf("after %d others: hot = %d, %v", i, v, ok)
		}
	}
	if _, ok := c.get("0", typed); ok {
		t.Error("an entry not asked for outlived two generations")
	}
	if n := len(c.young) + len(c.old); n > 2*cacheSize {
		t.Errorf("%d entries, want at most %d", n, 2*cacheSize)
	}
}

func TestCacheSeparatesSpellings(t *testing.T) {
	var c cache[string]
	c.put("442079460018", typed, "a")
	if v, ok := c.get("442079460018", carried); ok {
		t.Errorf("what a person typed was found for a carrier: %q", v)
	}
}

func TestCacheLeavesLongStringsOut(t *testing.T) {
	var c cache[int]
	long := strings.Repeat("1", maxCached+1)
	c.put(long, typed, 1)
	if _, ok := c.get(long, typed); ok {
		t.Errorf("a string of %d bytes is kept", len(long))
	}
	c.put(long[1:], typed, 1)
	if _, ok := c.get(long[1:], typed); !ok {
		t.Errorf("a string of %d bytes is not kept", len(long)-1)
	}
}

// A cached callee must not keep the SIP message in memory that it was cut from.
func TestCacheDoesNotPinItsSource(t *testing.T) {
	p := planFor(t, "US")
	message := strings.Repeat("INVITE sip:4255550100@h SIP/2.0 ", 100)
	p.callee(message[7:23], typed)
	p.identity(message[7:23], typed)
	within := func(s string) bool {
		if s == "" {
			return false
		}
		at, start := uintptr(unsafe.Pointer(unsafe.StringData(s))), uintptr(unsafe.Pointer(unsafe.StringData(message)))
		return at >= start && at < start+uintptr(len(message))
	}
	for k, v := range p.callees.young {
		if within(k.text) || within(v.dialled) {
			t.Errorf("callee %q shares the message's memory", k.text)
		}
	}
	for k, v := range p.identities.young {
		if within(k.text) || within(v.user) || within(v.raw) {
			t.Errorf("identity %q shares the message's memory", k.text)
		}
	}
	if len(p.callees.young) != 1 || len(p.identities.young) != 1 {
		t.Errorf("%d callees and %d identities cached, want one each", len(p.callees.young), len(p.identities.young))
	}
}

// Many calls read one plan at once.
func TestPlanIsSharedByCalls(t *testing.T) {
	p := mustPlan(t, office())
	var calls sync.WaitGroup
	for n := range 8 {
		calls.Go(func() {
			for i := range 200 {
				number := strconv.Itoa(4255550100 + (i*n)%100)
				if d := p.Decide(Request{Origin: alice, To: "sip:" + number + "@h"}); d.Refusal != nil {
					t.Errorf("%s: %v", number, d.Refusal)
				}
			}
		})
	}
	calls.Wait()
}
