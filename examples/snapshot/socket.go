package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// listen makes the socket, also in place of one that a program that was killed left behind.
func listen(ctx context.Context, socket string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "unix", socket)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return listener, err
	}
	var dialer net.Dialer
	other, dialErr := dialer.DialContext(ctx, "unix", socket)
	if dialErr == nil {
		_ = other.Close()
	}
	if info, statErr := os.Lstat(socket); statErr != nil || info.Mode().Type() != os.ModeSocket || !errors.Is(dialErr, syscall.ECONNREFUSED) {
		return nil, err // somebody listens, or it is no socket
	}
	if err := os.Remove(socket); err != nil {
		return nil, err
	}
	return config.Listen(ctx, "unix", socket)
}

// await returns the first connection that says word; others are told what is awaited.
func await(ctx context.Context, listener net.Listener, word string) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = listener.(*net.UnixListener).SetDeadline(time.Now()) })
	defer stop()
	for {
		connection, err := listener.Accept()
		if err != nil {
			return nil, errors.Join(context.Cause(ctx), err)
		}
		_ = connection.SetDeadline(time.Now().Add(time.Second)) // a silent client must not keep the freeze
		said, _ := bufio.NewReader(connection).ReadString('\n')
		if strings.TrimSpace(said) == word {
			return connection, connection.SetDeadline(time.Time{}) // the answer may have to wait for dirty data
		}
		say(connection, "error: say "+word)
		_ = connection.Close()
	}
}

func say(connection net.Conn, line string) {
	_ = connection.SetWriteDeadline(time.Now().Add(time.Second))
	fmt.Fprintln(connection, line)
}
