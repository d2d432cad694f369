package gateway

import (
	"fmt"

	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/sip"
	"github.com/tandem-gateway/tandem/sip/trunk"
)

// writingOf is how numbers and headers are written for the trunk at a path.
func writingOf(c *config.Config, path string, t *config.Trunk) (sip.Writing, error) {
	n := t.Numbers
	region := trunk.Region{CountryCode: n.CountryCode, TrunkPrefix: n.TrunkPrefix, International: n.International}
	w := sip.Writing{
		Numbers: trunk.Numbering{Called: formatOf(n.Called), To: formatOf(n.Called), Caller: formatOf(n.Caller), Region: region},
		Inbound: trunk.Reading{
			Style: trunk.Style(n.Inbound.Format), Strip: n.Inbound.Strip, Prefix: n.Inbound.Prefix, Region: region,
		},
		FromDomain: t.FromDomain, Headers: rulesOf(t.Headers),
	}
	if n.Inbound == (config.NumberFormat{}) {
		w.Inbound = trunk.Reading{}
	}
	if err := w.Numbers.Check(); err != nil {
		return w, c.Errorf(path+".numbers", "%v", err)
	}
	if err := w.Inbound.Check(); err != nil {
		return w, c.Errorf(path+".numbers.inbound", "%v", err)
	}
	for i := range w.Headers {
		if err := w.Headers[i : i+1].Check(); err != nil {
			return w, c.Errorf(fmt.Sprintf("%s.headers[%d]", path, i), "%v", err)
		}
	}
	return w, nil
}

func formatOf(f config.NumberFormat) trunk.Format {
	return trunk.Format{Style: trunk.Style(f.Format), Strip: f.Strip, Prefix: f.Prefix}
}

func rulesOf(list []config.HeaderRule) (rules trunk.HeaderRules) {
	for _, r := range list {
		switch {
		case r.Add != "":
			rules = append(rules, trunk.HeaderRule{Verb: trunk.AddHeader, Name: r.Add, Value: r.Value})
		case r.Set != "":
			rules = append(rules, trunk.HeaderRule{Verb: trunk.SetHeader, Name: r.Set, Value: r.Value})
		default:
			rules = append(rules, trunk.HeaderRule{Verb: trunk.RemoveHeader, Name: r.Remove})
		}
	}
	return rules
}
