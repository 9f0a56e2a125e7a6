/* What JavaScript has of it: see src/host/process/native-run.ts. */
#include "program.h"

#include <fcntl.h>
#include <node_api.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { STACK = 262144 };

/* One for each program; freed by whoever is called last. */
typedef struct {
	Program *program;
	uv_thread_t thread;
	napi_threadsafe_function done;
} Run;

static void work(void *data) {
	Run *run = data;
	followProgram(run->program);
	napi_threadsafe_function done = run->done;
	if (napi_call_threadsafe_function(done, run, napi_tsfn_blocking) == napi_ok)
		napi_release_threadsafe_function(done, napi_tsfn_release);
	else {
		/* This process ends. */
		releaseProgram(run->program);
		free(run);
	}
}

static napi_value textOf(napi_env env, const Output *output) {
	napi_value text = NULL;
	napi_create_string_utf8(env, output->bytes == NULL ? "" : output->bytes, output->length, &text);
	return text;
}

/* callback(errno, exit code, signal, isTooMuch, stdout, stderr); without `env` this process ends. */
static void onDone(napi_env env, napi_value callback, void *context, void *data) {
	(void)context;
	Run *run = data;
	Program *program = run->program;
	/* It has nothing left to do. */
	uv_thread_join(&run->thread);
	if (env != NULL) {
		bool hasExited = WIFEXITED(program->status);
		napi_value words[6] = { NULL }, receiver, result;
		napi_create_int32(env, program->failure, &words[0]);
		napi_create_int32(env, hasExited ? WEXITSTATUS(program->status) : -1, &words[1]);
		napi_create_int32(env, hasExited ? 0 : WTERMSIG(program->status), &words[2]);
		napi_get_boolean(env, program->isTooMuch, &words[3]);
		words[4] = textOf(env, &program->out);
		words[5] = textOf(env, &program->err);
		napi_get_undefined(env, &receiver);
		napi_call_function(env, receiver, callback, 6, words, &result);
	}
	releaseProgram(program);
	free(run);
}

static char *copyText(napi_env env, napi_value value) {
	size_t length = 0;
	if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return NULL;
	char *text = malloc(length + 1);
	if (text != NULL) napi_get_value_string_utf8(env, value, text, length + 1, &length);
	return text;
}

/* NULL where it is no array of texts. */
static char **copyTexts(napi_env env, napi_value array) {
	uint32_t count = 0;
	if (napi_get_array_length(env, array, &count) != napi_ok) return NULL;
	char **texts = calloc(count + 1, sizeof *texts);
	for (uint32_t at = 0; texts != NULL && at < count; at += 1) {
		napi_value each;
		napi_get_element(env, array, at, &each);
		texts[at] = copyText(env, each);
		if (texts[at] != NULL) continue;
		while (at > 0) free(texts[at -= 1]);
		free(texts);
		return NULL;
	}
	return texts;
}

/* As it is now: whoever changes it meanwhile changes another. */
static char **copyEnvironment(void) {
	size_t count = 0;
	while (environ[count] != NULL) count += 1;
	char **texts = calloc(count + 1, sizeof *texts);
	for (size_t at = 0; texts != NULL && at < count; at += 1) texts[at] = strdup(environ[at]);
	return texts;
}

/* False where there is no room, or no descriptor, for what it needs. */
static bool prepare(napi_env env, Program *program, const napi_value words[4]) {
	napi_valuetype type = napi_undefined;
	int64_t limit = 0;
	int input = -1;
	napi_typeof(env, words[1], &type);
	program->argv = copyTexts(env, words[0]);
	program->envp = type == napi_undefined ? copyEnvironment() : copyTexts(env, words[1]);
	napi_get_value_int32(env, words[2], &input);
	napi_get_value_int64(env, words[3], &limit);
	program->limit = (size_t)limit;
	/* Its caller closes its own as soon as it likes. */
	if (input >= 0) program->input = fcntl(input, F_DUPFD_CLOEXEC, 3);
	bool hasInput = input < 0 || program->input >= 0;
	return hasInput && program->argv != NULL && program->argv[0] != NULL && program->envp != NULL;
}

/* pipe(bytes): its reading and its writing end, which takes so many bytes without waiting; undefined where there is none. */
static napi_value openPipe(napi_env env, napi_callback_info info) {
	napi_value size, pair = NULL;
	size_t count = 1;
	int32_t bytes = 0;
	int ends[2];
	napi_get_cb_info(env, info, &count, &size, NULL, NULL);
	napi_get_value_int32(env, size, &bytes);
	if (pipe2(ends, O_CLOEXEC) != 0) return NULL;
	if (fcntl(ends[1], F_SETPIPE_SZ, bytes) < bytes || fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0) {
		close(ends[0]);
		close(ends[1]);
		return NULL;
	}
	napi_create_array_with_length(env, 2, &pair);
	for (uint32_t at = 0; at < 2; at += 1) {
		napi_value end;
		napi_create_int32(env, ends[at], &end);
		napi_set_element(env, pair, at, end);
	}
	return pair;
}

/* splice(file, pipe, bytes): how many of them went from the file's beginning into the pipe, without waiting; or -1. */
static napi_value spliceFile(napi_env env, napi_callback_info info) {
	napi_value words[3], moved;
	size_t count = 3;
	int32_t file = -1, pipe = -1, bytes = 0;
	napi_get_cb_info(env, info, &count, words, NULL, NULL);
	napi_get_value_int32(env, words[0], &file);
	napi_get_value_int32(env, words[1], &pipe);
	napi_get_value_int32(env, words[2], &bytes);
	off_t beginning = 0;
	ssize_t length = splice(file, &beginning, pipe, NULL, (size_t)bytes, SPLICE_F_NONBLOCK);
	napi_create_int32(env, (int32_t)length, &moved);
	return moved;
}

static void onHandleGone(napi_env env, void *data, void *hint) {
	(void)env;
	(void)hint;
	releaseProgram(data);
}

/* Undefined where it could not be started; then `run` is freed. */
static napi_value startThread(napi_env env, Run *run, napi_value callback) {
	napi_value name, handle;
	uv_thread_options_t options = { .flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = STACK };
	napi_create_string_utf8(env, "run", NAPI_AUTO_LENGTH, &name);
	if (napi_create_external(env, run->program, onHandleGone, NULL, &handle) == napi_ok) {
		holdProgram(run->program);
		if (napi_create_threadsafe_function(
			    env, callback, NULL, name, 0, 1, NULL, NULL, NULL, onDone, &run->done
		    ) == napi_ok) {
			if (uv_thread_create_ex(&run->thread, &options, work, run) == 0) return handle;
			napi_release_threadsafe_function(run->done, napi_tsfn_abort);
		}
	}
	releaseProgram(run->program);
	free(run);
	return NULL;
}

/* run(argv, environment or undefined, input or -1, limit, callback): what `kill` takes, or undefined. */
static napi_value runProgram(napi_env env, napi_callback_info info) {
	napi_value words[5];
	size_t count = 5;
	napi_get_cb_info(env, info, &count, words, NULL, NULL);
	Run *run = calloc(1, sizeof *run);
	if (run == NULL) return NULL;
	run->program = newProgram();
	if (run->program != NULL && prepare(env, run->program, words)) return startThread(env, run, words[4]);
	if (run->program != NULL) releaseProgram(run->program);
	free(run);
	return NULL;
}

static napi_value killByHandle(napi_env env, napi_callback_info info) {
	napi_value handle;
	size_t count = 1;
	void *program = NULL;
	napi_get_cb_info(env, info, &count, &handle, NULL, NULL);
	if (napi_get_value_external(env, handle, &program) == napi_ok && program != NULL) killProgram(program);
	return NULL;
}

/* No `run` where nothing can be watched. */
NAPI_MODULE_INIT() {
	if (!canWatchProcesses()) return exports;
	napi_value function;
	napi_create_function(env, "run", NAPI_AUTO_LENGTH, runProgram, NULL, &function);
	napi_set_named_property(env, exports, "run", function);
	napi_create_function(env, "pipe", NAPI_AUTO_LENGTH, openPipe, NULL, &function);
	napi_set_named_property(env, exports, "pipe", function);
	napi_create_function(env, "splice", NAPI_AUTO_LENGTH, spliceFile, NULL, &function);
	napi_set_named_property(env, exports, "splice", function);
	napi_create_function(env, "kill", NAPI_AUTO_LENGTH, killByHandle, NULL, &function);
	napi_set_named_property(env, exports, "kill", function);
	return exports;
}
