//go:build cgo

package codec

/*
#cgo LDFLAGS: -lopus
#cgo noescape opus_encode
#cgo nocallback opus_encode
#cgo noescape opus_decode
#cgo nocallback opus_decode
#include <opus/opus.h>
#include <string.h>

// The setters of libopus have a variable number of arguments, which cgo has not.
static int encoder_set(OpusEncoder *e, int request, opus_int32 value) {
	return opus_encoder_ctl(e, request, value);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"
)

// opusMissing says why Opus cannot be had: it can.
const opusMissing = ""

var _ = [...]any{Encoder((*opusEncoder)(nil)), Decoder((*opusDecoder)(nil))}

// opusEncoder is libopus's encoder. Its state is in C's memory: Close frees it,
// and the collector does where that was forgotten.
type opusEncoder struct {
	shape   Shape
	state   *C.OpusEncoder
	cleanup runtime.Cleanup
}

func newOpusEncoder(f Format, o Options) (Encoder, error) {
	shape, err := opusShape(o)
	if err != nil {
		return nil, err
	}
	settings, err := settle(f, o, shape)
	if err != nil {
		return nil, err
	}
	var code C.int
	state := C.opus_encoder_create(C.opus_int32(shape.Rate), C.int(shape.Channels), C.OPUS_APPLICATION_VOIP, &code)
	if state == nil {
		return nil, opusError("make an encoder", code)
	}
	if err := configure(state, settings); err != nil {
		C.opus_encoder_destroy(state)
		return nil, err
	}
	e := &opusEncoder{shape: shape, state: state}
	e.cleanup = runtime.AddCleanup(e, func(state *C.OpusEncoder) { C.opus_encoder_destroy(state) }, state)
	return e, nil
}

// configure sets what is not as libopus has it by itself.
func configure(state *C.OpusEncoder, s opusSettings) error {
	channels := C.opus_int32(C.OPUS_AUTO)
	if s.mono {
		channels = 1
	}
	for _, setting := range [...]struct {
		request C.int
		value   C.opus_int32
	}{
		{C.OPUS_SET_BITRATE_REQUEST, C.opus_int32(s.bitrate)},
		{C.OPUS_SET_COMPLEXITY_REQUEST, C.opus_int32(s.complexity)},
		{C.OPUS_SET_VBR_REQUEST, C.opus_int32(number(!s.cbr))},
		{C.OPUS_SET_INBAND_FEC_REQUEST, C.opus_int32(number(s.fec))},
		{C.OPUS_SET_PACKET_LOSS_PERC_REQUEST, C.opus_int32(s.loss * number(s.fec))},
		{C.OPUS_SET_DTX_REQUEST, C.opus_int32(number(s.dtx))},
		{C.OPUS_SET_FORCE_CHANNELS_REQUEST, channels},
		{C.OPUS_SET_MAX_BANDWIDTH_REQUEST, bandwidth(s.maxRate)},
		{C.OPUS_SET_SIGNAL_REQUEST, C.OPUS_SIGNAL_VOICE},
	} {
		if code := C.encoder_set(state, setting.request, setting.value); code != C.OPUS_OK {
			return opusError(fmt.Sprintf("set %d to %d", setting.request, setting.value), code)
		}
	}
	return nil
}

// bandwidth is the widest band that a rate in Hz can play: RFC 7587 table 1.
func bandwidth(rate int) C.opus_int32 {
	switch {
	case rate == 0 || rate >= 48000:
		return C.OPUS_BANDWIDTH_FULLBAND
	case rate >= 24000:
		return C.OPUS_BANDWIDTH_SUPERWIDEBAND
	case rate >= 16000:
		return C.OPUS_BANDWIDTH_WIDEBAND
	case rate >= 12000:
		return C.OPUS_BANDWIDTH_MEDIUMBAND
	}
	return C.OPUS_BANDWIDTH_NARROWBAND
}

// opusError is an error of libopus in its own words.
func opusError(what string, code C.int) error {
	return fmt.Errorf("codec: libopus cannot %s: %s", what, C.GoString(C.opus_strerror(code)))
}

func (e *opusEncoder) Shape() Shape                  { return e.shape }
func (e *opusEncoder) Frame(ptime time.Duration) int { return opusFrameFor(e.shape, ptime) }

// Encode: "If the return value is 2 bytes or less, then the packet does not need to
// be transmitted (DTX)" (opus.h). One is sent every 400 ms all the same.
func (e *opusEncoder) Encode(payload []byte, pcm []int16) (int, error) {
	switch {
	case e.state == nil:
		return 0, ErrClosed
	case len(pcm) == 0 || len(pcm)%e.shape.Channels != 0:
		return 0, ErrFrame
	case len(payload) == 0:
		return 0, ErrRoom
	}
	n := C.opus_encode(e.state,
		(*C.opus_int16)(unsafe.Pointer(unsafe.SliceData(pcm))), C.int(len(pcm)/e.shape.Channels),
		(*C.uchar)(unsafe.Pointer(unsafe.SliceData(payload))), C.opus_int32(len(payload)))
	runtime.KeepAlive(e)
	switch {
	case n < 0:
		return 0, opusFault(n)
	case n <= 2:
		return 0, nil
	}
	return int(n), nil
}

// Close frees the encoder.
func (e *opusEncoder) Close() {
	if e.state != nil {
		e.cleanup.Stop()
		C.opus_encoder_destroy(e.state)
		e.state = nil
	}
}

// Follow: "The encoder state is always continuous in memory and only a shallow copy is
// sufficient to copy it (e.g. memcpy())" (opus.h).
func (e *opusEncoder) Follow(other Encoder) bool {
	o, ok := other.(*opusEncoder)
	if !ok || e.state == nil || o.state == nil || e.shape != o.shape {
		return false
	}
	C.memcpy(unsafe.Pointer(e.state), unsafe.Pointer(o.state), C.size_t(C.opus_encoder_get_size(C.int(e.shape.Channels))))
	runtime.KeepAlive(e)
	runtime.KeepAlive(o)
	return true
}

// Joins: always. A packet depends on those before it by the levels of bands and the
// predictors' memory, which are alike after the same sound: the loudest error behind a change
// is that of the codec to half a dB, and in 9 of 10 cases within 1 dB of speech, 4 of a tone.
// 200 ms of the same sound would do.
func (*opusEncoder) Joins([]byte, []int16) bool { return true }

// opusFault is the error that a call on a stream failed with.
func opusFault(code C.opus_int32) error {
	switch code {
	case C.OPUS_BAD_ARG:
		return ErrFrame
	case C.OPUS_BUFFER_TOO_SMALL:
		return ErrRoom
	case C.OPUS_INVALID_PACKET:
		return ErrPayload
	}
	return errOpus
}

// errOpus: what only a broken library says.
var errOpus = errors.New("codec: libopus failed on a frame")

// opusDecoder is libopus's decoder.
type opusDecoder struct {
	shape   Shape
	state   *C.OpusDecoder
	cleanup runtime.Cleanup
}

func newOpusDecoder(_ Format, o Options) (Decoder, error) {
	shape, err := opusShape(o)
	if err != nil {
		return nil, err
	}
	var code C.int
	state := C.opus_decoder_create(C.opus_int32(shape.Rate), C.int(shape.Channels), &code)
	if state == nil {
		return nil, opusError("make a decoder", code)
	}
	d := &opusDecoder{shape: shape, state: state}
	d.cleanup = runtime.AddCleanup(d, func(state *C.OpusDecoder) { C.opus_decoder_destroy(state) }, state)
	return d, nil
}

func (d *opusDecoder) Shape() Shape              { return d.shape }
func (d *opusDecoder) Length(payload []byte) int { return opusLength(d.shape, payload) }

// Decode checks the packet itself first: libopus takes an empty one for a loss.
func (d *opusDecoder) Decode(pcm []int16, payload []byte) (int, error) {
	length := d.Length(payload)
	switch {
	case d.state == nil:
		return 0, ErrClosed
	case length == 0:
		return 0, ErrPayload
	case len(pcm) < length:
		return 0, ErrRoom
	}
	n := d.decode(pcm[:length], payload, 0)
	if n < 0 {
		return 0, opusFault(n)
	}
	return int(n) * d.shape.Channels, nil
}

// Conceal: "Lost packets can be replaced with loss concealment by calling the
// decoder with a null pointer and zero length for the missing packet" (opus.h).
// Where the next packet carries the lost one's sound as well (LBRR, RFC 6716 s4.2.5),
// it comes from there. libopus makes multiples of 2.5 ms; what is over is silent.
func (d *opusDecoder) Conceal(pcm []int16, next []byte) {
	unit := d.shape.Rate / 400 * d.shape.Channels
	whole := pcm[:len(pcm)/unit*unit]
	n := C.opus_int32(0)
	if d.state != nil && len(whole) > 0 {
		n = -1
		if d.Length(next) > 0 {
			n = d.decode(whole, next, 1)
		}
		if n < 0 {
			n = d.decode(whole, nil, 0)
		}
	}
	clear(pcm[max(0, int(n))*d.shape.Channels:])
}

func (d *opusDecoder) decode(pcm []int16, payload []byte, fec C.int) C.opus_int32 {
	var data *C.uchar
	if len(payload) > 0 {
		data = (*C.uchar)(unsafe.Pointer(unsafe.SliceData(payload)))
	}
	n := C.opus_decode(d.state, data, C.opus_int32(len(payload)),
		(*C.opus_int16)(unsafe.Pointer(unsafe.SliceData(pcm))), C.int(len(pcm)/d.shape.Channels), fec)
	runtime.KeepAlive(d)
	return C.opus_int32(n)
}

// Close frees the decoder.
func (d *opusDecoder) Close() {
	if d.state != nil {
		d.cleanup.Stop()
		C.opus_decoder_destroy(d.state)
		d.state = nil
	}
}
