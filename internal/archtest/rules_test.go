package archtest

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// sample makes a module from text: each file begins with a line "-- NAME --".
func sample(t *testing.T, text string) *Module {
	t.Helper()
	files := fstest.MapFS{"go.mod": {Data: []byte("module example.test/m\n\ngo 1.26\n")}}
	for part := range strings.SplitSeq("\n"+text, "\n-- ") {
		if name, body, ok := strings.Cut(part, " --\n"); ok {
			files[name] = &fstest.MapFile{Data: []byte(body + "\n")}
		}
	}
	m, err := Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sampleTest is a module and what a rule must find in it: for each finding its
// file:line and some of its words, in order; none when the module is sound.
type sampleTest struct {
	about string
	files string
	want  []string
}

func runSamples(t *testing.T, check func(*Module) []Finding, tests []sampleTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			found := sorted(check(sample(t, tt.files)))
			if len(found) != len(tt.want) {
				t.Fatalf("found %v\nwant %q", found, tt.want)
			}
			for i, want := range tt.want {
				where, words, _ := strings.Cut(want, " ")
				if got := found[i].String(); !strings.HasPrefix(got, where+": ") || !strings.Contains(got, words) {
					t.Errorf("found %s\nwant %s", got, want)
				}
			}
		})
	}
}

func TestCheckHouse(t *testing.T) {
	runSamples(t, CheckHouse, []sampleTest{
		{"an edge imports the core", `
-- sip/leg.go --
package sip
import "example.test/m/bridge"
import "example.test/m/sip/wire"
import "fmt"
import "github.com/emiago/sipgo/sip"
`, nil},
		{"the core imports an edge", `
-- bridge/call.go --
package bridge

import (
	"time"
	"example.test/m/sip"
	"example.test/m/rtp/codec"
	"example.test/m/sip/wire"
)
`, []string{
			"bridge/call.go:5 bridge imports sip, and may import only event, sdp, dialplan, rtp/...",
			"bridge/call.go:7 bridge imports sip/wire",
		}},
		{"the ground floor imports its like", `
-- sdp/parse.go --
package sdp
import "example.test/m/event"
-- rtp/mix.go --
package rtp
import "example.test/m/rtp/audio"
-- rtp/audio/mix.go --
package audio
import "example.test/m/rtp"
-- sip/wire/x.go --
package wire
import "example.test/m/sip/digest"
`, []string{
			"sdp/parse.go:2 sdp imports event, and may import nothing of ours",
			"sip/wire/x.go:2 sip/wire imports sip/digest",
		}},
		{"configuration is for the composition root", `
-- gateway/new.go --
package gateway
import "example.test/m/config"
-- cmd/tandem/main.go --
package main
import "example.test/m/config"
-- internal/demo/demo.go --
package demo
import "example.test/m/config"
-- internal/calltest/run.go --
package calltest
import "example.test/m/config"
-- sip/trunk.go --
package sip
import "example.test/m/config"
-- test/bench/main.go --
package main
import "example.test/m/config"
`, []string{
			"sip/trunk.go:2 sip imports config",
			"test/bench/main.go:2 test/bench imports config",
		}},
		{"production does not import test support", `
-- gateway/new.go --
package gateway
import "example.test/m/internal/simnet"
`, []string{"gateway/new.go:2 gateway imports internal/simnet"}},
		{"tests may import upwards", `
-- bridge/call.go --
package bridge
-- bridge/call_test.go --
package bridge
import "example.test/m/sip"
`, nil},
		{"an unknown package is told once", `
-- misc/a.go --
package misc
import "example.test/m/sip"
-- misc/b.go --
package misc
-- main.go --
package main
`, []string{"main.go:1 package . is not in the house", "misc/a.go:1 package misc is not in the house"}},
		{"a tree is not its neighbour", `
-- rtpx/a.go --
package rtpx
`, []string{"rtpx/a.go:1 package rtpx is not in the house"}},
	})
}

func TestHouseIsInOrder(t *testing.T) {
	known := map[string]bool{}
	for _, f := range house {
		if known[f.pattern] {
			t.Errorf("%s is in the house twice", f.pattern)
		}
		known[f.pattern] = true
	}
	for _, f := range house {
		for _, imported := range f.imports {
			if imported != "sip/..." && !known[imported] {
				if _, ok := floorOf(imported); !ok {
					t.Errorf("%s may import %s, which is not in the house", f.pattern, imported)
				}
			}
		}
	}
	if f, _ := floorOf("sip/wire"); f.pattern != "sip/wire" {
		t.Errorf("sip/wire is on floor %s", f.pattern)
	}
}

func TestCheckWalls(t *testing.T) {
	runSamples(t, CheckWalls, []sampleTest{
		{"each behind its own", `
-- sip/wire/parse.go --
package wire
import "github.com/emiago/sipgo/sip"
-- rtp/header.go --
package rtp
import "github.com/pion/rtp"
import "golang.org/x/sys/unix"
-- config/load.go --
package config
import "github.com/goccy/go-yaml/ast"
-- cmd/tandem/main.go --
package main
import "github.com/alecthomas/kong"
`, nil},
		{"outside", `
-- bridge/call.go --
package bridge
import "github.com/pion/rtp"
-- gateway/run.go --
package gateway
import (
	y "github.com/goccy/go-yaml"
	"golang.org/x/sys/unix"
)
-- sip/dialplan.go --
package sip
import "github.com/nyaruka/phonenumbers"
`, []string{
			"bridge/call.go:2 github.com/pion/rtp stays behind its wall, rtp/...",
			"gateway/run.go:3 github.com/goccy/go-yaml stays behind its wall, config",
			"gateway/run.go:4 golang.org/x/sys/unix stays behind its wall, rtp/... and sip/transport",
			"sip/dialplan.go:2 phonenumbers stays behind its wall, dialplan",
		}},
		{"test libraries", `
-- sdp/machine.go --
package sdp
import "pgregory.net/rapid"
-- sdp/machine_test.go --
package sdp
import "pgregory.net/rapid"
import "go.uber.org/goleak"
`, []string{"sdp/machine.go:2 pgregory.net/rapid is for tests only"}},
		{"an unknown library, also in a test", `
-- sdp/a_test.go --
package sdp
import "github.com/stretchr/testify/assert"
-- sip/a.go --
package sip
import "github.com/emiago/sipgox"
`, []string{
			"sdp/a_test.go:2 testify/assert is a library without a wall",
			"sip/a.go:2 sipgox is a library without a wall",
		}},
	})
}

func TestCheckSurfacesAtGates(t *testing.T) {
	runSamples(t, CheckSurfaces, []sampleTest{
		{"kept inside", `
-- sip/leg.go --
package sip
import "github.com/emiago/sipgo/sip"
// Leg hides it.
type Leg struct { req *sip.Request }
func (l *Leg) request() *sip.Request { return l.req }
func parse(b []byte) sip.Message { return nil }
// New takes ours.
func New(name string) *Leg { r := sip.NewRequest(); return &Leg{r} }
`, nil},
		{"a function, a field, a method, a variable, a constant", `
-- sip/leg.go --
package sip
import "github.com/emiago/sipgo/sip"
func New(r *sip.Request) {}
type Leg struct { Req []*sip.Request }
type Call struct{}
func (c Call) Next() chan sip.Message { return nil }
var Default = sip.NewRequest()
const Invite = sip.INVITE
var OK, Busy sip.Response
`, []string{
			"sip/leg.go:3 New shows github.com/emiago/sipgo/sip.Request",
			"sip/leg.go:4 Leg shows",
			"sip/leg.go:5 Call shows github.com/emiago/sipgo/sip.Message",
			"sip/leg.go:7 Default shows",
			"sip/leg.go:8 Invite shows",
			"sip/leg.go:9 Busy shows",
			"sip/leg.go:9 OK shows",
		}},
		{"embedded, aliased, in an interface, generic", `
-- dialplan/number.go --
package dialplan
import pn "github.com/nyaruka/phonenumbers"
type Number struct { *pn.PhoneNumber }
type Alias = pn.PhoneNumber
type Reader interface { Read(string) (*pn.PhoneNumber, error) }
type List[T pn.PhoneNumber] []T
type Wrapped struct { List[int] }
`, []string{
			"dialplan/number.go:3 Number shows",
			"dialplan/number.go:4 Alias shows",
			"dialplan/number.go:5 Reader shows",
			"dialplan/number.go:6 List shows",
		}},
		{"through an unexported type", `
-- config/load.go --
package config
import "github.com/goccy/go-yaml/ast"
type Config struct { Root node }
type node struct { Node ast.Node }
`, []string{"config/load.go:3 Config shows config.node, which shows github.com/goccy/go-yaml/ast.Node"}},
		{"a local variable is no package", `
-- rtp/a.go --
package rtp
import "github.com/pion/rtp"
// F is sound.
func F() { rtp := struct{ Packet int }{}; _ = rtp.Packet }
var _ = rtp.Packet{}
`, nil},
	})
}

func TestCheckSurfacesInUse(t *testing.T) {
	const wire = `
-- sip/wire/wire.go --
package wire
import "github.com/emiago/sipgo/sip"
type Message struct { Raw sip.Message }
type Method string
func Parse(b []byte) *Message { return nil }
`
	runSamples(t, CheckSurfaces, []sampleTest{
		{"inside the wall", wire + `
-- sip/leg.go --
package sip
import "example.test/m/sip/wire"
func parse() { m := wire.Parse(nil); _ = m }
`, nil},
		{"what is ours, outside", wire + `
-- gateway/run.go --
package gateway
import "example.test/m/sip/wire"
const invite wire.Method = "INVITE"
`, nil},
		{"what is theirs, outside", wire + `
-- gateway/run.go --
package gateway
import "example.test/m/sip/wire"
func run() {
	m := wire.Parse(nil)
	n := wire.Parse(nil)
	_, _ = m, n
}
`, []string{"gateway/run.go:4 gateway uses sip/wire.Parse, which shows sip/wire.Message, which shows github.com/emiago/sipgo/sip.Message, from outside its wall"}},
	})
}

func TestCheckDocs(t *testing.T) {
	runSamples(t, CheckDocs, []sampleTest{
		{"documented", `
-- sdp/a.go --
// Package sdp is documented in one of its files.
package sdp
-- sdp/b.go --
package sdp

// T is a type.
type T struct{ Field int }

// M is a method.
func (T) M() {}

// A and B are a group.
const (
	A = 1
	B = 2
)

var (
	// C is documented alone.
	C = 1
	D = 2 // D is too.
)

type hidden struct{}

func (hidden) String() string { return "" }
func inner()                  {}
`, nil},
		{"not documented", `
-- sdp/a.go --
package sdp

type T struct{}

func (t *T) M() {}

func F() {}

const A, B = 1, 2

// A group of types.
type (
	U struct{}
	// V is documented.
	V struct{}
)
-- sdp/a_test.go --
package sdp

func TestX() {}
`, []string{
			"sdp/a.go:1 package sdp has no doc comment",
			"sdp/a.go:3 T is exported",
			"sdp/a.go:5 M is exported",
			"sdp/a.go:7 F is exported",
			"sdp/a.go:9 A is exported",
			"sdp/a.go:9 B is exported",
			"sdp/a.go:13 U is exported",
		}},
		{"a package of tests only needs none", `
-- test/call_test.go --
package test
`, nil},
	})
}

// lines gives n lines of Go that say nothing.
func lines(n int) string { return strings.Repeat("\t_ = 0\n", n) }

func TestCheckSizes(t *testing.T) {
	fields := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "\tf%d int\n", i)
		}
		return b.String()
	}
	runSamples(t, CheckSizes, []sampleTest{
		{"at the bounds", "-- sdp/a.go --\npackage sdp\nfunc f() {\n" + lines(98) + "}\ntype T struct {\n" + fields(25) + "}\n" + strings.Repeat("\n", 800-129-1), nil},
		{"a function over", "-- sdp/a.go --\npackage sdp\nfunc f() {\n" + lines(99) + "}\n", []string{"sdp/a.go:2 f has 101 lines, over 100"}},
		{"a struct over, nested too", "-- sdp/a.go --\npackage sdp\ntype T struct {\n inner struct {\n" + fields(26) + "}\n}\n", []string{"sdp/a.go:3 the struct has 26 fields, over 25"}},
		{"a file over", "-- sdp/a.go --\npackage sdp\n" + strings.Repeat("\n", 800), []string{"sdp/a.go:1 the file has 80"}},
		{"tests and generated files are free", "-- sdp/a_test.go --\npackage sdp\nfunc f() {\n" + lines(99) + "}\n-- sdp/b.go --\n// Code generated by x. DO NOT EDIT.\npackage sdp\nfunc g() {\n" + lines(99) + "}\n", nil},
	})
}

// functionsOf makes a file with one function of each length.
func functionsOf(lengths ...int) string {
	var b strings.Builder
	b.WriteString("-- sdp/a.go --\npackage sdp\n")
	for i, n := range lengths {
		fmt.Fprintf(&b, "func f%d() {\n%s}\n", i, lines(n-2))
	}
	return b.String()
}

func TestCheckLengths(t *testing.T) {
	runSamples(t, CheckLengths, []sampleTest{
		{"short", functionsOf(3, 3, 8, 8, 8, 20), nil},
		{"one long among many short ones", functionsOf(append(make20(3), 60)...), nil},
		{"the median too long", functionsOf(3, 9, 9), []string{
			"sdp/a.go:5 f1 has 9 lines, and the module's functions are too long (3 functions: median 9 lines",
			"sdp/a.go:14 f2 has 9 lines",
		}},
		{"too many long ones", functionsOf(3, 3, 3, 3, 46), []string{"sdp/a.go:14 f4 has 46 lines"}},
	})
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("no functions have a median of %d", got)
	}
}

func make20(n int) []int {
	list := make([]int, 20)
	for i := range list {
		list[i] = n
	}
	return list
}

func TestCheckVariables(t *testing.T) {
	runSamples(t, CheckVariables, []sampleTest{
		{"errors, tables and proofs are no state", `
-- sdp/a.go --
package sdp
import ("errors"; "regexp"; "io"; "strings"; "fmt")
var ErrBad error
var errOther = fmt.Errorf("x")
var failed = errors.New("x")
var names = []string{"a"}
var byName = map[string]int{}
var lut = [4]byte{1}
var pattern = regexp.MustCompile("x")
var escape = strings.NewReplacer("a", "b")
var _ io.Reader = (*T)(nil)
var curve = makeCurve()
var inline = func() [2]int { return [2]int{} }()
var raw = []byte("x")
var rows = table{{1}}
var shared = &[2]int{}
type T struct{}
type table [][]int
func makeCurve() *[256]int16 { return nil }
//go:embed x.yaml
var file []byte
-- sdp/a_test.go --
package sdp
var state int
`, []string{"sdp/a.go:16 package variable shared"}},
		{"state", `
-- sdp/a.go --
package sdp
import "sync"
var count int
var a, b = 1, T{}
var cache map[string]int
var once sync.Once
var f = makeT()
var g = sync.OnceFunc(nil)
type T struct{}
func makeT() T { return T{} }
`, []string{
			"sdp/a.go:3 package variable count: the module has 7 in",
			"sdp/a.go:4 package variable a",
			"sdp/a.go:4 package variable b",
			"sdp/a.go:5 package variable cache",
			"sdp/a.go:6 package variable once",
			"sdp/a.go:7 package variable f",
			"sdp/a.go:8 package variable g",
		}},
		{"one in two thousand lines", "-- sdp/a.go --\npackage sdp\nvar count int\n" + strings.Repeat("\n", 2000), nil},
	})
}

func TestCheckMutexes(t *testing.T) {
	runSamples(t, CheckMutexes, []sampleTest{
		{"fields, embedded, variables", `
-- sdp/a.go --
package sdp
import "sync"
type A struct { mu sync.Mutex }
type B struct { sync.RWMutex }
type C struct { mu *sync.Mutex; wg sync.WaitGroup }
var lock sync.Mutex
-- sdp/a_test.go --
package sdp
import "sync"
type T struct { mu sync.Mutex }
`, []string{
			"sdp/a.go:3 mutex mu: the module has 4",
			"sdp/a.go:4 mutex (embedded)",
			"sdp/a.go:5 mutex mu",
			"sdp/a.go:6 mutex lock",
		}},
		{"one in two thousand lines", "-- sdp/a.go --\npackage sdp\nimport \"sync\"\ntype A struct { mu sync.Mutex }\n" + strings.Repeat("\n", 2000), nil},
	})
}

func TestCheckSleeps(t *testing.T) {
	const sleep = "import \"time\"\nfunc f() { time.Sleep(1) }\n"
	runSamples(t, CheckSleeps, []sampleTest{
		{"in tests and in what serves them", `
-- sdp/a_test.go --
package sdp
` + sleep + `
-- internal/calltest/run.go --
package calltest
` + sleep + `
-- internal/simnet/sub/x.go --
package sub
` + sleep, []string{"internal/calltest/run.go:3 a test sleeps", "sdp/a_test.go:3 a test sleeps"}},
		{"with real peers", "-- test/sipp_test.go --\npackage test\n" + sleep + "-- test/bench/main.go --\npackage main\n" + sleep, nil},
		{"under another name, and not at all", `
-- sdp/a_test.go --
package sdp
import clock "time"
type T struct{}
func (T) Sleep(int) {}
func f() { clock.Sleep(1) }
func g(time T) { time.Sleep(1) }
`, []string{"sdp/a_test.go:5 a test sleeps"}},
	})
}

func TestCheckSkips(t *testing.T) {
	runSamples(t, CheckSkips, []sampleTest{
		{"skips", `
-- sdp/a_test.go --
package sdp
import "testing"
func TestA(t *testing.T) { t.Skip() }
func TestB(t *testing.T) { t.Skip("needs root: run as root") }
func TestC(t *testing.T) { t.SkipNow() }
func TestD(t *testing.T) { t.Skip("") }
func TestE(t *testing.T) { t.Skipf("needs %s", "x") }
func BenchmarkF(b *testing.B) { b.Skip(" ") }
func g(scanner interface{ Skip() }) { scanner.Skip() }
`, []string{
			"sdp/a_test.go:3 a test is skipped without a reason",
			"sdp/a_test.go:5 a test is skipped",
			"sdp/a_test.go:6 a test is skipped",
			"sdp/a_test.go:8 a test is skipped",
		}},
	})
}

func TestCheckRatio(t *testing.T) {
	files := func(code, test int) string {
		return "-- sdp/a.go --\npackage sdp" + strings.Repeat("\n", code) + "-- sdp/a_test.go --\npackage sdp" + strings.Repeat("\n", test)
	}
	runSamples(t, CheckRatio, []sampleTest{
		{"as much", files(10, 10), nil},
		{"less", files(10, 8), []string{"sdp/a.go:1 package sdp has"}},
		{"support is test code", files(10, 5) + "-- internal/calltest/a.go --\npackage calltest\n\n\n\n\n\n\n", nil},
		{"generated files do not count", files(10, 10) + "-- sdp/b.go --\n// Code generated by x. DO NOT EDIT.\npackage sdp" + strings.Repeat("\n", 50), nil},
	})
}

func TestCheckWords(t *testing.T) {
	runSamples(t, CheckWords, []sampleTest{
		{"avoided", `
-- rtp/a.go --
package rtp
type Session struct{}
type Path struct{}
-- bridge/a.go --
package bridge
type CallManager struct{}
type session struct{}
type CallSession struct{}
-- sip/util/a.go --
package utils
type ALeg int
`, []string{
			`bridge/a.go:2 type CallManager: "Manager"`,
			`bridge/a.go:4 type CallSession: "Session"`,
			"sip/util/a.go:1 package name utils says nothing",
			`sip/util/a.go:2 type ALeg: "ALeg"`,
		}},
	})
}

func TestReports(t *testing.T) {
	m := sample(t, `
-- sdp/a.go --
package sdp
import "sync"
var count int
type A struct { mu sync.Mutex }
func f() {
}
-- sdp/a_test.go --
package sdp
`)
	if got, want := Lengths(m), "1 functions: median 2 lines (at most 8), 95% within 2 (at most 45)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := State(m); !strings.Contains(got, "package variables: 1 in 6 lines") || !strings.Contains(got, "\n\tsdp: mu") {
		t.Errorf("got %s", got)
	}
	if got, want := Ratio(m), "2 lines of tests for 6 of code: 0.33 times (at least 1.2, fails under 1.0)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLoadSkipsWhatGoSkips(t *testing.T) {
	m := sample(t, `
-- a.go --
package a
-- testdata/b.go --
not Go
-- vendor/x/c.go --
not Go
-- .git/d.go --
not Go
-- _old/e.go --
not Go
-- sub/_f.go --
not Go
-- sub/g.txt --
not Go
`)
	if len(m.Packages) != 1 || m.Packages[0].Dir != "." || m.Path != "example.test/m" {
		t.Errorf("loaded %+v", m.Packages)
	}
}

func TestLoadErrors(t *testing.T) {
	for about, files := range map[string]fstest.MapFS{
		"no go.mod":      {"a.go": {Data: []byte("package a")}},
		"no module line": {"go.mod": {Data: []byte("go 1.26\n")}},
		"no Go":          {"go.mod": {Data: []byte("module m\n")}, "a.go": {Data: []byte("pack")}},
	} {
		if _, err := Load(files); err == nil {
			t.Errorf("%s: loaded", about)
		}
	}
}

func TestImportNames(t *testing.T) {
	for path, want := range map[string]string{
		"fmt": "fmt", "github.com/goccy/go-yaml": "yaml", "github.com/pion/srtp/v3": "srtp",
		"example.test/m/sip/wire": "wire", "github.com/danielgtaylor/huma/v2": "huma", "example.test/vat": "vat",
	} {
		if got := packageName(path); got != want {
			t.Errorf("%s is used as %s, want %s", path, got, want)
		}
	}
}
