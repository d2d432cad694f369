package gateway

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/gateway/fetch"
	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/sip"
)

// telephoneRate is the sampling rate of telephone sound.
const telephoneRate = 8000

// prompts are where sound to be played comes from: files and URLs.
type prompts struct {
	store *fetch.Store
	log   *slog.Logger
	// roots are whom servers of URLs must be known to; nil is the machine's.
	roots *x509.CertPool
	// shelf keeps those that are played into calls.
	shelf *fetch.Shelf[shelved]
}

func newPrompts(log *slog.Logger) prompts {
	return prompts{store: fetch.NewStore(), log: log, shelf: fetch.NewShelf[shelved](shelfSize)}
}

// holdMusic puts the music on hold into the settings: one sound in memory, which
// every party on hold hears from its beginning.
func (p prompts) holdMusic(s *sip.Settings, c *config.Config) error {
	if c.MusicOnHold == config.MusicPass {
		// Who is being transferred hears music all the same: there is nobody to pass on.
		tune := sync.OnceValue(func() *audio.Prompt { return audio.Tune(telephoneRate) })
		s.Music = func() audio.Source { return tune().Loop() }
		return nil
	}
	prompt, err := p.music(c)
	if err != nil {
		return c.Errorf("music_on_hold", "%v", err)
	}
	s.Limits.Hold = bridge.HoldMusic
	s.Music = func() audio.Source { return prompt.Loop() }
	return nil
}

func (p prompts) music(c *config.Config) (*audio.Prompt, error) {
	if c.MusicOnHold == config.MusicTune {
		return audio.Tune(telephoneRate), nil
	}
	sound, err := p.open(c.MusicOnHold, c.Prompts.AllowPrivate)
	if err != nil {
		return nil, err
	}
	defer sound.Close()
	return audio.LoadPrompt(sound, telephoneRate)
}

// open opens a file or a URL. A URL that cannot be read any more is what it was.
func (p prompts) open(name string, private bool) (io.ReadCloser, error) {
	if !fetch.IsURL(name) {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("%w: write pass, tune, or the path or https URL of a WAV", err)
		}
		return file, nil
	}
	content, err := p.read(context.Background(), name, private)
	return io.NopCloser(bytes.NewReader(content)), err
}

// read reads a URL.
func (p prompts) read(ctx context.Context, name string, private bool) ([]byte, error) {
	content, stale, err := p.store.Get(ctx, name, fetch.Options{Private: private, Roots: p.roots})
	if stale != nil {
		p.log.Warn("a sound is played as it was", "err", stale)
	}
	if err == nil && len(content) == 0 {
		err = fmt.Errorf("%s gives nothing", name)
	}
	return content, err
}
