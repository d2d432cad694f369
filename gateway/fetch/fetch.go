// Package fetch reads sound from https URLs that a configuration names, and keeps it in
// memory.
//
// What a URL may do is bounded, since whoever can write a configuration, or has a server
// that one names, could else use the gateway to reach what only the gateway reaches:
//
//   - https only, also after redirects, of which there may be three.
//   - Only public addresses, unless Options.Private allows others. It is the address of the
//     connection itself that counts, after DNS, so no name and no redirect gets around it.
//     No proxy is used, for a proxy would resolve the name.
//   - No more than Options.Size octets, in Options.Timeout from begin to end.
//
// A Store asks again each time it is asked, with the ETag or the date of what it has (RFC
// 9110 s13.1), and gives what it has where the server says that this is good, or cannot be
// reached: a reload must not fail for the sake of a server that is down. It keeps that in
// memory only; after a restart the server must be there. It keeps so much; of more, what was
// asked for last.
package fetch

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// The bounds where Options have none: sound of half an hour at 8 kHz, over a slow line.
const (
	DefaultSize    = 64 << 20
	DefaultTimeout = 20 * time.Second
)

const maxRedirects = 3

// storeSize is how much a Store keeps, in octets.
const storeSize = 4 * DefaultSize

// Options bound what is read.
type Options struct {
	// Private allows addresses that are not public.
	Private bool
	// Size is the most octets of one URL, Timeout the longest that one may take; 0 is the
	// default.
	Size    int64
	Timeout time.Duration
	// Roots are the authorities that are believed; nil is the machine's.
	Roots *x509.CertPool

	// public tells which addresses are.
	public func(netip.Addr) bool
}

// Errors of Get, wrapped in others that say which URL it was.
var (
	// ErrScheme: it is no https URL, or leads to one that is not.
	ErrScheme = errors.New("only https URLs are read")
	// ErrPrivate: it leads to an address that is not public.
	ErrPrivate = errors.New("the address is not public: set prompts.allow_private to allow that")
	// ErrTooLarge: there is more than Options.Size.
	ErrTooLarge = errors.New("it is too large")
	// ErrStatus: the server has answered with something else than 200.
	ErrStatus = errors.New("the server does not give it")
)

// Store reads URLs. It may be used by several goroutines.
type Store struct{ kept *Shelf[kept] }

// kept is what a URL has given, and what the server has called it.
type kept struct {
	content    []byte
	tag, dated string
}

// NewStore makes a store that has nothing yet.
func NewStore() *Store { return &Store{NewShelf[kept](storeSize)} }

// IsURL tells a URL from the path of a file.
func IsURL(name string) bool {
	u, err := url.Parse(name)
	return err == nil && u.Host != "" && u.Scheme != ""
}

// Get reads a URL, or gives what was read before where that is still good or cannot be
// replaced; the caller must not change it. Stale says why it could not; nil when it is
// fresh.
func (s *Store) Get(ctx context.Context, address string, o Options) (content []byte, stale, err error) {
	o = o.complete()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	before, known := s.kept.Get(address)
	now, err := o.read(ctx, address, before)
	switch {
	case err == nil:
		s.kept.Put(address, now, int64(len(now.content)))
		return now.content, nil, nil
	case known && !errors.Is(err, ErrPrivate) && !errors.Is(err, ErrScheme):
		return before.content, err, nil
	}
	return nil, nil, err
}

func (o Options) complete() Options {
	if o.Size == 0 {
		o.Size = DefaultSize
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.public == nil {
		o.public = public
	}
	return o
}

// read asks the server.
func (o Options) read(ctx context.Context, address string, before kept) (kept, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return kept{}, err
	}
	if request.URL.Scheme != "https" {
		return kept{}, fmt.Errorf("%s: %w", request.URL.Redacted(), ErrScheme)
	}
	before.ask(request.Header)
	client := o.client()
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return kept{}, err
	}
	defer response.Body.Close()
	return o.take(response, before)
}

// ask has the server say whether what there is is still good.
func (k kept) ask(h http.Header) {
	if k.tag != "" {
		h.Set("If-None-Match", k.tag)
	}
	if k.dated != "" {
		h.Set("If-Modified-Since", k.dated)
	}
}

// take reads a response.
func (o Options) take(r *http.Response, before kept) (kept, error) {
	where := r.Request.URL.Redacted()
	switch {
	case r.StatusCode == http.StatusNotModified && before.content != nil:
		return before, nil
	case r.StatusCode != http.StatusOK:
		return kept{}, fmt.Errorf("%s: %w: %s", where, ErrStatus, r.Status)
	case r.ContentLength > o.Size:
		return kept{}, fmt.Errorf("%s: %w: %d octets, %d are allowed", where, ErrTooLarge, r.ContentLength, o.Size)
	}
	content, err := io.ReadAll(io.LimitReader(r.Body, o.Size+1))
	// A server may end the body well because we are about to hang up.
	err = cmp.Or(err, r.Request.Context().Err())
	switch {
	case err != nil:
		return kept{}, fmt.Errorf("%s: %w", where, err)
	case int64(len(content)) > o.Size:
		return kept{}, fmt.Errorf("%s: %w: more than %d octets", where, ErrTooLarge, o.Size)
	}
	return kept{content, r.Header.Get("ETag"), r.Header.Get("Last-Modified")}, nil
}
