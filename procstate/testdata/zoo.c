/* One process of the zoo: "zoo ROLE [ARGUMENT]" becomes a nanny that reaps whatever
   it adopts, below which the role is played, and prints the PID of the role's parent. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static const char *role, *argument = "";
static int is(const char *name) { return strcmp(role, name) == 0; }
static void forever(void) { for (;;) pause(); }
static void say(int pid) { printf("%d\n", pid); fflush(stdout); }
static void await(pid_t p) { siginfo_t s; while (waitid(P_PID, p, &s, WEXITED | WNOWAIT | __WALL)); }
static pid_t sleeper(void) { pid_t p = fork(); if (p == 0) forever(); return p; }
static pid_t zombie(int code) { pid_t p = fork(); if (p == 0) _exit(code); await(p); return p; }
static void block(int sig) { sigset_t s; sigemptyset(&s); sigaddset(&s, sig); sigprocmask(SIG_BLOCK, &s, 0); }
static void handle(void (*f)(int), int flags) { struct sigaction a = {.sa_handler = f, .sa_flags = flags}; sigaction(SIGCHLD, &a, 0); }
static void nothing(int s) { (void)s; }
static void once(int s) { (void)s; waitpid(-1, 0, WNOHANG); }
static void all(int s) { (void)s; while (waitpid(-1, 0, WNOHANG) > 0); }
static void *rest(void *unused) { forever(); return unused; }
static void *waits(void *pid) { waitpid((pid_t)(long)pid, 0, 0); return rest(0); }
static void *writes(void *up) { int f = open(argument, O_WRONLY | O_CREAT, 0600); char c; if (write(*(int *)up, "x", 1) != 1 || read(0, &c, 1) < 0 || write(f, "x", 1) < 0) exit(1); return rest(up); }
static void *leader_gone(void *unused) { zombie(4); say(getpid()); return rest(unused); }
static void *sigwaits(void *unused) { sigset_t s; sigemptyset(&s); sigaddset(&s, SIGCHLD); for (int sig;;) { sigwait(&s, &sig); once(sig); } return unused; }
static void *usrwaits(void *unused) { sigset_t s; sigemptyset(&s); sigaddset(&s, SIGUSR1); for (int sig;;) sigwait(&s, &sig); return unused; }
static void thread(void *(*f)(void *), void *arg) { pthread_t t; pthread_create(&t, 0, f, arg); }
static pid_t told(void) { char c; pid_t p = fork(); if (p == 0) { if (read(0, &c, 1) < 0) _exit(2); _exit(1); } return p; }
static void reaps(void) { for (;;) { while (waitpid(-1, 0, 0) > 0); usleep(1000); } }
static pid_t held(int code) { /* a zombie that a third process traces */
	int go[2], traced[2]; char c;
	if (pipe(go) || pipe(traced)) exit(9);
	pid_t p = fork();
	if (p == 0) { close(go[1]); if (read(go[0], &c, 1)) _exit(9); _exit(code); }
	if (fork() == 0) { close(go[1]); ptrace(PTRACE_SEIZE, p, 0, 0); if (write(traced[1], "x", 1) != 1) _exit(9); forever(); }
	if (read(traced[0], &c, 1) != 1) exit(9);
	close(go[1]);
	char path[64], text[256]; /* its parent is not told: look */
	snprintf(path, sizeof path, "/proc/%d/stat", p);
	for (;;) { int f = open(path, O_RDONLY); long n = read(f, text, 255); close(f); text[n > 0 ? n : 0] = 0; char *e = strrchr(text, ')'); if (e && e[2] == 'Z') return p; usleep(1000); }
}
static void play(void) {
	pid_t p;
	if (is("default")) zombie(1);
	else if (is("three")) { zombie(1); zombie(2); zombie(3); say(getpid()); for (;;) sleep(1000); }
	else if (is("exit0")) zombie(0);
	else if (is("crashed")) { p = fork(); if (p == 0) { signal(SIGSEGV, SIG_DFL); raise(SIGSEGV); } await(p); }
	else if (is("named")) { p = fork(); if (p == 0) { prctl(PR_SET_NAME, ") Z 1 (il\n"); _exit(3); } await(p); prctl(PR_SET_NAME, "x) S 1 1 1 "); }
	else if (is("ignoring")) { zombie(1); signal(SIGCHLD, SIG_IGN); }
	else if (is("blocking")) { block(SIGCHLD); zombie(1); }
	else if (is("handler nothing")) { handle(nothing, SA_RESTART); zombie(1); }
	else if (is("handler once")) { block(SIGCHLD); handle(once, SA_RESTART); for (int i = 0; i < 4; i++) zombie(i); sigset_t s; sigemptyset(&s); sigprocmask(SIG_SETMASK, &s, 0); }
	else if (is("handler late")) { zombie(1); zombie(2); handle(all, SA_RESTART); }
	else if (is("nocldwait late")) { zombie(1); handle(nothing, SA_NOCLDWAIT); }
	else if (is("signalfd once") || is("signalfd in poll")) {
		block(SIGCHLD); sigset_t s; sigemptyset(&s); sigaddset(&s, SIGCHLD); int f = signalfd(-1, &s, 0); struct signalfd_siginfo x;
		for (int i = 0; i < 4; i++) zombie(i);
		say(getpid());
		for (;;) { if (read(f, &x, sizeof x) > 0) once(0); }
	}
	else if (is("signalfd of another")) { block(SIGCHLD); block(SIGUSR1); sigset_t s; sigemptyset(&s); sigaddset(&s, SIGUSR1); int f = signalfd(-1, &s, 0); struct signalfd_siginfo x; zombie(1); say(getpid()); for (;;) if (read(f, &x, sizeof x) < 0) exit(1); }
	else if (is("sigwait")) { block(SIGCHLD); for (int i = 0; i < 3; i++) zombie(i); say(getpid()); sigwaits(0); }
	else if (is("sigwait in thread")) { block(SIGCHLD); for (int i = 0; i < 3; i++) zombie(i); thread(sigwaits, 0); }
	else if (is("sigwait of another")) { block(SIGUSR1); zombie(1); say(getpid()); usrwaits(0); }
	else if (is("blocked, sigwait of another")) { block(SIGUSR1); block(SIGCHLD); zombie(1); say(getpid()); usrwaits(0); }
	else if (is("waits for other")) { zombie(1); p = sleeper(); say(getpid()); waitpid(p, 0, 0); }
	else if (is("waits for group")) { zombie(1); p = fork(); if (p == 0) { setpgid(0, 0); forever(); } setpgid(p, p); say(getpid()); waitpid(-p, 0, 0); }
	else if (is("thread waits for other")) { zombie(1); p = sleeper(); thread(waits, (void *)(long)p); }
	else if (is("polls others")) { zombie(1); p = sleeper(); say(getpid()); for (;;) { waitpid(p, 0, WNOHANG); usleep(20000); } }
	else if (is("spins")) { zombie(1); say(getpid()); for (;;) sched_yield(); }
	else if (is("stopped, reaps")) { p = told(); say(getpid()); raise(SIGSTOP); reaps(); }
	else if (is("stopped")) { zombie(1); say(getpid()); raise(SIGSTOP); }
	else if (is("traced parent")) { p = getpid(); if (fork() == 0) { ptrace(PTRACE_SEIZE, p, 0, 0); ptrace(PTRACE_INTERRUPT, p, 0, 0); int s; waitpid(p, &s, __WALL); say(p); forever(); } zombie(1); }
	else if (is("tracer holds")) { p = held(2); say(getpid()); waitpid(p, 0, 0); }
	else if (is("tracer holds one")) { held(2); zombie(1); }
	else if (is("parent traces")) { p = fork(); if (p == 0) { usleep(100000); _exit(2); } ptrace(PTRACE_SEIZE, p, 0, 0); siginfo_t s; waitid(P_PID, p, &s, WEXITED | WNOWAIT); }
	else if (is("not sigchld")) { p = (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0); if (p == 0) _exit(4); await(p); }
	else if (is("dead leader")) { p = fork(); if (p == 0) { thread(rest, 0); usleep(50000); syscall(SYS_exit, 3); } usleep(150000); }
	else if (is("leader gone parent")) { thread(leader_gone, 0); usleep(50000); syscall(SYS_exit, 0); }
	else if (is("vfork")) { zombie(1); say(getpid()); p = vfork(); if (p == 0) { syscall(SYS_pause); _exit(0); } }
	else if (is("vfork busy")) { zombie(1); say(getpid()); for (;;) { p = vfork(); if (p == 0) { struct timespec t = {0, 20000000}; syscall(SYS_nanosleep, &t, 0); _exit(0); } waitpid(p, 0, 0); usleep(5000); } }
	else if (is("reaps others")) { zombie(1); say(getpid()); for (;;) { p = fork(); if (p == 0) { memset(malloc(1 << 20), 1, 1 << 20); _exit(0); } waitpid(p, 0, 0); usleep(20000); } }
	else if (is("catches all") || is("pidfds")) { for (int i = 1; i < 65; i++) signal(i, nothing); p = zombie(1); if (is("pidfds")) syscall(SYS_pidfd_open, p, 0); }
	else if (is("many threads")) { zombie(1); for (int i = 0; i < 8; i++) thread(rest, 0); }
	else if (is("nobody")) { if (setresuid(65534, 65534, 65534)) exit(1); zombie(1); }
	else if (is("below subreaper that ignores")) { prctl(PR_SET_CHILD_SUBREAPER, 1); signal(SIGCHLD, SIG_IGN); if (fork() == 0) { signal(SIGCHLD, SIG_DFL); zombie(1); say(getpid()); forever(); } forever(); }
	else if (is("below subreaper that sleeps")) { prctl(PR_SET_CHILD_SUBREAPER, 1); if (fork() == 0) { zombie(1); say(getpid()); forever(); } forever(); }
	else if (is("init") || is("below init that sleeps") || is("below init that reaps")) {
		int up[2]; char c;
		if (pipe(up) || unshare(CLONE_NEWPID)) exit(1);
		if ((p = fork()) == 0) {
			if (is("init")) { zombie(1); if (write(up[1], "x", 1) != 1) exit(1); forever(); }
			if (fork() == 0) { zombie(1); if (write(up[1], "x", 1) != 1) exit(1); forever(); }
			if (is("below init that reaps")) reaps();
			forever();
		}
		if (read(up[0], &c, 1) != 1) exit(1);
		if (is("init")) { say(p); forever(); }
		char path[64]; snprintf(path, sizeof path, "/proc/%d/task/%d/children", p, p);
		FILE *f = fopen(path, "r"); int child = 0; if (!f || fscanf(f, "%d", &child) != 1) exit(1);
		say(child);
		forever();
	}
	else if (is("frozen")) { p = told(); int f = open(argument, O_WRONLY); if (f < 0 || write(f, "0", 1) != 1) exit(1); say(getpid()); reaps(); }
	else if (is("writes to frozen fs")) { zombie(1); int f = open(argument, O_WRONLY | O_CREAT, 0600); say(getpid()); char c; if (read(0, &c, 1) < 0) exit(1); if (write(f, "x", 1) < 0) exit(1); }
	else if (is("killed in frozen fs")) { int up[2]; char c; if (pipe(up)) exit(1); p = fork(); if (p == 0) { thread(writes, &up[1]); usleep(50000); syscall(SYS_exit, 3); } if (read(up[0], &c, 1) != 1) exit(1); say(getpid()); reaps(); }
	else exit(7);
	say(getpid());
	forever();
}
int main(int c, char **v) {
	role = v[1];
	if (c > 2) argument = v[2];
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGCHLD, SIG_IGN);
	if (fork() == 0) { signal(SIGCHLD, SIG_DFL); play(); }
	forever();
}
