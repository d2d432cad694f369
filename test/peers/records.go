package peers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Record is a line of the gateway's call records as somebody reads it who has
// only the file.
type Record struct {
	ID          string       `json:"id"`
	Chain       string       `json:"chain_id"`
	Caller      RecordCaller `json:"caller"`
	Dialled     string       `json:"dialled"`
	Callee      string       `json:"callee"`
	CallerID    string       `json:"caller_id"`
	Trunk       string       `json:"trunk"`
	AnsweredBy  string       `json:"answered_by"`
	Attempts    []RecordTry  `json:"attempts"`
	Transfer    *RecordMove  `json:"transfer"`
	Received    time.Time    `json:"received"`
	Ringing     time.Time    `json:"ringing"`
	EarlyMedia  time.Time    `json:"early_media"`
	Answered    time.Time    `json:"answered"`
	Ended       time.Time    `json:"ended"`
	Duration    int64        `json:"duration_ms"`
	Disposition string       `json:"disposition"`
	EndedBy     string       `json:"ended_by"`
	Status      int          `json:"status"`
	Q850        int          `json:"q850"`
	Cause       string       `json:"cause"`
	Media       []RecordHalf `json:"media"`
	Recordings  []RecordFile `json:"recordings"`
	// Participants are those who talked, of more than two.
	Participants []struct {
		Name string `json:"name"`
	} `json:"participants"`
}

// RecordCaller is who placed the call.
type RecordCaller struct {
	User  string `json:"user"`
	Trunk string `json:"trunk"`
}

// RecordTry is one attempt.
type RecordTry struct {
	Trunk    string `json:"trunk"`
	User     string `json:"user"`
	CallerID string `json:"caller_id"`
	Status   int    `json:"status"`
}

// RecordMove is a transfer: By moved Of to Target.
type RecordMove struct {
	Kind   string    `json:"kind"`
	By     RecordWho `json:"by"`
	Of     RecordWho `json:"of"`
	Target RecordWho `json:"target"`
}

// RecordWho is a user, a number, or a user at a number.
type RecordWho struct {
	User  string `json:"user"`
	Phone string `json:"phone"`
}

// RecordHalf is what one party sent.
type RecordHalf struct {
	Participant int    `json:"participant"`
	Packets     uint64 `json:"packets"`
	Lost        int64  `json:"lost"`
	Relayed     uint64 `json:"relayed"`
}

// RecordFile is a recording.
type RecordFile struct {
	Files    []string `json:"files"`
	Duration int64    `json:"duration_ms"`
	Ended    string   `json:"ended"`
}

// AllRecords waits until the gateway has written so many records, and gives all
// that are there.
func (g *Gateway) AllRecords(n int, within time.Duration) ([]Record, error) {
	var lines [][]byte
	Until(within, func() bool {
		content, _ := os.ReadFile(g.Records) // it may not be there yet
		lines = bytes.Split(content, []byte("\n"))
		lines = lines[:len(lines)-1] // what follows the last line's end
		return len(lines) >= n
	})
	if len(lines) < n {
		return nil, fmt.Errorf("%d call records after %v, not %d", len(lines), within, n)
	}
	records := make([]Record, len(lines))
	for i, line := range lines {
		if err := json.Unmarshal(line, &records[i]); err != nil {
			return nil, fmt.Errorf("call record %d: %w: %s", i+1, err, line)
		}
	}
	return records, nil
}
