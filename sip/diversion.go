package sip

import (
	"strconv"
	"strings"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// diversionHeaders tell the callee of an attempt, whose address is target, by whom
// the call was diverted to it.
func diversionHeaders(plan dialplan.Attempt, target, domain string) []dialog.Header {
	if len(plan.Diversions) == 0 {
		return nil
	}
	switch plan.Style {
	case dialplan.DiversionHeader:
		return diversionLines(plan.Diversions, domain)
	case dialplan.DiversionHistory:
		return historyLines(plan.Diversions, target, domain)
	case dialplan.DiversionBoth:
		return append(diversionLines(plan.Diversions, domain), historyLines(plan.Diversions, target, domain)...)
	}
	return nil
}

// diversionLines write Diversion headers. RFC 5806 s5 has them from the last
// diversion back to the first.
func diversionLines(list []dialplan.Diversion, domain string) (lines []dialog.Header) {
	for i := len(list) - 1; i >= 0; i-- {
		d := list[i]
		value := nameAddr(d.Display, divertedURI(d, domain)) + ";reason=" + d.Reason.String()
		if d.Count > 1 {
			value += ";counter=" + strconv.Itoa(d.Count)
		}
		privacy := ";privacy=off"
		if d.Private {
			privacy = ";privacy=full"
		}
		lines = append(lines, dialog.Header{Name: "Diversion", Value: value + privacy})
	}
	return lines
}

// historyLines write History-Info headers, an entry for each who was called and one
// for who is called now. RFC 7044 s10.3: each stands one level below the one that it
// was diverted from, which its "mp" names; RFC 7544 s5 adds the cause of RFC 4458.
func historyLines(list []dialplan.Diversion, target, domain string) (lines []dialog.Header) {
	index, came := "1", ""
	add := func(uri, headers string) {
		if !strings.HasPrefix(uri, "tel:") {
			uri += came
		}
		value := "<" + uri + headers + ">;index=" + index
		if above := strings.TrimSuffix(index, ".1"); above != index {
			value += ";mp=" + above
		}
		lines = append(lines, dialog.Header{Name: "History-Info", Value: value})
	}
	for _, d := range list {
		headers := ""
		if d.Private {
			// RFC 7044 s10.1: "Privacy" with "history", escaped in the entry.
			headers = "?Privacy=history"
		}
		add(divertedURI(d, domain), headers)
		index, came = index+".1", ";cause="+strconv.Itoa(d.Reason.Cause())
	}
	add(target, "")
	return lines
}

// divertedURI is the URI of who diverted a call: ours, or as others have written it.
// RFC 7044 s10.1.2: who must not be known is "sip:anonymous@anonymous.invalid", and
// so is what can stand in no header.
func divertedURI(d dialplan.Diversion, domain string) string {
	if d.User != "" {
		return userURI(d.User, domain)
	}
	u, err := wire.ParseURI(d.URI)
	if err != nil || !writable(d.URI) {
		return "sip:anonymous@" + dialplan.AnonymousHost
	}
	u.Headers = nil
	if _, there := wire.Param(u.UriParams, "cause"); there {
		u.UriParams.Remove("cause") // History-Info's own parameter
	}
	return string(wire.AppendURI(nil, &u))
}
