package config

import "slices"

// promise is a key that DESIGN.md names and nothing obeys yet. Being silent
// about it would be a lie, so only a value that asks for nothing passes.
type promise struct {
	// idle are the values that ask for nothing; the first is the default now.
	idle []string
	// promised is DESIGN.md's default. It loads, with a warning.
	promised string
	// what says what the key will do, with its verb.
	what string
}

// promises are the keys that are not there yet, by path without indexes.
var promises = map[string]promise{
	"trunks.srtp": {[]string{"off"}, "", "SRTP (RFC 3711) comes"},
}

// checkPromise judges a value of such a key.
func (c *checker) checkPromise(p promise, path, value string) {
	switch {
	case slices.Contains(p.idle, value):
	case value == p.promised && value != "":
		c.warn(path, "has no effect yet: %s in a later version", p.what)
	default:
		c.report(path, "%s is not there yet: %s in a later version; write %s or leave the key out", value, p.what, p.idle[0])
	}
}
