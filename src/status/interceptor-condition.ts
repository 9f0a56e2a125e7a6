import type { Fact } from './conditions.ts';

/** Another interceptor of connections that we capture; found by src/firewall/foreign/doubled.ts. */
export interface OtherInterceptor {
	readonly program: { readonly name: string; readonly remedy: string };
	readonly family: string;
	readonly way: string;
	readonly rule: string;
	readonly isFirst: boolean;
	/** Of its proxy, as far as they are known. */
	readonly proxyUids: readonly number[];
}

/** Users whose connections are not captured, and Envoy's among them. */
export interface OurUsers {
	readonly envoyUid: number;
	readonly isIgnored: (uid: number) => boolean;
}

/** The condition `interceptors`: a connection has two that redirect it. */
export function interceptorsFact(found: readonly OtherInterceptor[], users: OurUsers): Fact {
	const first = found.find(({ isFirst }) => isFirst) ?? found[0];
	if (first === undefined) return { subject: 'interceptors', ok: true };
	const { program, rule, isFirst } = first;
	const same = found.filter((each) => each.program === program && each.isFirst === isFirst);
	const list = (of: readonly string[]) => [...new Set(of)].join(' and ');
	const what = `${list(same.map(({ way }) => way))} ${list(same.map(({ family }) => family))} connections`;
	const who = isFirst
		? `before our rules: its proxy gets them, not Envoy`
		: `too: Envoy gets them, as our rules come first, and its proxy does not`;
	const more = [...new Set(found.map((each) => each.program.name))].filter((name) => name !== program.name);
	return {
		subject: 'interceptors',
		ok: false,
		why: `${program.name} redirects ${what} ${who} ("${rule}")${loopText(first, users)}${more.length === 0 ? '' : `; so does ${more.join(', ')}`}`,
		remedy: `${program.remedy}; or keep turnout off this host (turnout disable). turnout takeover --dry-run lists the commands that remove its rules`,
	};
}

/** Where each captures what the other's proxy sends, no connection ever leaves the host. */
function loopText({ program: { name }, proxyUids }: OtherInterceptor, { envoyUid, isIgnored }: OurUsers): string {
	const captured = proxyUids.filter((uid) => !isIgnored(uid));
	const isBack = proxyUids.length > 0 && !proxyUids.includes(envoyUid);
	const theirs = captured.length === 0 ? '' : `what its proxy sends (user ${captured.join(', ')}) goes to Envoy`;
	const ours = isBack ? `what Envoy sends goes to the proxy of ${name}` : '';
	if (theirs === '' && ours === '') return '';
	const both = [theirs, ours].filter((part) => part !== '').join(', and ');
	return `; ${both}${theirs !== '' && ours !== '' ? ', in a circle' : ''}`;
}
