package conf_test

import (
	"fmt"
	"testing/fstest"

	"github.com/opskit-go/opskit/ipsec/conf"
)

func ExampleParse() {
	_, err := conf.Parse("west.conf", "conn tunnel\n    left 172.31.16.163\n", conf.DialectOpenswan)
	fmt.Println(err)
	// Output:
	// west.conf:2: "left": expected name=value, read "left 172.31.16.163"
}

func ExampleRead() {
	etc := fstest.MapFS{
		"etc/ipsec.conf":          {Data: []byte("conn %default\n\tauto=start\ninclude ipsec.d/*.conf\n")},
		"etc/ipsec.d/tunnel.conf": {Data: []byte("conn tunnel\n\tleft=172.31.16.163\n")},
	}
	c, err := conf.Read(etc, "etc/ipsec.conf", conf.DialectLibreswan)
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := c.Conn("tunnel")
	if err != nil {
		fmt.Println(err)
		return
	}
	auto, _ := conn.Get("auto")
	fmt.Printf("%s:%d: auto=%s\n", auto.File, auto.Line, auto.Value)
	// Output:
	// etc/ipsec.conf:2: auto=start
}
