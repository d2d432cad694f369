package phone

import (
	"fmt"
	"strings"
)

// Dialog is RFC 3261 section 12 as one end of it sees it.
type Dialog struct {
	CallID              string
	LocalTag, RemoteTag string
	// Local and Remote are the From and To of our requests, without tags.
	Local, Remote string
	// Target is the remote target; Routes the route set in sending order.
	Target string
	Routes []string
	cseq   uint32
}

// skeleton is a request in the dialog but for its Via.
func (d *Dialog) skeleton(method string, cseq uint32) *Message {
	m := &Message{Method: method, URI: d.Target}
	for _, r := range d.Routes {
		m.Add("Route", r)
	}
	m.Add("Max-Forwards", "70")
	m.Add("From", tagged(d.Local, d.LocalTag))
	m.Add("To", tagged(d.Remote, d.RemoteTag))
	m.Add("Call-ID", d.CallID)
	m.Add("CSeq", fmt.Sprintf("%d %s", cseq, method))
	return m
}

func tagged(value, tag string) string {
	if tag == "" {
		return value
	}
	return value + ";tag=" + tag
}

// untagged is a From or To value without its tag parameter.
func untagged(value string) string {
	head, params := value, ""
	if i := strings.LastIndexByte(value, '>'); i >= 0 {
		head, params = value[:i+1], value[i+1:]
	} else if uri, rest, ok := strings.Cut(value, ";"); ok {
		head, params = uri, ";"+rest
	}
	for _, p := range strings.Split(params, ";") {
		name, _, _ := strings.Cut(p, "=")
		if p != "" && !strings.EqualFold(strings.TrimSpace(name), "tag") {
			head += ";" + p
		}
	}
	return head
}

// Find is the dialog of these identifiers, or nil.
func (a *Agent) Find(callID, localTag, remoteTag string) *Dialog {
	for _, d := range a.dialogs {
		if d.CallID == callID && d.LocalTag == localTag && d.RemoteTag == remoteTag {
			return d
		}
	}
	return nil
}

// Dialogs are all dialogs of a Call-ID, oldest first.
func (a *Agent) Dialogs(callID string) []*Dialog {
	var found []*Dialog
	for _, d := range a.dialogs {
		if d.CallID == callID {
			found = append(found, d)
		}
	}
	return found
}

// Forget drops all dialogs of a Call-ID.
func (a *Agent) Forget(callID string) {
	var left []*Dialog
	for _, d := range a.dialogs {
		if d.CallID != callID {
			left = append(left, d)
		}
	}
	a.dialogs = left
}

// answering is the dialog in which we answer a request, or nil.
func (a *Agent) answering(request *Message) *Dialog {
	for _, d := range a.dialogs {
		tag := request.Tag("To")
		if d.CallID == request.Get("Call-ID") && d.RemoteTag == request.Tag("From") && (tag == "" || tag == d.LocalTag) {
			return d
		}
	}
	return nil
}

// fork is a second dialog out of the same INVITE, as if another phone behind us
// had answered it; the one of that tag when it is there.
func (a *Agent) fork(d *Dialog, tag string) *Dialog {
	if same := a.Find(d.CallID, tag, d.RemoteTag); same != nil {
		return same
	}
	branch := *d
	branch.LocalTag = tag
	a.dialogs = append(a.dialogs, &branch)
	return &branch
}

// invited makes the dialog of an INVITE that came (section 12.1.1), or refreshes
// the target of the one it belongs to (section 12.2.2).
func (a *Agent) invited(m *Message) *Dialog {
	if d := a.answering(m); d != nil {
		d.Target = URI(m.Get("Contact"))
		return d
	}
	if m.Tag("To") != "" {
		return nil
	}
	d := &Dialog{
		CallID: m.Get("Call-ID"), LocalTag: a.identify("t"), RemoteTag: m.Tag("From"),
		Local: untagged(m.Get("To")), Remote: untagged(m.Get("From")),
		Target: URI(m.Get("Contact")), Routes: routes(m), cseq: 100,
	}
	a.dialogs = append(a.dialogs, d)
	return d
}

// answered makes or refreshes the dialog of a response to our INVITE: section
// 12.1.2. The route set is the Record-Route reversed.
func (a *Agent) answered(m *Message) *Dialog {
	if m.Tag("To") == "" || m.Status >= 300 || m.Status == 100 {
		return nil
	}
	d := a.Find(m.Get("Call-ID"), m.Tag("From"), m.Tag("To"))
	if d == nil {
		number, _ := m.CSeq()
		d = &Dialog{
			CallID: m.Get("Call-ID"), LocalTag: m.Tag("From"), RemoteTag: m.Tag("To"),
			Local: untagged(m.Get("From")), Remote: untagged(m.Get("To")), cseq: number,
		}
		set := routes(m)
		for i := range set {
			d.Routes = append(d.Routes, set[len(set)-1-i])
		}
		a.dialogs = append(a.dialogs, d)
	}
	if m.Has("Contact") {
		d.Target = URI(m.Get("Contact"))
	}
	return d
}

func routes(m *Message) []string {
	var set []string
	for _, line := range m.All("Record-Route") {
		for _, r := range strings.Split(line, ",") {
			set = append(set, strings.TrimSpace(r))
		}
	}
	return set
}
