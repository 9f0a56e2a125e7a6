import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readVariableFiles } from '../../../src/config/variable-files.ts';

/** What is wrong with a file of this variable. */
const mistakeOf = (name: string, text: string): string => {
	const { mistakes, parts, samplingRules } = readVariableFiles({ [name]: '/etc/own' }, () => text);
	assert.deepEqual([parts, samplingRules], mistakes.length === 0 ? [parts, samplingRules] : [[], undefined]);
	return mistakes.join('\n');
};

const rules = (changed: object) =>
	JSON.stringify({ version: 2, default: { fixed_target: 1, rate: 0.1 }, rules: [], ...changed });
const rule = { host: '*', http_method: '*', url_path: '/*', fixed_target: 1, rate: 0.1 };

const wrong: readonly (readonly [name: string, text: string, why: RegExp])[] = [
	['ENVOY_TRACING_CFG_FILE', '', /it is empty$/],
	['ENVOY_TRACING_CFG_FILE', 'tracing: [', /invalid YAML: .* at line 1, column \d+/],
	['ENVOY_TRACING_CFG_FILE', '- tracing', /it is no part of a bootstrap$/],
	['ENVOY_TRACING_CFG_FILE', 'tracer: {}', /it has no tracing$/],
	['ENVOY_STATS_SINKS_CFG_FILE', 'static_resources: {}', /it has no statsSinks$/],
	['ENVOY_STATS_SINKS_CFG_FILE', 'stats_sinks: []\nstatsSinks: []', /it has statsSinks in both spellings$/],
	[
		'ENVOY_STATS_SINKS_CFG_FILE',
		'stats_sinks: []\nstats_config: {}',
		/allowed in the file of ENVOY_STATS_CONFIG_FILE only$/,
	],
	['ENVOY_RESOURCES_CONFIG_FILE', 'tracing: {}', /it has tracing; allowed in the file of ENVOY_TRACING_CFG_FILE only$/],
	[
		'ENVOY_RESOURCES_CONFIG_FILE',
		'node: {id: a}',
		/it has node, which is turnout's; allowed: all else of a bootstrap$/,
	],
	['ENVOY_STATS_CONFIG_FILE', 'admin: {}', /it has admin, which is turnout's/],
	['ENVOY_STATS_CONFIG_FILE', 'dynamic_resources: {}', /it has dynamicResources, which is turnout's/],
	[
		'ENVOY_STATS_CONFIG_FILE',
		`a: &a [x, x]\n${[...'bcdefghijk'].map((key, at) => `${key}: &${key} [${`*${'abcdefghij'[at]}, `.repeat(9)}]`).join('\n')}`,
		/alias/i,
	],
	['ENVOY_TRACING_CFG_FILE', 'tracing:', /it is empty$/],
	['ENVOY_STATS_SINKS_CFG_FILE', 'stats_sinks: {name: a}', /stats_sinks is no list$/],
	['ENVOY_RESOURCES_CONFIG_FILE', 'static_resources: []', /static_resources has no lists of resources$/],
	['ENVOY_RESOURCES_CONFIG_FILE', 'static_resources: {clusters: {name: a}}', /static_resources\.clusters is no list$/],
	['XRAY_SAMPLING_RULE_MANIFEST', 'version: 2', /JSON/],
	['XRAY_SAMPLING_RULE_MANIFEST', '[]', /it is no JSON object$/],
	['XRAY_SAMPLING_RULE_MANIFEST', rules({ version: 1 }), /version is 1; allowed: 2$/],
	['XRAY_SAMPLING_RULE_MANIFEST', rules({ default: undefined }), /it has no default$/],
	['XRAY_SAMPLING_RULE_MANIFEST', rules({ default: { fixed_target: -1, rate: 0 } }), /default\.fixed_target is "-1"/],
	[
		'XRAY_SAMPLING_RULE_MANIFEST',
		rules({ default: { fixed_target: 1 } }),
		/default\.rate is missing; allowed: a number/,
	],
	['XRAY_SAMPLING_RULE_MANIFEST', rules({ rules: {} }), /rules is no list$/],
	['XRAY_SAMPLING_RULE_MANIFEST', rules({ rules: [rule, { ...rule, host: 1 }] }), /rules\[1\] has no host$/],
	[
		'XRAY_SAMPLING_RULE_MANIFEST',
		rules({ rules: [{ ...rule, rate: 2 }] }),
		/rules\[0\]\.rate is "2"; allowed: a number from 0 to 1$/,
	],
];

for (const [name, text, why] of wrong)
	test(`a file of ${name} is refused: ${why.source}`, () => {
		const mistake = mistakeOf(name, text);
		assert.ok(mistake.startsWith(`${name}: "/etc/own" cannot be used: `), mistake);
		assert.match(mistake, why);
	});

test('a file of resources may be empty, and rules need not be there', () => {
	assert.equal(mistakeOf('ENVOY_RESOURCES_CONFIG_FILE', '# nothing yet\n'), '');
	assert.equal(mistakeOf('ENVOY_RESOURCES_CONFIG_FILE', 'static_resources:\n'), '');
	assert.equal(mistakeOf('ENVOY_RESOURCES_CONFIG_FILE', 'static_resources: {clusters: }\n'), '');
	assert.equal(mistakeOf('XRAY_SAMPLING_RULE_MANIFEST', rules({ rules: [rule] })), '');
	assert.equal(mistakeOf('XRAY_SAMPLING_RULE_MANIFEST', rules({ rules: undefined })), '');
});

test('why a file cannot be read is told', () => {
	const { mistakes } = readVariableFiles({ ENVOY_TRACING_CFG_FILE: '/etc/own' }, () => {
		throw new Error('permission denied');
	});
	assert.deepEqual(mistakes, ['ENVOY_TRACING_CFG_FILE: "/etc/own" cannot be used: permission denied']);
});
