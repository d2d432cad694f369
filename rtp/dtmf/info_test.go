package dtmf

import (
	"errors"
	"testing"
	"time"
)

func TestParseInfo(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		want       Info
	}{
		{RelayType, "Signal=5\r\nDuration=160", Info{5, 160 * ms}},
		{RelayType, "Signal=5\r\nDuration=250\r\n", Info{5, 250 * ms}},
		{RelayType, "Signal= *\r\nDuration= 160\r\n", Info{Star, 160 * ms}},
		{"Application/DTMF-Relay; charset=utf-8", "signal = # \nDURATION =100\n", Info{Pound, 100 * ms}},
		{RelayType, "Duration=300\rSignal=a\r", Info{A, 300 * ms}},
		{RelayType, "Signal=10", Info{Star, DefaultDuration}},
		{RelayType, "Signal=11\r\nDuration=\r\n", Info{Pound, DefaultDuration}},
		{RelayType, "Signal=16", Info{Flash, DefaultDuration}},
		{RelayType, "Signal=hf", Info{Flash, DefaultDuration}},
		{RelayType, "Signal=!", Info{Flash, DefaultDuration}},
		{RelayType, "Signal=0\r\nDuration=0", Info{0, DefaultDuration}},
		{RelayType, "Signal=0\r\nDuration=-7", Info{0, DefaultDuration}},
		{RelayType, "Signal=0\r\nDuration=fast", Info{0, DefaultDuration}},
		{RelayType, "Signal=0\r\nDuration=999999", Info{0, MaxDuration}},
		{RelayType, "Signal=0\r\nDuration=99999999999999999999", Info{0, DefaultDuration}},
		{RelayType, "Signal=0\r\nVolume=10\r\nDuration=20\r\n", Info{0, 20 * ms}},
		{RelayType, "\r\n\r\nSignal=9\r\n\r\nDuration=100\x00", Info{9, 100 * ms}},
		{RelayType, "7\r\n", Info{7, DefaultDuration}},
		{PlainType, "5", Info{5, DefaultDuration}},
		{PlainType, " d \r\n", Info{D, DefaultDuration}},
		{PlainType, "#\n", Info{Pound, DefaultDuration}},
		{PlainType, "12", Info{A, DefaultDuration}},
		{"APPLICATION/dtmf ;x=y", "Signal=3\r\nDuration=90", Info{3, 90 * ms}},
	} {
		if got, err := ParseInfo(c.kind, []byte(c.body)); err != nil || got != c.want {
			t.Errorf("%s %q: %v %v, want %v", c.kind, c.body, got, err, c.want)
		}
	}
}

func TestParseInfoRefuses(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		want       error
	}{
		{"application/sdp", "5", ErrType}, {"", "5", ErrType}, {"application/dtmf-relays", "5", ErrType},
		{"application/media_control+xml", "Signal=5", ErrType},
		{RelayType, "", ErrInfo}, {PlainType, "\r\n", ErrInfo}, {RelayType, "Duration=160", ErrInfo},
		{RelayType, "Signal=", ErrInfo}, {RelayType, "Signal=E", ErrInfo}, {RelayType, "Signal=17", ErrInfo},
		{RelayType, "Signal=007", ErrInfo}, {PlainType, "123", ErrInfo}, {PlainType, "05", ErrInfo}, {PlainType, "+5", ErrInfo},
		{PlainType, "\xff", ErrInfo},
	} {
		if got, err := ParseInfo(c.kind, []byte(c.body)); !errors.Is(err, c.want) {
			t.Errorf("%s %q: %v %v, want %v", c.kind, c.body, got, err, c.want)
		}
	}
}

func TestInfoIsWritten(t *testing.T) {
	i := Info{Pound, 1234567 * time.Microsecond}
	if got := string(i.AppendRelay(nil)); got != "Signal=#\r\nDuration=1234\r\n" {
		t.Errorf("%q", got)
	}
	if got := string(i.AppendPlain([]byte("x"))); got != "x#" {
		t.Errorf("%q", got)
	}
}

// FuzzInfo: what is read can be written in both forms, and is read as the same.
func FuzzInfo(f *testing.F) {
	f.Add(RelayType, []byte("Signal=5\r\nDuration=160"))
	f.Add(RelayType, []byte("Signal= *\nduration"))
	f.Add(PlainType, []byte("5"))
	f.Add(PlainType, []byte("=\r=5\n\x00Signal=16"))
	f.Add("application/dtmf;", []byte("11"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		i, err := ParseInfo(kind, body)
		if err != nil {
			if !errors.Is(err, ErrType) && !errors.Is(err, ErrInfo) {
				t.Fatal(err)
			}
			return
		}
		if again, err := ParseInfo(RelayType, i.AppendRelay(nil)); err != nil || again != i {
			t.Errorf("%+v is read as %+v, %v", i, again, err)
		}
		if again, err := ParseInfo(PlainType, i.AppendPlain(nil)); err != nil || again.Digit != i.Digit {
			t.Errorf("%+v is read as %+v, %v", i, again, err)
		}
		if !i.Digit.Valid() || i.Duration <= 0 || i.Duration > MaxDuration {
			t.Errorf("%+v", i)
		}
	})
}
