package phone

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// symbols are the keys by their event codes (RFC 4733 section 3.2).
const symbols = "0123456789*#ABCD"

// rows and columns are the tones of the keys in Hz (ITU-T Q.23), pad is where they lie.
var (
	rows    = []float64{697, 770, 852, 941}
	columns = []float64{1209, 1336, 1477, 1633}
)

const pad = "123A456B789C*0#D"

// keypad is what a party presses and what it is told.
type keypad struct {
	// kind is the payload type of telephone-event there; 0 when there is none.
	kind    byte
	pressed []press
	// seen has the timestamps of the events that came.
	seen     []uint32
	told     []byte
	detector *audio.DTMFDetector
	heard    []byte
}

// press is one key: as an event, or as tones.
type press struct {
	symbol byte
	tones  bool
	// frames is how many it lasts, sent how many have been; then come two more final
	// packets of an event, or two frames of silence behind tones.
	frames, sent int
	stamp        uint32
}

// Press has keys pressed for a while each, one after the other, as telephone-event or as
// tones, in the place of what is sent otherwise.
func (a *Audio) Press(keys string, each time.Duration, tones bool) error {
	if !tones && a.keys.kind == 0 {
		return fmt.Errorf("the other side does not take telephone-event")
	}
	for _, k := range []byte(keys) {
		if strings.IndexByte(symbols, k) < 0 {
			return fmt.Errorf("%q is none of the keys %s", k, symbols)
		}
		a.keys.pressed = append(a.keys.pressed, press{symbol: k, tones: tones, frames: int(each / Frame)})
	}
	return nil
}

// Pressing tells whether keys are still to be sent.
func (a *Audio) Pressing() bool { return len(a.keys.pressed) > 0 }

// Told gives the keys that came as telephone-event since the last Forget.
func (a *Audio) Told() string { return string(a.keys.told) }

// Heard gives the keys that were heard as tones since the last Forget.
func (a *Audio) Heard() string { return string(a.keys.heard) }

// Forget forgets them.
func (a *Audio) Forget() { a.keys.told, a.keys.heard = nil, nil }

// keyPacket is the next packet of what is pressed; false when that is nothing.
func (a *Audio) keyPacket() ([]byte, bool) {
	if len(a.keys.pressed) == 0 {
		return nil, false
	}
	k := &a.keys.pressed[0]
	var b []byte
	if k.tones {
		b = encode(a.head(), a.codec, k.sound())
	} else {
		b = a.event(k)
	}
	k.sent++
	if k.sent == k.frames+2 {
		a.keys.pressed = slices.Delete(a.keys.pressed, 0, 1)
	}
	return b, true
}

// event is RFC 4733 section 2.3.
func (a *Audio) event(k *press) []byte {
	if k.sent == 0 {
		k.stamp = a.stamp
	}
	b := a.head()
	b[1] = a.keys.kind
	if k.sent == 0 {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint32(b[4:], k.stamp)
	end := byte(10)
	if k.sent >= k.frames-1 {
		end |= 0x80
	}
	b = append(b, byte(strings.IndexByte(symbols, k.symbol)), end)
	return binary.BigEndian.AppendUint16(b, uint16(min(k.sent+1, k.frames)*samples))
}

// sound is a frame of the key's tones, -8 dBm0 each.
func (k *press) sound() []int16 {
	frame := make([]int16, samples)
	if k.sent >= k.frames {
		return frame
	}
	at := strings.IndexByte(pad, k.symbol)
	amplitude := full * math.Pow(10, (-8-3.14)/20)
	for i := range frame {
		t := 2 * math.Pi * float64(k.sent*samples+i) / 8000
		frame[i] = int16(amplitude * (math.Sin(t*rows[at/4]) + math.Sin(t*columns[at%4])))
	}
	return frame
}

// hearKeys takes a packet for keys.
func (a *Audio) hearKeys(encoding string, stamp uint32, payload []byte) {
	k := &a.keys
	if encoding == "telephone-event" && len(payload) >= 4 && int(payload[0]) < len(symbols) {
		if !slices.Contains(k.seen, stamp) {
			k.seen = append(k.seen, stamp)
			k.told = append(k.told, symbols[payload[0]])
		}
		return
	}
	sound, ok := decode(encoding, payload)
	if !ok {
		return
	}
	if k.detector == nil {
		k.detector, _ = audio.NewDTMFDetector(8000) // a rate that it has
	}
	for _, key := range k.detector.Add(sound, nil) {
		if key.Phase == 0 {
			k.heard = append(k.heard, key.Digit.String()...)
		}
	}
}
