#!/bin/sh
# Builds the guard for one processor: build.sh COMPILER OUTPUT. The result depends on the source and the compiler only.
set -eu
output=$(realpath -m "$2")
cd "$(dirname "$0")"
case $("$1" -dumpmachine) in
aarch64*) machine="-mno-outline-atomics" ;;
*) machine="-fcf-protection=none" ;;
esac
umask 022
"$1" -std=c11 -Wall -Wextra -Werror -Os -ffreestanding -fno-builtin -fno-stack-protector -fno-pic -fno-pie \
	-fno-asynchronous-unwind-tables -fno-unwind-tables -fno-ident $machine -nostdlib -static -no-pie \
	-Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,norelro -Wl,-z,noseparate-code -s -o "$output" guard.c
chmod 644 "$output"
