package config

import (
	"encoding"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// decode fills v, a struct, a list or a single value, from a node. It knows the
// keys from the struct tags, so a key is added in one place.
func (c *checker) decode(n ast.Node, v reflect.Value, path string) {
	switch {
	case isSingle(v.Type()):
		c.decodeSingle(n, v, path)
	case v.Kind() == reflect.Slice:
		c.decodeList(n, v, path)
	default:
		if w, ok := v.Addr().Interface().(interface{ setWord(string) }); ok && n.Type() == ast.StringType {
			w.setWord(scalarText(n))
			return
		}
		c.decodeSection(n, v, path)
	}
}

// isSingle tells a value that stands in one word of the file.
func isSingle(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice:
		return false
	case reflect.Struct:
		return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
	default:
		return true
	}
}

// decodeSection reads a mapping. A key without anything below counts as left
// out: that is what commenting out a section's content leaves.
func (c *checker) decodeSection(n ast.Node, v reflect.Value, path string) {
	if n.Type() == ast.NullType {
		return
	}
	m, ok := n.(ast.MapNode)
	if !ok {
		c.report(path, "is %s, not a section: write its keys below it, indented", describe(n))
		return
	}
	seen := map[string]position{}
	for it := m.MapRange(); it.Next(); {
		key, at := keyText(it.Key()), positionOf(it.Key())
		if first, ok := seen[key]; ok {
			c.reportAt(at, join(path, key), "is given twice, first on line %d: remove one", first.line)
			continue
		}
		seen[key] = at
		c.decodeKey(at, it.Value(), v, path, key)
	}
}

func (c *checker) decodeKey(at position, n ast.Node, v reflect.Value, path, key string) {
	full := join(path, key)
	field, known := fieldOf(v, key)
	if !known {
		c.reportAt(at, full, "unknown key%s", hint(v.Type(), path, key))
		c.faults[path] = true
		return
	}
	c.positions[full] = valuePosition(at, n)
	c.decode(n, field, full)
}

// decodeList reads a sequence, replacing the default list.
func (c *checker) decodeList(n ast.Node, v reflect.Value, path string) {
	if n.Type() == ast.NullType {
		return
	}
	seq, ok := n.(*ast.SequenceNode)
	_, mayBeSingle := v.Interface().(interface{ single() })
	_, section := n.(ast.MapNode)
	if !ok && (!mayBeSingle || section) {
		c.report(path, "is %s, not a list: write [a, b], or one entry per line after a dash", describe(n))
		return
	}
	entries := []ast.Node{n}
	if ok {
		entries = seq.Values
	}
	list := reflect.MakeSlice(v.Type(), 0, len(entries))
	for i, entry := range entries {
		at := index(path, i)
		c.positions[at] = positionOf(entry)
		item := reflect.New(v.Type().Elem())
		if d, ok := item.Interface().(interface{ setDefaults() }); ok {
			d.setDefaults()
		}
		c.decode(entry, item.Elem(), at)
		list = reflect.Append(list, item.Elem())
	}
	v.Set(list)
}

// fieldOf finds the field of a key. The empty key is nobody's: fields without a
// tag are not the file's. The fields of an embedded struct are those of its section.
func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	for _, f := range reflect.VisibleFields(v.Type()) {
		if tag := f.Tag.Get("yaml"); tag == key && tag != "-" && tag != "" {
			return v.FieldByIndex(f.Index), true
		}
	}
	return reflect.Value{}, false
}

// schemaPath takes the indexes out of a path: "trunks[3].srtp" is "trunks.srtp".
func schemaPath(path string) string {
	var b strings.Builder
	for rest := path; ; {
		before, after, found := strings.Cut(rest, "[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, rest, _ = strings.Cut(after, "]")
	}
}

// schemaKey is a key that a configuration can have.
type schemaKey struct {
	// path has no indexes: "trunks.address".
	path string
	typ  reflect.Type
}

// schema lists the keys below a type, its sections' own included.
func schema(t reflect.Type, path string) []schemaKey {
	var keys []schemaKey
	for _, f := range reflect.VisibleFields(t) {
		tag := f.Tag.Get("yaml")
		if tag == "" || tag == "-" {
			continue
		}
		at := join(path, tag)
		keys = append(keys, schemaKey{at, f.Type})
		if section := elem(f.Type); section.Kind() == reflect.Struct && !isSingle(section) {
			keys = append(keys, schema(section, at)...)
		}
	}
	return keys
}

func elem(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Slice {
		return t.Elem()
	}
	return t
}

// hint helps with an unknown key: the nearest one here, else the nearest
// anywhere with its section, else all the keys there are here.
func hint(t reflect.Type, path, key string) string {
	section := schemaPath(path)
	var here, elsewhere []string
	for _, k := range schema(t, section) {
		if parent(k.path) == section {
			here = append(here, lastKey(k.path))
		}
	}
	if near := suggest(key, here); near != "" {
		return near
	}
	for _, k := range schema(reflect.TypeFor[Config](), "") {
		if suggest(key, []string{lastKey(k.path)}) != "" {
			elsewhere = append(elsewhere, k.path)
		}
	}
	slices.Sort(here)
	if len(elsewhere) > 0 {
		return " here, did you mean " + strings.Join(elsewhere, " or ") + "?"
	}
	return "; the keys here are " + strings.Join(here, ", ")
}

func lastKey(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
