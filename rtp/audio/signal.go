package audio

import (
	"math"
	"strings"
	"time"
)

// Signal is what a tone tells a caller (ITU-T E.182).
type Signal uint8

// The signals.
const (
	// Ringback: the called party is being alerted; E.182's ringing tone.
	Ringback Signal = iota
	// Busy: the called party is busy.
	Busy
	// Congestion: there is no way to the called party at the moment.
	Congestion
)

// String gives the signal's name.
func (s Signal) String() string { return [...]string{"ringback", "busy", "congestion"}[s] }

// In gives the bursts of a signal as callers know it in a country, by its ISO
// 3166 code of two letters. Countries that are not in the table get ITU-T
// E.180's own: 425 Hz, the ringing tone 1 s in 5. The slice is shared and must
// not be changed.
func (s Signal) In(country string) []Burst {
	code := strings.ToUpper(country)
	if other, ok := neighbours[code]; ok {
		code = other
	}
	if of, ok := national[code]; ok {
		return of[s]
	}
	return international[s]
}

// signalLevel is the level of all signals in dBFS.
//
// ITU-T E.180 s2: nominally -10 dBm0, measured on the continuous tone; so it is
// the power of all its sines together.
const signalLevel = -10 + ZeroDBm0

// signals are the bursts of each signal.
type signals [3][]Burst

// hz makes a tone of one frequency, or of several of the same level: E.180's
// f1+f2.
func hz(frequencies ...float64) []Sine {
	each := signalLevel - 10*math.Log10(float64(len(frequencies)))
	sines := make([]Sine, len(frequencies))
	for i, f := range frequencies {
		sines[i] = Sine{f, each}
	}
	return sines
}

// modulated makes a tone whose amplitude is modulated, E.180's f1×f2, to its
// full depth: sin a·(1 + cos b) is sin a + (sin(a+b) + sin(a-b))/2.
func modulated(frequency, by float64) []Sine {
	carrier := signalLevel - 10*math.Log10(1.5)
	side := carrier - 20*math.Log10(2)
	return []Sine{{frequency, carrier}, {frequency + by, side}, {frequency - by, side}}
}

// quieter makes a tone of a lower level.
func quieter(sines []Sine, by float64) []Sine {
	for i := range sines {
		sines[i].Level -= by
	}
	return sines
}

// times makes bursts of one tone: seconds on, seconds off, and so on.
func times(sines []Sine, seconds ...float64) []Burst {
	var bursts []Burst
	for i := 0; i < len(seconds); i += 2 {
		bursts = append(bursts, Burst{sines, duration(seconds[i]), duration(seconds[i+1])})
	}
	return bursts
}

func duration(seconds float64) time.Duration {
	return time.Duration(math.Round(seconds * float64(time.Second)))
}

// plain makes the signals of a country where all have one frequency. The seconds
// on and off are those of ringback, busy and congestion.
func plain(frequency float64, seconds ...float64) signals {
	tone := hz(frequency)
	return signals{times(tone, seconds[:2]...), times(tone, seconds[2:4]...), times(tone, seconds[4:]...)}
}

// international is for countries that are not in the table: the frequency that
// ITU-T E.180 recommends, and periods within its limits.
var international = plain(425, 1, 4, .5, .5, .25, .25)

// national has the signals of countries, after ITU-T E.180 Supplement 2, and
// where the country's own specification is newer or clearer after that one: BT
// SIN 350 in Great Britain, AS/ACIF S002 in Australia, PTC TNA 102 in New
// Zealand, IDA TS PSTN 1 in Singapore, GOST R 45.223 in Russia.
var national = map[string]signals{
	"AR": plain(425, 1, 4.5, .3, .3, .2, .3),
	"AT": plain(420, 1, 5, .4, .4, .2, .2),
	"BE": plain(425, 1, 3, .5, .5, .167, .167),
	"CH": plain(425, 1, 4, .5, .5, .2, .2),
	"CL": plain(400, 1, 3, .5, .5, .2, .2),
	"CN": plain(450, 1, 4, .35, .35, .7, .7),
	"CZ": plain(425, 1, 4, .33, .33, .165, .165),
	"DE": plain(425, 1, 4, .48, .48, .24, .24),
	"DK": plain(425, 1, 4, .5, .5, .2, .2),
	"FI": plain(425, 1, 4, .3, .3, .2, .2),
	"FR": plain(440, 1.5, 3.5, .5, .5, .25, .25),
	"GR": plain(425, 1, 4, .3, .3, .2, .2),
	"HU": plain(425, 1.25, 3.75, .3, .3, .3, .3),
	"IL": plain(400, 1, 3, .5, .5, .25, .25),
	"IT": plain(425, 1, 4, .5, .5, .2, .2),
	"MX": plain(425, 1, 4, .25, .25, .25, .25),
	"NL": plain(425, 1, 4, .5, .5, .25, .25),
	"NO": plain(425, 1, 4, .5, .5, .2, .2),
	"PL": plain(425, 1, 4, .5, .5, .5, .5),
	"PT": plain(425, 1, 5, .5, .5, .2, .2),
	"RU": plain(425, 1, 4, .35, .35, .175, .175),
	"SE": plain(425, 1, 5, .25, .25, .25, .75),

	"AE": {times(hz(400, 450), .4, .2, .4, 2), times(hz(400), .375, .375), times(hz(400), .4, .35, .225, .525)},
	"AU": {times(hz(413, 438), .4, .2, .4, 2), times(hz(425), .375, .375),
		append(times(hz(425), .375, .375), times(quieter(hz(425), 10), .375, .375)...)},
	"BR": {times(hz(425), 1, 4), times(hz(425), .25, .25), times(hz(425), .25, .25, .75, .25)},
	"ES": {times(hz(425), 1.5, 3), times(hz(425), .2, .2), times(hz(425), .2, .2, .2, .2, .2, .6)},
	"GB": {times(hz(400, 450), .4, .2, .4, 2), times(hz(400), .375, .375), times(hz(400), .4, .35, .225, .525)},
	"HK": {times(hz(440, 480), .4, .2, .4, 3), times(hz(480, 620), .5, .5), times(hz(480, 620), .25, .25)},
	"IE": {times(hz(400, 450), .4, .2, .4, 2), times(hz(425), .45, .45), times(hz(425), .375, .375)},
	"IN": {times(modulated(400, 25), .4, .2, .4, 2), times(hz(400), .75, .75), times(hz(400), .25, .25)},
	"JP": {times(modulated(400, 16), 1, 2), times(hz(400), .5, .5), times(hz(400), .5, .5)},
	"MY": {times(hz(425), .4, .2, .4, 2), times(hz(425), .5, .5), times(hz(425), .5, .5)},
	"NZ": {times(hz(400, 450), .4, .2, .4, 2), times(hz(400), .5, .5), times(hz(400), .25, .25)},
	"PH": {times(hz(425, 480), 1, 4), times(hz(480, 620), .5, .5), times(hz(480, 620), .25, .25)},
	"SG": {times(modulated(425, 24), .4, .2, .4, 2), times(hz(425), .75, .75), times(hz(425), .25, .25)},
	"TR": {times(hz(450), 2, 4), times(hz(450), .5, .5), times(hz(450), .2, .2, .2, .2, .2, .2, .6, .2)},
	"TW": {times(hz(440, 480), 1, 2), times(hz(480, 620), .5, .5), times(hz(480, 620), .25, .25)},
	"US": {times(hz(440, 480), 2, 4), times(hz(480, 620), .5, .5), times(hz(480, 620), .25, .25)},
	"ZA": {times(modulated(400, 33), .4, .2, .4, 2), times(hz(400), .5, .5), times(hz(400), .25, .25)},
}

// neighbours have the signals of another country, whose network theirs is or was
// part of.
var neighbours = map[string]string{
	"AS": "US", "CA": "US", "GU": "US", "JM": "US", "KN": "US", "MP": "US", "MS": "US", "PR": "US", "TC": "US", "TT": "US", "VI": "US",
	"GG": "GB", "IM": "GB", "JE": "GB",
	"LI": "CH", "MC": "FR", "SM": "IT", "VA": "IT",
}
