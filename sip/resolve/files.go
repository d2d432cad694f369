package resolve

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// How files are read.
const (
	// fileAge is how old what was read may be.
	fileAge = 5 * time.Second
	maxFile = 1 << 20
)

// file is a small file that may change, read again when it did.
type file[T any] struct {
	path  string
	parse func(io.Reader) T

	content T
	seen    edition
	checked time.Time
}

// read gives the content; that of a file which is not there is the zero value.
func (f *file[T]) read(now time.Time) T {
	if now.Before(f.checked.Add(fileAge)) {
		return f.content
	}
	f.checked = now
	info, err := os.Stat(f.path)
	switch {
	case err != nil || !info.Mode().IsRegular():
		f.content, f.seen = *new(T), edition{}
	case editionOf(info) != f.seen:
		f.load(editionOf(info))
	}
	return f.content
}

func (f *file[T]) load(e edition) {
	f.content, f.seen = *new(T), edition{}
	if r, err := os.Open(f.path); err == nil {
		defer r.Close()
		f.content, f.seen = f.parse(io.LimitReader(r, maxFile)), e
	}
}

// edition is what tells that a file has changed.
type edition struct{ modified, size int64 }

func editionOf(info os.FileInfo) edition {
	return edition{info.ModTime().UnixNano(), info.Size()}
}

// hosts is what /etc/hosts says: the addresses of names, in its order.
type hosts map[string][]netip.Addr

// parseHosts reads lines of an address and its names, hosts(5).
func parseHosts(r io.Reader) hosts {
	found := hosts{}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if fields := strings.Fields(text); len(fields) > 1 {
			found.add(fields[0], fields[1:])
		}
	}
	return found
}

func (h hosts) add(address string, names []string) {
	a, err := netip.ParseAddr(address)
	for _, n := range names {
		if name, ok := hostname(n); ok && err == nil {
			h[name] = append(h[name], a.Unmap())
		}
	}
}

// local answers a query without asking: names of /etc/hosts, and those that RFC 6761
// gives one meaning everywhere.
func (h hosts) local(q Query) (Answer, bool) {
	host := q.Name
	for strings.HasPrefix(host, "_") {
		_, host, _ = strings.Cut(host, ".")
	}
	if addrs, listed := h[host]; listed {
		return ofType(addrs, q.Type), true
	}
	if special(host) {
		return everywhere(host, q.Type), true
	}
	return Answer{}, false
}

// everywhere is what a special name means.
func everywhere(host string, t Type) Answer {
	if strings.HasSuffix(host, "invalid") {
		// RFC 6761 s6.4: "resolution APIs SHOULD recognize "invalid" names as special
		// and SHOULD always return immediate negative responses".
		return Answer{Outcome: NoName, TTL: fileAge}
	}
	// s6.3: "SHOULD always return the IP loopback address for address queries and
	// negative responses for all other query types".
	return ofType([]netip.Addr{loopback(), netip.IPv6Loopback()}, t)
}

func loopback() netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }

func ofType(addrs []netip.Addr, t Type) Answer {
	a := Answer{Outcome: NoData, TTL: fileAge}
	for _, addr := range addrs {
		if familyOf(addr).query() == t && len(a.Addrs) < maxRecords {
			a.Addrs = append(a.Addrs, addr)
			a.Outcome = Found
		}
	}
	return a
}

// system is what /etc/resolv.conf says.
type system struct {
	servers []netip.AddrPort
	search  []string
}

// parseSystem reads resolv.conf(5): name servers and the search list.
func parseSystem(r io.Reader) system {
	var s system
	c, err := dns.ClientConfigFromReader(r)
	if err != nil {
		return s
	}
	for _, server := range c.Servers {
		if at, err := netip.ParseAddrPort(net.JoinHostPort(server, c.Port)); err == nil {
			s.servers = append(s.servers, at)
		}
	}
	s.search = c.Search
	return s
}

// nameServers are those to ask; resolv.conf(5): "If no nameserver entries are present,
// the default is to use the name server on the local machine."
func (s system) nameServers() []netip.AddrPort {
	if len(s.servers) == 0 {
		return []netip.AddrPort{netip.AddrPortFrom(loopback(), 53)}
	}
	return s.servers
}
