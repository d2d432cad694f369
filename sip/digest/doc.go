// Package digest is HTTP Digest access authentication as SIP uses it: RFC 3261 s22
// with the algorithms of RFC 8760 and the scheme of RFC 7616. Authenticator is the
// side that challenges (registrar, trunk that calls in), Answerer the side that is
// challenged (trunk that we call). Both work on header values only and read no clock.
//
// Decisions of the Authenticator, where the RFCs leave a choice:
//   - It offers SHA-256 first and MD5 last (RFC 8760 s2.3: "in the order in which it
//     would prefer to see them used"), with qop="auth" and the same nonce in both.
//   - A nonce carries its time and is signed, so issuing one keeps nothing. Only one
//     that was used with the right password is remembered, until it expires, with the
//     nonce counts that it was used with.
//   - A nonce count that was used before is never accepted again; the answer is a
//     fresh challenge with stale=true, since some phones count every request as 1.
//   - An answer without qop (RFC 2069, which the oldest phones speak) is accepted with
//     MD5 only, and a nonce serves one such answer.
//   - qop=auth-int and userhash are not offered and refused. The -sess variants are
//     accepted for the algorithms that are offered.
//   - The digest-uri must name what the Request-URI names, compared as EquivalentURI
//     does, because phones and proxies write it differently; RFC 7616 s3.4.6 leaves
//     400 or an equivalence to the server.
//   - A user that does not exist costs the same work and gets the same outcome as a
//     wrong password.
//
// Decisions of the Answerer: it takes the strongest algorithm that it knows, the
// topmost of equals; RFC 8760 s2.4 says topmost "unless a local policy dictates
// otherwise", and ours is that a list cannot lead it to MD5 by its order. It takes
// auth before auth-int. It answers one challenge a request, one more when that says
// stale=true, and then gives up.
package digest
