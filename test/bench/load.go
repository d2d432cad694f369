package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/test/peers"
)

// load is both ends of many calls: the near one calls, the far one rings and
// answers at once. All runs on the goroutine that calls its methods.
type load struct {
	pump      *phone.Pump
	near, far *phone.Agent
	audio     *streams
	calls     map[string]*call // by the Call-ID of the near end
	numbers   map[string]*call // by the number that was called
	failed    []error
}

// call is one of them.
type call struct {
	number string
	begun  time.Time
	// setup is how long the answer took; 0 before it has come.
	setup  time.Duration
	dialog *phone.Dialog
	over   bool
	// nearTo and farTo are where the gateway wants the audio of the two ends.
	nearTo, farTo netip.AddrPort
}

// newLoad opens the sockets; calls go to an address.
func newLoad(place *peers.Place, to netip.AddrPort) (*load, error) {
	l := &load{pump: phone.NewPump(), calls: map[string]*call{}, numbers: map[string]*call{}}
	var err error
	if l.near, err = l.agent("near", place.SIP(nearHost), to, l.nearGets); err != nil {
		return nil, err
	}
	if l.far, err = l.agent("far", place.SIP(farHost), to, l.farGets); err != nil {
		l.pump.Close()
		return nil, err
	}
	if l.audio, err = newStreams(place.Host(nearHost), place.Host(farHost)); err != nil {
		l.pump.Close()
		return nil, err
	}
	return l, nil
}

func (l *load) close() {
	l.audio.close()
	l.pump.Close()
}

func (l *load) agent(name string, at, to netip.AddrPort, gets func(phone.Arrival) error) (*phone.Agent, error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	a := &phone.Agent{Name: name, Domain: at.Addr().String(), Local: at, Proxy: to, Write: func(b []byte, to netip.AddrPort) {
		_, _ = conn.WriteToUDPAddrPort(b, to) // a call that goes unanswered is counted
	}}
	l.pump.Open(conn, func(now time.Time, data []byte, from netip.AddrPort) {
		in, err := a.Receive(now, data, from)
		if err == nil && !in.Again {
			err = gets(in)
		}
		if err != nil {
			l.failed = append(l.failed, err)
		}
	})
	return a, nil
}

// nearGets takes what comes to the calling end.
func (l *load) nearGets(in phone.Arrival) error {
	c := l.calls[in.Get("Call-ID")]
	_, method := in.CSeq()
	switch {
	case in.IsRequest() || c == nil:
		return fmt.Errorf("the near end gets %s", in.Start())
	case in.Status < 200:
		return nil
	case in.Status >= 300:
		return fmt.Errorf("%s gets %s", c.number, in.Start())
	case method == "BYE":
		c.over = true
		l.near.Forget(in.Get("Call-ID"))
		return nil
	}
	return l.connected(c, in)
}

func (l *load) connected(c *call, in phone.Arrival) error {
	c.setup, c.dialog = in.At.Sub(c.begun), in.Dialog
	var audio error
	c.nearTo, audio = audioAddress(in.Message)
	ack, err := l.near.Ack(in.Message)
	if err == nil {
		l.near.Send(time.Now(), ack)
	}
	return errors.Join(audio, err)
}

func audioAddress(m *phone.Message) (netip.AddrPort, error) {
	d, err := phone.ParseDescription(m.Body)
	return d.Address, err
}

// farGets takes what comes to the called end.
func (l *load) farGets(in phone.Arrival) error {
	switch in.Method {
	case "INVITE":
		return l.answer(in)
	case "BYE":
		l.agree(in)
	}
	return nil
}

// agree agrees to the end of a call.
func (l *load) agree(in phone.Arrival) {
	l.far.Send(time.Now(), l.far.Respond(in.Message, 200, ""))
	l.far.Forget(in.Get("Call-ID"))
}

func (l *load) answer(in phone.Arrival) (err error) {
	c := l.numbers[phone.User(in.URI)]
	if c == nil {
		return fmt.Errorf("the far end gets %s", in.Start())
	}
	now := time.Now()
	l.far.Send(now, l.far.Respond(in.Message, 180, ""))
	ok := l.far.Respond(in.Message, 200, "")
	ok.SetSDP(phone.Describe(l.audio.far.local, "PCMU").String())
	l.far.Send(now, ok)
	c.farTo, err = audioAddress(in.Message)
	return err
}

// begin places the n-th call.
func (l *load) begin(n int) *call {
	c := &call{number: fmt.Sprintf("+1425555%04d", n%10000)}
	m := l.near.Request("INVITE", fmt.Sprintf("sip:%s@%s", c.number, l.near.Proxy))
	m.SetSDP(phone.Describe(l.audio.near.local, "PCMU").String())
	l.calls[m.Get("Call-ID")], l.numbers[c.number] = c, c
	c.begun = time.Now()
	l.near.Send(c.begun, m)
	return c
}

// patience is how long a call's end may take.
const patience = 5 * time.Second

// place places calls, so many a second, and waits until all are answered.
func (l *load) place(calls, rate int) ([]*call, error) {
	var placed []*call
	for begun := time.Now(); len(placed) < calls; {
		placed = append(placed, l.begin(len(placed)))
		l.until(begun.Add(time.Duration(len(placed))*time.Second/time.Duration(rate)), nil)
	}
	all := func(c *call) bool { return c.setup > 0 }
	return placed, l.wait(placed, all, "answered")
}

// hangUp ends calls, and waits until the gateway has agreed to it.
func (l *load) hangUp(calls []*call, rate int) error {
	begun := time.Now()
	for i, c := range calls {
		l.near.Send(time.Now(), l.near.In(c.dialog, "BYE"))
		l.until(begun.Add(time.Duration(i+1)*time.Second/time.Duration(rate)), nil)
	}
	return l.wait(calls, func(c *call) bool { return c.over }, "ended")
}

// until handles what comes in, to a time or until it is done.
func (l *load) until(end time.Time, done func() bool) bool {
	if done == nil {
		done = func() bool { return false }
	}
	return l.pump.Run(context.Background(), end, done)
}

func (l *load) wait(calls []*call, is func(*call) bool, what string) error {
	at := 0
	ok := l.until(time.Now().Add(patience), func() bool {
		for at < len(calls) && is(calls[at]) {
			at++
		}
		return at == len(calls)
	})
	if len(l.failed) > 0 {
		return l.failed[0]
	}
	if !ok {
		return fmt.Errorf("%s and perhaps others are not %s within %v", calls[at].number, what, patience)
	}
	return nil
}
