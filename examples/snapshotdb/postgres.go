package main

import (
	"flag"
	"strings"

	"github.com/opskit-go/opskit/ebssnap/dbhook"
)

// postgres is what the command line says of a PostgreSQL server.
type postgres struct{ client, label string }

func (p *postgres) flags(set *flag.FlagSet) {
	set.StringVar(&p.client, "postgres", "", "the `CLIENT` of a PostgreSQL server and what it takes to connect: \"psql -d postgres\"")
	set.StringVar(&p.label, "label", "", "PostgreSQL's backup mode under this `NAME`, for parts that are not one atomic set; default: a checkpoint")
}

func (p *postgres) hook() *postgresHook {
	return &postgresHook{PostgreSQL: &dbhook.PostgreSQL{Client: strings.Fields(p.client), Label: p.label}}
}

type postgresHook struct{ *dbhook.PostgreSQL }

// tell notes what a restore needs: the label file and the range of the log of the last attempt.
func (h *postgresHook) tell(o *outcome) {
	if backups := h.Backups(); len(backups) > 0 {
		o.Backup = &backups[len(backups)-1]
	}
}
