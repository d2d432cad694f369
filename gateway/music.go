package gateway

import (
	"fmt"
	"os"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/sip"
)

// musicRate is the sampling rate of telephone sound.
const musicRate = 8000

// holdMusic puts the music on hold into the settings: one sound in memory, which
// every party on hold hears from its beginning.
func holdMusic(s *sip.Settings, c *config.Config) error {
	if c.MusicOnHold == config.MusicPass {
		return nil
	}
	prompt, err := loadMusic(c.MusicOnHold)
	if err != nil {
		return c.Errorf("music_on_hold", "%v", err)
	}
	s.Limits.Hold = bridge.HoldMusic
	s.Music = func() audio.Source { return prompt.Loop() }
	return nil
}

func loadMusic(name string) (*audio.Prompt, error) {
	if name == config.MusicTune {
		return audio.Tune(musicRate), nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: write pass, tune, or the path of a WAV", err)
	}
	defer file.Close()
	return audio.LoadPrompt(file, musicRate)
}
