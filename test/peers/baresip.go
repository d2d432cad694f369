package peers

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// Baresip says what a softphone is to be.
type Baresip struct {
	// Name tells it from others of the same story.
	Name string
	// At is where it takes SIP.
	At netip.AddrPort
	// Who is its user, or the number that it answers for.
	Who phone.Credentials
	// Gateway is where it registers and calls; it registers when Who has a password.
	Gateway netip.AddrPort
	// Transport is what it speaks: udp, where it is empty, tcp or tls.
	Transport string
	// CA is a file with the authority that it trusts, and Certificate one with its own
	// certificate and key, for tls. It takes TLS on the port above that of At.
	CA, Certificate string
	// Encryption is the way its audio takes: srtp (SDES beside RTP/AVP), srtp-mand (SDES, in
	// RTP/SAVP) or dtls_srtp; plain RTP where it is empty.
	Encryption string
	// Codec is the one that it speaks: opus or g722; G.711 of both laws where it is empty.
	// What it hears is then recorded at the codec's rate.
	Codec string
	// Answers tells that it answers calls by itself.
	Answers bool
	// Sound is the file that it plays into its calls, of 8 kHz.
	Sound string
}

// Softphone is a baresip that was started.
type Softphone struct {
	*Process
	dir    string
	conn   net.Conn
	events chan Event
	reader sync.WaitGroup
	answer chan bool
}

// Event is what a softphone says of itself: REGISTER_OK, CALL_INCOMING,
// CALL_RINGING, CALL_ESTABLISHED, CALL_CLOSED and others.
type Event struct {
	Type  string `json:"type"`
	Peer  string `json:"peeruri"`
	Param string `json:"param"`
}

// controlPort is where a softphone takes commands, on its own address.
const controlPort = 4444

// config is baresip's configuration. It has no sound card: it plays a file, the
// module aubridge drains what it hears, and the module sndfile writes that down.
const baresipConfig = `poll_method epoll
sip_listen AT
net_interface HOST
call_local_timeout 60
call_max_calls 2
audio_buffer 40
audio_source aufile,SOUND
audio_player aubridge,none
audio_alert aubridge,none
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
ausrc_format s16
auplay_format s16
auenc_format s16
audec_format s16
rtp_ports 10000-19999
jitter_buffer_delay 5-10
module_path MODULES
module g711.so
module sndfile.so
module aufile.so
module aubridge.so
snd_path DIR
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen HOST:PORT
`

// baresipTLS is what is added for TLS.
const baresipTLS = `sip_cafile CAFILE
sip_certificate CERTIFICATE
`

// baresipCodecs are what an account calls them.
var baresipCodecs = map[string]string{"opus": "opus/48000/2", "g722": "g722/16000/1"}

// moduleDirs are where distributions put baresip's modules.
var moduleDirs = []string{"/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules", "/usr/lib64/baresip/modules"}

// Start starts it in a directory, and returns when it takes commands.
func (b Baresip) Start(dir string) (*Softphone, error) {
	p := &Softphone{dir: filepath.Join(dir, b.Name), events: make(chan Event, 1024), answer: make(chan bool, 16)}
	if err := b.configure(p.dir); err != nil {
		return nil, err
	}
	var err error
	if p.Process, err = Start(p.dir, b.Name, "baresip", "-4", "-f", p.dir); err != nil {
		return nil, err
	}
	at := netip.AddrPortFrom(b.At.Addr(), controlPort).String()
	if !Until(startTime, func() bool { p.conn, err = net.Dial("tcp4", at); return err == nil || !p.Running() }) || err != nil {
		p.Kill()
		said, _ := os.ReadFile(p.Output)
		return nil, fmt.Errorf("%s does not start: %w\n%s", b.Name, err, said)
	}
	p.reader.Go(p.read) // ends with the connection
	return p, nil
}

// configure writes its directory.
func (b Baresip) configure(dir string) error {
	modules := ""
	for _, d := range moduleDirs {
		if _, err := os.Stat(d); err == nil {
			modules = d
		}
	}
	config := baresipConfig
	if b.Transport == "tls" {
		config += baresipTLS
	}
	if b.Encryption != "" {
		module, _, _ := strings.Cut(b.Encryption, "-")
		config += "module " + module + ".so\n"
	}
	if b.Codec != "" {
		config += "module " + b.Codec + ".so\n"
	}
	config = strings.NewReplacer("CAFILE", b.CA, "CERTIFICATE", b.Certificate, "AT", b.At.String(), "HOST", b.At.Addr().String(), "SOUND", b.Sound,
		"MODULES", modules, "DIR", dir, "PORT", strconv.Itoa(controlPort)).Replace(config)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "accounts"), []byte(b.account()), 0o600); err != nil {
		return err
	}
	return obstruct(dir, time.Now())
}

// recorded is how long a softphone may be in use.
const recorded = 5 * time.Minute

// obstruct puts directories where sndfile would write what the softphone sends, so
// that it records only what it hears. For baresip 1.0 throws away the filters of what
// it hears when a hold begins, and makes new ones only while it has none at all; with
// one for what it sends it would record nothing from then on.
func obstruct(dir string, now time.Time) error {
	for at := now; at.Before(now.Add(recorded)); at = at.Add(time.Second) {
		if err := os.Mkdir(filepath.Join(dir, at.Format("dump-2006-01-02-15-04-05-enc.wav")), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// account is its user in baresip's own form.
func (b Baresip) account() string {
	return fmt.Sprintf("<sip:%s@%s;transport=%s>;%s;answermode=%s;audio_codecs=%s%s\n",
		b.Who.User, b.Gateway, cmp.Or(b.Transport, "udp"),
		either(b.Who.Password != "", "regint=60;auth_pass="+b.Who.Password, "regint=0"),
		either(b.Answers, "auto", "manual"), cmp.Or(baresipCodecs[b.Codec], "pcmu,pcma"), either(b.Encryption != "", ";mediaenc="+b.Encryption, ""))
}

func either(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// read takes what the softphone says, netstrings (a length, a colon, the text, a
// comma) of JSON.
func (p *Softphone) read() {
	defer close(p.events)
	for in := bufio.NewReader(p.conn); ; {
		text, err := netstring(in)
		if err != nil {
			return
		}
		var said struct {
			Event
			IsResponse bool `json:"response"`
			OK         bool `json:"ok"`
		}
		switch err := json.Unmarshal(text, &said); {
		case err != nil:
			return
		case said.IsResponse:
			p.answer <- said.OK
		default:
			p.events <- said.Event
		}
	}
}

func netstring(in *bufio.Reader) ([]byte, error) {
	head, err := in.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(head, ":"))
	if err != nil {
		return nil, err
	}
	b := make([]byte, n+1)
	for read := 0; read < len(b); {
		m, err := in.Read(b[read:])
		if err != nil {
			return nil, err
		}
		read += m
	}
	return b[:n], nil
}

// Do has it carry out a command of its menu, such as dial, accept or hangup.
func (p *Softphone) Do(command, parameters string) error {
	text, err := json.Marshal(map[string]string{"command": command, "params": parameters, "token": command})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(p.conn, "%d:%s,", len(text), text); err != nil {
		return err
	}
	select {
	case ok := <-p.answer:
		if !ok {
			return fmt.Errorf("%s does not %s %s", p.Name, command, parameters)
		}
		return nil
	case <-time.After(startTime):
		return fmt.Errorf("%s does not answer to %s", p.Name, command)
	}
}

// Await waits for an event of a type, passing over others.
func (p *Softphone) Await(kind string, within time.Duration) (Event, error) {
	timeout := time.After(within)
	for {
		select {
		case e, ok := <-p.events:
			if !ok {
				return e, fmt.Errorf("%s has ended before %s", p.Name, kind)
			}
			if e.Type == kind {
				return e, nil
			}
		case <-timeout:
			return Event{}, fmt.Errorf("%s has no %s within %v", p.Name, kind, within)
		}
	}
}

// Heard is what it has heard in its last call, as far as it is written.
func (p *Softphone) Heard() ([]int16, error) {
	files, _ := filepath.Glob(filepath.Join(p.dir, "dump-*-dec.wav")) // the pattern is good
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has recorded nothing", p.Name)
	}
	return ReadWave(files[len(files)-1])
}

// Quit has it leave as its user would, deregistering, and waits for that.
func (p *Softphone) Quit() error {
	p.Signal(syscall.SIGTERM)
	code, err := p.Wait(stopTime)
	if err == nil && code != 0 {
		err = fmt.Errorf("%s ends with exit code %d", p.Name, code)
	}
	p.End()
	return err
}

// End kills it, if it still runs.
func (p *Softphone) End() {
	p.Kill()
	p.conn.Close()
	p.reader.Wait()
}
