package config

import "time"

// User is somebody whose phones register here with a password.
type User struct {
	// Name is the user part of the AOR and the digest username. Required.
	Name string `yaml:"name"`
	// Password is the digest password (RFC 3261 s22). Required.
	Password Password `yaml:"password"`
	// Numbers are the user's inbound numbers, E.164. No two users share one.
	// Default: none.
	Numbers []string `yaml:"numbers"`
	// CallerIDs are the numbers that the user may show, E.164; the first is
	// shown when the phone asks for none. Default: Numbers.
	CallerIDs []string `yaml:"caller_ids"`
	// RingingTimeout is how long the user's phones ring. Default 60s.
	RingingTimeout time.Duration `yaml:"ringing_timeout"`
	// PicksUp are the users whose ringing calls this one may take over, and whose place it
	// may take in a call (RFC 3891). Its own calls it always may. Default: none.
	PicksUp []string `yaml:"picks_up"`
	// Forward is where calls go that the phones do not take. Default: nowhere.
	Forward Forward `yaml:"forward"`
	// MaxCalls is how many calls the user may make at a time; 0 is no limit. Default 0.
	MaxCalls uint `yaml:"max_calls"`
	// MaxCPS is how many may begin in a second; 0 is no limit. Default 0.
	MaxCPS float64 `yaml:"max_cps"`
	// Record: the user's calls are recorded, both ways. Default false.
	Record bool `yaml:"record"`
	Audio
}

func (u *User) setDefaults() { u.RingingTimeout = defaultRingingTimeout }

func (u *User) complete() {
	if len(u.CallerIDs) == 0 {
		u.CallerIDs = u.Numbers
	}
}

func (c *checker) checkUsers(users []User) {
	names := newNames(c, "user")
	owners := map[string]string{}
	for i := range users {
		u, path := &users[i], index("users", i)
		names.check(path, u.Name)
		c.checkPassword(path, u)
		c.checkPositive(path+".ringing_timeout", u.RingingTimeout)
		c.checkNumbers(path+".numbers", u.Numbers)
		c.checkNumbers(path+".caller_ids", u.CallerIDs)
		c.checkOwners(owners, path, u)
	}
	c.checkForwards(users)
}

// minPassword is the length under which a password is called weak. A guesser of
// SIP passwords tries dictionaries and digits; eight is where that gets slow.
const minPassword = 8

func (c *checker) checkPassword(path string, u *User) {
	at := path + ".password"
	switch {
	case u.Password == "":
		c.missing(path, "password", "the phone's password; there is no user without one")
	case u.Password.Reveal() == u.Name:
		c.warn(at, "the password is the user's name, the first thing that a guesser tries")
	case len(u.Password) < minPassword:
		c.warn(at, "the password has fewer than %d characters and is easily guessed", minPassword)
	}
}

// checkOwners refuses a number that two users claim: a call to it must lead to
// one of them. Showing a number as caller ID may well be shared.
func (c *checker) checkOwners(owners map[string]string, path string, u *User) {
	for i, n := range u.Numbers {
		switch other, taken := owners[n]; {
		case taken && other == u.Name:
			c.report(index(path+".numbers", i), "%s is listed twice: remove one", n)
		case taken:
			c.report(index(path+".numbers", i), "%s already belongs to user %s: a number has one owner (caller_ids may be shared)", n, other)
		}
		owners[n] = u.Name
	}
}
