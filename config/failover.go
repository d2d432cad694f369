package config

// Failover says which failures of a trunk lead to the route's next one: no response,
// no connection, a limit, and 408, 500, 502, 503 and 504. Entries are codes ("403"),
// classes ("5xx") or ranges ("480-489").
type Failover struct {
	// Next are statuses that lead on besides those. Default: none.
	Next []string `yaml:"next"`
	// Stop are those of them that do not. Default: none.
	Stop []string `yaml:"stop"`
}
