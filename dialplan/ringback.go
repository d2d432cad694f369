package dialplan

// Ringback says what a caller hears while the callee's phone rings.
type Ringback uint8

const (
	// RingbackAuto is what the callee sends and, where it sends nothing within a second of
	// its 180, the ringing tone of its country: "auto".
	RingbackAuto Ringback = iota
	// RingbackLocal is the ringing tone of the callee's country, whatever the callee
	// sends: "local".
	RingbackLocal
	// RingbackPass is what the callee sends, and else the caller's own phone: "pass".
	RingbackPass
)

// String gives the spelling in a configuration.
func (r Ringback) String() string {
	return nameOf([]string{RingbackAuto: "auto", RingbackLocal: "local", RingbackPass: "pass"}, int(r))
}

// ring settles what the caller of a decision hears while it rings, and of which
// country: that of the number that is called, and ours for a user and an emergency.
func (p *Plan) ring(d *Decision, rt *route) {
	d.Ringback, d.Country = rt.ringback, p.region.code
	if d.Callee == "" || rt.user != nil {
		return
	}
	if r, ok := regionOf(string(d.Callee)); ok {
		d.Country = r.code
	}
}
