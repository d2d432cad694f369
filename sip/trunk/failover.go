package trunk

import "fmt"

// Verdict is what to do after an attempt has failed.
type Verdict uint8

const (
	// GiveUp tells the caller: the failure speaks of the callee, and another trunk would
	// only bother it again.
	GiveUp Verdict = iota
	// TryNext tries the next trunk: the failure speaks of this one.
	TryNext
	// FollowContacts calls the contacts of a redirection: [Redirection.Follow].
	FollowContacts
)

var verdictNames = [...]string{"give up", "try the next", "follow the contacts"}

// String gives the verdict in words.
func (v Verdict) String() string { return name(verdictNames[:], int(v)) }

// Failover says which failures of a trunk lead to the next one. The zero value has the
// defaults: no response, no connection, a limit of ours, and 408, 500, 502, 503 and 504.
// Every other status stops, above all 486, 603 and the rest of what a callee says.
type Failover struct {
	// Next are codes that lead on besides the defaults, Stop those of the defaults that
	// do not. They share none; see [NewFailover].
	Next, Stop Codes
	// FollowRedirects follows 300, 301 and 302.
	FollowRedirects bool
}

// NewFailover reads the codes as [ParseCodes] does. The error says which text is wrong,
// or which code both lists have.
func NewFailover(next, stop []string) (Failover, error) {
	n, err := ParseCodes(next...)
	if err != nil {
		return Failover{}, err
	}
	s, err := ParseCodes(stop...)
	if err != nil {
		return Failover{}, err
	}
	if code := n.both(s); code != 0 {
		return Failover{}, fmt.Errorf("%d both stops and leads to the next trunk: remove it from one of the two", code)
	}
	return Failover{Next: n, Stop: s}, nil
}

// Judge says what follows on the failure of an attempt. A result that is a success, or
// that its caller abandoned, gives up.
//
// An emergency call tries the next trunk after every failure, whatever its status: one
// carrier that refuses it must not be the last word.
func (f Failover) Judge(r Result, u Urgency) Verdict {
	switch {
	case r.Fate == Abandoned || r.Fate == Answered && r.Status < 300:
		return GiveUp
	case r.Fate == Answered && f.FollowRedirects && redirects(r.Status):
		return FollowContacts
	case u == Emergency || r.Fate != Answered:
		return TryNext
	case f.Stop.Has(r.Status):
		return GiveUp
	case f.Next.Has(r.Status) || speaksOfTrunk(r.Status):
		return TryNext
	}
	return GiveUp
}

// redirects leaves out 305, whose contact is a proxy to use, and 380, whose body says
// what else there is.
func redirects(status int) bool { return status == 300 || status == 301 || status == 302 }

// speaksOfTrunk: RFC 3261 s21.5 has 500, 502, 503 and 504 as failures of a server, and
// s21.4.9 a 408 as one of time; another server may do better.
func speaksOfTrunk(status int) bool {
	switch status {
	case 408, 500, 502, 503, 504:
		return true
	}
	return false
}
