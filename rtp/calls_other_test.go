//go:build !linux

package rtp

// runGenerator: the benchmark of calls needs Linux.
func runGenerator() bool { return false }
