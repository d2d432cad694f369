// Package sipp is the telephones and carriers of the tests with real peers: steps
// of SIPp scenarios, which Scenario puts together.
//
// A step is a file NAME.xml. Some do something (call, ring, answer, hangup), some
// expect something (called, ringing, answered, hungup) and tell the story what they
// saw by a <log>. Together they read as one side of a ladder:
//
//	call_digest ringing answered wait hangup
//	called ring answer hungup
//
// Steps share variables, so that what happens inside a dialog is the same step for
// both sides:
//
//	self, peer   From and To of our requests, tags and all
//	target       the other side's Contact (RFC 3261 s12.1)
//	via, seq     Via and CSeq number of the INVITE that is not answered yet
//	refer        what goes into Refer-To; the story says so as it ends the step's wait
//
// and take from SIPp's -key what differs from run to run: user, number,
// family, host and audio_port (where audio is wanted), formats, attributes (of the
// offered description), allow (a header of the INVITE), key (that an INFO tells), holding, held_at and held (the
// spelling of a hold and of its answer), status, phrase, header (of a response),
// expires, realm, nonce, algorithm. The branch of an INVITE has a name, so
// that ACK and CANCEL can have the same (s17.1.1.3, s9.1).
package sipp

import (
	"embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

//go:embed *.xml
var steps embed.FS

// variables are those that the steps know.
var variables = regexp.MustCompile(`assign_to="([a-z,]+)"`)

// Scenario puts steps together to what SIPp's -sf takes. It errors when there is
// no such step.
func Scenario(name string, steps ...string) (string, error) {
	return compose(name, steps, func(inside string) string { return inside })
}

// Quiet does the same without the reports, for runs of many calls.
func Quiet(name string, steps ...string) (string, error) {
	return compose(name, steps, func(inside string) string {
		return emptyAction.ReplaceAllString(reports.ReplaceAllString(inside, ""), "/>")
	})
}

var (
	reports     = regexp.MustCompile(`(?m)^ *(<ereg [^\n]*assign_to="seen"/>|<log [^\n]*)\n`)
	emptyAction = regexp.MustCompile(`>\n *<action>\n *</action>\n *</recv>`)
)

func compose(name string, names []string, edit func(string) string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<scenario name=%q>\n", name)
	known := map[string]bool{}
	for i, step := range names {
		inside, err := inside(step)
		if err != nil {
			return "", err
		}
		inside = edit(inside)
		fmt.Fprintf(&b, "  <!-- %s -->\n%s", step, ownLabels(inside, i))
		for _, set := range variables.FindAllStringSubmatch(inside, -1) {
			for _, v := range strings.Split(set[1], ",") {
				known[v] = true
			}
		}
	}
	b.WriteString("  <label id=\"end\"/>\n" + references(known) + "</scenario>\n")
	return b.String(), nil
}

// inside is a step without what makes it a scenario of its own.
func inside(step string) (string, error) {
	content, err := steps.ReadFile(step + ".xml")
	if err != nil {
		return "", err
	}
	_, after, _ := strings.Cut(string(content), "<scenario")
	_, body, _ := strings.Cut(after, ">\n")
	body, _, ok := strings.Cut(body, "</scenario>")
	if !ok {
		return "", fmt.Errorf("%s.xml has no <scenario> with an end", step)
	}
	return body, nil
}

// ownLabels makes the labels of a step its own, for it may come twice. What goes to
// "end" leaves out the steps that are left.
func ownLabels(inside string, n int) string {
	return strings.NewReplacer(
		`next="end"`, `next="end"`, `label id="`, fmt.Sprintf(`label id="%d-`, n), `next="`, fmt.Sprintf(`next="%d-`, n),
	).Replace(inside)
}

// references names the variables once more: SIPp refuses those that are set and
// never used, as happens where a story does not go on to the step that uses them.
func references(known map[string]bool) string {
	if len(known) == 0 {
		return ""
	}
	names := slices.Sorted(maps.Keys(known))
	return fmt.Sprintf("  <Reference variables=%q/>\n", strings.Join(names, ","))
}
