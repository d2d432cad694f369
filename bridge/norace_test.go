//go:build !race

package bridge

// racing is set under the race detector.
const racing = false
