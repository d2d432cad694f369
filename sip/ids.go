package sip

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/wire"
)

var alphabet = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// newCallID makes the id of a call: its time in milliseconds, so that ids sort as
// the calls began, and 80 random bits, so that nobody guesses a tag.
func newCallID(now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // it never fails (crypto/rand)
	return alphabet.EncodeToString(b[:])
}

// legTag is our tag in a leg's dialogs; legBranch begins its branches.
func legTag(call string, participant int) string {
	return call + "." + strconv.Itoa(participant)
}

func legBranch(call string, participant int) string {
	return transaction.Cookie + legTag(call, participant)
}

// parseLeg reads the call and the participant back from a tag or, behind the
// cookie, a branch of ours.
func parseLeg(s string) (call string, participant int, ok bool) {
	call, rest, ok := strings.Cut(s, ".")
	if !ok {
		return "", 0, false
	}
	number, _, _ := strings.Cut(rest, ".")
	participant, err := strconv.Atoi(number)
	return call, participant, err == nil && participant > 0
}

func parseBranch(branch string) (call string, participant int, ok bool) {
	if !transaction.HasCookie(branch) {
		return "", 0, false
	}
	return parseLeg(branch[len(transaction.Cookie):])
}

// statelessTag is the To tag of an answer that is given without state: RFC 3261
// s8.2.7, "the same tag is generated for the same request consistently".
func statelessTag(req *sip.Request) string {
	h := fnv.New64a()
	for _, s := range []string{wire.Branch(req), req.CallID().Value(), wire.FromTag(req)} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return "s" + strconv.FormatUint(h.Sum64(), 36)
}
