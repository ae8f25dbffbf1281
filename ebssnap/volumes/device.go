package volumes

import (
	"slices"
	"strings"
)

// Device is a block device and what it lies on, down to the disks. The zero value is no device.
type Device struct {
	Name   string `json:"name"`             // the kernel's name: "nvme1n1p1", "dm-0"
	Number string `json:"number,omitempty"` // "major:minor"
	Kind   Kind   `json:"kind"`             // what it is
	Label  string `json:"label,omitempty"`  // the name that the device mapper knows it by: "vg-data"
	Model  string `json:"model,omitempty"`  // of an NVMe disk
	Serial string `json:"serial,omitempty"` // of an NVMe disk
	File   string `json:"file,omitempty"`   // the file behind a loop device
	Store  Store  `json:"store"`            // who keeps a disk
	Volume string `json:"volume,omitempty"` // "vol-..." where Store is StoreEBS
	// Why says what Store rests on, or why it could not be told. Only devices that lie on nothing
	// have it.
	Why string `json:"why,omitempty"`
	// Need says what would tell the volume, where that is known.
	Need string   `json:"need,omitempty"`
	On   []Device `json:"on,omitempty"` // what it lies on
}

// disks calls visit for every device below d that lies on nothing else, d itself if it does not.
func (d Device) disks(visit func(Device)) {
	if len(d.On) == 0 {
		visit(d)
		return
	}
	for _, below := range d.On {
		below.disks(visit)
	}
}

// String returns the device and what it lies on, on one line: "dm-0 (mapped vg-data) on [nvme1n1
// vol-0a, nvme2n1 vol-0b]".
func (d Device) String() string {
	text := quote(d.Name)
	switch {
	case d.Volume != "":
		return text + " " + quote(d.Volume)
	case d.Store == StoreInstance:
		return text + " instance store"
	case d.Label != "":
		text += " (" + d.Kind.String() + " " + quote(d.Label) + ")"
	case d.File != "":
		text += " (loop over " + quote(d.File) + ")"
	case d.Kind != KindUnknown && d.Kind != KindDisk:
		text += " (" + d.Kind.String() + ")"
	}
	var below []string
	for _, one := range d.On {
		below = append(below, one.String())
	}
	switch len(below) {
	case 0:
		return text + " no volume known"
	case 1:
		return text + " on " + below[0]
	}
	return text + " on [" + strings.Join(below, ", ") + "]"
}

// volumesOf returns the volumes below the devices, sorted, each once.
func volumesOf(devices []Device) []string {
	var list []string
	for _, device := range devices {
		device.disks(func(disk Device) {
			if disk.Volume != "" {
				list = append(list, disk.Volume)
			}
		})
	}
	slices.Sort(list)
	return slices.Compact(list)
}
