package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	slashpath "path"
	"path/filepath"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// endFlags are what the command line says of one end.
type endFlags struct {
	name, public, log, secrets, root, dialect string
}

func (e *endFlags) add(p *program.Program, side string) {
	p.StringVar(&e.name, side, "", "name of end "+side)
	p.StringVar(&e.public, "public-"+side, "", "public `ADDRESS` of end "+side+", behind a 1:1 NAT")
	p.StringVar(&e.log, "log-"+side, "", "log `FILE` of the last start at end "+side)
	p.StringVar(&e.secrets, "secrets-"+side, "", "ipsec.secrets `FILE` of end "+side+"; no key is printed or saved")
	p.StringVar(&e.root, "root-"+side, "", "`DIRECTORY` with a copy of end "+side+"'s root directory, in which absolute include lines are followed")
	p.StringVar(&e.dialect, "dialect-"+side, "", "libreswan, openswan, strongswan or swanctl at end "+side)
}

// mirror compares the files of two ends.
func mirror(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("tunnel mirror", "[flags] A.conf B.conf"+exitCodes, stdout, stderr)
	p.EvidenceFlags()
	var ends [2]endFlags
	ends[0].add(p, "a")
	ends[1].add(p, "b")
	conn := p.String("conn", "", "`NAME` of the connection, where the files have several")
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, ipsec.Preflight(ctx))
	}
	if p.From == "" && p.NArg() != 2 {
		return p.Misused("name the ipsec.conf of both ends")
	}
	look := func() (*ipsec.Report, error) { return mirrorFiles(ends, *conn, p.Args()) }
	return judged(p, "ipsec_report", look)
}

func mirrorFiles(flags [2]endFlags, conn string, files []string) (*ipsec.Report, error) {
	var ends [2]ipsec.End
	var secrets [2]string
	for i, f := range flags {
		var err error
		if ends[i], err = f.read(conn, files[i]); err != nil {
			return nil, err
		}
		if f.secrets == "" {
			continue
		}
		if secrets[i], err = readText(f.secrets); err != nil {
			return nil, err
		}
	}
	if flags[0].secrets != "" && flags[1].secrets != "" {
		ends[0].Keys = ipsec.CompareKeys(ends[0], ends[1], secrets[0], secrets[1])
	}
	return ipsec.Mirror(ends[0], ends[1]), nil
}

// read reads one end's files. Only this host's own /etc/ipsec.conf is followed
// through this host's tree: another's include lines mean files of that host.
func (e *endFlags) read(conn, file string) (ipsec.End, error) {
	end := ipsec.End{Name: e.name, Conn: conn}
	dialect, err := dialectOf(e.dialect)
	if err != nil {
		return end, err
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return end, err
	}
	root := filepath.VolumeName(path) + string(filepath.Separator)
	own := path == filepath.Join(root, "etc", "ipsec.conf")
	if e.root != "" {
		if root, err = filepath.Abs(e.root); err != nil {
			return end, err
		}
	}
	name, err := filepath.Rel(root, path)
	if err != nil {
		return end, err
	}
	name = filepath.ToSlash(name)
	tree := os.DirFS(root)
	if e.root == "" && !own {
		tree = beside{tree, slashpath.Dir(name)}
	}
	if end.Conf, err = conf.Read(tree, "/"+name, dialect); err != nil {
		return end, &opskit.Error{Op: "read", Target: file, Err: err}
	}
	if e.public != "" {
		if end.Public, err = netip.ParseAddr(e.public); err != nil {
			return end, fmt.Errorf("read public address: %w", err)
		}
	}
	if e.log != "" {
		text, err := readText(e.log)
		if err != nil {
			return end, err
		}
		end.Log = ipsec.CheckLog(e.log, text).Log
	}
	return end, nil
}

// beside is a tree of which only one directory is there, with what is below it.
type beside struct {
	fs.FS

	directory string
}

// Open opens a file of that directory.
func (b beside) Open(name string) (fs.File, error) {
	if name != b.directory && !strings.HasPrefix(name, b.directory+"/") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return b.FS.Open(name)
}
