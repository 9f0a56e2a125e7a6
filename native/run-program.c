/*
 * Runs a program by posix_spawn(3) on a thread of its own. Node starts programs by fork(2), which copies the page tables of
 * a process of 60 MB and holds up all else meanwhile: some 3 ms for each of the programs that a change of rules takes.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8

#include <errno.h>
#include <fcntl.h>
#include <node_api.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

extern char **environ;

enum { CHUNK = 65536, STACK = 262144, KEPT_OPEN_MS = 1000 };

typedef struct {
	char *bytes;
	size_t length;
	int end;
} Output;

/* Shared by the thread and JavaScript's handle for `kill`; `holders`, `pid`, `isKilled` and `isReaped` under `lock`. */
typedef struct {
	uv_mutex_t lock;
	uv_thread_t thread;
	int holders;
	pid_t pid;
	bool isKilled;
	bool isReaped;
	char **argv;
	char **envp;
	/* -1: empty. */
	int input;
	size_t limit;
	int failure;
	int status;
	bool isTooMuch;
	Output out, err;
	napi_threadsafe_function done;
} Run;

static void freeTexts(char **texts) {
	if (texts == NULL) return;
	for (char **each = texts; *each != NULL; each += 1) free(*each);
	free(texts);
}

static void release(Run *run) {
	uv_mutex_lock(&run->lock);
	int left = run->holders -= 1;
	uv_mutex_unlock(&run->lock);
	if (left > 0) return;
	freeTexts(run->argv);
	freeTexts(run->envp);
	free(run->out.bytes);
	free(run->err.bytes);
	uv_mutex_destroy(&run->lock);
	free(run);
}

static void killGroup(Run *run) {
	uv_mutex_lock(&run->lock);
	run->isKilled = true;
	if (run->pid > 0 && !run->isReaped) kill(-run->pid, SIGKILL);
	uv_mutex_unlock(&run->lock);
}

/* pidfd_open(2): Linux 5.3, and allowed by a container's filter of system calls. */
static int openProcess(pid_t pid) {
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	errno = ENOSYS;
	return -1;
#endif
}

/* In a session of its own, with the signals of a fresh program: Node ignores SIGPIPE. */
static int spawnProgram(Run *run, int out, int err) {
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	int failure = posix_spawn_file_actions_init(&actions);
	if (failure != 0) return failure;
	failure = posix_spawnattr_init(&attributes);
	if (failure != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return failure;
	}
	if (run->input < 0) failure = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	else failure = posix_spawn_file_actions_adddup2(&actions, run->input, 0);
	if (failure == 0) failure = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (failure == 0) failure = posix_spawn_file_actions_adddup2(&actions, err, 2);
	if (failure == 0) failure = posix_spawnattr_setsigmask(&attributes, &none);
	if (failure == 0) failure = posix_spawnattr_setsigdefault(&attributes, &all);
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID;
	if (failure == 0) failure = posix_spawnattr_setflags(&attributes, flags);
	uv_mutex_lock(&run->lock);
	if (run->isKilled) failure = ECANCELED;
	pid_t pid = 0;
	if (failure == 0) failure = posix_spawnp(&pid, run->argv[0], &actions, &attributes, run->argv, run->envp);
	if (failure == 0) run->pid = pid;
	uv_mutex_unlock(&run->lock);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return failure;
}

static void endReading(Output *output) {
	if (output->end >= 0) close(output->end);
	output->end = -1;
}

static void tooMuch(Run *run) {
	run->isTooMuch = true;
	endReading(&run->out);
	endReading(&run->err);
	killGroup(run);
}

static void readSome(Run *run, Output *output) {
	char *larger = realloc(output->bytes, output->length + CHUNK);
	if (larger == NULL) {
		tooMuch(run);
		return;
	}
	output->bytes = larger;
	ssize_t length = read(output->end, output->bytes + output->length, CHUNK);
	if (length > 0) {
		output->length += (size_t)length;
		if (output->length > run->limit) tooMuch(run);
	} else if (length == 0 || (errno != EAGAIN && errno != EINTR)) endReading(output);
}

static long long nowMs(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/*
 * Until the program has ended and both pipes are closed. What it leaves running may keep them open: they are left a while
 * later. With no descriptor to watch the process by, its end is that of the pipes.
 */
static void follow(Run *run, int process) {
	bool hasEnded = process < 0;
	long long untilMs = 0;
	while (!hasEnded || run->out.end >= 0 || run->err.end >= 0) {
		struct pollfd polled[] = {
			{ .fd = hasEnded ? -1 : process, .events = POLLIN },
			{ .fd = run->out.end, .events = POLLIN },
			{ .fd = run->err.end, .events = POLLIN },
		};
		long long leftMs = untilMs == 0 ? -1 : untilMs - nowMs();
		if (untilMs != 0 && leftMs < 0) leftMs = 0;
		int ready = poll(polled, 3, (int)leftMs);
		if (ready == 0 || (ready < 0 && errno != EINTR)) break;
		if (ready < 0) continue;
		if (polled[1].revents != 0 && run->out.end >= 0) readSome(run, &run->out);
		if (polled[2].revents != 0 && run->err.end >= 0) readSome(run, &run->err);
		if (polled[0].revents == 0) continue;
		hasEnded = true;
		untilMs = nowMs() + KEPT_OPEN_MS;
	}
}

static void runWith(Run *run, const int out[2], const int err[2]) {
	run->failure = spawnProgram(run, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	if (run->failure != 0) return;
	int process = openProcess(run->pid);
	follow(run, process);
	if (process >= 0) close(process);
	siginfo_t ended;
	while (waitid(P_PID, (id_t)run->pid, &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) continue;
	/* Its number may belong to another process from here on. */
	uv_mutex_lock(&run->lock);
	while (waitpid(run->pid, &run->status, 0) < 0 && errno == EINTR) continue;
	run->isReaped = true;
	uv_mutex_unlock(&run->lock);
}

static void work(void *data) {
	Run *run = data;
	int out[2], err[2];
	if (pipe2(out, O_CLOEXEC) != 0) run->failure = errno;
	else if (pipe2(err, O_CLOEXEC) != 0) {
		run->failure = errno;
		close(out[0]);
		close(out[1]);
	} else {
		run->out.end = out[0];
		run->err.end = err[0];
		fcntl(out[0], F_SETFL, O_NONBLOCK);
		fcntl(err[0], F_SETFL, O_NONBLOCK);
		runWith(run, out, err);
		endReading(&run->out);
		endReading(&run->err);
	}
	if (run->input >= 0) close(run->input);
	napi_threadsafe_function done = run->done;
	if (napi_call_threadsafe_function(done, run, napi_tsfn_blocking) != napi_ok) release(run);
	else napi_release_threadsafe_function(done, napi_tsfn_release);
}

/* callback(errno, exit code, signal, isTooMuch, stdout, stderr) */
static void onDone(napi_env env, napi_value callback, void *context, void *data) {
	(void)context;
	Run *run = data;
	/* It has nothing left to do. */
	uv_thread_join(&run->thread);
	if (env != NULL) {
		bool hasExited = WIFEXITED(run->status);
		napi_value words[6], receiver, result;
		napi_create_int32(env, run->failure, &words[0]);
		napi_create_int32(env, hasExited ? WEXITSTATUS(run->status) : -1, &words[1]);
		napi_create_int32(env, hasExited ? 0 : WTERMSIG(run->status), &words[2]);
		napi_get_boolean(env, run->isTooMuch, &words[3]);
		napi_create_string_utf8(env, run->out.bytes ? run->out.bytes : "", run->out.length, &words[4]);
		napi_create_string_utf8(env, run->err.bytes ? run->err.bytes : "", run->err.length, &words[5]);
		napi_get_undefined(env, &receiver);
		napi_call_function(env, receiver, callback, 6, words, &result);
	}
	release(run);
}

static void onHandleGone(napi_env env, void *data, void *hint) {
	(void)env;
	(void)hint;
	release(data);
}

static char *textOf(napi_env env, napi_value value) {
	size_t length = 0;
	if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return NULL;
	char *text = malloc(length + 1);
	if (text != NULL) napi_get_value_string_utf8(env, value, text, length + 1, &length);
	return text;
}

/* NULL where it is no array of texts. */
static char **textsOf(napi_env env, napi_value array) {
	uint32_t count = 0;
	if (napi_get_array_length(env, array, &count) != napi_ok) return NULL;
	char **texts = calloc(count + 1, sizeof *texts);
	for (uint32_t at = 0; texts != NULL && at < count; at += 1) {
		napi_value each;
		napi_get_element(env, array, at, &each);
		texts[at] = textOf(env, each);
		if (texts[at] != NULL) continue;
		freeTexts(texts);
		return NULL;
	}
	return texts;
}

/* As it is now: whoever changes it meanwhile changes another. */
static char **copyOfEnvironment(void) {
	size_t count = 0;
	while (environ[count] != NULL) count += 1;
	char **texts = calloc(count + 1, sizeof *texts);
	for (size_t at = 0; texts != NULL && at < count; at += 1) texts[at] = strdup(environ[at]);
	return texts;
}

/* run(argv, environment or undefined, input or -1, limit, callback): what `kill` takes; undefined where there is no room. */
static napi_value runProgram(napi_env env, napi_callback_info info) {
	napi_value words[5], name, handle = NULL;
	size_t count = 5;
	napi_get_cb_info(env, info, &count, words, NULL, NULL);
	Run *run = calloc(1, sizeof *run);
	if (run == NULL) return NULL;
	if (uv_mutex_init(&run->lock) != 0) {
		free(run);
		return NULL;
	}
	run->holders = 1;
	run->out.end = run->err.end = -1;
	int64_t limit = 0;
	napi_valuetype type = napi_undefined;
	napi_typeof(env, words[1], &type);
	run->argv = textsOf(env, words[0]);
	run->envp = type == napi_undefined ? copyOfEnvironment() : textsOf(env, words[1]);
	napi_get_value_int32(env, words[2], &run->input);
	napi_get_value_int64(env, words[3], &limit);
	run->limit = (size_t)limit;
	/* Its caller closes its own as soon as it likes. */
	bool isEmpty = run->input < 0;
	if (!isEmpty) run->input = fcntl(run->input, F_DUPFD_CLOEXEC, 3);
	napi_create_string_utf8(env, "run", NAPI_AUTO_LENGTH, &name);
	bool isReady = (isEmpty || run->input >= 0) && run->argv != NULL && run->argv[0] != NULL && run->envp != NULL &&
		napi_create_threadsafe_function(env, words[4], NULL, name, 0, 1, NULL, NULL, NULL, onDone, &run->done) == napi_ok;
	if (isReady) {
		uv_thread_options_t options = { .flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = STACK };
		if (napi_create_external(env, run, onHandleGone, NULL, &handle) == napi_ok) {
			run->holders = 2;
			if (uv_thread_create_ex(&run->thread, &options, work, run) == 0) return handle;
		}
		napi_release_threadsafe_function(run->done, napi_tsfn_abort);
	}
	if (run->input >= 0) close(run->input);
	release(run);
	return NULL;
}

static napi_value killProgram(napi_env env, napi_callback_info info) {
	napi_value handle;
	size_t count = 1;
	void *run = NULL;
	napi_get_cb_info(env, info, &count, &handle, NULL, NULL);
	if (napi_get_value_external(env, handle, &run) == napi_ok && run != NULL) killGroup(run);
	return NULL;
}

/* No `run` where this kernel, or what confines us, does not let us watch a process. */
NAPI_MODULE_INIT() {
	int self = openProcess(getpid());
	if (self < 0) return exports;
	close(self);
	napi_value function;
	napi_create_function(env, "run", NAPI_AUTO_LENGTH, runProgram, NULL, &function);
	napi_set_named_property(env, exports, "run", function);
	napi_create_function(env, "kill", NAPI_AUTO_LENGTH, killProgram, NULL, &function);
	napi_set_named_property(env, exports, "kill", function);
	return exports;
}
