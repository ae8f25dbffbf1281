package volumes

import (
	"fmt"
	"slices"
)

// Kind says what a block device is. The zero value is KindUnknown.
type Kind uint8

const (
	// KindUnknown: stacked on other devices by something else than the kinds below.
	KindUnknown Kind = iota
	// KindDisk: a whole disk, as the machine gives it.
	KindDisk
	// KindPartition: a partition of the device that it lies on.
	KindPartition
	// KindMapped: made by the device mapper (LVM, crypt, multipath).
	KindMapped
	// KindRAID: made by md.
	KindRAID
	// KindLoop: a file shown as a device; it lies where the file lies.
	KindLoop
)

func kindNames() []string { return []string{"unknown", "disk", "partition", "mapped", "raid", "loop"} }

// String returns "unknown", "disk", "partition", "mapped", "raid" or "loop".
func (k Kind) String() string { return nameOf("kind", kindNames(), uint8(k)) }

// MarshalText returns String; an undefined value is an error.
func (k Kind) MarshalText() ([]byte, error) { return marshalName("kind", kindNames(), uint8(k)) }

// UnmarshalText reads what MarshalText wrote; other text is an error.
func (k *Kind) UnmarshalText(text []byte) error {
	n, err := unmarshalName("kind", kindNames(), text)
	if err == nil {
		*k = Kind(n)
	}
	return err
}

// Store says who keeps what a disk holds. The zero value is StoreUnknown.
type Store uint8

const (
	// StoreUnknown: it could not be told; Device.Why says why. Stacked devices leave it to the disks below them.
	StoreUnknown Store = iota
	// StoreEBS: an EBS volume.
	StoreEBS
	// StoreInstance: the instance's own disk, which no snapshot holds and which is empty after a stop.
	StoreInstance
)

func storeNames() []string { return []string{"unknown", "ebs", "instance_store"} }

// String returns "unknown", "ebs" or "instance_store".
func (s Store) String() string { return nameOf("store", storeNames(), uint8(s)) }

// MarshalText returns String; an undefined value is an error.
func (s Store) MarshalText() ([]byte, error) { return marshalName("store", storeNames(), uint8(s)) }

// UnmarshalText reads what MarshalText wrote; other text is an error.
func (s *Store) UnmarshalText(text []byte) error {
	n, err := unmarshalName("store", storeNames(), text)
	if err == nil {
		*s = Store(n)
	}
	return err
}

// Verdict says whether a set of volumes holds all of the data. The zero value is VerdictUnknown.
type Verdict uint8

const (
	// VerdictUnknown: no part is known to lie outside, and at least one could not be told.
	VerdictUnknown Verdict = iota
	// VerdictWhole: every part lies on volumes of the set.
	VerdictWhole
	// VerdictSplit: at least one part lies outside the set.
	VerdictSplit
)

func verdictNames() []string { return []string{"unknown", "whole", "split"} }

// String returns "unknown", "whole" or "split".
func (v Verdict) String() string { return nameOf("verdict", verdictNames(), uint8(v)) }

// MarshalText returns String; an undefined value is an error.
func (v Verdict) MarshalText() ([]byte, error) {
	return marshalName("verdict", verdictNames(), uint8(v))
}

// UnmarshalText reads what MarshalText wrote; other text is an error.
func (v *Verdict) UnmarshalText(text []byte) error {
	n, err := unmarshalName("verdict", verdictNames(), text)
	if err == nil {
		*v = Verdict(n)
	}
	return err
}

func nameOf(what string, names []string, n uint8) string {
	if int(n) < len(names) {
		return names[n]
	}
	return fmt.Sprintf("%s(%d)", what, n)
}

func marshalName(what string, names []string, n uint8) ([]byte, error) {
	if int(n) >= len(names) {
		return nil, fmt.Errorf("marshal %s: no %s %d", what, what, n)
	}
	return []byte(names[n]), nil
}

func unmarshalName(what string, names []string, text []byte) (uint8, error) {
	n := slices.Index(names, string(text))
	if n < 0 {
		return 0, fmt.Errorf("unmarshal %s: no %s %q", what, what, text)
	}
	return uint8(n), nil
}
