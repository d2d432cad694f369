package srtp

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
)

// reference is SRTP written out from the RFCs with the standard library, held against
// their vectors; the package is then held against it.
type reference struct {
	aead                               bool
	tag                                int
	key, salt, auth                    []byte
	keyRTCP, saltRTCP, authRTCP, extra []byte
}

// derive is RFC 3711 section 4.3.1 with a key derivation rate of 0; a salt of 96 bits
// is padded on its right (RFC 7714 section 11).
func derive(key, salt []byte, label byte, size int) []byte {
	iv := make([]byte, 16)
	copy(iv, salt)
	iv[7] ^= label
	return keystream(key, iv, size)
}

func keystream(key, iv []byte, size int) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	out := make([]byte, size)
	cipher.NewCTR(block, iv).XORKeyStream(out, out)
	return out
}

func newReference(k Keys) *reference {
	sizes := k.Suite.sizes()
	key, salt := k.Master()[:sizes.key], k.Master()[sizes.key:]
	return &reference{
		aead: k.Suite.aead(), tag: sizes.tag,
		key: derive(key, salt, 0, sizes.key), auth: derive(key, salt, 1, 20), salt: derive(key, salt, 2, sizes.salt),
		keyRTCP: derive(key, salt, 3, sizes.key), authRTCP: derive(key, salt, 4, 20), saltRTCP: derive(key, salt, 5, sizes.salt),
		extra: k.MKI,
	}
}

// counter is the IV of AES-CM (RFC 3711 section 4.1.1).
func counter(salt []byte, ssrc uint32, index uint64) []byte {
	iv := make([]byte, 16)
	copy(iv, salt)
	var x [16]byte
	binary.BigEndian.PutUint32(x[4:], ssrc)
	binary.BigEndian.PutUint64(x[8:], index<<16)
	binary.BigEndian.PutUint16(x[6:], binary.BigEndian.Uint16(x[6:])^uint16(index>>48))
	for i := range iv {
		iv[i] ^= x[i]
	}
	return iv
}

func xored(data, stream []byte) []byte {
	out := bytes.Clone(data)
	for i := range out {
		out[i] ^= stream[i]
	}
	return out
}

func sum(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha1.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func seal(key, iv, salt, data, aad []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm.Seal(nil, xored(iv, salt), data, aad)
}

// protect is RFC 3711 section 3.3, or RFC 7714 section 8.
func (r *reference) protect(packet []byte, roc uint32) []byte {
	h, _ := readHeader(packet)
	head, payload := packet[:h.size], packet[h.size:]
	var rollover [4]byte
	binary.BigEndian.PutUint32(rollover[:], roc)
	if r.aead {
		iv := binary.BigEndian.AppendUint32(make([]byte, 2, 12), h.ssrc)
		iv = binary.BigEndian.AppendUint16(append(iv, rollover[:]...), h.sequence)
		return append(append(bytes.Clone(head), seal(r.key, iv, r.salt, payload, head)...), r.extra...)
	}
	index := uint64(roc)<<16 | uint64(h.sequence)
	out := append(bytes.Clone(head), xored(payload, keystream(r.key, counter(r.salt, h.ssrc, index), len(payload)))...)
	tag := sum(r.auth, out, rollover[:])[:r.tag]
	return append(append(out, r.extra...), tag...)
}

// protectRTCP is RFC 3711 section 3.4, or RFC 7714 section 9.
func (r *reference) protectRTCP(packet []byte, index uint32) []byte {
	ssrc, _ := readRTCP(packet)
	head, payload := packet[:8], packet[8:]
	word := binary.BigEndian.AppendUint32(nil, index|1<<31)
	if r.aead {
		iv := binary.BigEndian.AppendUint32(make([]byte, 2, 12), ssrc)
		iv = binary.BigEndian.AppendUint32(append(iv, 0, 0), index)
		sealed := seal(r.keyRTCP, iv, r.saltRTCP, payload, append(bytes.Clone(head), word...))
		return append(append(append(bytes.Clone(head), sealed...), word...), r.extra...)
	}
	out := append(bytes.Clone(head), xored(payload, keystream(r.keyRTCP, counter(r.saltRTCP, ssrc, uint64(index)), len(payload)))...)
	out = append(out, word...)
	return append(append(bytes.Clone(out), r.extra...), sum(r.authRTCP, out)[:10]...)
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\n got %x\nwant %x", what, got, want)
	}
}

// RFC 3711 appendix B.2.
func TestReferenceCounterMode(t *testing.T) {
	key := unhex(t, "2B7E151628AED2A6ABF7158809CF4F3C")
	iv := counter(unhex(t, "F0F1F2F3F4F5F6F7F8F9FAFBFCFD"), 0, 0)
	same(t, "the first counter", iv, unhex(t, "F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000"))
	stream := keystream(key, iv, 16*0xff02)
	same(t, "blocks 0 to 2", stream[:48], unhex(t, "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0"))
	same(t, "blocks FEFF to FF01", stream[16*0xfeff:], unhex(t, "EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE 6A2CC3787889374FBEB4C81B17BA6C44"))
}

// RFC 3711 appendix B.3.
func TestReferenceKeyDerivation(t *testing.T) {
	key, salt := unhex(t, "E1F97A0D3E018BE0D64FA32C06DE4139"), unhex(t, "0EC675AD498AFEEBB6960B3AABE6")
	same(t, "cipher key", derive(key, salt, 0, 16), unhex(t, "C61E7A93744F39EE10734AFE3FF7A087"))
	same(t, "cipher salt", derive(key, salt, 2, 14), unhex(t, "30CBBC08863D8C85D49DB34A9AE1"))
	same(t, "auth key", derive(key, salt, 1, 94)[:32], unhex(t, "CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE"))
}

// RFC 7714 sections 16.1.1, 16.2.1, 17.1 and 17.3 (their keys are session keys).
func TestReferenceAEAD(t *testing.T) {
	packet := unhex(t, "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573")
	report := unhex(t, "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef")
	salt := unhex(t, "517569642070726f2071756f")
	for _, c := range []struct{ key, rtp, rtcp string }{
		{"000102030405060708090a0b0c0d0e0f",
			`8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1
			6a9152cf 765ee439 0cce`,
			`81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458
			96cf4d2f c5abf872 45d9eade 800005d4`},
		{"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
			`8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff
			d6b0f9bb 7878d7a7 6c13`,
			`81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be 8415f658 c61de047 6f1b6fad 1d1eb30c
			4446839f 57ff6f6c b26ac3be 800005d4`},
	} {
		r := &reference{aead: true, key: unhex(t, c.key), salt: salt, keyRTCP: unhex(t, c.key), saltRTCP: salt}
		same(t, "RTP", r.protect(packet, 0), unhex(t, c.rtp))
		same(t, "RTCP", r.protectRTCP(report, 0x5d4), unhex(t, c.rtcp))
	}
}

// RFC 6188 section 7.3: derivation with a master key of 256 bits.
func TestReferenceKeyDerivation256(t *testing.T) {
	key := unhex(t, "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6")
	salt := unhex(t, "3b04803de51ee7c96423ab5b78d2")
	same(t, "cipher key", derive(key, salt, 0, 32), unhex(t, "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4"))
	same(t, "cipher salt", derive(key, salt, 2, 14), unhex(t, "fa31791685ca444a9e07c6c64e93"))
	same(t, "auth key", derive(key, salt, 1, 20), unhex(t, "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"))
}

// The packet that other implementations of RFC 3711 are validated with.
func TestKnownPacket(t *testing.T) {
	k, err := NewKeys(AESCM128HMACSHA180, unhex(t, "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6"))
	if err != nil {
		t.Fatal(err)
	}
	plain := unhex(t, "800f1234 decafbad cafebabe abababab abababab abababab abababab")
	want := unhex(t, "800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b 8dbb")
	same(t, "the reference's", newReference(k).protect(plain, 0), want)
	o, err := NewOutbound(k)
	if err != nil {
		t.Fatal(err)
	}
	got, err := o.Protect(room(plain))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "ours", got, want)
}
