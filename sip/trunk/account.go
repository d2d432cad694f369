package trunk

import "time"

// Account is what is registered, where, and with which credentials. Two that are
// equal need no REGISTER between them.
type Account struct {
	// Registrar is the Request-URI: the carrier's domain without a user (RFC 3261
	// s10.2: "The 'userinfo' and '@' components of the SIP URI MUST NOT be present").
	Registrar string
	// AOR is the URI of To and From.
	AOR string
	// Contact is the URI at which the carrier reaches us.
	Contact string
	// Username and Password answer its challenges.
	Username string
	Password Password
}

// binds says whether both make the same binding: then only credentials differ.
func (a Account) binds(b Account) bool {
	return a.Registrar == b.Registrar && a.AOR == b.AOR && a.Contact == b.Contact
}

// Password is one that does not print itself.
type Password string

// String hides it.
func (p Password) String() string {
	if p == "" {
		return ""
	}
	return "***"
}

// GoString hides it from %#v.
func (p Password) GoString() string { return `"` + p.String() + `"` }

// Pace is how often a registration is refreshed and retried. What is not positive
// takes the default.
type Pace struct {
	// Expires is what we ask for, in whole seconds; 1 h.
	Expires time.Duration
	// Backoff is for failures that may pass: 30 s to 1800 s (RFC 5626 s4.5).
	Backoff Backoff
	// Slow is for refusals that only a person can mend, as a wrong password: the
	// wait is between half of it and all; 30 min. More would be taken for an attack
	// and lock the account.
	Slow time.Duration
	// StopWait bounds how long the removal of the binding is waited for; 4 s.
	StopWait time.Duration
}

// DefaultPace gives the times above.
func DefaultPace() Pace {
	return Pace{
		Expires: time.Hour, Backoff: Backoff{30 * time.Second, 1800 * time.Second},
		Slow: 30 * time.Minute, StopWait: 4 * time.Second,
	}
}

func (p Pace) orDefault() Pace {
	d := DefaultPace()
	return Pace{
		Expires: max(positive(p.Expires, d.Expires).Truncate(time.Second), time.Second),
		Backoff: p.Backoff.orDefault(d.Backoff),
		Slow:    positive(p.Slow, d.Slow), StopWait: positive(p.StopWait, d.StopWait),
	}
}

const (
	// leastRefresh parts a REGISTER from the one that follows its 200, whatever time
	// a registrar grants.
	leastRefresh = 5 * time.Second
	// refreshMargin is how long before its end a binding is refreshed, at least.
	refreshMargin = 30 * time.Second
)

// refreshAfter is when to refresh a binding: at 90 % of its time or 30 s before its
// end, whichever is earlier, but not in its first half.
//
// RFC 3261 s10.2.4: "Each UA is responsible for refreshing the bindings that it has
// previously established."
func refreshAfter(granted time.Duration) time.Duration {
	return max(min(granted/10*9, granted-refreshMargin), granted/2)
}

// wait is how long to wait after a refusal or a failure, of which there have been so
// many in a row.
func (p Pace) wait(r Result, failures int, random float64) time.Duration {
	wait := p.Backoff.Wait(failures, random)
	if denied(r) {
		wait = max(wait, between(p.Slow/2, p.Slow, random))
	}
	// RFC 3261 s20.33: Retry-After indicates "how long the service is expected to be
	// unavailable to the requesting client".
	return max(wait, min(r.RetryAfter, LongestRest))
}

// denied says whether a refusal speaks of what we are and not of the moment.
func denied(r Result) bool {
	if r.Fate != Answered {
		return false
	}
	return r.Status >= 300 && r.Status < 400 || r.Status >= 600 || advice[r.Status] != ""
}

// advice is what to do about a refusal that lasts.
var advice = map[int]string{
	401: "the registrar does not accept the credentials: check username and password",
	402: "the carrier wants to be paid: check the account there",
	403: "the registrar refuses this account: check username, password and whether the carrier has it enabled",
	404: "the registrar does not know this account: check its AOR and the registrar's domain",
	405: "there is no registrar at this address: set register: false, or check the address",
	407: "a proxy before the registrar does not accept the credentials: check username and password",
	410: "the account is gone: ask the carrier",
	416: "the registrar does not take this kind of URI: check its address",
	420: "the registrar demands an extension that is not there: ask the carrier",
	501: "there is no registrar at this address: set register: false, or check the address",
}
