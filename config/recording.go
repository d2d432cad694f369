package config

// Recording is where and how calls are recorded. Which ones says record, of users and
// routes; a recording begins with the answer and ends with the call.
type Recording struct {
	// Path is the directory of the files, made when it is missing. Default "": nothing can be
	// recorded.
	Path string `yaml:"path"`
	// Name is what the files of a recording are called, without their ends, in which {date},
	// {time}, {call}, {chain}, {caller} and {callee} stand for what they say. Default
	// {date}/{time}-{call}.
	Name string `yaml:"name"`
	// Layout is who is in which file. Default stereo.
	Layout RecordingLayout `yaml:"layout"`
	// Format is what kind of files they are. Default wav.
	Format RecordingFormat `yaml:"format"`
	// Beep lets the parties hear every 15 s that they are recorded. Default false.
	Beep bool `yaml:"beep"`
	// RecordDTMF leaves the tones of keys in the files. Default false.
	RecordDTMF bool `yaml:"record_dtmf"`
}

// defaultRecordingName names recordings by day, time and call.
const defaultRecordingName = "{date}/{time}-{call}"

// RecordingLayout is who is in which file of a recording.
type RecordingLayout int

// One file with a side for each of two parties, one with all together, or a file for each.
const (
	RecordingStereo RecordingLayout = iota
	RecordingMixed
	RecordingSeparate
)

var recordingLayouts = []string{RecordingStereo: "stereo", RecordingMixed: "mixed", RecordingSeparate: "separate"}

// String gives the file's word.
func (l RecordingLayout) String() string { return enumName(recordingLayouts, int(l)) }

// UnmarshalText reads stereo, mixed or separate.
func (l *RecordingLayout) UnmarshalText(text []byte) error {
	return setEnum(l, recordingLayouts, text)
}

// RecordingFormat is a kind of sound file.
type RecordingFormat int

// WAV, and Opus in Ogg.
const (
	RecordingWAV RecordingFormat = iota
	RecordingOgg
)

var recordingFormats = []string{RecordingWAV: "wav", RecordingOgg: "ogg"}

// String gives the file's word.
func (f RecordingFormat) String() string { return enumName(recordingFormats, int(f)) }

// UnmarshalText reads wav or ogg.
func (f *RecordingFormat) UnmarshalText(text []byte) error {
	return setEnum(f, recordingFormats, text)
}

// Prompts is where sound may come from that is played.
type Prompts struct {
	// Path is the directory of the prompts that are played into calls: WAV of 8, 16 or 48 kHz,
	// PCM or G.711. Default "": https URLs only.
	Path string `yaml:"path"`
	// AllowPrivate lets URLs lead to addresses that are not public: this machine's, a local
	// network's. Default false.
	AllowPrivate bool `yaml:"allow_private"`
}

// checkRecording sees that what is to be recorded has a place.
func (c *checker) checkRecording(cfg *Config) {
	if cfg.Recording.Path != "" {
		return
	}
	for i := range cfg.Users {
		c.checkRecord(index("users", i), cfg.Users[i].Record)
	}
	for i := range cfg.Routes {
		c.checkRecord(index("routes", i), cfg.Routes[i].Record)
	}
}

func (c *checker) checkRecord(path string, record bool) {
	if record {
		c.report(path+".record", "there is no directory for recordings: name it in recording.path")
	}
}
