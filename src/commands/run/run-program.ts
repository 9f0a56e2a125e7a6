import type { Run } from '../../host/process/runner.ts';

/** By execa, which is loaded with the first program: it takes 60 ms and 10 MB, and most daemons never run any by it. */
export const runProgram: Run = async (...words) =>
	(await import('../../host/process/execa-run.ts')).runWithExeca(...words);
