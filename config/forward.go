package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Forward is where the calls to a user go that its phones do not take. What is not
// set stays as it is: the caller is told that nobody answers, or is there.
type Forward struct {
	// Always takes every call; no phone rings. Default: none.
	Always Destination `yaml:"always"`
	// Busy takes calls that a phone answers with 486 or 600. Default: none.
	Busy Destination `yaml:"busy"`
	// NoAnswer takes calls that nobody answers within NoAnswerAfter. Default: none.
	NoAnswer Destination `yaml:"no_answer"`
	// NoAnswerAfter is how long the phones ring before. Default: the ringing timeout
	// of the route or the user.
	NoAnswerAfter time.Duration `yaml:"no_answer_after"`
	// Unregistered takes calls while no phone is registered or can be reached.
	// Default: none.
	Unregistered Destination `yaml:"unregistered"`
}

// Destination is where a call is forwarded: to a number, to a user, or nowhere with a
// status. The zero Destination is none.
type Destination struct {
	// Number is in E.164.
	Number string
	// User is a user's name.
	User string
	// Status is a SIP status that refuses the call.
	Status int
}

// String writes the destination as the file does.
func (d Destination) String() string {
	switch {
	case d.User != "":
		return "user:" + d.User
	case d.Status != 0:
		return "reject:" + strconv.Itoa(d.Status)
	}
	return d.Number
}

// UnmarshalText reads a number, user:NAME or reject:STATUS; nothing is none.
func (d *Destination) UnmarshalText(text []byte) error {
	s := string(text)
	if name, ok := strings.CutPrefix(s, "user:"); ok && name != "" {
		*d = Destination{User: name}
		return nil
	}
	if status, ok := strings.CutPrefix(s, "reject:"); ok {
		n, err := strconv.Atoi(status)
		if err != nil || !refusing(n) {
			return fmt.Errorf("%q is no status that refuses a call: write one such as 480, 486 or 603", status)
		}
		*d = Destination{Status: n}
		return nil
	}
	if s != "" && (!isPrefix(s) || len(s) < 1+minE164) {
		return fmt.Errorf(`%q is no destination: write a number such as "+14255550101", user:NAME, or reject:STATUS`, s)
	}
	*d = Destination{Number: s}
	return nil
}

// refusing says whether a status can be a user's answer: a 4xx or a 6xx, but none that
// asks for a password (RFC 3261 s21.4, s21.6).
func refusing(status int) bool {
	client, global := status >= 400 && status <= 499, status >= 600 && status <= 699
	return (client || global) && status != 401 && status != 407
}

// destinations are the keys of a Forward with what they hold.
func (f *Forward) destinations() []struct {
	key string
	to  Destination
} {
	return []struct {
		key string
		to  Destination
	}{
		{"always", f.Always}, {"busy", f.Busy}, {"no_answer", f.NoAnswer}, {"unregistered", f.Unregistered},
	}
}

// checkForwards looks that users forward to users that there are, and not to
// themselves.
func (c *checker) checkForwards(users []User) {
	var known []string
	for i := range users {
		known = append(known, users[i].Name)
	}
	refs := references{checker: c, known: map[string]bool{}}
	for _, name := range known {
		refs.known["user "+name] = true
	}
	for i := range users {
		for k, name := range users[i].PicksUp {
			refs.checkReference(index(index("users", i)+".picks_up", k), "user", name, known)
		}
		f, path := &users[i].Forward, index("users", i)+".forward"
		for _, d := range f.destinations() {
			switch {
			case d.to.User == "":
			case d.to.User == users[i].Name:
				c.report(path+"."+d.key, "user %s forwards to itself: name somebody else", d.to.User)
			default:
				refs.checkReference(path+"."+d.key, "user", d.to.User, known)
			}
		}
		c.checkPositive(path+".no_answer_after", f.NoAnswerAfter)
		if f.NoAnswerAfter > 0 && f.NoAnswer == (Destination{}) && !c.faulty(path+".no_answer") {
			c.report(path+".no_answer_after", "does nothing without no_answer: name where the call goes then")
		}
		if f.Always != (Destination{}) && f.others() {
			c.warn(path+".always", "no phone rings, so what else is forwarded is never looked at")
		}
	}
}

// others says whether something beside Always is forwarded.
func (f *Forward) others() bool {
	none := Destination{}
	return f.Busy != none || f.NoAnswer != none || f.Unregistered != none
}
