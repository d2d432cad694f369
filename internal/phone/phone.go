package phone

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// ErrTimeout is given when a message that had to come did not.
var ErrTimeout = errors.New("nothing came in time")

// Refused is the error of a request that got a failure.
type Refused struct{ Response *Message }

// Error is the status line, and what the response says of its reason.
func (r *Refused) Error() string {
	s := "refused with " + r.Response.Name()
	for _, h := range []string{"Warning", "Reason"} {
		if v := r.Response.Get(h); v != "" {
			s += fmt.Sprintf(" (%s: %s)", h, v)
		}
	}
	return s
}

// Place is where a Phone or PSTN stands.
type Place struct {
	// Pump runs it; several may share one. Whoever made it closes it.
	Pump *Pump
	// Listen opens a UDP socket; port 0 picks a free one.
	Listen func(netip.AddrPort) (PacketConn, error)
	// Local is the address for SIP; audio takes free ports of the same host.
	Local netip.AddrPort
	// Gateway is where requests go.
	Gateway netip.AddrPort
	// Trace sees every SIP message, sent and received; it may be nil.
	Trace func(at time.Time, from, to netip.AddrPort, m *Message)
}

// Phone is a person's phone with one call at a time. Its methods run its pump and
// whoever else shares it: between them nobody there sends or hears.
type Phone struct {
	Agent *Agent
	Audio *Audio

	pump   *Pump
	dialog *Dialog
	invite *Message
	// offer is our description, answer the other side's latest.
	offer  Description
	answer *Description
	inbox  []Arrival
	// hungUp is when the other side has ended the call.
	hungUp time.Time
}

// NewPhone opens a phone's sockets on its pump.
func NewPhone(at Place, who Credentials, domain string) (*Phone, error) {
	p := &Phone{pump: at.Pump, Agent: &Agent{
		Name: who.User, Domain: domain, Proxy: at.Gateway, Credentials: who, Reliable: true,
	}}
	sip, err := at.Listen(at.Local)
	if err != nil {
		return nil, fmt.Errorf("phone %s: %w", who.User, err)
	}
	rtp, err := at.Listen(netip.AddrPortFrom(at.Local.Addr(), 0))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("phone %s: %w", who.User, err), sip.Close())
	}
	p.Agent.Local = local(sip)
	p.Agent.Unique = fmt.Sprintf("-%x", time.Now().UnixNano())
	at.wire(p.Agent, sip, p.receive)
	p.Audio = &Audio{Local: local(rtp)}
	wireAudio(p.pump, p.Audio, rtp)
	return p, nil
}

func local(c PacketConn) netip.AddrPort {
	at, _ := netip.ParseAddrPort(c.LocalAddr().String())
	return at
}

// wire joins an agent, a socket and the trace.
func (at Place) wire(a *Agent, c PacketConn, receive func(Arrival)) {
	a.Write = func(b []byte, to netip.AddrPort) {
		at.trace(b, a.Local, to)
		// A datagram that cannot be sent is a datagram lost.
		_, _ = c.WriteToUDPAddrPort(b, to)
	}
	at.Pump.Open(c, func(now time.Time, b []byte, from netip.AddrPort) {
		at.trace(b, from, a.Local)
		if got, err := a.Receive(now, b, from); err == nil {
			receive(got)
		}
	})
	at.Pump.Add(a)
}

func (at Place) trace(packet []byte, from, to netip.AddrPort) {
	if at.Trace == nil {
		return
	}
	if m, err := Parse(packet); err == nil {
		at.Trace(time.Now(), from, to, m)
	}
}

func wireAudio(pump *Pump, a *Audio, c PacketConn) {
	a.Write = func(b []byte, to netip.AddrPort) { _, _ = c.WriteToUDPAddrPort(b, to) }
	pump.Open(c, func(now time.Time, b []byte, _ netip.AddrPort) {
		// What is no sound shows as sound that is missing.
		_ = a.Receive(now, b)
	})
	pump.Add(a)
}

// receive is what the phone does of itself with each message.
func (p *Phone) receive(a Arrival) {
	if a.Again {
		return
	}
	if body, ok := a.SDP(); ok && !a.IsRequest() {
		if d, err := ParseDescription(body); err == nil {
			p.answer = &d
		}
	}
	switch {
	case !a.IsRequest():
		p.inbox = append(p.inbox, a)
		p.acknowledge(a)
	case a.Method == "BYE":
		p.hungUp = a.At
		p.Audio.Stop()
		p.Agent.Send(a.At, p.Agent.Respond(a.Message, 200, ""))
	case a.Method == "OPTIONS":
		p.Agent.Send(a.At, p.Agent.Respond(a.Message, 200, ""))
	case a.Method == "INVITE":
		p.Agent.Send(a.At, p.Agent.Respond(a.Message, 486, ""))
	}
}

// acknowledge answers every final response to an INVITE at once, whether anybody
// waits for it or not.
func (p *Phone) acknowledge(a Arrival) {
	if _, method := a.CSeq(); method != "INVITE" || a.Status < 200 {
		return
	}
	if ack, err := p.Agent.Ack(a.Message); err == nil {
		p.Agent.Send(a.At, ack)
	}
}

// await gives the next response that fits, and drops what comes before it.
func (p *Phone) await(ctx context.Context, within time.Duration, fits func(Arrival) bool) (Arrival, error) {
	var found *Arrival
	got := p.pump.Run(ctx, time.Now().Add(within), func() bool {
		for len(p.inbox) > 0 && found == nil {
			a := p.inbox[0]
			p.inbox = p.inbox[1:]
			if fits(a) {
				found = &a
			}
		}
		return found != nil
	})
	switch {
	case got:
		return *found, nil
	case ctx.Err() != nil:
		return Arrival{}, ctx.Err()
	}
	return Arrival{}, ErrTimeout
}

// final waits for a request's final response and answers one challenge.
func (p *Phone) final(ctx context.Context, request *Message, within time.Duration) (Arrival, error) {
	p.Agent.Send(time.Now(), request)
	for proved := false; ; proved = true {
		number, method := request.CSeq()
		got, err := p.await(ctx, within, func(a Arrival) bool {
			n, m := a.CSeq()
			return n == number && m == method && a.Status >= 200 && a.Get("Call-ID") == request.Get("Call-ID")
		})
		if err != nil {
			return got, fmt.Errorf("%s: %w", request.Method, err)
		}
		if (got.Status != 401 && got.Status != 407) || proved {
			return got, refusal(got)
		}
		if request, err = p.Agent.Retry(request, got.Message); err != nil {
			return got, err
		}
		p.Agent.Send(time.Now(), request)
	}
}

func refusal(a Arrival) error {
	if a.Status >= 300 {
		return &Refused{a.Message}
	}
	return nil
}

// Register binds the phone's address for so many seconds.
func (p *Phone) Register(ctx context.Context, expires int) error {
	_, err := p.final(ctx, p.Agent.Register(expires), lifetime)
	return err
}

// Dial sends an INVITE with an offer and answers its challenge. What comes of it
// is Ringing's and Answered's.
func (p *Phone) Dial(uri string) {
	p.offer = Describe(p.Audio.Local)
	p.Audio.Expect(p.offer)
	p.invite = p.Agent.Request("INVITE", uri)
	p.invite.SetSDP(p.offer.String())
	p.dialog, p.answer, p.hungUp, p.inbox = nil, nil, time.Time{}, nil
	p.Agent.Send(time.Now(), p.invite)
}

// Ringing waits for the next provisional response that is more than a 100.
func (p *Phone) Ringing(ctx context.Context, within time.Duration) (Arrival, error) {
	return p.progress(ctx, within, func(a Arrival) bool { return a.Status > 100 })
}

// Answered waits for the answer.
func (p *Phone) Answered(ctx context.Context, within time.Duration) (Arrival, error) {
	return p.progress(ctx, within, func(a Arrival) bool { return a.Status >= 200 })
}

// progress waits for a response to the INVITE. A failure is an error.
func (p *Phone) progress(ctx context.Context, within time.Duration, fits func(Arrival) bool) (Arrival, error) {
	for {
		got, err := p.await(ctx, within, func(a Arrival) bool {
			_, method := a.CSeq()
			return method == "INVITE" && a.Get("Call-ID") == p.invite.Get("Call-ID") && (fits(a) || a.Status >= 200)
		})
		if err != nil {
			return got, fmt.Errorf("INVITE: %w", err)
		}
		again, err := p.settle(got)
		if err != nil || !again {
			return got, err
		}
	}
}

// settle looks at a response; again when it was a challenge that the INVITE now
// answers.
func (p *Phone) settle(got Arrival) (again bool, err error) {
	if got.Status < 200 {
		return false, nil
	}
	challenged := got.Status == 401 || got.Status == 407
	if challenged && !p.invite.Has("Authorization") && !p.invite.Has("Proxy-Authorization") {
		if p.invite, err = p.Agent.Retry(p.invite, got.Message); err == nil {
			p.Agent.Send(got.At, p.invite)
		}
		return true, err
	}
	p.dialog = got.Dialog
	return false, refusal(got)
}

// Talk sends the tone of Audio to the other side.
func (p *Phone) Talk() error {
	if p.answer == nil {
		return ErrNoAudio
	}
	return p.Audio.Start(time.Now(), *p.answer)
}

// Hears waits until a pitch is heard for a while without a break that matters;
// the error says how loud it was, and was not.
func (p *Phone) Hears(ctx context.Context, pitch float64, while, within time.Duration) (float64, error) {
	loud := silence
	if p.pump.Run(ctx, time.Now().Add(within), func() bool {
		loud = p.Audio.Level(time.Now(), while, pitch)
		return loud > Audible
	}) {
		return loud, nil
	}
	return loud, fmt.Errorf("a tone of %.0f Hz is not heard (%.0f dBm0, %d packets came)", pitch, loud, p.Audio.Report().Received)
}

// Run keeps the phone going for a time.
func (p *Phone) Run(ctx context.Context, d time.Duration) {
	p.pump.Run(ctx, time.Now().Add(d), func() bool { return false })
}

// HungUp tells whether the other side has ended the call.
func (p *Phone) HungUp() bool { return !p.hungUp.IsZero() }

// Hangup ends the call with a BYE.
func (p *Phone) Hangup(ctx context.Context) error {
	if p.dialog == nil {
		return errors.New("there is no call to hang up")
	}
	p.Audio.Stop()
	_, err := p.final(ctx, p.Agent.In(p.dialog, "BYE"), lifetime)
	return err
}
