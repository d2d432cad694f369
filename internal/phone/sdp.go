package phone

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// ErrNoAudio is given for a session description without an audio stream.
var ErrNoAudio = errors.New("session description has no m=audio line")

// Directions of RFC 3264 section 5.1, as they are written.
const (
	SendRecv = "sendrecv"
	SendOnly = "sendonly"
	RecvOnly = "recvonly"
	Inactive = "inactive"
)

// Description is the one audio stream of a session description.
type Description struct {
	// Address is where its owner wants to receive; port 0 refuses the stream.
	Address netip.AddrPort
	// Codecs are the encodings by name, in order of preference.
	Codecs []string
	// Types are the payload types of Codecs, one for one.
	Types []int
	// Direction is the owner's: SendRecv when the text says nothing.
	Direction string
	// Version is the o= line's version, which a change must increase.
	Version int
	// Proto is the transport, such as RTP/AVP, which "" is too.
	Proto string
	// Cryptos are the a=crypto lines, Fingerprint and Setup the values of the lines of these
	// names.
	Cryptos            []Crypto
	Fingerprint, Setup string
}

// payloadTypes that we write: RFC 3551 table 4, and the usual dynamic ones.
var payloadTypes = map[string]int{
	"PCMU": 0, "PCMA": 8, "G722": 9, "G729": 18, "opus": 111, "telephone-event": 101,
}

// Describe is an offer of codecs by name; PCMU, PCMA and telephone-event when
// there are none.
func Describe(at netip.AddrPort, codecs ...string) Description {
	if len(codecs) == 0 {
		codecs = []string{"PCMU", "PCMA", "telephone-event"}
	}
	d := Description{Address: at, Codecs: codecs, Direction: SendRecv, Version: 1, Proto: "RTP/AVP"}
	for _, c := range codecs {
		d.Types = append(d.Types, payloadTypes[c])
	}
	return d
}

// Answer is our answer, from own capabilities, to an offer: the codecs of both in
// the offer's order and with its numbers (RFC 3264 section 6.1). The direction
// is own's as far as the offer allows.
func (own Description) Answer(offer Description) Description {
	answer := own
	answer.Codecs, answer.Types = nil, nil
	for i, c := range offer.Codecs {
		if slices.Contains(own.Codecs, c) {
			answer.Codecs = append(answer.Codecs, c)
			answer.Types = append(answer.Types, offer.Types[i])
		}
	}
	answer.Proto, answer.Cryptos = offer.Proto, answerCrypto(own.Cryptos, offer.Cryptos)
	if answer.Setup = ""; offer.Fingerprint == "" {
		answer.Fingerprint = ""
	} else if own.Fingerprint != "" {
		answer.Setup = answerSetup(offer.Setup)
	}
	answer.Direction = meet(own.Direction, reverse(offer.Direction))
	return answer
}

func reverse(direction string) string {
	switch direction {
	case SendOnly:
		return RecvOnly
	case RecvOnly:
		return SendOnly
	}
	return direction
}

// meet is what both directions allow.
func meet(a, b string) string {
	switch {
	case a == b || b == SendRecv:
		return a
	case a == SendRecv:
		return b
	}
	return Inactive
}

// String is the session description: RFC 8866 section 5's order.
func (d Description) String() string {
	family := "IP4"
	if d.Address.Addr().Is6() {
		family = "IP6"
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("v=0")
	line("o=- 20518 %d IN %s %s", d.Version, family, d.Address.Addr())
	line("s=-")
	line("c=IN %s %s", family, d.Address.Addr())
	line("t=0 0")
	line("m=audio %d %s%s", d.Address.Port(), cmp.Or(d.Proto, "RTP/AVP"), numbers(d.Types))
	for _, c := range d.Cryptos {
		line("a=crypto:%s", c)
	}
	if d.Fingerprint != "" {
		line("a=fingerprint:%s", d.Fingerprint)
		line("a=setup:%s", d.Setup)
	}
	for i, c := range d.Codecs {
		line("a=rtpmap:%d %s/%d", d.Types[i], c, clock(c))
	}
	line("a=%s", d.Direction)
	return b.String()
}

func numbers(types []int) string {
	s := ""
	for _, t := range types {
		s += " " + strconv.Itoa(t)
	}
	return s
}

func clock(codec string) int {
	if codec == "opus" {
		return 48000
	}
	return 8000
}

// ParseDescription reads the first audio stream of a session description.
func ParseDescription(body string) (Description, error) {
	d := Description{Direction: SendRecv}
	names := map[int]string{0: "PCMU", 8: "PCMA", 9: "G722", 18: "G729"}
	host, port, section := "", "", 0
	for _, line := range strings.Split(strings.ReplaceAll(body, "\r\n", "\n"), "\n") {
		kind, value, _ := strings.Cut(line, "=")
		f := strings.Fields(value)
		switch {
		case kind == "m":
			section = mediaSection(section, f)
			if section == inAudio && len(f) > 3 {
				port, d.Proto, d.Types = f[1], f[2], payloads(f[3:])
			}
		case section == past || len(f) == 0:
		case kind == "c" && len(f) == 3:
			host = f[2]
		case kind == "o" && len(f) > 2:
			d.Version, _ = strconv.Atoi(f[2])
		case kind == "a":
			d.attribute(value, names)
		}
	}
	return d.complete(host, port, names)
}

// The three parts of a session description, as this parser sees them.
const (
	beforeAudio = iota
	inAudio
	past
)

func mediaSection(section int, fields []string) int {
	switch {
	case section == beforeAudio && len(fields) > 0 && fields[0] == "audio":
		return inAudio
	case section == inAudio:
		return past
	}
	return section
}

func payloads(fields []string) []int {
	var types []int
	for _, f := range fields {
		if n, err := strconv.Atoi(f); err == nil {
			types = append(types, n)
		}
	}
	return types
}

func (d *Description) attribute(value string, names map[int]string) {
	switch value {
	case SendRecv, SendOnly, RecvOnly, Inactive:
		d.Direction = value
	}
	if rest, ok := strings.CutPrefix(value, "fingerprint:"); ok {
		d.Fingerprint = rest
	}
	if rest, ok := strings.CutPrefix(value, "setup:"); ok {
		d.Setup = rest
	}
	if rest, ok := strings.CutPrefix(value, "crypto:"); ok {
		if c, ok := parseCrypto(rest); ok {
			d.Cryptos = append(d.Cryptos, c)
		}
	}
	if rest, ok := strings.CutPrefix(value, "rtpmap:"); ok {
		number, encoding, _ := strings.Cut(rest, " ")
		name, _, _ := strings.Cut(encoding, "/")
		if n, err := strconv.Atoi(number); err == nil {
			names[n] = name
		}
	}
}

func (d Description) complete(host, port string, names map[int]string) (Description, error) {
	if port == "" {
		return d, ErrNoAudio
	}
	at, err := netip.ParseAddrPort(hostport(host, port))
	if err != nil {
		return d, fmt.Errorf("session description's address %q port %q: %w", host, port, err)
	}
	d.Address = at
	for _, t := range d.Types {
		d.Codecs = append(d.Codecs, names[t])
	}
	return d, nil
}

func hostport(host, port string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]:" + port
	}
	return host + ":" + port
}
