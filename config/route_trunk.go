package config

// RouteTrunk is one trunk of a route: its name alone, or a section.
type RouteTrunk struct {
	// Name is the trunk's. Required.
	Name string `yaml:"name"`
	// Priority orders: trunks of a lower number come first. Default 0.
	Priority uint `yaml:"priority"`
	// Weight shares the calls among trunks of the same priority, in proportion; where
	// all have 0 they are tried as they are written. Default 0.
	Weight uint `yaml:"weight"`
}

// setWord takes a trunk that is only named.
func (t *RouteTrunk) setWord(name string) { t.Name = name }

// TrunkNames are the route's trunks as they are written.
func (r *Route) TrunkNames() []string {
	var names []string
	for _, t := range r.Trunks {
		names = append(names, t.Name)
	}
	return names
}

// Down is what becomes of a route's trunks that are down.
type Down int

// They are left out, or tried after all others.
const (
	DownSkip Down = iota
	DownLast
)

var downNames = []string{DownSkip: "skip", DownLast: "last"}

// String gives the file's word.
func (d Down) String() string { return enumName(downNames, int(d)) }

// UnmarshalText reads skip or last.
func (d *Down) UnmarshalText(text []byte) error { return setEnum(d, downNames, text) }
