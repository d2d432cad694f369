package config

import (
	"fmt"
	"strings"
	"time"
)

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
)

// checker collects what is wrong, and where, while a file is read and checked.
type checker struct {
	name      string
	problems  Problems
	warnings  Problems
	positions map[string]position
	// faults are the paths that have a problem already, so that what follows
	// from one is not reported again.
	faults map[string]bool
}

func newChecker(name string) *checker {
	return &checker{name: name, positions: map[string]position{}, faults: map[string]bool{}}
}

// report notes a problem at a key, the first one only.
func (c *checker) report(path, format string, args ...any) {
	if c.faulty(path) {
		return
	}
	c.reportAt(locate(c.positions, path), path, format, args...)
}

func (c *checker) reportAt(at position, path, format string, args ...any) {
	c.faults[path] = true
	c.problems = append(c.problems, c.problem(at, path, format, args))
}

// warn notes what loads and is probably not meant.
func (c *checker) warn(path, format string, args ...any) {
	at := locate(c.positions, path)
	c.warnings = append(c.warnings, c.problem(at, path, format, args))
}

func (c *checker) problem(at position, path, format string, args []any) *Problem {
	return &Problem{File: c.name, Line: at.line, Column: at.column, Path: path, Message: fmt.Sprintf(format, args...)}
}

// missing notes that a section lacks a key, unless a fault of the key or an
// unknown key beside it, likely the same one misspelt, has been told.
func (c *checker) missing(path, key, what string) {
	if !c.faulty(path) {
		c.report(join(path, key), "required: %s", what)
	}
}

func (c *checker) faulty(path string) bool { return c.faults[path] }

// given tells whether the file has the key.
func (c *checker) given(path string) bool {
	_, ok := c.positions[path]
	return ok
}

func (c *checker) lineOf(path string) string {
	return fmt.Sprintf("line %d", locate(c.positions, path).line)
}

// check tests what no single value shows: required keys, references, doubles.
func (c *checker) check(cfg *Config) {
	if len(cfg.Region) != 2 || strings.Trim(cfg.Region, letters[26:]) != "" {
		c.report("region", "%q is not a country: write its two letters of ISO 3166-1, such as US", cfg.Region)
	}
	c.checkNotNegative("drain", cfg.Drain)
	c.checkSIP(&cfg.SIP)
	c.checkRTP(&cfg.RTP, &cfg.SIP)
	c.checkUsers(cfg.Users)
	c.checkTrunks(cfg.Trunks, cfg.SIP.Listen)
	c.checkAudio(cfg)
	c.checkAllCodecs(cfg)
	c.checkRoutes(cfg)
	c.checkRecall(cfg)
	c.checkRecording(cfg)
}

func (c *checker) checkNotNegative(path string, d time.Duration) {
	if d < 0 {
		c.report(path, "%s is negative: write a duration of 0s or more", d)
	}
}

func (c *checker) checkPositive(path string, d time.Duration) {
	if c.given(path) && d <= 0 {
		c.report(path, "%s is no time at all: write a duration above 0s, or leave the key out", d)
	}
}

// names sees that each entry of a list has a name, and its own.
type names struct {
	c    *checker
	kind string
	seen map[string]string
}

func newNames(c *checker, kind string) names { return names{c, kind, map[string]string{}} }

const maxName = 64

// check accepts what can stand in a URI's user part (RFC 3261 s25.1,
// unreserved), in a log line and in a path without quoting.
func (n names) check(path, name string) {
	at := path + ".name"
	first, taken := n.seen[name]
	switch {
	case name == "":
		n.c.missing(path, "name", "what the rest of the file and the logs call this "+n.kind)
		return
	case len(name) > maxName || strings.Trim(name, letters+digits+"-_.+") != "":
		n.c.report(at, "%q is not a name: up to %d letters, digits and -_.+", name, maxName)
	case taken:
		n.c.report(at, "there is another %s %s on %s: names are unique", n.kind, name, n.c.lineOf(first))
	}
	if !taken {
		n.seen[name] = path
	}
}

// maxE164 and minE164 are the digits of an international number: at most 15
// (E.164 s6.2.1); below 5 there is no country code with a subscriber behind.
const (
	maxE164 = 15
	minE164 = 5
)

func (c *checker) checkNumbers(path string, numbers []string) {
	for i, n := range numbers {
		c.checkNumber(index(path, i), n)
	}
}

// checkNumber looks at the form only. Whether a number exists is the dialplan's
// knowledge.
func (c *checker) checkNumber(path, n string) {
	if !isPrefix(n) || len(n) < 1+minE164 {
		c.report(path, `%q is not an E.164 number: write + and the country code, digits only, such as "+14255550101"`, n)
	}
}
