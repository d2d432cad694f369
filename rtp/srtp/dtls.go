package srtp

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/logging"
)

// Role is a part in the handshake.
type Role uint8

// The parts. a=setup:active is the client, a=setup:passive the server (RFC 5763
// section 5).
const (
	Client Role = iota
	Server
)

// String names the part for a log line.
func (r Role) String() string {
	if r == Client {
		return "client"
	}
	return "server"
}

// How a handshake goes on when packets are lost.
const (
	// DefaultTimeout is how long a handshake may take.
	DefaultTimeout = 30 * time.Second
	// flightInterval is when a flight is first sent again; it doubles each time. RFC 6347
	// section 4.2.4.1 has 1 s, which is silence that a caller hears.
	flightInterval = 400 * time.Millisecond
	// datagram is the longest that is sent: it fits where IPv6, UDP and a tunnel go.
	datagram = 1200
)

// DTLSConfig is what a handshake needs.
type DTLSConfig struct {
	// Role is our part.
	Role Role
	// Certificate is ours; the description we sent has its fingerprint.
	Certificate *Certificate
	// Remote are the fingerprints of the other side's description. Of several hash
	// functions the strongest counts. None are for a handshake that begins before the
	// description is here; Trust must follow.
	Remote []Fingerprint
	// Suites are those that we take, the first preferred; nil is AEAD_AES_128_GCM,
	// AEAD_AES_256_GCM and AES_CM_128_HMAC_SHA1_80. AES_256_CM_HMAC_SHA1_80 has no number
	// in DTLS.
	Suites []Suite
	// Timeout is how long it may take; 0 is DefaultTimeout.
	Timeout time.Duration
	// Send sends a packet to the other side. It is called from goroutines of the
	// handshake, must not wait, and must not keep the packet.
	Send func(packet []byte)
}

// check completes a configuration, or says what is wrong with it.
func (c *DTLSConfig) check() error {
	switch {
	case c.Certificate == nil:
		return fmt.Errorf("%w: no Certificate: give one of GenerateCertificate", ErrDTLS)
	case c.Send == nil:
		return fmt.Errorf("%w: no Send: give the function that sends a packet", ErrDTLS)
	case len(c.Remote) > 0:
		if err := believable(c.Remote); err != nil {
			return err
		}
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if len(c.Suites) == 0 {
		c.Suites = []Suite{AEADAES128GCM, AEADAES256GCM, AESCM128HMACSHA180}
	}
	for _, s := range c.Suites {
		if !s.sizes().handshake {
			return fmt.Errorf("%w: %v cannot be agreed on by DTLS: leave it out of Suites", ErrDTLS, s)
		}
	}
	return nil
}

// believable refuses fingerprints that would prove nothing.
func believable(remote []Fingerprint) error {
	if len(strongest(remote)) == 0 {
		return fmt.Errorf("%w: no fingerprint in %v by a hash function of %v: nothing would prove who answers", ErrDTLS, remote, strengths)
	}
	return nil
}

// DTLS is one DTLS-SRTP association (RFC 5764): a handshake in the media path that ends
// with keys for both directions.
//
//	          Receive(packets of KindDTLS)
//	                    |
//	                    v
//	NewDTLS ---> [ handshaking ] --- done: Keys ---> [ kept for repeated flights ]
//	                    |                                        |
//	                    +--- failed, timed out, Close ----+------+--- Close, or theirs
//	                                                      v
//	                                                  [ ended ]
//
// One goroutine owns it, with some of the library's below. Ours has ended when Close
// returns, and the library's have been told to; no Send begins any more. Until then the
// association answers: a peer that did not get our last flight sends its own again.
type DTLS struct {
	wire       *wire
	conn       *dtls.Conn
	config     DTLSConfig
	cancel     context.CancelFunc
	trust      chan []Fingerprint // of Trust
	mismatched atomic.Bool
	done       chan struct{} // closed when the fields below are set
	ended      chan struct{} // closed when the goroutine has ended
	send, recv Keys
	err        error
}

// NewDTLS begins a handshake. The error wraps ErrDTLS. The caller must Close it.
func NewDTLS(c DTLSConfig) (*DTLS, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	d := &DTLS{wire: newWire(c.Send), config: c, trust: make(chan []Fingerprint, 1), done: make(chan struct{}), ended: make(chan struct{})}
	var err error
	if d.conn, err = d.connect(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDTLS, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	d.cancel = cancel
	go d.run(ctx)
	return d, nil
}

// Receive takes a packet from the other side, from any goroutine. It copies it, does
// not wait, and drops what cannot belong to a handshake, as well as everything after
// the end.
func (d *DTLS) Receive(packet []byte) {
	if records := sieve(nil, packet); len(records) > 0 {
		d.wire.put(records)
	}
}

// Trust names the other side's certificate where NewDTLS could not: a passive offerer
// gets the ClientHello as soon as the answer is sent, and the answer later. No keys are
// given before, nor when the handshake was with somebody else. The error wraps ErrDTLS
// when none of the fingerprints can be believed; only the first call that succeeds
// counts.
//
// "The endpoint that is the offerer MUST use the setup attribute value of setup:actpass
// and be prepared to receive a client_hello before it receives the answer" (RFC 5763
// section 5).
func (d *DTLS) Trust(remote []Fingerprint) error {
	if err := believable(remote); err != nil {
		return err
	}
	select {
	case d.trust <- remote:
	default:
	}
	return nil
}

// Done is closed when the handshake has succeeded or failed; Keys then does not wait.
func (d *DTLS) Done() <-chan struct{} { return d.done }

// Keys waits for the handshake and gives the keys of what this side sends and of what
// it receives. The error wraps ErrFingerprint when the other side is not who the
// description names, ErrSuites when there is no suite in common, ErrClosed after Close,
// else ErrDTLS; a handshake that took too long answers context.DeadlineExceeded too.
func (d *DTLS) Keys() (send, receive Keys, err error) {
	<-d.done
	return d.send, d.recv, d.err
}

// Close ends the association, and tells the other side when there is one. It may be
// called more than once.
func (d *DTLS) Close() {
	d.cancel()
	_ = d.conn.Close() // the library's words on its own end say nothing
	<-d.ended
	_ = d.wire.Close() // not before: it would cut off the farewell
}

// run is the goroutine that owns the association.
func (d *DTLS) run(ctx context.Context) {
	defer close(d.ended)
	defer d.cancel()
	err := d.conn.HandshakeContext(ctx)
	if err == nil {
		err = d.authenticate(ctx)
	}
	if err == nil {
		d.send, d.recv, err = d.export()
	}
	if err != nil {
		d.err = d.verdict(ctx, err)
	}
	close(d.done)
	if err == nil {
		d.linger()
	}
	_ = d.conn.Close()
}

// linger reads, so that the library answers repeated flights, until the other side
// ends the association or Close does. There is no data in it (RFC 5764 section 3).
func (d *DTLS) linger() {
	data := make([]byte, 1<<14) // the longest record (RFC 6347 section 4.1)
	for {
		_, err := d.conn.Read(data)
		if errors.Is(err, io.EOF) || errors.Is(err, dtls.ErrConnClosed) {
			return
		}
	}
}

// verdict says why a handshake failed in words that the caller can act on.
func (d *DTLS) verdict(ctx context.Context, err error) error {
	switch {
	case d.mismatched.Load():
		return fmt.Errorf("%w (%w: %w)", ErrFingerprint, ErrDTLS, err)
	case errors.Is(ctx.Err(), context.Canceled):
		return ErrClosed
	case ctx.Err() != nil:
		return fmt.Errorf("%w: no end after %v: %w", ErrDTLS, d.config.Timeout, ctx.Err())
	case errors.Is(err, ErrSuites):
		return err
	}
	return fmt.Errorf("%w: %w", ErrDTLS, err)
}

// verify holds the certificate of the other side against its fingerprint, where that is
// known, so that a stranger gets an alert.
func (d *DTLS) verify(certificates [][]byte, _ [][]*x509.Certificate) error {
	if len(d.config.Remote) == 0 {
		return nil // authenticate waits for it
	}
	return d.compare(d.config.Remote, certificates)
}

// authenticate waits for the fingerprint where there is none, and compares.
func (d *DTLS) authenticate(ctx context.Context) error {
	remote := d.config.Remote
	if len(remote) == 0 {
		select {
		case remote = <-d.trust:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	state, ok := d.conn.ConnectionState()
	if !ok {
		return net.ErrClosed
	}
	return d.compare(remote, state.PeerCertificates)
}

// compare is the verdict on a certificate.
func (d *DTLS) compare(remote []Fingerprint, certificates [][]byte) error {
	if len(certificates) > 0 && matches(remote, certificates[0]) {
		return nil
	}
	d.mismatched.Store(true)
	return ErrFingerprint
}

// connect makes the library's side of the association; nothing is sent yet.
func (d *DTLS) connect() (*dtls.Conn, error) {
	var profiles []dtls.SRTPProtectionProfile
	for _, s := range d.config.Suites {
		profiles = append(profiles, dtls.SRTPProtectionProfile(s.sizes().profile))
	}
	both := []dtls.Option{
		dtls.WithCertificates(d.config.Certificate.tls),
		dtls.WithSRTPProtectionProfiles(profiles...),
		dtls.WithExtendedMasterSecret(dtls.RequestExtendedMasterSecret),
		dtls.WithFlightInterval(flightInterval),
		dtls.WithMTU(datagram),
		dtls.WithInsecureSkipVerify(true), // no authority signs it: verify looks at it
		dtls.WithVerifyPeerCertificate(d.verify),
		dtls.WithLoggerFactory(&logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}),
	}
	if d.config.Role == Client {
		var options []dtls.ClientOption
		for _, o := range both {
			options = append(options, o)
		}
		return dtls.ClientWithOptions(d.wire, elsewhere(), options...)
	}
	options := []dtls.ServerOption{dtls.WithClientAuth(dtls.RequireAnyClientCert)}
	for _, o := range both {
		options = append(options, o)
	}
	return dtls.ServerWithOptions(d.wire, elsewhere(), options...)
}

// export derives the keys of both directions from the association:
//
//	client key | server key | client salt | server salt
//
// each side writing with its own (RFC 5764 section 4.2).
func (d *DTLS) export() (send, receive Keys, err error) {
	suite, ok := d.agreed()
	if !ok {
		return Keys{}, Keys{}, fmt.Errorf("%w: the other side wants none of %v", ErrSuites, d.config.Suites)
	}
	state, ok := d.conn.ConnectionState()
	if !ok {
		return Keys{}, Keys{}, net.ErrClosed
	}
	key, salt := suite.sizes().key, suite.sizes().salt
	material, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 2*(key+salt))
	if err != nil {
		return Keys{}, Keys{}, err
	}
	salts := material[2*key:]
	client := held(suite, append(append([]byte(nil), material[:key]...), salts[:salt]...))
	server := held(suite, append(append([]byte(nil), material[key:2*key]...), salts[salt:]...))
	if d.config.Role == Client {
		return client, server, nil
	}
	return server, client, nil
}

// agreed is the suite that the handshake settled on.
func (d *DTLS) agreed() (Suite, bool) {
	profile, ok := d.conn.SelectedSRTPProtectionProfile()
	for _, s := range d.config.Suites {
		if ok && dtls.SRTPProtectionProfile(s.sizes().profile) == profile {
			return s, true
		}
	}
	return 0, false
}
