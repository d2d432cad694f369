package event

import "time"

// Quality is how well one party is heard, as it comes to us.
type Quality struct {
	// Expected is how many packets there should have been, Lost how many of them did not
	// come or came too late, Discarded those that came too late.
	Expected, Lost, Discarded uint64
	// BurstRatio says how losses cluster: 1 is by chance, more is together (BurstR of ITU-T
	// G.107). Bursts counts where they did (RFC 3611 s4.7.2).
	BurstRatio float64
	Bursts     uint64
	// Jitter and RoundTrip are means, with what was highest. A round trip is known where
	// the party sends RTCP; else it is 0.
	Jitter, JitterMost       time.Duration
	RoundTrip, RoundTripMost time.Duration
	// Delay is what the jitter buffer adds in the mean; 0 where packets are relayed.
	Delay time.Duration
	// R is the rating of ITU-T G.107, 0 to 93.2, MOS the conversational mean opinion score
	// that follows from it, 1 to 4.41, ListeningMOS that without what delay does. All are 0
	// when nothing was expected.
	R, MOS, ListeningMOS float64
	// Codec is what it was rated as.
	Codec string
}

// Loss is the share of packets that was lost, 0 to 1.
func (q Quality) Loss() float64 {
	if q.Expected == 0 {
		return 0
	}
	return float64(q.Lost) / float64(q.Expected)
}

// MediaQuality says each five seconds how well a party was heard in them. There is none
// while nothing is expected of it: silence cannot be rated; nor while somebody holds, so
// that one which a hold interrupts is longer.
type MediaQuality struct {
	Header
	Participant int
	// From is when it began to be measured; At is when that ended.
	From    time.Time
	Quality Quality
}

// OneWayAudio says that nothing is heard of one party, for five seconds after the answer
// or the end of a hold, while the other one is heard.
type OneWayAudio struct {
	Header
	// Participant is who is silent, Name that party for people.
	Participant int
	Name        string
}

// Told is what a party says itself of how it hears us (RTCP XR, RFC 3611 s4.7).
type Told struct {
	// R is 0 to 100, MOS the conversational one; 0 when the party does not say.
	R, MOS float64
	// Loss and Discarded are shares of packets, 0 to 1.
	Loss, Discarded float64
}
