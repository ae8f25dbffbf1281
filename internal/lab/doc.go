// Package lab gives the tests of this module the real thing to test against:
// network namespaces, firewall rules, filesystems on loop devices, control
// groups and daemons. It is imported from _test.go files only.
//
//	n := lab.NewNS(t) // skips with the reason where that is not to be had
//
// Whatever a test takes from here is made under the name prefix "opskit",
// belongs to that test alone and is put back when the test ends, also after a
// failure; what a killed test left behind is removed by the next one that asks
// for the same kind of thing.
//
// A facility that is absent skips the test and says why. With
// OPSKIT_LAB=required, as in CI, it fails the test instead, unless
// .ci/facilities.txt waives that facility with a reason. Every facility that a
// test names stands in that file, so the list of what the tests need is whole.
package lab
