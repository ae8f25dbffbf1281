//go:build windows && !opskit_portable

package rootca

import (
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/opskit-go/opskit"
)

// nativeStore scans the stores that certutil names root and CA: those of the
// current user, in which Windows shows the machine's too.
func (r *Report) nativeStore() error {
	for _, name := range []string{"root", "CA"} {
		if err := r.windowsStore(name); err != nil {
			r.gap("the store "+name, "it could not be read: "+err.Error(), "certutil -store "+name)
			return &opskit.Error{Op: "scan", Target: "store " + name, Err: err}
		}
	}
	return nil
}

func (r *Report) windowsStore(name string) error {
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	store, err := windows.CertOpenSystemStore(0, wide)
	if err != nil {
		return err
	}
	var c *windows.CertContext
	for i := 0; ; i++ {
		c, err = windows.CertEnumCertificatesInStore(store, c) // frees the one before
		if err != nil || c == nil {
			break
		}
		r.der("windows:"+name, 0, i, append([]byte(nil), unsafe.Slice(c.EncodedCert, c.Length)...))
	}
	r.Files++
	if errors.Is(err, syscall.Errno(windows.CRYPT_E_NOT_FOUND)) { // the end of the list
		err = nil
	}
	return errors.Join(err, windows.CertCloseStore(store, 0))
}
