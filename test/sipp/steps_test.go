package sipp

import (
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
)

// all lists the steps that there are.
func all(t *testing.T) (names []string) {
	t.Helper()
	files, err := fs.Glob(steps, "*.xml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d steps, %v", len(files), err)
	}
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f, ".xml"))
	}
	return names
}

// elements counts the elements of a text, which must be XML.
func elements(t *testing.T, text string) map[string]int {
	t.Helper()
	count := map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return count
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
		if e, ok := token.(xml.StartElement); ok {
			count[e.Name.Local]++
		}
	}
}

func TestEveryStep(t *testing.T) {
	for _, name := range all(t) {
		content, err := steps.ReadFile(name + ".xml")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(content), `<scenario name="`+name+`">`) || !strings.Contains(string(content), "<!-- ") {
			t.Errorf("%s does not say what it is", name)
		}
		loud, err := Scenario("one", name)
		if err != nil {
			t.Fatal(err)
		}
		quiet, err := Quiet("one", name)
		if err != nil {
			t.Fatal(err)
		}
		before, after := elements(t, loud), elements(t, quiet)
		for _, kind := range []string{"send", "recv", "sendCmd", "recvCmd", "label"} {
			if before[kind] != after[kind] {
				t.Errorf("%s: %d <%s>, and %d when quiet", name, before[kind], kind, after[kind])
			}
		}
		if after["log"] > 0 || strings.Contains(quiet, "seen") {
			t.Errorf("%s reports when quiet", name)
		}
	}
}

func TestStepsTogether(t *testing.T) {
	text, err := Scenario("twice", "called", "refuse", "register", "register")
	if err != nil {
		t.Fatal(err)
	}
	elements(t, text)
	for _, want := range []string{`<label id="2-over"/>`, `<label id="3-over"/>`, `next="2-over"`, `next="3-over"`, `variables="angle,auth,peer,seen,self,seq,target,to,via"`} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in:\n%s", want, text)
		}
	}
	if strings.Index(text, "<!-- called -->") > strings.Index(text, "<!-- refuse -->") {
		t.Error("the steps are in another order")
	}
}

func TestStepsLeftOut(t *testing.T) {
	text, err := Scenario("left", "moved", "ring")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(text, `<label id="end"/>`) != 1 || !strings.Contains(text, `next="end"`) || !strings.Contains(text, `next="0-here"`) {
		t.Errorf("nothing leads to the end of:\n%s", text)
	}
}

func TestNoSuchStep(t *testing.T) {
	if _, err := Scenario("none", "called", "dance"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}
