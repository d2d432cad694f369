package bridge

import "testing"

// TestMuxIsAcceptedWhereOffered and nowhere else (RFC 5761 s5.1.1): the carrier, which the
// caller's wish is none of, is offered two ports.
func TestMuxIsAcceptedWhereOffered(t *testing.T) {
	s := newSecureTalk(t, secureOffer(t, 1, 1, "RTP/AVP", "a=rtcp-mux"), SRTP{}, SRTP{})
	if s.dialled.Audio().RTCPMux {
		t.Error("the carrier is offered one port")
	}
	s.says(2, Answered{SDP: secureOffer(t, 2, 1, "RTP/AVP")})
	if !s.answer.Audio().RTCPMux || !s.streams[1].RTCPMux || s.streams[2].RTCPMux {
		t.Errorf("answered %v, agreed %v and %v", s.answer.Audio().RTCPMux, s.streams[1].RTCPMux, s.streams[2].RTCPMux)
	}
	// Our own offer keeps what there is, for both.
	s.says(2, Offered{SDP: secureOffer(t, 2, 2, "RTP/AVP", "a=sendonly", "a=rtcp-mux")})
	if !s.offers[1].Audio().RTCPMux {
		t.Error("an offer of ours gives up what is in force")
	}
	s.says(1, OfferAnswered{SDP: secureOffer(t, 1, 2, "RTP/AVP", "a=recvonly", "a=rtcp-mux")})
	if !s.streams[1].RTCPMux || !s.accepts[2].Audio().RTCPMux || !s.streams[2].RTCPMux {
		t.Errorf("after the hold %v and %v", s.streams[1].RTCPMux, s.streams[2].RTCPMux)
	}
}

// TestMuxIsNotForced: a party that does not offer it is not answered so, and one that gives
// it up has two ports again.
func TestMuxIsNotForced(t *testing.T) {
	s := newSecureTalk(t, secureOffer(t, 1, 1, "RTP/AVP"), SRTP{}, SRTP{})
	s.says(2, Answered{SDP: secureOffer(t, 2, 1, "RTP/AVP", "a=rtcp-mux")})
	if s.answer.Audio().RTCPMux || s.streams[1].RTCPMux || s.streams[2].RTCPMux {
		t.Errorf("answered %v, agreed %v and %v", s.answer.Audio().RTCPMux, s.streams[1].RTCPMux, s.streams[2].RTCPMux)
	}
	s.says(1, Offered{SDP: secureOffer(t, 1, 2, "RTP/AVP", "a=sendonly", "a=rtcp-mux")})
	s.says(2, OfferAnswered{SDP: secureOffer(t, 2, 2, "RTP/AVP", "a=recvonly")})
	if !s.streams[1].RTCPMux {
		t.Error("what the caller offers later is not taken")
	}
	s.says(1, Offered{SDP: secureOffer(t, 1, 3, "RTP/AVP")})
	s.says(2, OfferAnswered{SDP: secureOffer(t, 2, 3, "RTP/AVP")})
	if s.streams[1].RTCPMux || s.accepts[1].Audio().RTCPMux {
		t.Error("the caller has given it up")
	}
}
