package refer

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/wire"
)

func TestReadReference(t *testing.T) {
	const to = "Refer-To: <sip:c@h>"
	plain := Target{URI: "sip:c@h", Scheme: "sip", User: "c", Host: "h"}
	for _, c := range []struct {
		name  string
		lines []string
		want  Reference
	}{
		{"plain", []string{to}, Reference{Seq: 7, To: plain}},
		{"compact", []string{"r: <sip:c@h>", "b: sip:a@h"},
			Reference{Seq: 7, To: plain, By: &ReferredBy{URI: "sip:a@h", Raw: "sip:a@h"}}},
		{"RFC 4488", []string{to, "Refer-Sub: false", "Supported: norefersub"}, Reference{Seq: 7, To: plain, Silent: true}},
		{"RFC 4488 true", []string{to, "Refer-Sub: True ;x"}, Reference{Seq: 7, To: plain}},
		{"RFC 4538", []string{to, "Target-Dialog: fa77as7dad8-sd98ajzz@host.example.com;local-tag=kkaz-;remote-tag=6544", "Require: tdialog"},
			Reference{Seq: 7, To: plain, Known: &TargetDialog{"fa77as7dad8-sd98ajzz@host.example.com", "kkaz-", "6544"}}},
		{"broken Target-Dialog is ignored", []string{to, "Target-Dialog: x;local-tag=1"}, Reference{Seq: 7, To: plain}},
		{"two Target-Dialogs are ignored", []string{to, "Target-Dialog: x;local-tag=1;remote-tag=2", "Target-Dialog: x;local-tag=1;remote-tag=2"},
			Reference{Seq: 7, To: plain}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, r := ReadReference(message(t, "REFER", 7, "", c.lines...))
			if r != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("\n got  %+v %v\n want %+v", got, r, c.want)
			}
		})
	}
}

func TestRefusedRefers(t *testing.T) {
	const to = "Refer-To: <sip:c@h>"
	for _, c := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"none", nil, "1: 400 Missing Refer-To"},
		{"two", []string{to, "Refer-To: <sip:d@h>"}, "1: 400 Bad Refer-To: more than one"},
		{"two in one", []string{"Refer-To: <sip:c@h>, <sip:d@h>"}, "1: 400 Bad Refer-To: more than one"},
		{"two, one compact", []string{to, "r: <sip:d@h>"}, "1: 400 Bad Refer-To: more than one"},
		{"broken", []string{"Refer-To: nobody"}, "1: 400 Bad Refer-To: no scheme in URI 'nobody'"},
		{"empty", []string{"Refer-To:"}, "1: 400 Bad Refer-To: empty value"},
		{"http", []string{"Refer-To: http://www.ietf.org"}, "1: 416 Unsupported Scheme In Refer-To"},
		{"SUBSCRIBE", []string{"Refer-To: <sip:carol@cleveland.example.org;method=SUBSCRIBE>"}, "1: 603 Only INVITE Is Referred To"},
		{"Referred-By", []string{to, "Referred-By: x"}, "1: 400 Bad Referred-By: no scheme in URI 'x'"},
		{"Refer-Sub", []string{to, "Refer-Sub: maybe"}, "1: 400 Bad Refer-Sub: neither true nor false"},
		{"Refer-Sub twice", []string{to, "Refer-Sub: true", "Refer-Sub: true"}, "1: 400 Bad Refer-Sub: more than one"},
		{"Refer-Sub broken", []string{to, "Refer-Sub: true;;"}, "1: 400 Bad Refer-Sub: empty parameter"},
		{"Replaces", []string{"Refer-To: <sip:c@h?Replaces=x>"}, "1: 400 Bad Replaces in Refer-To: no to-tag that is a token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t, Config{})
			s.seq = 0
			s.see(s.comes("REFER", c.lines...), c.want)
			s.over()
		})
	}
}

func TestRefusalsComeBefore491(t *testing.T) {
	s := tell(t, Config{})
	s.refers()
	s.r.Accept(s.now)
	s.see(s.comes("REFER"), "93809824: 400 Missing Refer-To")
	s.see(s.comes("REFER", "Refer-To: http://h/"), "93809825: 416 Unsupported Scheme In Refer-To")
	s.see(s.comes("REFER", "Refer-To: sip:c@h"), "93809826: 491")
}

func TestWriteRefer(t *testing.T) {
	for _, c := range []struct {
		name string
		ref  Reference
		want string
	}{
		{"blind", Reference{To: Target{URI: "sip:c@h"}}, "REFER | Refer-To: <sip:c@h>"},
		{"with Referred-By", Reference{To: Target{URI: "tel:+1"}, By: &ReferredBy{URI: "sip:a@h"}},
			"REFER | Refer-To: <tel:+1> | Referred-By: <sip:a@h>"},
		{"attended", Reference{To: Target{URI: "sip:c@h", Replaces: &Replaces{"x", "1", "2", false}}},
			"REFER | Refer-To: <sip:c@h?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>"},
		{"silent", Reference{To: Target{URI: "sip:c@h"}, Silent: true},
			"REFER | Refer-To: <sip:c@h> | Refer-Sub: false | Supported: norefersub"},
		{"known dialog", Reference{To: Target{URI: "sip:c@h"}, Known: &TargetDialog{"x", "1", "2"}},
			"REFER | Refer-To: <sip:c@h> | Target-Dialog: x;local-tag=1;remote-tag=2 | Require: tdialog"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tell(t, Config{})
			acts, err := s.r.Refer(s.now, c.ref)
			if err != nil {
				t.Fatal(err)
			}
			s.see(acts, c.want)
		})
	}
}

func TestWrittenRefersAreRead(t *testing.T) {
	// What one side writes, the other side reads: as for `transfer: relay`.
	sent := Reference{
		Seq: 9,
		To: Target{Display: "Carol", URI: "sip:carol@h;transport=tcp", Replaces: &Replaces{"x@y", "1", "2", true},
			Require: []string{"replaces"}, Headers: []Header{{"Subject", "tea, at 5"}}},
		By:     &ReferredBy{Display: "Alice", URI: "sip:alice@h"},
		Silent: true,
		Known:  &TargetDialog{"x", "1", "2"},
	}
	req, err := sent.request()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, h := range req.Headers {
		lines = append(lines, h.Name+": "+h.Value)
	}
	got, r := ReadReference(message(t, "REFER", 9, "", lines...))
	if r != nil {
		t.Fatal(r)
	}
	got.To.Scheme, got.To.User, got.To.Host, got.By.Raw = "", "", "", ""
	if !reflect.DeepEqual(got, sent) {
		t.Errorf("\n got  %+v\n want %+v", got, sent)
	}
}

func TestUnsafeReferences(t *testing.T) {
	good := Target{URI: "sip:c@h"}
	for name, ref := range map[string]Reference{
		"target":      {},
		"referred-by": {To: good, By: &ReferredBy{}},
		"dialog":      {To: good, Known: &TargetDialog{}},
	} {
		s := tell(t, Config{})
		acts, err := s.r.Refer(s.now, ref)
		if !errors.Is(err, ErrUnsafe) || acts != nil {
			t.Errorf("%s: %q, %v", name, linesOf(acts), err)
		}
		s.over()
	}
}

func TestErrorsTeach(t *testing.T) {
	_, err := Target{URI: "sip:c@h", Replaces: &Replaces{"x", "a\r\nb", "2", false}}.Value()
	for _, part := range []string{"Replaces", "to-tag", `"a\r\nb"`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not say %s", err, part)
		}
	}
}

func TestReadAnswer(t *testing.T) {
	req := message(t, "REFER", 1, "", "Refer-To: <sip:c@h>")
	for _, c := range []struct {
		status int
		lines  []sip.Header
		want   Answer
	}{
		{202, nil, Answer{Status: 202, Phrase: "Accepted"}},
		{200, []sip.Header{sip.NewHeader("Refer-Sub", "false")}, Answer{Status: 200, Phrase: "OK", NoSubscription: true}},
		{200, []sip.Header{sip.NewHeader("Refer-Sub", "nonsense")}, Answer{Status: 200, Phrase: "OK"}},
		{503, []sip.Header{sip.NewHeader("Retry-After", "7 (soon);duration=9")}, Answer{Status: 503, Phrase: "Service Unavailable", RetryAfter: 7 * time.Second}},
		{503, []sip.Header{sip.NewHeader("Retry-After", "later")}, Answer{Status: 503, Phrase: "Service Unavailable"}},
	} {
		res := wire.NewResponse(req, c.status, "", "tag")
		for _, h := range c.lines {
			res.AppendHeader(h)
		}
		if got := ReadAnswer(c.status, res); got != c.want {
			t.Errorf("%+v, want %+v", got, c.want)
		}
	}
	if got := ReadAnswer(408, nil); got != (Answer{Status: 408}) {
		t.Errorf("without a response: %+v", got)
	}
}

func TestDefaults(t *testing.T) {
	want := Config{32 * time.Second, 5 * time.Second, 5 * time.Minute, time.Hour}
	if got := (Config{}).orDefault(); got != want {
		t.Errorf("%+v", got)
	}
	want = Config{1, 2, 3, 4}
	if got := want.orDefault(); got != want {
		t.Errorf("%+v", got)
	}
}

func TestHarmlessNamesAreCanonical(t *testing.T) {
	// takeHeader looks them up as wire spells them.
	for name := range harmless {
		if wire.CanonicalName(name) != name {
			t.Errorf("%s is spelled %s", name, wire.CanonicalName(name))
		}
	}
}

func TestDeadlineIsTheSoonest(t *testing.T) {
	s := tell(t, Config{})
	s.sends(toC())
	s.see(s.notifies("refer", "active;expires=20", "SIP/2.0 200 OK"), "93809823: 200", "Accepted {true}", "Done {200 OK}")
	s.refers()
	if at, ok := s.r.Deadline(); !ok || at != epoch.Add(5*time.Second) {
		t.Errorf("the owner's time: %v %v", at.Sub(epoch), ok)
	}
	s.r.Accept(s.now)
	if at, ok := s.r.Deadline(); !ok || at != epoch.Add(20*time.Second) {
		t.Errorf("the subscription that we hold: %v %v", at.Sub(epoch), ok)
	}
	s.see(s.waits(20 * time.Second))
	if at, ok := s.r.Deadline(); !ok || at != epoch.Add(5*time.Minute) {
		t.Errorf("the one that they hold: %v %v", at.Sub(epoch), ok)
	}
}

func TestReadersTakeWhatTheyShould(t *testing.T) {
	req := message(t, "NOTIFY", 1, "SIP/2.0 180 Ringing\r\n",
		"Event: refer;id=4294967295;x=y", "Subscription-State: pending;expires=60;reason=probation;retry-after=5")
	got, r := readNotification(req)
	want := notification{event: eventID{4294967295, true}, state: subPending, expires: time.Minute, reason: "probation", status: Status{180, "Ringing"}}
	if r != nil || got != want {
		t.Errorf("%+v, %v", got, r)
	}
	if _, r := readNotification(message(t, "NOTIFY", 1, "", "Event: refer;id=4294967296")); r == nil || r.Status != 481 {
		t.Errorf("an id that is no CSeq: %v", r)
	}
	ask, r := readRefresh(message(t, "SUBSCRIBE", 1, "", "o: refer", "Expires: 17"))
	if r != nil || ask != (refresh{expires: 17 * time.Second, given: true}) {
		t.Errorf("%+v, %v", ask, r)
	}
}

func TestNothingOfAMessageIsKept(t *testing.T) {
	// A machine may live for minutes; what it keeps are numbers.
	kinds := map[reflect.Kind]bool{reflect.String: true, reflect.Pointer: true, reflect.Slice: true, reflect.Map: true}
	var held []string
	typ := reflect.TypeFor[notifier]()
	for i := range typ.NumField() {
		if f := typ.Field(i); kinds[f.Type.Kind()] {
			held = append(held, f.Name)
		}
	}
	if !slices.Equal(held, []string{"reason"}) { // one of ours
		t.Errorf("a notifier holds %q", held)
	}
}
