package cdr

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/tandem-gateway/tandem/event"
)

var normal = event.Cause{Status: 200, Q850: 16, By: event.PartyCaller, Text: "bye"}

// call tells a whole answered call.
func (b *book) call(id string) { b.tell(incoming(id).end(2000, 1000, normal).events...) }

// ids are the calls of a file in its order.
func (b *book) ids(path string) (ids []string) {
	b.t.Helper()
	for _, line := range b.lines(path) {
		var r Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			b.t.Errorf("%v in %q", err, line)
			continue
		}
		ids = append(ids, r.ID)
	}
	return ids
}

func (b *book) want(path string, ids ...string) {
	b.t.Helper()
	if got := b.ids(path); fmt.Sprint(got) != fmt.Sprint(ids) {
		b.t.Errorf("%s has the calls %v, not %v", filepath.Base(path), got, ids)
	}
}

// The record is there when Add returns from the call's end, not before and not
// twice.
func TestWrittenBeforeTheCallIsForgotten(t *testing.T) {
	b := newBook(t)
	s := incoming("a").end(2000, 1000, normal)
	last := len(s.events) - 1
	b.tell(s.events[:last]...)
	if b.want(b.path); b.Open() != 1 {
		t.Errorf("%d calls are open", b.Open())
	}
	b.tell(s.events[last])
	b.want(b.path, "a")
	b.tell(s.events[last], s.events[1]) // what comes after the end is nobody's
	if b.want(b.path, "a"); b.Open() != 0 {
		t.Errorf("%d calls are open", b.Open())
	}
}

func TestNoPathKeepsNoRecords(t *testing.T) {
	b := newBook(t)
	b.openAt("")
	b.call("a")
	if b.Open() != 0 || b.log.Len() > 0 {
		t.Errorf("%d calls are open; log: %s", b.Open(), &b.log)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// Names and numbers are what peers send: quotes, line ends, bytes that are no
// UTF-8, the separators that only JavaScript knows. A record stays one line.
func TestOddNames(t *testing.T) {
	for _, name := range []string{
		"\"quoted\" \\ name", "two\r\nlines", "tab\tand\x00nul\x1b[31m", "broken \xff\xfe\xc3", "日本語 \U0001F4DE",
		"line\u2028separator", "<script>&amp;", strings.Repeat("long", 20000), "\xed\xa0\x80 surrogate",
	} {
		b := newBook(t)
		s := &story{call: "x"}
		s.add(event.CallReceived{Header: s.at(0), SIPCallID: name, Asserted: name, Dialled: name, Source: name})
		s.add(event.CallRouted{Header: s.at(0), Callee: name, CallerID: name})
		s.add(event.AttemptStarted{Header: s.at(1), Attempt: 1, Target: name})
		s.add(event.AttemptEnded{Header: s.at(2), Attempt: 1, Cause: event.Cause{Status: 404, Text: name}})
		s.end(5, -1, event.Cause{Status: 404, Text: name, By: event.PartyCallee})
		b.tell(s.events...)
		line, _ := b.only()
		var r Record
		if err := json.Unmarshal([]byte(line), &r); err != nil || !utf8.ValidString(line) {
			t.Errorf("%.40q: %v, valid UTF-8: %v", name, err, utf8.ValidString(line))
		}
		if want := strings.ToValidUTF8(name, "\uFFFD"); utf8.ValidString(name) && r.Dialled != want {
			t.Errorf("%.40q became %.40q", name, r.Dialled)
		}
	}
}

// A full disk is told once, calls go on, and records come back with the space.
func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full here; it is on every Linux")
	}
	b := newBook(t)
	good := b.path
	b.openAt("/dev/full")
	for i := range 5 {
		b.call(fmt.Sprint("lost", i))
	}
	if n := b.complaints("ERROR"); n != 1 || !strings.Contains(b.log.String(), "no space left") {
		t.Errorf("%d complaints in %s", n, &b.log)
	}
	if b.Open() != 0 {
		t.Errorf("%d calls are open", b.Open())
	}
	if err := b.Move(good); err != nil {
		t.Fatal(err)
	}
	b.call("kept")
	b.call("kept too")
	b.want(good, "kept", "kept too")
	if n := b.complaints("INFO"); n != 1 {
		t.Errorf("%d lines say that it works again in %s", n, &b.log)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	log := slog.New(slog.DiscardHandler)
	for _, path := range []string{filepath.Join(dir, "none", "calls.jsonl"), dir, "/proc/calls.jsonl"} {
		if _, err := Open(path, log); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error is %v", path, err)
		}
	}
}

// A directory that lets nobody write: said at the start; and once it happens
// while calls go on, told once.
func TestUnwritableDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere; run the tests as another user")
	}
	b := newBook(t)
	b.call("a")
	if err := os.Chmod(filepath.Dir(b.path), 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(filepath.Dir(b.path), "other"), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a file was made where none can be")
	}
	b.call("b") // the file itself is still there
	b.want(b.path, "a", "b")
}

// Log rotation moves the file away: the next record begins a new one, none is lost
// and none is in both.
func TestRotation(t *testing.T) {
	b := newBook(t)
	b.call("a")
	rotated := b.path + ".1"
	if err := os.Rename(b.path, rotated); err != nil {
		t.Fatal(err)
	}
	b.call("b")
	b.call("c")
	b.want(rotated, "a")
	b.want(b.path, "b", "c")
	if b.log.Len() > 0 {
		t.Errorf("rotation is not worth a line: %s", &b.log)
	}
}

func TestRemovedFile(t *testing.T) {
	b := newBook(t)
	b.call("a")
	if err := os.Remove(b.path); err != nil {
		t.Fatal(err)
	}
	b.call("b")
	b.want(b.path, "b")
}

// The whole directory goes and comes back: told once, recovered once.
func TestRemovedDirectory(t *testing.T) {
	b := newBook(t)
	dir := filepath.Join(filepath.Dir(b.path), "records")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b.openAt(filepath.Join(dir, "calls.jsonl"))
	b.call("a")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	b.call("b")
	b.call("c")
	if n := b.complaints("ERROR"); n != 1 {
		t.Errorf("%d complaints in %s", n, &b.log)
	}
	// A file in the place of the directory is no better.
	if err := os.WriteFile(dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	b.call("d")
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b.call("e")
	b.want(b.path, "e")
	if b.complaints("ERROR") != 1 || b.complaints("INFO") != 1 {
		t.Errorf("log: %s", &b.log)
	}
}

// A reload names another file: calls that are up are recorded there.
func TestMove(t *testing.T) {
	b := newBook(t)
	first, second := b.path, b.path+"2"
	s := incoming("up").end(2000, 1000, normal)
	b.tell(s.events[0])
	b.call("before")
	if err := b.Move(second); err != nil {
		t.Fatal(err)
	}
	b.tell(s.events[1:]...)
	b.want(first, "before")
	b.want(second, "up")
	if err := b.Move(filepath.Join(first, "no-directory")); err == nil {
		t.Error("a path below a file was taken")
	}
	b.call("after")
	b.want(second, "up", "after")
	if err := b.Move(""); err != nil {
		t.Fatal(err)
	}
	b.call("unrecorded")
	if err := b.Move(first); err != nil {
		t.Fatal(err)
	}
	b.call("again")
	b.want(second, "up", "after")
	b.want(first, "before", "again")
}

// Whatever a crash left at the end of the file, the next record is whole.
func TestTornLine(t *testing.T) {
	b := newBook(t)
	path := b.path + ".torn"
	if err := os.WriteFile(path, []byte("{\"id\":\"whole\"}\n{\"id\":\"to"), 0o644); err != nil {
		t.Fatal(err)
	}
	b.openAt(path)
	b.call("next")
	b.call("last")
	lines := b.lines(path)
	if len(lines) != 4 || lines[1] != "{\"id\":\"to\n" {
		t.Fatalf("lines are %q", lines)
	}
	for _, i := range []int{0, 2, 3} {
		if !json.Valid([]byte(lines[i])) {
			t.Errorf("line %d is %q", i, lines[i])
		}
	}
}

// What another gateway is just writing is no torn line, and nothing is ended for it. One
// that somebody else holds does not hold up a record.
func TestLineInTheMaking(t *testing.T) {
	b := newBook(t)
	b.call("a")
	path := b.path + ".shared"
	other, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	share(other.open)
	if _, err := other.open.WriteString("{\"id\":"); err != nil {
		t.Fatal(err)
	}
	b.openAt(path)
	if _, err := other.open.WriteString("\"theirs\"}\n"); err != nil {
		t.Fatal(err)
	}
	unlock(other.open)
	b.call("ours")
	b.want(path, "theirs", "ours")
	if !own(other.open) {
		t.Error("it is locked when a record has been written")
	}
	b.call("next")
	b.want(path, "theirs", "ours", "next")
}

// A disk that fills up within a line: the line is lost, and the next one begins
// anew. A pipe whose reader goes away takes a part of a line as such a disk does.
func TestShortWrite(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	b := newBook(t)
	path := fmt.Sprintf("/proc/self/fd/%d", write.Fd())
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("pipes have no path here: %v", err)
	}
	good := b.Writer.file
	b.Writer.file = file{path: path, open: f}
	var reader sync.WaitGroup
	reader.Go(func() {
		if _, err := read.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		read.Close()
	})
	s := incoming("big")
	s.add(event.CallRouted{Header: s.at(1), Callee: strings.Repeat("9", 200_000)})
	b.tell(s.end(2, -1, normal).events...)
	reader.Wait()
	if b.complaints("ERROR") != 1 || !b.Writer.file.torn {
		t.Fatalf("torn: %v, log: %s", b.Writer.file.torn, &b.log)
	}
	write.Close()
	f.Close()
	b.Writer.file = good
	b.Writer.file.torn = true
	b.call("next")
	if lines := b.lines(b.path); len(lines) != 2 || lines[0] != "\n" || !json.Valid([]byte(lines[1])) || b.Writer.file.torn {
		t.Errorf("after the torn line comes %q", lines)
	}
}

func TestClosed(t *testing.T) {
	b := newBook(t)
	b.call("a")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b.call("b")
	b.call("c")
	b.want(b.path, "a")
	if n := b.complaints("ERROR"); n != 1 {
		t.Errorf("%d complaints in %s", n, &b.log)
	}
	if err := b.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

// Calls end on their own goroutines, all at once, while the file is rotated and
// another gateway writes to it too.
func TestConcurrentCalls(t *testing.T) {
	const workers, each = 8, 50
	b := newBook(t)
	second, err := Open(b.path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	var all sync.WaitGroup
	for w := range workers {
		writer := b.Writer
		if w%2 == 1 {
			writer = second
		}
		all.Go(func() {
			for i := range each {
				for _, e := range incoming(fmt.Sprintf("%d-%d", w, i)).end(2000, 1000, normal).events {
					writer.Add(e)
				}
			}
		})
	}
	for i := range 3 {
		_ = os.Rename(b.path, fmt.Sprintf("%s.%d", b.path, i)) // it may not be there again yet
	}
	all.Wait()
	seen := map[string]int{}
	files, _ := filepath.Glob(b.path + "*")
	for _, f := range files {
		for _, id := range b.ids(f) {
			seen[id]++
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("call %s has %d records", id, n)
		}
	}
	if len(seen) != workers*each {
		t.Errorf("%d calls of %d have a record", len(seen), workers*each)
	}
	if b.Open() != 0 || second.Open() != 0 {
		t.Errorf("%d and %d calls are open", b.Open(), second.Open())
	}
}
