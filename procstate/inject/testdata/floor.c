// floor COUNT prints how many nanoseconds the least that any tracer does costs here and now: a traced program waits for COUNT dead
// children, with a stop before and behind each call, on one processor, and nobody looks at its registers.
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void traced(int count)
{
	struct timespec dead = {0, 200000000};
	for (int i = 0; i < count; i++)
		if (fork() == 0)
			_exit(0);
	nanosleep(&dead, NULL);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	for (int i = 0; i < count; i++)
		syscall(SYS_wait4, -1, NULL, WNOHANG, NULL);
	_exit(0);
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0, status = 0;
	struct timespec a, b;
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof one, &one) != 0)
		return 1;
	pid_t pid = fork();
	if (pid == 0)
		traced(count);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < 2 * count; i++)
		if (ptrace(PTRACE_SYSCALL, pid, 0, 0) != 0 || waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
			return 3;
	clock_gettime(CLOCK_MONOTONIC, &b);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	printf("%lld\n", (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec);
	return 0;
}
