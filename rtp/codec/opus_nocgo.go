//go:build !cgo

package codec

import "errors"

// opusMissing says why Opus cannot be had.
const opusMissing = "codec: this binary has no Opus, as it was built without cgo: install a C compiler and libopus-dev and build with CGO_ENABLED=1"

func newOpusEncoder(Format, Options) (Encoder, error) { return nil, errors.New(opusMissing) }

func newOpusDecoder(Format, Options) (Decoder, error) { return nil, errors.New(opusMissing) }
