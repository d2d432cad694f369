package demo

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

const guide = `
Gateway and telephone network stay until you interrupt (Ctrl-C).
Point a softphone on this machine at it:

  server     %[1]s    (UDP or TCP)
  user       %[2]s
  password   %[3]s

  baresip:   baresip -e '/uanew <sip:%[2]s@%[1]s>;auth_pass=%[3]s'

and dial 425 555 and one of
`

// behaviour says in words what answers the numbers of the PSTN.
var behaviour = map[string]string{
	"0100": "rings with early media, answers, plays a tone",
	"0101": "busy",
	"0102": "rings, and nobody answers",
	"0103": "an unknown number",
	"0104": "answers, and hangs up after 5 s",
}

// stay frees alice for another phone and reports the PSTN's calls until the
// context ends.
func (h *house) stay(ctx context.Context) {
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := h.phone.Register(short, 0); err != nil {
		h.ladder.note("alice's built-in phone could not leave: %v", err)
	}
	u := h.config.User(user)
	h.ladder.print(guide, h.at, u.Name, u.Password.Reveal())
	for _, number := range slices.Sorted(maps.Keys(phone.Plans)) {
		h.ladder.print("  %s       %s\n", number, behaviour[number])
	}
	h.ladder.print("\nCall records: %s\n\n", h.records())
	h.pstn.Ended = func(r phone.CallReport) {
		h.ladder.print("%s  %s called %s: %d packets from the caller, %d lost\n",
			time.Now().Format(time.TimeOnly), r.Caller, r.Number, r.Audio.Received, r.Audio.Lost)
	}
	h.pump.Run(ctx, time.Time{}, func() bool { return false })
}
