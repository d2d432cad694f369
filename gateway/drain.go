package gateway

import (
	"time"

	"github.com/tandem-gateway/tandem/event"
)

// drain refuses new calls with 503 and waits for those that are up to end; what
// is left when the time is over is ended with its record, and a party that does not
// answer its BYE is not waited for long.
func (g *Gateway) drain() {
	g.mu.Lock()
	grace := g.config.Drain
	g.mu.Unlock()
	until := time.Now().Add(grace)
	g.edge.Refuse(until)
	if n := g.edge.Calls(); n > 0 {
		g.log.Info("draining", "calls", n, "for", grace.String())
	}
	if g.waitForCalls(until) {
		return
	}
	g.log.Warn("ending calls", "calls", g.edge.Calls())
	g.edge.StopAll(event.Cause{Status: 503, Q850: 41, By: event.PartyGateway, Text: "the gateway is shutting down"})
	if !g.waitForCalls(time.Now().Add(hangupTime)) {
		g.edge.Abandon()
		g.waitForCalls(time.Now().Add(hangupTime))
	}
}

// hangupTime is how long the last BYEs may take to be answered. Who has not
// answered by then is gone; the records are written without it.
const hangupTime = 5 * time.Second

// waitForCalls says whether all calls had ended by then.
func (g *Gateway) waitForCalls(until time.Time) bool {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for g.edge.Calls() > 0 {
		if now := <-ticker.C; now.After(until) {
			return g.edge.Calls() == 0
		}
	}
	return true
}
