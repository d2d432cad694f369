package sip

import (
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/wire"
)

// md5Only are phones, by how their User-Agent begins, that give up when they are
// offered an algorithm they do not know, wherever it stands among those they do:
// RFC 8760 s2.4 would have them pass over it. They are offered MD5 alone, which
// they could have chosen anyway, so nobody gains by claiming to be one.
var md5Only = []string{"baresip v0.", "baresip v1.", "baresip v2."}

func knowsOnlyMD5(req *sip.Request) bool {
	agent, _ := wire.Value(req, "User-Agent")
	for _, a := range md5Only {
		if strings.HasPrefix(agent, a) {
			return true
		}
	}
	return false
}
