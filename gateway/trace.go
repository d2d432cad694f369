package gateway

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tandem-gateway/tandem/sip/transport"
)

// tracer writes messages as text, each whole. It is what --trace sip prints.
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
		fmt.Fprintf(w, "%s %s %s %s %s\n%s\n", time.Now().Format("15:04:05.000000"), f.Protocol, f.Local, arrow, f.Remote, b)
	}
}
