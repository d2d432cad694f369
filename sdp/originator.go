package sdp

// Originator keeps the o= line of one dialog: all descriptions that one side sends in
// it, offers and answers alike, are versions of one. It is a plain value; Origin is to
// be set once, with the first version. Body is the last one published, with digests in the
// place of keys: it tells two versions apart, and may be printed.
//
// "When issuing an offer that modifies the session, the "o=" line of the new SDP MUST
// be identical to that in the previous SDP, except that the version in the origin
// field MUST increment by one from the previous SDP. If the version in the origin line
// does not increment, the SDP MUST be identical to the SDP with that version number"
// (RFC 3264 section 8).
type Originator struct {
	Origin Origin
	Body   string
}

// Publish gives s our origin and returns its String: the previous one byte by byte when
// nothing but the origin was new, else one with the next version. What was published
// counts even if the peer then rejected it, since the peer has seen that version.
func (o *Originator) Publish(s *Description) string {
	if o.Origin.Host == "" {
		o.Origin.Host = s.Host
	}
	s.Origin = o.Origin
	body := s.String()
	if o.Body != "" && body != o.Body {
		o.Origin.Version++
		s.Origin = o.Origin
		body = s.String()
	}
	o.Body = body
	return body
}
