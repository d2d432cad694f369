package sip

import (
	"strconv"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// causeOf reads why something ended from a message: the Q.850 value of its Reason
// (RFC 3326), and its words.
func causeOf(status int, msg sip.Message) event.Cause {
	c := event.Cause{Status: status, Text: wire.Phrase(status)}
	if msg == nil {
		return c
	}
	if res, ok := msg.(*sip.Response); ok && res != nil && res.Reason != "" {
		c.Text = res.Reason
	}
	if r, ok := wire.ReasonOf(msg, "Q.850"); ok {
		c.Q850 = r.Cause
		if r.Text != "" {
			c.Text = r.Text
		}
	}
	return c
}

// reasonHeaders say why we end something. RFC 3326 s2: a Reason may carry a SIP
// status, which tells the losers of a fork that the call was answered elsewhere,
// or a Q.850 value.
func reasonHeaders(c event.Cause) []dialog.Header {
	text := ""
	if c.Text != "" {
		text = ";text=" + wire.Quote(c.Text)
	}
	if c.Status == 200 && c.Q850 == 26 { // 26 is Q.850's non-selected user clearing
		return []dialog.Header{{Name: "Reason", Value: "SIP;cause=200" + text}}
	}
	if c.Q850 == 0 {
		return nil
	}
	return []dialog.Header{{Name: "Reason", Value: "Q.850;cause=" + strconv.Itoa(c.Q850) + text}}
}
