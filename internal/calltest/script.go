package calltest

import (
	"fmt"
	"strings"
)

// Script is one parsed call flow.
type Script struct {
	// Name is the file's name without its ending; Title its first comment.
	Name, Title string
	// Config is a name of a configuration, or the YAML text itself when it has
	// several lines; "none" plays without a gateway.
	Config string
	// OnlyWithoutLoss says why the script holds on a perfect network only; empty
	// when it holds on every one.
	OnlyWithoutLoss string
	// KeepProvisionals says why responses 101 to 199 must not be lost: nobody
	// repeats them (RFC 3261 section 13.3.1.1), and this script needs them.
	KeepProvisionals string
	// Names is what the gateway's name servers know: a zone file.
	Names string

	steps []step
}

// step is one line of a script that does or awaits something.
type step interface{ play(*stage) error }

// line is one line of the file with the deeper indented lines below it.
type line struct {
	number int
	indent int
	text   string
	block  []line
}

// at prefixes an error with the place in the script.
func (l line) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: %s: %w", l.number, l.text, fmt.Errorf(format, args...))
}

// Parse reads a script. Every line is understood before any is played.
func Parse(name, text string) (*Script, error) {
	s := &Script{Name: name, Config: "default"}
	lines := nest(readLines(s, text))
	for _, l := range lines {
		if known, err := s.setting(l); known || err != nil {
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			continue
		}
		st, err := parseStep(l)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		s.steps = append(s.steps, st)
	}
	return s, nil
}

// readLines drops comments and empty lines. A comment is a line that starts with
// #, or what follows " # " in a line that is not a text block's.
func readLines(s *Script, text string) []line {
	var lines []line
	for i, raw := range strings.Split(text, "\n") {
		body := strings.TrimLeft(raw, " \t")
		indent := len(raw) - len(body)
		if strings.HasPrefix(body, "#") {
			if s.Title == "" {
				s.Title = strings.TrimSpace(strings.TrimLeft(body, "#"))
			}
			continue
		}
		if !strings.HasPrefix(body, "|") {
			body, _, _ = strings.Cut(body, " # ")
		}
		if body = strings.TrimRight(body, " \t\r"); body != "" {
			lines = append(lines, line{number: i + 1, indent: indent, text: body})
		}
	}
	return lines
}

// nest hangs deeper indented lines below the line they follow.
func nest(lines []line) []line {
	var out []line
	for i := 0; i < len(lines); {
		l := lines[i]
		j := i + 1
		for j < len(lines) && lines[j].indent > l.indent {
			j++
		}
		l.block = nest(lines[i+1 : j])
		out = append(out, l)
		i = j
	}
	return out
}

// setting reads a line that is about the whole script.
func (s *Script) setting(l line) (known bool, err error) {
	key, value, _ := strings.Cut(l.text, ":")
	value = strings.TrimSpace(value)
	switch {
	case key == "only without loss" && value != "":
		s.OnlyWithoutLoss = value
	case key == "keep provisionals" && value != "":
		s.KeepProvisionals = value
	case key == "only without loss", key == "keep provisionals":
		return true, l.errorf("needs a reason after the colon")
	case l.text == "config:" && len(l.block) == 0:
		return true, l.errorf("needs the configuration, indented below it")
	case l.text == "config:":
		s.Config = verbatim(l.block, l.block[0].indent)
	case l.text == "names:":
		for _, record := range l.block {
			s.Names += record.text + "\n"
		}
	case strings.HasPrefix(l.text, "config "):
		s.Config = strings.TrimPrefix(l.text, "config ")
	default:
		return false, nil
	}
	return true, nil
}

// verbatim is a block as it was written, its own indentation removed.
func verbatim(block []line, indent int) string {
	var b strings.Builder
	for _, l := range block {
		b.WriteString(strings.Repeat(" ", l.indent-indent) + l.text + "\n")
		b.WriteString(verbatim(l.block, indent))
	}
	return b.String()
}

// bars is the text of a block's lines that begin with |, with CRLF line ends.
func bars(block []line) string {
	var b strings.Builder
	for _, l := range block {
		if rest, ok := strings.CutPrefix(l.text, "|"); ok {
			b.WriteString(strings.TrimPrefix(rest, " ") + "\r\n")
		}
	}
	return b.String()
}
