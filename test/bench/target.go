package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/test/peers"
)

// Who stands where: the gateway, the trunk that calls, the trunk that is called.
const (
	gatewayHost = 1
	nearHost    = 21
	farHost     = 22
)

const configuration = `
region: US
drain: 0s
sip:
  listen: ["udp://GATEWAY"]
cdr:
  path: RECORDS
trunks:
  - name: near
    address: sip:NEAR;transport=udp
    sources: [NEARHOST/32]
    trusted: true
    options_interval: 0s
  - name: far
    address: sip:FAR;transport=udp
    options_interval: 0s
routes:
  - name: transit
    from: trunk:near
    to: "+1425"
    trunks: [far]
`

// target is the gateway that is measured.
type target struct{ *peers.Gateway }

// target starts a gateway on its core.
func (b *bench) target() (*target, error) {
	b.started++
	dir := filepath.Join(b.dir, fmt.Sprintf("gateway%d", b.started))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	config := strings.NewReplacer(
		"GATEWAY", b.place.SIP(gatewayHost).String(), "NEARHOST", b.place.Host(nearHost).String(),
		"NEAR", b.place.SIP(nearHost).String(), "FAR", b.place.SIP(farHost).String(),
	).Replace(configuration)
	g, err := peers.StartGateway(b.binary, dir, config, nil, gatewayCore()...)
	return &target{g}, err
}

// loaded measures a gateway with this process at both ends of its calls.
func (b *bench) loaded(measure func(*target, *load) error) error {
	t, err := b.target()
	if err != nil {
		return err
	}
	defer t.Kill()
	l, err := newLoad(b.place, b.place.SIP(gatewayHost))
	if err != nil {
		return err
	}
	defer l.close()
	return measure(t, l)
}

// ticks is USER_HZ, in which /proc/PID/stat counts: 100 a second on every Linux.
const ticks = 100

// cpu is the processor time that the gateway has used, user's and system's:
// fields 14 and 15 of /proc/PID/stat (proc(5)).
func (t *target) cpu() (time.Duration, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", t.PID()))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(content), ") ") // behind the name, which may have spaces
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %q", t.PID(), content)
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / ticks, err
}

// memory is the gateway's proportional set size in bytes: what it has for itself,
// and its share of what it has with others.
func (t *target) memory() (int, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", t.PID()))
	_, after, found := strings.Cut(string(content), "\nPss:")
	if err != nil || !found {
		return 0, fmt.Errorf("/proc/%d/smaps_rollup has no Pss: %w", t.PID(), err)
	}
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	return kib << 10, err
}

// settled is the memory when it has stopped changing: the least of what is seen
// while it does not fall any more for some seconds, or the time is over.
func (t *target) settled(calm, within time.Duration) (int, error) {
	least, err := t.memory()
	since := time.Now()
	for end := time.Now().Add(within); err == nil && time.Since(since) < calm && time.Now().Before(end); {
		time.Sleep(200 * time.Millisecond)
		var now int
		if now, err = t.memory(); err == nil && now < least-least/200 {
			least, since = now, time.Now()
		}
	}
	return least, err
}
