package archtest

import (
	"go/ast"
	"regexp"
)

// avoided are the words that DESIGN.md keeps out of the names of types: they
// say nothing, or name something else in telephony.
var avoided = regexp.MustCompile(`Session|Channel|Manager|Handler|Helper|Service|Util|ALeg|BLeg`)

// vague are package names under which anything could be found.
var vague = regexp.MustCompile(`^(utils?|helpers?|common|misc|shared|types)$`)

// allowedNames are the types that are called by such a word in their RFC.
var allowedNames = map[string]bool{"rtp.Session": true}

// CheckWords keeps avoided words out of the names of packages and types.
func CheckWords(m *Module) []Finding {
	var found []Finding
	for p, f := range m.code {
		if vague.MatchString(f.File.Name.Name) {
			found = append(found, m.finding(f.Package, "package name %s says nothing: call it after what it knows", f.File.Name.Name))
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				t, ok := spec.(*ast.TypeSpec)
				if !ok || allowedNames[p.Dir+"."+t.Name.Name] {
					continue
				}
				if word := avoided.FindString(t.Name.Name); word != "" {
					found = append(found, m.finding(t.Pos(), "type %s: %q is a word that DESIGN.md avoids; take the RFC's word for the thing", t.Name.Name, word))
				}
			}
		}
	}
	return found
}
