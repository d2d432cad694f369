package dialplan

// Deflection reads where a user's phone sends a call that it was offered: what the user
// would have dialled, a number or a name. The zero Forward stands for what can be
// neither, and for emergency numbers, to which only a caller decides to go.
func (p *Plan) Deflection(uri string) Forward {
	switch to := p.callee(uri, typed); to.kind {
	case calleeUser:
		return Forward{User: to.user.Name}
	case calleeNumber:
		return Forward{Number: to.number}
	}
	return Forward{}
}
