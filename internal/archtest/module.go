// Package archtest is the rules of the design as tests: which package may import
// which, behind which wall a library stays, what is documented, how long and how
// stateful code may be, what tests may not do. Its own test applies them to the
// whole module, so `go test ./internal/archtest` is where a change that breaks
// the shape of the house fails, with the file, the line and what to do.
//
// The rules read source text only (go/parser): no network, no build, no types.
// They therefore hold for every build tag at once, and for code that does not
// compile yet. Each is a function from a Module to its Findings, and each is
// itself tested on small samples that break it.
package archtest

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Module is the parsed source of a Go module.
type Module struct {
	// Path is the module's import path.
	Path string
	// Packages are by directory relative to the root, "." for the root, sorted.
	Packages []*Package
	// Fset knows the positions, with file names relative to the root.
	Fset *token.FileSet
}

// Package is the Go files of one directory, those of an external test included.
type Package struct {
	// Dir is relative to the module's root.
	Dir   string
	Files []*File
}

// File is one Go file.
type File struct {
	*ast.File
	// Name is relative to the module's root.
	Name string
	// Test is set for _test.go files.
	Test bool
	// Lines is how many lines the file has.
	Lines int
	// Imports are the import paths by the name that the file uses.
	Imports map[string]string
}

// Finding is one place where a rule is broken.
type Finding struct {
	Pos token.Position
	// Message says what is wrong and what to do.
	Message string
}

// String gives file:line: message.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s", f.Pos.Filename, f.Pos.Line, f.Message)
}

// Rule is a property of a module.
type Rule struct {
	Name  string
	Check func(*Module) []Finding
}

// Load parses every Go file of the module whose root is fsys. It skips what the
// go command skips: testdata, vendor, and names that begin with a dot or an
// underscore.
func Load(fsys fs.FS) (*Module, error) {
	mod, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, err
	}
	m := &Module{Path: modulePath(string(mod)), Fset: token.NewFileSet()}
	if m.Path == "" {
		return nil, errors.New("go.mod has no module line")
	}
	byDir := map[string]*Package{}
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return cmp.Or(err, skipDir(name, d))
		}
		if !strings.HasSuffix(name, ".go") || skipped(d.Name()) {
			return nil
		}
		return m.addFile(fsys, byDir, name)
	})
	slices.SortFunc(m.Packages, func(a, b *Package) int { return cmp.Compare(a.Dir, b.Dir) })
	return m, err
}

func modulePath(mod string) string {
	for line := range strings.Lines(mod) {
		if rest, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

func skipped(base string) bool { return strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") }

func skipDir(name string, d fs.DirEntry) error {
	if d.IsDir() && name != "." && (skipped(d.Name()) || d.Name() == "testdata" || d.Name() == "vendor") {
		return fs.SkipDir
	}
	return nil
}

func (m *Module) addFile(fsys fs.FS, byDir map[string]*Package, name string) error {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	parsed, err := parser.ParseFile(m.Fset, name, text, parser.ParseComments)
	if err != nil {
		return err
	}
	dir := path.Dir(name)
	pkg := byDir[dir]
	if pkg == nil {
		pkg = &Package{Dir: dir}
		byDir[dir] = pkg
		m.Packages = append(m.Packages, pkg)
	}
	pkg.Files = append(pkg.Files, &File{
		File:    parsed,
		Name:    name,
		Test:    strings.HasSuffix(name, "_test.go"),
		Lines:   strings.Count(string(text), "\n"),
		Imports: importNames(parsed),
	})
	return nil
}

// importNames guesses the name of an import that has none from its path: the
// last element that is not a version, without a "go-" before it.
func importNames(f *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range f.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := packageName(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = imported
	}
	return names
}

func packageName(imported string) string {
	base := path.Base(imported)
	if _, err := strconv.Atoi(strings.TrimPrefix(base, "v")); err == nil && strings.HasPrefix(base, "v") {
		base = path.Base(path.Dir(imported))
	}
	return strings.TrimPrefix(base, "go-")
}

// finding makes a Finding at a node's position.
func (m *Module) finding(pos token.Pos, format string, args ...any) Finding {
	return Finding{m.Fset.Position(pos), fmt.Sprintf(format, args...)}
}

// local gives the directory of an import path of this module.
func (m *Module) local(imported string) (dir string, ok bool) {
	if imported == m.Path {
		return ".", true
	}
	return strings.CutPrefix(imported, m.Path+"/")
}

// foreign tells an import path that is neither ours nor the standard library's:
// its first element has a dot.
func (m *Module) foreign(imported string) bool {
	_, ours := m.local(imported)
	first, _, _ := strings.Cut(imported, "/")
	return !ours && strings.Contains(first, ".")
}

// code yields the files that the rules for code are about: no tests, nothing
// generated.
func (m *Module) code(yield func(*Package, *File) bool) {
	for _, p := range m.Packages {
		for _, f := range p.Files {
			if !f.Test && !ast.IsGenerated(f.File) && !yield(p, f) {
				return
			}
		}
	}
}

// within tells whether a directory matches a pattern: "sip" is that directory,
// "sip/..." it and all below.
func within(dir, pattern string) bool {
	top, deep := strings.CutSuffix(pattern, "/...")
	return dir == top || deep && strings.HasPrefix(dir, top+"/")
}

func withinAny(dir string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return within(dir, p) })
}
