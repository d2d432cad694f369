package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Load reads and checks a file. The error is that of reading it, or Problems.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the configuration cannot be read: %w; tandem.example.yaml shows every key", err)
	}
	return Parse(path, data)
}

// Parse checks a configuration that is at hand. The name is for messages. The
// error is Problems, complete but for what a syntax error hides.
func Parse(name string, data []byte) (*Config, error) {
	c := newChecker(name)
	cfg := defaults()
	if body := c.parse(data); body != nil {
		c.decode(body, reflect.ValueOf(cfg).Elem(), "")
	}
	if !c.faulty(syntax) {
		c.check(cfg)
	}
	if len(c.problems) > 0 {
		c.problems.sort()
		return nil, c.problems
	}
	cfg.complete()
	c.warnings.sort()
	cfg.Warnings, cfg.name, cfg.positions = c.warnings, name, c.positions
	return cfg, nil
}

const (
	// maxSize and maxNesting bound the work that a file can cause: the YAML
	// parser's time grows with the square of the nesting.
	maxSize    = 16 << 20
	maxNesting = 32

	// syntax is the path of a fault that hides all others.
	syntax = "\x00"
)

// parse gives the root of the only document, or nil when the file says nothing
// or is not readable as YAML.
func (c *checker) parse(data []byte) ast.Node {
	if len(data) > maxSize {
		c.badSyntax(nil, fmt.Sprintf("the file has %d bytes, more than the %d that a configuration may have", len(data), maxSize))
		return nil
	}
	tokens := lexer.Tokenize(strings.TrimPrefix(string(data), "\ufeff"))
	if tk, what := refused(tokens); tk != nil {
		c.badSyntax(tk, what)
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		c.badSyntax(syntaxError(err))
		return nil
	}
	return c.onlyDocument(file)
}

func (c *checker) onlyDocument(file *ast.File) ast.Node {
	var body ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case body != nil:
			c.badSyntax(doc.Start, "a second YAML document begins here: one file holds one configuration")
			return nil
		default:
			body = doc.Body
		}
	}
	return body
}

func syntaxError(err error) (*token.Token, string) {
	var bad *yaml.SyntaxError
	if errors.As(err, &bad) {
		return bad.Token, "not YAML: " + bad.Message
	}
	return nil, "not YAML: " + err.Error()
}

func (c *checker) badSyntax(tk *token.Token, what string) {
	c.reportAt(tokenPosition(tk), "", "%s", what)
	c.faults[syntax] = true
}

func tokenPosition(tk *token.Token) position {
	if tk == nil || tk.Position == nil {
		return position{1, 1}
	}
	return position{max(tk.Position.Line, 1), max(tk.Position.Column, 1)}
}

// refused finds the first token that a configuration may not have.
func refused(tokens token.Tokens) (*token.Token, string) {
	flow, opened, line := 0, 0, 0
	for _, tk := range tokens {
		if tk.Position.Line != line {
			opened, line = 0, tk.Position.Line
		}
		switch tk.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			return tk, "anchors and aliases (&, *, <<) are not taken: write the value out, or put text in quotes"
		case token.TagType, token.DirectiveType:
			return tk, "tags and directives (!, %) are not taken: remove it, or put text in quotes"
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType:
			opened++
		}
		if flow > maxNesting || opened > maxNesting {
			return tk, "nested too deeply: a configuration needs three levels"
		}
	}
	return nil, ""
}
