package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// quantile gives the value that a share of the values does not exceed.
func quantile(values []time.Duration, share float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

// table is what was measured, in words.
type table struct{ rows [][2]string }

func (t *table) add(what, format string, args ...any) {
	row := [2]string{what, fmt.Sprintf(format, args...)}
	t.rows = append(t.rows, row)
	say("%s: %s", row[0], row[1])
}

// remark adds a remark to the rows from one on.
func (t *table) remark(from int, text string) {
	for i := range t.rows[from:] {
		t.rows[from+i][1] += " (" + text + ")"
	}
}

func (t *table) markdown() string {
	var b strings.Builder
	b.WriteString("| measured | result |\n|---|---|\n")
	for _, r := range t.rows {
		fmt.Fprintf(&b, "| %s | %s |\n", r[0], r[1])
	}
	return b.String()
}

// milliseconds writes a time as people compare it.
func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000)
}

// kib writes bytes as KiB.
func kib(bytes int) string { return fmt.Sprintf("%.1f KiB", float64(bytes)/1024) }

// cores is how many this machine has, whatever this process may use.
func cores() int { return max(len(processors()), 1) }

// processors lists their models.
func processors() (models []string) {
	content, _ := os.ReadFile("/proc/cpuinfo") // elsewhere there is none
	for line := range strings.Lines(string(content)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			models = append(models, strings.TrimSpace(value))
		}
	}
	return models
}

// machine says on what was measured, and when.
func machine() string {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%s, %d × %s, Linux %s, %s, %s.\n", time.Now().Format(time.DateOnly), cores(), processor(),
		strings.TrimSpace(string(kernel)), runtime.Version(), sharing())
}

func processor() string {
	if p := processors(); len(p) > 0 {
		return p[0]
	}
	return "unknown processor"
}

// sharing says who has which core.
func sharing() string {
	if cores() < 2 {
		return "gateway and load on the one core"
	}
	return "one core each for gateway and load"
}
