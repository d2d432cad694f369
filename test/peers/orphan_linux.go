package peers

import "syscall"

// dieWithUs has the kernel kill a program when the one that started it is gone,
// even if that was killed itself.
func dieWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
