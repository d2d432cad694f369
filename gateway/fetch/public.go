package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// client makes a client that goes nowhere else. It is for one URL.
func (o Options) client() *http.Client {
	dialer := net.Dialer{Timeout: o.Timeout, ControlContext: o.control}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: o.Timeout,
			ResponseHeaderTimeout: o.Timeout, MaxResponseHeaderBytes: 1 << 16, IdleConnTimeout: time.Second,
			TLSClientConfig: &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		},
		CheckRedirect: checkRedirect,
	}
}

var errRedirects = errors.New("it is redirected too often")

func checkRedirect(r *http.Request, via []*http.Request) error {
	switch {
	case r.URL.Scheme != "https":
		return fmt.Errorf("%s: %w", r.URL.Redacted(), ErrScheme)
	case len(via) > maxRedirects:
		return errRedirects
	}
	return nil
}

// control is asked of each connection, when its address is known and before it is made.
func (o Options) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !o.Private && !o.public(at.Addr()) {
		return fmt.Errorf("%s: %w", at.Addr(), ErrPrivate)
	}
	return nil
}

// unicast is what is assigned of the addresses of version 6 (RFC 4291 s2.4, IANA).
var unicast = netip.MustParsePrefix("2000::/3")

// reserved are networks of which netip does not say that they are not public (RFC 6890 and
// the registries that it has begun): this network, shared address space, protocol
// assignments, documentation, benchmarks, 6to4 and Teredo, which lead to addresses of
// version 4, and what is not assigned.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"),
}

// public tells whether an address can be anybody's on the Internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return a.IsGlobalUnicast() && !a.IsPrivate() && (a.Is4() || unicast.Contains(a)) &&
		!slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(a) })
}
