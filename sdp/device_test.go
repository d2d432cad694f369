package sdp

import (
	"strings"
	"testing"
	"time"
)

// devices are bodies in the manner of equipment that is met in the field, each with
// the habit that makes it worth a test.
var devices = []struct {
	name   string
	body   []byte
	addr   string // address of the audio stream, or the host name
	port   uint16
	codecs string // of the audio stream
	dir    Direction
	ptime  time.Duration
	slots  int
}{
	{
		name: "call manager: constant session id, b=TIAS, G.729 without annex B, both old and new names",
		body: lines("v=0", "o=CallManagerLike-SIP 2000 1 IN IP4 10.10.1.5", "s=SIP Call", "c=IN IP4 10.10.1.77", "b=TIAS:64000", "b=AS:64", "t=0 0",
			"m=audio 24580 RTP/AVP 9 0 8 116 18 101",
			"a=rtpmap:9 G722/8000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:116 iLBC/8000", "a=maxptime:60", "a=fmtp:116 mode=20",
			"a=rtpmap:18 G729/8000", "a=fmtp:18 annexb=no", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"),
		addr: "10.10.1.77", port: 24580, codecs: "G722/8000 PCMU/8000 PCMA/8000 iLBC/8000 G729/8000 telephone-event/8000", dir: SendRecv, slots: 1,
	},
	{
		name: "voice gateway: c= twice, X-NSE, number 19 for comfort noise",
		body: lines("v=0", "o=VoiceGatewayLike-UserAgent 8531 4892 IN IP4 203.0.113.7", "s=SIP Call", "c=IN IP4 203.0.113.7", "t=0 0",
			"m=audio 16896 RTP/AVP 18 0 100 101 19", "c=IN IP4 203.0.113.7",
			"a=rtpmap:18 G729/8000", "a=fmtp:18 annexb=yes", "a=rtpmap:0 PCMU/8000", "a=rtpmap:100 X-NSE/8000", "a=fmtp:100 192-194",
			"a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=rtpmap:19 CN/8000", "a=ptime:20"),
		addr: "203.0.113.7", port: 16896, codecs: "G729/8000 PCMU/8000 X-NSE/8000 telephone-event/8000 CN/8000", dir: SendRecv, ptime: 20 * time.Millisecond, slots: 1,
	},
	{
		name: "conference phone: G.722.1 at several rates, siren, direction before the codecs",
		body: lines("v=0", "o=- 1367333459 1367333459 IN IP4 192.0.2.50", "s=Conference IP", "c=IN IP4 192.0.2.50", "t=0 0", "a=sendrecv",
			"m=audio 2222 RTP/AVP 99 115 9 102 0 8 18 127",
			"a=rtpmap:99 G7221/32000", "a=fmtp:99 bitrate=48000", "a=rtpmap:115 G7221/16000", "a=fmtp:115 bitrate=32000",
			"a=rtpmap:9 G722/8000", "a=rtpmap:102 SIREN14/16000", "a=fmtp:102 bitrate=48000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000",
			"a=rtpmap:18 G729/8000", "a=fmtp:18 annexb=no", "a=rtpmap:127 telephone-event/8000"),
		addr: "192.0.2.50", port: 2222, codecs: "G7221/32000 G7221/16000 G722/8000 SIREN14/16000 PCMU/8000 PCMA/8000 G729/8000 telephone-event/8000", dir: SendRecv, slots: 1,
	},
	{
		name: "open-source PBX: maxptime, silenceSupp, feedback profile left out",
		body: lines("v=0", "o=root 1821 1822 IN IP4 198.51.100.4", "s=PBX", "c=IN IP4 198.51.100.4", "t=0 0",
			"m=audio 11394 RTP/AVP 0 8 3 111 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:3 GSM/8000", "a=rtpmap:111 G726-32/8000",
			"a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=silenceSupp:off - - - -", "a=ptime:20", "a=maxptime:150", "a=sendrecv"),
		addr: "198.51.100.4", port: 11394, codecs: "PCMU/8000 PCMA/8000 GSM/8000 G726-32/8000 telephone-event/8000", dir: SendRecv, ptime: 20 * time.Millisecond, slots: 1,
	},
	{
		name: "soft switch: telephone-event first, comfort noise, two clock rates, rtcp attribute",
		body: lines("v=0", "o=SoftSwitch 1612345678 1612345679 IN IP4 198.51.100.9", "s=SoftSwitch", "c=IN IP4 198.51.100.9", "t=0 0", "a=msid-semantic: WMS x",
			"m=audio 27412 RTP/AVP 101 102 0 9 110 13",
			"a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=rtpmap:102 telephone-event/48000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:9 G722/8000",
			"a=rtpmap:110 opus/48000/2", "a=fmtp:110 useinbandfec=1; maxaveragebitrate=14400", "a=rtpmap:13 CN/8000", "a=rtcp:27413 IN IP4 198.51.100.9", "a=ptime:20"),
		addr: "198.51.100.9", port: 27412, codecs: "telephone-event/8000 telephone-event/48000 PCMU/8000 G722/8000 opus/48000/2 CN/8000", dir: SendRecv, ptime: 20 * time.Millisecond, slots: 1,
	},
	{
		name: "meeting service: SAVP with crypto and candidates, video refused by direction, labels",
		body: lines("v=0", "o=- 94283 0 IN IP4 52.112.0.1", "s=session", "c=IN IP4 52.112.0.1", "b=CT:10000000", "t=0 0",
			"m=audio 52780 RTP/SAVP 104 9 103 111 18 0 8 97 101 13 118", "c=IN IP4 52.112.0.1", "a=rtcp:52781",
			"a=ice-ufrag:qvQW", "a=ice-pwd:ZRaDgnz8xo7rAjKzVYpDmNz5",
			"a=candidate:1 1 UDP 2130706431 52.112.0.1 52780 typ srflx raddr 10.0.136.11 rport 52780",
			"a=candidate:1 2 UDP 2130705918 52.112.0.1 52781 typ srflx raddr 10.0.136.11 rport 52781",
			"a=label:main-audio", "a=mid:1", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WnD7c1ksDGs+dIefCEo8omPg4uO8DYIinNGL5yxQ|2^31|1:1",
			"a=sendrecv", "a=rtpmap:104 SILK/16000", "a=rtpmap:9 G722/8000", "a=rtpmap:103 SILK/8000", "a=rtpmap:111 SIREN/16000", "a=fmtp:111 bitrate=16000",
			"a=rtpmap:18 G729/8000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:97 RED/8000", "a=rtpmap:101 telephone-event/8000",
			"a=fmtp:101 0-16", "a=rtpmap:13 CN/8000", "a=rtpmap:118 CN/16000", "a=ptime:20",
			"m=video 0 RTP/SAVP 34", "a=inactive"),
		addr: "52.112.0.1", port: 52780, codecs: "SILK/16000 G722/8000 SILK/8000 SIREN/16000 G729/8000 PCMU/8000 PCMA/8000 RED/8000 telephone-event/8000 CN/8000 CN/16000",
		dir: SendRecv, ptime: 20 * time.Millisecond, slots: 2,
	},
	{
		name: "old adapter: LF, no final line end, blanks in the user, no s=, no rtpmap, hold by address",
		body: []byte("v=0\no=Line 1 8000 8001 IN IP4 192.168.2.100\nc=IN IP4 0.0.0.0\nt=0 0\nm=audio 16384 RTP/AVP 18 0 4 100\na=rtpmap:100 telephone-event/8000\na=sendrecv"),
		addr: "0.0.0.0", port: 16384, codecs: "G729/8000 PCMU/8000 G723/8000 telephone-event/8000", dir: SendOnly, slots: 1,
	},
	{
		name: "fax adapter: G729a by that name, T.38 beside audio, b= before c=, ptime of the session",
		body: lines("v=0", "o=- 1 1 IN IP4 192.0.2.77", "s= ", "b=AS:96", "c=IN IP4 192.0.2.77", "t=0 0", "a=ptime:30",
			"m=audio 5004 RTP/AVP 18 2", "a=rtpmap:18 G729a/8000", "a=rtpmap:2 G726-32/8000",
			"m=image 5006 udptl t38", "a=T38FaxVersion:0", "a=T38MaxBitRate:14400"),
		addr: "192.0.2.77", port: 5004, codecs: "G729a/8000 G726-32/8000", dir: SendRecv, ptime: 30 * time.Millisecond, slots: 2,
	},
	{
		name: "mobile core: AMR in both framings, IPv6, bandwidth modifiers, held by direction",
		body: lines("v=0", "o=ims 4125638 4125639 IN IP6 2001:db8:0:1::9", "s=-", "c=IN IP6 2001:db8:0:1::9", "b=AS:49", "b=RS:0", "b=RR:2000", "t=0 0",
			"m=audio 49152 RTP/AVP 116 107 118 96 111 110", "a=rtpmap:116 AMR-WB/16000/1", "a=fmtp:116 mode-change-capability=2;max-red=0",
			"a=rtpmap:107 AMR-WB/16000/1", "a=fmtp:107 octet-align=1;mode-change-capability=2;max-red=0",
			"a=rtpmap:118 AMR/8000/1", "a=rtpmap:96 AMR/8000/1", "a=fmtp:96 octet-align=1", "a=rtpmap:111 telephone-event/16000", "a=rtpmap:110 telephone-event/8000",
			"a=ptime:20", "a=maxptime:240", "a=curr:qos local none", "a=des:qos mandatory local sendrecv", "a=inactive"),
		addr: "2001:db8:0:1::9", port: 49152, codecs: "AMR-WB/16000 AMR-WB/16000 AMR/8000 AMR/8000 telephone-event/16000 telephone-event/8000", dir: Inactive, ptime: 20 * time.Millisecond, slots: 1,
	},
	{
		name: "softphone: feedback profile, mux, opus, host name",
		body: lines("v=0", "o=bob 3858 2034 IN IP4 sbc.example.test", "s=Talk", "c=IN IP4 sbc.example.test", "t=0 0", "a=rtcp-xr:rcvr-rtt=all:10000",
			"m=audio 7078 RTP/AVPF 96 97 0 98", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 useinbandfec=1", "a=rtpmap:97 speex/16000", "a=fmtp:97 vbr=on",
			"a=rtpmap:98 telephone-event/48000", "a=rtcp-mux", "a=rtcp-fb:* trr-int 5000"),
		addr: "sbc.example.test", port: 7078, codecs: "opus/48000/2 speex/16000 PCMU/8000 telephone-event/48000", dir: SendRecv, slots: 1,
	},
}

// codecNames joins the codecs for a comparison that can be read.
func codecNames(codecs []Codec) string {
	names := make([]string, len(codecs))
	for i, c := range codecs {
		names[i] = c.String()
	}
	return strings.Join(names, " ")
}

func TestDevicesAreRead(t *testing.T) {
	for _, d := range devices {
		s, err := Parse(d.body)
		if err != nil {
			t.Errorf("%s: %v", d.name, err)
			continue
		}
		m := s.Audio()
		if m == nil || len(s.Media) != d.slots {
			t.Errorf("%s: audio %v, %d streams", d.name, m, len(s.Media))
			continue
		}
		if m.Host != d.addr || m.Port != d.port || codecNames(m.Codecs) != d.codecs || m.EffectiveDirection() != d.dir || m.Ptime != d.ptime {
			t.Errorf("%s:\n got %s %d %s %v %v\nwant %s %d %s %v %v", d.name, m.Host, m.Port, codecNames(m.Codecs), m.EffectiveDirection(), m.Ptime,
				d.addr, d.port, d.codecs, d.dir, d.ptime)
		}
	}
}

// Whatever a device offers, a gateway with the usual codecs has a legal answer, and
// both sides read the same from it.
func TestDevicesAreAnswered(t *testing.T) {
	l := ours(pcmu, pcma, g729, opus, dtmf, with(Codec{Name: "AMR", ClockRate: 8000, PayloadType: 100}, "octet-align=1"))
	l.Protos = []string{"RTP/AVP", "RTP/AVPF", "RTP/SAVP"}
	l.Protection, l.Security.Cryptos = ProtectionOptional, []Crypto{key80}
	for _, d := range devices {
		offer := mustParse(t, d.body)
		answer, err := NewAnswer(offer, l, nil)
		if err != nil {
			t.Errorf("%s: %v", d.name, err)
			continue
		}
		if err := checkAnswer(offer, answer); err != nil {
			t.Errorf("%s: %v", d.name, err)
		}
		theirs, mine, err := Agreed(offer, mustParse(t, answer.Append(nil)))
		if err != nil || theirs.Direction != mine.Direction.Reverse() || mine.Port != d.port || theirs.Port != l.Port {
			t.Errorf("%s: %v\ntheirs %+v\nmine   %+v", d.name, err, theirs, mine)
		}
	}
}
