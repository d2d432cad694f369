//go:build !race

package srtp

// racing is set under the race detector.
const racing = false
