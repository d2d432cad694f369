package calltest

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// What transfers need of a script: the dialogs of a party for Replaces, and manners for
// the NOTIFYs behind a REFER.

// expandDialogs fills in what is known of a party's conversations: {NAME.CALL.dialog} is a
// Replaces value (RFC 3891) for the dialog that the party calls CALL, {NAME.dialog} for the
// one without a name; {….replaces} is the same escaped for a URI in Refer-To, and
// {….target} the URI of the other side's Contact.
func (p *party) expandDialogs(text string) string {
	for name, c := range p.calls {
		if c.dialog == nil {
			continue
		}
		key := p.name + "."
		if name != "" {
			key += name + "."
		}
		value := fmt.Sprintf("%s;to-tag=%s;from-tag=%s", c.dialog.CallID, c.dialog.RemoteTag, c.dialog.LocalTag)
		text = strings.NewReplacer(
			"{"+key+"dialog}", value, "{"+key+"replaces}", url.QueryEscape(value), "{"+key+"target}", c.dialog.Target,
		).Replace(text)
	}
	return text
}

// reportsProgress tells whether a NOTIFY is about a REFER that has no end yet.
func reportsProgress(m *phone.Message) bool {
	return m.Method == "NOTIFY" && strings.HasPrefix(m.Get("Event"), "refer") && strings.HasPrefix(m.Body, "SIP/2.0 1")
}

// answerProgress gives such a NOTIFY its 200, as phones do. It may still be looked at by a
// line.
func (s *stage) answerProgress(p *party, now time.Time, a phone.Arrival) {
	if reportsProgress(a.Message) && !a.Again {
		p.agent.Send(now, p.agent.Respond(a.Message, p.progress, ""))
		if c := p.owner(a.Message); c != nil {
			c.answered[a.Message] = true
		}
	}
}

// bodyRule is a line "| a*b" below an expectation: a line of the body is this.
func bodyRule(s *stage, m *phone.Message, pattern string) error {
	for line := range strings.Lines(m.Body) {
		if glob(s.expand(pattern), strings.TrimRight(line, "\r\n")) {
			return nil
		}
	}
	return fmt.Errorf("no line of its body is %s:\n%s", pattern, m.Body)
}
