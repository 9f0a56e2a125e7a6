import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { troubleOf } from '../../../src/envoy/lifecycle.ts';
import { eventually } from '../../support/eventually.ts';
import { envoySpecOf, noTakeOver, supervise } from '../../support/supervised.ts';
import { endFirst, signal, started, stateOf, until } from '../../support/supervising.ts';

describe('an Envoy that is LIVE', { concurrency: true }, () => {
	test('tells its counters, and before it runs there are none', async () => {
		await using supervised = supervise();
		const { supervisor } = supervised;
		assert.equal(await supervisor.counters('upstream', signal), undefined);
		await supervisor.start(envoySpecOf(), noTakeOver, signal);
		assert.deepEqual(await supervisor.counters('upstream', signal), new Map());
	});

	test('is in trouble while it does not listen where it should', async () => {
		await using supervised = await started();
		const { supervisor, admins } = supervised;
		const trouble = () => {
			const state = stateOf(supervisor);
			return state.kind === 'live' ? state.problem : state.kind;
		};
		const [admin] = admins.values();
		Object.assign(admin ?? {}, { ports: [9901] });
		await eventually(trouble, (words) => words === 'LIVE, but nothing listens on 15001 (egressPort)');
		Object.assign(admin ?? {}, { ports: [15001] });
		await eventually(trouble, (words) => words === '');
	});

	test('is killed and restarted after several misses in a row', async () => {
		await using supervised = await started();
		const { supervisor, admins, histories, events } = supervised;
		Object.assign([...admins.values()][0] ?? {}, { isSilent: true });
		await until(supervisor, 'failed');
		const state = stateOf(supervisor);
		assert.match(
			state.kind === 'failed' ? state.why : '',
			/^Envoy did not answer 3 times in a row on its admin interface/,
		);
		const troubles = histories.flatMap((one) => (one.state.kind === 'live' ? [one.state.problem] : []));
		assert.ok(troubles.includes('Envoy does not answer on its admin interface (1 of 3)'), String(troubles));
		await until(supervisor, 'live');
		assert.equal(events.at(-1), 'live memory 2');
	});

	test('was killed for a reason that is not reported for the end of the next one', async () => {
		await using supervised = await started();
		const { supervisor, admins } = supervised;
		Object.assign([...admins.values()][0] ?? {}, { isSilent: true });
		await until(supervisor, 'failed');
		await until(supervisor, 'live');
		endFirst(supervised);
		await until(supervisor, 'failed');
		assert.equal(troubleOf(stateOf(supervisor)), 'Envoy ended with code 7');
	});

	test('is silent once it neither answers nor listens, though no end is reported, and live when it answers', async () => {
		await using supervised = supervise();
		const { supervisor, admins } = supervised;
		await supervisor.start(envoySpecOf({ healthRetries: 1_000 }), noTakeOver, signal);
		const before = stateOf(supervisor);
		const [admin] = admins.values();
		Object.assign(admin ?? {}, { isSilent: true, ports: [] });
		await until(supervisor, 'silent');
		assert.match(troubleOf(stateOf(supervisor)), /^Envoy is gone: /);
		Object.assign(admin ?? {}, { isSilent: false, ports: [15001] });
		await until(supervisor, 'live');
		assert.deepEqual(stateOf(supervisor), before);
	});

	test('is checked again after a check that failed itself, which is reported', async () => {
		let fails = 0;
		const onAsk = async () => {
			if (fails-- > 0) throw new Error('too many open files');
		};
		await using supervised = await started({ onAsk });
		const { supervisor, histories, admins } = supervised;
		const troubles = () => histories.flatMap(({ state }) => (state.kind === 'live' ? [state.problem] : []));
		fails = 2;
		await eventually(troubles, (all) => all.some((words) => words.includes('too many open files')));
		Object.assign([...admins.values()][0] ?? {}, { isSilent: true });
		await until(supervisor, 'failed');
	});
});
