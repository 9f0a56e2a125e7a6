// What `dist/turnout` runs: the bundle, with V8's compiled code of what its commands need, wherever the two are moved.
// Node's own compile cache keeps only what is compiled before anything has run, which is next to nothing of a bundle.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

/** Commands whose start counts, each with a bundle that has what it needs and nothing else, and the code of that. */
exports.quick = ['init', 'clean', 'status'];
const bundle = () => (exports.quick.includes(process.argv[2]) ? process.argv[2] : 'bundle');
/** V8 takes no code that was compiled under other options; the launcher starts the daemon with some, and nothing else. */
exports.codeOf = (folder) => join(folder, `${process.argv[2] === 'run' ? 'daemon' : bundle()}.code`);

exports.start = (folder) => {
	const filename = join(folder, `${bundle()}.cjs`);
	const cachedData = process.env.NODE_DISABLE_COMPILE_CACHE === '1' ? undefined : read(exports.codeOf(folder));
	// The bundle is ASCII (esbuild's charset), which needs no decoding.
	const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, 'latin1')}\n})`;
	// Not where it lies, which V8 would keep in its code.
	const script = new Script(source, { filename: 'bundle.cjs', cachedData });
	const module = { exports: {} };
	script.runInThisContext()(module.exports, require, module, filename, folder);
	return script;
};

function read(path) {
	try {
		return readFileSync(path);
	} catch {
		return undefined;
	}
}

if (require.main === module) exports.start(__dirname);
