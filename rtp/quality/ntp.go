package quality

import "time"

// ntpEpoch is 1 January 1970 in seconds since 1 January 1900.
const ntpEpoch = 2208988800

// NTP is a time in the format of RTCP: seconds since 1900 and their fraction, 32 bits
// each (RFC 3550 s4).
func NTP(t time.Time) uint64 {
	return uint64(t.Unix()+ntpEpoch)<<32 | uint64(t.Nanosecond())<<32/1e9
}

// Middle is the middle 32 bits of an NTP time, in units of 1/65536 s: what LSR has (RFC
// 3550 s6.4.1).
func Middle(ntp uint64) uint32 { return uint32(ntp >> 16) }

// Short is a duration in units of 1/65536 s: what DLSR has. The longest is 18 hours.
func Short(d time.Duration) uint32 {
	return uint32(min(max(d, 0), 65535*time.Second) * 65536 / time.Second)
}

// shortDuration is the reverse.
func shortDuration(units uint32) time.Duration {
	return time.Duration(units) * time.Second / 65536
}
