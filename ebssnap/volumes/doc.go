// Package volumes tells which EBS volumes a mount point or a data directory lies on, and whether a
// set of volumes holds all of it.
//
//	layout, err := volumes.Finder{}.Find(ctx, "/var/lib/postgresql/15/main")
//	fmt.Println(layout)                                    // volumes vol-0a.. vol-0b.., and which part lies on which
//	fmt.Println(layout.Check("vol-0a1b2c3d4e5f60718"))     // split: pg_wal lies on another volume
//
// A snapshot of one volume of several is worse than none: it looks like a backup. A data directory
// leaves its volume by symbolic links (pg_wal, pg_tblspc/*), by mounts below it, by LVM, md and
// btrfs over several volumes, and by logs of xfs and ext4 on other devices. Find follows all of
// those, and Check refuses the set unless every part is known to lie in it.
//
// # Usage
//
// Hand Find every path that the application is configured with: it sees links and mounts, but no
// configuration file. For PostgreSQL that is data_directory; for MySQL datadir, and
// innodb_data_home_dir, innodb_log_group_home_dir, innodb_undo_directory and log_bin where they are
// set. Name in Finder.Skip what the application makes anew.
//
//	layout, err := volumes.Finder{Skip: []string{"/srv/pg/pg_stat_tmp"}}.Find(ctx, "/srv/pg")
//	if err == nil {
//		err = layout.Check(vol.IDs...).Err() // nil only if the set holds all of it
//	}
//
// An NVMe disk tells its volume by its serial number; the instance's own disks are told apart by
// their model. A Xen disk (xvdf) does not tell it: give Find the instance's block device mappings,
// which name the same disk /dev/sdf: ec2snap.Locate returns them. A disk that is neither, as on a
// machine that is not EC2's, leaves the verdict unknown and says why. The order of NVMe names means
// nothing and is not used.
//
// What is made while Find runs, such as a new tablespace, may be missed: ask again after the
// snapshot where that can happen.
//
// # Privileges
//
// None for mountinfo and sysfs. Directories that this process may not read become a Gap, and the
// verdict is then unknown.
//
// # Platforms
//
// Linux. Elsewhere, and without /proc, Find returns errors.ErrUnsupported; with Finder.Root it
// reads a copied tree anywhere. Check judges a saved layout everywhere.
//
// # Testing
//
// Finder.Root replaces "/" for proc, sys, dev and the data: a temporary directory with a few files
// and links, as sysfs has them, is a machine. The tests of this package build theirs from literals.
package volumes
