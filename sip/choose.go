package sip

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sip/trunk"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// RouteTrunks is how a route chooses among its trunks.
type RouteTrunks struct {
	// Entries are the trunks; one that is missing comes as it was written.
	Entries []trunk.Entry
	// Down says what becomes of trunks that are down.
	Down trunk.DownPolicy
}

// choosing is the dialplan of an edge: where it names trunks, they are put into the
// order of what is known of them now.
type choosing struct {
	edge     *Edge
	settings *Settings
}

// Forward decides where a forwarded call goes.
func (c choosing) Forward(r dialplan.Request, f dialplan.Forwarding) dialplan.Decision {
	return c.choose(time.Now(), c.settings.Plan.Forward(r, f))
}

// Transfer decides where a call goes that one of its parties transfers.
func (c choosing) Transfer(t dialplan.Transfer) dialplan.Decision {
	return c.choose(time.Now(), c.settings.Plan.Transfer(t))
}

// Recall decides how a party is called back whose transfer has failed.
func (c choosing) Recall(to dialplan.Party, number string, transferee dialplan.Request) dialplan.Decision {
	return c.choose(time.Now(), c.settings.Plan.Recall(to, number, transferee))
}

// Decide says where a call goes, or why it goes nowhere.
func (c choosing) Decide(now time.Time, r dialplan.Request) dialplan.Decision {
	return c.choose(now, c.settings.Plan.Decide(r))
}

// choose orders the attempts of a decision, and leaves out the trunks that cannot take
// the call now.
func (c choosing) choose(now time.Time, d dialplan.Decision) dialplan.Decision {
	if len(d.Attempts) == 0 || d.Attempts[0].To.Kind != dialplan.PartyTrunk {
		return d
	}
	choice := trunk.Order(c.candidates(now, &d), urgency(d), c.settings.Routes[d.Route].Down, rand.Uint64())
	for _, s := range choice.Skipped {
		c.edge.log.Warn("trunk not tried", "trunk", s.Trunk, "reason", s.Reason.String(), "why", s.Text)
	}
	ordered := make([]dialplan.Attempt, 0, len(choice.Trunks))
	for _, name := range choice.Trunks {
		for i := range d.Attempts {
			if d.Attempts[i].To.Name == name {
				ordered = append(ordered, d.Attempts[i])
			}
		}
	}
	if d.Attempts = ordered; len(ordered) == 0 {
		d.Refusal = c.refusal(choice.Skipped)
	}
	return d
}

func urgency(d dialplan.Decision) trunk.Urgency {
	if d.Emergency {
		return trunk.Emergency
	}
	return trunk.Ordinary
}

// candidates are the trunks of the attempts with what is known of them.
func (c choosing) candidates(now time.Time, d *dialplan.Decision) []trunk.Candidate {
	entries := map[string]trunk.Entry{}
	for _, e := range c.settings.Routes[d.Route].Entries {
		entries[e.Trunk] = e
	}
	list := make([]trunk.Candidate, len(d.Attempts))
	for i := range d.Attempts {
		name := d.Attempts[i].To.Name
		known := c.edge.watch.of(name)
		list[i] = trunk.Candidate{
			Entry: trunk.Entry{Trunk: name, Priority: i}, Health: known.state, Why: known.why, Binding: known.binding,
			Limit: c.edge.meters.check(now, trunkMeter(name), c.settings),
		}
		if e, ok := entries[name]; ok {
			list[i].Entry = e
		}
	}
	return list
}

// refusal is what a caller is told when no trunk can be tried. RFC 3261 s21.5.4: "The
// server is temporarily unable to process the request due to a temporary overloading or
// maintenance of the server."
func (c choosing) refusal(skipped []trunk.Skip) *dialplan.Refusal {
	texts, q850 := make([]string, len(skipped)), circuitsBusy
	for i, s := range skipped {
		texts[i] = s.Text
		if s.Reason != trunk.SkipFull {
			q850 = outOfOrder
		}
	}
	return unavailable(c.edge.config.Domain, cmp.Or(strings.Join(texts, "; "), "no trunk can be tried"), q850)
}

// Values of ITU-T Q.850 s2.2.7.
const (
	circuitsBusy = 34 // no circuit/channel available
	outOfOrder   = 38 // network out of order
)

// unavailable is a 503 with its reason in a Warning (RFC 3261 s20.43).
func unavailable(domain, text string, q850 int) *dialplan.Refusal {
	return &dialplan.Refusal{
		Status: 503, Phrase: text, Text: text, Q850: q850,
		Warning: fmt.Sprintf("399 %s %s", domain, wire.Quote(text)),
	}
}
