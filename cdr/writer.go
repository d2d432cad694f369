package cdr

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"

	"github.com/tandem-gateway/tandem/event"
)

// Writer folds the events of all calls and writes a record when a call ends, or a part
// of it. Its
// methods may be called from any goroutine.
type Writer struct {
	log *slog.Logger

	mu      sync.Mutex
	open    map[string]*call
	file    file
	failing bool
}

// Open opens the file of the records; an empty path keeps none. The error says what
// is wrong with the path.
func Open(path string, log *slog.Logger) (*Writer, error) {
	w := &Writer{log: log, open: map[string]*call{}}
	return w, w.Move(path)
}

// Move has the next record written to another file, which is opened here; calls
// that are up are recorded there. After an error everything is as it was.
func (w *Writer) Move(path string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	next, err := openFile(path)
	if err != nil {
		return fmt.Errorf("call records: %w", err)
	}
	_ = w.file.close() // what it had is written; there is nothing to lose
	w.file = next
	return nil
}

// Add takes an event. The record of a call is written before Add returns from its
// CallEnded.
func (w *Writer) Add(e event.Event) {
	for _, r := range w.fold(e) {
		line, err := json.Marshal(r)
		w.write(r.ID, append(line, '\n'), err)
	}
}

// fold adds an event to the records of its call, and gives those that are complete with
// it: from then on nobody else has them.
func (w *Writer) fold(e event.Event) []*Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := e.Of().Call
	c := w.open[id]
	if c == nil {
		if first, begins := e.(event.CallReceived); begins {
			w.open[id] = begin(first)
		}
		return nil
	}
	switch e := e.(type) {
	case event.CallJoined:
		c.join(w.open[e.Into], e.Chain)
	case event.CallEnded:
		delete(w.open, id)
	}
	return c.add(e)
}

// Open is how many calls have begun and not ended.
func (w *Writer) Open() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.open)
}

// Close closes the file. Calls that end afterwards get no record, and the log says
// so.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.file.close()
	w.file.closed = true
	return err
}

// write appends one line. What fails is logged, once until it works again, and
// forgotten: records may be lost, calls go on.
func (w *Writer) write(id string, line []byte, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		err = w.file.append(line)
	}
	switch {
	case err != nil && !w.failing:
		w.log.Error("call records are being lost; calls go on", "path", w.file.path, "call", id, "err", err)
	case err == nil && w.failing:
		w.log.Info("call records are written again", "path", w.file.path)
	}
	w.failing = err != nil
}
