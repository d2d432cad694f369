package peers

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// SIPp's third-party call control is one TCP connection in which texts are ended
// by an escape character, each with the Call-ID of the call that it is about. Ours
// have one line more, and then the message that it is about:
//
//	Call-ID: 1-4711@127.16.0.11
//	Saw: challenge
//
//	SIP/2.0 401 Unauthorized
//	…
const endOfText = 27

// twin is our end of the connection. It answers challenges, and ends the step
// "wait".
type twin struct {
	who      phone.Credentials
	listener net.Listener
	ready    chan struct{} // closed when SIPp has connected
	waiting  chan string   // the calls that wait
	reader   sync.WaitGroup

	mu   sync.Mutex // of what is touched by the reader and by others
	conn net.Conn
	err  error
}

// manyCalls is more than wait at a time.
const manyCalls = 1 << 12

func newTwin(who phone.Credentials) (*twin, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &twin{who: who, listener: l, ready: make(chan struct{}), waiting: make(chan string, manyCalls)}
	t.reader.Go(t.read) // ends with close
	return t, nil
}

func (t *twin) address() string { return t.listener.Addr().String() }

// read takes SIPp's connection and what comes over it, until it ends.
func (t *twin) read() {
	conn, err := t.listener.Accept()
	if err != nil {
		return // closed before SIPp came
	}
	t.mu.Lock()
	t.conn = conn
	t.mu.Unlock()
	close(t.ready)
	for in := bufio.NewReader(conn); ; {
		text, err := in.ReadString(endOfText)
		if err != nil {
			return // SIPp has ended
		}
		if err := t.take(strings.TrimSuffix(text, string(rune(endOfText)))); err != nil {
			t.fail(err)
		}
	}
}

func (t *twin) take(text string) error {
	head, message, _ := strings.Cut(text, "\r\n\r\n")
	var call, saw string
	for _, line := range strings.Split(head, "\r\n") {
		switch name, value, _ := strings.Cut(line, ": "); name {
		case "Call-ID":
			call = value
		case "Saw":
			saw = value
		}
	}
	switch saw {
	case "waiting":
		t.waiting <- call
		return nil
	case "challenge":
		return t.answer(call, strings.TrimLeft(message, "\r\n"))
	}
	return fmt.Errorf("SIPp gives up: %q", text)
}

// answer computes the Authorization for the request that was challenged. The
// digest-uri is the To of the challenge: the steps send their requests there.
func (t *twin) answer(call, message string) error {
	m, err := phone.Parse([]byte(message))
	if err != nil {
		return err
	}
	offered := m.All("WWW-Authenticate")
	if len(offered) == 0 {
		return fmt.Errorf("a challenge without WWW-Authenticate:\n%s", m)
	}
	c := phone.ParseChallenge(offered[0])
	uri := phone.URI(m.Get("To"))
	_, method := m.CSeq()
	if method == "REGISTER" {
		uri = "sip:" + uri[strings.IndexByte(uri, '@')+1:]
	}
	return t.tell(call, "Auth", c.Answer(t.who, method, uri, 1, fmt.Sprintf("%x", time.Now().UnixNano())))
}

// proceed ends the step "wait" of a call, when there is one that waits, or tells it
// what the step is to be done with.
func (t *twin) proceed(with string, within time.Duration) error {
	select {
	case call := <-t.waiting:
		return t.tell(call, "Go", with)
	case <-time.After(within):
		return fmt.Errorf("no call waits%s", because(t.failure()))
	}
}

// tell sends a call one header.
func (t *twin) tell(call, name, value string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, err := fmt.Fprintf(t.conn, "Call-ID: %s\r\n%s: %s\r\n%c", call, name, value, endOfText)
	return err
}

// fail keeps the first thing that went wrong.
func (t *twin) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		t.err = err
	}
}

func (t *twin) failure() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

// close ends the connection and its reader.
func (t *twin) close() {
	t.listener.Close()
	t.mu.Lock()
	if t.conn != nil {
		t.conn.Close()
	}
	t.mu.Unlock()
	t.reader.Wait()
}
