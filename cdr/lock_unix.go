//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package cdr

import (
	"os"
	"runtime"
	"syscall"
)

// The locks are advisory (flock(2)): who reads, or writes without them, never notices.

// share marks a file as being written to, own takes it for somebody who looks at its end.
// own says no when somebody goes on writing; where files cannot be locked, nobody does.
func share(f *os.File)    { lock(f, syscall.LOCK_SH) }
func own(f *os.File) bool { return lock(f, syscall.LOCK_EX) != syscall.EWOULDBLOCK }
func unlock(f *os.File)   { lock(f, syscall.LOCK_UN) }

// shortly is how often a lock is tried: others have theirs for microseconds. Nobody waits
// for one that does not go away, for a record must not hold up its call.
const shortly = 100

func lock(f *os.File, how int) (err error) {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	for range shortly {
		if wrong := c.Control(func(fd uintptr) { err = syscall.Flock(int(fd), how|syscall.LOCK_NB) }); wrong != nil {
			return wrong
		}
		if err != syscall.EWOULDBLOCK {
			return err
		}
		runtime.Gosched()
	}
	return err
}
