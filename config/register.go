package config

import (
	"cmp"
	"time"
)

// complete fills in the registrar.
func (t *Trunk) complete() { t.Registrar = cmp.Or(t.Registrar, t.Address.Host) }

// The times that a registration may be asked for. Under a minute a lost REGISTER
// would end it.
const (
	leastRegisterExpires = time.Minute
	mostRegisterExpires  = 24 * time.Hour
)

func (c *checker) checkRegister(path string, t *Trunk) {
	if t.Register && t.Username == "" && !c.faulty(path+".username") {
		c.report(path+".register", "needs username and password: they are the carrier's account")
	}
	if at := path + ".registrar"; t.Registrar != "" && c.given(at) {
		if err := checkHost(t.Registrar); err != nil {
			c.report(at, "%v", err)
		} else if !t.Register && t.Registrar != t.Address.Host {
			c.report(at, "does nothing without register: true")
		}
	}
	if e := t.RegisterExpires; e < leastRegisterExpires || e > mostRegisterExpires {
		c.report(path+".register_expires", "%s is not between %s and %s", e, leastRegisterExpires, mostRegisterExpires)
	}
}
