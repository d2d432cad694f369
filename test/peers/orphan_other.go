//go:build !linux

package peers

import "syscall"

// dieWithUs does nothing where the kernel does not offer it: what was started is
// ended by its Stop alone.
func dieWithUs() *syscall.SysProcAttr { return nil }
