package calltest

import (
	"fmt"
	"os"
	"testing"
)

func TestZZ(t *testing.T) { Run(t, os.DirFS("/tmp/trunks")) }

func TestYY(t *testing.T) {
	seeds = nil
	for i := range 30 {
		seeds = append(seeds, Setup{Loss: 0.2, Seed: uint64(100 + i)}, Setup{Loss: 0.05, Seed: uint64(200 + i)})
	}
	dir := os.Getenv("YY")
	fmt.Println(dir)
	Run(t, os.DirFS(dir))
}
