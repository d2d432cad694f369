package transport

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/internal/simnet"
	"pgregory.net/rapid"
)

// Whatever peers, network and owner do in whatever order: every stream flow ends once
// or is alive, what is alive can be sent over, a message comes at most once and only if
// it was sent, and after Close nothing is left.
func TestAnyOrderOfEvents(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		acts := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 40).Draw(rt, "acts")
		picks := rapid.SliceOfN(rapid.IntRange(0, 1<<20), len(acts), len(acts)).Draw(rt, "picks")
		seed := rapid.Uint64().Draw(rt, "seed")
		p := rapid.SampledFrom([]Protocol{TCP, TLS}).Draw(rt, "protocol")
		synctest.Test(t, func(t *testing.T) {
			c := newChaos(t, p, seed)
			for i, a := range acts {
				c.act(a, picks[i])
				c.check()
			}
			c.finish()
		})
	})
}

type chaos struct {
	t           *testing.T
	net         simulated
	protocol    Protocol
	secure      Secure
	left, right *side
	flows       []Flow // that the left side has had from Connect
	sent        map[string]int
}

func newChaos(t *testing.T, p Protocol, seed uint64) *chaos {
	n := simulate(simnet.New(seed))
	n.SetDefault(simnet.Link{Delay: time.Millisecond, Jitter: 30 * time.Millisecond, Loss: 0.1})
	c := &chaos{t: t, net: n, protocol: p, left: newSide(n, Limits{Connections: 8, Queue: 1000}), right: newSide(n, Limits{PerHost: 3}), sent: map[string]int{}}
	a, believed := newAuthority(t, "root")
	c.left.Certify(Credentials{Certificate: issue(t, a, "left.test")})
	c.right.Certify(Credentials{Certificate: issue(t, a, "right.test")})
	c.secure = Secure{Name: "right.test", Authorities: believed}
	for _, p := range []Protocol{UDP, p} {
		c.left.listen(t, p, gatewayAt)
		c.right.listen(t, p, phoneAt)
	}
	return c
}

func (c *chaos) act(a, pick int) {
	switch a {
	case 0:
		c.connect(phoneAt)
	case 1:
		c.connect(trunkAt) // where nobody listens
	case 2, 3, 4:
		c.send(pick)
	case 5:
		c.left.Drop(c.some(pick))
	case 6:
		c.net.Partition(gatewayAt.Addr(), phoneAt.Addr())
	case 7:
		c.net.Heal(gatewayAt.Addr(), phoneAt.Addr())
	case 8:
		c.dropIncoming(pick)
	case 9:
		time.Sleep(time.Duration(pick) * 50 * time.Microsecond)
	}
}

func (c *chaos) connect(to netip.AddrPort) {
	f, err := c.left.Connect(Peer{Protocol: c.protocol, Remote: to, Secure: c.secure, KeepAlive: time.Second})
	if err == nil {
		c.flows = append(c.flows, f)
	} else if !errors.Is(err, ErrTooMany) {
		c.t.Fatal(err)
	}
}

func (c *chaos) some(pick int) Flow {
	if len(c.flows) == 0 {
		return Flow{Protocol: UDP, Local: gatewayAt, Remote: phoneAt}
	}
	return c.flows[pick%len(c.flows)]
}

func (c *chaos) send(pick int) {
	f, text := c.some(pick), fmt.Sprint("message ", len(c.sent))
	switch err := c.left.Send(f, []byte(text+"\r\n\r\n")); {
	case err == nil:
		c.sent[text] = 0
	case !errors.Is(err, ErrGone) && !errors.Is(err, ErrQueueFull):
		c.t.Fatal(err)
	}
}

// dropIncoming ends a connection from the other side.
func (c *chaos) dropIncoming(pick int) {
	c.right.mu.Lock()
	var f Flow
	if n := len(c.right.in); n > 0 {
		f = c.right.in[pick%n].Flow
	}
	c.right.mu.Unlock()
	c.right.Drop(f)
}

func (c *chaos) check() {
	synctest.Wait()
	for _, f := range c.flows {
		if ended, alive := c.left.end(c.t, f) != nil, c.left.Alive(f); ended == alive {
			c.t.Fatalf("%v: ended %v, alive %v", f, ended, alive)
		}
	}
}

func (c *chaos) finish() {
	c.net.Heal(gatewayAt.Addr(), phoneAt.Addr())
	time.Sleep(time.Minute)
	for _, text := range c.right.got() {
		times, known := c.sent[text]
		if c.sent[text]++; !known || times > 0 {
			c.t.Errorf("%q came %d times, sent: %v", text, times+1, known)
		}
	}
	c.left.shut(c.t)
	c.right.shut(c.t)
	if open := c.net.Open(); len(open) > 0 {
		c.t.Errorf("open: %q", open)
	}
	c.net.Close()
}
