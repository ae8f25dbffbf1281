package volumes

import (
	"fmt"
	"path"
	"strings"

	"github.com/opskit-go/opskit/internal/mountinfo"
)

// maxDepth bounds how deep devices may be stacked. The kernel allows fewer; a copied tree may go
// round in a circle.
const maxDepth = 32

// byNumber returns the block device "major:minor".
func (f *finding) byNumber(number string, depth int) (Device, error) {
	dir, err := f.resolve("/sys/dev/block/" + number)
	if err != nil {
		return Device{}, fmt.Errorf("%w: device %s is not in sysfs: %w", ErrUnknownDevice, number, err)
	}
	return f.device(dir, depth)
}

// byNode returns the block device that a path such as /dev/mapper/vg-log stands for.
func (f *finding) byNode(name string, depth int) (Device, error) {
	node, err := f.resolve(name)
	if err == nil {
		if number, ok := blockNumber(f.host(node)); ok {
			return f.byNumber(number, depth)
		}
	} else {
		node = name
	}
	// In a copied tree the node is no device; names of the device mapper are only in /dev, and the
	// kernel's own in sysfs.
	base := strings.ReplaceAll(strings.TrimPrefix(node, "/dev/"), "/", "!")
	for _, dir := range []string{"/sys/class/block/", "/sys/block/"} {
		if real, err := f.resolve(dir + base); err == nil {
			return f.device(real, depth)
		}
	}
	names, _ := f.names("/sys/block")
	for _, one := range names {
		if label, _ := f.text("/sys/block/" + one + "/dm/name"); label != "" && "/dev/mapper/"+label == name {
			if real, err := f.resolve("/sys/block/" + one); err == nil {
				return f.device(real, depth)
			}
		}
	}
	return Device{}, fmt.Errorf("%w: %s is neither a device node nor a name in sysfs", ErrUnknownDevice, quote(name))
}

// device reads a device from its directory in sysfs, a path without symbolic links, and everything
// that it lies on.
func (f *finding) device(dir string, depth int) (Device, error) {
	if depth > maxDepth {
		return Device{}, fmt.Errorf("%w: devices stacked deeper than %d at %s", ErrMalformed, maxDepth, quote(dir))
	}
	d := Device{Name: strings.ReplaceAll(path.Base(dir), "!", "/")}
	var err error
	if d.Number, err = f.text(dir + "/dev"); err != nil {
		return d, fmt.Errorf("%w: %w", ErrUnknownDevice, err)
	}
	if d.Number == "" {
		return d, fmt.Errorf("%w: %s is no block device in sysfs", ErrUnknownDevice, quote(dir))
	}
	if !mountinfo.IsNumber(d.Number) {
		return d, fmt.Errorf("%w: %s: device number %s is not MAJOR:MINOR", ErrMalformed, quote(dir), quote(d.Number))
	}
	if f.exists(dir + "/partition") {
		d.Kind = KindPartition
		disk, err := f.device(path.Dir(dir), depth+1)
		if err != nil {
			return d, err
		}
		d.On = []Device{disk}
		return d, nil
	}
	if d.File, err = f.text(dir + "/loop/backing_file"); err != nil {
		return d, fmt.Errorf("%w: %w", ErrUnknownDevice, err)
	}
	if d.File != "" {
		d.Kind = KindLoop
		f.fileBehind(&d, depth)
		return d, nil
	}
	return d, f.stacked(dir, &d, depth)
}

// stacked fills in a device of the device mapper, md and the like from its slaves, or else a disk.
func (f *finding) stacked(dir string, d *Device, depth int) error {
	slaves, err := f.names(dir + "/slaves")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnknownDevice, err)
	}
	switch {
	case f.exists(dir + "/dm"):
		d.Kind = KindMapped
		d.Label, err = f.text(dir + "/dm/name")
	case f.exists(dir + "/md"):
		d.Kind = KindRAID
	case len(slaves) == 0:
		d.Kind = KindDisk
		f.identify(dir, d)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnknownDevice, err)
	}
	if len(slaves) == 0 {
		d.Why = "it has no devices below it in sysfs"
	}
	for _, name := range slaves {
		real, err := f.resolve(dir + "/slaves/" + name)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrUnknownDevice, err)
		}
		below, err := f.device(real, depth+1)
		if err != nil {
			return err
		}
		d.On = append(d.On, below)
	}
	return nil
}

// fileBehind finds what the file behind a loop device lies on.
func (f *finding) fileBehind(d *Device, depth int) {
	real, err := f.resolve(d.File)
	if err != nil { // deleted, or in another mount namespace
		d.Why = "the file behind it is not there: " + err.Error()
		return
	}
	mount, ok := f.mounts.Of(real)
	if !ok {
		d.Why = "the file behind it lies on no mount that mountinfo shows"
		return
	}
	devices, err := f.devices(mount, depth+1)
	if err != nil {
		d.Why = "the file behind it: " + err.Error()
		return
	}
	d.On = devices
}
