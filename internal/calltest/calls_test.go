package calltest

import (
	"os"
	"testing"
)

// The call flows that the gateway must hold: RFC 3665's ladders and the crossings.
func TestCalls(t *testing.T) { Run(t, os.DirFS("testdata")) }
