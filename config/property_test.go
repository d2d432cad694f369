package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A written configuration is YAML that means a given Config, and where each key
// of it stands.
type written struct {
	text  strings.Builder
	line  int
	lines map[string]position
}

func (w *written) key(indent int, path, key, value string) {
	w.line++
	prefix := strings.Repeat(" ", indent) + key + ":"
	fmt.Fprintf(&w.text, "%s %s\n", prefix, value)
	column := len(prefix) + 2
	if value == "" {
		column = indent + 1
	}
	w.lines[join(path, key)] = position{w.line, column}
}

// entry writes the keys of a list's entry, the first behind a dash.
func (w *written) entry(list string, i int, keys ...[2]string) {
	path := index(list, i)
	w.lines[path] = position{w.line + 1, 5}
	for n, kv := range keys {
		if n == 0 {
			w.key(2, path, "- "+kv[0], kv[1])
			w.lines[path+"."+kv[0]] = w.lines[path+".- "+kv[0]]
			delete(w.lines, path+".- "+kv[0])
			continue
		}
		w.key(4, path, kv[0], kv[1])
	}
}

// genCodecs draws a list of codecs, never an empty one: that would be read as no list.
func genCodecs(t *rapid.T) []string {
	all := rapid.Permutation([]string{"opus", "G722", "PCMU", "PCMA", "G729"}).Draw(t, "codecs")
	return all[:rapid.IntRange(1, len(all)).Draw(t, "how many codecs")]
}

func quoted(list []string) string {
	q := make([]string, len(list))
	for i, s := range list {
		q[i] = strconv.Quote(s)
	}
	return "[" + strings.Join(q, ", ") + "]"
}

func texts[T fmt.Stringer](list []T) []string {
	s := make([]string, len(list))
	for i, v := range list {
		s[i] = v.String()
	}
	return s
}

// write gives every key of a configuration in block style.
func write(c *Config) *written {
	w := &written{lines: map[string]position{}}
	w.key(0, "", "region", c.Region)
	w.key(0, "", "drain", c.Drain.String())
	w.key(0, "", "transfer_caller_id", c.TransferCallerID.String())
	w.key(0, "", "transfer_recall", strconv.Quote(c.TransferRecall.String()))
	w.key(0, "", "disable_forwarding_and_unanswered", strconv.FormatBool(c.DisableForwardingAndUnanswered))
	w.key(0, "", "sip", "")
	w.key(2, "sip", "listen", quoted(texts(c.SIP.Listen)))
	w.key(2, "sip", "advertise", quoted(texts(c.SIP.Advertise)))
	w.key(2, "sip", "domain", strconv.Quote(c.SIP.Domain))
	w.key(2, "sip", "session_expires", c.SIP.SessionExpires.String())
	w.key(2, "sip", "min_se", c.SIP.MinSE.String())
	w.key(0, "", "rtp", "")
	w.key(2, "rtp", "address", quoted(texts(c.RTP.Address)))
	w.key(2, "rtp", "bind", quoted(texts(c.RTP.Bind)))
	w.key(2, "rtp", "ports", c.RTP.Ports.String())
	w.key(2, "rtp", "timeout", c.RTP.Timeout.String())
	w.key(2, "rtp", "codecs", quoted(c.RTP.Codecs))
	w.key(0, "", "cdr", "")
	w.key(2, "cdr", "path", strconv.Quote(c.CDR.Path))
	w.recording(c)
	w.entries(c)
	return w
}

func (w *written) entries(c *Config) {
	w.key(0, "", "users", "")
	for i, u := range c.Users {
		w.entry("users", i, [][2]string{
			{"name", u.Name}, {"password", strconv.Quote(u.Password.Reveal())}, {"numbers", quoted(u.Numbers)},
			{"caller_ids", quoted(u.CallerIDs)}, {"ringing_timeout", u.RingingTimeout.String()},
			{"forward", forwardText(u.Forward)}, {"codecs", quoted(u.Codecs)}, {"record", strconv.FormatBool(u.Record)},
		}...)
	}
	w.key(0, "", "trunks", "")
	for i, t := range c.Trunks {
		w.entry("trunks", i, [][2]string{
			{"name", t.Name}, {"address", t.Address.String()}, {"sources", quoted(texts(t.Sources))}, {"domain", strconv.Quote(t.Domain)},
			{"username", strconv.Quote(t.Username)}, {"password", strconv.Quote(t.Password.Reveal())}, {"caller_id", t.CallerID.String()},
			{"caller_id_policy", t.CallerIDPolicy.String()}, {"trusted", strconv.FormatBool(t.Trusted)}, {"keepalive", t.KeepAlive.String()},
			{"follow_redirects", strconv.FormatBool(t.FollowRedirects)}, {"from_domain", strconv.Quote(t.FromDomain)},
			{"register", strconv.FormatBool(t.Register)}, {"registrar", strconv.Quote(t.Registrar)}, {"register_expires", t.RegisterExpires.String()},
			{"options_interval", t.OptionsInterval.String()}, {"down_after", strconv.Itoa(int(t.DownAfter))},
			{"max_calls", strconv.Itoa(int(t.MaxCalls))}, {"max_cps", strconv.FormatFloat(t.MaxCPS, 'g', -1, 64)},

			{"diversion", t.Diversion.String()}, {"pass_headers", quoted(t.PassHeaders)},
			{"transfer", t.Transfer.String()}, {"codecs", quoted(t.Codecs)},
		}...)
	}
	w.key(0, "", "routes", "")
	for i, r := range c.Routes {
		w.entry("routes", i, [][2]string{
			{"name", r.Name}, {"from", r.From.String()}, {"to", strconv.Quote(r.To)}, {"trunks", trunksOf(r)}, {"down_trunks", r.DownTrunks.String()}, {"ringback", r.Ringback.String()}, {"user", strconv.Quote(r.User)},
			{"caller_id", strconv.Quote(r.CallerID)}, {"ringing_timeout", r.RingingTimeout.String()},
			{"attempt_timeout", r.AttemptTimeout.String()}, {"emergency", strconv.FormatBool(r.Emergency)},
			{"record", strconv.FormatBool(r.Record)},
		}...)
	}
}

func forwardText(f Forward) string {
	after := ""
	if f.NoAnswerAfter > 0 {
		after = "no_answer_after: " + f.NoAnswerAfter.String() + ", "
	}
	return fmt.Sprintf("{always: %q, busy: %q, no_answer: %q, %sunregistered: %q}",
		f.Always, f.Busy, f.NoAnswer, after, f.Unregistered)
}

var (
	genNumber    = rapid.StringMatching(`\+[1-9][0-9]{4,14}`)
	genPassword  = rapid.StringMatching(`[!-~]{1,20}`)
	genAddresses = rapid.SampledFrom([]Addresses{
		{netip.MustParseAddr("192.0.2.1")}, {netip.MustParseAddr("2001:db8::1")},
		{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.1")},
	})
	genHeaders     = rapid.SampledFrom([][]string{nil, {"P-Charging-Vector"}, {"X-A", "x-acme-*"}, {"Identity"}})
	genDestination = rapid.SampledFrom([]Destination{{}, {Number: "+14255550177"}, {User: "u.0"}, {Status: 486}, {Status: 603}})
	genKeepAlive   = rapid.SampledFrom([]time.Duration{0, 10 * time.Second, 2 * time.Minute})
	genExpires     = rapid.SampledFrom([]time.Duration{time.Minute, time.Hour})
	genHost        = rapid.SampledFrom([]string{"gw.example.test", "192.0.2.7", "[2001:db8::7]", "a-b_c.test"})
)

func genDuration(t *rapid.T, least time.Duration) time.Duration {
	return least + time.Duration(rapid.IntRange(0, 30_000).Draw(t, "ms"))*time.Millisecond
}

// genConfig draws a sound configuration.
func genConfig(t *rapid.T) *Config {
	c := &Config{
		Region: rapid.StringMatching(`[A-Z]{2}`).Draw(t, "region"),
		Drain:  genDuration(t, 0),

		MusicOnHold: MusicPass,
		Recording:   genRecording(t),
		Prompts:     Prompts{Path: rapid.SampledFrom([]string{"", "/srv/prompts", "my prompts"}).Draw(t, "prompts"), AllowPrivate: rapid.Bool().Draw(t, "private")},
		SIP:         SIP{Advertise: genAddresses.Draw(t, "advertise"), Domain: genHost.Draw(t, "domain"), MinSE: defaultMinSE, SessionExpires: rapid.SampledFrom([]time.Duration{0, 90 * time.Second, 2 * time.Hour}).Draw(t, "session_expires")},
		RTP:         RTP{Address: genAddresses.Draw(t, "address"), Timeout: genDuration(t, 0), Codecs: genCodecs(t)},
		CDR:         CDR{Path: rapid.StringMatching(`[ -~]{0,20}`).Draw(t, "path")},
	}
	c.RTP.Bind = c.RTP.Address
	for i := range rapid.IntRange(1, 3).Draw(t, "listens") {
		addr := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(5060+i))
		c.SIP.Listen = append(c.SIP.Listen, Listen{Transport(rapid.IntRange(1, 2).Draw(t, "transport")), addr})
	}
	first := uint16(rapid.IntRange(5000, 30_000).Draw(t, "first")) * 2
	c.RTP.Ports = PortRange{first, first + uint16(rapid.IntRange(1, 5000).Draw(t, "span"))}
	genTransfers(t, c)
	genUsers(t, c)
	genTrunks(t, c)
	genRoutes(t, c)
	return c
}

func genTransfers(t *rapid.T, c *Config) {
	c.TransferCallerID = TransferCallerID(rapid.IntRange(0, 1).Draw(t, "transfer_caller_id"))
	c.TransferRecall = rapid.SampledFrom([]Recall{{}, {End: true}, {To: Destination{Number: "+14255550177"}}}).Draw(t, "recall")
	c.DisableForwardingAndUnanswered = rapid.Bool().Draw(t, "disabled")
}

func genUsers(t *rapid.T, c *Config) {
	numbers := rapid.SliceOfNDistinct(genNumber, 8, 8, rapid.ID[string]).Draw(t, "numbers")
	for i := range rapid.IntRange(0, 4).Draw(t, "users") {
		u := User{
			Name:           fmt.Sprintf("u.%d", i),
			Password:       Password(genPassword.Draw(t, "password")),
			Numbers:        numbers[2*i : 2*i+2],
			CallerIDs:      rapid.SliceOfN(genNumber, 1, 3).Draw(t, "caller_ids"),
			RingingTimeout: genDuration(t, time.Millisecond),
		}
		u.Forward, u.Codecs = genForward(t, i), genCodecs(t)
		u.Record = c.Recording.Path != "" && rapid.Bool().Draw(t, "record")
		c.Users = append(c.Users, u)
	}
}

// genForward draws where a user forwards to; the first user, u.0, to nobody of ours.
func genForward(t *rapid.T, user int) (f Forward) {
	for _, d := range []*Destination{&f.Always, &f.Busy, &f.NoAnswer, &f.Unregistered} {
		if *d = genDestination.Draw(t, "forward"); d.User != "" && user == 0 {
			*d = Destination{Status: 480}
		}
	}
	if f.NoAnswer != (Destination{}) && rapid.Bool().Draw(t, "after") {
		f.NoAnswerAfter = genDuration(t, time.Millisecond)
	}
	return f
}

func genTrunks(t *rapid.T, c *Config) {
	for i := range rapid.IntRange(0, 4).Draw(t, "trunks") {
		tr := Trunk{
			Name:           fmt.Sprintf("t+%d", i),
			Address:        Address{Host: genHost.Draw(t, "host"), Port: uint16(7000 + i), Transport: Transport(rapid.IntRange(0, 2).Draw(t, "transport"))},
			CallerID:       CallerID(rapid.IntRange(0, 2).Draw(t, "caller_id")),
			CallerIDPolicy: CallerIDPolicy(rapid.IntRange(0, 1).Draw(t, "policy")),
			Trusted:        rapid.Bool().Draw(t, "trusted"),
			KeepAlive:      genKeepAlive.Draw(t, "keepalive"),

			OptionsInterval: genKeepAlive.Draw(t, "options_interval"),
			DownAfter:       uint(rapid.IntRange(1, 5).Draw(t, "down_after")),
			FollowRedirects: rapid.Bool().Draw(t, "follow_redirects"),
			FromDomain:      rapid.SampledFrom([]string{"", "from.test"}).Draw(t, "from_domain"),
			MaxCalls:        uint(rapid.IntRange(0, 1000).Draw(t, "max_calls")),
			MaxCPS:          float64(rapid.IntRange(0, 40).Draw(t, "max_cps")) / 4,

			Diversion:   Diversion(rapid.IntRange(0, 3).Draw(t, "diversion")),
			PassHeaders: genHeaders.Draw(t, "pass_headers"),
			Transfer:    TransferWay(rapid.IntRange(0, 2).Draw(t, "transfer")),
			Sources:     []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/32")},
		}
		if tr.Address.Transport == TransportUDP {
			tr.KeepAlive = 0
		}
		tr.Registrar, tr.RegisterExpires = tr.Address.Host, genExpires.Draw(t, "register_expires")
		if rapid.Bool().Draw(t, "digest") {
			tr.Register = rapid.Bool().Draw(t, "register")
			tr.Username, tr.Password = "user", Password(genPassword.Draw(t, "password"))
		}
		if rapid.Bool().Draw(t, "has domain") {
			tr.Domain = genHost.Draw(t, "domain")
		}
		tr.Codecs = genCodecs(t)
		c.Trunks = append(c.Trunks, tr)
	}
}

func genRoutes(t *rapid.T, c *Config) {
	for i := range rapid.IntRange(0, 4).Draw(t, "routes") {
		r := Route{
			Name:           fmt.Sprintf("r%d", i),
			From:           rapid.SampledFrom([]Origin{{Kind: OriginUsers}, {Kind: OriginAny}}).Draw(t, "from"),
			To:             rapid.SampledFrom([]string{"+", "+1", "+4930", "/^911$/", `/^\+1(425|206)/`}).Draw(t, "to"),
			CallerID:       rapid.SampledFrom([]string{"", "+14255550100"}).Draw(t, "caller_id"),
			RingingTimeout: genDuration(t, time.Millisecond),
			AttemptTimeout: genDuration(t, time.Millisecond),
		}
		switch {
		case len(c.Trunks) > 0:
			r.Trunks = []RouteTrunk{{
				Name: c.Trunks[0].Name, Priority: uint(rapid.IntRange(0, 3).Draw(t, "priority")), Weight: uint(rapid.IntRange(0, 3).Draw(t, "weight")),
			}}
			r.Ringback = Ringback(rapid.IntRange(0, 2).Draw(t, "ringback"))
			r.DownTrunks = Down(rapid.IntRange(0, 1).Draw(t, "down_trunks"))
			r.Emergency = rapid.Bool().Draw(t, "emergency")
			r.From = Origin{OriginTrunk, c.Trunks[len(c.Trunks)-1].Name}
		case len(c.Users) > 0:
			r.User = c.Users[0].Name
		default:
			return
		}
		c.Routes = append(c.Routes, r)
	}
}

// plain takes out what is not the file's.
func plain(c *Config) Config {
	p := *c
	p.Warnings, p.name, p.positions = nil, "", nil
	for i := range p.Trunks {
		if len(p.Trunks[i].PassHeaders) == 0 {
			p.Trunks[i].PassHeaders = nil
		}
	}
	for i := range p.Routes {
		if len(p.Routes[i].Trunks) == 0 {
			p.Routes[i].Trunks = nil
		}
	}
	return p
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genConfig(t)
		w := write(want)
		got, err := Parse("w.yaml", []byte(w.text.String()))
		if err != nil {
			t.Fatalf("%v\n%s", err, w.text.String())
		}
		if a, b := plain(got), plain(want); !reflect.DeepEqual(a, b) {
			t.Fatalf("read %+v\nwant %+v\n%s", a, b, w.text.String())
		}
		if changes := Diff(want, got); len(changes) != 0 {
			t.Fatalf("differs by %v", changes)
		}
	})
}

func TestEveryKeyKeepsItsPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := write(genConfig(t))
		c, err := Parse("w.yaml", []byte(w.text.String()))
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range w.lines {
			if line, col := c.Position(path); line != want.line || col != want.column {
				t.Fatalf("%s is at %d:%d, want %d:%d in\n%s", path, line, col, want.line, want.column, w.text.String())
			}
		}
	})
}

// keyLine picks a line of the text that gives a key a value of one word.
func keyLine(t *rapid.T, lines []string) (n int, key string) {
	var with []int
	for i, l := range lines {
		if !strings.HasSuffix(l, ": ") && strings.Contains(l, ": ") {
			with = append(with, i)
		}
	}
	n = rapid.SampledFrom(with).Draw(t, "line")
	key, _, _ = strings.Cut(strings.TrimLeft(lines[n], " -"), ":")
	return n, key
}

func TestAMisspeltKeyIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := strings.Split(write(genConfig(t)).text.String(), "\n")
		n, key := keyLine(t, lines)
		at := rapid.IntRange(0, len(key)).Draw(t, "at")
		bad := key[:at] + "q" + key[at:]
		lines[n] = strings.Replace(lines[n], key+":", bad+":", 1)
		column := strings.Index(lines[n], bad) + 1
		_, err := Parse("w.yaml", []byte(strings.Join(lines, "\n")))
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("w.yaml:%d:%d: ", n+1, column)) || !strings.Contains(err.Error(), "unknown key") {
			t.Fatalf("%s in line %d, column %d: %v", bad, n+1, column, err)
		}
		if len(key) > 2 && !strings.Contains(err.Error(), "did you mean "+key+"?") {
			t.Fatalf("%s is not suggested for %s: %v", key, bad, err)
		}
	})
}

func TestABadValueIsToldWhereItStands(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := strings.Split(write(genConfig(t)).text.String(), "\n")
		n, key := keyLine(t, lines)
		head := lines[n][:strings.Index(lines[n], ": ")+2]
		bad := rapid.SampledFrom([]string{"{a: b}", "1.5", "[[x]]", `"a\nb"`}).Draw(t, "bad")
		if key == "max_cps" && bad == "1.5" {
			bad = "x"
		}
		lines[n] = head + bad
		_, err := Parse("w.yaml", []byte(strings.Join(lines, "\n")))
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("w.yaml:%d:", n+1)) {
			t.Fatalf("%s: %s in line %d: %v", key, bad, n+1, err)
		}
	})
}

func TestADoubledKeyIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := strings.Split(write(genConfig(t)).text.String(), "\n")
		n, key := keyLine(t, lines)
		again := strings.Replace(lines[n], "- ", "  ", 1)
		lines = slices.Insert(lines, n+1, again)
		_, err := Parse("w.yaml", []byte(strings.Join(lines, "\n")))
		want := fmt.Sprintf("%s: is given twice, first on line %d", key, n+1)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), fmt.Sprintf("w.yaml:%d:", n+2)) {
			t.Fatalf("%s doubled in line %d: %v", key, n+2, err)
		}
	})
}

func TestDiffOfTwoIsUndoneByTheReverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := genConfig(t), genConfig(t)
		there, back := Diff(a, b), Diff(b, a)
		if len(there) != len(back) {
			t.Fatalf("%d changes there, %d back:\n%v\n%v", len(there), len(back), there, back)
		}
		count := func(changes []Change, k ChangeKind) (n int) {
			for _, ch := range changes {
				if ch.Kind == k {
					n++
				}
			}
			return n
		}
		if count(there, Added) != count(back, Removed) || count(there, Changed) != count(back, Changed) {
			t.Fatalf("not the reverse:\n%v\n%v", there, back)
		}
		for _, ch := range there {
			if strings.Contains(ch.String(), "secret") || ch.Restart != effects[schemaPath(ch.Path)].restart {
				t.Fatalf("%+v", ch)
			}
		}
	})
}

func TestEditDistanceIsADistance(t *testing.T) {
	word := rapid.StringMatching(`[abc]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		const far = 100
		d := editDistance(a, b, far)
		if (d == 0) != (a == b) || d != editDistance(b, a, far) {
			t.Fatalf("%q to %q is %d, back %d", a, b, d, editDistance(b, a, far))
		}
		if longest := max(len(a), len(b)); d > longest || d < longest-min(len(a), len(b)) {
			t.Fatalf("%q to %q is %d", a, b, d)
		}
		if limited := editDistance(a, b, 2); limited != min(d, 2) {
			t.Fatalf("%q to %q is %d, and %d with a limit of 2", a, b, d, limited)
		}
	})
}

// trunksOf writes a route's trunks, by name alone where that says it all.
func trunksOf(r Route) string {
	var list []string
	for _, t := range r.Trunks {
		text := strconv.Quote(t.Name)
		if t.Priority != 0 || t.Weight != 0 {
			text = fmt.Sprintf("{name: %s, priority: %d, weight: %d}", text, t.Priority, t.Weight)
		}
		list = append(list, text)
	}
	return "[" + strings.Join(list, ", ") + "]"
}
