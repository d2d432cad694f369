package calltest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// verb recognises a line by its words and makes a step of it.
type verb struct {
	// form is the line as people write it: capitals stand for a word, "..." for
	// any number of further ones.
	form  string
	parse func(l line, words []string) (step, error)
}

// verbs are all lines that a script can have, tried in this order.
func verbs() []verb {
	return []verb{
		{"phone NAME ADDRESS ...", parseParty},
		{"trunk NAME ADDRESS ...", parseParty},
		{"stranger NAME ADDRESS ...", parseParty},
		{"NAME -> raw", parseRaw},
		{"NAME -> keepalive", parseKeep},
		{"NAME -> pong", parseKeep},
		{"NAME -> MESSAGE ...", parseSend},
		{"NAME <- nothing for TIME", parseNothing},
		{"NAME <- keepalive ...", parseKept},
		{"NAME <- pong ...", parseKept},
		{"NAME <- MESSAGE ...", parseExpect},
		{"NAME <-? MESSAGE ...", parseExpect},
		{"any order:", parseAnyOrder},
		{"wait TIME", parseWait},
		{"at TIME", parseAt},
		{"both hear each other", parseBoth},
		{"NAME and NAME hear each other", parseEachOther},
		{"NAME sends tone ...", parseTone},
		{"NAME stops tone", parseTone},
		{"NAME presses KEYS ...", parsePresses},
		{"NAME sees digits ...", parseDigits},
		{"NAME hears digits ...", parseDigits},
		{"NAME sprays NAME", parseSprays},
		{"NAME hears NAME ...", parseHears},
		{"drop next ...", parseDrop},
		{"unplug NAME", parsePlug},
		{"plug NAME", parsePlug},
		{"NAME loses its connections", parseLose},
		{"gateway is behind ADDRESS", parseNAT},
		{"gateway adds NUMBER to the call of NAME", parseCrowd},
		{"gateway removes NAME from the call of NAME", parseCrowd},
		{"gateway plays TONE to NAME in the call of NAME ...", parsePlays},
		{"gateway stops playing in the call of NAME", parseSilence},
		{"gateway drains", parseDrain},
		{"gateway reloads:", parseReload},
		{"record ...", parseRecord},
		{"records NUMBER", parseRecords},
	}
}

func parseStep(l line) (step, error) {
	words := strings.Fields(l.text)
	var forms []string
	for _, v := range verbs() {
		if fits(strings.Fields(v.form), words) {
			return v.parse(l, words)
		}
		forms = append(forms, v.form)
	}
	return nil, l.errorf("is none of the lines that a script knows:\n  %s", strings.Join(forms, "\n  "))
}

// fits tells whether words have a form: a lower-case word stands for itself.
func fits(form, words []string) bool {
	for i, f := range form {
		if f == "..." {
			return true
		}
		if i >= len(words) || (f != strings.ToUpper(f) && f != words[i]) || (isArrow(f) && f != words[i]) {
			return false
		}
	}
	return len(form) == len(words)
}

func isArrow(s string) bool { return slices.Contains([]string{"->", "<-", "<-?"}, s) }

// options are the words after a message: key=value, or a key alone.
type options map[string]string

// parseOptions reads words that must all be of the given keys.
func parseOptions(l line, words []string, keys ...string) (options, error) {
	o := options{}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		if !slices.Contains(keys, key) {
			return nil, l.errorf("%q is none of %s", w, strings.Join(keys, ", "))
		}
		if _, twice := o[key]; twice {
			return nil, l.errorf("%s is given twice", key)
		}
		o[key] = value
	}
	return o, nil
}

func (o options) has(key string) bool { _, ok := o[key]; return ok }

// duration of an option, or a default.
func (o options) duration(key string, otherwise time.Duration) (time.Duration, error) {
	if !o.has(key) {
		return otherwise, nil
	}
	d, err := time.ParseDuration(o[key])
	if err != nil {
		return 0, fmt.Errorf("%s=%s is no time such as 200ms or 5s", key, o[key])
	}
	return d, nil
}

func parseTime(l line, word string) (time.Duration, error) {
	d, err := time.ParseDuration(word)
	if err != nil || d < 0 {
		return 0, l.errorf("%q is no time such as 200ms or 5s", word)
	}
	return d, nil
}

// glob tells whether text has the pattern: * stands for anything, all else for
// itself.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(text, p)
		if i < 0 {
			return false
		}
		text = text[i+len(p):]
	}
	return strings.HasSuffix(text, last)
}

func isStatus(word string) bool {
	n, err := strconv.Atoi(word)
	return err == nil && n >= 100 && n <= 699
}
