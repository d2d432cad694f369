package gateway

import (
	"github.com/tandem-gateway/tandem/config"
)

// Reload puts a new configuration into force without dropping a call: users,
// trunks, routes, times, and where the records go. What needs a restart is named in
// the log, at every reload until it comes, and stays as it was. A configuration that
// does not compile, or whose file of records cannot be opened, changes nothing.
func (g *Gateway) Reload(c *config.Config) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := inForce(g.config, c)
	settings, err := compileWith(next, g.prompts)
	if err != nil {
		return err
	}
	if next.CDR.Path != g.config.CDR.Path {
		if err := g.records.Move(next.CDR.Path); err != nil {
			return err
		}
	}
	g.sayChanges(c)
	for _, w := range settings.Plan.Warnings() {
		g.log.Warn("dialplan", "at", w.Path, "warning", w.Text)
	}
	g.edge.Apply(settings)
	g.config = next
	g.log.Info("reloaded")
	return nil
}

// sayChanges logs what a configuration changes and what of that has to wait.
func (g *Gateway) sayChanges(c *config.Config) {
	for _, ch := range config.Diff(g.config, c) {
		if ch.Restart {
			g.log.Warn("change needs a restart", "change", ch.String())
			continue
		}
		g.log.Info("changed", "change", ch.String())
	}
}

// inForce is a new configuration with what only a restart changes as it was before:
// sockets, ports, and the names that registrations are bound to.
func inForce(before, c *config.Config) *config.Config {
	next := *c
	next.SIP.Listen, next.SIP.Domain, next.SIP.Advertise = before.SIP.Listen, before.SIP.Domain, before.SIP.Advertise
	next.RTP.Address, next.RTP.Ports, next.RTP.Bind = before.RTP.Address, before.RTP.Ports, before.RTP.Bind
	return &next
}
