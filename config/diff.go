package config

import (
	"fmt"
	"reflect"
	"slices"
)

// Change is one difference between two configurations, as a reload sees it.
type Change struct {
	// Path is the key, with names in the place of indexes:
	// "trunks[carrier].address".
	Path string
	// Kind says what happened to it.
	Kind ChangeKind
	// Restart is set when the change takes effect only in a new process.
	Restart bool
	// Why says what it affects and when, for the log.
	Why string
}

// ChangeKind is what happened to a key, a user, a trunk or a route.
type ChangeKind int

// What can happen. Moved is of the routes, whose order decides.
const (
	Changed ChangeKind = iota
	Added
	Removed
	Moved
)

var changeNames = []string{Changed: "changed", Added: "added", Removed: "removed", Moved: "moved"}

// String gives the word for logs.
func (k ChangeKind) String() string { return enumName(changeNames, int(k)) }

// String gives a line for logs. Values are left out: some are secrets.
func (ch Change) String() string { return fmt.Sprintf("%s %s: %s", ch.Path, ch.Kind, ch.Why) }

// effect says when a change of a key is felt.
type effect struct {
	restart bool
	why     string
}

// effects are the keys that do not simply hold from the next call on, by path
// without indexes. A reload that changed those of restart would drop calls.
var effects = map[string]effect{
	"sip.listen":             {true, "needs a restart: phones and calls are bound to the sockets"},
	"sip.domain":             {true, "needs a restart: registrations and digest answers are bound to it"},
	"sip.session_expires":    {true, "needs a restart: the SIP edge is made with it"},
	"sip.min_se":             {true, "needs a restart: the SIP edge is made with it"},
	"sip.advertise":          {true, "needs a restart: dialogs in progress have been told the old one"},
	"rtp.bind":               {true, "needs a restart: the media sockets are made with it"},
	"rtp.address":            {true, "needs a restart: calls in progress have offered the old one"},
	"rtp.ports":              {true, "needs a restart: calls in progress hold ports of the old range"},
	"cdr.path":               {false, "from the next record on"},
	"sip.tls.certificate":    {false, untilNextConnection},
	"sip.tls.key":            {false, untilNextConnection},
	"sip.tls.client_ca":      {false, untilNextConnection},
	"trunks.tls.server_name": {false, untilNextConnection},
	"trunks.tls.ca":          {false, untilNextConnection},
	"trunks.tls.certificate": {false, untilNextConnection},
	"trunks.tls.key":         {false, untilNextConnection},
	"trunks.keepalive":       {false, untilNextConnection},
	"drain":                  {false, "at the next SIGTERM"},
	"users.password":         {false, "from the next registration or call on"},
}

const untilNextConnection = "from the next connection on; those that are up stay"

// Diff lists what differs between two configurations, in the schema's order,
// saying of each whether a reload can do it without dropping a call.
func Diff(before, after *Config) []Change {
	var d differ
	d.fields(reflect.ValueOf(*before), reflect.ValueOf(*after), "")
	diffList(&d, "users", before.Users, after.Users, func(u User) string { return u.Name })
	diffList(&d, "trunks", before.Trunks, after.Trunks, func(t Trunk) string { return t.Name })
	diffList(&d, "routes", before.Routes, after.Routes, func(r Route) string { return r.Name })
	d.order(before.Routes, after.Routes)
	return d.changes
}

type differ struct{ changes []Change }

func (d *differ) add(path string, kind ChangeKind, why string) {
	d.changes = append(d.changes, Change{Path: path, Kind: kind, Why: why})
}

// fields compares the keys of a section; lists of named entries are left to
// diffList.
func (d *differ) fields(a, b reflect.Value, path string) {
	for i := range a.NumField() {
		f := a.Type().Field(i)
		tag := f.Tag.Get("yaml")
		if tag == "" || tag == "-" || path == "" && isEntries(f.Type) {
			continue
		}
		at := join(path, tag)
		switch {
		case !isSingle(f.Type) && f.Type.Kind() == reflect.Struct:
			d.fields(a.Field(i), b.Field(i), at)
		case !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()):
			d.changed(at)
		}
	}
}

// isEntries tells a list of users, trunks or routes from one of single values.
func isEntries(t reflect.Type) bool { return t.Kind() == reflect.Slice && !isSingle(t.Elem()) }

func (d *differ) changed(path string) {
	e, special := effects[schemaPath(path)]
	if !special {
		e.why = "from the next call on; calls in progress keep what they have"
	}
	d.changes = append(d.changes, Change{Path: path, Kind: Changed, Restart: e.restart, Why: e.why})
}

// diffList compares entries by name: their order says nothing.
func diffList[T any](d *differ, list string, before, after []T, name func(T) string) {
	old := map[string]T{}
	for _, e := range before {
		old[name(e)] = e
	}
	for _, e := range after {
		path := fmt.Sprintf("%s[%s]", list, name(e))
		if was, ok := old[name(e)]; ok {
			d.fields(reflect.ValueOf(was), reflect.ValueOf(e), path)
			delete(old, name(e))
		} else {
			d.add(path, Added, "from the next call on")
		}
	}
	for _, e := range before {
		if _, gone := old[name(e)]; gone {
			d.add(fmt.Sprintf("%s[%s]", list, name(e)), Removed, "takes no new calls; calls in progress go on")
		}
	}
}

// order compares the order of the routes that both have: the first match wins.
func (d *differ) order(before, after []Route) {
	if !slices.Equal(commonNames(before, after), commonNames(after, before)) {
		d.add("routes", Moved, "the order decides from the next call on")
	}
}

// commonNames gives the names of those routes that others have too.
func commonNames(routes, others []Route) []string {
	var names []string
	for _, r := range routes {
		if slices.ContainsFunc(others, func(o Route) bool { return o.Name == r.Name }) {
			names = append(names, r.Name)
		}
	}
	return names
}
