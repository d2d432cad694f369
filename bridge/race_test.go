//go:build race

package bridge

// racing is set under the race detector, whose own allocations tests would count.
const racing = true
