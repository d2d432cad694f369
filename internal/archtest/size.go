package archtest

import (
	"cmp"
	"fmt"
	"go/ast"
	"slices"
)

// The bounds that MODELS.md sets.
const (
	maxFunction    = 100
	maxFile        = 800
	maxStruct      = 25
	medianFunction = 8
	p95Function    = 45
)

// CheckSizes bounds functions, files and structs of code.
func CheckSizes(m *Module) []Finding {
	var found []Finding
	for _, fn := range functions(m) {
		if fn.lines > maxFunction {
			found = append(found, m.finding(fn.decl.Pos(), "%s has %d lines, over %d: split it where it changes its subject", fn.decl.Name.Name, fn.lines, maxFunction))
		}
	}
	for _, f := range m.code {
		if f.Lines > maxFile {
			found = append(found, m.finding(f.Package, "the file has %d lines, over %d: one verb or topic per file", f.Lines, maxFile))
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if s, ok := n.(*ast.StructType); ok && s.Fields.NumFields() > maxStruct {
				found = append(found, m.finding(s.Pos(), "the struct has %d fields, over %d: group those that change together into a struct of their own", s.Fields.NumFields(), maxStruct))
			}
			return true
		})
	}
	return found
}

// function is a declared function or method of code and its length.
type function struct {
	decl  *ast.FuncDecl
	lines int
}

// functions lists the functions of code, shortest first. The length is from the
// first line of the declaration to the last, both counted.
func functions(m *Module) []function {
	var list []function
	for _, f := range m.code {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				lines := m.Fset.Position(fn.End()).Line - m.Fset.Position(fn.Pos()).Line + 1
				list = append(list, function{fn, lines})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b function) int { return cmp.Compare(a.lines, b.lines) })
	return list
}

// quantile gives the length that a share of the functions does not exceed.
func quantile(list []function, share float64) int {
	if len(list) == 0 {
		return 0
	}
	return list[min(len(list)-1, int(share*float64(len(list))))].lines
}

// Lengths says how long the module's functions are.
func Lengths(m *Module) string {
	list := functions(m)
	return fmt.Sprintf("%d functions: median %d lines (at most %d), 95%% within %d (at most %d)",
		len(list), quantile(list, 0.5), medianFunction, quantile(list, 0.95), p95Function)
}

// CheckLengths bounds the median function and the 95th percentile, and names
// the functions that are to blame.
func CheckLengths(m *Module) []Finding {
	list := functions(m)
	limit := 0
	switch {
	case quantile(list, 0.95) > p95Function:
		limit = p95Function
	case quantile(list, 0.5) > medianFunction:
		limit = medianFunction
	default:
		return nil
	}
	var found []Finding
	for _, fn := range slices.Backward(list) {
		if fn.lines > limit && len(found) < 20 {
			found = append(found, m.finding(fn.decl.Pos(), "%s has %d lines, and the module's functions are too long (%s): split it", fn.decl.Name.Name, fn.lines, Lengths(m)))
		}
	}
	return found
}
