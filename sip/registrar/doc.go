// Package registrar keeps who is reachable where: the location service and the
// registrar of RFC 3261 s10 as a pure machine. It has no clock and no lock;
// package sip gives it the time and guards it.
//
// Decisions:
//
//   - A binding remembers the flow its REGISTER came over, and that flow is how
//     the phone is called: behind a NAT or on a TCP connection the contact address
//     leads nowhere (RFC 5626 s5.3).
//   - The same device that registers with another contact replaces its binding
//     when it says who it is (+sip.instance and reg-id, RFC 5626 s6), or when the
//     Call-ID is the same and the only contact under it has changed its address:
//     phones that reboot or roam would otherwise ring twice.
//   - Contacts are unique within an AOR: two devices that claim one URI are one
//     binding, the later one's, as RFC 3261 s10.3 has it.
//   - Bindings of an AOR are bounded; one more than the limit is refused, so that
//     a stolen password cannot make a call ring without end.
package registrar
