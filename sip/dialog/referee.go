package dialog

import (
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transport"
)

// NewReferee makes the usage of a REFER outside of any call, which has been read and found
// good: a dialog with a subscription and nothing else in it (RFC 3515 s2.4.4). Its owner
// answers it by AcceptRefer or RefuseRefer, tells by Notify what comes of it, and lets go of
// it by Bye. It is Leaving from the beginning, and stays until all that has been told.
func NewReferee(now time.Time, c Config, req *sip.Request, flow transport.Flow) *Usage {
	u := &Usage{config: c.complete(), state: Leaving, callID: strings.Clone(req.CallID().Value())}
	to := req.To()
	u.local = party(to.DisplayName, to.Address, append(to.Params[:len(to.Params):len(to.Params)], sip.HeaderKV{K: "tag", V: c.Tag}))
	u.chosen = calleeDialog(req)
	u.dialogs = []*Dialog{u.chosen}
	u.refer = u.newReferrals()
	u.refer.alone = true
	u.serve(now, req, flow)
	u.perform(now, u.refer.Receive(now, req))
	return u
}
