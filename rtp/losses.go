package rtp

import "github.com/tandem-gateway/tandem/rtp/quality"

// patience is by how many numbers a packet may come late and still be received: as far
// as reception.seen remembers.
const patience = 64

// judge tells losses what became of the numbers up to one, which no packet can take any
// more. It is called before the highest number moves, when a number that leaves the window
// may be one that did not come; all others before it came.
//
//	judged            highest-63          upTo         highest
//	  |  all received  |  as seen has them  |  may come   |
func (r *reception) judge(upTo uint64) {
	r.skipReceived()
	for ; r.judged <= upTo; r.judged++ {
		if r.judged > r.highest {
			r.known().Lose(upTo + 1 - r.judged)
			r.judged = upTo + 1
			return
		}
		if r.seen>>(r.highest-r.judged)&1 == 0 {
			r.known().Lose(1)
			continue
		}
		r.known().Received(1)
	}
}

// skipReceived tells of what lies before the window.
func (r *reception) skipReceived() {
	if begin := r.highest - min(r.highest, patience-1); begin > r.judged {
		r.known().Received(begin - r.judged)
		r.judged = begin
	}
}

// settle judges all that is in the window: nothing of it will come.
func (r *reception) settle() {
	if r.received > 0 {
		r.judge(r.highest)
	}
}

// lossesNow is what was lost so far, without the last numbers, which may still come;
// lossesInAll is that with them.
func (r *reception) lossesNow() quality.Losses {
	c := r.copied()
	if c.received > 0 {
		c.skipReceived()
	}
	return *c.losses
}

func (r *reception) lossesInAll() quality.Losses {
	c := r.copied()
	c.settle()
	return *c.losses
}

// known is what is known of losses, to be told more.
func (r *reception) known() *quality.Losses {
	if r.losses == nil {
		r.losses = new(quality.Losses)
	}
	return r.losses
}

// copied is a copy that can be told more without the reception's knowing.
func (r *reception) copied() reception {
	c, losses := *r, quality.Losses{}
	if r.losses != nil {
		losses = *r.losses
	}
	c.losses = &losses
	return c
}
