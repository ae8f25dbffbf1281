package taskiter

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// The task iterator: a program that the kernel runs once per task and that
// writes one record of recordSize bytes for each one wanted.

// instruction is one BPF instruction (Documentation/bpf/standardization/instruction-set.rst).
type instruction struct {
	op        uint8
	registers uint8 // source in the upper half, destination in the lower
	offset    int16
	immediate int32
}

// Operation codes and helper functions that the program uses.
const (
	bpfLoadWord   = 0x61
	bpfLoadByte   = 0x71
	bpfLoadDouble = 0x79
	bpfStoreWord  = 0x63
	bpfStoreDbl   = 0x7b
	bpfMove       = 0xbf
	bpfMoveValue  = 0xb7
	bpfAddValue   = 0x07
	bpfJumpZero   = 0x15
	bpfJumpOther  = 0x5d
	bpfCall       = 0x85
	bpfExit       = 0x95

	helperProbeReadKernel = 113
	helperSeqWrite        = 127
)

// Where things stand in a record.
const (
	recordStart      = 0
	recordPID        = 8
	recordTGID       = 12
	recordPPID       = 16
	recordTracer     = 20
	recordState      = 24
	recordExitState  = 28
	recordExitCode   = 32
	recordGroupExit  = 36
	recordSignal     = 40
	recordThreads    = 44
	recordFlags      = 48
	recordExitSignal = 52
	recordCPU        = 56
	recordSubreaper  = 60
	recordComm       = 64
	recordRan        = 80
	recordSize       = 88
)

// taskLayout is what the program must know about the running kernel.
func taskLayout() btfWanted {
	return btfWanted{
		fields: map[string][]string{
			"task_struct": {
				"pid", "tgid", "start_boottime", "real_parent", "parent", "ptrace", "__state", "exit_state",
				"exit_code", "signal", "flags", "exit_signal", "comm", "thread_info", "se",
			},
			"signal_struct": {"group_exit_code", "flags", "nr_threads", "is_child_subreaper"},
			"thread_info":   {"cpu"},
			"sched_entity":  {"exec_start"},
		},
		function: "bpf_iter_task",
	}
}

// assemble writes the program: for the main thread of every process, or with
// threads for every task.
func (l Layout) assemble(threads bool) ([]instruction, error) {
	var program []instruction
	emit := func(op, dst, src uint8, offset int16, immediate int32) {
		program = append(program, instruction{op, src<<4 | dst, offset, immediate})
	}
	var failed error
	at := func(names ...string) int16 {
		bits := uint32(0)
		for _, name := range names {
			bits += l.bits[name]
		}
		if bits/8 > math.MaxInt16 {
			failed = fmt.Errorf("%w: %s stands too far behind", procfile.ErrMalformed, names[0])
		}
		return int16(bits / 8)
	}
	const r1, r2, r3, context, task, stack = 1, 2, 3, 6, 7, 10
	store := func(op, register uint8, field int16) { emit(op, stack, register, field-recordSize, 0) }
	copyWord := func(from uint8, offset, field int16) {
		emit(bpfLoadWord, r1, from, offset, 0)
		store(bpfStoreWord, r1, field)
	}
	var toEnd []int
	skip := func(op, dst, src uint8) {
		toEnd = append(toEnd, len(program))
		emit(op, dst, src, 0, 0)
	}

	emit(bpfMove, context, r1, 0, 0)
	emit(bpfLoadDouble, task, context, 8, 0) // struct bpf_iter__task: meta, task
	skip(bpfJumpZero, task, 0)
	emit(bpfLoadWord, r1, task, at("task_struct.pid"), 0)
	emit(bpfLoadWord, r2, task, at("task_struct.tgid"), 0)
	if !threads {
		skip(bpfJumpOther, r1, r2)
	}
	store(bpfStoreWord, r1, recordPID)
	store(bpfStoreWord, r2, recordTGID)
	emit(bpfLoadDouble, r1, task, at("task_struct.start_boottime"), 0)
	store(bpfStoreDbl, r1, recordStart)
	emit(bpfLoadDouble, r1, task, at("task_struct.se", "sched_entity.exec_start"), 0)
	store(bpfStoreDbl, r1, recordRan)
	copyWord(task, at("task_struct.__state"), recordState)
	copyWord(task, at("task_struct.exit_state"), recordExitState)
	copyWord(task, at("task_struct.exit_code"), recordExitCode)
	copyWord(task, at("task_struct.flags"), recordFlags)
	copyWord(task, at("task_struct.exit_signal"), recordExitSignal)
	copyWord(task, at("task_struct.thread_info", "thread_info.cpu"), recordCPU)
	emit(bpfLoadDouble, r2, task, at("task_struct.real_parent"), 0)
	copyWord(r2, at("task_struct.tgid"), recordPPID)
	// The tracer is the parent while the task is traced: 0 stays if it is not.
	emit(bpfMoveValue, r1, 0, 0, 0)
	store(bpfStoreWord, r1, recordTracer)
	emit(bpfLoadWord, r1, task, at("task_struct.ptrace"), 0)
	emit(bpfJumpZero, r1, 0, 3, 0)
	emit(bpfLoadDouble, r2, task, at("task_struct.parent"), 0)
	copyWord(r2, at("task_struct.tgid"), recordTracer)
	emit(bpfLoadDouble, r2, task, at("task_struct.signal"), 0)
	copyWord(r2, at("signal_struct.group_exit_code"), recordGroupExit)
	copyWord(r2, at("signal_struct.flags"), recordSignal)
	copyWord(r2, at("signal_struct.nr_threads"), recordThreads)
	emit(bpfLoadByte, r1, r2, at("signal_struct.is_child_subreaper"), 0)
	store(bpfStoreWord, r1, recordSubreaper)
	// probe_read_kernel(record + recordComm, 16, task->comm)
	emit(bpfMove, r1, stack, 0, 0)
	emit(bpfAddValue, r1, 0, 0, recordComm-recordSize)
	emit(bpfMoveValue, r2, 0, 0, recordRan-recordComm)
	emit(bpfMove, r3, task, 0, 0)
	emit(bpfAddValue, r3, 0, 0, int32(at("task_struct.comm")))
	emit(bpfCall, 0, 0, 0, helperProbeReadKernel)
	// seq_write(ctx->meta->seq, record, recordSize)
	emit(bpfLoadDouble, r1, context, 0, 0)
	emit(bpfLoadDouble, r1, r1, 0, 0)
	emit(bpfMove, r2, stack, 0, 0)
	emit(bpfAddValue, r2, 0, 0, -recordSize)
	emit(bpfMoveValue, r3, 0, 0, recordSize)
	emit(bpfCall, 0, 0, 0, helperSeqWrite)
	for _, jump := range toEnd {
		program[jump].offset = int16(len(program) - jump - 1)
	}
	emit(bpfMoveValue, 0, 0, 0, 0)
	emit(bpfExit, 0, 0, 0, 0)
	return program, failed
}

// Bits of task_struct.__state, exit_state and signal_struct.flags
// (include/linux/sched.h, include/linux/sched/signal.h).
const (
	taskInterruptible   = 0x0001
	taskUninterruptible = 0x0002
	taskReport          = 0x007f
	taskWakeKill        = 0x0100
	taskNoLoad          = 0x0400
	taskRTLockWait      = 0x1000
	taskFrozen          = 0x8000
	signalStopped       = 0x1
	signalGroupExit     = 0x4
)

// stateOf is fs/proc/array.c, get_task_state.
func stateOf(state, exitState uint32) byte {
	index := (state | exitState) & taskReport
	switch {
	case state&taskRTLockWait != 0, state&taskFrozen != 0:
		index = taskUninterruptible
	case state&(taskUninterruptible|taskNoLoad) == taskUninterruptible|taskNoLoad:
		index = taskReport + 1
	}
	letter := 0
	for ; index != 0; index >>= 1 {
		letter++
	}
	return "RSDTtXZPI"[letter]
}

// Task is one task as the kernel has it.
type Task struct {
	TID, PID, PPID, Tracer int           // 0: it is not traced
	Start                  time.Duration // since boot
	Ran                    time.Duration // se.exec_start: when it was last given a processor, on the clock of that
	State                  byte          // as in /proc/PID/stat
	Threads                int
	Flags                  uint32
	ExitSignal, CPU        int
	Comm                   [16]byte
	Subreaper              bool
	Exit                   uint32 // as of wait(2), of a zombie
	Exited                 bool   // Exit is known: it cannot end in another way
	Killable               bool   // SIGKILL ends its sleep, of one in state D
}

// read reads a record. subreaperBit is the bit's place in its byte.
func (t *Task) read(record []byte, subreaperBit uint32) {
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(record[at:]) }
	double := func(at int) time.Duration { return time.Duration(binary.LittleEndian.Uint64(record[at:])) }
	*t = Task{
		TID: int(word(recordPID)), PID: int(word(recordTGID)), PPID: int(word(recordPPID)), Tracer: int(word(recordTracer)),
		Start: double(recordStart), Ran: double(recordRan), State: stateOf(word(recordState), word(recordExitState)),
		Threads: int(word(recordThreads)), Flags: word(recordFlags), ExitSignal: int(int32(word(recordExitSignal))), CPU: int(word(recordCPU)),
		Subreaper: word(recordSubreaper)>>subreaperBit&1 != 0,
	}
	// The kernel ends it with a zero, unless it is being changed.
	name, _, _ := bytes.Cut(record[recordComm:recordRan-1], []byte{0})
	copy(t.Comm[:], name)
	switch {
	case t.State == 'Z' && (t.Threads <= 1 || word(recordSignal)&signalGroupExit != 0):
		t.Exit, t.Exited = word(recordExitCode), true
		if word(recordSignal)&(signalGroupExit|signalStopped) != 0 {
			t.Exit = word(recordGroupExit)
		}
	case t.State == 'D':
		t.Killable = word(recordState)&taskWakeKill != 0
	}
}
