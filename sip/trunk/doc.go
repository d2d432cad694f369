// Package trunk is the life of a carrier link as pure machines and functions: whether
// we are registered there, whether it works, how many calls it may have, in which order
// the trunks of a route are tried, what a failure means, and how numbers and headers are
// written for it. Nothing here sends, waits, locks, draws a random number or looks at a
// clock; it imports nothing of ours.
//
// A [Registration] and a [Health] are plain values of exported fields, stepped by
//
//	acts := m.Step(now, random, event)
//
// with a uniform random value in [0,1). Their owner does what acts says and calls Step
// with [Timer] when Deadline is reached; a deadline is always later than the step
// before it. A late timer does no harm, and every other event does first what the time
// that has passed would have brought.
//
//	owner                           machine
//	  | Step(now, random, Begin{}) --> |
//	  | <----- SendRegister + Report   |  write Request(); keep its CSeq
//	  | Step(…, Challenged{CSeq}) ---> |  a 401 for which there are credentials
//	  | <----- SendRegister            |  write Request() again, with credentials
//	  | Step(…, Accepted{CSeq, …}) --> |
//	  | <----- Report                  |  State is Registered
//	  | Deadline() = the refresh       |
//
// [Meter], [Order], [Failover], [Redirection], [Numbering], [Reading] and [HeaderRules]
// are what one call asks on its way: Order once with what Health and Check say, then for
// each trunk in turn Admit, Taken, the INVITE, Called, Release and, when it failed, Judge.
//
// # Decisions
//
// Registration. There is one for the gateway at a carrier. A binding counts from when
// its REGISTER was sent, so it never ends later than the registrar thinks. A failed
// refresh does not end it: the carrier still sends calls there until it runs out. A
// refusal that only a person can mend (401 after credentials, 403, 404, a redirection,
// 6xx) is retried every 15 to 30 minutes, since more would lock the account; all else by
// RFC 5626's back-off of 30 s to 30 min. Another password alone sends one REGISTER;
// another registrar, AOR or contact first removes the old binding. No REGISTER overtakes
// one that is unanswered (RFC 3261 s10.2), not even for a shutdown, which waits 4 s in
// all; a removal counts as timed out after the same 4 s.
//
// Health. Three failures in a row, of calls or of OPTIONS, open the breaker; a single
// sign of life closes it. While it is open an OPTIONS asks after 2.5 to 5 s, then ever
// more rarely, up to a minute. Without OPTIONS (options_interval: 0s) one call is let
// through in their place. A failure is silence, no connection, or 503; 408, 500, 502 and
// 504 to a call say nothing of the trunk, because they may come from behind it. An
// OPTIONS is lost after 4 s and not after the 32 s of its transaction, or three of them
// would take a minute and a half; an answer after that still counts as life. A 503 with
// Retry-After is obeyed for up to an hour, and calls that succeed do not shorten it.
//
// Limits. A rate allows a second's worth at once. Emergency calls are counted and never
// refused.
//
// Choice. A route that only names trunks has them tried in that order. Trunks that are
// down are left out unless the route says last; those that rest or are full always are.
// An emergency call tries everything: what works, what has no binding, what is on trial,
// what is down, what rests.
//
// Failover. The defaults are the failures of a server: 408, 500, 502, 503, 504, silence,
// no connection, a limit of ours. What a callee says is final. A redirection leads only to
// hosts of our own trunks. It does choose the number, so follow_redirects is for
// carriers that are trusted with our money. When none of its contacts may be called, it
// is the attempt's failure, and the caller is told.
//
// Numbers. Only E.164 numbers are rewritten; emergency digits and names never are, in
// neither direction.
//
// # Configuration
//
// What the configuration needs for all of this, with defaults.
//
//	trunks:
//	  - name: carrier
//	    register: false                # Registration; needs username and password
//	    registrar: ""                  # its domain; default: the host of address
//	    aor: ""                        # default: sip:USERNAME@REGISTRAR
//	    register_expires: 1h           # Pace.Expires
//	    options_interval: 30s          # HealthSettings.Interval; 0s: no OPTIONS
//	    down_after: 3                  # HealthSettings.Threshold
//	    max_calls: 0                   # Limits.Calls; 0 is no limit
//	    max_cps: 0                     # Limits.CPS; may be 0.5
//	    follow_redirects: false        # Failover.FollowRedirects
//	    failover:
//	      next: []                     # NewFailover: [403, 5xx, 480-489]
//	      stop: []                     # of the defaults
//	    from_domain: ""                # host of From and P-Asserted-Identity; default: sip.domain
//	    numbers:
//	      called: {format: e164, strip: "", prefix: ""}   # Request-URI; e164, plain, national
//	      to:     {}                   # default: as called
//	      caller: {format: e164, strip: "", prefix: ""}   # From and identity headers
//	      inbound: {format: e164, strip: "", prefix: ""}  # Reading
//	      country_code: ""             # Region; default: that of region
//	      trunk_prefix: ""             # default: that of region
//	      international: "+"           # before foreign numbers in national format
//	    headers:                       # HeaderRules, in order
//	      - add: {X-Account: "4711"}
//	      - set: {Subject: "call"}
//	      - remove: [X-Internal]
//	users:
//	  - name: alice
//	    max_calls: 0
//	    max_cps: 0
//	routes:
//	  - name: us
//	    trunks: [carrier, backup]      # InOrder; or with shares:
//	    # trunks:
//	    #   - {trunk: carrier, priority: 1, weight: 70}
//	    #   - {trunk: second, priority: 1, weight: 30}
//	    #   - {trunk: backup, priority: 2}
//	    down_trunks: skip              # DownPolicy: skip | last
package trunk
