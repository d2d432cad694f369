package sip

import (
	"crypto/rand"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/trunk"
)

// ping asks a trunk whether it is there, by OPTIONS (RFC 3261 s11.1).
func (w *watch) ping(t *watched) {
	name, number := t.name, t.health.Ping
	ponged := func(now time.Time, r trunk.Result, _ *sip.Response) {
		w.happened(now, name, trunk.Ponged{Ping: number, Result: r})
	}
	w.reach(name, func(now time.Time, to *Trunk, f transport.Flow, err error) {
		if err != nil {
			ponged(now, trunk.Result{Fate: trunk.Unreachable, Phrase: err.Error()}, nil)
			return
		}
		w.send(now, f, w.edge.question(to, f), ponged)
	})
}

// question is an OPTIONS.
func (e *Edge) question(t *Trunk, f transport.Flow) outline {
	uri := t.Address.server()
	return outline{
		method: "OPTIONS", uri: uri, from: "sip:tandem@" + e.config.Domain, to: uri,
		tag: rand.Text(), callID: rand.Text(), seq: 1,
		headers: []dialog.Header{
			{Name: "Contact", Value: contactOf(e.seen(f), t.Address.SIPS)},
			{Name: "Accept", Value: "application/sdp"},
		},
	}
}

// server is the URI of the trunk itself.
func (a Address) server() string {
	return strings.Replace(a.uri(""), "@", "", 1)
}
