package gateway

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/rtp/quality"
	"github.com/tandem-gateway/tandem/rtp/srtp"
	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip"
	"github.com/tandem-gateway/tandem/sip/trunk"
)

// Check says what is wrong with a configuration beyond what the file itself shows:
// numbers that are none, routes that cannot match. Warnings are what will work and
// is probably not meant.
func Check(c *config.Config) (warnings []string, err error) {
	s, err := compile(c)
	if err != nil {
		return nil, err
	}
	for _, w := range s.Plan.Warnings() {
		warnings = append(warnings, w.Path+": "+w.Text)
	}
	return warnings, nil
}

// compile turns a configuration into what the SIP edge is given.
func compile(c *config.Config) (*sip.Settings, error) {
	return compileWith(c, newPrompts(slog.New(slog.DiscardHandler)))
}

// compileWith is compile with sounds that may have been read before.
func compileWith(c *config.Config, sounds prompts) (*sip.Settings, error) {
	plan, err := dialplan.New(planOf(c))
	if err != nil {
		return nil, located(c, err)
	}
	s := &sip.Settings{
		Users: map[string]sip.User{}, Plan: plan,
		Limits: bridge.Limits{Silence: c.RTP.Timeout, Quality: quality.IntervalLength, Transfer: transfersOf(c)},
	}
	if s.Limits.Codecs, err = codecsOf(c); err != nil {
		return nil, err
	}
	for _, u := range c.Users {
		s.Users[u.Name] = sip.User{
			Name: u.Name, Password: u.Password.Reveal(), Limits: trunk.Limits{Calls: int(u.MaxCalls), CPS: u.MaxCPS},
			SRTP: srtpOf(u.Audio), Codecs: u.Codecs, Digits: bridge.KeyWay(u.DTMF), PicksUp: u.PicksUp,
		}
	}
	for i, t := range c.Trunks {
		compiled, err := trunkOf(t)
		if err != nil {
			return nil, fmt.Errorf("trunk %s: %w", t.Name, err)
		}
		if compiled.Failover, err = trunk.NewFailover(t.Failover.Next, t.Failover.Stop); err != nil {
			return nil, c.Errorf(fmt.Sprintf("trunks[%d].failover", i), "%v", err)
		}
		compiled.Failover.FollowRedirects = t.FollowRedirects
		if compiled.Writing, err = writingOf(c, fmt.Sprintf("trunks[%d]", i), &t); err != nil {
			return nil, err
		}
		s.Trunks = append(s.Trunks, compiled)
	}
	s.Prompts = library{sounds, c.Prompts}
	if err := errors.Join(sounds.holdMusic(s, c), recordCalls(s, c)); err != nil {
		return nil, err
	}
	s.Routes = map[string]sip.RouteTrunks{}
	for i := range c.Routes {
		s.Routes[c.Routes[i].Name] = routeTrunksOf(&c.Routes[i])
	}
	if s.Certificate, err = srtp.GenerateCertificate(time.Now()); err != nil {
		return nil, err
	}
	s.SDESWithoutTLS = c.SIP.SDESWithoutTLS
	s.TLS, err = credentialsOf(c.SIP.TLS)
	return s, err
}

func trunkOf(t config.Trunk) (sip.Trunk, error) {
	secure, err := secureOf(t)
	a := t.Address
	return sip.Trunk{
		Name: t.Name, Address: sip.Address{Host: a.Host, Port: a.Port, Protocol: protocolOf(a.Transport), SIPS: a.SIPS},
		Sources: t.Sources, Domain: t.Domain, Username: t.Username, Password: t.Password.Reveal(),
		Secure: secure, KeepAlive: t.KeepAlive, PassHeaders: t.PassHeaders,
		Register: registeringOf(&t), Transfers: bridge.TransferWay(t.Transfer),
		OptionsInterval: t.OptionsInterval, DownAfter: int(t.DownAfter),
		Trusted: t.Trusted,
		Limits:  trunk.Limits{Calls: int(t.MaxCalls), CPS: t.MaxCPS},
		SRTP:    srtpOf(t.Audio), Codecs: t.Codecs, Digits: bridge.KeyWay(t.DTMF),
	}, err
}

// srtpOf is how audio may be protected; which keys may stand in messages is for the edge
// to see.
func srtpOf(a config.Audio) bridge.SRTP {
	return bridge.SRTP{Protection: sdp.Protection(a.SRTP), SDES: a.SRTPKeys.SDES(), DTLS: a.SRTPKeys.DTLS()}
}

func routeTrunksOf(r *config.Route) sip.RouteTrunks {
	list := sip.RouteTrunks{Down: trunk.DownPolicy(r.DownTrunks)}
	for _, t := range r.Trunks {
		list.Entries = append(list.Entries, trunk.Entry{Trunk: t.Name, Priority: int(t.Priority), Weight: int(t.Weight)})
	}
	return list
}

func registeringOf(t *config.Trunk) sip.Registering {
	if !t.Register {
		return sip.Registering{}
	}
	return sip.Registering{Registrar: t.Registrar, Expires: t.RegisterExpires}
}

func planOf(c *config.Config) dialplan.Config {
	p := dialplan.Config{Region: c.Region, Agent: c.SIP.Domain}
	for _, u := range c.Users {
		shows := u.CallerIDs
		if slices.Equal(shows, u.Numbers) {
			shows = nil // the dialplan's default too; a fault in them is told once
		}
		p.Users = append(p.Users, dialplan.User{
			Name: u.Name, Numbers: u.Numbers, CallerIDs: shows, RingingTimeout: u.RingingTimeout,
			Forwards: forwardsOf(u.Forward),
		})
	}
	for _, t := range c.Trunks {
		p.Trunks = append(p.Trunks, dialplan.Trunk{
			Name: t.Name, CallerID: dialplan.CallerID(t.CallerID),
			CallerIDPolicy: dialplan.CallerIDPolicy(t.CallerIDPolicy), Trusted: t.Trusted,
			Diversion: dialplan.DiversionStyle(t.Diversion),
		})
	}
	for _, r := range c.Routes {
		p.Routes = append(p.Routes, dialplan.Route{
			Name: r.Name, From: r.From.String(), To: r.To, Trunks: r.TrunkNames(), User: r.User, CallerID: r.CallerID,
			RingingTimeout: r.RingingTimeout, AttemptTimeout: r.AttemptTimeout, Emergency: r.Emergency,
			Ringback: dialplan.Ringback(r.Ringback),
		})
	}
	return p
}

func forwardsOf(f config.Forward) dialplan.Forwards {
	return dialplan.Forwards{
		Always: forwardOf(f.Always), Busy: forwardOf(f.Busy), NoAnswer: forwardOf(f.NoAnswer),
		NoAnswerAfter: f.NoAnswerAfter, Unavailable: forwardOf(f.Unregistered),
	}
}

func forwardOf(d config.Destination) dialplan.Forward {
	return dialplan.Forward{Number: dialplan.Number(d.Number), User: d.User, Status: d.Status}
}

// located gives the dialplan's faults the lines and columns of the file.
func located(c *config.Config, err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var list []error
	for _, e := range joined.Unwrap() {
		var fault *dialplan.ConfigError
		if errors.As(e, &fault) {
			e = c.Errorf(fault.Path, "%q: %s", fault.Value, fault.Problem)
		}
		list = append(list, e)
	}
	if len(list) == 0 {
		return fmt.Errorf("dialplan: %w", err)
	}
	return errors.Join(list...)
}
