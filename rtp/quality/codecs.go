package quality

import "strings"

// Impairment is what a codec costs in the E-model (ITU-T G.107 s7.5).
type Impairment struct {
	// Ie is what it costs without loss, Bpl how robust it is against loss.
	Ie, Bpl float64
	// Assumed is set where no Recommendation has values.
	Assumed bool
}

// rated is a codec's line in the table, by the name of a=rtpmap.
type rated struct {
	name string
	Impairment
}

// codecs are the values of ITU-T G.113 Appendix I, for packets of 10 to 30 ms that are
// lost by chance, and what is assumed for others:
//
//   - G.711 and L16 are concealed by G.711 Appendix I here and nearly everywhere.
//   - G.729 has the robustness of G.729A, the only one measured.
//   - G.722 is transparent to the narrowband scale and is taken to be as robust
//     as G.711 with concealment, which is what conceals it here.
//   - Opus is taken to be transparent at the rates of telephony, and as robust as
//     G.729, whose concealment is of the same kind, without counting on FEC.
//   - iLBC and AMR have nothing in G.113 either: the loss of GSM EFR, at the cost of
//     their rates.
var codecs = []rated{
	{"PCMU", Impairment{Ie: 0, Bpl: 25.1}},
	{"PCMA", Impairment{Ie: 0, Bpl: 25.1}},
	{"L16", Impairment{Ie: 0, Bpl: 25.1, Assumed: true}},
	{"G722", Impairment{Ie: 0, Bpl: 25.1, Assumed: true}},
	{"opus", Impairment{Ie: 0, Bpl: 19, Assumed: true}},
	{"G729", Impairment{Ie: 10, Bpl: 19}},
	{"G723", Impairment{Ie: 15, Bpl: 16.1}},
	{"GSM", Impairment{Ie: 20, Bpl: 10, Assumed: true}},
	{"GSM-EFR", Impairment{Ie: 5, Bpl: 10}},
	{"AMR", Impairment{Ie: 5, Bpl: 10, Assumed: true}},
	{"AMR-WB", Impairment{Ie: 0, Bpl: 10, Assumed: true}},
	{"iLBC", Impairment{Ie: 11, Bpl: 10, Assumed: true}},
}

// Unconcealed is G.711 played with gaps where packets are missing (ITU-T G.113
// appendix I): what a listener without concealment hears.
func Unconcealed() Impairment { return Impairment{Ie: 0, Bpl: 4.3} }

// ImpairmentOf gives the values of a codec by its name in a=rtpmap; a codec that is not
// in the table is taken for one like G.729.
func ImpairmentOf(name string) Impairment {
	for _, c := range codecs {
		if strings.EqualFold(c.name, name) {
			return c.Impairment
		}
	}
	return Impairment{Ie: 10, Bpl: 19, Assumed: true}
}
