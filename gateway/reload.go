package gateway

import (
	"github.com/tandem-gateway/tandem/config"
)

// Reload puts a new configuration into force without dropping a call: users,
// trunks, routes and times. What needs a restart is named in the log and stays as
// it was. A configuration that does not compile changes nothing.
func (g *Gateway) Reload(c *config.Config) error {
	settings, err := compile(c)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, ch := range config.Diff(g.config, c) {
		if ch.Restart {
			g.log.Warn("change needs a restart", "change", ch.String())
			continue
		}
		g.log.Info("changed", "change", ch.String())
	}
	g.edge.Apply(settings)
	g.config = c
	g.log.Info("reloaded")
	return nil
}
