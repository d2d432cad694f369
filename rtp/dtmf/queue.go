package dtmf

import (
	"errors"
	"time"
)

// How long a key and the pause behind it are at least.
//
// ITU-T Q.24, table A-1: every administration's receiver accepts signals of 40 ms
// or more, most of them after pauses of 40 ms.
const (
	MinDuration = 40 * time.Millisecond
	MinPause    = 40 * time.Millisecond
)

// maxQueue is how many keys may wait.
const maxQueue = 64

// ErrFull says that too many keys wait already: 64 of them.
var ErrFull = errors.New("dtmf: 64 keys wait to be sent: wait until some of them are")

// Queue is keys on their way out, one after the other: those of which it is known
// how long they last, and one that is still down. The zero value is empty.
type Queue struct {
	keys        [maxQueue]waiting
	first, size int
	// pressed: the newest key is still down.
	pressed bool
}

// waiting is a key in the queue.
type waiting struct {
	digit    Digit
	duration time.Duration
}

// Send adds a key that lasts a time, or MinDuration where that is longer. The
// error is ErrDigit or ErrFull.
func (q *Queue) Send(d Digit, duration time.Duration) error {
	if err := q.Press(d); err != nil {
		return err
	}
	q.Release(duration)
	return nil
}

// Press adds a key that stays down until Release, or until the next key. The
// error is ErrDigit or ErrFull.
func (q *Queue) Press(d Digit) error {
	if !d.Valid() {
		return ErrDigit
	}
	if q.size == maxQueue {
		return ErrFull
	}
	q.Release(0)
	q.keys[(q.first+q.size)%maxQueue] = waiting{digit: d}
	q.size++
	q.pressed = true
	return nil
}

// Release says that the newest key is up, and how long it was down. One that was
// sent for longer already, since packets were late, ends at once. Without a key
// that is down it does nothing.
func (q *Queue) Release(duration time.Duration) {
	if q.pressed {
		q.keys[(q.first+q.size-1)%maxQueue].duration = max(duration, MinDuration)
		q.pressed = false
	}
}

// Front is the key that is to be sent, and how long it lasts; down says that its
// end is not known yet. It gives false when the queue is empty.
func (q *Queue) Front() (d Digit, duration time.Duration, down, ok bool) {
	k := q.keys[q.first]
	return k.digit, k.duration, q.pressed && q.size == 1, q.size > 0
}

// Len is how many keys there are, with the one that is being sent.
func (q *Queue) Len() int { return q.size }

// Drop takes out the key at the front: it was sent.
func (q *Queue) Drop() {
	if q.size == 0 {
		return
	}
	q.first = (q.first + 1) % maxQueue
	q.size--
	q.pressed = q.pressed && q.size > 0
}
