package config

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/parser"
)

const examplePath = "../tandem.example.yaml"

// derived are the defaults that follow from other keys; the tests of parse_test.go
// that are named "follow" hold them.
var derived = []string{"sip.domain", "rtp.address", "users.caller_ids", "trunks.registrar", "users.forward.no_answer_after", "routes.ringing_timeout"}

// required are the keys without which an entry is refused (entryTests).
var required = []string{"users.name", "users.password", "trunks.name", "trunks.address", "routes.name", "routes.to", "routes.trunks.name"}

func loadExample(t *testing.T) (*Config, []string) {
	t.Helper()
	c, err := Load(examplePath)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(examplePath)
	if err != nil {
		t.Fatal(err)
	}
	return c, strings.Split(string(data), "\n")
}

func TestExampleLoadsWithoutWarning(t *testing.T) {
	if c, _ := loadExample(t); len(c.Warnings) != 0 {
		t.Error(c.Warnings)
	}
}

// firstLines finds for each key of the schema the first line that has it.
func firstLines(c *Config) map[string]int {
	lines := map[string]int{}
	for path, at := range c.positions {
		key := schemaPath(path)
		if first, ok := lines[key]; !ok || at.line < first {
			lines[key] = at.line
		}
	}
	return lines
}

// commentAbove gives the comment that ends on the line before the given one.
func commentAbove(lines []string, line int) string {
	var comment []string
	for i := line - 2; i >= 0 && strings.HasPrefix(strings.TrimSpace(lines[i]), "#"); i-- {
		comment = append(comment, strings.TrimLeft(lines[i], "# "))
	}
	slices.Reverse(comment)
	return strings.Join(comment, "\n")
}

// stated gives what the comment says of the default.
func stated(comment string) string {
	last := comment[strings.LastIndexByte(comment, '\n')+1:]
	return strings.TrimPrefix(last, "Default: ")
}

func TestExampleExplainsEveryKey(t *testing.T) {
	c, lines := loadExample(t)
	first := firstLines(c)
	for _, k := range schema(reflect.TypeFor[Config](), "") {
		line, ok := first[k.path]
		if !ok {
			t.Errorf("%s is not in %s", k.path, examplePath)
			continue
		}
		comment := commentAbove(lines, line)
		if comment == "" {
			t.Errorf("%s:%d: %s is not explained", examplePath, line, k.path)
		}
		if isSection(k.typ) {
			continue
		}
		if slices.Contains(required, k.path) != (stated(comment) == "Required") {
			t.Errorf("%s:%d: %s is %q", examplePath, line, k.path, stated(comment))
		}
	}
}

// isSection tells a key that holds other keys.
func isSection(t reflect.Type) bool {
	return t != nil && !isSingle(elem(t)) && elem(t).Kind() == reflect.Struct
}

func TestExampleStatesTheRealDefaults(t *testing.T) {
	c, lines := loadExample(t)
	first, defaults := firstLines(c), realDefaults()
	for _, k := range schema(reflect.TypeFor[Config](), "") {
		if isSection(k.typ) || slices.Contains(required, k.path) {
			continue
		}
		text := stated(commentAbove(lines, first[k.path]))
		switch {
		case slices.Contains(derived, k.path):
			if text == "" {
				t.Errorf("%s states no default", k.path)
			}
		default:
			if got, want := valueOf(t, k.typ, text), defaults[k.path]; !same(got, want) {
				t.Errorf("%s states %q, which is %v, and the default is %v", k.path, text, got, want)
			}
		}
	}
}

func same(a, b reflect.Value) bool {
	if a.Kind() == reflect.Slice && a.Len() == 0 && b.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// valueOf reads the text of a default as the file would be read.
func valueOf(t *testing.T, typ reflect.Type, text string) reflect.Value {
	t.Helper()
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	v, c := reflect.New(typ).Elem(), newChecker("default")
	c.decode(file.Docs[0].Body, v, "default")
	if len(c.problems) > 0 {
		t.Errorf("%q: %v", text, c.problems)
	}
	return v
}

// realDefaults gives the value of every key that the file leaves out.
func realDefaults() map[string]reflect.Value {
	values := map[string]reflect.Value{}
	collect := func(path string, v reflect.Value) {
		for _, f := range reflect.VisibleFields(v.Type()) {
			values[join(path, f.Tag.Get("yaml"))] = v.FieldByIndex(f.Index)
		}
	}
	c := Default()
	var u User
	var tr Trunk
	var r Route
	u.setDefaults()
	tr.setDefaults()
	r.setDefaults()
	for path, section := range map[string]any{
		"": *c, "sip": c.SIP, "sip.tls": c.SIP.TLS, "rtp": c.RTP, "cdr": c.CDR, "prompts": c.Prompts, "recording": c.Recording,
		"users": u, "users.forward": u.Forward, "trunks": tr, "trunks.tls": tr.TLS, "trunks.failover": tr.Failover,
		"trunks.numbers": tr.Numbers, "trunks.numbers.called": NumberFormat{}, "trunks.numbers.caller": NumberFormat{},
		"trunks.numbers.inbound": NumberFormat{}, "trunks.headers": HeaderRule{}, "routes": r, "routes.trunks": RouteTrunk{},
	} {
		collect(path, reflect.ValueOf(section))
	}
	return values
}

func TestEveryKeyIsReachableAndTagged(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range schema(reflect.TypeFor[Config](), "") {
		if seen[k.path] {
			t.Errorf("%s is in the schema twice", k.path)
		}
		seen[k.path] = true
	}
	for p := range effects {
		if !seen[p] {
			t.Errorf("effect %s is of no key", p)
		}
	}
	for _, p := range slices.Concat(derived, required) {
		if !seen[p] {
			t.Errorf("%s is listed in this test and is no key", p)
		}
	}
	if len(seen) < 40 {
		t.Errorf("only %d keys: the schema is not walked", len(seen))
	}
}
