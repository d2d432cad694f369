package gateway

import (
	"time"

	"github.com/tandem-gateway/tandem/event"
)

// drain refuses new calls with 503 and waits for those that are up to end; what
// is left when the time is over is ended with its record. Nobody waits for what
// only waits itself: a trunk that never answered, a BYE to somebody who is gone.
func (g *Gateway) drain() {
	g.mu.Lock()
	grace := g.config.Drain
	g.mu.Unlock()
	until := time.Now().Add(grace)
	g.edge.Refuse(until)
	if n := g.records.Open(); n > 0 {
		g.log.Info("draining", "calls", n, "for", grace.String())
	}
	if !waitUntilZero(g.records.Open, until) {
		g.log.Warn("ending calls", "calls", g.records.Open())
		g.edge.StopAll(event.Cause{Status: 503, Q850: 41, By: event.PartyGateway, Text: "the gateway is shutting down"})
		waitUntilZero(g.edge.Calls, time.Now().Add(hangupTime))
	}
	g.edge.Abandon()
	waitUntilZero(g.edge.Calls, time.Now().Add(hangupTime))
}

// hangupTime is how long the last BYEs may take to be answered. Who has not
// answered by then is gone; the records are written without it.
const hangupTime = 5 * time.Second

// waitUntilZero says whether nothing was left by then.
func waitUntilZero(left func() int, until time.Time) bool {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for left() > 0 {
		if now := <-ticker.C; now.After(until) {
			return left() == 0
		}
	}
	return true
}
