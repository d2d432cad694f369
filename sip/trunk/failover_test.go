package trunk

import (
	"slices"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	custom, err := NewFailover([]string{"403", "480-489", "6xx"}, []string{"503"})
	if err != nil {
		t.Fatal(err)
	}
	follow := Failover{FollowRedirects: true}
	tests := []struct {
		name    string
		f       Failover
		r       Result
		u       Urgency
		verdict Verdict
	}{
		{"silence", Failover{}, Result{Fate: TimedOut}, Ordinary, TryNext},
		{"no connection", Failover{}, Result{Fate: Unreachable}, Ordinary, TryNext},
		{"a limit of ours", Failover{}, Result{Fate: Withheld}, Ordinary, TryNext},
		{"the caller has gone", Failover{}, Result{Fate: Abandoned}, Ordinary, GiveUp},
		{"the caller of an emergency has gone", Failover{}, Result{Fate: Abandoned}, Emergency, GiveUp},
		{"answered", Failover{}, Response(200), Emergency, GiveUp},
		{"408", Failover{}, Response(408), Ordinary, TryNext},
		{"500", Failover{}, Response(500), Ordinary, TryNext},
		{"502", Failover{}, Response(502), Ordinary, TryNext},
		{"503", Failover{}, Response(503), Ordinary, TryNext},
		{"504", Failover{}, Response(504), Ordinary, TryNext},
		{"401 speaks of the account but is no default", Failover{}, Response(401), Ordinary, GiveUp},
		{"403", Failover{}, Response(403), Ordinary, GiveUp},
		{"404", Failover{}, Response(404), Ordinary, GiveUp},
		{"480", Failover{}, Response(480), Ordinary, GiveUp},
		{"484", Failover{}, Response(484), Ordinary, GiveUp},
		{"busy", Failover{}, Response(486), Ordinary, GiveUp},
		{"487", Failover{}, Response(487), Ordinary, GiveUp},
		{"488", Failover{}, Response(488), Ordinary, GiveUp},
		{"501", Failover{}, Response(501), Ordinary, GiveUp},
		{"513", Failover{}, Response(513), Ordinary, GiveUp},
		{"declined", Failover{}, Response(603), Ordinary, GiveUp},
		{"302 not followed", Failover{}, Response(302), Ordinary, GiveUp},
		{"an emergency is refused", Failover{}, Response(403), Emergency, TryNext},
		{"an emergency is declined", custom, Response(603), Emergency, TryNext},
		{"an emergency meets a code that stops", custom, Response(503), Emergency, TryNext},
		{"403 leads on", custom, Response(403), Ordinary, TryNext},
		{"within a range", custom, Response(486), Ordinary, TryNext},
		{"beyond a range", custom, Response(493), Ordinary, GiveUp},
		{"within a class", custom, Response(603), Ordinary, TryNext},
		{"503 stops", custom, Response(503), Ordinary, GiveUp},
		{"the other defaults stay", custom, Response(500), Ordinary, TryNext},
		{"silence leads on whatever stops", custom, Result{Fate: TimedOut}, Ordinary, TryNext},
		{"300", follow, Response(300), Ordinary, FollowContacts},
		{"301", follow, Response(301), Ordinary, FollowContacts},
		{"302", follow, Response(302), Ordinary, FollowContacts},
		{"302 in an emergency", follow, Response(302), Emergency, FollowContacts},
		{"305", follow, Response(305), Ordinary, GiveUp},
		{"380", follow, Response(380), Ordinary, GiveUp},
		{"nonsense", follow, Response(0), Ordinary, GiveUp},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.f.Judge(tt.r, tt.u); got != tt.verdict {
				t.Errorf("%v, want %v", got, tt.verdict)
			}
		})
	}
}

func TestNewFailoverErrors(t *testing.T) {
	tests := []struct {
		next, stop []string
		want       string
	}{
		{[]string{"4o3"}, nil, `"4o3" is not a SIP failure code`},
		{nil, []string{"200"}, `"200" is not a SIP failure code`},
		{nil, []string{"700"}, `"700" is not`},
		{[]string{"1xx"}, nil, `"1xx" is not`},
		{[]string{"xx"}, nil, `"xx" is not`},
		{[]string{""}, nil, `"" is not`},
		{[]string{"489-480"}, nil, `"489-480" is not`},
		{[]string{"480-"}, nil, `"480-" is not`},
		{[]string{"0480"}, nil, `"0480" is not`},
		{[]string{"+48"}, nil, `"+48" is not`},
		{[]string{"5xx"}, []string{"503"}, "503 both stops and leads"},
	}
	for _, tt := range tests {
		_, err := NewFailover(tt.next, tt.stop)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q, %q: %v, want %q", tt.next, tt.stop, err, tt.want)
		}
	}
}

func TestParseCodes(t *testing.T) {
	c, err := ParseCodes(" 300", "4XX", "503-505", "699 ")
	if err != nil {
		t.Fatal(err)
	}
	for code := -1; code <= 1000; code++ {
		want := code == 300 || code >= 400 && code <= 499 || code >= 503 && code <= 505 || code == 699
		if c.Has(code) != want {
			t.Errorf("%d is in the set: %v", code, !want)
		}
	}
	if none, err := ParseCodes(); err != nil || none != (Codes{}) {
		t.Errorf("nothing is %v, %v", none, err)
	}
}

func TestVerdictNames(t *testing.T) {
	if got := []string{GiveUp.String(), TryNext.String(), FollowContacts.String()}; !slices.Equal(got, verdictNames[:]) {
		t.Errorf("%q", got)
	}
}
