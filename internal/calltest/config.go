package calltest

import (
	"fmt"
	"strings"
)

// configText is the script's configuration, with the sections that a script need
// not write: where the gateway stands in the simulated network, and where its
// records go.
func (s *stage) configText(text, records string) (string, error) {
	name := text
	if !strings.Contains(text, "\n") {
		var err error
		if text, err = s.setup.Configs(text); err != nil {
			return "", fmt.Errorf("config %s: %w", name, err)
		}
	}
	if strings.Contains(text, "{pki}") {
		if err := s.issueForGateway(); err != nil {
			return "", err
		}
		text = strings.ReplaceAll(text, "{pki}", s.setup.Dir)
	}
	base := map[string]string{
		"sip": fmt.Sprintf("\n  listen: [udp://%[1]s:%[2]d, tcp://%[1]s:%[2]d]\n  domain: %[3]s", gatewayHost, sipPort, gatewayDomain),
		"rtp": fmt.Sprintf("{ports: %d-%d}", firstPort, lastPort),
		"cdr": fmt.Sprintf("{path: %q}", records),
	}
	for key, value := range base {
		if !strings.HasPrefix(text, key+":") && !strings.Contains(text, "\n"+key+":") {
			text += key + ": " + value + "\n"
		}
	}
	return text, nil
}
