package cdr

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"

	"github.com/tandem-gateway/tandem/event"
)

// Writer folds the events of all calls and writes a record when a call ends. Its
// methods may be called from any goroutine.
type Writer struct {
	path string
	log  *slog.Logger

	mu      sync.Mutex
	file    *os.File
	open    map[string]*Record
	failing bool
}

// Open opens the file of the records; an empty path keeps none.
func Open(path string, log *slog.Logger) (*Writer, error) {
	w := &Writer{path: path, log: log, open: map[string]*Record{}}
	if path == "" {
		return w, nil
	}
	if err := w.reopen(); err != nil {
		return nil, fmt.Errorf("call records: %w", err)
	}
	return w, nil
}

// Add takes an event. The record of a call is written before Add returns from its
// CallEnded.
func (w *Writer) Add(e event.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := e.Of().Call
	r := w.open[id]
	if r == nil {
		if _, begins := e.(event.CallReceived); !begins {
			return
		}
		r = &Record{}
		w.open[id] = r
	}
	r.add(e)
	if _, ends := e.(event.CallEnded); ends {
		delete(w.open, id)
		w.write(r)
	}
}

// Open is how many calls have begun and not ended.
func (w *Writer) Open() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.open)
}

// Close closes the file. Calls that are still open get no record.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}

// write appends one line. What fails is logged and forgotten.
func (w *Writer) write(r *Record) {
	if w.path == "" {
		return
	}
	line, err := json.Marshal(r)
	if err == nil {
		err = w.append(append(line, '\n'))
	}
	switch {
	case err != nil && !w.failing:
		w.log.Error("call records are being lost; calls go on", "path", w.path, "call", r.ID, "err", err)
	case err == nil && w.failing:
		w.log.Info("call records are written again", "path", w.path)
	}
	w.failing = err != nil
}

func (w *Writer) append(line []byte) error {
	if w.moved() {
		if err := w.reopen(); err != nil {
			return err
		}
	}
	_, err := w.file.Write(line)
	return err
}

// moved says whether the path names another file than the one that is open: it was
// rotated, removed, or never there.
func (w *Writer) moved() bool {
	if w.file == nil {
		return true
	}
	there, err := os.Stat(w.path)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	ours, err := w.file.Stat()
	return err == nil && !os.SameFile(there, ours)
}

func (w *Writer) reopen() error {
	file, err := os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	if w.file != nil {
		_ = w.file.Close() // what it had is written; there is nothing to lose
	}
	w.file = file
	return nil
}
