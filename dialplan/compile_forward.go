package dialplan

// The keys of a user's forwards in a configuration.
const (
	keyAlways       = "forward.always"
	keyBusy         = "forward.busy"
	keyNoAnswer     = "forward.no_answer"
	keyUnregistered = "forward.unregistered"
)

// addForwards reads where a user's calls go, when all users are known. A user whose
// own entry is at fault has none.
func (b *builder) addForwards(path string, u User) {
	pl := place{path, u.Name}
	user := b.plan.users[u.Name]
	if user == nil || user.Forwards != u.Forwards {
		return // at fault, or the second of that name
	}
	f := &user.Forwards
	if f.NoAnswerAfter < 0 {
		b.fault(pl, keyNoAnswer+"_after", f.NoAnswerAfter.String(), nil, "must not be negative; leave it out for the ringing timeout")
	}
	b.addForward(pl, keyAlways, &f.Always)
	b.addForward(pl, keyBusy, &f.Busy)
	b.addForward(pl, keyNoAnswer, &f.NoAnswer)
	b.addForward(pl, keyUnregistered, &f.Unavailable)
}

func (b *builder) addForward(pl place, key string, f *Forward) {
	switch {
	case f.Number != "" && f.User != "" || f.Status != 0 && *f != (Forward{Status: f.Status}):
		b.fault(pl, key, "", nil, "leads to more than one place: name a number, a user or a status")
	case f.Number != "":
		f.Number = b.number(pl, key, string(f.Number))
	case f.User != "" && b.plan.users[f.User] == nil:
		b.fault(pl, key, f.User, nil, "is no user under users:; it has %s", names(b.plan.users))
	case f.Status != 0 && (f.Status < 400 || f.Status > 699 || f.Status == 401 || f.Status == 407):
		b.fault(pl, key, "", nil, "%d refuses no call: write a status from 400 to 699 that asks for no password", f.Status)
	}
}

// warnForwards says which users forward every call in a ring: nobody can call them.
func (b *builder) warnForwards(users []User) {
	for i, u := range users {
		seen, to := map[*User]bool{}, b.always(b.plan.users[u.Name])
		for to != nil && to.Name != u.Name && !seen[to] {
			seen[to], to = true, b.always(to)
		}
		if to != nil && to.Name == u.Name {
			b.warn(place{path: at("users", i)}, keyAlways,
				"user %s forwards every call to where it comes back from: whoever calls gets 482", u.Name)
		}
	}
}

// always is the user that every call to a user goes on to; nil when it goes to none
// of ours.
func (b *builder) always(u *User) *User {
	if u == nil {
		return nil // at fault
	}
	f := u.Forwards.Always
	if f.User != "" {
		return b.plan.users[f.User]
	}
	if rt := b.plan.forwardRoute(Party{PartyUser, u.Name}, f); rt != nil && f.Number != "" {
		return rt.user
	}
	return nil
}
