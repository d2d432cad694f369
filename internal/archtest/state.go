package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// perThousand is how many package variables, and how many mutex fields, there
// may be in 1,000 lines of code (MODELS.md).
const perThousand = 0.5

// CheckVariables bounds package-level variables that are neither errors nor
// tables: they are state that two gateways in one process would share.
func CheckVariables(m *Module) []Finding {
	return bounded(m, variables(m), "package variable")
}

// CheckMutexes bounds mutexes: a call's state belongs to its goroutine.
func CheckMutexes(m *Module) []Finding {
	return bounded(m, mutexes(m), "mutex")
}

// place is one thing that is counted.
type place struct {
	dir, name string
	pos       token.Pos
}

func bounded(m *Module, places []place, what string) []Finding {
	lines := m.codeLines()
	if float64(len(places))*1000 <= perThousand*float64(lines) {
		return nil
	}
	var found []Finding
	for _, p := range places {
		found = append(found, m.finding(p.pos, "%s %s: the module has %d in %d lines, over %.1f per 1,000: pass the value, or give it one owner", what, p.name, len(places), lines, perThousand))
	}
	return found
}

// codeLines counts the lines that the bounds are about.
func (m *Module) codeLines() int {
	lines := 0
	for _, f := range m.code {
		lines += f.Lines
	}
	return lines
}

// State says how many package variables and mutexes each package has.
func State(m *Module) string {
	lines := m.codeLines()
	var b strings.Builder
	for _, kind := range []struct {
		name   string
		places []place
	}{{"package variables", variables(m)}, {"mutexes", mutexes(m)}} {
		fmt.Fprintf(&b, "%s: %d in %d lines (at most %.1f per 1,000)", kind.name, len(kind.places), lines, perThousand)
		for _, p := range kind.places {
			fmt.Fprintf(&b, "\n\t%s: %s", p.dir, p.name)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// variables lists the package-level variables of code that are state.
func variables(m *Module) []place {
	var list []place
	for p, f := range m.code {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				for i, id := range v.Names {
					if id.Name != "_" && !harmless(p, g, v, i) {
						list = append(list, place{p.Dir, id.Name, id.Pos()})
					}
				}
			}
		}
	}
	return list
}

// harmless tells an error, a table, or an embedded file from state.
func harmless(p *Package, g *ast.GenDecl, v *ast.ValueSpec, i int) bool {
	name := v.Names[i].Name
	if strings.HasPrefix(name, "Err") || strings.HasPrefix(name, "err") || embedded(g.Doc) || embedded(v.Doc) {
		return true
	}
	if i >= len(v.Values) {
		return false
	}
	return isTable(p, v.Values[i])
}

func embedded(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, c := range doc.List {
		if strings.HasPrefix(c.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// isTable accepts what is filled once and then read: a literal of a list or map
// type, a compiled pattern, an error, and a list or map that a function of the
// same package makes.
func isTable(p *Package, e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.CompositeLit:
		return isTableType(p, x.Type)
	case *ast.CallExpr:
		switch fun := x.Fun.(type) {
		case *ast.SelectorExpr:
			return constant(fun)
		case *ast.FuncLit:
			return returnsTable(p, fun.Type)
		case *ast.Ident:
			fn := p.function(fun.Name)
			return fn != nil && returnsTable(p, fn.Type)
		case *ast.ArrayType:
			return true
		}
	}
	return false
}

// constant tells calls that make a value which never changes.
func constant(fun *ast.SelectorExpr) bool {
	x, ok := fun.X.(*ast.Ident)
	if !ok {
		return false
	}
	switch x.Name + "." + fun.Sel.Name {
	case "regexp.MustCompile", "errors.New", "fmt.Errorf", "strings.NewReplacer":
		return true
	}
	return false
}

func returnsTable(p *Package, t *ast.FuncType) bool {
	return t.Results.NumFields() == 1 && isTableType(p, t.Results.List[0].Type)
}

// isTableType tells a list or map type, given as such or by a name of the
// package.
func isTableType(p *Package, t ast.Expr) bool {
	switch t := t.(type) {
	case *ast.ArrayType, *ast.MapType:
		return true
	case *ast.StarExpr:
		return isTableType(p, t.X)
	case *ast.Ident:
		spec := p.typeSpec(t.Name)
		return spec != nil && isTableType(p, spec.Type)
	}
	return false
}

// function finds a function of the package's code by name.
func (p *Package) function(name string) *ast.FuncDecl {
	for _, f := range p.Files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == name {
				return fn
			}
		}
	}
	return nil
}

// typeSpec finds a type of the package by name.
func (p *Package) typeSpec(name string) *ast.TypeSpec {
	for _, f := range p.Files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok && t.Name.Name == name {
					return t
				}
			}
		}
	}
	return nil
}

// mutexes lists the fields and variables of code that are mutexes.
func mutexes(m *Module) []place {
	var list []place
	for p, f := range m.code {
		ast.Inspect(f.File, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Field:
				if isMutex(f, n.Type) {
					list = append(list, place{p.Dir, label(n.Names), n.Pos()})
				}
			case *ast.ValueSpec:
				if isMutex(f, n.Type) {
					list = append(list, place{p.Dir, label(n.Names), n.Pos()})
				}
			}
			return true
		})
	}
	return list
}

func label(names []*ast.Ident) string {
	if len(names) == 0 {
		return "(embedded)"
	}
	return names[0].Name
}

func isMutex(f *File, t ast.Expr) bool {
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	return isName(f, t, "sync", "Mutex") || isName(f, t, "sync", "RWMutex")
}

// isName tells whether an expression is the given name of an imported package.
func isName(f *File, e ast.Expr, imported, name string) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Obj == nil && f.Imports[x.Name] == imported
}
