package calltest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// decent tells what is wrong with a message that the gateway sent, whatever the
// script is about: what RFC 3261 section 8.1.1, 8.2.6 and 20 ask of every one.
func decent(m *phone.Message) error {
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
		if m.Get(name) == "" {
			return fmt.Errorf("it has no %s", name)
		}
	}
	if length, err := strconv.Atoi(m.Get("Content-Length")); err != nil || length != len(m.Body) {
		return fmt.Errorf("its Content-Length is %q, its body has %d bytes", m.Get("Content-Length"), len(m.Body))
	}
	if m.Body != "" && m.Get("Content-Type") == "" {
		return errors.New("its body has no Content-Type")
	}
	if !strings.HasPrefix(m.Branch(), "z9hG4bK") {
		return fmt.Errorf("its Via has branch %q", m.Branch())
	}
	if m.Tag("From") == "" {
		return errors.New("its From has no tag")
	}
	if m.IsRequest() {
		return decentRequest(m)
	}
	return decentResponse(m)
}

func decentRequest(m *phone.Message) error {
	_, method := m.CSeq()
	switch {
	case method != m.Method:
		return fmt.Errorf("its CSeq says %s", method)
	case m.Get("Max-Forwards") == "":
		return errors.New("it has no Max-Forwards")
	case m.Method == "INVITE" && m.Get("Contact") == "":
		return errors.New("it has no Contact")
	}
	return nil
}

func decentResponse(m *phone.Message) error {
	_, method := m.CSeq()
	switch {
	case m.Status > 100 && m.Tag("To") == "":
		return errors.New("its To has no tag")
	case len(m.All("Via")) != 1 || strings.Contains(m.Get("Via"), ","):
		return fmt.Errorf("it has other Vias than our one: %q", m.All("Via"))
	case method == "INVITE" && m.Status/100 == 2 && m.Get("Contact") == "":
		return errors.New("it has no Contact")
	case m.Status == 401 && !m.Has("WWW-Authenticate"):
		return errors.New("it has no WWW-Authenticate")
	case m.Status == 405 && !m.Has("Allow"):
		return errors.New("it has no Allow")
	case m.Status == 420 && !m.Has("Unsupported"):
		return errors.New("it has no Unsupported")
	case m.Status == 423 && !m.Has("Min-Expires"):
		return errors.New("it has no Min-Expires")
	}
	return nil
}
