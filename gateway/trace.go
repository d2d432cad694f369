package gateway

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/tandem-gateway/tandem/sip/transport"
)

// tracer writes messages as text, each whole but for the keys of SRTP. It is what --trace
// sip prints.
func tracer(w io.Writer) func(transport.Direction, transport.Flow, []byte) {
	if w == nil {
		return nil
	}
	var mu sync.Mutex
	return func(d transport.Direction, f transport.Flow, b []byte) {
		arrow := "<-"
		if d == transport.Sent {
			arrow = "->"
		}
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(w, "%s %s %s %s %s\n%s\n", time.Now().Format("15:04:05.000000"), f.Protocol, f.Local, arrow, f.Remote, withoutKeys(b))
	}
}

// withoutKeys hides what stands behind "inline:" in a=crypto lines (RFC 4568 s9.1): keys,
// up to their lifetime, the next key or the end of the line.
func withoutKeys(message []byte) []byte {
	at := inline(message)
	if at < 0 {
		return message
	}
	var out []byte
	for ; at >= 0; at = inline(message) {
		out = append(append(out, message[:at]...), "(hidden)"...)
		message = message[at:]
		end := bytes.IndexAny(message, "|; \t\r\n")
		if end < 0 {
			return out
		}
		message = message[end:]
	}
	return append(out, message...)
}

// inline finds the first key; -1 when there is none. Its method may be in any case.
func inline(message []byte) int {
	const mark = "inline:"
	for i := len(mark); i <= len(message); i++ {
		if message[i-1] == ':' && strings.EqualFold(string(message[i-len(mark):i]), mark) {
			return i
		}
	}
	return -1
}
