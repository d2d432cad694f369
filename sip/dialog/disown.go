package dialog

import (
	"hash/fnv"
	"strconv"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Disown makes the ACK and the BYE for a 2xx to an INVITE of ours whose usage is
// gone: a fork that answered after its call was over. Everything they need stands
// in the response. RFC 3261 s13.2.2.4: each 2xx is acknowledged, and a dialog the
// UAC does not want is ended "by sending a BYE request". Nothing is kept: when the
// ACK is lost, the 2xx comes again and gets both again, the same ones.
func Disown(res *sip.Response, via string) [][]byte {
	ack, bye := disown(res, via)
	return [][]byte{ack.render(), bye.render()}
}

func disown(res *sip.Response, via string) (ack, bye message) {
	from, to := res.From(), res.To()
	u := &Usage{
		config: Config{Via: via, Branch: transaction.Cookie + "disown." + fingerprint(res)},
		callID: res.CallID().Value(), local: party(from.DisplayName, from.Address, from.Params),
	}
	d := callerDialog(res, res.CSeq().SeqNo, reachable(to.Address))
	return u.request(d, "ACK", d.LocalSeq), u.request(d, "BYE", d.nextSeq())
}

// fingerprint tells a dialog from all others and is the same each time: the branches
// are made of it.
func fingerprint(res *sip.Response) string {
	h := fnv.New64a()
	for _, s := range []string{res.CallID().Value(), wire.FromTag(res), wire.ToTag(res), wire.Branch(res)} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

// straggler ends what a response says that nobody waits for: a 2xx of a fork that is
// not known, or no more. All others are dropped, and a repetition of the 2xx that
// made the call, whose ACK came through 64*T1 ago.
func (u *Usage) straggler(res *sip.Response) {
	if res.CSeq().MethodName != sip.INVITE || res.StatusCode < 200 || res.StatusCode > 299 {
		return
	}
	if u.chosen != nil && u.chosen.RemoteTag == wire.ToTag(res) {
		return
	}
	ack, bye := disown(res, u.config.Via)
	u.act(Action{Send: ack.render(), Hop: ack.hop})
	u.act(Action{Send: bye.render(), Hop: bye.hop})
}
