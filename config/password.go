package config

import (
	"fmt"
	"io"
	"log/slog"
)

// Password is a secret: however it is printed, logged or marshalled, it shows
// as ***. Reveal gives it to those who need it.
type Password string

// Reveal gives the password itself.
func (p Password) Reveal() string { return string(p) }

const hidden = "***"

// Format hides the password from every verb of fmt.
func (Password) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, hidden) }

// String hides the password.
func (Password) String() string { return hidden }

// LogValue hides the password from log/slog.
func (Password) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the password from encoders such as encoding/json.
func (Password) MarshalText() ([]byte, error) { return []byte(hidden), nil }
