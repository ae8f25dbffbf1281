package program

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/opskit-go/opskit"
)

// author is who all evidence of the examples is by: any of them may read what
// another saved, if it is of its kind.
const author = "opskit"

// SaveEvidence writes what was seen at that time to the file of -save, which only
// its owner can read. kind is the package and what was asked of it:
// "dnsroot_sweep".
func SaveEvidence[E opskit.Evidence](path, kind string, at time.Time, items ...E) error {
	var text bytes.Buffer
	err := opskit.Save(&text, opskit.Saved[E]{Program: author, Kind: kind, Schema: 1, At: at, Evidence: items})
	if err != nil {
		return err
	}
	return os.WriteFile(path, text.Bytes(), 0o600)
}

// LoadEvidence reads the file of -from or -since, judges what stands in it, and
// says on Stderr when that was seen: a verdict is about that time.
func LoadEvidence[E opskit.Evidence](p *Program, path, kind string) ([]E, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	saved, err := opskit.Load[E](file, author, kind, 1)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	fmt.Fprintf(p.Stderr, "%s: %s: as seen at %s\n", p.Name(), path, saved.At.UTC().Format(time.RFC3339))
	return saved.Evidence, nil
}

// Answer prints a result and returns the exit code of its level, or CannotTell
// when printing failed.
func (p *Program) Answer(result opskit.Result) int {
	return p.Print(result, opskit.ExitCode(result.Level()))
}
