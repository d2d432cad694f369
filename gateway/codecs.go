package gateway

import (
	"fmt"
	"strings"

	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/rtp/codec"
	"github.com/tandem-gateway/tandem/sdp"
)

// described are the codecs that the gateway can turn into each other, as it offers them:
// Opus with the number that most phones have for it, for those that send with their own.
var described = []sdp.Codec{
	{Name: "opus", ClockRate: 48000, Channels: 2, PayloadType: 111, Fmtp: "minptime=10;useinbandfec=1"},
	sdp.Static(9), sdp.Static(0), sdp.Static(8),
	{Name: "L16", ClockRate: 16000, Channels: 1, PayloadType: 97},
}

// codecsOf are those that the configuration names, in its order. One that this build does
// not have is left out of the default, and refused where it is asked for.
func codecsOf(c *config.Config) ([]sdp.Codec, error) {
	var list []sdp.Codec
	for i, name := range c.RTP.Codecs {
		d, ok := describedAs(name)
		at := fmt.Sprintf("rtp.codecs[%d]", i)
		switch {
		case !ok:
			return nil, c.Errorf(at, "%s cannot be turned into another codec: name opus, G722, PCMU, PCMA or L16", name)
		case codec.Known(codec.Format{Name: d.Name, Clock: uint32(d.ClockRate), Channels: uint8(d.Channels)}):
			list = append(list, d)
		case c.Given(at):
			return nil, c.Errorf(at, "%s is not in this build: build with cgo and libopus, or leave it out", name)
		}
	}
	return list, nil
}

func describedAs(name string) (sdp.Codec, bool) {
	for _, d := range described {
		if strings.EqualFold(d.Name, name) {
			return d, true
		}
	}
	return sdp.Codec{}, false
}
