// Package config is the one file a user writes: its types, its defaults, and
// its checks.
//
// A configuration is YAML. Every key has a default that the field's comment
// states; a key that is unknown, given twice, of the wrong type, or that
// contradicts another is a [Problem] that names the file, the line, the column,
// the key's path, what is wrong and what to do. All problems are reported at
// once, since a person who mends a file one error at a time gives up. What is
// legal but probably not meant, such as a password of four letters, is a warning
// in [Config.Warnings]. What only the dialplan can judge, such as whether a
// number exists, is left to it.
//
// A key works or is refused: there is none that nothing obeys.
//
// What comes out are plain Go values (durations, netip types, enumerations), so
// no other package knows that YAML is the notation; the YAML library is
// imported here only. The positions of keys are kept, so that a package that
// finds fault later, when it compiles a route, can name line and column too
// ([Config.Errorf]).
//
// YAML's anchors, aliases, tags and merge keys are refused: they make a
// position mean several things and a small file large.
package config

import "time"

// Config is a whole configuration, complete and checked. Two gateways in one
// process have two of them; nothing here is shared or changes after Parse.
type Config struct {
	// Region says how national numbers are read: ISO 3166-1 alpha-2. Default US.
	Region string `yaml:"region"`
	// SIP is the signalling edge.
	SIP SIP `yaml:"sip"`
	// RTP is the media edge.
	RTP RTP `yaml:"rtp"`
	// CDR is the call records.
	CDR CDR `yaml:"cdr"`
	// Drain is how long calls may go on after SIGTERM before the gateway ends
	// them; 0 ends them at once. Default 30s.
	Drain time.Duration `yaml:"drain"`
	// MusicOnHold is what the held side of a call hears: pass is what the holder
	// sends, tune the built-in melody, anything else the path or https URL of a WAV.
	// Default pass.
	MusicOnHold string `yaml:"music_on_hold"`
	// Prompts is where sound may come from.
	Prompts Prompts `yaml:"prompts"`
	// Recording is where and how calls are recorded.
	Recording Recording `yaml:"recording"`
	// TransferCallerID is whose number the target of a transfer is shown. Default
	// transferor.
	TransferCallerID TransferCallerID `yaml:"transfer_caller_id"`
	// TransferRecall is what becomes of a party whose transfer has failed after the
	// one who transferred it hung up. Default back.
	TransferRecall Recall `yaml:"transfer_recall"`
	// DisableForwardingAndUnanswered ends a transfer whose target does not answer,
	// without regard to the target's forward settings. Default false.
	DisableForwardingAndUnanswered bool `yaml:"disable_forwarding_and_unanswered"`
	// Users are the people (or desks) whose phones register here.
	Users []User `yaml:"users"`
	// Trunks are the carriers and PBXs that calls come from and go to.
	Trunks []Trunk `yaml:"trunks"`
	// Routes lead calls to trunks and users; the first that matches decides.
	Routes []Route `yaml:"routes"`

	// Warnings are what loads and is probably not meant, in the file's order.
	Warnings Problems `yaml:"-"`

	name      string
	positions map[string]position
}

// CDR is where call records go.
type CDR struct {
	// Path is a file that gets one line of JSON per call and per transfer, appended.
	// Default "": no records are written.
	Path string `yaml:"path"`
}

// The defaults that more than one place needs.
const (
	defaultRegion         = "US"
	defaultDrain          = 30 * time.Second
	defaultRTPTimeout     = 120 * time.Second
	defaultRingingTimeout = 60 * time.Second
	defaultAttemptTimeout = 4 * time.Second

	defaultDownAfter       = 3
	defaultRegisterExpires = time.Hour
)

// The sounds of hold that are no file.
const (
	MusicPass = "pass"
	MusicTune = "tune"
)

// Default gives the configuration of an empty file: it listens on loopback and
// knows nobody.
func Default() *Config {
	c := defaults()
	c.complete()
	return c
}

// defaults gives what holds before the file is read. What depends on other keys
// is filled in afterwards by complete.
func defaults() *Config {
	return &Config{
		Region: defaultRegion,
		SIP:    SIP{Listen: defaultListen(), SessionExpires: defaultSessionExpires, MinSE: defaultMinSE},
		RTP:    RTP{Ports: PortRange{First: 20000, Last: 29999}, Timeout: defaultRTPTimeout, Codecs: defaultCodecs()},
		Drain:  defaultDrain,

		MusicOnHold: MusicPass,
		Recording:   Recording{Name: defaultRecordingName},
	}
}

// complete fills in the defaults that follow from other keys.
func (c *Config) complete() {
	c.SIP.complete()
	c.RTP.complete(&c.SIP)
	users := map[string]*User{}
	for i := range c.Users {
		c.Users[i].complete()
		users[c.Users[i].Name] = &c.Users[i]
	}
	for i := range c.Trunks {
		c.Trunks[i].complete()
	}
	for i := range c.Routes {
		c.Routes[i].complete(users[c.Routes[i].User])
	}
}

// User finds a user by name; nil when there is none.
func (c *Config) User(name string) *User {
	for i := range c.Users {
		if c.Users[i].Name == name {
			return &c.Users[i]
		}
	}
	return nil
}

// Trunk finds a trunk by name; nil when there is none.
func (c *Config) Trunk(name string) *Trunk {
	for i := range c.Trunks {
		if c.Trunks[i].Name == name {
			return &c.Trunks[i]
		}
	}
	return nil
}
