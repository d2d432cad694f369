package sip

import (
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/sip/refer"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// replacesValue names a party's dialog as whoever takes its place would.
func replacesValue(d *phone.Dialog) string {
	return d.CallID + ";to-tag=" + d.RemoteTag + ";from-tag=" + d.LocalTag
}

// refers sends a REFER within a dialog.
func (p *party) refers(d *phone.Dialog, to string, headers ...string) {
	m := p.In(d, "REFER")
	m.Set("Refer-To", to)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		m.Set(name, value)
	}
	p.say(m)
}

// accepts answers what came with 200.
func (p *party) accepts(a phone.Arrival) { p.say(p.Respond(a.Message, 200, "")) }

// The whole way of a REFER from a trunk: who is called is told who has asked for it, the
// transferor what comes of it, and its BYE comes last.
func TestReferFromATrunk(t *testing.T) {
	play(t, func(s *stage) {
		pbx, carrier, called, answered := s.transit()
		pbx.refers(answered.Dialog, "<sip:+14255550177@"+domain+">")
		notify := pbx.want("202 REFER", "NOTIFY")
		has(t, notify.Message, "Subscription-State", "active")
		has(t, notify.Message, "Content-Type", "message/sipfrag")
		if !strings.HasPrefix(notify.Body, "SIP/2.0 100 ") {
			t.Errorf("the body is %q", notify.Body)
		}
		pbx.accepts(notify)
		target := carrier.want("INVITE")
		has(t, target.Message, "Referred-By", "<sip:+12065550123@"+domain)
		has(t, target.Message, "P-Asserted-Identity", "+12065550123")
		carrier.answer(target)
		carrier.want("ACK")
		last := pbx.want("NOTIFY")
		has(t, last.Message, "Subscription-State", "terminated;reason=noresource")
		pbx.accepts(last)
		pbx.accepts(pbx.want("BYE"))
		carrier.say(carrier.In(carrier.Dialogs(called.Get("Call-ID"))[0], "BYE"))
		carrier.accepts(lastOf(carrier.take()))
	})
}

func lastOf(list []phone.Arrival) phone.Arrival { return list[len(list)-1] }

// transfer: refuse.
func TestReferRefusedByTheTrunksSetting(t *testing.T) {
	set := settings(t)
	set.Trunks[1].Transfers = bridge.TransferRefuse
	playWith(t, set, func(s *stage) {
		pbx, carrier, _, answered := s.transit()
		pbx.refers(answered.Dialog, "<sip:+14255550177@"+domain+">")
		pbx.want("403 REFER")
		carrier.want()
	})
}

// transfer: relay: the trunk is asked in its own words.
func TestReferRelayed(t *testing.T) {
	set := settings(t)
	set.Trunks[0].Transfers = bridge.TransferRelay
	playWith(t, set, func(s *stage) {
		pbx, carrier, called, answered := s.transit()
		pbx.refers(answered.Dialog, "<sip:(425)5550177@"+domain+">", "Referred-By: <sip:desk@pbx.test>")
		asked := carrier.want("REFER")
		has(t, asked.Message, "Refer-To", "<sip:+14255550177@203.0.113.5:5060;user=phone>")
		has(t, asked.Message, "Referred-By", "<sip:desk@pbx.test>")
		carrier.say(carrier.Respond(asked.Message, 202, ""))
		pbx.accepts(pbx.want("202 REFER", "NOTIFY"))
		done := carrier.In(carrier.Dialogs(called.Get("Call-ID"))[0], "NOTIFY")
		done.Set("Event", "refer")
		done.Set("Subscription-State", "terminated;reason=noresource")
		done.Set("Content-Type", "message/sipfrag")
		done.Body = "SIP/2.0 200 OK\r\n"
		carrier.say(done)
		carrier.accepts(carrier.want("200 NOTIFY", "BYE"))
		pbx.accepts(pbx.want("NOTIFY"))
		pbx.accepts(pbx.want("BYE"))
	})
}

// A leg of a call that is up, for what wish reads.
func legOf(t *testing.T, peer dialplan.Party, number string) *leg {
	t.Helper()
	set := settings(t)
	e, err := New(Config{Domain: domain, Publish: nil}, set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return &leg{edge: e, peer: peer, number: number, flow: transport.Flow{Local: edgeAt, Remote: pbxAt}}
}

// What a REFER asks for, in the call's words.
func TestWish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alice, pbx := dialplan.Party{Kind: dialplan.PartyUser, Name: "alice"}, dialplan.Party{Kind: dialplan.PartyTrunk, Name: "pbx"}
		ours := newCallID(time.Now()) + ".2"
		foreign := "Replaces=abc%40host%3Bto-tag%3Dx%3Bfrom-tag%3Dy"
		for _, tt := range []struct {
			name    string
			by      dialplan.Party
			to      string
			status  int
			foreign string
		}{
			{"a number", alice, "<sip:+14255550177@example.test>", 0, ""},
			{"a tel URI", pbx, "<tel:+14255550177>", 0, ""},
			{"a dialog of ours that is gone", alice, "<sip:tandem@198.51.100.1:5060?Replaces=c%3Bto-tag%3D" + ours + "%3Bfrom-tag%3Dy>", 481, ""},
			{"no dialog of ours, at us", alice, "<sip:tandem@example.test?" + foreign + ">", 481, ""},
			{"a dialog of somebody else", alice, "<sip:x@192.0.2.77?" + foreign + ">", 0, "abc@host;to-tag=x;from-tag=y"},
			{"to join a dialog of somebody else", alice, "<sip:x@192.0.2.77?Join=abc%40host%3Bto-tag%3Dx%3Bfrom-tag%3Dy>", 0, "abc@host;to-tag=x;from-tag=y"},
			{"to join one of ours that is gone", alice, "<sip:tandem@198.51.100.1:5060?Join=c%3Bto-tag%3D" + ours + "%3Bfrom-tag%3Dy>", 481, ""},
			{"one that looks like ours, elsewhere", alice, "<sip:x@192.0.2.77?Replaces=c%3Bto-tag%3D" + ours + "%3Bfrom-tag%3Dy>", 0, "c;to-tag=" + ours + ";from-tag=y"},
		} {
			l := legOf(t, tt.by, "+12065550123")
			target, refusal := refer.ParseTarget(tt.to)
			if refusal != nil {
				t.Fatal(tt.name, refusal)
			}
			asked, refused := l.wish(&refer.Reference{To: target})
			if refused.Code != tt.status || refused.Code == 0 && asked.Foreign != tt.foreign {
				t.Errorf("%s: %v, foreign %q", tt.name, refused, asked.Foreign)
			}
			if refused.Code == 0 && (asked.Request.Origin != tt.by || asked.Request.To != target.URI || asked.Target != tt.to) {
				t.Errorf("%s: asks for %+v, %q", tt.name, asked.Request, asked.Target)
			}
		}
	})
}

// Who has asked: the transferor's own word, or the name that we know it by.
func TestReferrer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			peer dialplan.Party
			by   *refer.ReferredBy
			want string
		}{
			{dialplan.Party{Kind: dialplan.PartyUser, Name: "alice"}, nil, "<sip:alice@example.test>"},
			{dialplan.Party{Kind: dialplan.PartyTrunk, Name: "pbx"}, nil, "<sip:+12065550123@example.test;user=phone>"},
			{dialplan.Party{Kind: dialplan.PartyTrunk, Name: "pbx"}, &refer.ReferredBy{Raw: `"Desk" <sip:d@pbx.test>;cid="1@x"`}, `"Desk" <sip:d@pbx.test>;cid="1@x"`},
		} {
			if got, err := legOf(t, tt.peer, "+12065550123").referrer(tt.by); err != nil || got != tt.want {
				t.Errorf("%v: %q, %v", tt.peer, got, err)
			}
		}
	})
}

// What the other side says of our REFER, in the call's words: an end that nobody tells is a
// failure, but one that has been declined to be told is none.
func TestReferralReports(t *testing.T) {
	for _, tt := range []struct {
		name   string
		report refer.Report
		status int
	}{
		{"progressed", refer.Progressed{Status: refer.Status{Code: 180}}, 180},
		{"done", refer.Done{Status: refer.Status{Code: 200}}, 200},
		{"failed", refer.Failed{Status: refer.Status{Code: 486, Phrase: "Not Now"}}, 486},
		{"lost", refer.Lost{Text: "no NOTIFY came"}, 408},
	} {
		if got, _ := progressOf(tt.report); got.Status != tt.status || got.Text == "" {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
	if got, ok := progressOf(refer.Accepted{Watched: true}); ok {
		t.Errorf("accepted: %+v", got)
	}
	if got, ok := progressOf(refer.Accepted{}); !ok || got.Status != 200 {
		t.Errorf("accepted, and nothing will be told: %+v", got)
	}
	if got, _ := progressOf(refer.Failed{Status: refer.Status{Code: 486, Phrase: "Not Now"}}); got.Text != "Not Now" {
		t.Errorf("its words are %q", got.Text)
	}
}

// An INVITE with Replaces of a dialog that is ours joins its call; what comes for it before
// it has an answer finds it, and it leaves nothing behind.
func TestReplacesFindsItsCall(t *testing.T) {
	set := settings(t)
	set.Trunks[0].Trusted = true
	playWith(t, set, func(s *stage) {
		pbx, carrier, called, answered := s.transit()
		m := carrier.invite("sip:+12065550123@" + domain)
		m.Set("Replaces", replacesValue(answered.Dialog))
		carrier.say(m)
		joined := carrier.want("100 INVITE", "200 INVITE")
		carrier.say(m) // its repetition gets no second leg
		if again := carrier.take(); len(again) != 0 && !again[0].Again {
			t.Errorf("the repetition got %v", again[0].Name())
		}
		carrier.ack(joined)
		pbx.accepts(pbx.want("BYE"))
		if n := s.edge.Calls(); n != 1 {
			t.Errorf("%d calls", n)
		}
		carrier.say(carrier.In(carrier.Dialogs(called.Get("Call-ID"))[0], "BYE"))
		carrier.accepts(lastOf(carrier.take()))
		s.pass(time.Minute)
		if n := len(s.edge.calls.invites) + len(s.edge.calls.merged) + len(s.edge.calls.moved); n != 0 {
			t.Errorf("%d entries are left", n)
		}
	})
}

// What refuses an INVITE with Replaces before any call is asked.
func TestReplacesRefused(t *testing.T) {
	play(t, func(s *stage) {
		pbx, _, _, answered := s.transit()
		value := replacesValue(answered.Dialog)
		for _, tt := range []struct {
			want  string
			lines []string
		}{
			{"481 INVITE", []string{"nobody;to-tag=1;from-tag=2"}},
			{"400 INVITE", []string{"nobody;to-tag=1"}},
			{"400 INVITE", []string{value, value}},
		} {
			m := pbx.invite("sip:+14255550100@" + domain)
			for _, l := range tt.lines {
				m.Add("Replaces", l)
			}
			pbx.say(m)
			pbx.ack(pbx.want(tt.want))
		}
	})
}

// A party over its limit takes no place either.
func TestReplacesOverTheLimit(t *testing.T) {
	set := settings(t)
	set.Trunks[1].Limits.Calls = 1
	playWith(t, set, func(s *stage) {
		pbx, _, _, answered := s.transit()
		m := pbx.invite("sip:+14255550100@" + domain)
		m.Set("Replaces", replacesValue(answered.Dialog))
		pbx.say(m)
		refused := pbx.want("503 INVITE")
		has(t, refused.Message, "Retry-After", "")
		pbx.ack(refused)
	})
}

// Attended: two calls of one party become one, over the edge's own look-ups; what comes for
// the leg that has moved finds it, also when its first call is over.
func TestReferWithReplaces(t *testing.T) {
	play(t, func(s *stage) {
		pbx, carrier, called, answered := s.transit()
		pbx.say(pbx.invite("sip:+14255550177@" + domain))
		second := carrier.want("INVITE")
		carrier.answer(second)
		consult := pbx.want("100 INVITE", "200 INVITE")
		pbx.ack(consult)
		carrier.want("ACK")
		pbx.refers(answered.Dialog, "<sip:tandem@"+edgeAt.String()+"?Replaces="+url.QueryEscape(replacesValue(consult.Dialog))+">")
		for _, a := range pbx.take() {
			if a.IsRequest() {
				pbx.accepts(a)
			}
		}
		for _, a := range pbx.take() {
			if a.IsRequest() {
				pbx.accepts(a)
			}
		}
		s.pass(2 * time.Second)
		if n := s.edge.Calls(); n != 1 {
			t.Errorf("%d calls", n)
		}
		carrier.take()
		carrier.say(carrier.In(carrier.Dialogs(second.Get("Call-ID"))[0], "OPTIONS"))
		carrier.want("200 OPTIONS")
		carrier.say(carrier.In(carrier.Dialogs(second.Get("Call-ID"))[0], "BYE"))
		bye := lastOf(carrier.take())
		if bye.Method != "BYE" || bye.Get("Call-ID") != called.Get("Call-ID") {
			t.Fatalf("then came %s", bye.Name())
		}
		carrier.accepts(bye)
		pbx.take()
	})
}
