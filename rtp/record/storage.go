package record

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Storage is where recordings go. It is used by the writers of recordings, several
// at a time, and may block them.
type Storage interface {
	// Create makes a file, with the directories of its name, which has slashes. Where
	// there is one already the error is fs.ErrExist.
	Create(name string) (File, error)
	// Replace puts a file's whole content in place of what it was: whoever reads it sees
	// the old or the new one, never a part.
	Replace(name string, content []byte) error
}

// File is a file that is being written. *os.File is one.
type File interface {
	io.Writer
	io.WriterAt
	io.Closer
	// Sync brings what was written to the disk.
	Sync() error
}

// Directory is a Storage on disk.
type Directory struct {
	// Path is the directory under which all files are. It is made when it is missing.
	Path string
	// Group lets the group of the process read what is recorded: files have mode 0640
	// and new directories 0750. Else they have 0600 and 0700.
	Group bool
}

// modes are those of files and directories.
func (d Directory) modes() (file, directory fs.FileMode) {
	if d.Group {
		return 0o640, 0o750
	}
	return 0o600, 0o700
}

// place is a name's path. A name that leads out of the directory is an error.
func (d Directory) place(name string) (string, error) {
	local := filepath.FromSlash(name)
	if !filepath.IsLocal(local) {
		return "", fmt.Errorf("record: the file name %q leads out of the directory %s: use a name without ..", name, d.Path)
	}
	return filepath.Join(d.Path, local), nil
}

// Create makes a file. One that is there, also as a link, is never opened.
func (d Directory) Create(name string) (File, error) {
	path, err := d.place(name)
	if err != nil {
		return nil, err
	}
	file, directory := d.modes()
	if err := os.MkdirAll(filepath.Dir(path), directory); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, file)
	if err != nil {
		return nil, err // A nil *os.File is not a nil File.
	}
	return f, nil
}

// Replace writes beside the file, and gives what it wrote the file's name when it is
// on the disk.
func (d Directory) Replace(name string, content []byte) error {
	path, err := d.place(name)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".*.tmp")
	if err != nil {
		return err
	}
	mode, _ := d.modes()
	_, err = f.Write(content)
	err = cmp.Or(err, f.Chmod(mode), f.Sync())
	err = cmp.Or(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
