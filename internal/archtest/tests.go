package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// The share of test lines to lines of code: what MODELS.md asks for, and what
// fails.
const (
	wantedTests  = 1.2
	fewestTests  = 1.0
	realPeersDir = "test/..."
)

// support are the packages that serve tests only and count as test code.
var support = []string{"internal/archtest", "internal/authority", "internal/calltest", "internal/simnet", realPeersDir}

// CheckSleeps finds tests, and code that only tests use, that wait in real time.
// Tests with real peers may, and so may files that run in a testing/synctest
// bubble: time is simulated there.
func CheckSleeps(m *Module) []Finding {
	var found []Finding
	for f := range m.tests {
		if imports(f.File, "testing/synctest") {
			continue
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && isName(f, call.Fun, "time", "Sleep") {
				found = append(found, m.finding(call.Pos(), "a test sleeps: run it in a testing/synctest bubble and wait on a timer or an event"))
			}
			return true
		})
	}
	return found
}

func imports(f *ast.File, path string) bool {
	for _, spec := range f.Imports {
		if spec.Path.Value == `"`+path+`"` {
			return true
		}
	}
	return false
}

// tests yields test files and files of the packages that serve tests, but for
// those with real peers.
func (m *Module) tests(yield func(*File) bool) {
	for _, p := range m.Packages {
		for _, f := range p.Files {
			if within(p.Dir, realPeersDir) || !f.Test && !withinAny(p.Dir, support) {
				continue
			}
			if !yield(f) {
				return
			}
		}
	}
}

// CheckSkips finds tests that are skipped without a reason.
func CheckSkips(m *Module) []Finding {
	var found []Finding
	for _, p := range m.Packages {
		for _, f := range p.Files {
			if !f.Test {
				continue
			}
			ast.Inspect(f.File, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && skipsSilently(call) {
					found = append(found, m.finding(call.Pos(), "a test is skipped without a reason: say in Skip what is missing and how to get it, or let the test fail"))
				}
				return true
			})
		}
	}
	return found
}

// skipsSilently tells t.SkipNow(), and t.Skip and t.Skipf without a text.
func skipsSilently(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	switch sel.Sel.Name {
	case "SkipNow":
		return len(call.Args) == 0
	case "Skip", "Skipf":
		return receivesT(sel) && (len(call.Args) == 0 || emptyText(call.Args[0]))
	}
	return false
}

// receivesT tells a test's own Skip from other methods of that name by what
// tests, benchmarks and fuzz targets are called everywhere.
func receivesT(sel *ast.SelectorExpr) bool {
	x, ok := sel.X.(*ast.Ident)
	return ok && (x.Name == "t" || x.Name == "b" || x.Name == "f" || x.Name == "tb")
}

func emptyText(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING && strings.Trim(lit.Value, "\"` ") == ""
}

// Lines counts the lines of code and of test code. Generated files are neither.
func Lines(m *Module) (code, test int) {
	for _, p := range m.Packages {
		for _, f := range p.Files {
			switch {
			case ast.IsGenerated(f.File):
			case f.Test || withinAny(p.Dir, support):
				test += f.Lines
			default:
				code += f.Lines
			}
		}
	}
	return code, test
}

// Ratio says how much test code there is.
func Ratio(m *Module) string {
	code, test := Lines(m)
	return fmt.Sprintf("%d lines of tests for %d of code: %.2f times (at least %.1f, fails under %.1f)",
		test, code, float64(test)/float64(max(code, 1)), wantedTests, fewestTests)
}

// CheckRatio fails when there is less test code than code, and names the
// packages that have least.
func CheckRatio(m *Module) []Finding {
	code, test := Lines(m)
	if float64(test) >= fewestTests*float64(code) {
		return nil
	}
	var found []Finding
	for _, p := range m.Packages {
		one := &Module{Path: m.Path, Packages: []*Package{p}, Fset: m.Fset}
		if c, t := Lines(one); float64(t) < fewestTests*float64(c) {
			found = append(found, m.finding(p.Files[0].Package, "package %s has %s; the module has %s", p.Dir, Ratio(one), Ratio(m)))
		}
	}
	return found
}
