#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 65536, KEPT_OPEN_MS = 1000 };

Program *newProgram(void) {
	Program *program = calloc(1, sizeof *program);
	if (program == NULL) return NULL;
	if (uv_mutex_init(&program->lock) != 0) {
		free(program);
		return NULL;
	}
	program->holders = 1;
	program->input = program->out.end = program->err.end = -1;
	return program;
}

void holdProgram(Program *program) {
	uv_mutex_lock(&program->lock);
	program->holders += 1;
	uv_mutex_unlock(&program->lock);
}

static void freeTexts(char **texts) {
	for (char **each = texts; texts != NULL && *each != NULL; each += 1) free(*each);
	free(texts);
}

void releaseProgram(Program *program) {
	uv_mutex_lock(&program->lock);
	int left = program->holders -= 1;
	uv_mutex_unlock(&program->lock);
	if (left > 0) return;
	if (program->input >= 0) close(program->input);
	freeTexts(program->argv);
	freeTexts(program->envp);
	free(program->out.bytes);
	free(program->err.bytes);
	uv_mutex_destroy(&program->lock);
	free(program);
}

void killProgram(Program *program) {
	uv_mutex_lock(&program->lock);
	program->isKilled = true;
	/* Once it is reaped its number may belong to others. */
	if (program->pid > 0 && !program->isReaped) kill(-program->pid, SIGKILL);
	uv_mutex_unlock(&program->lock);
}

static int openProcess(pid_t pid) {
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	errno = ENOSYS;
	return -1;
#endif
}

bool canWatchProcesses(void) {
	int process = openProcess(getpid());
	if (process >= 0) close(process);
	return process >= 0;
}

/* In a session of its own, with the signals of a fresh program: Node ignores SIGPIPE. */
static int startWith(Program *program, posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes) {
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID;
	int failure = posix_spawnattr_setsigmask(attributes, &none);
	if (failure == 0) failure = posix_spawnattr_setsigdefault(attributes, &all);
	if (failure == 0) failure = posix_spawnattr_setflags(attributes, flags);
	uv_mutex_lock(&program->lock);
	if (program->isKilled) failure = ECANCELED;
	pid_t pid = 0;
	if (failure == 0) failure = posix_spawnp(&pid, program->argv[0], actions, attributes, program->argv, program->envp);
	if (failure == 0) program->pid = pid;
	uv_mutex_unlock(&program->lock);
	return failure;
}

static int start(Program *program, int out, int err) {
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int failure = posix_spawn_file_actions_init(&actions);
	if (failure != 0) return failure;
	if (program->input < 0) failure = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	else failure = posix_spawn_file_actions_adddup2(&actions, program->input, 0);
	if (failure == 0) failure = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (failure == 0) failure = posix_spawn_file_actions_adddup2(&actions, err, 2);
	if (failure == 0) failure = posix_spawnattr_init(&attributes);
	if (failure == 0) {
		failure = startWith(program, &actions, &attributes);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return failure;
}

static void endReading(Output *output) {
	if (output->end >= 0) close(output->end);
	output->end = -1;
}

static void giveUpReading(Program *program) {
	program->isTooMuch = true;
	endReading(&program->out);
	endReading(&program->err);
	killProgram(program);
}

static void readSome(Program *program, Output *output) {
	char *larger = realloc(output->bytes, output->length + CHUNK);
	if (larger == NULL) {
		giveUpReading(program);
		return;
	}
	output->bytes = larger;
	ssize_t length = read(output->end, output->bytes + output->length, CHUNK);
	if (length > 0) {
		output->length += (size_t)length;
		if (output->length > program->limit) giveUpReading(program);
	} else if (length == 0 || (errno != EAGAIN && errno != EINTR)) endReading(output);
}

static long long nowMs(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/*
 * Until it has ended and both pipes are closed. What it leaves running may keep them open: they are left a while later. With
 * no descriptor to watch the process by, its end is that of the pipes.
 */
static void readUntilEnd(Program *program, int process) {
	bool hasEnded = process < 0;
	long long untilMs = 0;
	while (!hasEnded || program->out.end >= 0 || program->err.end >= 0) {
		struct pollfd polled[] = {
			{ .fd = hasEnded ? -1 : process, .events = POLLIN },
			{ .fd = program->out.end, .events = POLLIN },
			{ .fd = program->err.end, .events = POLLIN },
		};
		long long leftMs = untilMs == 0 ? -1 : untilMs - nowMs();
		if (untilMs != 0 && leftMs < 0) leftMs = 0;
		int ready = poll(polled, 3, (int)leftMs);
		if (ready == 0 || (ready < 0 && errno != EINTR)) break;
		if (ready < 0) continue;
		if (polled[1].revents != 0 && program->out.end >= 0) readSome(program, &program->out);
		if (polled[2].revents != 0 && program->err.end >= 0) readSome(program, &program->err);
		if (polled[0].revents == 0) continue;
		hasEnded = true;
		untilMs = nowMs() + KEPT_OPEN_MS;
	}
}

static void reap(Program *program) {
	siginfo_t ended;
	while (waitid(P_PID, (id_t)program->pid, &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) continue;
	uv_mutex_lock(&program->lock);
	while (waitpid(program->pid, &program->status, 0) < 0 && errno == EINTR) continue;
	program->isReaped = true;
	uv_mutex_unlock(&program->lock);
}

static void followWith(Program *program, const int out[2], const int err[2]) {
	program->out.end = out[0];
	program->err.end = err[0];
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	program->failure = start(program, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	if (program->failure == 0) {
		int process = openProcess(program->pid);
		readUntilEnd(program, process);
		if (process >= 0) close(process);
		reap(program);
	}
	endReading(&program->out);
	endReading(&program->err);
}

void followProgram(Program *program) {
	int out[2], err[2];
	if (pipe2(out, O_CLOEXEC) != 0) program->failure = errno;
	else if (pipe2(err, O_CLOEXEC) == 0) followWith(program, out, err);
	else {
		program->failure = errno;
		close(out[0]);
		close(out[1]);
	}
	if (program->input >= 0) close(program->input);
	program->input = -1;
}
