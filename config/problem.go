package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a configuration, or looks wrong.
type Problem struct {
	// File is the name that the configuration was read under.
	File string
	// Line and Column count from 1; the column counts characters.
	Line, Column int
	// Path is the key, such as "routes[1].trunks[0]"; empty for the whole file.
	Path string
	// Message says what is wrong and what to do.
	Message string
}

// Error gives "tandem.yaml:12:5: sip.listn: unknown key, did you mean listen?".
func (p *Problem) Error() string {
	where := fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Path == "" {
		return where + p.Message
	}
	return where + p.Path + ": " + p.Message
}

// Problems is every problem of a configuration in the file's order. As an error
// it unwraps to each *Problem.
type Problems []*Problem

// maxShown bounds what one error prints: behind the first twenty stands mostly
// what the first one caused.
const maxShown = 20

// Error gives one line per problem, the first twenty, and how many more.
func (ps Problems) Error() string {
	var b strings.Builder
	for i, p := range ps {
		if i == maxShown {
			fmt.Fprintf(&b, "\nand %d more", len(ps)-maxShown)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.Error())
	}
	return b.String()
}

// Unwrap gives the problems for errors.As.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b *Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// position is a place in the file, both numbers from 1.
type position struct{ line, column int }

// Position finds where a key stands, such as "routes[1].trunks[0]" or
// "sip.listen". A key that the file leaves out is where its section is, and an
// unknown path is at 1, 1.
func (c *Config) Position(path string) (line, col int) {
	p := locate(c.positions, path)
	return p.line, p.column
}

// Given says whether the file has a key, or an entry of a list: "rtp.codecs[0]".
func (c *Config) Given(path string) bool {
	_, ok := c.positions[path]
	return ok
}

// Errorf makes a *Problem at a key, for faults that are found later than Parse,
// such as a route that does not compile.
func (c *Config) Errorf(path, format string, args ...any) error {
	line, col := c.Position(path)
	return &Problem{File: c.name, Line: line, Column: col, Path: path, Message: fmt.Sprintf(format, args...)}
}

// locate walks up from path to the nearest key that the file has.
func locate(positions map[string]position, path string) position {
	for path != "" {
		if p, ok := positions[path]; ok {
			return p
		}
		path = parent(path)
	}
	return position{1, 1}
}

// parent gives "a[0]" for "a[0].b", "a" for "a[0]", and "" for "a".
func parent(path string) string {
	i := strings.LastIndexAny(path, ".[")
	return path[:max(i, 0)]
}

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
