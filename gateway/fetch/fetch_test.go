package fetch

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers https on loopback, and options believe it.
func server(t *testing.T, answer http.HandlerFunc) (*httptest.Server, Options) {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s, Options{Private: true, Roots: roots, Timeout: time.Minute}
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

func TestGet(t *testing.T) {
	s, o := server(t, says("sound"))
	got, stale, err := NewStore().Get(t.Context(), s.URL+"/a.wav", o)
	if string(got) != "sound" || stale != nil || err != nil {
		t.Errorf("%q, %v, %v", got, stale, err)
	}
}

// TestRefused: what is not to be read, each with its error and the URL.
func TestRefused(t *testing.T) {
	var elsewhere string
	s, o := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/missing":
			http.NotFound(w, r)
		case "/plain":
			http.Redirect(w, r, "http://example.test/a.wav", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/large":
			w.Header().Set("Content-Length", "101")
			fmt.Fprint(w, strings.Repeat("x", 101))
		case "/endless":
			for range 1000 {
				fmt.Fprint(w, strings.Repeat("x", 1000))
			}
		case "/inside":
			http.Redirect(w, r, elsewhere, http.StatusFound)
		case "/short":
			w.Header().Set("Content-Length", "50")
			fmt.Fprint(w, "x")
		}
	})
	o.Size = 100
	elsewhere = strings.Replace(s.URL, "127.0.0.1", "127.0.0.2", 1)
	// As if 127.0.0.1 were public and 127.0.0.2 not.
	onlyOne := o
	onlyOne.Private, onlyOne.public = false, func(a netip.Addr) bool { return a.String() == "127.0.0.1" }
	strict := o
	strict.Private = false
	unknown := o
	unknown.Roots = x509.NewCertPool()
	for _, tt := range []struct {
		url  string
		o    Options
		want error
		says string
	}{
		{"http://127.0.0.1/a.wav", o, ErrScheme, "http://127.0.0.1/a.wav"},
		{"file:///etc/passwd", o, ErrScheme, "file"},
		{s.URL + "/missing", o, ErrStatus, "404"},
		{s.URL + "/plain", o, ErrScheme, "example.test"},
		{s.URL + "/round", o, errRedirects, "/round"},
		{s.URL + "/large", o, ErrTooLarge, "101 octets, 100 are allowed"},
		{s.URL + "/endless", o, ErrTooLarge, "more than 100"},
		{s.URL + "/short", o, io.ErrUnexpectedEOF, "/short"},
		{s.URL + "/a", strict, ErrPrivate, "127.0.0.1: the address is not public"},
		{s.URL + "/inside", onlyOne, ErrPrivate, "127.0.0.2: the address is not public"},
		{strings.Replace(s.URL, "127.0.0.1", "localhost", 1), strict, ErrPrivate, "not public"},
		{s.URL + "/a", unknown, nil, "certificate"},
		{"https://user:secret@127.0.0.1:1/a", o, nil, "127.0.0.1:1"},
		{"https://[::1", o, nil, "missing ']'"},
	} {
		got, _, err := NewStore().Get(t.Context(), tt.url, tt.o)
		if err == nil || got != nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %q, %v", tt.url, got, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
	// The redirection itself is fine.
	if _, _, err := NewStore().Get(t.Context(), s.URL+"/inside", o); err == nil || errors.Is(err, ErrPrivate) {
		t.Logf("127.0.0.2: %v", err) // the certificate is 127.0.0.1's
	}
}

// TestSlow: a server that says nothing, or never ends, takes no longer than it may.
func TestSlow(t *testing.T) {
	for _, path := range []string{"/silent", "/drips"} {
		s, o := server(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/drips" {
				fmt.Fprint(w, "x")
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		})
		o.Timeout = 100 * time.Millisecond
		begun := time.Now()
		if got, _, err := NewStore().Get(t.Context(), s.URL+path, o); !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(fmt.Sprint(err), "timeout") {
			t.Errorf("%s: %q, %v after %v", path, got, err, time.Since(begun))
		}
	}
}

// TestKept: what is there is asked about, and serves where the server is gone.
func TestKept(t *testing.T) {
	asked, content, down := 0, "one", false
	s, o := server(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("ETag", `"`+content+`"`)
		switch {
		case down:
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.Header.Get("If-None-Match") == `"`+content+`"`:
			w.WriteHeader(http.StatusNotModified)
		default:
			fmt.Fprint(w, content)
		}
	})
	store := NewStore()
	get := func(want string, fresh bool) {
		t.Helper()
		got, stale, err := store.Get(t.Context(), s.URL, o)
		if string(got) != want || (stale == nil) != fresh || err != nil {
			t.Errorf("%q, %v, %v", got, stale, err)
		}
	}
	get("one", true)
	get("one", true)
	content = "two"
	get("two", true)
	down = true
	get("two", false)
	s.Close()
	get("two", false)
	if asked != 4 {
		t.Errorf("asked %d times", asked)
	}
	// What may not be read any more is not given.
	o.Private = false
	o.public = func(netip.Addr) bool { return false }
	if got, _, err := store.Get(t.Context(), strings.Replace(s.URL, "https", "http", 1), o); got != nil || !errors.Is(err, ErrScheme) {
		t.Errorf("%q, %v", got, err)
	}
	if got, _, err := store.Get(t.Context(), s.URL, o); got != nil || !errors.Is(err, ErrPrivate) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestNotModifiedOfNothing: a server that says so of what nobody has gives nothing.
func TestNotModifiedOfNothing(t *testing.T) {
	s, o := server(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	if got, _, err := NewStore().Get(t.Context(), s.URL, o); got != nil || !errors.Is(err, ErrStatus) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestConcurrently: a store is for several; run with the race detector.
func TestConcurrently(t *testing.T) {
	s, o := server(t, says("sound"))
	store, done := NewStore(), make(chan []byte)
	for range 8 {
		go func() {
			got, _, _ := store.Get(context.Background(), s.URL, o)
			done <- got
		}()
	}
	for range 8 {
		if got := <-done; !bytes.Equal(got, []byte("sound")) {
			t.Errorf("%q", got)
		}
	}
}

func TestPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true, "1.1.1.1": true,
		"127.0.0.1": false, "::1": false, "10.1.2.3": false, "192.168.0.1": false, "172.16.0.1": false,
		"169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "fd00::1": false, "0.0.0.0": false, "::": false,
		"0.1.2.3": false, "100.64.0.1": false, "192.0.2.1": false, "198.18.0.1": false, "198.51.100.1": false,
		"203.0.113.1": false, "224.0.0.1": false, "255.255.255.255": false, "240.0.0.1": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "64:ff9b::a00:1": false, "::a00:1": false,
		"2002:a00:1::": false, "2001::1": false, "2001:db8::1": false, "3fff::1": false, "fec0::1": false, "4000::1": false,
	} {
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

func TestIsURL(t *testing.T) {
	for name, want := range map[string]bool{
		"https://example.test/a.wav": true, "http://example.test/a.wav": true, "ftp://h/x": true,
		"/srv/a.wav": false, "a.wav": false, "C:\\a.wav": false, "tune": false, "file:///etc/passwd": false, "": false,
	} {
		if got := IsURL(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
