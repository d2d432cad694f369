package digest

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func never(int64) bool { return false }

// A nonce that was forgotten for want of room stays refused, and so does every older
// one that was never seen, while the ones still known and newer ones serve.
func TestLedgerFloor(t *testing.T) {
	l := ledger{entries: map[nonceID]*counts{}, max: 2}
	at := func(second int) nonceID { return newNonceID(began.Add(time.Duration(second)*time.Second), 1) }
	for _, step := range []struct {
		second int
		nc     uint32
		want   bool
	}{
		{10, 1, true}, {20, 1, true},
		{30, 1, true},   // 10 is forgotten
		{10, 2, false},  // it cannot be told whether it was used
		{5, 1, false},   // nor that, though it was not
		{20, 2, true},   // they took nothing's place
		{40, 1, true},   // 20 is forgotten
		{40, 1, false},  //
		{30, 2, true},   //
		{20, 3, false},  //
		{50, 1, true},   //
		{40, 2, true},   // still known
		{50, 2, true},   //
		{50, 65, true},  //
		{50, 1, false},  // below the window
		{50, 66, true},  //
		{50, 0, false},  //
		{40, 70, true},  //
		{40, 6, false},  // below the window
		{40, 7, true},   //
		{40, 69, true},  //
		{40, 69, false}, //
	} {
		if got := l.use(at(step.second), step.nc, never); got != step.want {
			t.Errorf("nonce of second %d, count %d: %v", step.second, step.nc, got)
		}
	}
}

// Expired nonces make room without a loss.
func TestLedgerExpires(t *testing.T) {
	l := ledger{entries: map[nonceID]*counts{}, max: 2}
	for i := range 100 {
		now := began.Add(time.Duration(i) * time.Minute)
		expired := func(issued int64) bool { return now.UnixMilli()-issued > 90_000 }
		if !l.use(newNonceID(now, uint32(i)), 1, expired) {
			t.Fatalf("nonce %d is refused", i)
		}
		if len(l.entries) > 2 {
			t.Fatalf("%d entries", len(l.entries))
		}
	}
}

// A challenge comes back as it was written, whatever its texts.
func TestChallengeProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Challenge{
			Realm: name.Draw(t, "realm"), Nonce: name.Draw(t, "nonce"), Opaque: name.Draw(t, "opaque"),
			Algorithm: Algorithm(rapid.IntRange(1, 6).Draw(t, "algorithm")), Stale: rapid.Bool().Draw(t, "stale"),
			QOP: rapid.SampledFrom([][]string{nil, {"auth"}, {"auth", "auth-int"}}).Draw(t, "qop"),
		}
		value, err := want.Format()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseChallenge(value)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s is %+v, %v, want %+v", value, got, err, want)
		}
	})
}

// Setting the clock back or forth makes nothing good again that was used.
func TestReplayAcrossClockSteps(t *testing.T) {
	a := newAuthenticator(t, func(o *Options) { o.Lifetime = time.Minute })
	at := began.Add(time.Hour)
	value := answer(t, a.Challenges(at, false), SHA256, nil)
	want(t, verify(a, at, value), Accepted, "")
	for _, step := range []time.Duration{-10 * time.Second, 0, time.Hour, 0, -time.Hour, 30 * time.Second} {
		now := at.Add(step)
		want(t, verify(a, now, value), Stale, "")
		other := answer(t, a.Challenges(now, false), SHA256, nil)
		if v := verify(a, now, other); v.Outcome != Accepted && v.Outcome != Stale {
			t.Errorf("after %v a new nonce gives %+v", step, v)
		}
		want(t, verify(a, now, other), Stale, "")
	}
}
