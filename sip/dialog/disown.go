package dialog

import (
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Disown makes the ACK and the BYE for a 2xx to an INVITE of ours whose usage is
// gone: a fork that answered after its call was over. Everything they need stands
// in the response. RFC 3261 s13.2.2.4: each 2xx is acknowledged, and a dialog the
// UAC does not want is ended "by sending a BYE request". Nothing is kept: when the
// ACK is lost, the 2xx comes again and gets both again.
func Disown(res *sip.Response, via string) [][]byte {
	if res.From() == nil || res.To() == nil || res.CallID() == nil || wire.ToTag(res) == "" {
		return nil
	}
	u := &Usage{
		config: Config{Via: via, Branch: transaction.Cookie + "disown." + wire.ToTag(res)},
		callID: res.CallID().Value(), local: res.From().Value(),
	}
	d := callerDialog(res, res.CSeq().SeqNo)
	if d.Target == "" || strings.ContainsAny(d.Target, "\r\n") {
		return nil
	}
	ack := u.request(&d, "ACK", d.LocalSeq)
	bye := u.request(&d, "BYE", d.LocalSeq+1)
	return [][]byte{ack.render(), bye.render()}
}
