package audio

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestPlayback(t *testing.T) {
	p := prompt(8000, 1, 2, 3, 4, 5)
	once := p.Play()
	frame := []int16{9, 9, 9}
	if n := once.Fill(frame); n != 3 || !slices.Equal(frame, []int16{1, 2, 3}) {
		t.Errorf("%d: %v", n, frame)
	}
	if n := once.Fill(frame); n != 2 || !slices.Equal(frame, []int16{4, 5, 3}) {
		t.Errorf("at its end %d: %v", n, frame)
	}
	if n := once.Fill(frame); n != 0 || once.Rate() != 8000 {
		t.Errorf("after its end %d", n)
	}
}

func TestLoop(t *testing.T) {
	p := prompt(8000, 1, 2, 3)
	a, b := p.Loop(), p.Loop()
	if got := pull(t, a, 11, 11); !slices.Equal(got, []int16{1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2}) {
		t.Errorf("at once: %v", got)
	}
	if got := pull(t, b, 4, 1); !slices.Equal(got, []int16{1, 2, 3, 1}) {
		t.Errorf("one by one, beside the other: %v", got)
	}
	if got := pull(t, a, 2, 2); !slices.Equal(got, []int16{3, 1}) {
		t.Errorf("the first one goes on with %v", got)
	}
	if n := prompt(8000).Loop().Fill(make([]int16, 5)); n != 0 {
		t.Errorf("nothing, looped: %d samples", n)
	}
}

func TestLoadPrompt(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		tone, err := NewTone(rate, Sine{1004, -10})
		if err != nil {
			t.Fatal(err)
		}
		file := wavFile(wavPCM, 1, rate, 16, pcm16(pull(t, tone, rate, rate)...))
		p, err := LoadPrompt(bytes.NewReader(file), 8000)
		if err != nil {
			t.Fatal(err)
		}
		if p.Rate() != 8000 || p.Duration() != time.Second {
			t.Errorf("from %d: %v at %d", rate, p.Duration(), p.Rate())
		}
		level, rest := measure(t, pull(t, p.Play(), 8000, 160)[400:7600], 1004)
		if !near(level, -10, 0.02) || rest > -85 {
			t.Errorf("from %d: tone %.2f, rest %.1f", rate, level, rest)
		}
	}
}

func TestLoadPromptRefuses(t *testing.T) {
	short := wavFile(wavPCM, 1, 8000, 16, pcm16(1, 2, 3))
	if _, err := LoadPrompt(bytes.NewReader(short), 44100); err == nil {
		t.Error("8 kHz became 44.1")
	}
	if p, err := LoadPrompt(bytes.NewReader(short), 48000); err != nil || p.Rate() != 48000 || len(p.pcm) != 18 {
		t.Errorf("8 kHz to 48: %v", err)
	}
	if _, err := LoadPrompt(bytes.NewReader([]byte("ID3")), 8000); !errors.Is(err, ErrNotWAV) {
		t.Errorf("an MP3: %v", err)
	}
	broken := errors.New("the disk is gone")
	if _, err := LoadPrompt(&failing{short[:len(short)-2], broken}, 8000); !errors.Is(err, broken) {
		t.Errorf("a disk that fails: %v", err)
	}
}

func TestPromptOfHalfAnHour(t *testing.T) {
	most := 8000 * 60 * 30
	for n, want := range map[int]error{most: nil, most + 1: ErrTooLong} {
		file := wavFile(wavMuLaw, 1, 8000, 8, make([]byte, n))
		p, err := LoadPrompt(bytes.NewReader(file), 8000)
		if !errors.Is(err, want) {
			t.Errorf("%d samples: %v, want %v", n, err, want)
		}
		if err == nil && p.Duration() != MaxPrompt {
			t.Errorf("it lasts %v", p.Duration())
		}
	}
}
