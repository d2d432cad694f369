package record

import (
	"fmt"
	"path"
	"strings"
	"time"
)

// DefaultPattern names a recording by day, time and call.
const DefaultPattern = "{date}/{time}-{call}"

// longestValue is how long a value may be in a name.
const longestValue = 64

// name makes the name of a recording, without the ends of its files, from a pattern.
// Directories are separated by slashes. The names in braces stand for
//
//	{call} {chain}      the ids
//	{date} {time}       2006-01-02 and 150405, of the start, in UTC
//	{caller} {callee}   the numbers, or what the call's owner gives as such
//
// A value has only letters, digits and ._+@- of ASCII left, the rest becomes _; it
// begins with no dot, has 64 characters at most, and is never empty. So what a peer
// sent can name no other place.
func name(pattern string, l Labels, start time.Time) (string, error) {
	if pattern == "" {
		pattern = DefaultPattern
	}
	named := strings.NewReplacer(
		"{call}", safe(l.CallID), "{chain}", safe(l.ChainID),
		"{date}", start.UTC().Format(time.DateOnly), "{time}", start.UTC().Format("150405"),
		"{caller}", safe(l.Caller), "{callee}", safe(l.Callee),
	).Replace(pattern)
	return named, checkName(pattern, named)
}

// checkName refuses what the pattern itself does wrong.
func checkName(pattern, named string) error {
	switch {
	case strings.ContainsAny(named, "{}"):
		return fmt.Errorf("record: the pattern %q has braces around what is none of {call} {chain} {date} {time} {caller} {callee}", pattern)
	case path.IsAbs(named) || path.Clean(named) != named || strings.HasPrefix(named, "../") || named == "." || named == "..":
		return fmt.Errorf("record: the pattern %q makes %q: give a relative path without empty parts, . and ..", pattern, named)
	case strings.ContainsAny(named, "\\:\x00"):
		return fmt.Errorf("record: the pattern %q has a character that not every disk allows: leave out backslashes and colons", pattern)
	}
	return nil
}

// safe makes a value fit for a name.
func safe(value string) string {
	value = strings.Map(safeRune, value[:min(len(value), longestValue)])
	if value == "" || value[0] == '.' {
		value = "_" + value[min(len(value), 1):]
	}
	return value
}

func safeRune(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("._+@-", r):
		return r
	}
	return '_'
}

// numbered is a name that gives way to those that are there: the first is the name
// itself.
func numbered(name string, n int) string {
	if n == 1 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, n)
}

// fileName is the name of a sound file: of a party, counted from 1, or 0 for all; and
// of a part, counted from 1.
func fileName(base string, party, part int, f Format) string {
	if party > 0 {
		base = fmt.Sprintf("%s.%d", base, party)
	}
	if part > 1 {
		base = fmt.Sprintf("%s.part%d", base, part)
	}
	return base + f.extension()
}
