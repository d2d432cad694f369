package trunk

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// candidates reads "a up | b down 2/30 | c up full | d up unbound": a trunk's name, its
// state, and in any order priority/weight, full and unbound.
func candidates(t *testing.T, text string) (list []Candidate) {
	for i, part := range strings.Split(text, "|") {
		fields := strings.Fields(part)
		c := Candidate{Entry: Entry{Trunk: fields[0], Priority: i + 1}, Binding: Bound}
		c.Health = HealthState(slices.Index(healthNames[:], fields[1]))
		for _, f := range fields[2:] {
			switch f {
			case "full":
				c.Limit = &LimitError{Of: "trunk " + fields[0], Kind: MaxCalls, Max: 2}
			case "unbound":
				c.Binding = Unbound
			default:
				if _, err := fmt.Sscanf(f, "%d/%d", &c.Priority, &c.Weight); err != nil {
					t.Fatalf("%q: %v", f, err)
				}
			}
		}
		list = append(list, c)
	}
	return list
}

func TestOrder(t *testing.T) {
	tests := []struct {
		name       string
		candidates string
		urgency    Urgency
		down       DownPolicy
		want       string // trunks, then what is skipped
	}{
		{"as written", "a up | b up | c suspect", Ordinary, DownSkipped, "a b c"},
		{"by priority", "a up 2/0 | b up 1/0 | c up 3/0", Ordinary, DownSkipped, "b a c"},
		{"no weights keep the order", "a up 1/0 | b up 1/0 | c up 1/0", Ordinary, DownSkipped, "a b c"},
		{"down is left out", "a down | b up | c probing", Ordinary, DownSkipped, "b; a down, c down"},
		{"down comes last", "a down | b up | c probing", Ordinary, DownLast, "b a c"},
		{"down comes last by priority", "a down 9/0 | b up | c probing 2/0", Ordinary, DownLast, "b c a"},
		{"a trial is taken in its place", "a trial | b up", Ordinary, DownSkipped, "a b"},
		{"resting is left out", "a resting | b up | c resting", Ordinary, DownLast, "b; a resting, c resting"},
		{"full is left out", "a up full | b up", Ordinary, DownLast, "b; a full"},
		{"down and full", "a down full | b up", Ordinary, DownLast, "b; a full"},
		{"down and full is down", "a down full | b up", Ordinary, DownSkipped, "b; a down"},
		{"resting and full is resting", "a resting full | b up", Ordinary, DownSkipped, "b; a resting"},
		{"without binding comes later", "a up unbound | b up | c down | d suspect 9/0", Ordinary, DownLast, "b d a c"},
		{"nothing is left", "a down | b resting | c up full", Ordinary, DownSkipped, "; a down, b resting, c full"},
		{"an emergency tries all", "a resting | b down | c trial | d up unbound | e up full | f suspect | g probing",
			Emergency, DownSkipped, "e f d c b g a"},
		{"an emergency where nothing works", "a down full | b resting full | c probing", Emergency, DownSkipped, "a c b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range uint64(20) {
				choice := Order(candidates(t, tt.candidates), tt.urgency, tt.down, seed)
				if got := describe(choice); got != tt.want {
					t.Fatalf("%q, want %q", got, tt.want)
				}
			}
		})
	}
}

func describe(c Choice) string {
	text := strings.Join(c.Trunks, " ")
	for i, s := range c.Skipped {
		if i == 0 {
			text += "; "
		} else {
			text += ", "
		}
		text += s.Trunk + " " + s.Reason.String()
	}
	return text
}

func TestSkipsSayWhy(t *testing.T) {
	m := Meter{Of: "trunk d", Limits: Limits{CPS: 1}, Full: epoch.Add(1500 * time.Millisecond)}
	list := []Candidate{
		{Entry: Entry{Trunk: "a"}, Health: Down, Why: "3 failures in a row, the last: timed out"},
		{Entry: Entry{Trunk: "b"}, Health: Resting},
		{Entry: Entry{Trunk: "c"}, Limit: errors.New("trunk c is being removed")},
		{Entry: Entry{Trunk: "d"}, Limit: m.Check(epoch, Ordinary)},
	}
	want := []Skip{
		{"a", SkipDown, "trunk a is down: 3 failures in a row, the last: timed out"},
		{"b", SkipResting, "trunk b is resting"},
		{"c", SkipFull, "trunk c is being removed"},
		{"d", SkipFull, "trunk d has begun 1 calls a second (max_cps): the next may begin in 1s"},
	}
	if got := Order(list, Ordinary, DownSkipped, 1).Skipped; !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestInOrder(t *testing.T) {
	want := []Entry{{"b", 1, 0}, {"a", 2, 0}}
	if got := InOrder("b", "a"); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// firsts counts which trunk comes first over many calls.
func firsts(t *testing.T, text string, calls int) map[string]int {
	count := map[string]int{}
	list := candidates(t, text)
	for seed := range uint64(calls) {
		count[Order(list, Ordinary, DownSkipped, seed).Trunks[0]]++
	}
	return count
}

func TestWeightsShareCalls(t *testing.T) {
	const calls = 20_000
	tests := []struct {
		candidates string
		want       map[string]float64
	}{
		{"a up 1/70 | b up 1/30", map[string]float64{"a": 0.7, "b": 0.3}},
		{"a up 1/1 | b up 1/1", map[string]float64{"a": 0.5, "b": 0.5}},
		{"a up 1/1 | b up 1/2 | c up 1/1 | d up 2/100", map[string]float64{"a": 0.25, "b": 0.5, "c": 0.25}},
		{"a up 1/60 | b down 1/30 | c up 1/20", map[string]float64{"a": 0.75, "c": 0.25}},
		{"a up 1/99 | b up 1/0", map[string]float64{"a": 0.99, "b": 0.01}},
		{"a up 1/-5 | b up 1/1000000", map[string]float64{"b": 1}},
	}
	for _, tt := range tests {
		got := firsts(t, tt.candidates, calls)
		for trunk, n := range got {
			if share := float64(n) / calls; math.Abs(share-tt.want[trunk]) > 0.015 {
				t.Errorf("%s: %s gets %.3f of the calls, want %.3f", tt.candidates, trunk, share, tt.want[trunk])
			}
		}
		for trunk, share := range tt.want {
			if got[trunk] == 0 {
				t.Errorf("%s: %s gets none of the calls, want %.3f", tt.candidates, trunk, share)
			}
		}
	}
}

// Where the first fails the second is drawn by weight as well.
func TestTheRestIsDrawnByWeight(t *testing.T) {
	const calls = 20_000
	list := candidates(t, "a up 1/50 | b up 1/30 | c up 1/20")
	afterA, bSecond := 0, 0
	for seed := range uint64(calls) {
		order := Order(list, Ordinary, DownSkipped, seed).Trunks
		if order[0] == "a" {
			afterA++
			if order[1] == "b" {
				bSecond++
			}
		}
	}
	if share := float64(bSecond) / float64(afterA); math.Abs(share-0.6) > 0.02 {
		t.Errorf("b follows a in %.3f, want 0.6", share)
	}
}

func TestOrderInAnyState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []Candidate
		for i := range rapid.IntRange(0, 8).Draw(t, "trunks") {
			c := Candidate{
				Entry: Entry{
					Trunk:    string(rune('a' + i)),
					Priority: rapid.IntRange(-1, 2).Draw(t, "priority"),
					Weight:   rapid.SampledFrom([]int{-1, 0, 0, 1, 10, math.MaxInt}).Draw(t, "weight"),
				},
				Health:  HealthState(rapid.IntRange(0, int(Resting)).Draw(t, "health")),
				Binding: Binding(rapid.IntRange(0, int(Unbound)).Draw(t, "binding")),
			}
			if rapid.Bool().Draw(t, "full") {
				c.Limit = &LimitError{}
			}
			list = append(list, c)
		}
		urgency := Urgency(rapid.IntRange(0, 1).Draw(t, "urgency"))
		down := DownPolicy(rapid.IntRange(0, 1).Draw(t, "down"))
		before, seed := slices.Clone(list), rapid.Uint64().Draw(t, "seed")
		choice := Order(list, urgency, down, seed)
		checkChoice(t, list, choice, urgency)
		if again := Order(list, urgency, down, seed); !slices.Equal(again.Trunks, choice.Trunks) {
			t.Fatalf("the same seed gives %v and %v", choice.Trunks, again.Trunks)
		}
		if !slices.Equal(before, list) {
			t.Fatalf("the candidates have changed")
		}
	})
}

func checkChoice(t *rapid.T, list []Candidate, choice Choice, u Urgency) {
	all := slices.Clone(choice.Trunks)
	for _, s := range choice.Skipped {
		all = append(all, s.Trunk)
		if s.Text == "" && s.Reason != SkipFull || s.Reason == 0 || u == Emergency {
			t.Fatalf("skipped: %+v", s)
		}
	}
	if slices.Sort(all); len(all) != len(list) || len(slices.Compact(all)) != len(list) {
		t.Fatalf("%v of %d trunks", all, len(list))
	}
	for i, name := range choice.Trunks {
		c := list[name[0]-'a']
		if u == Ordinary && (c.Health == Resting || c.Limit != nil) {
			t.Fatalf("%+v is tried", c)
		}
		if i == 0 {
			continue
		}
		before := list[choice.Trunks[i-1][0]-'a']
		if before.tier(u) > c.tier(u) || before.tier(u) == c.tier(u) && before.Priority > c.Priority {
			t.Fatalf("%+v is tried before %+v", before, c)
		}
	}
}

func TestChoiceNames(t *testing.T) {
	if DownSkipped.String() != "skip" || DownLast.String() != "last" || SkipReason(0).String() != "none" {
		t.Errorf("%v %v %v", DownSkipped, DownLast, SkipReason(0))
	}
}
