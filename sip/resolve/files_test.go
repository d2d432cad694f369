package resolve

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestHostsFile(t *testing.T) {
	h := parseHosts(strings.NewReader(`
# comment
127.0.0.1	localhost pbx.example # and more
192.0.2.1 PBX.Example. other
2001:db8::1 pbx.example
::ffff:192.0.2.7 mapped
nonsense pbx.example
192.0.2.9
192.0.2.8 bad/name
`))
	for name, want := range map[string]string{
		"pbx.example": "[127.0.0.1 192.0.2.1 2001:db8::1]", "other": "[192.0.2.1]", "mapped": "[192.0.2.7]", "bad/name": "[]",
	} {
		if got := h[name]; texts(got) == nil || strings.Join(texts(got), " ") != strings.Trim(want, "[]") {
			t.Errorf("%s is %v, not %s", name, got, want)
		}
	}
}

func TestLocalNames(t *testing.T) {
	h := parseHosts(strings.NewReader("192.0.2.1 pbx.example\n"))
	for _, c := range []struct {
		q     Query
		known bool
		want  Outcome
		addrs string
	}{
		{Query{"pbx.example", A}, true, Found, "192.0.2.1"},
		{Query{"pbx.example", AAAA}, true, NoData, ""},
		{Query{"pbx.example", NAPTR}, true, NoData, ""},
		{Query{"_sip._udp.pbx.example", SRV}, true, NoData, ""},
		{Query{"sub.pbx.example", A}, false, 0, ""},
		{Query{"_sip", A}, false, 0, ""},
		// RFC 6761 s6.3
		{Query{"localhost", A}, true, Found, "127.0.0.1"},
		{Query{"a.localhost", AAAA}, true, Found, "::1"},
		{Query{"localhost", NAPTR}, true, NoData, ""},
		{Query{"_sip._udp.localhost", SRV}, true, NoData, ""},
		// s6.4
		{Query{"df7jal23ls0d.invalid", A}, true, NoName, ""},
		{Query{"notlocalhost", A}, false, 0, ""},
		{Query{"invalid.example", A}, false, 0, ""},
	} {
		a, known := h.local(c.q)
		if known != c.known || a.Outcome != c.want || strings.Join(texts(a.Addrs), " ") != c.addrs {
			t.Errorf("%v: %v %+v", c.q, known, a)
		}
	}
}

func TestResolvConf(t *testing.T) {
	s := parseSystem(strings.NewReader(`
; comment
nameserver 192.0.2.53
nameserver 2001:db8::53
nameserver fe80::1%eth0
nameserver not-an-address
search office.example example
options ndots:5 timeout:2
`))
	want := "192.0.2.53:53 [2001:db8::53]:53 [fe80::1%eth0]:53"
	if got := strings.Join(texts(s.nameServers()), " "); got != want {
		t.Errorf("servers are %s", got)
	}
	same(t, "search", s.search, []string{"office.example", "example"})
	if got := texts(system{}.nameServers()); len(got) != 1 || got[0] != "127.0.0.1:53" {
		t.Errorf("without any: %v", got)
	}
}

// A file is read when it changed, and looked at no more often than every 5 s.
func TestFileIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts")
	f := file[hosts]{path: path, parse: parseHosts}
	write := func(text string, modified time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(after time.Duration, want string) {
		t.Helper()
		got := ""
		if a := f.read(epoch.Add(after))["a"]; len(a) > 0 {
			got = a[0].String()
		}
		if got != want {
			t.Errorf("after %v: %q, not %q", after, got, want)
		}
	}
	expect(0, "")
	write("192.0.2.1 a", epoch)
	expect(fileAge-1, "")
	expect(fileAge, "192.0.2.1")
	write("192.0.2.2 a", epoch) // the same time and size: taken for the same
	expect(2*fileAge, "192.0.2.1")
	write("192.0.2.3 a", epoch.Add(time.Second))
	expect(3*fileAge, "192.0.2.3")
	write("192.0.2.33 a", epoch.Add(time.Second))
	expect(4*fileAge, "192.0.2.33")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	expect(5*fileAge, "")
	directory := file[hosts]{path: t.TempDir(), parse: parseHosts}
	if got := directory.read(epoch); len(got) != 0 {
		t.Errorf("a directory holds %v", got)
	}
}

func FuzzFiles(f *testing.F) {
	f.Add("127.0.0.1 localhost\n::1 localhost # x\n")
	f.Add("nameserver 192.0.2.53\nsearch a b\noptions ndots:99\n")
	f.Fuzz(func(t *testing.T, text string) {
		for name, addrs := range parseHosts(strings.NewReader(text)) {
			if clean, ok := hostname(name); !ok || clean != name || len(addrs) == 0 {
				t.Errorf("%q: %v", name, addrs)
			}
		}
		for _, at := range parseSystem(strings.NewReader(text)).nameServers() {
			if !at.IsValid() || at.Addr() == (netip.Addr{}) {
				t.Error(at)
			}
		}
	})
}
