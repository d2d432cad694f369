//go:build race

package rtp

// racing is set under the race detector, which makes sync.Pool forget at random: the
// allocations that tests would count are the detector's.
const racing = true
