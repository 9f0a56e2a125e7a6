// Prometheus' text format 0.0.4, read as its documentation has it and by nothing of the library that wrote it.
import assert from 'node:assert/strict';

export interface ReadSample {
	readonly name: string;
	readonly labels: Readonly<Record<string, string>>;
	readonly value: number;
}

const SAMPLE =
	/^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

export const samplesIn = (text: string): ReadSample[] =>
	text
		.split('\n')
		.filter((line) => line !== '' && !line.startsWith('#'))
		.map(sampleOf);

function sampleOf(line: string): ReadSample {
	const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
	assert.ok(name !== undefined, `no sample: ${JSON.stringify(line.slice(0, 200))}`);
	const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
	return { name, labels: Object.fromEntries(pairs.map(([, key, said]) => [key, said])), value: Number(value) };
}

/** Each metric has HELP and TYPE once and before its samples, which stand together, each with labels of its own. */
export function assertExposition(text: string): void {
	assert.ok(text.endsWith('\n'));
	const blocks = `\n${text}`.split('\n# HELP ').slice(1);
	const names = blocks.map((block) => block.split(' ', 1)[0] ?? '');
	assert.ok(names.length > 0);
	assert.equal(new Set(names).size, names.length, 'a metric is described twice');
	for (const [at, block] of blocks.entries()) assertBlock(names[at] ?? '', block.split('\n').filter(Boolean));
}

function assertBlock(name: string, [help = '', type = '', ...samples]: readonly string[]): void {
	assert.match(help, /^\S+ \S/);
	assert.match(type, new RegExp(`^# TYPE ${name} (gauge|counter)$`));
	for (const sample of samples) assert.equal(sampleOf(sample).name, name, `${sample} stands below ${name}`);
	const identities = samples.map((sample) => sample.slice(0, sample.lastIndexOf(' ')));
	assert.equal(new Set(identities).size, samples.length, `${name} tells something twice`);
}
