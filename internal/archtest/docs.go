package archtest

import (
	"go/ast"
	"go/token"
)

// CheckDocs wants a doc comment on every package and on every exported name of
// its code: types, functions, methods of exported types, and constants and
// variables, of which a group shares one.
func CheckDocs(m *Module) []Finding {
	var found []Finding
	documented := map[string]bool{}
	first := map[string]*File{}
	for p, f := range m.code {
		if first[p.Dir] == nil {
			first[p.Dir] = f
		}
		documented[p.Dir] = documented[p.Dir] || f.Doc != nil
		for _, id := range undocumented(f.File) {
			found = append(found, m.finding(id.Pos(), "%s is exported and has no doc comment: say what it is, its units and errors, and the RFC's section", id.Name))
		}
	}
	for _, p := range m.Packages {
		if f := first[p.Dir]; f != nil && !documented[p.Dir] {
			found = append(found, m.finding(f.Package, "package %s has no doc comment: say above a package clause what it is, what it decides and why", p.Dir))
		}
	}
	return found
}

// undocumented lists the exported names of a file that lack a comment.
func undocumented(f *ast.File) []*ast.Ident {
	var names []*ast.Ident
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if id := receiver(d); d.Doc == nil && d.Name.IsExported() && (id == nil || id.IsExported()) {
				names = append(names, d.Name)
			}
		case *ast.GenDecl:
			names = append(names, undocumentedSpecs(d)...)
		}
	}
	return names
}

func undocumentedSpecs(d *ast.GenDecl) []*ast.Ident {
	var names []*ast.Ident
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			// A comment above a group of types says what the group is, not the type.
			if spec.Doc == nil && (d.Doc == nil || d.Lparen != token.NoPos) && spec.Name.IsExported() {
				names = append(names, spec.Name)
			}
		case *ast.ValueSpec:
			if d.Doc != nil || spec.Doc != nil || spec.Comment != nil {
				continue
			}
			for _, id := range spec.Names {
				if id.IsExported() {
					names = append(names, id)
				}
			}
		}
	}
	return names
}
