package volumes

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

const (
	ebsModel      = "Amazon Elastic Block Store"
	instanceModel = "Amazon EC2 NVMe Instance Storage"
)

// identify says who keeps a disk. An NVMe disk tells it by model and serial number; a Xen disk by
// the name that it was attached under, which the instance's block device mappings know.
func (f *finding) identify(dir string, d *Device) {
	var modelErr, serialErr error
	d.Model, modelErr = f.text(dir + "/device/model")
	d.Serial, serialErr = f.text(dir + "/device/serial")
	switch {
	case strings.HasPrefix(d.Name, "nvme"):
		for _, err := range []error{modelErr, serialErr} {
			if err != nil {
				d.Why, d.Need = err.Error(), "nvme id-ctrl -v /dev/"+d.Name
				return
			}
		}
		nvme(d)
	case strings.HasPrefix(d.Name, "xvd") || f.xen(dir) != "":
		d.Model, d.Serial = "", ""
		f.identifyXen(dir, d)
	default:
		d.Model, d.Serial = "", ""
		d.Why = "the disk is neither NVMe nor Xen's, as EC2's disks are"
	}
}

// nvme judges model and serial number. The serial number of an EBS volume is its id without the
// dash (Amazon EBS user guide, "Map Amazon EBS volumes to NVMe device names"). The name of the
// mapping, in bytes 3072 to 3103 of Identify Controller, would need an ioctl on the device and is
// not needed.
func nvme(d *Device) {
	switch {
	case strings.HasPrefix(d.Model, instanceModel) || d.Model == "" && strings.HasPrefix(d.Serial, "AWS"):
		d.Store, d.Why = StoreInstance, "NVMe model"
	case d.Model != "" && !strings.HasPrefix(d.Model, ebsModel):
		d.Why = fmt.Sprintf("NVMe model %s is neither %q nor %q", quote(d.Model), ebsModel, instanceModel)
	default:
		id, ok := volumeID(d.Serial)
		if !ok {
			d.Why, d.Need = "NVMe serial number "+quote(d.Serial)+" is no volume id", "nvme id-ctrl -v /dev/"+d.Name
			return
		}
		d.Store, d.Volume, d.Why = StoreEBS, id, "NVMe serial number"
	}
}

// volumeID turns "vol0123456789abcdef0" into "vol-0123456789abcdef0". Old ids have 8 digits, newer
// ones 17.
func volumeID(serial string) (string, bool) {
	digits, found := strings.CutPrefix(serial, "vol")
	digits = strings.TrimPrefix(digits, "-")
	if !found || len(digits) != 8 && len(digits) != 17 || strings.Trim(digits, "0123456789abcdef") != "" {
		return "", false
	}
	return "vol-" + digits, true
}

// Mapping is one block device mapping of the instance: the name that a volume was attached under,
// and the volume. ec2snap.Locate reads them all, into Location.Mappings.
type Mapping struct {
	Device string `json:"device"` // "/dev/sdf", "xvdf"
	Volume string `json:"volume"` // "vol-..."; empty for an instance store
}

// xen returns the number of a Xen virtual block device, "51792", from the directory "vbd-51792"
// that device links to.
func (f *finding) xen(dir string) string {
	real, err := f.resolve(dir + "/device")
	if err != nil {
		return ""
	}
	number, found := strings.CutPrefix(path.Base(real), "vbd-")
	if !found {
		return ""
	}
	return number
}

// xenName is the disk that EC2 attached: which letter, and which partition where a disk was
// attached as one ("sda1"), else 0.
type xenName struct{ disk, partition int }

// decodeXen decodes a number of xen-vbd-interface(7). Names of the kernel do not serve: some
// kernels call the SCSI disk a xvde.
func decodeXen(number string) (xenName, bool) {
	n, err := strconv.ParseUint(number, 10, 32)
	switch {
	case err != nil:
		return xenName{}, false
	case n&(1<<28) != 0: // disks above 15, partitions above 15
		return xenName{int(n >> 8 & 0xFFFFF), int(n & 0xFF)}, true
	case n>>8 == 202, n>>8 == 8: // xvd, sd
		return xenName{int(n >> 4 & 15), int(n & 15)}, true
	case n>>8 == 3: // hda, hdb
		return xenName{int(n >> 6 & 1), int(n & 63)}, n&0xFF < 128
	case n>>8 == 22: // hdc, hdd
		return xenName{2 + int(n>>6&1), int(n & 63)}, n&0xFF < 128
	}
	return xenName{}, false
}

// parseXen decodes "/dev/sdf", "xvdba", "sda1", "hdb".
func parseXen(name string) (xenName, bool) {
	name = strings.TrimPrefix(name, "/dev/")
	rest := ""
	for _, prefix := range []string{"xvd", "sd", "hd"} {
		if after, found := strings.CutPrefix(name, prefix); found {
			rest = after
			break
		}
	}
	letters := strings.TrimRight(rest, "0123456789")
	if letters == "" || len(letters) > 2 || strings.Trim(letters, "abcdefghijklmnopqrstuvwxyz") != "" {
		return xenName{}, false
	}
	var x xenName
	for _, letter := range letters {
		x.disk = x.disk*26 + int(letter-'a') + 1
	}
	x.disk--
	if digits := rest[len(letters):]; digits != "" {
		n, err := strconv.ParseUint(digits, 10, 8)
		if err != nil {
			return xenName{}, false
		}
		x.partition = int(n)
	}
	return x, true
}

// identifyXen finds the mapping of a Xen disk.
func (f *finding) identifyXen(dir string, d *Device) {
	if len(f.Mappings) == 0 {
		d.Why, d.Need = "a Xen disk does not tell its volume", "the instance's block device mappings (DescribeInstances) in Finder.Mappings"
		return
	}
	number := f.xen(dir)
	name, ok := decodeXen(number)
	by := "Xen device " + number
	if number == "" {
		if f.shifted() {
			d.Why = "the kernel's names are shifted against the mappings (there is a first disk in the mappings and no xvda here), and sysfs shows no Xen device number"
			return
		}
		name, ok = parseXen(d.Name)
		by = "kernel name"
	}
	if !ok {
		d.Why = by + " " + quote(d.Name) + " is no Xen disk"
		return
	}
	found := match(f.Mappings, name)
	switch {
	case len(found) == 0:
		d.Why = "no block device mapping has this name (" + by + ")"
	case len(found) > 1:
		d.Why = "several block device mappings have this name: " + quote(found[0].Device+" "+found[1].Device)
	case found[0].Volume == "":
		d.Store, d.Why = StoreInstance, "block device mapping "+quote(found[0].Device)
	default:
		d.Store, d.Volume, d.Why = StoreEBS, found[0].Volume, by+" is block device mapping "+quote(found[0].Device)
	}
}

// match returns the mappings of a disk: of exactly its name, or else, for a whole disk, of its
// letter: EC2 calls a root disk sda1 that the instance sees as a whole disk with a partition table.
func match(mappings []Mapping, name xenName) []Mapping {
	var exact, letter []Mapping
	for _, m := range mappings {
		x, ok := parseXen(m.Device)
		switch {
		case ok && x == name:
			exact = append(exact, m)
		case ok && x.disk == name.disk && name.partition == 0:
			letter = append(letter, m)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return letter
}

// shifted reports whether the mappings have a first disk and the kernel has none of that letter.
func (f *finding) shifted() bool {
	for _, m := range f.Mappings {
		if x, ok := parseXen(m.Device); ok && x.disk == 0 {
			names, _ := f.names("/sys/block")
			for _, name := range names {
				if strings.HasPrefix(name, "xvda") {
					return false
				}
			}
			return true
		}
	}
	return false
}
