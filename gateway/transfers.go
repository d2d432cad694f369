package gateway

import (
	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/dialplan"
)

// transfersOf is how calls are transferred.
func transfersOf(c *config.Config) bridge.Transfers {
	return bridge.Transfers{
		CallerID: dialplan.TransferCallerID(c.TransferCallerID), Recall: recallOf(c),
		EndUnanswered: c.DisableForwardingAndUnanswered,
	}
}

// recallOf names a user by its number where it has one: whoever transfers is asked for
// as the caller, and a trunk calls numbers only.
func recallOf(c *config.Config) bridge.Recall {
	r := c.TransferRecall
	switch u := c.User(r.To.User); {
	case r.End:
		return bridge.Recall{Kind: bridge.RecallEnd}
	case r.To.Number != "":
		return bridge.Recall{Kind: bridge.RecallTo, To: r.To.Number}
	case u != nil && len(u.Numbers) > 0:
		return bridge.Recall{Kind: bridge.RecallTo, To: u.Numbers[0]}
	case u != nil:
		return bridge.Recall{Kind: bridge.RecallTo, To: u.Name}
	}
	return bridge.Recall{Kind: bridge.RecallBack}
}
