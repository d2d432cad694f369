// Package resolve finds the servers of a SIP URI: RFC 3263 "Locating SIP Servers" with
// RFC 2782 (SRV), RFC 3403 (NAPTR), RFC 7984 (both address families) and RFC 2308
// (negative answers).
//
// Three parts, each usable alone:
//
//   - [Locate] is the RFC as a pure function: from a [Target], what this side can speak
//     ([Means]) and what DNS has said so far ([Answers]) it tells which queries are
//     still missing or, with none missing, the [Candidate] list in the order of trying.
//     It is called anew whenever answers have come, so it has no state to get wrong.
//   - [Resolver] asks: a bounded cache, one query under way per name, several name
//     servers, /etc/hosts and /etc/resolv.conf. A test gives it an [Exchange] instead
//     of name servers.
//   - [Health] remembers which candidates failed, so that the next call tries them last.
//
// Whoever sends the request walks the list. RFC 3263 section 4.3: "failure occurs if the
// transaction layer reports a 503 error response or a transport failure of some sort"
// or times out without any response; then "the client SHOULD create a new request", with
// a new Via branch, for the next element of the list. CANCEL, and the ACK of a non-2xx,
// go where their INVITE went and are never resolved (RFC 3261 sections 9.1, 17.1.1.3).
//
// # Decisions on section 4.1, the transport
//
//   - The protocols of Means are those that we wish to use, the most wished first. A
//     sip: URI is looked up as _sips._tcp too when TLS is among them ("if the client
//     wishes to use TLS, it also uses the service identifier _sips"). Without NAPTR
//     every protocol that has SRV records gives candidates, in that order.
//   - RFC 3403 section 4.1: "once a match is found the client MUST NOT consider records
//     with a different Order". So of the NAPTR records only those with the lowest order
//     that we can use count, and all of those, by preference. A higher order is used
//     only when the lower one leads nowhere (no SRV record with an address), which is a
//     fault in the zone; never because a server there failed: that would let whoever
//     breaks TLS choose UDP.
//   - NAPTR records that offer nothing we speak are like none: SRV is asked next.
//     The same holds for a NAPTR query that fails, since many resolvers in routers
//     drop the type. A sips: URI loses nothing by either, as only TLS is ever asked for.
//   - "If no SRV records are found" the fallback is UDP, or what we have when UDP is
//     not among it; TLS for sips:.
//
// # Decisions on section 4.2, port and address
//
//   - SRV records that exist but lead nowhere, and the target "." (RFC 2782: "the
//     service is decidedly not available at this domain"), forbid the fallback to the
//     domain's own addresses. A failed SRV query does not: an answer may come late, a
//     call may not.
//   - Addresses of one SRV target stay together (RFC 7984 section 4), the preferred
//     family first and then in turn, so that a family which does not work costs one
//     try, and within a family as the server gave them.
//   - A pair of protocol and address appears once, where it is first named.
//   - ServerName is always the URI's host, as RFC 5922 section 4 wants: nothing that DNS
//     says changes who a certificate must be about.
//   - Additional records are not believed: one more query costs milliseconds, once.
//   - An SRV target that is an address, which RFC 2782 forbids, is used all the same, as
//     is one that is an alias.
//
// # Decisions of the resolver
//
//   - [Zone] stands for name servers where there shall be none, in the form that their
//     own files have.
//   - A TTL is held to 1 s..1 h. When name servers fail, an answer that has expired is
//     used for 24 h more (RFC 8767), since a DNS outage must not stop calls: the first
//     who asks waits 1 s for a new answer, and for 30 s nobody waits again.
//   - A failure with nothing to use instead is remembered for 5 s; that of a NAPTR query,
//     which stops nothing, for 5 min (RFC 2308 section 7.1: "MUST NOT cache it for longer
//     than five (5) minutes").
//   - Each name server has 1 s, the one that answered last is asked first; a query has
//     4 s in all, and so has a whole resolution: what is not known by then counts as
//     failed and the rest is used.
//   - A name in /etc/hosts is a host: it has those addresses and neither NAPTR nor SRV.
//     localhost is this machine and .invalid is nobody (RFC 6761), without a query.
//   - The search list of resolv.conf is used as libc does, but for ndots: a name with a
//     dot is tried as it is first.
//   - Datagrams that are not the answer to our query (address, port, identifier,
//     question) are ignored and do not end the waiting, so guessing is not made easier.
package resolve
