package cdr

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/event"
)

// Media is what was counted of the audio that one party sent, and how well it was heard.
type Media struct {
	Participant int     `json:"participant"`
	Packets     uint64  `json:"packets"`
	Bytes       uint64  `json:"bytes"`
	Lost        int64   `json:"lost"`
	Jitter      float64 `json:"jitter_ms"`
	// Relayed are the packets of others that this party was sent.
	Relayed   uint64 `json:"relayed"`
	Strangers uint64 `json:"strangers,omitempty"`
	// Silent: nothing came from it for five seconds after the answer or a hold, while the
	// other side was heard. This is one-way audio.
	Silent bool `json:"silent,omitempty"`
	Rated
	// FarEnd is what the party said itself of how it heard us; nil when it did not.
	FarEnd *FarEnd `json:"far_end,omitempty"`
}

// Rated is how well a party was heard; its keys are those of Media. All but Codec are left
// out when nothing could be expected of it.
type Rated struct {
	// Codec is what it was rated as.
	Codec string `json:"codec,omitempty"`
	// MOS is the mean opinion score of ITU-T G.107, 1 to 4.41, R the rating behind it.
	MOS float64 `json:"mos,omitempty"`
	R   float64 `json:"r,omitempty"`
	// Loss is in percent of the packets and has those that came too late, which Discarded
	// counts; BurstRatio is 1 where losses came by chance and more where they clustered.
	Loss       float64 `json:"loss_percent,omitempty"`
	Discarded  uint64  `json:"discarded,omitempty"`
	BurstRatio float64 `json:"burst_ratio,omitempty"`
	// JitterMost is the highest that was measured; RoundTrip and RoundTripMost are left out
	// where the party sends no RTCP. Delay is that of the jitter buffer.
	JitterMost    float64 `json:"jitter_max_ms,omitempty"`
	RoundTrip     float64 `json:"round_trip_ms,omitempty"`
	RoundTripMost float64 `json:"round_trip_max_ms,omitempty"`
	Delay         float64 `json:"jitter_buffer_ms,omitempty"`
}

// FarEnd is what a party reports by RTCP XR (RFC 3611 s4.7).
type FarEnd struct {
	MOS  float64 `json:"mos,omitempty"`
	R    float64 `json:"r,omitempty"`
	Loss float64 `json:"loss_percent"`
}

// mediaEnded puts the counts of a party into their place: parties leave in any order.
func (r *Record) mediaEnded(e event.MediaEnded, silent bool) {
	s := e.Stream
	i, _ := slices.BinarySearchFunc(r.Media, e.Participant, func(m Media, p int) int { return cmp.Compare(m.Participant, p) })
	r.Media = slices.Insert(r.Media, i, Media{
		Participant: e.Participant, Packets: s.Packets, Bytes: s.Bytes, Lost: s.Lost,
		Jitter: milliseconds(s.Jitter), Relayed: s.Relayed, Strangers: s.Strangers,
		Silent: silent, Rated: rated(s.Quality), FarEnd: farEnd(s.Told),
	})
}

func rated(q event.Quality) Rated {
	if q.Expected == 0 {
		return Rated{}
	}
	return Rated{
		Codec: q.Codec, MOS: rounded(q.MOS), R: rounded(q.R),
		Loss: rounded(100 * q.Loss()), Discarded: q.Discarded, BurstRatio: rounded(q.BurstRatio),
		JitterMost: milliseconds(q.JitterMost), RoundTrip: milliseconds(q.RoundTrip),
		RoundTripMost: milliseconds(q.RoundTripMost), Delay: milliseconds(q.Delay),
	}
}

func farEnd(t event.Told) *FarEnd {
	if t == (event.Told{}) {
		return nil
	}
	return &FarEnd{MOS: rounded(t.MOS), R: rounded(t.R), Loss: rounded(100 * t.Loss)}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// rounded has two decimals.
func rounded(x float64) float64 { return math.Round(100*x) / 100 }
