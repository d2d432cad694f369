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

	content  T
	checked  time.Time
	modified time.Time
	size     int64
}

// read gives the content; that of a file which is not there is the zero value.
func (f *file[T]) read(now time.Time) T {
	if !f.checked.IsZero() && now.Before(f.checked.Add(fileAge)) {
		return f.content
	}
	f.checked = now
	info, err := os.Stat(f.path)
	if err == nil && info.ModTime().Equal(f.modified) && info.Size() == f.size {
		return f.content
	}
	f.content, f.modified, f.size = *new(T), time.Time{}, 0
	if err != nil || !info.Mode().IsRegular() {
		return f.content
	}
	if r, err := os.Open(f.path); err == nil {
		defer r.Close()
		f.content, f.modified, f.size = f.parse(io.LimitReader(r, maxFile)), info.ModTime(), info.Size()
	}
	return f.content
}

// hosts is what /etc/hosts says: the addresses of names, in its order.
type hosts map[string][]netip.Addr

// parseHosts reads lines of an address and its names, hosts(5).
func parseHosts(r io.Reader) hosts {
	found := hosts{}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) < 2 {
			continue
		}
		a, err := netip.ParseAddr(fields[0])
		if err != nil {
			continue
		}
		for _, n := range fields[1:] {
			if name, ok := hostname(n); ok {
				found[name] = append(found[name], a.Unmap())
			}
		}
	}
	return found
}

// local answers a query without asking: names of /etc/hosts, and those that RFC 6761
// gives one meaning everywhere.
func (h hosts) local(q Query) (Answer, bool) {
	host := q.Name
	for strings.HasPrefix(host, "_") {
		_, host, _ = strings.Cut(host, ".")
	}
	addrs, listed := h[host]
	switch {
	case listed:
	case !special(host):
		return Answer{}, false
	case strings.HasSuffix(host, "invalid"):
		// RFC 6761 s6.4: "resolution APIs SHOULD recognize "invalid" names as special
		// and SHOULD always return immediate negative responses".
		return Answer{Outcome: NoName, TTL: fileAge}, true
	default:
		// s6.3: "SHOULD always return the IP loopback address for address queries and
		// negative responses for all other query types".
		addrs = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	return ofType(addrs, q.Type), true
}

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
		return []netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 53)}
	}
	return s.servers
}
