//go:build !linux || opskit_portable

package procstate

import "context"

// iterators are the BPF source's, which only Linux has.
type iterators struct{}

func (*iterators) close() error { return nil }

// iterator is never loaded here.
type iterator struct{}

func (s *Scanner) choose(bool) (it *iterator, why string) {
	if s.Source == ProcFS {
		return nil, ""
	}
	return nil, "only Linux has the BPF source"
}

func (it *iterator) processes(context.Context, func(Process, error) bool) error { return nil }

func (r *root) iterateTasks(context.Context, *iterator, func(task, error) bool) error { return nil }
