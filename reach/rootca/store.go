package rootca

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"

	"github.com/opskit-go/opskit"
)

// maxFile bounds what is read of one file; the largest stores have under 1 MiB.
const maxFile = 16 << 20

// Paths scans files and directories, directories with everything below them. A file
// that was named must hold a certificate, else that is a gap; in a directory,
// other files are passed over. A path that cannot be read is an error, which
// matches os.ErrNotExist or os.ErrPermission, and a gap; the others are still
// scanned. The report is never nil.
func Paths(ctx context.Context, paths ...string) (*Report, error) {
	r := newReport()
	var errs []error
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case err != nil:
		case info.IsDir():
			err = r.directory(ctx, os.DirFS(p), func(name string) string { return filepath.Join(p, name) })
		default:
			var data []byte
			if data, err = readFile(os.DirFS(filepath.Dir(p)), filepath.Base(p)); err == nil {
				r.bundle(p, data, true)
			}
		}
		if err != nil {
			r.gap(p, "it could not be read", "")
			errs = append(errs, &opskit.Error{Op: "scan", Target: p, Err: err})
		}
	}
	r.Judge()
	return r, errors.Join(errs...)
}

// FS scans every file of a file system. Files that hold no certificate are
// passed over; one that cannot be read is a gap. The report is never nil.
func FS(ctx context.Context, fsys fs.FS) (*Report, error) {
	r := newReport()
	err := r.directory(ctx, fsys, func(name string) string { return name })
	r.Judge()
	if err != nil {
		return r, &opskit.Error{Op: "scan", Err: err}
	}
	return r, nil
}

func (r *Report) directory(ctx context.Context, fsys fs.FS, full func(string) string) error {
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			r.gap(full(name), "it could not be read: "+err.Error(), "")
		case !d.IsDir():
			r.file(fsys, name, full(name))
		}
		return nil
	})
}

// file adds one file of a directory. Links are followed, as TLS libraries do.
func (r *Report) file(fsys fs.FS, name, full string) {
	info, err := fs.Stat(fsys, name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return // a link to nowhere holds nothing
	}
	var data []byte
	if err == nil {
		data, err = readFile(fsys, name)
	}
	if err != nil {
		r.gap(full, "it could not be read: "+err.Error(), "")
		return
	}
	r.bundle(full, data, false)
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("larger than %d MiB: %w", maxFile>>20, errors.ErrUnsupported)
	}
	return data, err
}

// System scans the store that TLS libraries of this system read: the files
// and directories that SSL_CERT_FILE and SSL_CERT_DIR name, else those where the
// distributions keep them. Stores that programs bring themselves (Firefox and
// others by NSS, Java, containers) are not read; where one is found, that is a
// gap, unless both variables name the store that is meant. Where the system's
// store cannot be read by this program the error matches errors.ErrUnsupported;
// where none is found, os.ErrNotExist.
func System(ctx context.Context) (*Report, error) {
	r := newReport()
	if runtime.GOOS == "windows" {
		r.gap("the system's store", "it is no file", "its certificates as files, given to Paths: certutil -store root")
		r.Judge()
		return r, &opskit.Error{Op: "scan", Target: "system store", Err: errors.ErrUnsupported}
	}
	if runtime.GOOS == "darwin" {
		r.gap("the keychains", "they are no files", "security find-certificate -a -p")
	}
	files, directories := places()
	found := false
	for _, f := range files {
		data, err := readFile(os.DirFS(filepath.Dir(f)), filepath.Base(f))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		found = true
		if err != nil {
			r.gap(f, "it could not be read: "+err.Error(), "")
			continue
		}
		r.bundle(f, data, true)
	}
	for _, dir := range directories {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		found = true
		if err != nil {
			r.gap(dir, "it could not be read: "+err.Error(), "")
		}
		for _, e := range entries { // not the directories below: libraries do not read them
			if ctx.Err() != nil {
				return r, &opskit.Error{Op: "scan", Target: dir, Err: ctx.Err()}
			}
			r.file(os.DirFS(dir), e.Name(), path.Join(dir, e.Name()))
		}
	}
	if os.Getenv("SSL_CERT_FILE") == "" || os.Getenv("SSL_CERT_DIR") == "" {
		r.programGap(programStores(filepath.Glob))
	}
	r.Judge()
	if !found {
		return r, &opskit.Error{Op: "scan", Target: "system store", Err: fs.ErrNotExist}
	}
	return r, nil
}

// places returns where the store is: what OpenSSL's variables name, else what
// Go's crypto/x509 looks at on Linux and the BSDs.
func places() (files, directories []string) {
	file, dir := os.Getenv("SSL_CERT_FILE"), os.Getenv("SSL_CERT_DIR")
	if file != "" {
		files = []string{file}
	} else {
		files = []string{
			"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
			"/etc/pki/tls/cacert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
			"/usr/local/etc/ssl/cert.pem", "/usr/local/share/certs/ca-root-nss.crt",
		}
	}
	if dir != "" {
		directories = filepath.SplitList(dir)
	} else {
		directories = []string{"/etc/ssl/certs", "/etc/pki/tls/certs", "/usr/local/etc/ssl/certs"}
	}
	return files, directories
}
