// Runs commands of the bundle and keeps what V8 compiled for each, beside what former runs left there. Several, with `then`
// between them, run one after the other, each in a process of its own; it ends at the first that fails.
const { spawnSync } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const [, , folder, ...words] = process.argv;
const end = words.indexOf('then');
if (end === -1) {
	process.argv.splice(1, process.argv.length, 'turnout', ...words);
	const { codeOf, start } = require(join(folder, 'turnout.cjs'));
	const script = start(folder);
	process.on('exit', () => {
		// They were set for the same code to come out each time; V8 takes no code that was compiled under others.
		for (const flag of ['--hash-seed=0', '--sparkplug']) setFlagsFromString(flag);
		writeFileSync(codeOf(folder), script.createCachedData());
	});
} else {
	const own = [...process.execArgv, __filename, folder];
	const run = (those) => spawnSync(process.execPath, [...own, ...those], { stdio: 'inherit' }).status;
	process.exitCode = run(words.slice(0, end)) || run(words.slice(end + 1));
}
