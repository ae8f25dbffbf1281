/* A parent that does not wait. Usage: parent COUNT WHAT MILLISECONDS
   It makes COUNT zombies, prints "ready", does WHAT, which takes MILLISECONDS
   unless something ends it before, and prints what came of it:
   "RESULT ERRNO MILLISECONDS", then "left ZOMBIES". */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static volatile sig_atomic_t handled;
static void handler(int s) { (void)s; handled++; }
static void *endless(void *p) { for (;;) pause(); return p; }

int main(int argc, char **argv)
{
	int count = atoi(argv[1]), i;
	const char *what = argv[2];
	long ms = atol(argv[3]), result = 0;
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	double began;
	(void)argc;
	for (i = 0; i < count; i++) {
		pid_t p = fork();
		if (p == 0) _exit(i % 250);
		if (p < 0) { perror("fork"); return 1; }
	}
	if (!strcmp(what, "seccomp")) {
		struct sock_filter f[] = { { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW } };
		struct sock_fprog p = { 1, f };
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p)) { perror("seccomp"); return 1; }
	}
	signal(SIGUSR1, handler);
	if (!strcmp(what, "blocked")) {
		sigset_t all;
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, 0);
		signal(SIGTRAP, SIG_IGN);
	}
	printf("ready\n");
	fflush(stdout);
	began = now();
	errno = 0;
	if (!strcmp(what, "spin")) {
		volatile unsigned long x = 0;
		for (;;) x++;
	} else if (!strcmp(what, "sleep") || !strcmp(what, "seccomp") || !strcmp(what, "blocked")) {
		result = clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t);
	} else if (!strcmp(what, "nanosleep")) {
		result = syscall(SYS_nanosleep, &t, &t);
	} else if (!strcmp(what, "poll")) {
		result = poll(0, 0, ms);
	} else if (!strcmp(what, "ppoll")) {
		sigset_t none;
		sigemptyset(&none);
		result = ppoll(0, 0, &t, &none);
	} else if (!strcmp(what, "select")) {
		struct timeval v = { t.tv_sec, t.tv_nsec / 1000 };
		result = select(0, 0, 0, 0, &v);
	} else if (!strcmp(what, "pause")) { /* until SIGUSR1 */
		result = pause();
	} else if (!strcmp(what, "sigsuspend")) { /* SIGUSR1 gets through here only */
		sigset_t usr, none;
		sigemptyset(&none);
		sigemptyset(&usr);
		sigaddset(&usr, SIGUSR1);
		sigprocmask(SIG_BLOCK, &usr, 0);
		result = sigsuspend(&none);
	} else if (!strcmp(what, "read")) { /* until a line comes */
		char c;
		result = read(0, &c, 1);
	} else if (!strcmp(what, "epoll")) { /* until a line comes */
		int e = epoll_create1(0);
		struct epoll_event in = { EPOLLIN, { 0 } }, out;
		epoll_ctl(e, EPOLL_CTL_ADD, 0, &in);
		result = epoll_wait(e, &out, 1, -1);
	} else if (!strcmp(what, "epoll-timeout")) {
		int e = epoll_create1(0);
		struct epoll_event out;
		result = epoll_wait(e, &out, 1, ms);
	} else if (!strcmp(what, "wait")) { /* for a live child, which exits with 77 */
		pid_t p = fork();
		int status = 0;
		if (p == 0) { nanosleep(&t, 0); _exit(77); }
		result = waitpid(p, &status, 0) == p ? WEXITSTATUS(status) : -1;
	} else if (!strcmp(what, "late")) { /* one more zombie after a while */
		if (fork() == 0) { nanosleep(&t, 0); _exit(0); }
		result = pause();
	} else if (!strcmp(what, "futex")) {
		int word = 0;
		result = syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, &t, 0, 0);
	} else if (!strcmp(what, "vfork")) {
		if (vfork() == 0) { nanosleep(&t, 0); _exit(0); }
	} else if (!strcmp(what, "alarms")) { /* a signal every millisecond */
		struct itimerval v = { { 0, 1000 }, { 0, 1000 } };
		sigset_t alarm, none;
		int interrupted = 0;
		sigemptyset(&none);
		sigemptyset(&alarm);
		sigaddset(&alarm, SIGALRM);
		sigprocmask(SIG_BLOCK, &alarm, 0);
		signal(SIGALRM, handler);
		setitimer(ITIMER_REAL, &v, 0);
		while (now() - began < ms)
			if (sigsuspend(&none) == -1 && errno == EINTR) interrupted++;
		errno = 0;
		result = interrupted - handled; /* each handler ended one sigsuspend */
	} else if (!strcmp(what, "threads")) {
		pthread_t thread;
		for (i = 0; i < 4; i++) pthread_create(&thread, 0, endless, 0);
		result = clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t);
#ifdef __x86_64__
	} else if (!strcmp(what, "compat")) { /* waits for a live child by a 32-bit system call */
		pid_t p = fork();
		if (p == 0) { nanosleep(&t, 0); _exit(77); }
		__asm__ volatile("int $0x80" : "=a"(result) : "a"(7L), "b"((long)p), "c"(0L), "d"(0L) : "memory");
		result = result == p;
#endif
	}
	printf("%ld %d %.0f\n", result, errno, now() - began);
	fflush(stdout);
	{ /* what the parent learns of its children now */
		int status, left = 0;
		while (waitpid(-1, &status, WNOHANG) > 0) left++;
		printf("left %d\n", left);
	}
	return 0;
}
