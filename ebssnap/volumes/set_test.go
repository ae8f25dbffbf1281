package volumes_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap/volumes"
)

// cluster is a database on volume A with its log on B and a tablespace on an instance store.
func cluster(t *testing.T, more ...machine) string {
	t.Helper()
	return rootDisk().build(t, append([]machine{
		ebs("nvme1n1", "259:2", "vol0a000000000000000"), ebs("nvme2n1", "259:3", "vol0b000000000000000"),
		nvme("nvme3n1", "259:4", "Amazon EC2 NVMe Instance Storage", "AWS1A2B3C4D5E6F7A8B9"),
		mountinfo(rootMount,
			"30 20 259:2 / /srv/pg rw - xfs /dev/nvme1n1 rw",
			"31 20 259:3 / /srv/wal rw - xfs /dev/nvme2n1 rw",
			"32 20 259:4 / /mnt/fast rw - xfs /dev/nvme3n1 rw",
			"33 30 259:3 /arch /srv/pg/archive\\040log rw - xfs /dev/nvme2n1 rw",
			"34 20 0:40 / /run rw - tmpfs tmpfs rw"),
		{
			"srv/pg/base/1/1259": "", "srv/pg/archive log/": "", "srv/wal/15/": "", "srv/wal/arch/": "", "run/stat/": "", "mnt/fast/": "",
			"var/lib/postgresql": "-> ../../srv/pg",
		},
	}, more...)...)
}

func TestEveryPartOfADataDirectoryMustBeInTheSet(t *testing.T) {
	for name, c := range map[string]struct {
		links   machine
		paths   []string
		skip    []string
		set     []string
		verdict volumes.Verdict
		outside []volumes.Outside
	}{
		"all of it in the set": {
			links: machine{"srv/pg/pg_wal": "-> /srv/wal/15"}, set: []string{volB, volA}, verdict: volumes.VerdictWhole,
		},
		"the log by a link, the archive by a mount": {
			links: machine{"srv/pg/pg_wal": "-> /srv/wal/15"}, set: []string{volA}, verdict: volumes.VerdictSplit,
			outside: []volumes.Outside{{"/srv/pg/archive log", volB, "nvme2n1"}, {"/srv/pg/pg_wal", volB, "nvme2n1"}},
		},
		"a relative link, and a link that a link leads to": {
			links:   machine{"srv/pg/pg_tblspc/16384": "-> ../../tablespace", "srv/tablespace": "-> /mnt/fast/ts", "mnt/fast/ts/": ""},
			set:     []string{volA, volB},
			verdict: volumes.VerdictSplit, outside: []volumes.Outside{{"/srv/pg/pg_tblspc/16384", "", "nvme3n1"}},
		},
		"a link inside what a link leads to": {
			links: machine{"srv/pg/pg_wal": "-> /srv/wal/15", "srv/wal/15/old": "-> /mnt/fast/ts", "mnt/fast/ts/": ""}, set: []string{volA, volB},
			verdict: volumes.VerdictSplit, outside: []volumes.Outside{{"/srv/wal/15/old", "", "nvme3n1"}},
		},
		"a link to one file": {
			links: machine{"srv/pg/ibdata1": "-> /mnt/fast/ibdata1", "mnt/fast/ibdata1": ""}, set: []string{volA, volB},
			verdict: volumes.VerdictSplit, outside: []volumes.Outside{{"/srv/pg/ibdata1", "", "nvme3n1"}},
		},
		"a second path of the same application": {
			paths: []string{"/srv/pg", "/mnt/fast"}, set: []string{volA, volB},
			verdict: volumes.VerdictSplit, outside: []volumes.Outside{{"/mnt/fast", "", "nvme3n1"}},
		},
		"links that go round in a circle": {
			links: machine{"srv/pg/self": "-> .", "srv/pg/up": "-> ../pg/base"}, set: []string{volA, volB}, verdict: volumes.VerdictWhole,
		},
		"a link that leads nowhere cannot be told": {
			links: machine{"srv/pg/pg_wal": "-> /srv/wal/16"}, set: []string{volA, volB}, verdict: volumes.VerdictUnknown,
		},
		"memory is in no set": {
			links: machine{"srv/pg/pg_stat_tmp": "-> /run/stat"}, set: []string{volA, volB},
			verdict: volumes.VerdictSplit, outside: []volumes.Outside{{"/srv/pg/pg_stat_tmp", "", "tmpfs"}},
		},
		"what the caller calls no data is skipped": {
			links: machine{"srv/pg/pg_stat_tmp": "-> /run/stat", "srv/pg/cert": "-> /etc/absent"}, skip: []string{"/srv/pg/pg_stat_tmp", "/etc", "/srv/pg/cert"},
			set: []string{volA, volB}, verdict: volumes.VerdictWhole,
		},
		"the way to the data is no part of it": {
			paths: []string{"/var/lib/postgresql"}, set: []string{volA, volB}, verdict: volumes.VerdictWhole,
		},
		"nothing but skipped paths": {
			skip: []string{"/srv"}, set: []string{volA}, verdict: volumes.VerdictUnknown,
		},
		"an empty set": {
			set: nil, verdict: volumes.VerdictSplit, outside: []volumes.Outside{{"/srv/pg", volA, "nvme1n1"}, {"/srv/pg/archive log", volB, "nvme2n1"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			paths := c.paths
			if paths == nil {
				paths = []string{"/srv/pg"}
			}
			root := cluster(t, c.links)
			report := find(t, volumes.Finder{Root: root, Skip: c.skip}, paths...).Check(c.set...)
			assert.Equal(t, c.verdict, report.Verdict, report)
			assert.Equal(t, c.outside, report.Outside)
			assert.Equal(t, c.verdict == volumes.VerdictWhole, report.Err() == nil)
		})
	}
}

func TestAHiddenMountIsNoPart(t *testing.T) {
	root := cluster(t, machine{"srv/pg/x/y/": ""})
	hide := mountinfo(rootMount,
		"30 20 259:4 / /srv/pg rw - xfs /dev/nvme3n1 rw",     // hidden by the next
		"31 30 259:2 / /srv/pg rw - xfs /dev/nvme1n1 rw",     // what is seen
		"32 31 259:4 / /srv/pg/x/y rw - xfs /dev/nvme3n1 rw", // hidden by the next
		"33 31 259:3 / /srv/pg/x rw - xfs /dev/nvme2n1 rw")
	require.NoError(t, os.Remove(root+"/proc/self/mountinfo"))
	require.NoError(t, hide.write(root))
	layout := find(t, volumes.Finder{Root: root}, "/srv/pg")
	assert.Equal(t, []string{volA, volB}, layout.Volumes())
	assert.Len(t, layout.Parts, 2)
	assert.NoError(t, layout.Check(volA, volB).Err())
}
