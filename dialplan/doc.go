// Package dialplan decides where a call goes and who it is from. It turns what
// a person, a device or a carrier writes into an E.164 number, chooses the
// route, and says for each trunk or user that is tried which identity is shown.
//
// A [Plan] is compiled once from a [Config] by [New] and is then only read, by
// as many calls at once as there are. Nothing here knows a clock, a socket or a
// goroutine; the one thing that changes is a bounded cache of strings already
// read, because reading a number costs tens of us and the same ones come back.
//
// # What becomes a number
//
// Cut away are the scheme, the host, the password, visual separators
// (RFC 3966 s5.1.1, also "/", Unicode spaces and dashes), %-escapes and every
// parameter: npdi, rn, cic, isub, ext, tgrp. The routing number of
// RFC 4694 never replaces the number: the carrier does its own look-up. Only
// phone-context is read (RFC 3966 s5.1.5). What is left must be digits with at
// most one leading plus; letters are never digits, so a mistyped user name
// cannot call a stranger.
//
//   - "+…" and the region's own international prefix (011, 00, 0011, 010 …)
//     give the country. "00" does so everywhere, unless the digits are a valid
//     national number of the region.
//   - Other digits that a person or phone dials are national, with or without
//     trunk prefix, or begin with the region's own calling code. A foreign
//     number without plus or prefix is not guessed at: that would be a call
//     abroad by mistake.
//   - Digits that a trunk sends are E.164 without its plus, or national. Where
//     the region has a trunk prefix of its own ("0") a national number would
//     carry it, so the international reading comes first; in the NANP and in
//     plans without trunk prefix the national one does. A valid reading
//     always beats one that is only possible.
//
// A number need be possible, not valid: its length fits the plan. So fictional
// numbers such as 425-555-0100 and ranges younger than our metadata pass, as
// they do at a carrier. One thing more is asked: a number that begins with the
// trunk prefix must be valid, else "1 425 555 010" would be a number.
//
// Too short is 484 Address Incomplete, also for a local number without its area
// code and for a length between two possible ones: more digits would help. Too
// long is 404, as more digits cannot help and 484 would make a phone that
// dials digit by digit wait for them.
//
// # Emergency
//
// The region's emergency numbers, 112 and 911 where they mean nothing else in
// the region, the numbers that an emergency route names in its `to`, and
// urn:service:sos (RFC 5031) are emergency calls. They match digit for digit:
// nothing is stripped, so "9911" is an incomplete number, refused with a hint to
// dial 911. They come before every other reading, also before a user of that
// name. The dialled digits go out unchanged, but for visual separators; a URN,
// which a PSTN trunk cannot dial, goes out as the region's general number with
// the URN kept in [Decision].Service.
//
// An emergency call is never refused while there is a trunk that it could
// take. Routes marked emergency are tried in this order: one for this caller
// and number, one for this caller, any. Without one the trunks of
// all routes for users are tried, and without those every trunk; [Plan.Warnings]
// says so beforehand. Caller ID never stands in the way, and a wish
// for privacy does not hide the number from the people who come to help.
//
// # Routes
//
// The first route whose `from` and `to` match wins. A user's own number rings
// that user, unless a matching route names that number in full: a route for "+1"
// does not send a call between two of our users out to the carrier and back. A
// user's name is dialled by users only, and there comes before a number, as
// names may be made of digits. A call from a trunk needs a matching route, or a
// number of a user; `from: any` covers trunks, but never sends a call back into
// the trunk that it came from, which only `from: trunk:NAME` can. No route is
// 404.
//
// # Caller ID
//
// A user asks for one of its caller IDs by P-Preferred-Identity, else by a
// number in From. Its own name is not a request, nor is any other name in From,
// as From is rewritten anyway; a name in P-Preferred-Identity that is not its
// own is. What is not the user's is refused with 403 unless the trunk's policy
// is replace; trunks that refuse are left out, and the call is refused when none
// is left. Without a request trunks are shown the user's first caller ID, other
// users its name. A user without caller_ids may show its numbers; one without
// either shows its name. A route's caller_id replaces whatever was asked. What a
// trunk says about its callers (P-Asserted-Identity when it is trusted, else
// From) is passed on as it came and never refused.
//
// A trunk that is trusted vouches for its callers. What another one says of them stands
// in From, and is asserted to nobody.
//
// # Forwarding
//
// What a user's calls are forwarded for, and to where, stands in the attempt that rings
// that user; whoever runs the call sees that it comes to pass, and asks [Plan.Forward]
// where the call goes then. It is decided as if the user had dialled. A trunk that is
// told of diversions is shown the original caller, and the user in Diversion or
// History-Info; another one is shown the user, who must answer for the call. A call
// never comes to a user again who has handed it on, be it here or, as those headers
// tell, by way of others; and nobody hands on what has been through five hands.
//
// Diversions that a trunk's call came by are told on; those of a phone count against
// loops only. An entry that is private is anonymous for who is not trusted.
//
// # Who answers
//
// A caller is told who has answered: the user whose phone it is, or what a trusted
// trunk asserts in its 2xx. Users and trusted trunks learn it, others do not.
//
// phonenumbers is imported in region.go and nowhere else.
package dialplan
