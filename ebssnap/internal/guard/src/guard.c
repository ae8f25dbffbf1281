/*
 * The guard of ebssnap: a process of its own that freezes and thaws filesystems through descriptors that it
 * inherited, and thaws them when its owner dies, hangs or says so. Freestanding: no libc, no heap, no files.
 *
 *   descriptor 0      SOCK_SEQPACKET to the owner: commands in, one answer each
 *   descriptor 1      the shared page (struct page), mapped by the owner too
 *   descriptors 2...  the directories, in the order in which they are to be frozen
 *
 * One thread does it all, so who froze is who knows: an owner that is killed inside FIFREEZE would not.
 * The layout of struct page and the numbers below are repeated in page.go; a test compares them.
 */
typedef unsigned int u32;
typedef int i32;
typedef unsigned long u64;
typedef long i64;

#define DIRS 2
#define MAXMOUNTS 32
#define FIFREEZE 0xC0045877UL
#define FITHAW 0xC0045878UL

#define ESRCH 3
#define EINTR 4
#define EINVAL 22
#define EROFS 30
#define ENAMETOOLONG 36

#define LOOK 5000000L /* nanoseconds between two looks at the owner while something is frozen */

#define SIGKILL 9
#define SIGCHLD 17
/*
 * Sent by the kernel when the thread that started this process is gone, see PR_SET_PDEATHSIG in prctl(2). The end of the socket
 * says the same, but only after the last thread of the owner has left, and a thread that writes to the frozen filesystem cannot.
 */
#define SIGOWNER 63

enum { OP_FREEZE = 1, OP_THAW = 2, OP_EXIT = 3, OP_SYNC = 4 };
enum { ANSWER_READY = 1, ANSWER_FROZEN = 2, ANSWER_REFUSED = 3, ANSWER_THAWED = 4, ANSWER_SYNCED = 5 };
enum { BY_NOBODY = 0, BY_OWNER = 1, BY_DEATH = 2, BY_DEADLINE = 3, BY_ROLLBACK = 4 };
enum { IDLE = 0, FREEZING = 1, FROZEN = 2, THAWING = 3, THAWED = 4, REFUSED = 5, LOST = 6, STUCK = 7 };
enum { CANARY_NONE = 0, CANARY_WAITS = 1, CANARY_GO = 2, CANARY_BACK = 3, CANARY_PROBE = 4, CANARY_ASLEEP = 5 };

struct mount {
	u32 state;
	i32 err;          /* errno of the last FIFREEZE or FITHAW */
	u32 canary;       /* futex */
	i32 canary_pid;
	i32 canary_err;
	u32 canary_wanted;
	i64 freeze_begin; /* CLOCK_MONOTONIC, nanoseconds */
	i64 freeze_end;
	i64 thaw_begin;
	i64 thaw_end;
	i64 canary_back;    /* end of the last attempt that slept */
	i64 canary_entered; /* begin of the attempt that is under way */
	u32 canary_slept;   /* attempts that slept and ended */
	u32 canary_passed;  /* attempts that ended */
};

struct page {
	u32 magic;
	u32 version;
	u32 count;
	i32 owner;
	i32 guard;
	u32 thawed_by;
	u32 probe;        /* let each canary pass once before READY: it does not come back from a frozen filesystem */
	u32 unused;
	i64 deadline;
	i64 ready;
	u64 reserved[10];
	struct mount mounts[MAXMOUNTS];
};

struct command {
	u32 op;
	u32 mount; /* of OP_SYNC */
	i64 deadline;
};

struct timespec {
	i64 sec;
	i64 nsec;
};

struct pollfd {
	i32 fd;
	short events;
	short revents;
};

#if defined(__x86_64__)
enum {
	NR_close = 3, NR_mmap = 9, NR_rt_sigprocmask = 14, NR_ioctl = 16, NR_sendto = 44, NR_recvfrom = 45, NR_clone = 56,
	NR_wait4 = 61, NR_kill = 62, NR_getpid = 39, NR_getppid = 110, NR_mlockall = 151, NR_prctl = 157, NR_futex = 202,
	NR_clock_gettime = 228, NR_getrusage = 98, NR_pread64 = 17, NR_sched_setscheduler = 144, NR_setpriority = 141, NR_openat = 257, NR_exit_group = 231, NR_unlinkat = 263, NR_ppoll = 271, NR_signalfd4 = 289,
	NR_syncfs = 306, NR_close_range = 436
};
static inline i64 sys(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f)
{
	i64 r;
	register i64 r10 __asm__("r10") = d;
	register i64 r8 __asm__("r8") = e;
	register i64 r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		: "rcx", "r11", "memory");
	return r;
}
__asm__(".globl _start\n_start:\n\txor %ebp,%ebp\n\tand $-16,%rsp\n\tcall guard\n\thlt\n");
#elif defined(__aarch64__)
enum {
	NR_close = 57, NR_mmap = 222, NR_rt_sigprocmask = 135, NR_ioctl = 29, NR_sendto = 206, NR_recvfrom = 207,
	NR_clone = 220, NR_wait4 = 260, NR_kill = 129, NR_getpid = 172, NR_getppid = 173, NR_mlockall = 230, NR_prctl = 167, NR_futex = 98,
	NR_clock_gettime = 113, NR_getrusage = 165, NR_pread64 = 67, NR_sched_setscheduler = 119, NR_setpriority = 140, NR_openat = 56, NR_exit_group = 94, NR_unlinkat = 35, NR_ppoll = 73, NR_signalfd4 = 74,
	NR_syncfs = 267, NR_close_range = 436
};
static inline i64 sys(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f)
{
	register i64 x8 __asm__("x8") = n;
	register i64 x0 __asm__("x0") = a;
	register i64 x1 __asm__("x1") = b;
	register i64 x2 __asm__("x2") = c;
	register i64 x3 __asm__("x3") = d;
	register i64 x4 __asm__("x4") = e;
	register i64 x5 __asm__("x5") = f;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}
__asm__(".globl _start\n_start:\n\tmov x29,#0\n\tmov x30,#0\n\tbl guard\n\tbrk #0\n");
#else
#error "no guard for this processor"
#endif

#define call0(n) sys(n, 0, 0, 0, 0, 0, 0)
#define call1(n, a) sys(n, (i64)(a), 0, 0, 0, 0, 0)
#define call3(n, a, b, c) sys(n, (i64)(a), (i64)(b), (i64)(c), 0, 0, 0)
#define call4(n, a, b, c, d) sys(n, (i64)(a), (i64)(b), (i64)(c), (i64)(d), 0, 0)
#define call6(n, a, b, c, d, e, f) sys(n, (i64)(a), (i64)(b), (i64)(c), (i64)(d), (i64)(e), (i64)(f))

#define load(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define store(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)

static struct page *page;
static i32 death; /* signalfd */
static i32 status[MAXMOUNTS]; /* /proc/PID/stat of the canaries */
static i32 owner; /* /proc/PID/status */
static char text[1024];
static char name[300]; /* longer than any directory entry may be: unlinking it can never remove anything */

static i64 now(void)
{
	struct timespec t;
	call3(NR_clock_gettime, 1, &t, 0);
	return t.sec * 1000000000L + t.nsec;
}

static void answer(u32 kind, u32 err)
{
	u32 packet[2] = { kind, err };

	call6(NR_sendto, 0, packet, sizeof packet, 0x4040 /* MSG_NOSIGNAL|MSG_DONTWAIT */, 0, 0);
}

/*
 * The canary of a mount is a child that asks the filesystem for write access and does nothing with it: unlinkat
 * takes it before it looks at the name. It does so over and over from just before the freeze on. Frozen, it sleeps until the
 * thaw, whoever thaws, and no later freeze can complete before it is through. So a canary that was seen asleep in
 * the freeze and is awake says that this freeze has ended. One that began its sleep before FIFREEZE had returned, and
 * never slept before, sleeps in that very freeze.
 */
static i64 meet(u32 i)
{
	return call3(NR_unlinkat, DIRS + i, name, 0);
}

/* switches counts how often this process has slept: ru_nvcsw of getrusage(2). */
static i64 switches(void)
{
	i64 usage[18];

	call3(NR_getrusage, 0, usage, 0);
	return usage[16];
}

static void nap(i64 ns)
{
	struct timespec t = { 0, ns };

	call6(NR_ppoll, 0, 0, &t, 0, 0, 0);
}

static void watch(u32 i)
{
	struct mount *m = &page->mounts[i];

	for (;;) {
		u32 before = load(&m->state);
		i64 slept = switches();

		store(&m->canary_entered, now());
		m->canary_err = (i32)-meet(i);
		if (m->canary_err != ENAMETOOLONG && m->canary_err != EROFS) {
			store(&m->canary, CANARY_NONE); /* refused before it came to the write access: it would never sleep */
			return;
		}
		if (before >= FROZEN || load(&m->canary) != CANARY_GO)
			break;
		if (switches() != slept) {
			m->canary_back = now();
			store(&m->canary_slept, m->canary_slept + 1);
		}
		store(&m->canary_passed, m->canary_passed + 1);
		if (m->canary_passed > 1000) /* a FIFREEZE that is slow to begin */
			nap(50000);
	}
	m->canary_back = now();
	store(&m->canary, CANARY_BACK);
}

static void canary(u32 i)
{
	struct mount *m = &page->mounts[i];
	struct timespec second = { 1, 0 };
	u64 wait_mask = 0;

	call6(NR_prctl, 1 /* PR_SET_PDEATHSIG */, SIGKILL, 0, 0, 0, 0);
	call4(NR_rt_sigprocmask, 2, &wait_mask, 0, 8);
	call1(NR_mlockall, 1);
	call1(NR_close, 0);
	call1(NR_close, death);
	if (load(&m->canary) == CANARY_PROBE) {
		meet(i);
		store(&m->canary, CANARY_WAITS); /* the owner waits for this before it asks for the freeze */
	}
	for (;;) {
		if (call0(NR_getppid) != page->guard) /* PR_SET_PDEATHSIG came too late, or was refused */
			call1(NR_exit_group, 0);
		if (load(&m->canary) != CANARY_WAITS)
			break;
		call6(NR_futex, &m->canary, 0 /* FUTEX_WAIT */, CANARY_WAITS, &second, 0, 0);
	}
	watch(i);
	call1(NR_exit_group, 0);
}

/* send lets the canaries go, and gives them a millisecond to be under way. */
static void send(void)
{
	u32 i, tries = 0;

	for (i = 0; i < page->count; i++) {
		struct mount *m = &page->mounts[i];

		if (m->canary_pid > 0) {
			store(&m->canary, CANARY_GO);
			call6(NR_futex, &m->canary, 1 /* FUTEX_WAKE */, 1, 0, 0, 0);
		}
	}
	for (i = 0; i < page->count; i++)
		while (page->mounts[i].canary_pid > 0 && load(&page->mounts[i].canary_passed) == 0 && tries++ < 50)
			nap(20000);
}

/* awake reports that the canary of a mount does not sleep any more: /proc/PID/stat tells, after the name in brackets. */
static u32 awake(u32 i)
{
	i64 n, k;

	if (status[i] <= 0)
		return 0;
	n = call4(NR_pread64, status[i], text, 128, 0);
	if (n == -ESRCH)
		return 1;
	for (k = n - 3; k >= 0; k--)
		if (text[k] == ')' && text[k + 1] == ' ')
			return text[k + 2] != 'D';
	return 0;
}

/*
 * dumping reports that the owner is writing a core dump. To everybody else it dies only when that is written, and to a
 * frozen filesystem, directly or by way of a program behind a pipe, it never is.
 */
static u32 dumping(void)
{
	static const char wanted[] = "\nCoreDumping:\t1";
	i64 n, k, at = 0, offset = 0;

	while ((n = call4(NR_pread64, owner, text, sizeof text, offset)) > 0) {
		for (k = 0; k < n; k++) {
			at = text[k] == wanted[at] ? at + 1 : text[k] == '\n';
			if (at == sizeof wanted - 1)
				return 1;
		}
		offset += n;
	}
	return 0;
}

/* open_proc opens /proc/PID and rest. */
static i32 open_proc(i64 pid, const char *rest)
{
	char path[40] = "/proc/", digits[12];
	u32 n = 0, at = 6;

	for (; pid > 0; pid /= 10)
		digits[n++] = (char)('0' + pid % 10);
	while (n > 0)
		path[at++] = digits[--n];
	while (*rest)
		path[at++] = *rest++;
	path[at] = 0;
	return (i32)call4(NR_openat, -100, path, 02000000 /* O_RDONLY|O_CLOEXEC */, 0);
}

static void thaw(u32 i)
{
	struct mount *m = &page->mounts[i];
	u32 frozen = FROZEN;
	i64 r;

	if (!__atomic_compare_exchange_n(&m->state, &frozen, THAWING, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return;
	if (load(&m->canary) == CANARY_ASLEEP && awake(i))
		store(&m->canary, CANARY_BACK);
	if (load(&m->canary) == CANARY_BACK) { /* thawed by somebody else; what is frozen now is not ours */
		m->err = EINVAL;
		store(&m->state, LOST);
		return;
	}
	m->thaw_begin = now();
	r = call3(NR_ioctl, DIRS + i, FITHAW, 0);
	m->thaw_end = now();
	m->err = (i32)-r;
	store(&m->state, r == 0 ? THAWED : r == -EINVAL ? LOST : STUCK);
}

static void thaw_all(u32 by)
{
	u32 i;

	if (page->thawed_by == BY_NOBODY)
		page->thawed_by = by;
	for (i = page->count; i > 0; i--)
		thaw(i - 1);
}

/* owner_gone reports, without waiting, that the owner's thread died, closed its end, or has something to say. */
static u32 interrupted(void)
{
	struct pollfd p[2] = { { 0, 1, 0 }, { death, 1, 0 } };
	struct timespec zero = { 0, 0 };

	return call6(NR_ppoll, p, 2, &zero, 0, 0, 0) > 0;
}

static void freeze_all(i64 deadline)
{
	u32 i;

	store(&page->deadline, deadline);
	page->thawed_by = BY_NOBODY;
	send();
	for (i = 0; i < page->count; i++) {
		struct mount *m = &page->mounts[i];
		i64 r;

		if (interrupted() || now() >= deadline)
			break;
		m->freeze_begin = now();
		store(&m->state, FREEZING);
		r = call3(NR_ioctl, DIRS + i, FIFREEZE, 0);
		m->freeze_end = now();
		m->err = (i32)-r;
		if (r != 0) {
			store(&m->state, REFUSED);
			break;
		}
		store(&m->state, FROZEN);
	}
	if (i < page->count) {
		thaw_all(load(&page->mounts[i].state) == REFUSED ? BY_ROLLBACK : now() >= deadline ? BY_DEADLINE : BY_OWNER);
		answer(ANSWER_REFUSED, 0);
	} else if (now() >= deadline) {
		thaw_all(BY_DEADLINE);
		answer(ANSWER_REFUSED, 0);
	} else {
		answer(ANSWER_FROZEN, 0);
	}
}

static u32 any_frozen(void)
{
	u32 i;

	for (i = 0; i < page->count; i++)
		if (load(&page->mounts[i].state) == FROZEN)
			return 1;
	return 0;
}

/*
 * leave gives the canaries that are through a moment to end, and ends the others: those that wait for a freeze by name, since
 * PR_SET_PDEATHSIG may have been refused; those that sleep in one with this process.
 */
static void leave(void)
{
	u32 i, tries = 0;

	for (i = 0; i < page->count; i++) {
		struct mount *m = &page->mounts[i];

		if (m->canary_pid > 0 && load(&m->canary) != CANARY_WAITS)
			while (load(&m->state) != REFUSED && call4(NR_wait4, m->canary_pid, 0, 1 /* WNOHANG */, 0) == 0 && tries++ < 200)
				nap(100000);
		else if (m->canary_pid > 0)
			call3(NR_kill, m->canary_pid, SIGKILL, 0);
	}
	call1(NR_exit_group, 0);
}

/* hurry puts this process before those that a busy host has too many of; without the right to it, it goes on as it is. */
static void hurry(void)
{
	i32 priority = 1;

	if (call3(NR_sched_setscheduler, 0, 1 /* SCHED_FIFO */, &priority) != 0)
		call3(NR_setpriority, 0, 0, -20);
}

static void start_canaries(void)
{
	u32 i;

	for (i = 0; i < page->count; i++) {
		i64 pid;

		if (!page->mounts[i].canary_wanted)
			continue;
		store(&page->mounts[i].canary, page->probe ? CANARY_PROBE : CANARY_WAITS);
		pid = sys(NR_clone, SIGCHLD, 0, 0, 0, 0, 0);
		if (pid == 0)
			canary(i);
		page->mounts[i].canary_pid = (i32)pid;
		status[i] = open_proc(pid, "/stat");
	}
}

__attribute__((used, noreturn)) void guard(void)
{
	u64 all = ~0UL, signal = 1UL << (SIGOWNER - 1);
	u32 i;

	call4(NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &all, 0, 8);
	page = (struct page *)call6(NR_mmap, 0, sizeof(struct page), 3, 1 /* MAP_SHARED */, 1, 0);
	if ((u64)page > -4096UL || page->count > MAXMOUNTS)
		call1(NR_exit_group, 2);
	call3(NR_close_range, DIRS + page->count, ~0U, 0); /* what the owner leaves open to all its children */
	death = (i32)call4(NR_signalfd4, -1, &signal, 8, 02000000 /* SFD_CLOEXEC */);
	if (death < 0)
		call1(NR_exit_group, 2);
	call6(NR_prctl, 15 /* PR_SET_NAME */, "ebssnap-guard", 0, 0, 0, 0);
	call6(NR_prctl, 1 /* PR_SET_PDEATHSIG */, SIGOWNER, 0, 0, 0, 0); /* here, because an execve of a set-user-ID owner clears it */
	page->guard = (i32)call0(NR_getpid);
	if (call0(NR_getppid) != page->owner)
		call1(NR_exit_group, 3);
	owner = open_proc(page->owner, "/status");
	for (i = 0; i < sizeof name - 1; i++)
		name[i] = '-';
	call1(NR_mlockall, 1 /* MCL_CURRENT */);
	hurry();
	start_canaries();
	page->ready = now();
	answer(ANSWER_READY, 0);

	for (;;) {
		struct pollfd p[2] = { { 0, 1, 0 }, { death, 1, 0 } };
		struct timespec t, *timeout = 0;
		struct command c;
		i64 r;

		if (any_frozen()) {
			i64 left = page->deadline - now();

			if (left <= 0 || dumping()) {
				thaw_all(left <= 0 ? BY_DEADLINE : BY_DEATH);
				answer(ANSWER_THAWED, 0);
				continue;
			}
			t.sec = 0;
			t.nsec = left < LOOK ? left : LOOK;
			timeout = &t;
		}
		r = call6(NR_ppoll, p, 2, timeout, 0, 0, 0);
		if (r == 0 || r == -EINTR)
			continue;
		p[1].revents |= r < 0; /* it can wait for nothing any more */
		if (p[1].revents) {
			thaw_all(BY_DEATH);
			leave();
		}
		if (!p[0].revents)
			continue;
		r = call6(NR_recvfrom, 0, &c, sizeof c, 0, 0, 0);
		if (r == -EINTR)
			continue;
		if (r != sizeof c) {
			thaw_all(BY_DEATH);
			leave();
		}
		switch (c.op) {
		case OP_FREEZE:
			freeze_all(c.deadline);
			break;
		case OP_SYNC: /* here, because a thread of the owner that waits for a device could not be ended */
			answer(ANSWER_SYNCED, (u32)-call1(NR_syncfs, DIRS + c.mount));
			break;
		case OP_THAW:
			thaw_all(BY_OWNER);
			answer(ANSWER_THAWED, 0);
			break;
		default:
			thaw_all(BY_OWNER);
			leave();
		}
	}
}
