package registrar

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// anyUpdate draws a REGISTER out of few values, so that they meet often.
func anyUpdate(t *rapid.T) Update {
	u := Update{
		AOR:    rapid.SampledFrom([]string{"alice", "bob"}).Draw(t, "aor"),
		CallID: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "call"), CSeq: uint32(rapid.IntRange(1, 6).Draw(t, "cseq")),
		Expires: rapid.SampledFrom([]int{-1, 0, 30, 60, 90, 1 << 31}).Draw(t, "expires"),
		Flow:    flow(uint64(rapid.IntRange(1, 3).Draw(t, "flow"))), All: rapid.IntRange(0, 9).Draw(t, "all") == 0,
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "contacts") {
		uri, err := wire.ParseURI(rapid.SampledFrom([]string{
			"sip:alice@h", "sip:alice@H", "sip:alice@h:5060", "sip:alice@192.0.2.1;transport=tcp", "sip:alice@192.0.2.1;x=1",
			"sip:alice@192.0.2.1", "mailto:alice@h", "sip:bob@h",
		}).Draw(t, "uri"))
		if err != nil {
			t.Fatal(err)
		}
		u.Contacts = append(u.Contacts, Contact{
			URI: uri, Expires: rapid.SampledFrom([]int{-1, -1, 0, 59, 60, 7200}).Draw(t, "parameter"),
			Q:        rapid.SampledFrom([]int{0, 500, 1000}).Draw(t, fmt.Sprint("q", i)),
			Instance: rapid.SampledFrom([]string{"", "", "<urn:uuid:1>", "<urn:uuid:2>"}).Draw(t, "instance"),
		})
	}
	return u
}

// checkState wants what holds at all times.
func checkState(t *rapid.T, r *Registrar, now time.Time) {
	flows := map[transport.Flow]map[string]struct{}{}
	for _, aor := range []string{"alice", "bob"} {
		list := r.Bindings(now, aor)
		if len(list) > r.bounds.Bindings {
			t.Fatalf("%s has %d bindings", aor, len(list))
		}
		for i, b := range list {
			if !now.Before(b.Until) || b.Until.After(now.Add(r.bounds.Max)) {
				t.Fatalf("at %v there is a binding until %v", now, b.Until)
			}
			if i > 0 && b.Q > list[i-1].Q {
				t.Fatalf("q is %d after %d", b.Q, list[i-1].Q)
			}
			for _, other := range list[:i] {
				if wire.EqualURI(&b.Contact, &other.Contact) {
					t.Fatalf("%s is bound twice", b.Contact.String())
				}
				if b.Instance != "" && b.Instance == other.Instance && b.RegID == other.RegID {
					t.Fatalf("device %s is bound twice", b.Instance)
				}
			}
			if flows[b.Flow] == nil {
				flows[b.Flow] = map[string]struct{}{}
			}
			flows[b.Flow][aor] = struct{}{}
			if !r.From(now, b.Flow) {
				t.Fatalf("nobody is registered over %v", b.Flow)
			}
		}
	}
	if !reflect.DeepEqual(flows, r.flows) {
		t.Fatalf("flows are %v, not %v", r.flows, flows)
	}
}

// Any order of REGISTERs, lost connections and passing time.
func TestAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := New(Bounds{Min: time.Minute, Default: 2 * time.Minute, Max: 5 * time.Minute, Bindings: 3})
		now := start
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { checkState(t, r, now) },
			"register": func(t *rapid.T) {
				u := anyUpdate(t)
				before := r.Bindings(now, u.AOR)
				o := r.Register(now, u)
				after := r.Bindings(now, u.AOR)
				switch {
				case o.Status != 200 && !reflect.DeepEqual(before, after):
					t.Fatalf("%d changed %v to %v", o.Status, before, after)
				case o.Status != 200 && o.Phrase == "":
					t.Fatalf("%d without a word", o.Status)
				case o.Status == 200 && !reflect.DeepEqual(o.Bindings, after):
					t.Fatalf("the answer says %v, there are %v", o.Bindings, after)
				case o.Status == 200:
					checkCarriedOut(t, r.bounds, u, before, after)
				}
			},
			"break": func(t *rapid.T) {
				f := flow(uint64(rapid.IntRange(1, 3).Draw(t, "flow")))
				r.Broken(f)
				if r.From(now, f) {
					t.Fatalf("somebody is registered over %v", f)
				}
			},
			"pass": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 200).Draw(t, "seconds")) * time.Second)
			},
		})
	})
}

// checkCarriedOut wants each contact's last word to hold, and nobody else's binding
// to be gone that is not another address of the same device.
func checkCarriedOut(t *rapid.T, bounds Bounds, u Update, before, after []Binding) {
	bound := func(c Contact) bool {
		return slices.ContainsFunc(after, func(b Binding) bool { return wire.EqualURI(&b.Contact, &c.URI) && b.CSeq == u.CSeq })
	}
	if n := len(u.Contacts); n > 0 {
		last := u.Contacts[n-1]
		wish := last.Expires
		if wish < 0 {
			wish = u.Expires
		}
		if bound(last) == (wish == 0) {
			t.Fatalf("contact %s with %d: bindings are %v", last.URI.String(), wish, after)
		}
	}
	if u.All && len(after) > 0 {
		t.Fatalf("after * there are %v", after)
	}
	for _, b := range before {
		named := u.All || b.CallID == u.CallID || slices.ContainsFunc(u.Contacts, func(c Contact) bool { return renews(b, c) })
		if !named && !slices.ContainsFunc(after, func(a Binding) bool { return reflect.DeepEqual(a, b) }) {
			t.Fatalf("%v is gone after %+v", b, u)
		}
	}
}

func BenchmarkRefresh(b *testing.B) {
	r := New(DefaultBounds())
	u := Update{AOR: "alice", CallID: "a", Flow: flow(1), Contacts: []Contact{contact(b, desk, 3600), contact(b, soft, 3600)}}
	b.ReportAllocs()
	for b.Loop() {
		u.CSeq++
		if o := r.Register(start, u); o.Status != 200 {
			b.Fatal(o)
		}
	}
}
