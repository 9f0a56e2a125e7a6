/*
 * A program that runs by posix_spawn(3), to be followed on a thread of its own. Node starts programs by fork(2), which copies
 * the page tables of a process of 60 MB and holds up all else meanwhile: some 3 ms for each of the programs that a change of
 * rules takes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <uv.h>

typedef struct {
	char *bytes;
	size_t length;
	/* Of its pipe, to read from; -1: closed. */
	int end;
} Output;

typedef struct {
	/* Set before it is followed. Both lists end with NULL; `input`: a descriptor of its own, or -1 for an empty one. */
	char **argv;
	char **envp;
	int input;
	/* In bytes, of each output. */
	size_t limit;

	/* For whoever has followed it. `failure`: the errno with which it could not be started; `status`: see waitpid(2). */
	int failure;
	int status;
	bool isTooMuch;
	Output out, err;

	/* Under `lock`. `holders`: who may still look at it. */
	uv_mutex_t lock;
	int holders;
	pid_t pid;
	bool isKilled;
	bool isReaped;
} Program;

/* With one holder; NULL where there is no room for it. */
Program *newProgram(void);

void holdProgram(Program *program);

/* The last one frees it, and all that is in it. */
void releaseProgram(Program *program);

/* Runs it until it has ended, and keeps what it writes. Closes `input`. */
void followProgram(Program *program);

/* SIGKILL to its whole group. One that was not started yet is not any more. */
void killProgram(Program *program);

/* Whether this kernel, and what confines us, lets a process be watched: pidfd_open(2), Linux 5.3. */
bool canWatchProcesses(void);
