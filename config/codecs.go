package config

import (
	"slices"
	"strings"
)

// defaultCodecs are those that the gateway turns into each other, the best first.
func defaultCodecs() []string { return []string{"opus", "G722", "PCMU", "PCMA"} }

// checkCodecs refuses what can be no codec's name (RFC 4855 s3: a token). Whether the
// gateway has it is asked where that matters: what it does not have it can still pass on.
func (c *checker) checkCodecs(path string, list []string) {
	for i, name := range list {
		at := index(path, i)
		switch {
		case name == "" || strings.Trim(name, letters+digits+"-_.+") != "":
			c.report(at, "%q is no codec: write its name as in SDP, such as PCMA, G722 or opus", name)
		case slices.ContainsFunc(list[:i], func(other string) bool { return strings.EqualFold(other, name) }):
			c.report(at, "%s is listed twice: remove one", name)
		}
	}
}

func (c *checker) checkAllCodecs(cfg *Config) {
	c.checkCodecs("rtp.codecs", cfg.RTP.Codecs)
	for i := range cfg.Users {
		c.checkCodecs(index("users", i)+".codecs", cfg.Users[i].Codecs)
	}
	for i := range cfg.Trunks {
		c.checkCodecs(index("trunks", i)+".codecs", cfg.Trunks[i].Codecs)
	}
}
