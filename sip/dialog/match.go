package dialog

// Is says whether a dialog that is named by its Call-ID and its two tags is the usage's,
// from its own point of view or from the other side's.
//
// RFC 3891 s3: "the to-tag and from-tag parameters are matched ... as if they were tags
// present in the To and From header fields of an incoming request": those that are ours
// come as to-tag.
func (u *Usage) Is(callID, ours, theirs string) bool {
	if callID != u.callID {
		return false
	}
	return u.between(ours, theirs) || u.between(theirs, ours)
}

func (u *Usage) between(ours, theirs string) bool {
	if ours != u.config.Tag {
		return false
	}
	if u.chosen != nil {
		return theirs == u.chosen.RemoteTag
	}
	return u.dialogOf(theirs) != nil
}
