//go:build !race

package rtp

// racing is set under the race detector.
const racing = false
