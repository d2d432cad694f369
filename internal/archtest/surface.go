package archtest

import (
	"go/ast"
	"go/token"
	"strings"
)

// name is a package-level name: of our package by its directory, of any other
// by its import path.
type name struct {
	pkg, name string
}

// surface is what a package-level name shows to who uses it: the names in its
// signature, its exported fields and its exported methods.
type surface struct {
	pos   token.Pos
	shows []name
}

// surfaces maps every package-level name of the module's code.
type surfaces struct {
	m  *Module
	of map[name]*surface
}

// CheckSurfaces keeps types of libraries from crossing their wall through
// exported names: neither does the gate of a wall show one anywhere, nor does a
// package outside use a name, of any package inside, through which one can be
// reached.
func CheckSurfaces(m *Module) []Finding {
	s := newSurfaces(m)
	return append(s.checkGates(), s.checkUses()...)
}

func newSurfaces(m *Module) *surfaces {
	s := &surfaces{m: m, of: map[name]*surface{}}
	for p, f := range m.code {
		c := collector{s: s, dir: p.Dir, file: f}
		for _, d := range f.Decls {
			c.declaration(d)
		}
	}
	return s
}

// checkGates looks at the exported names of the package in front of each wall.
func (s *surfaces) checkGates() []Finding {
	var found []Finding
	gates := map[string]bool{}
	for _, w := range walls {
		for _, d := range w.dirs {
			gates[strings.TrimSuffix(d, "/...")] = true
		}
	}
	for n, sf := range s.of {
		if !gates[n.pkg] || !ast.IsExported(n.name) {
			continue
		}
		path := s.leak(n, "", map[name]bool{})
		// A way through another exported name of a gate is told of at that name.
		if path != nil && !(gates[path[1].pkg] && ast.IsExported(path[1].name)) {
			found = append(found, s.m.finding(sf.pos, "%s shows %s: wrap it in a type of ours, or do not export it", n.name, trail(path)))
		}
	}
	return found
}

// checkUses looks at every use of our packages' names.
func (s *surfaces) checkUses() []Finding {
	var found []Finding
	seen := map[string]bool{}
	for p, f := range s.m.code {
		ast.Inspect(f.File, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			used, ok := s.qualified(f, sel)
			key := p.Dir + " " + used.pkg + "." + used.name
			if !ok || seen[key] {
				return true
			}
			if path := s.leak(used, p.Dir, map[name]bool{}); path != nil {
				seen[key] = true
				found = append(found, s.m.finding(sel.Pos(), "%s uses %s.%s, which shows %s, from outside its wall: wrap it in a type of ours", p.Dir, used.pkg, used.name, trail(path)))
			}
			return true
		})
	}
	return found
}

// leak finds a way from a name to a library's type that dir may not see; with no
// dir, nobody may. Libraries without a wall are CheckWalls's affair.
func (s *surfaces) leak(n name, dir string, visited map[name]bool) []name {
	if visited[n] {
		return nil
	}
	visited[n] = true
	if s.m.foreign(n.pkg) {
		if w, ok := wallOf(n.pkg); ok && (dir == "" || !withinAny(dir, w.dirs)) {
			return []name{n}
		}
		return nil
	}
	sf := s.of[n]
	if sf == nil {
		return nil
	}
	for _, shown := range sf.shows {
		if rest := s.leak(shown, dir, visited); rest != nil {
			return append([]name{n}, rest...)
		}
	}
	return nil
}

// trail prints a way without its first step.
func trail(path []name) string {
	var steps []string
	for _, n := range path[min(1, len(path)-1):] {
		steps = append(steps, n.pkg+"."+n.name)
	}
	return strings.Join(steps, ", which shows ")
}

// qualified resolves pkg.Name; a local variable called like an import is none.
func (s *surfaces) qualified(f *File, sel *ast.SelectorExpr) (name, bool) {
	x, ok := sel.X.(*ast.Ident)
	if !ok || x.Obj != nil {
		return name{}, false
	}
	imported, ok := f.Imports[x.Name]
	if !ok {
		return name{}, false
	}
	if dir, ours := s.m.local(imported); ours {
		imported = dir
	}
	return name{imported, sel.Sel.Name}, true
}

// collector fills surfaces from one file.
type collector struct {
	s    *surfaces
	dir  string
	file *File
}

func (c *collector) at(id *ast.Ident) *surface {
	n := name{c.dir, id.Name}
	if c.s.of[n] == nil {
		c.s.of[n] = &surface{pos: id.Pos()}
	}
	return c.s.of[n]
}

func (c *collector) declaration(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		c.function(d)
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				sf := c.at(spec.Name)
				sf.pos = spec.Name.Pos()
				c.fields(sf, spec.TypeParams, false)
				c.expr(sf, spec.Type)
			case *ast.ValueSpec:
				c.values(spec)
			}
		}
	}
}

// function adds a signature: a function's to itself, an exported method's to its
// receiver's type.
func (c *collector) function(d *ast.FuncDecl) {
	owner := d.Name
	if d.Recv != nil {
		owner = receiver(d)
		if owner == nil || !d.Name.IsExported() {
			return
		}
	}
	c.expr(c.at(owner), d.Type)
}

// receiver gives the name of a method's type.
func receiver(d *ast.FuncDecl) *ast.Ident {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return nil
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.ParenExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x
		default:
			return nil
		}
	}
}

// values adds a variable's or constant's type or, without one, the names at the
// head of its value: a literal's type, a called function, a copied constant.
func (c *collector) values(spec *ast.ValueSpec) {
	for i, id := range spec.Names {
		switch sf := c.at(id); {
		case spec.Type != nil:
			c.expr(sf, spec.Type)
		case len(spec.Values) == len(spec.Names):
			c.expr(sf, head(spec.Values[i]))
		case len(spec.Values) == 1:
			c.expr(sf, head(spec.Values[0]))
		}
	}
}

func head(e ast.Expr) ast.Expr {
	switch x := e.(type) {
	case *ast.CallExpr:
		return head(x.Fun)
	case *ast.CompositeLit:
		return x.Type
	case *ast.UnaryExpr:
		return head(x.X)
	case *ast.ParenExpr:
		return head(x.X)
	case *ast.FuncLit:
		return x.Type
	default:
		return e
	}
}

// expr adds the names that a type shows.
func (c *collector) expr(sf *surface, e ast.Expr) {
	if e == nil {
		return
	}
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StructType:
			c.fields(sf, n.Fields, true)
			return false
		case *ast.InterfaceType:
			c.fields(sf, n.Methods, true)
			return false
		case *ast.Field:
			c.expr(sf, n.Type)
			return false
		case *ast.SelectorExpr:
			if shown, ok := c.s.qualified(c.file, n); ok {
				sf.shows = append(sf.shows, shown)
			}
			return false
		case *ast.Ident:
			sf.shows = append(sf.shows, name{c.dir, n.Name})
		}
		return true
	})
}

// fields adds fields, methods or type parameters: the exported ones only where
// that matters, and whatever is embedded, since it promotes what it exports.
func (c *collector) fields(sf *surface, list *ast.FieldList, exportedOnly bool) {
	if list == nil {
		return
	}
	for _, f := range list.List {
		shown := !exportedOnly || len(f.Names) == 0
		for _, id := range f.Names {
			shown = shown || id.IsExported()
		}
		if shown {
			c.expr(sf, f.Type)
		}
	}
}
