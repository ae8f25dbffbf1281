package whoistest

import (
	"io"
	"net"
	"time"
)

// Answer gives the same text to every query.
func Answer(text string) Handler {
	return func(conn net.Conn, _ string) { io.WriteString(conn, text) }
}

// Drip gives the text byte by byte with a pause after each, without end: it
// starts over when the text is through.
func Drip(text string, pause time.Duration) Handler {
	return func(conn net.Conn, _ string) {
		t := time.NewTicker(pause)
		defer t.Stop()
		for i := 0; ; i++ {
			if _, err := io.WriteString(conn, text[i%len(text):i%len(text)+1]); err != nil {
				return
			}
			<-t.C
		}
	}
}

// Endless repeats the text as fast as the client reads.
func Endless(text string) Handler {
	block := []byte(text)
	for len(block) < 32<<10 {
		block = append(block, block...)
	}
	return func(conn net.Conn, _ string) {
		for {
			if _, err := conn.Write(block); err != nil {
				return
			}
		}
	}
}

// Silent accepts the query and answers nothing until the client gives up.
func Silent() Handler {
	return func(conn net.Conn, _ string) { io.Copy(io.Discard, conn) }
}

// Reset gives the text and then breaks the connection with a TCP reset.
func Reset(text string) Handler {
	return func(conn net.Conn, _ string) {
		io.WriteString(conn, text)
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
	}
}

// Throttle answers as servers do that were asked too often.
func Throttle() Handler {
	return Answer("% Query rate limit exceeded. Reduced information.\r\n")
}

// LoopTo refers every query to another server, in the form that IANA uses: it
// is believed only of a server of IANA.
func LoopTo(server string) Handler { return Answer("refer:        " + server + "\r\n\r\n") }
