package volumes

import "github.com/opskit-go/opskit"

type (
	kindKind    struct{}
	storeKind   struct{}
	verdictKind struct{}
)

// Kind says what a block device is.
type Kind = opskit.Enum[kindKind]

// The kinds of devices.
const (
	KindUnknown   Kind = ""          // stacked on other devices by something else than the kinds below
	KindDisk      Kind = "disk"      // a whole disk, as the machine gives it
	KindPartition Kind = "partition" // a partition of the device that it lies on
	KindMapped    Kind = "mapped"    // made by the device mapper (LVM, crypt, multipath)
	KindRAID      Kind = "raid"      // made by md
	KindLoop      Kind = "loop"      // a file shown as a device; it lies where the file lies
)

// Store says who keeps what a disk holds.
type Store = opskit.Enum[storeKind]

// The stores.
const (
	StoreUnknown  Store = ""               // it could not be told, see Device.Why; stacked devices leave it to the disks below
	StoreEBS      Store = "ebs"            // an EBS volume
	StoreInstance Store = "instance_store" // the instance's own disk, which no snapshot holds and which is empty after a stop
)

// Verdict says whether a set of volumes holds all of the data. VerdictWhole is OK, VerdictSplit a
// Problem: a snapshot of the set looks like a backup and is none.
type Verdict = opskit.Enum[verdictKind]

// The verdicts.
const (
	VerdictUnknown Verdict = ""      // no part is known to lie outside, and at least one could not be told
	VerdictWhole   Verdict = "whole" // every part lies on volumes of the set
	VerdictSplit   Verdict = "split" // at least one part lies outside the set
)
