// Runs one command of the bundle and keeps what V8 compiled for it, beside what former runs left there.
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const [, , folder, ...words] = process.argv;
process.argv.splice(1, process.argv.length, 'turnout', ...words);
const { codeOf, start } = require(join(folder, 'turnout.cjs'));
const script = start(folder);
process.on('exit', () => writeFileSync(codeOf(folder), script.createCachedData()));
