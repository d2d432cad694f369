package config

import (
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// decodeSingle reads a value that stands in one word. The value itself is never
// quoted where it may be a secret.
func (c *checker) decodeSingle(n ast.Node, v reflect.Value, path string) {
	_, secret := v.Addr().Interface().(*Password)
	text := scalarText(n)
	err := wrongKind(n, v.Kind(), secret)
	switch {
	case err != nil:
	case strings.ContainsFunc(text, isControl):
		// A line break would end the SIP header that the value is written into.
		err = errors.New("contains a line break or another control character: write it on one line")
	default:
		err = setSingle(v.Addr().Interface(), text)
	}
	if err != nil {
		c.report(path, "%v", err)
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// wrongKind refuses what YAML takes for something else than the key expects.
func wrongKind(n ast.Node, want reflect.Kind, secret bool) error {
	switch kind := n.Type(); {
	case kind == ast.NullType:
		return errors.New("has no value: write one, or leave the key out")
	case kind == ast.MappingType || kind == ast.MappingValueType || kind == ast.SequenceType:
		return fmt.Errorf("is %s, not a single value (text with a colon in it goes in quotes)", describe(n))
	case want == reflect.Bool && kind != ast.BoolType:
		return errors.New("is neither true nor false: write one of the two, without quotes")
	case want == reflect.Uint || want == reflect.Float64:
		return nil
	case want == reflect.Bool || kind == ast.StringType || kind == ast.LiteralType:
		return nil
	case want == reflect.Int64:
		return fmt.Errorf("%s has no unit: write a duration such as %[1]ss or %[1]sm", scalarText(n))
	case secret:
		return fmt.Errorf("is %s to YAML: put it in quotes", describe(n))
	default:
		return fmt.Errorf("is %s to YAML, not text: put it in quotes, %q", describe(n), scalarText(n))
	}
}

// setSingle turns text into the value behind dst.
func setSingle(dst any, text string) (err error) {
	switch dst := dst.(type) {
	case *string:
		*dst = text
	case *Password:
		*dst = Password(text)
	case *bool:
		*dst = strings.EqualFold(text, "true")
	case *uint:
		*dst, err = parseCount(text)
	case *float64:
		*dst, err = parseRate(text)
	case *time.Duration:
		*dst, err = parseDuration(text)
	case *netip.Addr:
		*dst, err = parseAddr(text)
	case *netip.Prefix:
		*dst, err = parsePrefix(text)
	case encoding.TextUnmarshaler:
		err = dst.UnmarshalText([]byte(text))
	default:
		panic(fmt.Sprintf("config: no way to read a %T", dst))
	}
	return err
}

func wrongNumber(s, instead string) error {
	return fmt.Errorf("%q is not a number that fits here: write %s", s, instead)
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration: write a number with its unit, such as 30s, 2m or 500ms", s)
	}
	return d, nil
}

func parseAddr(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return a, fmt.Errorf("%q is not an IP address: write one such as 192.0.2.1, without a port", s)
	}
	return a, nil
}

// parsePrefix reads a network, or one address, which is a network of one.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return p, fmt.Errorf("%q is not a network: write an address such as 192.0.2.1, or a CIDR such as 192.0.2.0/24", s)
	case p != p.Masked():
		return p, fmt.Errorf("%s has bits set after its first %d: write %s for the network, or %s for the one address", s, p.Bits(), p.Masked(), p.Addr())
	}
	return p, nil
}

// scalarText gives a single value as it was written, without quotes.
func scalarText(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		return describe(n)
	default:
		return n.GetToken().Value
	}
}

func keyText(n ast.MapKeyNode) string { return scalarText(n) }

// describe names what YAML sees, for a person.
func describe(n ast.Node) string {
	switch n.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "a section"
	case ast.SequenceType:
		return "a list"
	case ast.NullType:
		return "nothing"
	case ast.BoolType:
		return "true or false"
	case ast.IntegerType, ast.FloatType, ast.InfinityType, ast.NanType:
		return "a number"
	default:
		return "text"
	}
}

// positionOf gives where a node begins. A mapping's own token is its first
// colon, so the first key is asked.
func positionOf(n ast.Node) position {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return positionOf(m.Values[0].Key)
	}
	return tokenPosition(n.GetToken())
}

// valuePosition gives where a key is told to be: at its value when that stands
// on the key's line, else at the key.
func valuePosition(key position, value ast.Node) position {
	if p := positionOf(value); p.line == key.line && value.Type() != ast.NullType {
		return p
	}
	return key
}
