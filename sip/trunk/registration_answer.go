package trunk

import "time"

// The events of a registration that answer a REGISTER. CSeq is that of the REGISTER:
// what does not answer the last one is ignored.
type (
	// Challenged is a 401 or 407 for which the owner has credentials. One that they
	// have not helped against is [Failed].
	Challenged struct{ CSeq uint32 }
	// Accepted is a 2xx.
	Accepted struct {
		CSeq uint32
		// Contact is the expires parameter of our contact in the response, and Expires
		// its Expires header; in seconds, negative when absent.
		Contact, Expires int
	}
	// Failed is every other final response, or that none came.
	Failed struct {
		CSeq   uint32
		Result Result
		// MinExpires is the Min-Expires header of a 423; 0 when there is none.
		MinExpires time.Duration
	}
)

// mostRepeats bounds how often one attempt is repeated: a proxy's challenge and the
// registrar's own, each once more when a nonce was stale, and a 423 among them.
const mostRepeats = 4

// registration sends it again with credentials. RFC 3261 s22.2: "When a UAC resubmits a
// request with its credentials after receiving a 401 (Unauthorized) or 407 (Proxy
// Authentication Required) response, it MUST increment the CSeq header field value as it
// would normally when sending an updated request."
func (e Challenged) registration(r *Registration, now time.Time, random float64) Actions {
	switch {
	case !r.out(e.CSeq):
		return 0
	case r.State == Leaving:
		return r.leave(now)
	case r.Repeats < mostRepeats:
		return r.repeat(now)
	case r.State == Removing:
		return r.follow(now)
	}
	return r.fail(now, random, Result{Status: 401, Phrase: "challenged again and again"})
}

// repeat sends the attempt's REGISTER once more.
func (r *Registration) repeat(now time.Time) Actions {
	r.Repeats++
	if r.State != Removing { // whose wait is bounded as a whole
		r.Due = now.Add(answerWait)
	}
	return r.send(now)
}

func (e Accepted) registration(r *Registration, now time.Time, random float64) Actions {
	if !r.out(e.CSeq) {
		return 0
	}
	if r.State == Removing {
		return r.follow(now)
	}
	r.Until = time.Time{}
	granted := e.granted(r.Asked)
	// The registrar has counted from when it had the request, which we know to be
	// after we sent it.
	if until := r.Sent.Add(granted); now.Before(until) {
		r.Until = until
	}
	switch {
	case r.State == Leaving:
		return r.leave(now)
	case r.Until.IsZero():
		return r.fail(now, random, Result{Status: 200, Phrase: "but the binding has no time left"})
	}
	r.State, r.Failures, r.Last = Registered, 0, Result{}
	r.Due = latest(r.Sent.Add(refreshAfter(granted)), now.Add(leastRefresh))
	return 0
}

// granted is the time that the registrar gave. RFC 3261 s10.2.4: the UA "updates the
// expiration time interval according to the expires parameter or, if absent, the Expires
// field value". Some registrars say neither, and mean what we asked for. More than that
// is taken as that: to be early does no harm.
func (e Accepted) granted(asked time.Duration) time.Duration {
	for _, seconds := range [...]int{e.Contact, e.Expires} {
		if seconds >= 0 {
			return time.Duration(min(seconds, int(asked/time.Second))) * time.Second
		}
	}
	return asked
}

// mostExpires bounds what a 423 can make us ask for.
const mostExpires = 24 * time.Hour

func (e Failed) registration(r *Registration, now time.Time, random float64) Actions {
	switch {
	case !r.out(e.CSeq):
		return 0
	case r.State == Leaving:
		return r.leave(now)
	case r.State == Removing:
		return r.follow(now)
	case e.tooBrief(r):
		// RFC 3261 s10.2.8: a UA that receives a 423 "MAY retry the registration after
		// making the expiration interval of all contact addresses in the REGISTER request
		// equal to or greater than the expiration interval within the Min-Expires header
		// field".
		r.Asked = (e.MinExpires + time.Second - 1).Truncate(time.Second)
		return r.repeat(now)
	}
	return r.fail(now, random, e.Result)
}

// tooBrief says whether the refusal names a longer time that we can ask for.
func (e Failed) tooBrief(r *Registration) bool {
	return e.Result.Fate == Answered && e.Result.Status == 423 &&
		e.MinExpires > r.Asked && e.MinExpires <= mostExpires && r.Repeats < mostRepeats
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
