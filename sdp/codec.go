package sdp

import (
	"strconv"
	"strings"
)

// Codec is one RTP format: what a payload number of an m= line stands for.
type Codec struct {
	Name        string // encoding name as written; "" when nothing explains the number
	ClockRate   int    // Hz of the RTP timestamp
	Channels    int    // 0 and 1 are mono
	PayloadType uint8  // 0 to 127; valid in one description only
	Fmtp        string // a=fmtp parameters as written, "" for none; several lines are joined by ";"
}

// static are the payload numbers that mean something without a=rtpmap (RFC 3551
// section 6, tables 4 and 5).
var static = [35]Codec{
	0:  {Name: "PCMU", ClockRate: 8000, Channels: 1},
	3:  {Name: "GSM", ClockRate: 8000, Channels: 1},
	4:  {Name: "G723", ClockRate: 8000, Channels: 1},
	5:  {Name: "DVI4", ClockRate: 8000, Channels: 1},
	6:  {Name: "DVI4", ClockRate: 16000, Channels: 1},
	7:  {Name: "LPC", ClockRate: 8000, Channels: 1},
	8:  {Name: "PCMA", ClockRate: 8000, Channels: 1},
	9:  {Name: "G722", ClockRate: 8000, Channels: 1}, // samples at 16 kHz; see clockRate
	10: {Name: "L16", ClockRate: 44100, Channels: 2},
	11: {Name: "L16", ClockRate: 44100, Channels: 1},
	12: {Name: "QCELP", ClockRate: 8000, Channels: 1},
	13: {Name: "CN", ClockRate: 8000, Channels: 1},
	14: {Name: "MPA", ClockRate: 90000, Channels: 1},
	15: {Name: "G728", ClockRate: 8000, Channels: 1},
	16: {Name: "DVI4", ClockRate: 11025, Channels: 1},
	17: {Name: "DVI4", ClockRate: 22050, Channels: 1},
	18: {Name: "G729", ClockRate: 8000, Channels: 1},
	25: {Name: "CelB", ClockRate: 90000, Channels: 1},
	26: {Name: "JPEG", ClockRate: 90000, Channels: 1},
	28: {Name: "nv", ClockRate: 90000, Channels: 1},
	31: {Name: "H261", ClockRate: 90000, Channels: 1},
	32: {Name: "MPV", ClockRate: 90000, Channels: 1},
	33: {Name: "MP2T", ClockRate: 90000, Channels: 1},
	34: {Name: "H263", ClockRate: 90000, Channels: 1},
}

// Static is the codec that a payload number means by itself (RFC 3551 section 6). For
// a dynamic or unassigned number it is a Codec with nothing but the number.
func Static(payloadType uint8) Codec {
	var c Codec
	if int(payloadType) < len(static) {
		c = static[payloadType]
	}
	c.PayloadType = payloadType
	return c
}

// clockRate corrects the one rate that devices get wrong: G.722 samples at 16 kHz,
// but "the RTP clock rate for the G722 payload format is 8,000 Hz" since it was
// erroneously assigned so (RFC 3551 section 4.5.2). Nobody counts it at 16,000.
func clockRate(name string, rate int) int {
	if rate == 16000 && strings.EqualFold(name, "G722") {
		return 8000
	}
	return rate
}

// auxiliary are the formats that carry no speech of their own: a stream that agrees
// on nothing else cannot be talked over.
var auxiliary = []string{"telephone-event", "tone", "CN", "red"}

// Auxiliary reports whether the codec only accompanies others: telephone-event and
// tone (RFC 4733), CN (RFC 3389), red (RFC 2198).
func (c Codec) Auxiliary() bool {
	for _, name := range auxiliary {
		if len(name) == len(c.Name) && strings.EqualFold(name, c.Name) {
			return true
		}
	}
	return false
}

// speaks reports whether some codec of the list can carry speech.
func speaks(codecs []Codec) bool {
	for _, c := range codecs {
		if c.Name != "" && !c.Auxiliary() {
			return true
		}
	}
	return false
}

// identity are the few parameters that make two formats of one name unable to
// decode each other. Without the parameter a format has the value absent; where
// that is "" too, it matches any.
var identity = []struct{ name, param, absent string }{
	{"AMR", "octet-align", "0"},    // RFC 4867 section 8.1
	{"AMR-WB", "octet-align", "0"}, // RFC 4867 section 8.2
	{"G7221", "bitrate", ""},       // RFC 5577
	{"SIREN14", "bitrate", ""},
	{"SIREN22", "bitrate", ""},
}

// Same reports whether both are the same codec: name in any case, clock rate and
// channels, never the payload number. G729, G729A, G729B and G729AB are one codec:
// they decode each other's speech, and annexb does not split them. The parameters
// listed in identity do split. A format without a name is the same as nothing.
func (c Codec) Same(other Codec) bool {
	return c.Name != "" && c.ClockRate == other.ClockRate &&
		max(c.Channels, 1) == max(other.Channels, 1) &&
		sameName(c.Name, other.Name) && sameFormat(c, other)
}

func sameName(a, b string) bool {
	return strings.EqualFold(a, b) || isG729(a) && isG729(b)
}

// isG729 knows the names under which devices offer the one G.729 bit stream.
func isG729(name string) bool {
	const base = "G729"
	if len(name) < len(base) || !strings.EqualFold(name[:len(base)], base) {
		return false
	}
	switch annex := name[len(base):]; len(annex) {
	case 0:
		return true
	case 1, 2:
		return strings.EqualFold(annex, "A") || strings.EqualFold(annex, "B") || strings.EqualFold(annex, "AB")
	}
	return false
}

func sameFormat(a, b Codec) bool {
	for _, id := range identity {
		if !strings.EqualFold(a.Name, id.name) {
			continue
		}
		x, y := a.Param(id.param), b.Param(id.param)
		if id.absent == "" && (x == "" || y == "") {
			return true
		}
		return orElse(x, id.absent) == orElse(y, id.absent)
	}
	return true
}

func orElse(s, absent string) string {
	if s == "" {
		return absent
	}
	return s
}

// Param is the value of one fmtp parameter, its name in any case; "" when absent.
func (c Codec) Param(name string) string {
	for rest := c.Fmtp; rest != ""; {
		var param string
		param, rest, _ = strings.Cut(rest, ";")
		key, value, _ := strings.Cut(param, "=")
		if strings.EqualFold(trim(key), name) {
			return trim(value)
		}
	}
	return ""
}

// String is the codec as a=rtpmap would write it, for people: "opus/48000/2".
func (c Codec) String() string {
	if c.Name == "" {
		return "payload " + strconv.Itoa(int(c.PayloadType))
	}
	return string(c.appendEncoding(nil))
}

// Common are the codecs of an answer that were also in its offer, ready to be
// handed on to whoever made the offer: in the order of answered, with the name and
// payload number of offered and the parameters of answered. An answered number
// without a name (an answerer that left its a=rtpmap out) is read as the offer
// reads it. Each offered codec is used once.
//
// A relay answers its caller with Common(caller's offer, callee's answer).
func Common(offered, answered []Codec) []Codec {
	common := make([]Codec, 0, min(len(offered), len(answered)))
	var spent numbers
	for i := range answered {
		a := &answered[i]
		o := counterpart(offered, a, &spent)
		if o == nil {
			continue
		}
		c := *o
		c.Fmtp = answeredFmtp(o, a)
		common = append(common, c)
	}
	return common
}

// counterpart finds the offered codec that an answered one stands for, nil when there
// is none left, and spends its number; the one with the same number is preferred.
func counterpart(offered []Codec, a *Codec, spent *numbers) *Codec {
	var found *Codec
	for i := range offered {
		o := &offered[i]
		numbered := o.PayloadType == a.PayloadType
		if (found != nil && !numbered) || spent.has(o.PayloadType) {
			continue
		}
		if o.Same(*a) || numbered && a.Name == "" && o.Name != "" {
			found = o
		}
	}
	if found != nil {
		spent.add(found.PayloadType)
	}
	return found
}

// numbers is a set of payload numbers, 0 to 127.
type numbers [2]uint64

func (n *numbers) has(payloadType uint8) bool {
	return n[payloadType>>6&1]&(1<<(payloadType&63)) != 0
}

// add reports whether the number is new in the set.
func (n *numbers) add(payloadType uint8) bool {
	isNew := !n.has(payloadType)
	n[payloadType>>6&1] |= 1 << (payloadType & 63)
	return isNew
}

// answeredFmtp are the parameters to answer with. An offer that switches off the
// silence compression of G.723 or G.729 binds the answer to say the same (RFC 7261
// section 3), even when the answerer behind a relay was silent about it.
func answeredFmtp(offered, answered *Codec) string {
	annex := ""
	switch {
	case isG729(offered.Name):
		annex = "annexb"
	case strings.EqualFold(offered.Name, "G723"):
		annex = "annexa"
	}
	const no = "no"
	if annex == "" || !strings.EqualFold(offered.Param(annex), no) || strings.EqualFold(answered.Param(annex), no) {
		return answered.Fmtp
	}
	return setParam(answered.Fmtp, annex, no)
}

// setParam replaces one parameter of a list, or adds it at the end.
func setParam(fmtp, name, value string) string {
	var kept []string
	for param := range strings.SplitSeq(fmtp, ";") {
		key, _, _ := strings.Cut(param, "=")
		if key = trim(key); key != "" && !strings.EqualFold(key, name) {
			kept = append(kept, trim(param))
		}
	}
	return strings.Join(append(kept, name+"="+value), ";")
}
