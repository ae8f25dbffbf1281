package reach

import (
	"errors"
	"runtime"
	"syscall"
)

// errnoName returns the POSIX name of the system error within err, or "" if
// there is none. Windows' socket errors get the name of the same meaning.
func errnoName(err error) string {
	var n syscall.Errno
	if !errors.As(err, &n) {
		return ""
	}
	if runtime.GOOS == "windows" {
		names := map[syscall.Errno]string{
			10013: "EACCES", 10022: "EINVAL", 10024: "EMFILE", 10047: "EAFNOSUPPORT", 10048: "EADDRINUSE",
			10049: "EADDRNOTAVAIL", 10051: "ENETUNREACH", 10054: "ECONNRESET", 10055: "ENOBUFS",
			10060: "ETIMEDOUT", 10061: "ECONNREFUSED", 10064: "EHOSTDOWN", 10065: "EHOSTUNREACH",
		}
		if s, ok := names[n]; ok {
			return s
		}
		return "other"
	}
	names := map[syscall.Errno]string{
		syscall.EACCES: "EACCES", syscall.EPERM: "EPERM", syscall.EINVAL: "EINVAL", syscall.EMFILE: "EMFILE",
		syscall.ENFILE: "ENFILE", syscall.ENOBUFS: "ENOBUFS", syscall.ENOMEM: "ENOMEM", syscall.EAGAIN: "EAGAIN",
		syscall.EAFNOSUPPORT: "EAFNOSUPPORT", syscall.EADDRINUSE: "EADDRINUSE", syscall.EADDRNOTAVAIL: "EADDRNOTAVAIL",
		syscall.ENETUNREACH: "ENETUNREACH", syscall.EHOSTUNREACH: "EHOSTUNREACH", syscall.EHOSTDOWN: "EHOSTDOWN",
		syscall.ECONNREFUSED: "ECONNREFUSED", syscall.ECONNRESET: "ECONNRESET", syscall.ETIMEDOUT: "ETIMEDOUT",
		syscall.ENOPROTOOPT: "ENOPROTOOPT", syscall.EPROTO: "EPROTO", syscall.EPIPE: "EPIPE",
		syscall.EOPNOTSUPP: "EOPNOTSUPP", syscall.EMSGSIZE: "EMSGSIZE", syscall.ENETDOWN: "ENETDOWN",
		syscall.EPROTONOSUPPORT: "EPROTONOSUPPORT",
	}
	if s, ok := names[n]; ok {
		return s
	}
	return "other"
}
