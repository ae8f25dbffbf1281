//go:build linux && !opskit_portable

package guard

import _ "embed" // for program

//go:embed guard_arm64.bin
var program []byte
