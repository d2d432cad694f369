package sip

import (
	"net/netip"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/resolve"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// way is where Locate has found that a trunk can be called: over a flow, and by the
// servers after it.
type way struct {
	flow transport.Flow
	rest []resolve.Candidate
}

// servers are where the INVITE of a leg may still go within one attempt. RFC 3263 s4.3
// gives up a server for a 503, for a transport that fails, and for silence. The wait
// for a silent one is not the transaction's 64*T1, as a caller has not so much: the
// route's attempt_timeout is shared equally by the trunk's servers, with a second for
// each at the least, and bounds them together where another trunk comes next.
//
// A server whose media would have to come to another address of ours than the offer
// has, one of the other family, is left out: the next call tries it first.
type servers struct {
	rest  []resolve.Candidate
	media netip.Addr
	// large is set for an INVITE that is too large for UDP; udp is the way back to it
	// while TCP is tried, zero when there is none.
	large bool
	udp   transport.Flow
	// share is how long a silent server is waited for, silentAt when the present one
	// has used that up; zero when it has said something, or is the last one.
	share    time.Duration
	silentAt time.Time
}

// leastShare lets an INVITE by UDP be sent twice: RFC 3261 s17.1.1.2, T1 is 500 ms.
const leastShare = time.Second

// spread prepares for the servers after the first.
func (l *leg) spread(now time.Time, w *way, patience time.Duration) {
	l.flow = w.flow
	l.servers = servers{rest: w.rest, media: l.edge.mediaAddress(w.flow)}
	if patience > 0 {
		l.servers.share = max(leastShare, patience/time.Duration(len(w.rest)+1))
	}
	l.await(now)
}

// await begins the wait for the present server.
func (l *leg) await(now time.Time) {
	s := &l.servers
	if s.silentAt = (time.Time{}); s.share > 0 && len(s.rest) > 0 {
		s.silentAt = now.Add(s.share)
	}
}

// heard ends it: the server is there.
func (l *leg) heard() { l.servers.silentAt, l.servers.udp = time.Time{}, transport.Flow{} }

// giveUpServer goes on at the next server when this one has been silent for too long.
func (l *leg) giveUpServer(now time.Time) {
	if s := &l.servers; !s.silentAt.IsZero() && !now.Before(s.silentAt) {
		s.silentAt = time.Time{}
		l.usage.GiveUpServer(now)
	}
}

// Next gives the server to try after one that has failed: the same one by UDP, when it
// could not be reached by TCP with what is too large for UDP, or another one.
func (l *leg) Next(now time.Time, status int, res *sip.Response) (dialog.Server, bool) {
	s, was := &l.servers, l.flow
	if s.udp != (transport.Flow{}) && res == nil && status == 503 {
		l.flow, s.udp = s.udp, transport.Flow{}
	} else if !l.nextServer(res != nil) {
		return dialog.Server{}, false
	} else {
		l.edge.locator.heard(now, was, true, restOf(res))
		l.edge.log.Info("trunk tried at its next server", "call", l.call.ID(), "trunk", l.peer.Name,
			"failed", was.String(), "status", status, "next", l.flow.String())
		l.tell(bridge.Elsewhere{})
	}
	l.await(now)
	next := dialog.Server{Via: viaOf(l.edge.seen(l.flow)), Contact: contactOf(l.edge.seen(l.flow), isSIPS(l.target)), Before: was}
	if l.flow.Protocol.Reliable() {
		next.Transport = transaction.Reliable
	}
	return next, true
}

// nextServer finds the next server that there is a way to. One that has answered is not
// asked again over another protocol.
func (l *leg) nextServer(answered bool) bool {
	s, t, was := &l.servers, l.trunk(), l.flow
	for len(s.rest) > 0 && t != nil {
		c := s.rest[0]
		s.rest = s.rest[1:]
		f, err := l.edge.layer.Connect(t.peer(transport.Protocol(c.Protocol), c.Addr))
		if err == nil && l.edge.mediaAddress(f) == s.media && !(answered && c.Addr == was.Remote) {
			l.flow = f
			l.enlarge(t)
			return true
		}
	}
	return false
}

// enlarge has what is too large for UDP go by TCP first. RFC 3261 s18.1.1: "If a server
// does not support TCP … the client SHOULD retry the request, using UDP".
func (l *leg) enlarge(t *Trunk) bool {
	s := &l.servers
	s.udp = transport.Flow{}
	if !s.large || l.flow.Protocol != transport.UDP {
		return false
	}
	tcp, err := l.edge.layer.Connect(t.peer(transport.TCP, l.flow.Remote))
	if err != nil {
		return false // we have no TCP ourselves
	}
	s.udp, l.flow = l.flow, tcp
	return true
}

// restOf is the time for which a server that is overloaded wants to be left alone.
func restOf(res *sip.Response) time.Duration {
	if res == nil {
		return 0
	}
	rest, _ := wire.DeltaSeconds(res, "Retry-After")
	return time.Duration(rest) * time.Second
}
