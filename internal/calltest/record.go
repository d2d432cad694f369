package calltest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// recordStep is "record KEY=VALUE ..." with further "key: value" lines below: the
// oldest call record that no line has looked at has these values.
type recordStep struct {
	line
	want []wish
}

// wish is one key of a record, dotted for what is inside (attempts.0.status),
// and the pattern that its value must have.
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
	found := s.run(lastTimer, func() bool {
		records = s.records()
		return len(records) > s.recordsSeen
	})
	if !found {
		return r.errorf("there are %d records, all of them looked at", len(records))
	}
	record := records[s.recordsSeen]
	s.recordsSeen++
	for _, w := range r.want {
		got, err := dig(record, w.key)
		if err != nil {
			return r.errorf("%w in %s", err, record)
		}
		if !glob(w.pattern, got) {
			return r.errorf("%s is %s, not %s, in %s", w.key, got, w.pattern, record)
		}
	}
	return nil
}

// dig is one value of a JSON text, as text.
func dig(record, key string) (string, error) {
	var value any
	if err := json.Unmarshal([]byte(record), &value); err != nil {
		return "", fmt.Errorf("record is no JSON: %w", err)
	}
	for _, part := range strings.Split(key, ".") {
		switch v := value.(type) {
		case map[string]any:
			next, ok := v[part]
			if !ok {
				next = absent
			}
			value = next
		case []any:
			value = absent
			if i, err := strconv.Atoi(part); err == nil && i < len(v) {
				value = v[i]
			}
		}
	}
	if text, ok := value.(string); ok {
		return text, nil
	}
	text, err := json.Marshal(value)
	return string(text), err
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
