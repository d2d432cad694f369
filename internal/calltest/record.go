package calltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// recordStep is "record KEY=VALUE ..." with further "key: value" lines below: a
// call record that no such line has found yet has these values.
type recordStep struct {
	line
	want []wish
}

// wish is one key of a record, dotted for what is inside (attempts.0.status, or
// attempts.*.status for any of them), and the pattern that its value must have.
type wish struct{ key, pattern string }

func parseRecord(l line, words []string) (step, error) {
	r := &recordStep{line: l}
	for _, w := range words[1:] {
		key, value, ok := strings.Cut(w, "=")
		if !ok {
			return nil, l.errorf("%q is no KEY=VALUE", w)
		}
		r.want = append(r.want, wish{key, value})
	}
	for _, b := range l.block {
		key, value, ok := strings.Cut(b.text, ":")
		if !ok {
			return nil, b.errorf("is no key: value")
		}
		r.want = append(r.want, wish{strings.TrimSpace(key), strings.TrimSpace(value)})
	}
	return r, nil
}

func (r *recordStep) play(s *stage) error {
	var records []string
	unmet := errors.New("none is written that no line has looked at")
	if s.run(lastTimer, func() bool {
		records = s.records()
		for i, record := range records {
			if s.recordsSeen[i] {
				continue
			}
			if unmet = r.unmet(record); unmet == nil {
				s.recordsSeen[i] = true
				return true
			}
		}
		return false
	}) {
		return nil
	}
	return r.errorf("of %d records none that is new fits: %w", len(records), unmet)
}

// unmet says what of a record is not as the line wants it.
func (r *recordStep) unmet(record string) error {
	for _, w := range r.want {
		got, err := dig(record, w.key)
		if err != nil {
			return fmt.Errorf("%w in %s", err, record)
		}
		if !slices.ContainsFunc(got, func(v string) bool { return glob(w.pattern, v) }) {
			return fmt.Errorf("%s is %s, not %s, in %s", w.key, strings.Join(got, " or "), w.pattern, record)
		}
	}
	return nil
}

// dig gives the values of a JSON text that a dotted key names, as text: one, or
// for a * every one that is in its place.
func dig(record, key string) ([]string, error) {
	var value any
	if err := json.Unmarshal([]byte(record), &value); err != nil {
		return nil, fmt.Errorf("record is no JSON: %w", err)
	}
	values := []any{value}
	for _, part := range strings.Split(key, ".") {
		var inside []any
		for _, v := range values {
			inside = append(inside, enter(v, part)...)
		}
		values = inside
	}
	return texts(values), nil
}

// enter is what has a name, an index, or any place (*) in a JSON value.
func enter(value any, part string) []any {
	switch v := value.(type) {
	case map[string]any:
		if inside, ok := v[part]; ok {
			return []any{inside}
		}
	case []any:
		if part == "*" {
			return v
		}
		if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(v) {
			return v[i : i+1]
		}
	}
	return nil
}

func texts(values []any) []string {
	if len(values) == 0 {
		return []string{absent}
	}
	var list []string
	for _, v := range values {
		text, ok := v.(string)
		if !ok {
			// What was unmarshalled can be marshalled.
			b, _ := json.Marshal(v)
			text = string(b)
		}
		list = append(list, text)
	}
	return list
}

// absent is what a key that is not there compares as.
const absent = "absent"

// recordsStep is "records NUMBER": so many were written in all.
type recordsStep struct {
	line
	number int
}

func parseRecords(l line, words []string) (step, error) {
	n, err := strconv.Atoi(words[1])
	if err != nil {
		return nil, l.errorf("%q is no number", words[1])
	}
	return &recordsStep{l, n}, nil
}

// play waits for them; that there are no more is looked at when the script is
// over.
func (r *recordsStep) play(s *stage) error {
	s.run(lastTimer, func() bool { return len(s.records()) >= r.number })
	s.recordsWanted = func() error {
		if records := s.records(); len(records) != r.number {
			return r.errorf("there are %d:\n%s", len(records), strings.Join(records, ""))
		}
		return nil
	}
	return s.recordsWanted()
}

// lastTimer is longer than any timer of a transaction: a record is written when
// the last of its call is over.
const lastTimer = 40 * time.Second

func number(word string) int {
	n, _ := strconv.Atoi(word)
	return n
}
