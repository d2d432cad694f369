package calltest

import (
	"strings"
	"testing"
	"testing/synctest"
)

// A goroutine that is left is found, and only one of this bubble is.
func TestLeaked(t *testing.T) {
	outside := make(chan struct{})
	go func() { <-outside }()
	defer close(outside)
	synctest.Test(t, func(t *testing.T) {
		if err := leaked(); err != nil {
			t.Errorf("nothing is left, but: %v", err)
		}
		end := make(chan struct{})
		go func() { <-end }()
		synctest.Wait()
		if err := leaked(); err == nil || !strings.Contains(err.Error(), "TestLeaked") {
			t.Errorf("a goroutine is left, but: %v", err)
		}
		close(end)
	})
}
