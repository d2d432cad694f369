package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/gateway/fetch"
	"github.com/tandem-gateway/tandem/rtp/audio"
)

// library gives the prompts that are played into calls: files of one directory, and https
// URLs. Each is in memory once, whoever hears it, and is read again when it has changed.
type library struct {
	prompts
	config.Prompts
}

// shelved is a prompt, and what it was made of: a file of that time and size, or what a URL
// gave.
type shelved struct {
	prompt  *audio.Prompt
	changed time.Time
	size    int64
	content []byte
}

// shelfSize is how much memory prompts take, in octets, besides those that are being heard.
const shelfSize = 256 << 20

var errNoPromptPath = errors.New("there is no directory of prompts: name it in prompts.path")

// Prompt reads a prompt, if it has changed since it was last read.
func (l library) Prompt(ctx context.Context, name string) (p *audio.Prompt, err error) {
	if fetch.IsURL(name) {
		p, err = l.fromURL(ctx, name)
	} else {
		p, err = l.fromFile(name)
	}
	if err != nil {
		return nil, fmt.Errorf("prompt %q: %w", name, err)
	}
	return p, nil
}

func (l library) fromURL(ctx context.Context, name string) (*audio.Prompt, error) {
	content, err := l.read(ctx, name, l.AllowPrivate)
	if err != nil {
		return nil, err
	}
	before, known := l.shelf.Get(name)
	if known && len(content) == len(before.content) && &content[0] == &before.content[0] {
		return before.prompt, nil
	}
	return l.keep(name, shelved{content: content}, bytes.NewReader(content))
}

// fromFile reads a file of the directory. Nothing leads out of that, neither .. nor a link.
func (l library) fromFile(name string) (*audio.Prompt, error) {
	if l.Path == "" {
		return nil, errNoPromptPath
	}
	root, err := os.OpenRoot(l.Path)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(name)
	switch before, known := l.shelf.Get(name); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no file")
	case known && info.ModTime().Equal(before.changed) && info.Size() == before.size:
		return before.prompt, nil
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return l.keep(name, shelved{changed: info.ModTime(), size: info.Size()}, file)
}

// keep makes a prompt of a WAV and keeps it.
func (l library) keep(name string, s shelved, wav io.Reader) (p *audio.Prompt, err error) {
	if s.prompt, err = audio.LoadPrompt(wav, telephoneRate); err != nil {
		return nil, err
	}
	octets := int64(s.prompt.Duration()/time.Second+1)*2*telephoneRate + int64(len(s.content))
	l.shelf.Put(name, s, octets)
	return s.prompt, nil
}
