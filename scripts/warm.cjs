// Runs one command of the bundle and keeps what V8 compiled for it, beside what former runs left there.
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const [, , folder, ...words] = process.argv;
process.argv.splice(1, process.argv.length, 'turnout', ...words);
const { codeOf, start } = require(join(folder, 'turnout.cjs'));
const script = start(folder);
process.on('exit', () => {
	// It was set for the same code to come out each time; V8 takes no code that was compiled under another one.
	setFlagsFromString('--hash-seed=0');
	writeFileSync(codeOf(folder), script.createCachedData());
});
