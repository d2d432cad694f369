package cdr

import (
	"errors"
	"io/fs"
	"os"
)

// file is where the lines go. One without a path takes them and keeps none.
type file struct {
	path string
	open *os.File // nil without a path, and when closed
	// torn says that the last line is not whole: the disk was full, or the power
	// failed.
	torn   bool
	closed bool
}

// openFile opens a file for appending, and makes it where there is none.
func openFile(path string) (file, error) {
	f := file{path: path}
	if path == "" {
		return f, nil
	}
	err := f.reopen()
	return f, err
}

// append writes one whole line with one write. A line that was cut short before it
// is ended first, so that only that one is lost.
func (f *file) append(line []byte) error {
	switch {
	case f.closed:
		return fs.ErrClosed
	case f.path == "":
		return nil
	case f.moved():
		if err := f.reopen(); err != nil {
			return err
		}
	}
	if f.torn {
		line = append([]byte{'\n'}, line...)
	}
	share(f.open)
	n, err := f.open.Write(line)
	unlock(f.open)
	if n > 0 {
		f.torn = line[n-1] != '\n'
	}
	return err
}

// moved says whether the path names another file than the one that is open: it was
// rotated or removed. A directory that may not be looked into any more says
// nothing of the file that is open.
func (f *file) moved() bool {
	there, err := os.Stat(f.path)
	if err != nil {
		return !errors.Is(err, fs.ErrPermission)
	}
	ours, err := f.open.Stat()
	return err == nil && !os.SameFile(there, ours)
}

// reopen opens what the path names now. After an error the old file stays open.
func (f *file) reopen() error {
	next, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_ = f.close() // what it had is written; there is nothing to lose
	f.open, f.torn = next, torn(f.path)
	return nil
}

// torn says whether a file ends within a line. One that cannot be read or has no
// end, as a pipe, does not; nor does one that another gateway goes on writing to: it
// has looked at the end itself, and what is there of its line is not all of it.
func torn(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close() // which unlocks it, too
	if !own(f) {
		return false
	}
	if info, err = f.Stat(); err != nil || info.Size() == 0 {
		return false
	}
	last := []byte{'\n'}
	_, _ = f.ReadAt(last, info.Size()-1)
	return last[0] != '\n'
}

func (f *file) close() error {
	if f.open == nil {
		return nil
	}
	err := f.open.Close()
	f.open = nil
	return err
}
