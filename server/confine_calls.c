/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * confine_calls -- seccomp: the system calls that reading, computing and answering take. Threads
 * may be made, processes not; signals go to the process itself only. What nobody who means well
 * calls ends the process; what is merely not on the list fails, since a newer C library may try
 * what an older one did not know. The program is built once, for the process that enters it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine_private.h"

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define OUR_ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define OUR_ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define OUR_ARCH AUDIT_ARCH_RISCV64
#endif

#ifdef OUR_ARCH

/* Calls that not every architecture has are left out where it has none. */
#define CALL(name) SYS_##name,

static const int allowed[] = {
	/* what each call of the plugin takes comes first: the list is walked */
	CALL(recvfrom) CALL(sendto) CALL(read) CALL(write) CALL(openat) CALL(openat2) CALL(close)
	CALL(pread64) CALL(futex) CALL(clock_gettime) CALL(statx) CALL(lseek) CALL(getdents64)
	CALL(readlinkat) CALL(statfs) CALL(fstatfs) CALL(ppoll)
#ifdef SYS_newfstatat
	CALL(newfstatat)
#endif
#ifdef SYS_fstatat64
	CALL(fstatat64)
#endif
#ifdef SYS_fstat
	CALL(fstat)
#endif
#ifdef SYS_open
	CALL(open) CALL(stat) CALL(lstat) CALL(access) CALL(readlink) CALL(poll) CALL(select)
	CALL(getdents) CALL(pipe) CALL(dup2) CALL(epoll_wait)
#endif
#ifdef SYS_time
	CALL(time)
#endif
#ifdef SYS_mmap
	CALL(mmap)
#endif
#ifdef SYS_mmap2
	CALL(mmap2)
#endif
#ifdef SYS_recv
	CALL(recv) CALL(send)
#endif
#ifdef SYS_arch_prctl
	CALL(arch_prctl)
#endif
	CALL(munmap) CALL(mprotect) CALL(mremap) CALL(madvise) CALL(brk) CALL(membarrier)
	CALL(readv) CALL(writev) CALL(preadv) CALL(pwrite64) CALL(recvmsg) CALL(sendmsg)
	CALL(shutdown) CALL(getsockopt) CALL(setsockopt) CALL(getsockname) CALL(getpeername)
	CALL(dup) CALL(dup3) CALL(faccessat) CALL(faccessat2) CALL(pipe2)
	CALL(pselect6) CALL(epoll_create1) CALL(epoll_ctl) CALL(epoll_pwait) CALL(eventfd2)
	CALL(timerfd_create) CALL(timerfd_settime) CALL(timerfd_gettime)
	CALL(clock_nanosleep) CALL(clock_getres) CALL(nanosleep) CALL(gettimeofday)
	CALL(rt_sigaction) CALL(rt_sigprocmask) CALL(rt_sigreturn) CALL(rt_sigsuspend)
	CALL(rt_sigtimedwait) CALL(rt_sigpending) CALL(sigaltstack)
	CALL(exit) CALL(exit_group) CALL(set_robust_list) CALL(get_robust_list) CALL(rseq)
	CALL(set_tid_address) CALL(gettid) CALL(getpid) CALL(getppid) CALL(getuid) CALL(geteuid)
	CALL(getgid) CALL(getegid) CALL(getgroups) CALL(getresuid) CALL(getresgid) CALL(getpgid)
	CALL(getsid) CALL(uname) CALL(sysinfo) CALL(getrusage) CALL(times) CALL(getrandom)
	CALL(getcwd) CALL(chdir) CALL(fchdir) CALL(umask) CALL(sched_yield)
	CALL(sched_getaffinity) CALL(getcpu) CALL(getpriority) CALL(restart_syscall)
	CALL(inotify_init1) CALL(inotify_add_watch) CALL(inotify_rm_watch) CALL(fadvise64)
#ifdef SYS_getrlimit
	CALL(getrlimit)
#endif
#ifdef SYS_pause
	CALL(pause)
#endif
};

/* With `network`. A socket pair would be a Unix one. */
static const int connecting[] = { CALL(connect) CALL(bind) CALL(listen) CALL(accept4)
				  CALL(sendmmsg) CALL(recvmmsg) };

/* Who owns a descriptor is sent signals for it, any process and any signal; and what is typed into a
 * terminal is executed by others. */
static const uint32_t never_fcntl[] = { F_SETOWN, F_SETOWN_EX, F_SETSIG };
static const uint32_t never_ioctl[] = { FIOSETOWN, SIOCSPGRP, TIOCSTI, TIOCLINUX, TIOCSCTTY };

/* Nobody comes here by mistake. */
static const int deadly[] = {
	CALL(execve) CALL(execveat) CALL(ptrace) CALL(process_vm_readv) CALL(process_vm_writev)
	CALL(mount) CALL(umount2) CALL(pivot_root) CALL(chroot) CALL(setns) CALL(unshare)
	CALL(bpf) CALL(perf_event_open) CALL(init_module) CALL(finit_module) CALL(delete_module)
	CALL(kexec_load) CALL(reboot) CALL(swapon) CALL(swapoff) CALL(keyctl) CALL(add_key)
	CALL(request_key) CALL(io_uring_setup) CALL(userfaultfd) CALL(settimeofday)
	CALL(clock_settime) CALL(sethostname) CALL(pidfd_getfd) CALL(pidfd_send_signal)
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { MAX_CODE = 2 * (COUNT(allowed) + COUNT(connecting) + COUNT(deadly)) + 128 };

struct program {
	struct sock_filter code[MAX_CODE];
	size_t n;
};

#define ARG_LOW(i) ((uint32_t)offsetof(struct seccomp_data, args[i]) + LOW_OFFSET)
#define ARG_HIGH(i) ((uint32_t)offsetof(struct seccomp_data, args[i]) + 4 - LOW_OFFSET)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { LOW_OFFSET = 0 };
#else
enum { LOW_OFFSET = 4 };
#endif

static void
emit(struct program *p, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (p->n < MAX_CODE)
		p->code[p->n] = (struct sock_filter){ code, jt, jf, k };
	p->n++;
}

static void
load(struct program *p, uint32_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
}

static void
result(struct program *p, uint32_t action)
{
	emit(p, BPF_RET | BPF_K, 0, 0, action);
}

/* When the loaded word is v, `action`; else on. */
static void
when(struct program *p, uint32_t v, uint32_t action)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, v);
	result(p, action);
}

static void
when_any(struct program *p, const int *calls, size_t n, uint32_t action)
{
	for (size_t i = 0; i < n; i++)
		when(p, (uint32_t)calls[i], action);
}

static const uint32_t yes = SECCOMP_RET_ALLOW, no = SECCOMP_RET_ERRNO | EPERM,
		      unknown = SECCOMP_RET_ERRNO | ENOSYS, die = SECCOMP_RET_KILL_PROCESS;

/* A call whose argument `arg` must be v: four instructions that are stepped over for others. */
static void
only_with(struct program *p, int call, unsigned arg, uint32_t v)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (uint32_t)call);
	load(p, ARG_LOW(arg));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, v);
	result(p, yes);
	result(p, no);
}

/* A call whose second argument may be anything but these. */
static void
all_but(struct program *p, int call, const uint32_t *values, size_t n)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)(2 * n + 2), (uint32_t)call);
	load(p, ARG_LOW(1));
	for (size_t i = 0; i < n; i++)
		when(p, values[i], no);
	result(p, yes);
}

/* Threads, but no processes. */
static void
threads_only(struct program *p)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, SYS_clone);
#if defined(__s390x__)
	load(p, ARG_LOW(1));
#else
	load(p, ARG_LOW(0));
#endif
	emit(p, BPF_JMP | BPF_JSET | BPF_K, 0, 1, CLONE_THREAD);
	result(p, yes);
	result(p, no);
	/* Its flags lie in memory, which cannot be looked at: the C library then uses clone(). */
	when(p, SYS_clone3, unknown);
}

/* Limits may be asked for, not set. */
static void
limits_are_read_only(struct program *p)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 6, SYS_prlimit64);
	load(p, ARG_LOW(2));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0);
	load(p, ARG_HIGH(2));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	result(p, yes);
	result(p, no);
}

static void
names_only(struct program *p)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 6, SYS_prctl);
	load(p, ARG_LOW(0));
	when(p, PR_SET_NAME, yes);
	when(p, PR_GET_NAME, yes);
	result(p, no);
}

/* The daemon's own Unix socket takes its user for an administrator: none of that family. */
static void
sockets(struct program *p, bool network)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 8, SYS_socket);
	load(p, ARG_LOW(0));
	when(p, AF_INET, network ? yes : no);
	when(p, AF_INET6, network ? yes : no);
	when(p, AF_NETLINK, network ? yes : no);
	result(p, no);
}

static void
build(struct program *p, const struct confine *c)
{
	uint32_t self = (uint32_t)getpid();

	load(p, offsetof(struct seccomp_data, arch));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, OUR_ARCH);
	result(p, die);
	load(p, offsetof(struct seccomp_data, nr));
	when_any(p, allowed, COUNT(allowed), yes);
	if (c->network)
		when_any(p, connecting, COUNT(connecting), yes);
	all_but(p, SYS_fcntl, never_fcntl, COUNT(never_fcntl));
#ifdef SYS_fcntl64
	all_but(p, SYS_fcntl64, never_fcntl, COUNT(never_fcntl));
#endif
	all_but(p, SYS_ioctl, never_ioctl, COUNT(never_ioctl));
	threads_only(p);
	only_with(p, SYS_kill, 0, self);
	only_with(p, SYS_tgkill, 0, self);
	limits_are_read_only(p);
	names_only(p);
	sockets(p, c->network);
	when_any(p, deadly, COUNT(deadly), die);
	result(p, no);
}

int
confine_calls(const struct confine *c, struct buf *why)
{
	struct program p = { .n = 0 };
	struct sock_fprog prog;

	build(&p, c);
	if (p.n > MAX_CODE) {
		buf_puts(why, "seccomp: the list is too long");
		return -EINVAL;
	}
	prog = (struct sock_fprog){ .len = (unsigned short)p.n, .filter = p.code };
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog) == 0)
		return 0;
	if (errno == ENOSYS || errno == EINVAL)
		return -ENOSYS;
	buf_printf(why, "seccomp: %s", strerror(errno));
	return -errno;
}

#else

int
confine_calls(const struct confine *c, struct buf *why)
{
	(void)c;
	(void)why;
	return -ENOSYS;
}

#endif
